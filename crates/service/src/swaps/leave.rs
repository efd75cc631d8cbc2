//! The swaps of somebody who leaves.

use super::{SwapView, carry_out, locked};
use crate::Error;
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, SwapId, TeamId};
use crate::domain::swaps::{Action, Offer, Party, State};
use crate::domain::time::interval::Timestamp;
use crate::storage::swaps;
use crate::storage::swaps::Filter;

/// Ends what is open of the swaps of somebody who is gone from `at` on, from a team or from everywhere: what they ask
/// for is withdrawn, what they are asked for is declined.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn leave(
    uow: &mut UnitOfWork<'_>,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
) -> Result<(), Error> {
    let now = uow.now;
    let filter = Filter {
        state: Some((State::Open, now)),
        team,
        ..Filter::default()
    };
    for swap in swaps::list(uow.db(), &filter, i64::MAX)? {
        let is_asked = matches!(&swap.offer, Offer::People(people) if people.contains(&person));
        let answer = if swap.giver == person {
            Some((Action::Withdraw, AuditAction::SwapWithdraw))
        } else {
            is_asked.then_some((Action::Decline, AuditAction::SwapDecline))
        };
        if let Some((action, name)) = answer.filter(|_| swap.terms.ends_at() > at) {
            act_for(uow, swap.id, person, action, name)?;
        }
    }
    Ok(())
}

/// Undoes, in the name of somebody who leaves, what they took by a swap; `false` where it cannot be undone any more.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such swap.
pub fn give_back(uow: &mut UnitOfWork<'_>, swap: SwapId, person: PersonId) -> Result<bool, Error> {
    let undone = act_for(uow, swap, person, Action::Undo, AuditAction::SwapUndo)?;
    Ok(undone.is_some())
}

/// Does something in the name of one side, if it can be done.
pub(super) fn act_for(
    uow: &mut UnitOfWork<'_>,
    id: SwapId,
    person: PersonId,
    action: Action,
    name: AuditAction,
) -> Result<Option<SwapView>, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let (locked_rotation, swap) = locked(uow, id, actor.person)?;
    let party = Party {
        person: Some(person),
        in_team: false,
        manages: false,
        administrates: false,
    };
    let Ok(decision) = swap.decide(&locked_rotation.timeline(), &party, action, now) else {
        return Ok(None);
    };
    carry_out(uow, &locked_rotation, &swap, &decision, name).map(Some)
}
