//! What somebody has on duty, over all rotations.

use super::PageContext;
use super::duty_summary::runs;
use super::rotation::Line;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::clash::clashes;
use crate::domain::schedule::timeline::{Layer, Shift};
use crate::domain::time::interval::Interval;

/// A shift of somebody, and of what.
pub struct Duty {
    /// The rotation.
    pub rotation: RotationId,
    /// What it is called.
    pub name: String,
    /// What the role is called.
    pub title: String,
    /// The team's name.
    pub team: String,
    /// The shift itself.
    pub shift: Shift,
    /// The same, in a line.
    pub line: Line,
    /// The first time in it at which they are away.
    pub away: Option<Interval>,
}

/// The duties of a person that meet `window`, in order.
pub fn of(page: &PageContext, person: PersonId, window: Interval) -> Vec<Duty> {
    let mut found = Vec::new();
    let running = page.snapshot.timelines().filter(|one| runs(one, page.now));
    for timeline in running.filter(|one| one.names(person)) {
        let rotation = timeline.rotation();
        let shifts = timeline.shifts(Layer::Final, window).into_iter();
        found.extend(shifts.filter(|shift| shift.person == person).map(|shift| {
            let away = clashes(rotation.id, &[shift], page.snapshot.people());
            Duty {
                rotation: rotation.id,
                name: rotation.name.clone(),
                title: rotation.title.clone(),
                team: page.team_name(rotation.team).to_owned(),
                line: Line::of(timeline, &shift),
                away: away.first().map(|clash| clash.overlap),
                shift,
            }
        }));
    }
    found.sort_by_key(|duty| duty.shift.interval.start());
    found
}
