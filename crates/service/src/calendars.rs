//! Calendars of people, which say when they are away: giving them, taking them back, and what comes of
//! reading them. Nothing of a calendar is kept but when its owner is away.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use utoipa::ToSchema;

use super::locked_rotation::{as_json, person_of, record_audit};
use super::{Actor, App, Db, Error, ValidationErrors, access, values};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{CalendarId, PersonId, TimeOffId};
use crate::domain::people::absence::Rule;
use crate::domain::people::calendar::{AHEAD, Calendar, Validators, difference};
use crate::domain::people::person::{Person, TimeOff};
use crate::domain::time::interval::{Interval, IntervalSet, Timestamp};
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, StoreError, calendars, people};

/// A person has at most so many.
const MOST: usize = 10;

/// At most so many words of their own.
const MOST_TITLES: usize = 50;

/// Whoever reads a calendar has so long before another replica does.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// So many that wait are looked at, to choose the next from.
const LOOKED_AT: i64 = 100;

/// What waits because its owner has had enough is looked at again after so long.
const POSTPONED: TimeDelta = TimeDelta::minutes(10);

/// Somebody who has left is looked at again after so long.
const GONE: TimeDelta = TimeDelta::days(1);

/// What of a calendar counts as away: what is left out is as before, or as by default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleInput {
    /// Every event that takes time, whatever it is called (by default only those that are marked as out
    /// of office, or whose title says so).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub everything: Option<bool>,
    /// Words besides the usual ones, of which a title has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub titles: Option<Vec<String>>,
    /// Only events whose title has this, such as one's own name in a calendar of a whole team; null for
    /// all of them.
    #[serde(
        deserialize_with = "values::given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub only_with: Option<Option<String>>,
    /// Tentative events too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tentative: Option<bool>,
}

/// A calendar to be read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalendar {
    /// Where it is: `https:`, `http:` or `webcal:`. It is not shown again.
    #[serde(default)]
    #[schema(required = true)]
    pub url: String,
    /// What its owner calls it; by default the name of the server.
    #[serde(default)]
    pub name: Option<String>,
    /// What counts as away.
    #[serde(default)]
    pub rule: RuleInput,
}

/// What to change of a calendar, which is then read at once. What is left out is as before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarChange {
    /// Where it is.
    pub url: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What counts as away.
    pub rule: RuleInput,
}

/// What of a calendar counts as away.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleView {
    /// Every event that takes time.
    pub everything: bool,
    /// Words besides the usual ones.
    pub titles: Vec<String>,
    /// Only events whose title has this.
    pub only_with: Option<String>,
    /// Tentative events too.
    pub tentative: bool,
}

/// A calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarView {
    /// Its id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// What its owner calls it.
    pub name: String,
    /// The server that it is on. (The rest of its address is as good as a password.)
    pub host: String,
    /// What counts as away.
    pub rule: RuleView,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// When it was last known to be as it was understood; null: not yet.
    pub read_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// When it is read next.
    pub next_read_at: DateTime<Utc>,
    /// Since when it cannot be read; what was known by then still holds.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why not.
    pub problem: Option<String>,
    /// How many of its events could not be understood.
    pub skipped_events: i64,
    /// Goes up with each change.
    pub version: i64,
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            everything: rule.everything,
            titles: rule.titles.clone(),
            only_with: rule.only_with.clone(),
            tentative: rule.tentative,
        }
    }
}

impl From<&Calendar> for CalendarView {
    fn from(calendar: &Calendar) -> Self {
        Self {
            id: calendar.id.to_string(),
            person_id: calendar.person.to_string(),
            name: calendar.name.clone(),
            host: host(&calendar.url),
            rule: (&calendar.rule).into(),
            created_at: calendar.created_at,
            read_at: calendar.read_at,
            tried_at: calendar.tried_at,
            next_read_at: calendar.next_read_at,
            failing_since: calendar.failing_since,
            problem: calendar.problem.clone(),
            skipped_events: calendar.skipped,
            version: calendar.version,
        }
    }
}

fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

impl RuleInput {
    fn over(&self, errors: &mut ValidationErrors, pointer: &str, before: &Rule) -> Option<Rule> {
        let mut line = |field: &str, text: &str| {
            values::line(errors, &format!("{pointer}/{field}"), text, 100)
        };
        let titles = self.titles.as_ref().map(|given| {
            let lines = given.iter().enumerate();
            lines
                .map(|(n, text)| line(&format!("titles/{n}"), text))
                .collect()
        });
        let only_with = self.only_with.as_ref().map(|given| {
            given
                .as_ref()
                .map(|text| line("only_with", text))
                .map_or(Some(None), |text| text.map(Some))
        });
        if self
            .titles
            .as_ref()
            .is_some_and(|all| all.len() > MOST_TITLES)
        {
            errors.add(
                format!("{pointer}/titles"),
                format!("can be {MOST_TITLES} at most"),
            );
        }
        Some(Rule {
            everything: self.everything.unwrap_or(before.everything),
            titles: titles.unwrap_or_else(|| Some(before.titles.clone()))?,
            only_with: only_with.unwrap_or_else(|| Some(before.only_with.clone()))?,
            tentative: self.tentative.unwrap_or(before.tentative),
        })
    }
}

/// `webcal:` is what links for a click begin with.
fn address(errors: &mut ValidationErrors, text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text
        .strip_prefix("webcal://")
        .or_else(|| text.strip_prefix("webcals://"));
    let url = rest.map_or_else(|| text.to_owned(), |rest| format!("https://{rest}"));
    values::web_address(errors, "/url", &url)
}

/// A person's calendars.
///
/// # Errors
///
/// [`Error::Forbidden`] for others than them and administrators.
pub fn list(db: &mut Db, actor: &Actor, person: PersonId) -> Result<Vec<Calendar>, Error> {
    access::sees_own_affairs(actor, person)?;
    Ok(calendars::of_person(db, person)?)
}

/// Adds a calendar, to be read at once.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] where there are
/// too many.
pub fn create(
    uow: &mut UnitOfWork<'_>,
    person: PersonId,
    new: &NewCalendar,
) -> Result<Calendar, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let owner = person_of(uow, person)?;
    access::own_affairs(actor, person)?;
    if !owner.active_at(now) {
        return Err(Error::conflict("they are deactivated"));
    }
    if calendars::of_person(uow.db(), person)?.len() >= MOST {
        return Err(Error::conflict(format!(
            "a person has at most {MOST} calendars"
        )));
    }
    let mut errors = ValidationErrors::new();
    let url = address(&mut errors, &new.url);
    let name = match &new.name {
        Some(name) => values::line(&mut errors, "/name", name, 100),
        None => url.as_deref().map(host),
    };
    let rule = new.rule.over(&mut errors, "/rule", &Rule::default());
    let (url, (name, rule)) = errors.finish_with(url.zip(name.zip(rule)))?;
    let calendar = Calendar {
        id: CalendarId::from_uuid(new_id()),
        person,
        name,
        url,
        rule,
        created_at: now,
        removed_at: None,
        validators: Validators::default(),
        next_read_at: now,
        tried_at: None,
        read_at: None,
        whole_at: None,
        failing_since: None,
        failures: 0,
        problem: None,
        skipped: 0,
        version: 1,
    };
    calendars::insert(uow.db(), &calendar)?;
    let after = shown(&calendar)?;
    record_audit(
        uow,
        deed(AuditAction::CalendarCreate, calendar.id, Value::Null, after),
    )?;
    Ok(calendar)
}

