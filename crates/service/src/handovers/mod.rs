//! Handovers: what is passed on at a handoff, and what is left open.

mod view;

use crate::domain::schedule::rotation::HandoverSide;
use std::collections::HashMap;

use chrono::TimeDelta;

pub use view::{HandoverChange, HandoverView, ItemView, Tick, WatchNotes};

use super::locked_rotation::{LockedRotation, as_json, record_audit};
use super::{Actor, Error, ValidationErrors, access, values};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::handovers::{
    Done, Form, Handover, HandoverId, Item, Text, Written, checklist, handovers, written,
};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::incidents::Notes;

use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::handovers::{self as store, KeptItem};
use crate::storage::{Db, StoreError, Tx};

/// The handover before one is looked for so far back.
const BEFORE: TimeDelta = TimeDelta::days(60);

/// Notes have at most so many characters.
const LONGEST_NOTES: usize = 10_000;

/// An item has at most so many.
const LONGEST_ITEM: usize = 200;

/// A checklist has at most so many items.
const MOST_ITEMS: usize = 100;

/// What there is to say at a handover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// When it is handed over.
    pub at: Timestamp,
    /// The notes so far.
    pub written: Option<Written>,
    /// What whoever hands over is to do.
    pub outgoing: Vec<Item>,
    /// What whoever takes over is to do.
    pub incoming: Vec<Item>,
    /// Goes up with each change.
    pub version: i64,
}

impl Brief {
    /// What is not done of both lists.
    pub fn open(&self) -> impl Iterator<Item = &Item> {
        let all = self.outgoing.iter().chain(&self.incoming);
        all.filter(|item| item.done.is_none())
    }
}

/// Everything that is kept around some handovers of a rotation.
struct HandoverRecords {
    written: Vec<Written>,
    versions: HashMap<Timestamp, i64>,
    items: Vec<KeptItem>,
}

impl HandoverRecords {
    fn open(db: &mut Db, rotation: RotationId, window: Interval) -> Result<Self, StoreError> {
        let kept = store::load(db, Some(rotation), window)?;
        Ok(Self {
            versions: kept.iter().map(|one| (one.id.at, one.version)).collect(),
            written: kept.into_iter().filter_map(|one| one.written).collect(),
            items: store::items(db, rotation, window.start(), window.end())?,
        })
    }

    fn brief(&self, timeline: &Timeline, handover: &Handover, before: Timestamp) -> Brief {
        let kept: Vec<Item> = self.items.iter().map(|kept| kept.item.clone()).collect();
        let items = |list| {
            // Who watches incidents has four notes, and a list only where somebody made one.
            let template = timeline.rotation().checklist(list, handover.at);
            checklist(handover, Some(before), list, &template, &kept)
        };
        Brief {
            at: handover.at,
            written: written(handover, Some(before), &self.written).cloned(),
            outgoing: items(HandoverSide::Outgoing),
            incoming: items(HandoverSide::Incoming),
            version: self.versions.get(&handover.at).copied().unwrap_or(1),
        }
    }
}

/// The handovers of a rotation in a window, in order, each with what there is to say.
fn briefed(
    db: &mut Db,
    timeline: &Timeline,
    window: Interval,
) -> Result<Vec<(Handover, Brief)>, StoreError> {
    let around = window.widened(BEFORE, TimeDelta::zero());
    let all = handovers(timeline, around);
    let drawer = HandoverRecords::open(db, timeline.rotation().id, around)?;
    let before = std::iter::once(around.start()).chain(all.iter().map(|one| one.at));
    Ok(all
        .iter()
        .zip(before)
        .filter(|(one, _)| window.contains(one.at))
        .map(|(one, before)| (*one, drawer.brief(timeline, one, before)))
        .collect())
}

/// The handover at `at`, with what there is to say; `None` where nobody takes over from anybody then.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn at(
    db: &mut Db,
    timeline: &Timeline,
    at: Timestamp,
) -> Result<Option<(Handover, Brief)>, StoreError> {
    Ok(briefed(db, timeline, Interval::second_at(at))?.pop())
}

/// The handovers of a rotation in a window, in order.
///
/// # Errors
///
/// [`Error::Forbidden`] for viewers, [`Error::NotFound`] without the rotation.
pub fn list(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    rotation: RotationId,
    window: Interval,
) -> Result<Vec<HandoverView>, Error> {
    access::reads_handovers(actor)?;
    let timeline = snapshot
        .timeline(rotation)
        .ok_or(Error::NotFound("rotation"))?;
    let all = briefed(db, timeline, window)?;
    let view = |(one, brief): &(Handover, Brief)| {
        let id = HandoverId {
            rotation,
            at: one.at,
        };
        HandoverView::of(snapshot, id, one, brief)
    };
    Ok(all.iter().map(view).collect())
}

