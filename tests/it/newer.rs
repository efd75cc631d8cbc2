//! A database that a newer version of the program has had.

use diesel::RunQueryDsl as _;
use dogwatch::storage::{DatabaseUrl, Store, StoreError};

use crate::harness::Database;
use crate::harness::program::dogwatch;

const UNKNOWN: &str = "29991231000000";

#[test]
fn what_a_newer_version_has_changed_is_left_alone() {
    let database = Database::new();
    let store = Store::open(&DatabaseUrl::parse(&database.url).unwrap()).unwrap();
    store.migrate().unwrap();
    store.ensure_schema_known().unwrap();
    let applied = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{UNKNOWN}')");
    store
        .write::<_, StoreError>(|tx| Ok(diesel::sql_query(applied).execute(tx.db())?))
        .unwrap();
    let refused = [store.migrate(), store.ensure_schema_known()];
    for refused in refused {
        assert!(
            matches!(&refused, Err(StoreError::Newer(version)) if version == UNKNOWN),
            "{refused:?}"
        );
    }
    for command in ["serve", "migrate", "check"] {
        let ended = dogwatch(&database, &[]).arg(command).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{command}");
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        for word in ["DATABASE_URL", "newer version", UNKNOWN] {
            assert!(said.contains(word), "{command}: {said}");
        }
    }
}
