//! Opening a swap.

use std::collections::BTreeSet;

use super::commands::NewSwap;
use super::mails::Mails;
use super::{SwapView, refused};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{PersonId, RotationId, SwapId};
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::swaps::{LONGEST, Offer, State, Swap, SwapError, Terms, time_of};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::locked_rotation::{LockedRotation, as_json, record_audit};
use crate::storage::audit::AuditEvent;
use crate::storage::swaps;
use crate::{Actor, Error, ValidationErrors, access, input, values};

/// At most this many people are named.
const MOST_NAMED: usize = 200;

/// Opens a swap.
///
/// # Errors
///
/// [`Error::Invalid`] with every fault, [`Error::Forbidden`], and [`Error::Conflict`] where some of the time is not
/// theirs who would give it.
pub fn open(uow: &mut UnitOfWork<'_>, new: &NewSwap) -> Result<SwapView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let rotation = errors.check(
        "/rotation_id",
        new.rotation_id
            .parse::<RotationId>()
            .map_err(|_| "there is no such rotation"),
    );
    let whose = errors.check_some("/person_id", new.person_id.as_deref(), |text| {
        text.parse::<PersonId>()
            .map_err(|_| "there is no such person")
    });
    let named = read_named(&mut errors, "/offered_to", new.offered_to.as_deref());
    let terms = read_terms(&mut errors, new, named.len(), now);
    let note_text = values::text(&mut errors, "/note", new.note.as_deref());
    let Some(rotation) = rotation else {
        return Err(errors.finish().err().unwrap_or(Error::NotFound("rotation")));
    };
    let mut also = named.clone();
    also.extend(whose.flatten());
    also.extend(actor.person);
    let locked_rotation =
        LockedRotation::of(uow, rotation, &also).map_err(|error| match error {
            Error::NotFound(_) => Error::invalid("/rotation_id", "there is no such rotation"),
            other => other,
        })?;
    access::gives_time(actor, &locked_rotation.team)?;
    let timeline = locked_rotation.timeline();
    let giver = match (whose.flatten(), &terms) {
        (Some(given), _) => Some(given),
        (None, Some(terms)) => whose_time(actor, &locked_rotation, &timeline, terms.given(), now),
        (None, None) => None,
    };
    let person = |id: PersonId| locked_rotation.snapshot.person(id).map(AsRef::as_ref);
    if new.person_id.is_some() && giver.is_some_and(|id| person(id).is_none()) {
        errors.add("/person_id", "there is no such person");
    }
    let end = terms.map(|terms| terms.given().end());
    check_named(&mut errors, "/offered_to", person, giver, &named, end);
    let ((terms, note_text), giver) = match (terms, note_text, giver) {
        (Some(terms), Some(text), Some(giver)) => {
            errors.finish()?;
            ((terms, text), giver)
        }
        (_, _, None) if errors.is_empty() => {
            return Err(Error::conflict(
                "nobody, or more than one person, has this time: say whose it is by person_id",
            ));
        }
        _ => return Err(errors.finish().err().unwrap_or(Error::NotFound("person"))),
    };
    if !actor.is(giver) {
        access::manager(actor, &locked_rotation.team)?;
    }
    locked_rotation.must_run(now)?;
    terms
        .check(&timeline, giver, named.first().copied(), now)
        .map_err(|refusal| not_asked(actor, giver, &timeline, &terms, refusal))?;
    let swap = new_swap(uow, rotation, giver, terms, named, note_text);
    add(uow, &locked_rotation, &timeline, &swap)
}

/// A swap of somebody's time in a rotation, offered to these people, or to the team where there are none.
pub(super) fn new_swap(
    uow: &UnitOfWork<'_>,
    rotation: RotationId,
    giver: PersonId,
    terms: Terms,
    named: Vec<PersonId>,
    note: Option<String>,
) -> Swap {
    Swap {
        id: SwapId::from_uuid(new_id()),
        rotation,
        giver,
        terms,
        offer: if named.is_empty() {
            Offer::Team
        } else {
            Offer::People(named)
        },
        declined: Vec::new(),
        state: State::Open,
        note,
        opened_by: uow.actor.person,
        created_at: uow.now,
        decided_at: None,
        version: 1,
    }
}

/// Adds a swap that was decided on, and asks everybody to whom it is offered.
pub(super) fn add(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    timeline: &Timeline,
    swap: &Swap,
) -> Result<SwapView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    swaps::insert(uow.db(), swap)?;
    let view = SwapView::of(&locked_rotation.snapshot, timeline, swap, now);
    let deed = AuditEvent {
        action: AuditAction::SwapOpen,
        kind: "swap",
        id: swap.id.to_string(),
        before: serde_json::Value::Null,
        after: as_json(&view)?,
    };
    record_audit(uow, deed)?;
    Mails::of(locked_rotation, swap, actor, now).ask(uow)?;
    Ok(view)
}