/// The handovers from or to a person in a window, in order, and at most so many of them. Those who watch incidents are
/// left out: what they pass on stands with the incidents.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn of_person(
    db: &mut Db,
    snapshot: &Snapshot,
    person: PersonId,
    window: Interval,
    most: usize,
) -> Result<Vec<HandoverView>, Error> {
    let ordered = snapshot
        .timelines()
        .filter(|timeline| timeline.rotation().kind == Kind::Ordered && timeline.names(person));
    let mut found: Vec<HandoverId> = ordered
        .flat_map(|timeline| {
            let rotation = timeline.rotation().id;
            let all = handovers(timeline, window).into_iter();
            let theirs = all.filter(|one| [one.from, one.to].contains(&person));
            theirs.map(move |one| HandoverId {
                rotation,
                at: one.at,
            })
        })
        .collect();
    found.sort_unstable_by_key(|id| (id.at, id.rotation));
    found.truncate(most);
    let mut views = Vec::with_capacity(found.len());
    for id in found {
        let timeline = snapshot.timeline(id.rotation);
        if let Some((one, brief)) = timeline
            .map(|timeline| at(db, timeline, id.at))
            .transpose()?
            .flatten()
        {
            views.push(HandoverView::of(snapshot, id, &one, &brief));
        }
    }
    Ok(views)
}

/// A handover.
///
/// # Errors
///
/// [`Error::Forbidden`] for viewers, [`Error::NotFound`].
pub fn get(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    id: HandoverId,
) -> Result<HandoverView, Error> {
    access::reads_handovers(actor)?;
    let none = Error::NotFound("handover");
    let Some(timeline) = snapshot.timeline(id.rotation) else {
        return Err(none);
    };
    let (handover, brief) = at(db, timeline, id.at)?.ok_or(none)?;
    Ok(HandoverView::of(snapshot, id, &handover, &brief))
}

/// Writes notes, ticks items and adds some. `snapshot` has the names of whoever did so before.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(
    uow: &mut UnitOfWork<'_>,
    snapshot: &Snapshot,
    id: HandoverId,
    change: &HandoverChange,
) -> Result<HandoverView, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let none = || Error::NotFound("handover");
    let locked_rotation =
        LockedRotation::of(uow, id.rotation, &[]).map_err(|error| match error {
            Error::NotFound(_) => none(),
            other => other,
        })?;
    let timeline = locked_rotation
        .snapshot
        .timeline(id.rotation)
        .ok_or_else(none)?;
    let (handover, brief) = at(uow.db(), timeline, id.at)?.ok_or_else(none)?;
    access::hands_over(actor, &locked_rotation.team, [handover.from, handover.to])?;
    uow.check_version(brief.version)?;
    let mut errors = ValidationErrors::new();
    let notes = read_notes(&mut errors, &handover, change);
    let ticks = [
        (HandoverSide::Outgoing, &change.outgoing, &brief.outgoing),
        (HandoverSide::Incoming, &change.incoming, &brief.incoming),
    ]
    .map(|(list, ticks, items)| (list, read_ticks(&mut errors, list, ticks, items)));
    errors.finish()?;
    let before = HandoverView::of(snapshot, id, &handover, &brief);
    store::touch(uow.db(), id)?;
    if let Rewriting::Become(notes) = notes {
        store::write_notes(uow.db(), id, notes.as_ref(), actor.person, now)?;
    }
    let kept = store::items(
        uow.db(),
        id.rotation,
        id.at - BEFORE,
        now.max(id.at) + BEFORE,
    )?;
    for (list, ticks) in ticks {
        let items = match list {
            HandoverSide::Outgoing => &brief.outgoing,
            HandoverSide::Incoming => &brief.incoming,
        };
        for (text, done) in ticks {
            let known = items.iter().find(|item| item.text == text);
            if known.is_some_and(|known| known.done.is_some() == done) {
                continue;
            }
            let item = Item {
                text,
                list,
                since: known.map_or(id.at, |known| known.since),
                done: done.then_some(Done {
                    at: now,
                    by: actor.person,
                }),
            };
            tick(uow, id.rotation, item, &kept)?;
        }
    }
    let after = at(uow.db(), timeline, id.at)?.ok_or_else(none)?;
    let after = HandoverView::of(snapshot, id, &after.0, &after.1);
    let deed = AuditEvent {
        action: AuditAction::HandoverChange,
        kind: "handover",
        id: id.to_string(),
        before: as_json(before)?,
        after: as_json(&after)?,
    };
    record_audit(uow, deed)?;
    Ok(after)
}

