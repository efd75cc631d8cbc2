//! `swap.accepted`: somebody has taken what was offered, or a part of it.

use super::swap_page;
use crate::domain::access::link::{Step, SwapStep};
use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, Entry, Offer, short};
use crate::domain::swaps::{State, Swap};
use crate::domain::time::interval::Interval;
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What was taken, by whom.
pub struct Taken {
    /// Who took it.
    by: PersonId,
    first: Interval,
    /// What the giver gave.
    pub given: Vec<Interval>,
    /// What the giver takes in return.
    pub returned: Vec<Interval>,
}

impl Taken {
    /// Of the overrides that were made, each with who has the duty by it; `None` where nothing was given.
    pub fn of(made: &[(Interval, PersonId)], giver: PersonId) -> Option<Self> {
        let times = |to_giver: bool| {
            let times = made
                .iter()
                .filter(move |(_, to)| (*to == giver) == to_giver);
            times.map(|(time, _)| *time).collect::<Vec<_>>()
        };
        let (first, by) = *made.iter().find(|(_, to)| *to != giver)?;
        Some(Self {
            by,
            first,
            given: times(false),
            returned: times(true),
        })
    }

    /// From the start to the end of what was given.
    pub fn hull_given(&self) -> Interval {
        let all = self.given.iter();
        all.fold(self.first, |hull, time| hull.hull(time))
    }
}

/// What it says to `to`, whose calendar changes by `entries`.
pub fn text(
    notifier: &ChangeNotifier<'_>,
    swap: &Swap,
    taken: &Taken,
    (to, entries): (PersonId, Vec<Entry>),
    zone: &Zone,
) -> MessageText {
    let (role, by) = (notifier.role(), notifier.name(Some(taken.by)));
    let from = if to == swap.giver {
        "you"
    } else {
        notifier.name(Some(swap.giver))
    };
    let mut blocks = vec![Block::Text(format!(
        "{by} takes over from {from} as {role}:"
    ))];
    blocks.extend(taken.given.iter().map(|time| Block::span(*time, zone)));
    if !taken.returned.is_empty() {
        blocks.push(Block::Text(
            "In return it is the other way round:".to_owned(),
        ));
        blocks.extend(taken.returned.iter().map(|time| Block::span(*time, zone)));
    }
    if swap.state == State::Open {
        blocks.push(Block::Text("The rest is still open.".to_owned()));
    }
    blocks.extend(undo(notifier, swap, taken));
    blocks.push(swap_page(swap));
    let when = short(taken.first.start(), zone);
    MessageText {
        subject: format!("{by} takes over {role} from {when}"),
        blocks,
        entries,
    }
}

/// It can be undone until any of it begins.
fn undo(notifier: &ChangeNotifier<'_>, swap: &Swap, taken: &Taken) -> Option<Block> {
    let all = taken.given.iter().chain(&taken.returned);
    let begins = all.map(Interval::start).min()?;
    (begins > notifier.now).then(|| {
        Block::Steps(vec![Offer {
            label: "Undo it".to_owned(),
            step: Step::Swap(swap.id, SwapStep::Undo),
            until: begins,
        }])
    })
}
