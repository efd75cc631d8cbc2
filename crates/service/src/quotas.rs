//! How much one person may do in an hour, so that nobody floods others with mails, by mistake or on purpose.
//!
//! Counting happens at the end of each transaction that is for real, by what it wrote into the audit log. Dry runs, answers
//! that are repeated and whatever is refused therefore do not count. One call may do many things at once (covers for a
//! whole holiday): it is carried out whole if it begins below the limit.

use chrono::TimeDelta;

use super::Error;
use crate::config::HourlyLimits;
use crate::domain::access::actor::Actor;
use crate::domain::access::audit::AuditAction;
use crate::domain::time::interval::Timestamp;
use crate::storage::Tx;
use crate::storage::audit::AuditEvent;
use crate::storage::quotas::{self, Actions, Doer, Limited};

/// What is counted is of the last hour.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// How many steps on incidents go with one incident: each may mail somebody.
const STEPS: u32 = 10;

/// How many overrides go with one request for cover.
const OVERRIDES: u32 = 10;

/// A program declares this many times as many incidents as a person.
const PROGRAM: u32 = 4;

/// Everything that one person changes, however it is called. Nobody types so fast.
const CHANGES: u32 = 2_000;

/// A limit: what is counted, how it is called, and how often it may be done.
struct Quota {
    actions: Actions,
    what: &'static str,
    most: u32,
}

fn of_people(limits: &HourlyLimits) -> [Quota; 6] {
    let quota = |actions, what, most| Quota {
        actions,
        what,
        most,
    };
    [
        quota(
            Actions::One(AuditAction::IncidentDeclare),
            "incidents",
            limits.incidents,
        ),
        quota(
            Actions::Under("incident."),
            "changes of incidents",
            limits.incidents.saturating_mul(STEPS),
        ),
        quota(
            Actions::One(AuditAction::SwapOpen),
            "requests for cover",
            limits.cover_requests,
        ),
        quota(
            Actions::One(AuditAction::OverrideCreate),
            "overrides",
            limits.cover_requests.saturating_mul(OVERRIDES),
        ),
        quota(
            Actions::One(AuditAction::FeedCreate),
            "calendars",
            limits.feeds,
        ),
        quota(Actions::All, "changes", CHANGES),
    ]
}

fn of_programs(limits: &HourlyLimits) -> Quota {
    Quota {
        actions: Actions::One(AuditAction::WebhookDeclare),
        what: "incidents by this webhook",
        most: limits.incidents.saturating_mul(PROGRAM),
    }
}

/// Notes what somebody did, where it is limited. Administrators are exempt.
pub(super) fn record_audit(tx: &mut Tx<'_>, actor: &Actor, deed: &AuditEvent<'_>) {
    let doer = match actor.person {
        _ if actor.is_administrator() => return,
        Some(person) => Doer::Person(person),
        None if deed.kind == "webhook" => Doer::Webhook(deed.id.clone()),
        None => return,
    };
    tx.limit(Limited {
        doer,
        action: deed.action,
    });
}

/// Checks what was done in this transaction.
///
/// # Errors
/// [`Error::TooMany`] where somebody had done as much as they may before it.
pub(super) fn check(tx: &mut Tx<'_>, limits: &HourlyLimits, now: Timestamp) -> Result<(), Error> {
    let done = tx.limited();
    let mut doers: Vec<&Doer> = Vec::new();
    for one in &done {
        if !doers.contains(&&one.doer) {
            doers.push(&one.doer);
        }
    }
    for doer in doers {
        let theirs: Vec<&Limited> = done.iter().filter(|one| one.doer == *doer).collect();
        match doer {
            Doer::Person(_) => {
                for quota in of_people(limits) {
                    quota.check(tx, doer, &theirs, now)?;
                }
            }
            Doer::Webhook(_) => of_programs(limits).check(tx, doer, &theirs, now)?,
        }
    }
    Ok(())
}

impl Quota {
    fn check(
        &self,
        tx: &mut Tx<'_>,
        doer: &Doer,
        done: &[&Limited],
        now: Timestamp,
    ) -> Result<(), Error> {
        let included = done.iter().filter(|one| self.actions.include(one.action));
        let new = i64::try_from(included.count()).unwrap_or(i64::MAX);
        if new == 0 {
            return Ok(());
        }
        let from = now - WINDOW;
        let before = quotas::count(tx.db(), doer, self.actions, from, now)? - new;
        let excess = before - i64::from(self.most);
        if excess < 0 {
            return Ok(());
        }
        // One more is allowed once so many of them are older than an hour that fewer than the limit are left.
        let window = (from, now);
        let last = quotas::moment(tx.db(), doer, self.actions, window, excess)?.unwrap_or(now);
        let wait = (last + WINDOW - now).num_seconds().max(1);
        Err(Error::TooMany {
            what: self.what,
            seconds: u32::try_from(wait).unwrap_or(u32::MAX),
        })
    }
}
