//! How things are shown: the JSON of the contract.

mod people;
mod rotations;

pub use people::{PersonView, ProfileView, TimeOffView};
pub use rotations::{HandoffView, RevisionView, RotationView, TeamView};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::input::unless_forever;
use crate::domain::ids::PersonId;
use crate::domain::incidents::candidates::Candidate;
use crate::domain::people::availability::PublicHoliday;
use crate::domain::schedule::clash::Clash;
use crate::domain::schedule::duty::{Duty, RotationLookup, Source};
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::schedule::timeline::{Cause, Gap, Shift};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::snapshot::Snapshot;

/// Writes an instant as it is written everywhere, in one piece. What is asked most often does so: a text that comes in
/// pieces, as chrono's own does, takes several times as long.
fn instant<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The same, where there may be none.
#[expect(clippy::ref_option, reason = "fields are handed over so")]
fn some_instant<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, to),
        None => to.serialize_none(),
    }
}

/// A person, where only who they are counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonRef {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their IANA time zone at the instant asked about.
    pub time_zone: String,
}

impl PersonRef {
    /// The person, at `at`.
    pub fn of(rota: &impl RotationLookup, id: PersonId, at: Timestamp) -> Self {
        let person = rota.person(id);
        Self {
            id: id.to_string(),
            name: person.map(|person| person.name.clone()).unwrap_or_default(),
            time_zone: person
                .map(|person| person.zone(at).name().to_owned())
                .unwrap_or_default(),
        }
    }
}

/// From when to when.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Span {
    /// The first instant.
    #[serde(serialize_with = "instant")]
    pub start: DateTime<Utc>,
    /// The first instant after it; null where it never ends.
    #[serde(serialize_with = "some_instant")]
    pub end: Option<DateTime<Utc>>,
}

impl From<Interval> for Span {
    fn from(interval: Interval) -> Self {
        Self {
            start: interval.start(),
            end: unless_forever(interval.end()),
        }
    }
}

/// A shift.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftView {
    /// The rotation, where shifts of several are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_id: Option<String>,
    /// The first instant.
    #[serde(serialize_with = "instant")]
    pub start: DateTime<Utc>,
    /// The first instant after it; null where it never ends.
    #[serde(serialize_with = "some_instant")]
    pub end: Option<DateTime<Utc>>,
    /// Who.
    pub person: PersonRef,
    /// `rotation` or `override`.
    #[schema(value_type = String)]
    pub source: Source,
    /// The override.
    pub override_id: Option<String>,
    /// The swap to which the override belongs.
    pub swap_id: Option<String>,
    /// Public holidays of that person in the part of the shift that was asked for (only in lists of shifts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holidays: Option<Vec<HolidayView>>,
}

/// A public holiday of a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HolidayView {
    /// The day, in the person's zone.
    pub date: chrono::NaiveDate,
    /// What it is called, in English.
    pub name: String,
    /// Whether it counts as not working.
    pub observed: bool,
}

impl From<&PublicHoliday> for HolidayView {
    fn from(day: &PublicHoliday) -> Self {
        Self {
            date: day.holiday.date,
            name: day.holiday.name.to_owned(),
            observed: day.observed,
        }
    }
}

impl ShiftView {
    /// The shift, with the public holidays in what `window` has of it.
    pub fn within(rota: &impl RotationLookup, shift: &Shift, window: Interval) -> Self {
        let part = shift.interval.intersect(&window);
        let person = rota.person(shift.person);
        let found = part
            .zip(person)
            .map(|(part, person)| person.public_holidays(part, FOREVER));
        let days = found.unwrap_or_default();
        Self {
            holidays: Some(days.iter().map(HolidayView::from).collect()),
            ..Self::of(rota, shift)
        }
    }

    /// The shift.
    pub fn of(rota: &impl RotationLookup, shift: &Shift) -> Self {
        let (source, override_id, swap_id) = match shift.cause {
            Cause::Turn { .. } => (Source::Rotation, None, None),
            Cause::Override { id, swap } => (
                Source::Override,
                Some(id.to_string()),
                swap.map(|id| id.to_string()),
            ),
        };
        Self {
            rotation_id: None,
            start: shift.interval.start(),
            end: unless_forever(shift.interval.end()),
            person: PersonRef::of(rota, shift.person, shift.interval.start()),
            source,
            override_id,
            swap_id,
            holidays: None,
        }
    }
}

/// A gap.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GapView {
    /// The rotation, where gaps of several are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_id: Option<String>,
    /// The first instant.
    #[serde(serialize_with = "instant")]
    pub start: DateTime<Utc>,
    /// The first instant after it; null where it never ends.
    #[serde(serialize_with = "some_instant")]
    pub end: Option<DateTime<Utc>>,
    /// Why.
    #[schema(value_type = String)]
    pub reason: crate::domain::schedule::timeline::GapReason,
}

impl From<&Gap> for GapView {
    fn from(gap: &Gap) -> Self {
        Self {
            rotation_id: None,
            start: gap.interval.start(),
            end: unless_forever(gap.interval.end()),
            reason: gap.reason,
        }
    }
}

/// Why the rotation asked has nobody.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct DutyGap {
    /// Why.
    #[schema(value_type = String)]
    pub reason: crate::domain::schedule::timeline::GapReason,
    /// Until when; null where it never ends.
    #[serde(serialize_with = "some_instant")]
    pub until: Option<DateTime<Utc>>,
}

/// Who comes next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NextView {
    /// Who.
    pub person: PersonRef,
    /// When.
    #[serde(serialize_with = "instant")]
    pub start: DateTime<Utc>,
}

