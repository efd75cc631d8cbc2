//! The swaps of somebody who leaves.

use super::{SwapView, carry_out, locked};
use crate::domain::ids::{PersonId, SwapId, TeamId};
use crate::domain::interval::Timestamp;
use crate::domain::swap::{Action, Offer, Party, State};
use crate::storage::swaps::Filter;
use crate::storage::{Tx, swaps};
use crate::{Actor, Error};

/// Ends what is open of the swaps of somebody who is gone from `at` on, from a team or from everywhere: what they ask
/// for is withdrawn, what they are asked for is declined.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn leave(
    tx: &mut Tx<'_>,
    actor: &Actor,
    person: PersonId,
    team: Option<TeamId>,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let filter = Filter {
        state: Some((State::Open, now)),
        team,
        ..Filter::default()
    };
    for swap in swaps::list(tx.db(), &filter, i64::MAX)? {
        let is_asked = matches!(&swap.offer, Offer::People(people) if people.contains(&person));
        let answer = if swap.giver == person {
            Some((Action::Withdraw, "swap.withdraw"))
        } else {
            is_asked.then_some((Action::Decline, "swap.decline"))
        };
        if let Some((action, name)) = answer.filter(|_| swap.terms.ends_at() > at) {
            act_for(tx, actor, swap.id, person, (action, name), now)?;
        }
    }
    Ok(())
}

/// Undoes, in the name of somebody who leaves, what they took by a swap; `false` where it cannot be undone any more.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such swap.
pub fn give_back(
    tx: &mut Tx<'_>,
    actor: &Actor,
    swap: SwapId,
    person: PersonId,
    now: Timestamp,
) -> Result<bool, Error> {
    let undone = act_for(tx, actor, swap, person, (Action::Undo, "swap.undo"), now)?;
    Ok(undone.is_some())
}

/// Does something in the name of one side, if it can be done.
pub(super) fn act_for(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: SwapId,
    person: PersonId,
    (action, name): (Action, &str),
    now: Timestamp,
) -> Result<Option<SwapView>, Error> {
    let (locked_rotation, swap) = locked(tx, id, actor.person)?;
    let party = Party {
        person: Some(person),
        in_team: false,
        manages: false,
        administrates: false,
    };
    let Ok(decision) = swap.decide(&locked_rotation.timeline(), &party, action, now) else {
        return Ok(None);
    };
    carry_out(tx, actor, &locked_rotation, &swap, &decision, name, now).map(Some)
}