/// Changes a calendar, which is then read at once, whole.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
pub fn change(
    uow: &mut UnitOfWork<'_>,
    id: CalendarId,
    change: &CalendarChange,
) -> Result<Calendar, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = own(uow.db(), actor, id)?;
    uow.check_version(before.version)?;
    let mut errors = ValidationErrors::new();
    let url = match &change.url {
        Some(url) => address(&mut errors, url),
        None => Some(before.url.clone()),
    };
    let name = match &change.name {
        Some(name) => values::line(&mut errors, "/name", name, 100),
        None => Some(before.name.clone()),
    };
    let rule = change.rule.over(&mut errors, "/rule", &before.rule);
    let (url, (name, rule)) = errors.finish_with(url.zip(name.zip(rule)))?;
    let after = Calendar {
        url,
        name,
        rule,
        validators: Validators::default(),
        next_read_at: now,
        version: before.version + 1,
        ..before.clone()
    };
    calendars::update(uow.db(), &after)?;
    let (was, is) = (shown(&before)?, shown(&after)?);
    record_audit(uow, deed(AuditAction::CalendarChange, id, was, is))?;
    Ok(after)
}

/// Takes a calendar back, and with it the absences that it says are ahead.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
pub fn remove(uow: &mut UnitOfWork<'_>, id: CalendarId) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let before = own(uow.db(), actor, id)?;
    uow.check_version(before.version)?;
    let after = Calendar {
        removed_at: Some(now),
        // There is no use for it any more.
        url: String::new(),
        version: before.version + 1,
        ..before.clone()
    };
    calendars::update(uow.db(), &after)?;
    let person = person_of(uow, before.person)?;
    follow(uow, &person, id, &IntervalSet::default())?;
    let was = shown(&before)?;
    record_audit(uow, deed(AuditAction::CalendarRemove, id, was, Value::Null))
}

/// The actor's own, or anybody's for administrators.
fn own(db: &mut Db, actor: &Actor, id: CalendarId) -> Result<Calendar, Error> {
    let calendar = calendars::find(db, id)?.ok_or(Error::NotFound("calendar"))?;
    access::own_affairs(actor, calendar.person)?;
    Ok(calendar)
}

/// A calendar as the audit log keeps it: without its address.
fn shown(calendar: &Calendar) -> Result<Value, Error> {
    let rule = as_json(RuleView::from(&calendar.rule))?;
    Ok(json!({
        "person_id": calendar.person.to_string(),
        "name": calendar.name,
        "host": host(&calendar.url),
        "rule": rule,
    }))
}

fn deed(action: AuditAction, id: CalendarId, before: Value, after: Value) -> AuditEvent<'static> {
    AuditEvent {
        action,
        kind: "calendar",
        id: id.to_string(),
        before,
        after,
    }
}

/// A calendar that this replica reads now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The calendar.
    pub calendar: Calendar,
    /// Its owner, by whose zone its days go.
    pub owner: Person,
    /// What to ask the other server with.
    pub validators: Validators,
    /// The time that is looked at.
    pub window: Interval,
}

/// What came of reading a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is as it was.
    Same,
    /// All of it was read.
    Whole {
        /// When its owner is away.
        away: IntervalSet,
        /// What tells this state from others.
        validators: Validators,
        /// How many events could not be understood.
        skipped: usize,
    },
    /// It could not be read, and why: what is known stays.
    Failed(String),
}

impl App {
    /// Calendars that are to be read, those that have waited longest. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away.
    pub fn due_calendars(&self, now: Timestamp) -> Result<Vec<Calendar>, StoreError> {
        self.store.read(|db| calendars::due(db, now, LOOKED_AT))
    }

    /// Sees to it that a calendar that is due is read here, and by no other replica for a while; nothing where
    /// another was quicker, or there is nobody to read it for. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away.
    pub fn claim_calendar(
        &self,
        calendar: Calendar,
        now: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        let snapshot = self.snapshots.current();
        let owner = snapshot.people().get(&calendar.person).cloned();
        let owner = owner.filter(|owner| owner.active_at(now));
        let pause = if owner.is_some() { LEASE } else { GONE };
        let claimed = self
            .store
            .write(|tx| calendars::claim(tx.db(), &calendar, now + pause))?;
        let (true, Some(owner)) = (claimed, owner) else {
            return Ok(None);
        };
        let recorded = owner.profiles.iter().filter_map(|one| one.recorded_at);
        Ok(Some(Claimed {
            validators: calendar.known(recorded.max(), now),
            owner: (*owner).clone(),
            calendar,
            window: Interval::from_start_and_duration(now, AHEAD),
        }))
    }