/// A rotation's answer for an instant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DutyView {
    /// The instant.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// The rotation asked.
    pub rotation_id: String,
    /// What its role is called.
    pub title: String,
    /// Its team's slug.
    pub team: String,
    /// Who has the duty, or null.
    pub person: Option<PersonRef>,
    /// `rotation`, `override`, `fallback`, or null where nobody has it.
    #[schema(value_type = Option<String>)]
    pub source: Option<Source>,
    /// The override of the rotation that answered.
    pub override_id: Option<String>,
    /// The rotation that answered.
    pub answered_by: String,
    /// The shift of the one who has it.
    pub shift: Option<Span>,
    /// Who has it by the base timeline of the rotation asked.
    pub scheduled: Option<PersonRef>,
    /// Whether the one who has it is at work.
    pub working_now: bool,
    /// Until when, where they are; null also where that never ends.
    #[serde(serialize_with = "some_instant")]
    pub working_until: Option<DateTime<Utc>>,
    /// When next, where they are not.
    #[serde(serialize_with = "some_instant")]
    pub working_next: Option<DateTime<Utc>>,
    /// The next shift of the rotation asked.
    pub next: Option<NextView>,
    /// Why the rotation asked has nobody, where it does not.
    pub gap: Option<DutyGap>,
    /// Since when the database has been away, where it is.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_instant"
    )]
    pub stale_since: Option<DateTime<Utc>>,
}

impl DutyView {
    /// The answer of `rotation` at `at`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, rotation: &Rotation, duty: &Duty, at: Timestamp) -> Self {
        let person = |id: PersonId| PersonRef::of(snapshot, id, at);
        Self {
            at,
            rotation_id: rotation.id.to_string(),
            title: rotation.title.clone(),
            team: snapshot
                .team(rotation.team)
                .map(|team| team.slug.clone())
                .unwrap_or_default(),
            person: duty.person.map(person),
            source: duty.source,
            override_id: duty.override_id.map(|id| id.to_string()),
            answered_by: duty.answered_by.to_string(),
            shift: duty.shift.map(Span::from),
            scheduled: duty.scheduled.map(person),
            working_now: duty.working.now,
            working_until: duty.working.until.and_then(unless_forever),
            working_next: duty.working.next,
            next: duty.next.map(|next| NextView {
                person: person(next.person),
                start: next.interval.start(),
            }),
            gap: duty.gap.map(|gap| DutyGap {
                reason: gap.reason,
                until: unless_forever(gap.interval.end()),
            }),
            stale_since: None,
        }
    }
}

/// A candidate for a watch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateView {
    /// Who.
    pub person: PersonRef,
    /// When their current or coming availability ends; null where it never does.
    pub available_until: Option<DateTime<Utc>>,
    /// When they come online; null where they are.
    pub available_from: Option<DateTime<Utc>>,
    /// Seconds of that availability that lie ahead.
    pub working_seconds_left: i64,
}

impl CandidateView {
    /// The candidate at `at`.
    pub fn of(rota: &impl RotationLookup, candidate: &Candidate, at: Timestamp) -> Self {
        Self {
            person: PersonRef::of(rota, candidate.person, at),
            available_until: candidate.available_until,
            available_from: candidate.available_from,
            working_seconds_left: candidate.working_seconds_left,
        }
    }
}

/// A shift of somebody who is away.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClashView {
    /// The rotation.
    pub rotation_id: String,
    /// Who.
    pub person: PersonRef,
    /// The shift.
    pub shift: ShiftView,
    /// The time off.
    pub time_off_id: String,
    /// The first instant of what they share.
    pub start: DateTime<Utc>,
    /// The first instant after it; null where it never ends.
    pub end: Option<DateTime<Utc>>,
}

impl ClashView {
    /// The clash.
    pub fn of(rota: &impl RotationLookup, clash: &Clash) -> Self {
        Self {
            rotation_id: clash.rotation.to_string(),
            person: PersonRef::of(rota, clash.person, clash.overlap.start()),
            shift: ShiftView::of(rota, &clash.shift),
            time_off_id: clash.time_off.to_string(),
            start: clash.overlap.start(),
            end: unless_forever(clash.overlap.end()),
        }
    }
}

/// An override.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OverrideView {
    /// Its id.
    pub id: String,
    /// The rotation.
    pub rotation_id: String,
    /// The first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it, as entered.
    pub end: DateTime<Utc>,
    /// Who takes over; null: nobody.
    pub person: Option<PersonRef>,
    /// Why.
    pub reason: Option<String>,
    /// The swap it belongs to.
    pub swap_id: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was ended or undone.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// By whom.
    pub cancelled_by: Option<String>,
    /// Goes up when it is cancelled.
    pub version: i64,
    /// What the final timeline had there before (only where it was just made).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub displaces: Option<Vec<ShiftView>>,
}

impl OverrideView {
    /// The override of a rotation.
    pub fn of(rota: &impl RotationLookup, rotation: &Rotation, one: &Override) -> Self {
        Self {
            id: one.id.to_string(),
            rotation_id: rotation.id.to_string(),
            start: one.interval.start(),
            end: one.interval.end(),
            person: one
                .person
                .map(|id| PersonRef::of(rota, id, one.interval.start())),
            reason: one.reason.clone(),
            swap_id: one.swap.map(|id| id.to_string()),
            created_by: one.created_by.map(|id| id.to_string()),
            created_at: one.created_at,
            cancelled_at: one.cancelled_at,
            cancelled_by: one.cancelled_by.map(|id| id.to_string()),
            version: one.version(),
            displaces: None,
        }
    }
}
