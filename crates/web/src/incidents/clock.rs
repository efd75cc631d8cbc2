//! The candidates on a clock of the world: the next day from left to right, and who is at work when.

use chrono::{NaiveTime, TimeDelta, Timelike as _};

use crate::PageContext;
use crate::domain::incidents::candidates::Candidate;
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::parts::Who;
use crate::track::{Bar, Mark, Track};
use crate::when;

/// A little of what was is shown, too.
const BACK: TimeDelta = TimeDelta::hours(2);

/// So much is shown.
const LENGTH: TimeDelta = TimeDelta::hours(24);

/// So many candidates are shown.
const MOST: usize = 10;

/// Who could watch, when.
pub struct Clock {
    /// The hours, on the visitor's clock.
    pub hours: Vec<Mark>,
    /// Where now is.
    pub now: String,
    /// Candidates, best first.
    pub rows: Vec<Row>,
}

/// A candidate.
pub struct Row {
    /// Who.
    pub who: Who,
    /// What their clock shows, and where that is.
    pub local: String,
    /// Whether they are at work.
    pub is_there: bool,
    /// How long they have, or when they come.
    pub words: String,
    /// When they are at work.
    pub bars: Vec<Bar>,
}

impl Clock {
    /// Of these candidates; `None` where there are none.
    pub fn of(page: &PageContext, candidates: &[Candidate]) -> Option<Self> {
        let start = page.now - BACK;
        let track = Track(Interval::from_start_and_duration(start, LENGTH));
        let rows: Vec<Row> = candidates
            .iter()
            .take(MOST)
            .filter_map(|candidate| row(page, &track, candidate))
            .collect();
        (!rows.is_empty()).then(|| Self {
            hours: hours(&track, &page.zone),
            now: track.x(page.now),
            rows,
        })
    }
}

fn row(page: &PageContext, track: &Track, candidate: &Candidate) -> Option<Row> {
    let person = page.snapshot.person(candidate.person)?;
    let bars = person.availability(track.0, page.now);
    let bars = bars.as_slice().iter().filter_map(|span| {
        let clock = |at: Timestamp| when::short(&page.zone, at, page.now);
        let title = format!("at work {} to {}", clock(span.start()), clock(span.end()));
        track.persons_bar(*span, person.id, "", title)
    });
    Some(Row {
        who: page.who(&person.id),
        local: local(person, page.now),
        is_there: candidate.available_from.is_none(),
        words: words(page, candidate),
        bars: bars.collect(),
    })
}

/// `14:05 Madrid`.
fn local(person: &Person, now: Timestamp) -> String {
    let zone = person.zone(now);
    let clock = zone.to_local(now).format("%H:%M");
    let name = zone.name();
    let city = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
    format!("{clock} {city}")
}

/// How long a candidate has, or when they come and for how long.
pub fn words(page: &PageContext, candidate: &Candidate) -> String {
    let length = match candidate.available_until {
        Some(_) => when::span(TimeDelta::seconds(candidate.working_seconds_left)),
        None => "always at work".to_owned(),
    };
    match (candidate.available_from, candidate.available_until) {
        (Some(from), _) => format!("from {}: {length}", when::short(&page.zone, from, page.now)),
        (None, Some(_)) => format!("{length} left"),
        (None, None) => length,
    }
}

/// A mark at every third hour of the visitor's clock.
fn hours(track: &Track, zone: &Zone) -> Vec<Mark> {
    let first = zone
        .to_local(track.0.start())
        .date()
        .and_time(NaiveTime::MIN);
    (0..=48)
        .map(|hour| first + TimeDelta::hours(hour))
        .filter(|local| local.hour() % 3 == 0)
        .map(|local| (local, zone.to_instant(local)))
        .filter(|(_, at)| (track.0.start()..track.0.end()).contains(at))
        .map(|(local, at)| Mark {
            x: track.x(at),
            label: local.format("%H").to_string(),
        })
        .collect()
}