    /// Lets a calendar that is due wait, since its owner has used up the time of this hour. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is away.
    pub fn postpone_calendar(&self, calendar: &Calendar, now: Timestamp) -> Result<(), StoreError> {
        let until = now + POSTPONED;
        self.store
            .write(|tx| calendars::claim(tx.db(), calendar, until))
            .map(|_| ())
    }

    /// Keeps what came of reading a calendar; nothing, where it was changed or taken back meanwhile. Says
    /// how many stretches of time off changed. Blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the database is away: it is read again when the claim is over.
    pub fn keep_reading(
        &self,
        calendar: &Calendar,
        reading: Reading,
        now: Timestamp,
    ) -> Result<usize, Error> {
        self.change(&Actor::operator(), now, |uow| {
            let found = calendars::find(uow.db(), calendar.id)?;
            let Some(present) = found.filter(|one| one.version == calendar.version) else {
                return Ok(0);
            };
            let (after, away) = match reading {
                Reading::Same => (present.read(None, now), None),
                Reading::Failed(why) => (present.failed(why, now), None),
                Reading::Whole {
                    away,
                    validators,
                    skipped,
                } => {
                    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
                    (present.read(Some((validators, skipped)), now), Some(away))
                }
            };
            calendars::update(uow.db(), &after)?;
            let Some(away) = away else {
                return Ok(0);
            };
            let person = person_of(uow, after.person)?;
            follow(uow, &person, after.id, &away)
        })
    }
}

/// Makes somebody's time off ahead what their calendar says. Says how many stretches changed.
fn follow(
    uow: &mut UnitOfWork<'_>,
    person: &Person,
    calendar: CalendarId,
    away: &IntervalSet,
) -> Result<usize, Error> {
    let now = uow.now;
    let of_calendar = person
        .time_off
        .iter()
        .filter(|off| off.calendar == Some(calendar));
    let (over, new) = difference(of_calendar, away, now);
    let count = over.len() + new.len();
    if count == 0 {
        return Ok(0);
    }
    let stretch = |interval: &Interval| json!({ "start": interval.start(), "end": interval.end() });
    let ended: Vec<Value> = over.iter().map(|off| stretch(&off.interval)).collect();
    let added: Vec<Value> = new.iter().map(stretch).collect();
    for off in over {
        people::cancel_time_off(uow.db(), off.id, now)?;
    }
    for interval in new {
        let off = TimeOff {
            id: TimeOffId::from_uuid(new_id()),
            interval,
            days: days(person, interval),
            reason: None,
            calendar: Some(calendar),
            recorded_at: now,
            cancelled_at: None,
        };
        people::add_time_off(uow.db(), person.id, &off)?;
    }
    uow.changed(Change::Person(person.id));
    let (before, after) = (json!({ "away": ended }), json!({ "away": added }));
    record_audit(
        uow,
        deed(AuditAction::CalendarRead, calendar, before, after),
    )?;
    Ok(count)
}

/// First and last day, where it is whole days of the person's.
fn days(person: &Person, interval: Interval) -> Option<(chrono::NaiveDate, chrono::NaiveDate)> {
    let zone = person.zone(interval.start());
    let (start, end) = (
        zone.to_local(interval.start()),
        zone.to_local(interval.end()),
    );
    let whole = start.time() == NaiveTime::MIN && end.time() == NaiveTime::MIN;
    let last = end.date().checked_sub_days(Days::new(1))?;
    whole.then_some((start.date(), last))
}