/// The people to whom something is offered.
pub(crate) fn read_named(
    errors: &mut ValidationErrors,
    base: &str,
    given: Option<&[String]>,
) -> Vec<PersonId> {
    let given = given.unwrap_or_default();
    if given.len() > MOST_NAMED {
        errors.add(base, format!("must have at most {MOST_NAMED} people"));
    }
    let mut named = Vec::new();
    for (index, text) in given.iter().take(MOST_NAMED).enumerate() {
        let pointer = format!("{base}/{index}");
        match values::person_id(errors, &pointer, text) {
            Some(id) if named.contains(&id) => errors.add(pointer, "is named already"),
            Some(id) => named.push(id),
            None => {}
        }
    }
    named
}

fn read_terms(
    errors: &mut ValidationErrors,
    new: &NewSwap,
    named: usize,
    now: Timestamp,
) -> Option<Terms> {
    let given = read_time(errors, "", &new.start, &new.end, now);
    let returned = new
        .in_return
        .as_ref()
        .map(|time| read_time(errors, "/in_return", &time.start, &time.end, now));
    match new.kind.as_str() {
        "cover" => {
            if returned.is_some() {
                errors.add("/in_return", "a cover has none");
            }
            given.map(Terms::Cover)
        }
        "trade" => {
            if returned.is_none() {
                errors.add("/in_return", "a trade needs it");
            }
            if named != 1 && errors.is_empty() {
                errors.add("/offered_to", "a trade is offered to one person");
            }
            let (given, returned) = (given?, returned??);
            Some(Terms::Trade { given, returned })
        }
        _ => {
            errors.add("/kind", "must be cover or trade");
            None
        }
    }
}

fn read_time(
    errors: &mut ValidationErrors,
    base: &str,
    start: &str,
    end: &str,
    now: Timestamp,
) -> Option<Interval> {
    let start = errors.check(format!("{base}/start"), input::bounded(start, now));
    let end = errors.check(format!("{base}/end"), input::bounded(end, now));
    let (start, end) = (start?, end?);
    let interval = Interval::new(start, end);
    if interval.is_none() {
        errors.add(format!("{base}/end"), "must lie after the start");
    } else if end <= now {
        errors.add(format!("{base}/end"), "must lie ahead");
    } else if end - start > LONGEST {
        errors.add(format!("{base}/end"), "a swap lasts at most 400 days");
    }
    interval
}

/// Whose time it is where the request does not say: the actor's, or, where they have none of it and manage the
/// team, that of the only one who has some.
fn whose_time(
    actor: &Actor,
    locked_rotation: &LockedRotation,
    timeline: &Timeline,
    given: Interval,
    now: Timestamp,
) -> Option<PersonId> {
    let ahead = given.ahead(now).unwrap_or(given);
    let own = actor
        .person
        .filter(|person| !time_of(timeline, *person, ahead).is_empty());
    if own.is_some() || !access::manages(actor, &locked_rotation.team) {
        return actor.person;
    }
    let shifts = timeline.shifts(Layer::Final, ahead);
    let everybody: BTreeSet<PersonId> = shifts.iter().map(|shift| shift.person).collect();
    everybody.first().copied().filter(|_| everybody.len() == 1)
}

/// Whoever is named must be there until `end`, and be somebody else than whose time it is.
pub(crate) fn check_named<'a>(
    errors: &mut ValidationErrors,
    base: &str,
    known: impl Fn(PersonId) -> Option<&'a Person>,
    giver: Option<PersonId>,
    named: &[PersonId],
    end: Option<Timestamp>,
) {
    let last = end.map(|end| end - chrono::TimeDelta::seconds(1));
    for (index, id) in named.iter().enumerate() {
        let pointer = format!("{base}/{index}");
        match known(*id) {
            None => errors.add(pointer, "there is no such person"),
            Some(_) if giver == Some(*id) => errors.add(pointer, "is whose time it is"),
            Some(person) if last.is_some_and(|last| !person.active_at(last)) => {
                errors.add(pointer, "they are deactivated");
            }
            Some(_) => {}
        }
    }
}

/// Why a swap cannot be opened: whoever gives away what is another's now may not, as with an override.
fn not_asked(
    actor: &Actor,
    giver: PersonId,
    timeline: &Timeline,
    terms: &Terms,
    refusal: SwapError,
) -> Error {
    let others = |time: &Interval| {
        let shifts = timeline.shifts(Layer::Final, *time);
        shifts.iter().any(|shift| shift.person != giver)
    };
    match refusal {
        SwapError::NotTheirs(time)
            if actor.is(giver) && terms.given().overlaps(&time) && others(&time) =>
        {
            Error::forbidden(access::ONLY_THEIR_OWN_TIME)
        }
        SwapError::Outside => Error::invalid("/end", "must lie ahead"),
        other => refused(other, "/start"),
    }
}
