//! Clashes: a shift of somebody who is away.

use crate::ids::{PersonId, RotationId, TimeOffId};
use crate::people::person::People;
use crate::schedule::timeline::Shift;
use crate::time::interval::Interval;

/// A shift and a stretch of time off of the same person that overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// The rotation of the shift.
    pub rotation: RotationId,
    /// Whose.
    pub person: PersonId,
    /// The shift.
    pub shift: Shift,
    /// The time off.
    pub time_off: TimeOffId,
    /// What they share.
    pub overlap: Interval,
}

/// The clashes of `shifts` with all time off that is recorded, in order.
#[must_use]
pub fn clashes(rotation: RotationId, shifts: &[Shift], people: &People) -> Vec<Clash> {
    let mut found = Vec::new();
    for shift in shifts {
        let Some(person) = people.get(&shift.person) else {
            continue;
        };
        for off in &person.time_off {
            let overlap = off
                .known_at(crate::time::interval::FOREVER)
                .and_then(|off| off.intersect(&shift.interval));
            found.extend(overlap.map(|overlap| Clash {
                rotation,
                person: shift.person,
                shift: *shift,
                time_off: off.id,
                overlap,
            }));
        }
    }
    found
}