/// What becomes of notes.
enum Rewriting {
    /// They stay.
    Stay,
    /// They are this from now on, or nothing.
    Become(Option<Text>),
}

fn read_notes(
    errors: &mut ValidationErrors,
    handover: &Handover,
    change: &HandoverChange,
) -> Rewriting {
    let mut words = |pointer: &str, text: &str| values::words(errors, pointer, text, LONGEST_NOTES);
    let plain = change.notes.as_ref().map(|given| {
        let text = given.as_ref().and_then(|text| words("/notes", text));
        text.map(Text::Plain)
    });
    let watch = change.watch_notes.as_ref().map(|given| {
        let given = given.as_ref()?;
        let status = words("/watch_notes/status", &given.status);
        let key_information = words("/watch_notes/key_information", &given.key_information);
        let told_to_users = words("/watch_notes/told_to_users", &given.told_to_users);
        Some(Text::Watch(Notes {
            status: status?,
            ticket_count: given.ticket_count,
            key_information: key_information?,
            told_to_users: told_to_users?,
        }))
    });
    let (wanted, other, pointer, why) = if handover.form == Form::Watch {
        let why = "a watch is handed over with watch_notes";
        (watch, plain, "/notes", why)
    } else {
        let why = "these are for those who watch incidents: use notes";
        (plain, watch, "/watch_notes", why)
    };
    if other.is_some_and(|other| other.is_some()) {
        errors.add(pointer, why);
    }
    wanted.map_or(Rewriting::Stay, Rewriting::Become)
}

fn read_ticks(
    errors: &mut ValidationErrors,
    list: HandoverSide,
    ticks: &[Tick],
    items: &[Item],
) -> Vec<(String, bool)> {
    let pointer = match list {
        HandoverSide::Outgoing => "/outgoing",
        HandoverSide::Incoming => "/incoming",
    };
    let mut read: Vec<(String, bool)> = Vec::new();
    for (index, tick) in ticks.iter().enumerate() {
        let at = format!("{pointer}/{index}/text");
        let Some(text) = values::line(errors, &at, &tick.text, LONGEST_ITEM) else {
            continue;
        };
        if read.iter().any(|(known, _)| *known == text) {
            errors.add(at, "is there twice");
        }
        read.push((text, tick.done));
    }
    let is_new = |(text, _): &&(String, bool)| items.iter().all(|item| item.text != *text);
    if items.len() + read.iter().filter(is_new).count() > MOST_ITEMS {
        errors.add(pointer, format!("must have at most {MOST_ITEMS} items"));
    }
    read
}

/// Ticks an item, or takes the tick back; one that nobody has touched so far is written down.
fn tick(
    tx: &mut Tx<'_>,
    rotation: RotationId,
    item: Item,
    kept: &[KeptItem],
) -> Result<(), StoreError> {
    let same = |one: &&KeptItem| {
        let one = &one.item;
        (one.list, one.since, &one.text) == (item.list, item.since, &item.text)
    };
    match kept.iter().find(same) {
        Some(row) => store::tick(tx.db(), &row.id, item.done),
        None => store::add_item(tx.db(), rotation, &written_down(item)),
    }
}

fn written_down(item: Item) -> KeptItem {
    KeptItem {
        id: new_id().to_string(),
        item,
    }
}

/// Writes down what is open at a handoff that has come, so that it is carried over whatever becomes of the template.
/// Answers with what there is to say; `None` where that was done before, or nothing is open.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn close(
    tx: &mut Tx<'_>,
    timeline: &Timeline,
    id: HandoverId,
) -> Result<Option<Brief>, StoreError> {
    let Some((_, brief)) = at(tx.db(), timeline, id.at)? else {
        return Ok(None);
    };
    let kept = store::load(tx.db(), Some(id.rotation), Interval::second_at(id.at))?;
    if kept.iter().any(|one| one.is_closed) || brief.open().next().is_none() {
        return Ok(None);
    }
    let rows = store::items(tx.db(), id.rotation, id.at - BEFORE, id.at + BEFORE)?;
    for open in brief.open() {
        if rows.iter().all(|row| row.item != *open) {
            store::add_item(tx.db(), id.rotation, &written_down(open.clone()))?;
        }
    }
    store::touch(tx.db(), id)?;
    store::close(tx.db(), id)?;
    Ok(Some(brief))
}
