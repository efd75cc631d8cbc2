//! What a clock wrote that was far ahead does not keep mails waiting once the clock is right again.

use chrono::TimeDelta;
use dogwatch::clock::new_id;
use dogwatch::domain::time::interval::Timestamp;
use dogwatch::startup;
use dogwatch::storage::outbox::{self, Lane, Mail, Outcome, Planned};
use dogwatch::storage::{Store, StoreError};
use serde_json::Value;

use crate::harness::Database;
use crate::harness::server::{MONDAY, config, instant};

fn waits(store: &Store, now: Timestamp) {
    let planned = Planned {
        id: new_id().to_string(),
        key: new_id().to_string(),
        kind: "chat.week".parse().unwrap(),
        person_id: None,
        rotation_id: None,
        payload: Value::Null,
        due_at: now,
        not_after: now + TimeDelta::days(1_000),
    };
    store
        .write::<_, StoreError>(|tx| outbox::plan(tx.db(), &planned, now))
        .unwrap();
}

/// Claims as a worker does, which looks first whether there is anything.
fn claim(store: &Store, now: Timestamp) -> Option<Mail> {
    let is_due = |db: &mut _| outbox::is_due(db, Lane::Messages, now);
    let is_due = store.read::<_, StoreError>(is_due).unwrap();
    let until = now + TimeDelta::minutes(3);
    let claimed = store
        .write::<_, StoreError>(|tx| outbox::claim(tx.db(), Lane::Messages, now, until, 10))
        .unwrap()
        .pop();
    assert_eq!(is_due, claimed.is_some());
    claimed
}

fn finish(store: &Store, mail: &Mail, outcome: &Outcome, now: Timestamp) {
    store
        .write::<_, StoreError>(|tx| outbox::finish(tx.db(), mail, outcome, now))
        .unwrap();
}

#[test]
fn a_claim_that_lies_further_ahead_than_claims_last_is_none() {
    let database = Database::new();
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let now = instant(MONDAY);
    waits(&store, now);
    // Its claimant is killed, and the clock set right.
    assert!(claim(&store, now + TimeDelta::days(200)).is_some());
    assert!(claim(&store, now + TimeDelta::minutes(1)).is_some());
    // But those of others whose clocks are not quite the same stand.
    assert!(claim(&store, now).is_none());
    assert!(claim(&store, now + TimeDelta::minutes(3)).is_none());
    assert!(claim(&store, now + TimeDelta::minutes(4)).is_some());
}

#[test]
fn a_pause_that_is_longer_than_pauses_are_is_over() {
    let database = Database::new();
    let store = startup::open_store(&config(&database, &[])).unwrap();
    let now = instant(MONDAY);
    waits(&store, now);
    let ahead = now + TimeDelta::days(200);
    let failed = Outcome::Failed("it was away".to_owned());
    let mail = claim(&store, ahead).unwrap();
    finish(&store, &mail, &failed, ahead);
    let mail = claim(&store, now).unwrap();
    finish(&store, &mail, &failed, now);
    assert!(claim(&store, now).is_none(), "a pause is kept");
    let soon = now + TimeDelta::minutes(10);
    let mail = claim(&store, soon).unwrap();
    // What is not due before a later day waits for that.
    let friday = now + TimeDelta::days(4);
    finish(&store, &mail, &Outcome::Postponed(friday), soon);
    assert!(claim(&store, soon).is_none());
    assert!(claim(&store, friday).is_some());
}
