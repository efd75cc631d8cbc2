//! One step to a cover: who has a link asks their team whether somebody takes over.

use super::commands::NewSwap;
use super::open;
use crate::Error;
use crate::UnitOfWork;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::notifications::notice::long;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::swaps::{State, time_of};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::links::Offered;
use crate::snapshot::Snapshot;
use crate::storage::swaps::Filter;
use crate::storage::{Db, swaps};

/// So many open swaps of somebody are looked at.
const MOST: i64 = 1_000;

const ASKED: &str = "Your team has been asked already. Until somebody takes it over, it is yours.";

/// Somebody's time in a rotation.
pub(crate) type Time = (RotationId, Interval);

/// Asks the team; answers in words. Who presses twice has asked once.
///
/// # Errors
///
/// Those of [`open`].
pub(crate) fn ask_for_cover(
    uow: &mut UnitOfWork<'_>,
    person: PersonId,
    time: Time,
) -> Result<String, Error> {
    let now = uow.now;
    if has_asked(uow.db(), person, time, now)? {
        return Ok(ASKED.to_owned());
    }
    let (rotation, interval) = time;
    let new = NewSwap {
        rotation_id: rotation.to_string(),
        kind: "cover".to_owned(),
        start: interval.start().to_rfc3339(),
        end: interval.end().to_rfc3339(),
        in_return: None,
        offered_to: None,
        note: None,
        person_id: Some(person.to_string()),
    };
    open(uow, &new)?;
    Ok(
        "Your team is asked. You hear of it when somebody takes it over; until then it is yours."
            .to_owned(),
    )
}

/// What asking would do, as things stand.
///
/// # Errors
///
/// [`Error::NotFound`] where the rotation or the person is gone.
pub(crate) fn cover_offered(
    db: &mut Db,
    snapshot: &Snapshot,
    person: PersonId,
    time: Time,
    now: Timestamp,
) -> Result<Offered, Error> {
    let (rotation, interval) = time;
    let timeline = snapshot
        .timeline(rotation)
        .ok_or(Error::NotFound("rotation"))?;
    let zone = snapshot
        .person(person)
        .ok_or(Error::NotFound("person"))?
        .zone(interval.start());
    let title = "Ask the team";
    let nothing = |text: &str| Offered {
        title: title.to_owned(),
        text: text.to_owned(),
        button: None,
    };
    if has_asked(db, person, time, now)? {
        return Ok(nothing(ASKED));
    }
    if time_of(timeline, person, interval).is_empty() {
        return Ok(nothing("It is not yours any more."));
    }
    Ok(Offered {
        title: title.to_owned(),
        text: format!(
            "Your team is asked by mail whether somebody takes over as {} from {} until {} ({}). Until somebody does, it is yours.",
            timeline.rotation().title,
            long(interval.start(), &zone),
            long(interval.end(), &zone),
            zone.name()
        ),
        button: Some("Ask them"),
    })
}

/// Whether they have asked for some of it, and nobody has taken it so far.
fn has_asked(
    db: &mut Db,
    person: PersonId,
    (rotation, interval): Time,
    now: Timestamp,
) -> Result<bool, Error> {
    let filter = Filter {
        state: Some((State::Open, now)),
        person: Some((person, now)),
        ..Filter::default()
    };
    let open = swaps::list(db, &filter, MOST)?;
    Ok(open.iter().any(|swap| {
        let theirs = swap.giver == person && swap.rotation == rotation;
        theirs && swap.terms.given().overlaps(&interval)
    }))
}
