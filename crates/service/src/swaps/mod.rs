//! Swaps: opening them, and answering them. What an answer does is decided by [`crate::domain::swaps`].

mod absence;
mod commands;
mod cover;
mod leave;
mod links;
mod mails;
mod open;
mod presence;
mod view;

pub use absence::{CoversView, NewCovers, cover_absence};
pub use commands::{Answer, NewSwap, Part, TimeInput};
pub(super) use cover::{ask_for_cover, cover_offered};
pub(super) use leave::{give_back, leave};
pub(super) use links::{follow, offered};
pub use open::open;
pub(super) use open::{check_named, read_named};
pub use presence::{EndedCovers, no_longer_away};
pub use view::{SwapView, TakenView, TimeView};

use chrono::TimeDelta;

use super::locked_rotation::{LockedRotation, as_json, record_audit};
use super::{Error, ValidationErrors, access, input, overrides};
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, RotationId, SwapId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::preview::Preview;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::swaps::{Action, Decision, Offer, State, Swap, SwapError};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
pub use crate::storage::swaps::{Filter, state_of};
use crate::storage::{Db, Tx, swaps};

/// Answers a swap.
///
/// # Errors
///
/// [`Error::Invalid`] for a part that is none, [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] where the swap is not in a state for it, or some of the time is another's by now: nothing
/// is changed then.
pub fn answer(uow: &mut UnitOfWork<'_>, id: SwapId, answer: &Answer) -> Result<SwapView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let (locked_rotation, swap) = locked(uow, id, actor.person)?;
    let given = swap.terms.given();
    let (action, time) = match answer {
        Answer::Accept(part) => {
            let part = read_part(&swap, part, now)?;
            (Action::Accept(part), part.unwrap_or(given))
        }
        Answer::Decline => (Action::Decline, given),
        Answer::Withdraw => (Action::Withdraw, given),
        Answer::Undo => (Action::Undo, given),
    };
    let party = access::party(
        actor,
        &locked_rotation.team,
        time.ahead(now).unwrap_or(time),
    );
    let decided = swap.decide(&locked_rotation.timeline(), &party, action, now);
    // Who may not do it at all is not told about its version.
    if !matches!(decided, Err(SwapError::NotAllowed(_))) {
        uow.check_version(swap.version)?;
    }
    let decision = decided.map_err(|refusal| refused(refusal, "/start"))?;
    carry_out(uow, &locked_rotation, &swap, &decision, answer.action())
}

/// The rotation of a swap as it is, before the change is rehearsed.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such swap.
pub fn before(tx: &mut Tx<'_>, id: SwapId) -> Result<LockedRotation, Error> {
    locked(tx, id, None).map(|(locked_rotation, _)| locked_rotation)
}

/// The swap, and its rotation, locked, with everybody whom it names, and whoever acts.
fn locked(
    tx: &mut Tx<'_>,
    id: SwapId,
    actor: Option<PersonId>,
) -> Result<(LockedRotation, Swap), Error> {
    let missing = || Error::NotFound("swap");
    let known = swaps::find(tx.db(), id)?.ok_or_else(missing)?;
    let mut people = named(&known);
    people.extend(actor);
    let locked_rotation = LockedRotation::of(tx, known.rotation, &people)?;
    // Before the lock somebody else may have answered it.
    let swap = swaps::find(tx.db(), id)?.ok_or_else(missing)?;
    Ok((locked_rotation, swap))
}

/// A swap as the transaction sees it.
fn view_of(uow: &mut UnitOfWork<'_>, id: SwapId) -> Result<SwapView, Error> {
    let now = uow.now;
    let (locked_rotation, swap) = locked(uow, id, None)?;
    Ok(SwapView::of(
        &locked_rotation.snapshot,
        &locked_rotation.timeline(),
        &swap,
        now,
    ))
}

/// Everybody whom a swap names.
fn named(swap: &Swap) -> Vec<PersonId> {
    let offered = match &swap.offer {
        Offer::Team => &[],
        Offer::People(people) => people.as_slice(),
    };
    let sides = [Some(swap.giver), swap.opened_by];
    sides
        .into_iter()
        .flatten()
        .chain(offered.iter().copied())
        .collect()
}

fn read_part(swap: &Swap, part: &Part, now: Timestamp) -> Result<Option<Interval>, Error> {
    if part.start.is_none() && part.end.is_none() {
        return Ok(None);
    }
    let given = swap.terms.given();
    let mut errors = ValidationErrors::new();
    let read = |text: &str| input::bounded(text, now);
    let start = errors.check_some("/start", part.start.as_deref(), read);
    let end = errors.check_some("/end", part.end.as_deref(), read);
    let bounds = start
        .zip(end)
        .map(|(start, end)| (start.unwrap_or(given.start()), end.unwrap_or(given.end())));
    let interval = bounds.and_then(|(start, end)| Interval::new(start, end));
    if bounds.is_some() && interval.is_none() {
        errors.add("/end", "must lie after the start");
    }
    errors.finish_with(interval).map(Some)
}

