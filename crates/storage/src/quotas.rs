//! How often somebody did something of late, by the audit log: so it counts across replicas and restarts, and what was
//! refused or rehearsed does not count.

use diesel::prelude::*;

use super::schema::audit;
use super::types::{AsText, Ts};
use super::{Db, StoreError};
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::PersonId;
use crate::domain::time::interval::Timestamp;

/// Who has done something that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    /// A person.
    Person(PersonId),
    /// A program, by the id of its webhook.
    Webhook(String),
}

/// Something that was done in a transaction, and that one may only do so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// Who did it.
    pub doer: Doer,
    /// What they did.
    pub action: AuditAction,
}

/// Which actions are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actions {
    /// This one.
    One(AuditAction),
    /// Those whose names begin like this.
    Under(&'static str),
    /// All.
    All,
}

impl Actions {
    /// Whether an action is counted.
    #[must_use]
    pub fn include(self, action: AuditAction) -> bool {
        match self {
            Self::One(one) => action == one,
            Self::Under(prefix) => action.as_str().starts_with(prefix),
            Self::All => true,
        }
    }
}

macro_rules! recent {
    ($doer:expr, $actions:expr, $from:expr, $until:expr) => {{
        let mut rows = audit::table
            .filter(audit::at.gt(Ts($from)))
            .filter(audit::at.le(Ts($until)))
            .into_boxed();
        rows = match $doer {
            Doer::Person(id) => rows.filter(audit::actor_id.eq(AsText(*id))),
            Doer::Webhook(id) => rows
                .filter(audit::actor_id.is_null())
                .filter(audit::subject_id.eq(id)),
        };
        match $actions {
            Actions::One(one) => rows.filter(audit::action.eq(one.as_str())),
            Actions::Under(prefix) => rows.filter(audit::action.like(format!("{prefix}%"))),
            Actions::All => rows,
        }
    }};
}

/// How often they did it after `from`.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub fn count(
    db: &mut Db,
    doer: &Doer,
    actions: Actions,
    from: Timestamp,
    until: Timestamp,
) -> Result<i64, StoreError> {
    Ok(recent!(doer, actions, from, until).count().get_result(db)?)
}

/// When they did it after `from`, leaving out the first so many times.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub fn moment(
    db: &mut Db,
    doer: &Doer,
    actions: Actions,
    (from, until): (Timestamp, Timestamp),
    skipped: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<Ts> = recent!(doer, actions, from, until)
        .order((audit::at, audit::id))
        .offset(skipped)
        .limit(1)
        .select(audit::at)
        .first(db)
        .optional()?;
    Ok(at.map(|at| at.0))
}
