//! iCalendar out (RFC 5545, RFC 7986): feeds of final shifts.
//!
//! Shifts are single events with UTC instants, so that every client shows the true instant whatever
//! the age of its zone data. Nothing depends on when the feed is asked for but the window, which is
//! aligned to whole days: the body, and so its entity tag, changes with the data only.

use chrono::{DateTime, TimeDelta};
use icalendar::{Calendar, CalendarDateTime, Component as _, Event, EventLike as _, Property};

use crate::domain::feed::Scope;
use crate::domain::ids::PersonId;
use crate::domain::interval::{Instant, Interval};
use crate::domain::timeline::{Cause, Layer, Shift, Timeline};
use crate::roster::Roster;

/// How far back feeds reach, in days.
const PAST: i64 = 60;

/// How far ahead, for one person and for larger scopes.
const AHEAD_OF_ONE: i64 = 365;
const AHEAD_OF_MANY: i64 = 180;

/// A feed's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The iCalendar object.
    pub body: String,
    /// When the newest of what it shows was recorded.
    pub last_modified: Option<Instant>,
}

/// The final shifts of a scope as a calendar.
#[must_use]
pub fn feed(roster: &Roster, scope: Scope, now: Instant) -> Feed {
    let midnight = now.timestamp() - now.timestamp().rem_euclid(86_400);
    let today = DateTime::from_timestamp(midnight, 0).unwrap_or(now);
    let ahead = if matches!(scope, Scope::Person(_)) {
        AHEAD_OF_ONE
    } else {
        AHEAD_OF_MANY
    };
    let window = Interval::new(
        today - TimeDelta::days(PAST),
        today + TimeDelta::days(ahead),
    );
    let mut calendar = head(&name(roster, scope));
    let mut last_modified = None;
    for timeline in roster
        .timelines()
        .filter(|timeline| shows(roster, scope, timeline))
    {
        let shifts = window
            .map(|window| timeline.shifts(Layer::Final, window))
            .unwrap_or_default();
        for shift in shifts.iter().filter(|shift| is_of(scope, shift.person)) {
            let changed = changed_at(timeline, shift);
            last_modified = last_modified.max(Some(changed));
            calendar.push(event(roster, scope, timeline, shift, changed));
        }
    }
    Feed {
        body: calendar.to_string(),
        last_modified,
    }
}

fn shows(roster: &Roster, scope: Scope, timeline: &Timeline) -> bool {
    let rotation = timeline.rotation();
    match scope {
        Scope::Person(_) | Scope::All => roster.team(rotation.team).is_some(),
        Scope::Rotation(id) => rotation.id == id,
        Scope::Team(team) => rotation.team == team,
    }
}

fn is_of(scope: Scope, person: PersonId) -> bool {
    !matches!(scope, Scope::Person(only) if only != person)
}

/// What the calendar is called.
#[must_use]
pub fn name(roster: &Roster, scope: Scope) -> String {
    match scope {
        Scope::Person(id) => {
            let name = roster
                .people()
                .get(&id)
                .map(|person| person.name.clone())
                .unwrap_or_default();
            format!("{name} on duty")
        }
        Scope::Rotation(id) => roster
            .timeline_of(id)
            .map(|timeline| label(roster, timeline))
            .unwrap_or_default(),
        Scope::Team(id) => roster
            .team(id)
            .map(|team| format!("{} on duty", team.name))
            .unwrap_or_default(),
        Scope::All => "Everybody on duty".to_owned(),
    }
}

/// `Support Hero · Feature Flags`.
fn label(roster: &Roster, timeline: &Timeline) -> String {
    let rotation = timeline.rotation();
    let team = roster
        .team(rotation.team)
        .map(|team| team.name.as_str())
        .unwrap_or_default();
    format!("{} · {team}", rotation.title)
}

fn head(name: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    // The library escapes texts that RFC 5545 has, and not this one of RFC 7986.
    let escaped = name
        .replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,");
    let refresh = Property::new("REFRESH-INTERVAL", "PT1H")
        .add_parameter("VALUE", "DURATION")
        .done();
    calendar
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//Dogwatch//Dogwatch//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("NAME", escaped.as_str()))
        .append_property(("X-WR-CALNAME", name))
        .append_property(("X-WR-TIMEZONE", "UTC"))
        .append_property(refresh)
        .append_property(("X-PUBLISHED-TTL", "PT1H"))
        .append_property(("COLOR", "teal"));
    calendar
}

