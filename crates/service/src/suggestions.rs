//! Who could take an interval of a rotation, and why: as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::Error;
use super::views::{HolidayView, PersonRef, Span};
use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::swaps::suggestion::{Colleagues, Suggestion};
use crate::domain::time::interval::Interval;
use crate::snapshot::Snapshot;

/// So many other duties of somebody are shown, and so many said in words.
const MOST_BUSY: usize = 20;
const MOST_REASONS: usize = 5;

/// Somebody who could take an interval, and what speaks for and against it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestionView {
    /// Who.
    pub person: PersonRef,
    /// Why, in words: what counts most comes first.
    pub reasons: Vec<String>,
    /// Seconds of the interval in which they are away.
    pub away_seconds: i64,
    /// Their other duties in it, each cut to it: the first 20.
    pub busy: Vec<BusyView>,
    /// How many other duties they have in it.
    pub busy_total: usize,
    /// Seconds of it in which they are at work.
    pub working_seconds: i64,
    /// Public holidays in it that count as not working for them.
    pub holidays: Vec<HolidayView>,
    /// Seconds on duty in the eight weeks before it, over all rotations.
    pub load_before_seconds: i64,
    /// Seconds on duty in the eight weeks after it, over all rotations.
    pub load_after_seconds: i64,
    /// Seconds of this rotation that others did for them in the year before, beyond what they did for others;
    /// negative where others owe them.
    pub owed_seconds: i64,
}

/// A duty that somebody has already.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BusyView {
    /// The rotation.
    pub rotation_id: String,
    /// From when to when.
    #[serde(flatten)]
    pub span: Span,
}

/// Everybody with their duties, to look for suggestions again and again.
#[must_use]
pub fn colleagues(snapshot: &Snapshot) -> Colleagues<'_> {
    Colleagues::new(snapshot.people(), snapshot.timelines().map(AsRef::as_ref))
}

/// Who could take `interval` of a rotation, best first.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such rotation.
pub fn of_rotation(
    snapshot: &Snapshot,
    rotation: RotationId,
    interval: Interval,
) -> Result<Vec<SuggestionView>, Error> {
    let timeline = snapshot
        .timeline(rotation)
        .ok_or(Error::NotFound("rotation"))?;
    let team = snapshot
        .team(timeline.rotation().team)
        .ok_or(Error::NotFound("team"))?;
    let found = colleagues(snapshot).suggest(timeline, team, interval);
    Ok(found
        .iter()
        .map(|one| SuggestionView::of(snapshot, one, interval))
        .collect())
}

impl SuggestionView {
    /// The suggestion for `interval`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, one: &Suggestion, interval: Interval) -> Self {
        Self {
            person: PersonRef::of(snapshot, one.person, interval.start()),
            reasons: reasons(snapshot, one, interval),
            away_seconds: one.away_seconds,
            busy: one
                .busy
                .iter()
                .take(MOST_BUSY)
                .map(|(rotation, busy)| BusyView {
                    rotation_id: rotation.to_string(),
                    span: Span::from(*busy),
                })
                .collect(),
            busy_total: one.busy.len(),
            working_seconds: one.working_seconds,
            holidays: one.holidays.iter().map(HolidayView::from).collect(),
            load_before_seconds: one.load_before,
            load_after_seconds: one.load_after,
            owed_seconds: one.owed_seconds,
        }
    }
}

fn reasons(snapshot: &Snapshot, one: &Suggestion, interval: Interval) -> Vec<String> {
    let whole = interval.seconds();
    let part = |seconds: i64| {
        if seconds == whole {
            "all of it".to_owned()
        } else {
            format!("{} of it", length(seconds))
        }
    };
    let mut reasons = Vec::new();
    if one.away_seconds > 0 {
        reasons.push(format!("away for {}", part(one.away_seconds)));
    }
    for (rotation, busy) in one.busy.iter().take(MOST_REASONS) {
        let name = snapshot
            .timeline(*rotation)
            .map_or("another rotation", |other| other.rotation().name.as_str());
        let seconds = busy.seconds();
        reasons.push(format!("on duty in {name} for {}", part(seconds)));
    }
    let more = one.busy.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        reasons.push(format!("on duty {more} more times in it"));
    }
    reasons.push(match one.working_seconds {
        0 => "not at work in it".to_owned(),
        seconds => format!("at work for {}", part(seconds)),
    });
    for day in &one.holidays {
        let (name, date) = (day.holiday.name, day.holiday.date);
        reasons.push(format!("has a public holiday: {name}, {date}"));
    }
    reasons.push(match (one.load_before, one.load_after) {
        (0, 0) => "no duty in the eight weeks before and after".to_owned(),
        (before, after) => format!(
            "on duty for {} in the eight weeks before, {} in the eight after",
            length(before),
            length(after)
        ),
    });
    match one.owed_seconds {
        0 => {}
        owed if owed > 0 => reasons.push(format!("owes covers of {}", length(owed))),
        done => reasons.push(format!("has done covers of {} for others", length(-done))),
    }
    reasons
}

/// `1 h 30 min`; minutes only where there are some, seconds never.
fn length(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (hours, 0) => format!("{hours} h"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
