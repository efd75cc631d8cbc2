//! What a new revision begins with: when it takes effect, and who is first.

use super::ordered::Order;
use super::{Plan, Revision, Rotation};
use crate::ids::PersonId;
use crate::time::interval::Timestamp;

/// When a revision takes effect that does not say: at the supplied first handoff where that lies
/// ahead, else at the next handoff, else now; so nobody's running turn is cut.
#[must_use]
pub fn default_effective_from(
    rotation: &Rotation,
    supplied: Option<Timestamp>,
    now: Timestamp,
) -> Timestamp {
    supplied
        .filter(|start| *start > now)
        .or_else(|| next_handoff(rotation, now))
        .unwrap_or(now)
}

/// The first handoff after `now` by the newest revision, where it is ordered and goes on.
fn next_handoff(rotation: &Rotation, now: Timestamp) -> Option<Timestamp> {
    let newest = rotation.newest();
    let Plan::Ordered { handoff, .. } = &newest.plan else {
        return None;
    };
    let next = handoff.count_through(now.max(newest.effective_from));
    handoff
        .turn(next)
        .or_else(|| handoff.turn(next.checked_sub(1)?))
        .and_then(|turn| {
            if turn.start() > now {
                Some(turn.start())
            } else {
                Some(turn.end()).filter(|end| *end > now)
            }
        })
}

/// Index in `order` of the person of turn 0 of a revision that takes effect at `at`, by what the
/// revision before it says, `old` (uncut by duty hours):
///
/// - in mid-turn its person stays on;
/// - where a turn ends, or the last one has ended, the person after its holder;
/// - where the holder is not in the new order, the next one of the old order who is.
#[must_use]
pub fn first_of(old: &Revision, order: &[PersonId], at: Timestamp) -> usize {
    let Some(turns) = Order::of(old) else {
        return 0;
    };
    let (holder, stays) = holder_at(&turns, at);
    let position = turns.position(holder);
    if let Some(same) = old
        .order
        .get(position)
        .and_then(|_| matching(&old.order, position, order))
    {
        return if stays {
            same
        } else {
            (same + 1) % order.len().max(1)
        };
    }
    let mut after = (1..old.order.len()).map(|step| (position + step) % old.order.len());
    after
        .find_map(|next| matching(&old.order, next, order))
        .unwrap_or(0)
}

/// The handoff of the turn that counts at `at`, and whether it goes on beyond `at`.
fn holder_at(turns: &Order<'_>, at: Timestamp) -> (usize, bool) {
    let last = turns
        .turns()
        .map_or(usize::MAX, |turns| turns.saturating_sub(1));
    let running = turns.handoff_before(at);
    if running > last {
        return (last, false);
    }
    match turns.turn(running) {
        Some(turn) if turn.end() <= at => (running, false),
        // A turn that begins just then is not in progress: the one before it ends there.
        Some(turn) if turn.start() == at && running > turns.zero() => (running - 1, false),
        _ => (running, true),
    }
}

/// Where in `new` the person at `position` of `old` stands: at the occurrence of the same ordinal,
/// or else their last.
fn matching(old: &[PersonId], position: usize, new: &[PersonId]) -> Option<usize> {
    if old == new {
        return Some(position);
    }
    let person = old.get(position)?;
    let ordinal = old
        .iter()
        .take(position)
        .filter(|other| *other == person)
        .count();
    let places: Vec<usize> = new
        .iter()
        .enumerate()
        .filter(|(_, other)| *other == person)
        .map(|(index, _)| index)
        .collect();
    places.get(ordinal).or(places.last()).copied()
}
