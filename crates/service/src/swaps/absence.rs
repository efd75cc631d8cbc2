//! The covers of an absence: one call asks for all of them, over all rotations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SwapView;
use super::open::{add, check_named, new_swap, read_named};
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId, TimeOffId};
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::swaps::{LONGEST, Terms, stretches, time_of};
use crate::domain::time::interval::{Interval, IntervalSet, Timestamp};
use crate::locked_rotation::{LockedRotation, person_of};
use crate::preview::MOST_LISTED;
use crate::snapshot::Snapshot;
use crate::storage::{people, swaps};
use crate::{Actor, Error, ValidationErrors, access, values};

/// What to ask, for all of an absence.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewCovers {
    /// Ids of those to whom all of it is offered; by default each rotation's team.
    pub offered_to: Option<Vec<String>>,
    /// For those who are asked.
    pub note: Option<String>,
}

/// The swaps that were opened for an absence.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CoversView {
    /// One for each stretch of the person's time on duty: 200 at most.
    pub items: Vec<SwapView>,
    /// For how many stretches nobody was asked yet, since there are more: the same request again asks for those.
    pub remaining: usize,
}

/// Opens a cover for each stretch of time on duty that lies ahead in somebody's time off, unless it is asked for
/// already: all of them for the person and administrators, those of their teams for managers. `snapshot` says where to
/// look.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] where the time off is over.
pub fn cover_absence(
    uow: &mut UnitOfWork<'_>,
    snapshot: &Snapshot,
    id: TimeOffId,
    new: &NewCovers,
) -> Result<CoversView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let owner = people::of_time_off(uow.db(), id)?.ok_or(Error::NotFound("time off"))?;
    let person = person_of(uow, owner)?;
    let off = person.time_off.iter().find(|off| off.id == id);
    let off = off.ok_or(Error::NotFound("time off"))?;
    let ahead = off
        .known_at(now)
        .and_then(|off| ahead_of(off, now))
        .ok_or_else(|| Error::conflict("it is over already"))?;
    let rotations = theirs_to_ask(actor, snapshot, owner, ahead)?;
    let mut errors = ValidationErrors::new();
    let named = read_named(&mut errors, "/offered_to", new.offered_to.as_deref());
    let note = values::text(&mut errors, "/note", new.note.as_deref());
    let known = people::load(uow.db(), Some(&named))?;
    let find = |id: PersonId| known.iter().find(|person| person.id == id);
    check_named(
        &mut errors,
        "/offered_to",
        find,
        Some(owner),
        &named,
        Some(ahead.end()),
    );
    let note = errors.finish_with(note)?;
    let (mut items, mut remaining) = (Vec::new(), 0);
    for rotation in rotations {
        let mut also = named.clone();
        also.push(owner);
        let locked_rotation = LockedRotation::of(uow, rotation, &also)?;
        let timeline = locked_rotation.timeline();
        for piece in unasked(uow, &timeline, owner, ahead)? {
            // Each writes mails and a line of the audit log, in one transaction.
            if items.len() >= MOST_LISTED {
                remaining += 1;
                continue;
            }
            let swap = new_swap(
                uow,
                rotation,
                owner,
                Terms::Cover(piece),
                named.clone(),
                note.clone(),
            );
            items.push(add(uow, &locked_rotation, &timeline, &swap)?);
        }
    }
    Ok(CoversView { items, remaining })
}

/// What of an absence can be asked about now.
fn ahead_of(off: Interval, now: Timestamp) -> Option<Interval> {
    let start = off.start().max(now);
    Interval::new(start, off.end().min(start + LONGEST))
}

/// The rotations in which the person has a duty in that time, and for which the actor may ask, in the order of
/// their ids, in which everybody locks them.
fn theirs_to_ask(
    actor: &Actor,
    snapshot: &Snapshot,
    owner: PersonId,
    ahead: Interval,
) -> Result<Vec<RotationId>, Error> {
    let own = access::own_affairs(actor, owner);
    let manages = |timeline: &Timeline| {
        let team = snapshot.team(timeline.rotation().team);
        team.is_some_and(|team| access::manages(actor, team))
    };
    let on_duty = |timeline: &Timeline| {
        let shifts = timeline.shifts(Layer::Final, ahead);
        shifts.iter().any(|shift| shift.person == owner)
    };
    let found: Vec<RotationId> = snapshot
        .timelines()
        .filter(|timeline| (own.is_ok() || manages(timeline)) && on_duty(timeline))
        .map(|timeline| timeline.rotation().id)
        .collect();
    let is_of_their_team = || {
        let mut teams = snapshot.teams();
        teams.any(|team| access::manages(actor, team) && team.has(owner, actor.at))
    };
    match own {
        Err(refused) if found.is_empty() && !is_of_their_team() => Err(refused),
        _ => Ok(found),
    }
}

/// The person's stretches on duty for which nothing is open yet.
fn unasked(
    uow: &mut UnitOfWork<'_>,
    timeline: &Timeline,
    owner: PersonId,
    ahead: Interval,
) -> Result<Vec<Interval>, Error> {
    let now = uow.now;
    let open = swaps::open(uow.db(), Some(timeline.rotation().id), Some(owner), now)?;
    let asked: IntervalSet = open.iter().map(|swap| swap.terms.given()).collect();
    let mut pieces = Vec::new();
    for stretch in stretches(timeline, owner, ahead) {
        let whole: IntervalSet = std::iter::once(stretch).collect();
        let rest = whole.subtract(&asked);
        let on_duty = |piece: &&Interval| !time_of(timeline, owner, **piece).is_empty();
        pieces.extend(rest.as_slice().iter().filter(on_duty));
    }
    Ok(pieces)
}
