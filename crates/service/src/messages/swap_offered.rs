//! `swap.offered`: somebody is asked to take over, or to trade.

use super::swap_page;
use crate::domain::access::link::{Step, SwapStep};
use crate::domain::notifications::notice::{Block, Offer, short};
use crate::domain::swaps::Swap;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What it says.
pub fn text(notifier: &ChangeNotifier<'_>, swap: &Swap, zone: &Zone) -> MessageText {
    let until = swap.terms.expires_at();
    let (subject, mut blocks, accept) = match swap.terms.returned() {
        None => cover(notifier, swap, zone),
        Some(returned) => trade(notifier, swap, returned, zone),
    };
    let note = swap.note.as_ref();
    blocks.extend(note.map(|note| Block::Quote("They write".to_owned(), note.clone())));
    blocks.push(Block::Steps(vec![
        offer(swap, accept, SwapStep::Accept, until),
        offer(swap, "Say no", SwapStep::Decline, until),
    ]));
    blocks.push(swap_page(swap));
    MessageText {
        subject,
        blocks,
        entries: Vec::new(),
    }
}

fn offer(swap: &Swap, label: &str, step: SwapStep, until: Timestamp) -> Offer {
    Offer {
        label: label.to_owned(),
        step: Step::Swap(swap.id, step),
        until,
    }
}

/// Subject, text, and what the button is called.
fn cover(
    notifier: &ChangeNotifier<'_>,
    swap: &Swap,
    zone: &Zone,
) -> (String, Vec<Block>, &'static str) {
    let (role, giver) = (notifier.role(), notifier.name(Some(swap.giver)));
    let times = asked_for(notifier, swap);
    let first = times.first().copied().unwrap_or(swap.terms.given());
    let from = short(first.start(), zone);
    let asks = format!("{} to take over as {role}:", asks(notifier, swap));
    let mut blocks = vec![Block::Text(asks)];
    blocks.extend(times.iter().map(|time| Block::span(*time, zone)));
    (
        format!("Can you take over {role} from {giver} on {from}?"),
        blocks,
        "Take it over",
    )
}

fn trade(
    notifier: &ChangeNotifier<'_>,
    swap: &Swap,
    returned: Interval,
    zone: &Zone,
) -> (String, Vec<Block>, &'static str) {
    let (role, giver) = (notifier.role(), notifier.name(Some(swap.giver)));
    let taken = swap.terms.given();
    let (from, back) = (short(taken.start(), zone), short(returned.start(), zone));
    (
        format!("{giver} offers a trade: {role}, {from} for {back}"),
        vec![
            Block::Text(format!("{giver} offers a trade as {role}. You would take:")),
            Block::span(taken, zone),
            Block::Text("and give:".to_owned()),
            Block::span(returned, zone),
        ],
        "Accept the trade",
    )
}

/// The time that is asked for: of a cover of which a part is taken, what is left.
fn asked_for(notifier: &ChangeNotifier<'_>, swap: &Swap) -> Vec<Interval> {
    let rotation = notifier.locked_rotation;
    if swap.taken(&rotation.overrides).next().is_none() {
        return vec![swap.terms.given()];
    }
    let left = swap.left(&rotation.timeline(), notifier.now);
    left.as_slice().to_vec()
}

/// Who asks, and for whom.
fn asks(notifier: &ChangeNotifier<'_>, swap: &Swap) -> String {
    let giver = notifier.name(Some(swap.giver));
    if swap.opened_by == Some(swap.giver) {
        format!("{giver} asks you")
    } else {
        let opener = notifier.name(swap.opened_by);
        format!("{opener} asks you, for {giver},")
    }
}
