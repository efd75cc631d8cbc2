//! What one-step links do about swaps.

use super::commands::{Answer, Part};
use super::{SwapView, answer, find};
use crate::Error;
use crate::UnitOfWork;
use crate::domain::access::link::SwapStep;
use crate::domain::ids::{PersonId, SwapId};
use crate::domain::notifications::notice::long;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::swaps::State;
use crate::domain::time::interval::Timestamp;
use crate::links::Offered;
use crate::snapshot::Snapshot;
use crate::storage::Db;

/// Does what the link says; answers in words.
///
/// # Errors
///
/// Those of [`answer`].
pub(crate) fn follow(
    uow: &mut UnitOfWork<'_>,
    id: SwapId,
    step: SwapStep,
) -> Result<String, Error> {
    let (said, done) = match step {
        SwapStep::Accept => (Answer::Accept(Part::default()), "It is yours. Thank you!"),
        SwapStep::Decline => (Answer::Decline, "You have said no. Whoever asked sees it."),
        SwapStep::Undo => (Answer::Undo, "It is undone: all is as it was before."),
    };
    answer(uow, id, &said)?;
    Ok(done.to_owned())
}

/// What a link would do, as things stand: nothing, where others were quicker.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such swap.
pub(crate) fn offered(
    db: &mut Db,
    snapshot: &Snapshot,
    person: PersonId,
    id: SwapId,
    step: SwapStep,
    now: Timestamp,
) -> Result<Offered, Error> {
    let swap = find(db, snapshot, id, now)?;
    let (title, button) = match step {
        SwapStep::Accept if swap.in_return.is_some() => ("A trade", "Accept the trade"),
        SwapStep::Accept => ("Take over a shift", "Take it over"),
        SwapStep::Decline => ("Say no", "Say no"),
        SwapStep::Undo => ("Undo a swap", "Undo it"),
    };
    let can_be_done = match step {
        SwapStep::Accept => !swap.remaining.is_empty(),
        SwapStep::Decline => swap.state == State::Open.as_str(),
        SwapStep::Undo => !swap.taken.is_empty(),
    };
    let mut text = described(snapshot, person, &swap, step, now);
    if !can_be_done {
        text.push_str(" There is nothing to be done about it any more: ");
        text.push_str(match swap.state {
            "open" => "nothing of it is left.",
            "accepted" => "somebody has taken it.",
            "declined" => "everybody who was asked has said no.",
            "withdrawn" => "it was withdrawn.",
            "undone" => "it was undone.",
            _ => "its time is over.",
        });
    }
    Ok(Offered {
        title: title.to_owned(),
        text,
        button: can_be_done.then_some(button),
    })
}

/// What it is about, on the reader's clock.
fn described(
    snapshot: &Snapshot,
    person: PersonId,
    swap: &SwapView,
    step: SwapStep,
    now: Timestamp,
) -> String {
    let zone = snapshot.person(person).map(|person| person.zone(now));
    let rotation = swap.rotation_id.parse().ok();
    let title = rotation
        .and_then(|id| snapshot.timeline_of(id))
        .map_or_else(String::new, |one| one.rotation().title.clone());
    let time = |start: Timestamp, end: Timestamp| match &zone {
        None => String::new(),
        Some(zone) => format!("from {} until {}", long(start, zone), long(end, zone)),
    };
    let left: Vec<String> = match step {
        SwapStep::Undo => swap
            .taken
            .iter()
            .map(|one| time(one.start, one.end))
            .collect(),
        _ => swap
            .remaining
            .iter()
            .map(|one| time(one.start, one.end))
            .collect(),
    };
    let what = if left.is_empty() {
        time(swap.start, swap.end)
    } else {
        left.join(", and ")
    };
    let giver = &swap.person.name;
    let in_return = swap
        .in_return
        .filter(|_| step != SwapStep::Undo)
        .map(|returned| format!(", and {giver} {}", time(returned.start, returned.end)))
        .unwrap_or_default();
    let zone = zone.map_or_else(String::new, |zone| format!(" ({})", zone.name()));
    match step {
        SwapStep::Undo => format!("{title}, which was {giver}’s, was taken over {what}{zone}."),
        _ if !in_return.is_empty() => {
            format!("{giver} offers a trade as {title}: you take {what}{in_return}{zone}.")
        }
        _ => format!("{giver} asks for somebody to take over as {title} {what}{zone}."),
    }
}
