//! The audit log, and settings.

use diesel::prelude::*;
use serde_json::Value;

use super::rows::inner;
use super::schema::{audit, settings};
use super::types::{AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::clock::new_id;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit::{AuditAction, StoredAuditAction};
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::people::person::Person;
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit)]
struct EntryRow {
    id: String,
    at: Ts,
    actor_id: Option<AsText<PersonId>>,
    token_id: Option<AsText<TokenId>>,
    address: Option<String>,
    action: AsText<StoredAuditAction>,
    subject_kind: String,
    subject_id: String,
    before: AsJson<Value>,
    after: AsJson<Value>,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.id,
            at: row.at.0,
            actor_id: inner(row.actor_id),
            token_id: inner(row.token_id),
            address: row.address,
            action: row.action.0,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            before: row.before.0,
            after: row.after.0,
        }
    }
}

/// Who did what.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The person; `None`: the bootstrap administrator or a command at the machine.
    pub actor_id: Option<PersonId>,
    /// The token they came with.
    pub token_id: Option<TokenId>,
    /// From where.
    pub address: Option<String>,
    /// What.
    pub action: StoredAuditAction,
    /// The kind of thing it was done to.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// What it was before.
    pub before: Value,
    /// What it is since.
    pub after: Value,
}

/// What was done to what.
#[derive(Debug, Clone)]
pub struct AuditEvent<'a> {
    /// What was done.
    pub action: AuditAction,
    /// `person`, `team`, `rotation` …
    pub kind: &'a str,
    /// Its id.
    pub id: String,
    /// What it was before; null where it is new.
    pub before: Value,
    /// What it is since; null where it is gone.
    pub after: Value,
}

/// Writes a deed down.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn record(
    db: &mut Db,
    actor: &Actor,
    deed: AuditEvent<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = EntryRow {
        id: new_id().to_string(),
        at: Ts(now),
        actor_id: actor.person.map(AsText),
        token_id: actor.token.map(AsText),
        address: actor.address.map(|address| address.to_string()),
        action: AsText(deed.action.into()),
        subject_kind: deed.kind.to_owned(),
        subject_id: deed.id,
        before: AsJson(deed.before),
        after: AsJson(deed.after),
    };
    diesel::insert_into(audit::table)
        .values(entry)
        .execute(db)?;
    Ok(())
}

/// What to look for in the audit log.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this person.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only what was done to the thing of this id.
    pub subject: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// The newest first, not the oldest.
    pub newest_first: bool,
    /// Beyond the entry of this id, in that order.
    pub after: Option<String>,
}

/// Entries of the audit log, in order.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(db: &mut Db, filter: &Filter, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let mut rows = audit::table.into_boxed();
    if let Some(actor) = &filter.actor {
        rows = rows.filter(audit::actor_id.eq(actor));
    }
    if let Some(action) = &filter.action {
        rows = rows.filter(audit::action.eq(action));
    }
    if let Some(subject) = &filter.subject {
        rows = rows.filter(audit::subject_id.eq(subject));
    }
    if let Some(from) = filter.from {
        rows = rows.filter(audit::at.ge(Ts(from)));
    }
    if let Some(until) = filter.until {
        rows = rows.filter(audit::at.lt(Ts(until)));
    }
    rows = match (&filter.after, filter.newest_first) {
        (Some(after), true) => rows.filter(audit::id.lt(after)),
        (Some(after), false) => rows.filter(audit::id.gt(after)),
        (None, _) => rows,
    };
    rows = if filter.newest_first {
        rows.order(audit::id.desc())
    } else {
        rows.order(audit::id)
    };
    let rows: Vec<EntryRow> = rows.limit(limit).load(db)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Replaces the names and addresses that a person has, and had, in the whole audit log.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, id: &str, person: &Person) -> Result<(), StoreError> {
    let rows: Vec<EntryRow> = audit::table.load(db)?;
    let mut words = vec![person.name.clone(), person.email.clone()];
    words.extend(person.external_ids.values().cloned());
    for row in rows
        .iter()
        .filter(|row| row.subject_id == id && row.subject_kind == "person")
    {
        collect(&row.before.0, &mut words);
        collect(&row.after.0, &mut words);
    }
    for row in &rows {
        let (before, after) = (
            without(&row.before.0, &words, false),
            without(&row.after.0, &words, false),
        );
        if before != row.before.0 || after != row.after.0 {
            diesel::update(audit::table.find(&row.id))
                .set((
                    audit::before.eq(AsJson(before)),
                    audit::after.eq(AsJson(after)),
                ))
                .execute(db)?;
        }
    }
    Ok(())
}

/// The members of what is kept that tell who somebody is.
const TELLING: [&str; 3] = ["name", "email", "external_ids"];

fn collect(value: &Value, words: &mut Vec<String>) {
    for text in TELLING.iter().filter_map(|member| value.get(member)) {
        match text {
            Value::String(word) => words.push(word.clone()),
            Value::Object(ids) => {
                words.extend(ids.values().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => {}
        }
    }
}

fn without(value: &Value, words: &[String], telling: bool) -> Value {
    match value {
        Value::String(text)
            if telling && words.iter().any(|word| text.eq_ignore_ascii_case(word)) =>
        {
            "erased".into()
        }
        Value::Array(all) => all.iter().map(|one| without(one, words, telling)).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(key, one)| {
                (
                    key.clone(),
                    without(one, words, telling || TELLING.contains(&key.as_str())),
                )
            })
            .collect(),
        other => other.clone(),
    }
}

/// A setting; made with `make` where there is none yet.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn setting(
    db: &mut Db,
    key: &str,
    make: impl FnOnce() -> String,
) -> Result<String, StoreError> {
    let found: Option<String> = settings::table
        .find(key)
        .select(settings::value)
        .first(db)
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let value = make();
    diesel::insert_into(settings::table)
        .values((settings::key.eq(key), settings::value.eq(&value)))
        .execute(db)?;
    Ok(value)
}

/// Writes a setting that holds nothing, so that the transaction has something to commit.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn touch_setting(db: &mut Db, key: &str) -> Result<(), StoreError> {
    let value = new_id().to_string();
    let changed = diesel::update(settings::table.find(key))
        .set(settings::value.eq(&value))
        .execute(db)?;
    if changed == 0 {
        setting(db, key, || value)?;
    }
    Ok(())
}

/// So much is written to try whether there is room: more than most changes need.
const PROBE: usize = 64 << 10;

/// Writes something of no meaning, or removes it, to see whether that works.
///
/// # Errors
///
/// [`StoreError`] when it does not.
pub fn write_probe(db: &mut Db, there: bool) -> Result<(), StoreError> {
    const KEY: &str = "write_probe";
    diesel::delete(settings::table.find(KEY)).execute(db)?;
    if there {
        diesel::insert_into(settings::table)
            .values((settings::key.eq(KEY), settings::value.eq("x".repeat(PROBE))))
            .execute(db)?;
    }
    Ok(())
}

/// Locks a setting until the transaction ends: whoever else locks it waits.
///
/// # Errors
///
/// [`StoreError`] when the database is away, [`StoreError::Duplicate`] when two make it at once.
pub fn lock_setting(db: &mut Db, key: &str) -> Result<(), StoreError> {
    setting(db, key, || "locked while it changes".to_owned())?;
    diesel::update(settings::table.find(key))
        .set(settings::value.eq(settings::value))
        .execute(db)?;
    Ok(())
}
