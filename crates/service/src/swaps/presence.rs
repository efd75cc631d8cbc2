//! The covers of an absence that has ended, or never comes.

use serde::Serialize;
use utoipa::ToSchema;

use super::leave::act_for;
use super::{SwapView, view_of};
use crate::Error;
use crate::UnitOfWork;
use crate::domain::access::audit::AuditAction;
use crate::domain::people::person::Person;
use crate::domain::swaps::{Action, State, Swap, Terms};
use crate::domain::time::interval::{Interval, IntervalSet};
use crate::preview::MOST_LISTED;
use crate::storage::swaps;
use crate::storage::swaps::Filter;

/// What became of the covers that were asked for while somebody would be away.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct EndedCovers {
    /// Nobody is asked any longer.
    pub withdrawn: Vec<SwapView>,
    /// Somebody has taken some of it that is not over, and keeps it, unless that is undone.
    pub taken: Vec<SwapView>,
    /// How many were withdrawn: the lists have the first 200.
    pub withdrawn_total: usize,
    /// How many were taken.
    pub taken_total: usize,
    /// A list is shorter than its total.
    pub truncated: bool,
}

impl EndedCovers {
    /// The same with lists of at most [`MOST_LISTED`] elements.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        (self.withdrawn_total, self.taken_total) = (self.withdrawn.len(), self.taken.len());
        self.withdrawn.truncate(MOST_LISTED);
        self.taken.truncate(MOST_LISTED);
        self.truncated =
            self.withdrawn.len() < self.withdrawn_total || self.taken.len() < self.taken_total;
        self
    }
}

/// Withdraws the covers that somebody asks for in time off which is none any more: those of which all lies in `off`, and
/// nothing that is ahead in other time off of theirs. What of them was taken stays, and is told.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn no_longer_away(
    uow: &mut UnitOfWork<'_>,
    person: &Person,
    off: Interval,
) -> Result<EndedCovers, Error> {
    let now = uow.now;
    let away = person.away(now);
    let is_away = |time: Interval| !IntervalSet::from_iter([time]).intersect(&away).is_empty();
    let was_for_it = |swap: &Swap| {
        swap.giver == person.id
            && matches!(swap.terms, Terms::Cover(given) if off.intersect(&given) == Some(given))
    };
    let mut found = EndedCovers::default();
    for state in [State::Open, State::Accepted] {
        let filter = Filter {
            state: Some((state, now)),
            person: Some((person.id, now)),
            ..Filter::default()
        };
        let all = swaps::list(uow.db(), &filter, i64::MAX)?;
        for swap in all.iter().filter(|swap| was_for_it(swap)) {
            let ahead = swap.terms.given().ahead(now);
            let is_vain = state == State::Open && ahead.is_some_and(|ahead| !is_away(ahead));
            let withdrawn = if is_vain {
                act_for(
                    uow,
                    swap.id,
                    person.id,
                    Action::Withdraw,
                    AuditAction::SwapWithdraw,
                )?
            } else {
                None
            };
            let view = match &withdrawn {
                Some(view) => view.clone(),
                None => view_of(uow, swap.id)?,
            };
            let mut pieces = view
                .taken
                .iter()
                .filter_map(|one| Interval::new(one.start, one.end));
            if pieces.any(|piece| piece.ahead(now).is_some_and(|ahead| !is_away(ahead))) {
                found.taken.push(view);
            }
            found.withdrawn.extend(withdrawn);
        }
    }
    Ok(found)
}