fn event(
    roster: &Roster,
    scope: Scope,
    timeline: &Timeline,
    shift: &Shift,
    changed: Instant,
) -> Event {
    let name = |id: &PersonId| {
        roster
            .people()
            .get(id)
            .map(|person| person.name.clone())
            .unwrap_or_default()
    };
    let label = label(roster, timeline);
    let summary = match scope {
        Scope::Person(_) => label,
        _ => format!("{label}: {}", name(&shift.person)),
    };
    let mut event = Event::new();
    event
        .uid(&uid(timeline, shift))
        .timestamp(changed)
        .last_modified(changed)
        .summary(&summary)
        .description(&cause(roster, timeline, shift))
        .starts(CalendarDateTime::Utc(shift.interval.start()))
        .ends(CalendarDateTime::Utc(
            shift
                .interval
                .end()
                .min(shift.interval.start() + TimeDelta::days(400)),
        ))
        .add_property("TRANSP", "TRANSPARENT")
        .add_property("X-MICROSOFT-CDO-BUSYSTATUS", "FREE");
    event.done()
}

/// Why the shift is theirs, for people.
fn cause(roster: &Roster, timeline: &Timeline, shift: &Shift) -> String {
    let rotation = &timeline.rotation().name;
    match shift.cause {
        Cause::Turn { .. } => rotation.clone(),
        Cause::Override { id, .. } => {
            let mut covered: Vec<String> = timeline
                .shifts(Layer::Base, shift.interval)
                .iter()
                .filter_map(|base| {
                    roster
                        .people()
                        .get(&base.person)
                        .map(|person| person.name.clone())
                })
                .collect();
            covered.dedup();
            let reason = timeline
                .overrides()
                .iter()
                .find(|one| one.id == id)
                .and_then(|one| one.reason.clone());
            let what = if covered.is_empty() {
                "an override".to_owned()
            } else {
                format!("covers for {}", covered.join(", "))
            };
            let why = reason
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            format!("{rotation}: {what}{why}")
        }
    }
}

/// From the rotation, the turn's nominal start or the override, and the number of the segment
/// within it; never from the person or the present start or end.
fn uid(timeline: &Timeline, shift: &Shift) -> String {
    let (key, began) = match shift.cause {
        Cause::Turn { began } => (began.format("%Y%m%dT%H%M%SZ").to_string(), began),
        Cause::Override { id, .. } => {
            let made = timeline.overrides().iter().find(|one| one.id == id);
            (
                id.to_string(),
                made.map_or(shift.interval.start(), |one| one.interval.start()),
            )
        }
    };
    let earlier = Interval::new(began.min(shift.interval.start()), shift.interval.start());
    let segment = earlier
        .map(|earlier| timeline.shifts(Layer::Final, earlier))
        .unwrap_or_default()
        .iter()
        .filter(|other| {
            other.cause == shift.cause && other.interval.start() < shift.interval.start()
        })
        .count();
    let suffix = if segment == 0 {
        String::new()
    } else {
        format!("-{segment}")
    };
    format!("{}-{key}{suffix}@dogwatch", timeline.rotation().id)
}

/// When the newest of what made the shift what it is was recorded.
fn changed_at(timeline: &Timeline, shift: &Shift) -> Instant {
    let near = Interval::new(
        shift.interval.start() - TimeDelta::seconds(1),
        shift
            .interval
            .end()
            .min(shift.interval.start() + TimeDelta::days(400))
            + TimeDelta::seconds(1),
    );
    let rules = timeline
        .rotation()
        .revisions
        .iter()
        .filter(|one| one.effective_from < shift.interval.end());
    let recorded = rules.map(|one| one.recorded_at).max();
    let covers = timeline
        .overrides()
        .iter()
        .filter(|one| near.is_some_and(|near| one.interval.overlaps(&near)));
    let covered = covers
        .map(|one| {
            one.created_at
                .max(one.cancelled_at.unwrap_or(one.created_at))
        })
        .max();
    recorded.max(covered).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_says_what_it_is() {
        let body = feed(&Roster::default(), Scope::All, DateTime::UNIX_EPOCH).body;
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "X-WR-CALNAME:Everybody on duty",
            "END:VCALENDAR",
        ] {
            assert!(
                body.split("\r\n").any(|found| found == line),
                "{line} in {body}"
            );
        }
        assert!(body.contains("REFRESH-INTERVAL;VALUE=DURATION:PT1H"));
    }

    #[test]
    fn names_are_escaped_once() {
        let calendar = head("a, b; c\\d").to_string();
        for name in ["X-WR-CALNAME", "NAME"] {
            assert!(
                calendar.contains(&format!("\r\n{name}:a\\, b\\; c\\\\d\r\n")),
                "{name}: {calendar}"
            );
        }
    }
}