/// A refusal in words; `pointer` is the member of the request that says from when to when.
fn refused(refusal: SwapError, pointer: &str) -> Error {
    match refusal {
        SwapError::NotAllowed(why) => Error::forbidden(why),
        SwapError::Outside | SwapError::Whole | SwapError::TooLate => {
            Error::invalid(pointer, refusal.to_string())
        }
        SwapError::Overlap => Error::invalid("/in_return", refusal.to_string()),
        SwapError::NotOpen(_)
        | SwapError::NothingTaken
        | SwapError::Begun
        | SwapError::DeclinedAlready
        | SwapError::NotTheirs(_)
        | SwapError::Taken => Error::conflict(refusal.to_string()),
    }
}

/// Does what was decided, and notes it.
fn carry_out(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    swap: &Swap,
    decision: &Decision,
    action: AuditAction,
) -> Result<SwapView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    for (interval, person) in &decision.made {
        let known = locked_rotation.snapshot.person(*person);
        if known.is_none_or(|one| !one.active_at(interval.end() - TimeDelta::seconds(1))) {
            return Err(Error::conflict(
                "whoever takes over is deactivated before the end of it",
            ));
        }
        overrides::add(
            uow,
            locked_rotation,
            *interval,
            Some(*person),
            None,
            Some(swap.id),
        )?;
    }
    for id in &decision.cancelled {
        overrides::end(uow, locked_rotation, *id, now)?;
    }
    let mut after = Swap {
        state: decision.state,
        decided_at: Some(now),
        version: swap.version + 1,
        ..swap.clone()
    };
    after.declined.extend(decision.declined);
    swaps::decide(uow.db(), &after, decision.declined, now)?;
    let before = SwapView::of(
        &locked_rotation.snapshot,
        &locked_rotation.timeline(),
        swap,
        now,
    );
    let mut people = named(swap);
    people.extend(actor.person);
    let was = locked_rotation;
    let locked_rotation = LockedRotation::of(uow, swap.rotation, &people)?;
    let mails = mails::Mails::of(&locked_rotation, &after, actor, now);
    mails.tell(uow, swap.state_at(now), decision, &was.overrides)?;
    let view = SwapView::of(
        &locked_rotation.snapshot,
        &locked_rotation.timeline(),
        &after,
        now,
    );
    let deed = AuditEvent {
        action,
        kind: "swap",
        id: swap.id.to_string(),
        before: as_json(before)?,
        after: as_json(&view)?,
    };
    record_audit(uow, deed)?;
    Ok(view)
}

/// Ends the open swaps of a rotation that is archived from `at` on, as far as they reach beyond that.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn expire(uow: &mut UnitOfWork<'_>, rotation: RotationId, at: Timestamp) -> Result<(), Error> {
    let now = uow.now;
    let open = swaps::open(uow.db(), Some(rotation), None, now)?;
    let locked_rotation = LockedRotation::of(uow, rotation, &[])?;
    for swap in open.iter().filter(|swap| swap.terms.ends_at() > at) {
        let expired = Decision {
            state: State::Expired,
            made: Vec::new(),
            cancelled: Vec::new(),
            declined: None,
        };
        carry_out(
            uow,
            &locked_rotation,
            swap,
            &expired,
            AuditAction::SwapExpire,
        )?;
    }
    Ok(())
}

/// The swaps that a change of their rotation touches: those that can be taken or were, where somebody gains or
/// loses some of their time, and those that it decides.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn touched(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    timeline: &Timeline,
    change: &Preview,
) -> Result<Vec<SwapView>, Error> {
    let now = uow.now;
    let others: Vec<Interval> = change
        .changes
        .iter()
        .flat_map(|one| one.gains.iter().chain(&one.loses))
        .map(|shift| shift.interval)
        .collect();
    let moves = |swap: &Swap| {
        let terms = [Some(swap.terms.given()), swap.terms.returned()];
        let mut times = terms.into_iter().flatten();
        times.any(|time| others.iter().any(|other| other.overlaps(&time)))
    };
    let stands = |swap: &Swap| {
        swap.state_at(now) == State::Open || swap.taken(timeline.overrides()).next().is_some()
    };
    let all = swaps::standing(uow.db(), locked_rotation.rotation.id, now)?;
    let touched = all
        .iter()
        .filter(|swap| swap.decided_at == Some(now) || stands(swap) && moves(swap));
    Ok(touched
        .map(|swap| SwapView::of(&locked_rotation.snapshot, timeline, swap, now))
        .collect())
}

/// The swap of this id.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none.
pub fn find(
    db: &mut Db,
    snapshot: &Snapshot,
    id: SwapId,
    now: Timestamp,
) -> Result<SwapView, Error> {
    let swap = swaps::find(db, id)?.ok_or(Error::NotFound("swap"))?;
    view(snapshot, &swap, now).ok_or(Error::NotFound("swap"))
}

/// Swaps, in the order in which they were opened.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn list(
    db: &mut Db,
    snapshot: &Snapshot,
    filter: &Filter,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<SwapView>, Error> {
    let all = swaps::list(db, filter, limit)?;
    Ok(all
        .iter()
        .filter_map(|swap| view(snapshot, swap, now))
        .collect())
}

/// A swap as it is shown; `None` where the roster does not know its rotation (yet).
fn view(snapshot: &Snapshot, swap: &Swap, now: Timestamp) -> Option<SwapView> {
    let timeline = snapshot.timeline(swap.rotation)?;
    Some(SwapView::of(snapshot, timeline, swap, now))
}
