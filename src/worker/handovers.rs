//! What is open at a handoff: it is written down, and the incoming person and the managers are told.

use crate::domain::schedule::rotation::{HandoverSide, Lead};
use chrono::TimeDelta;
use serde_json::json;

use super::deliver::payload;
use crate::clock::new_id;
use crate::domain::handovers::{Form, Handover, HandoverId, handovers};
use crate::domain::ids::PersonId;
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::Notice;
use crate::domain::people::person::Person;
use crate::domain::reminders::when_at_work;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::{Entry, Layer, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::App;
use crate::service::handovers as service;
use crate::service::messages::handover_open::{self as message, Payload};
use crate::snapshot::Snapshot;
use crate::storage::outbox::{self, Mail, Outcome, Planned};
use crate::storage::{StoreError, handovers as store};

/// A handoff is looked at for so long after it came.
const LATE: TimeDelta = TimeDelta::days(1);

/// For so long it is of use to hear what was open.
const USE: TimeDelta = TimeDelta::days(7);

/// What begins "now" is recorded a moment later.
const MOMENT: TimeDelta = TimeDelta::minutes(5);

/// From when on handoffs are looked at by somebody who has `looked` then: where nobody did for long, because the program
/// did not run, as far back as it is of use.
pub(super) fn since(looked: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let earliest = now - USE;
    looked.map_or(earliest, |looked| (looked.min(now) - LATE).max(earliest))
}

/// Whoever is not at work is told within this time all the same.
const PATIENCE: TimeDelta = TimeDelta::days(3);

/// Writes down what is open at handoffs that have come, and says who is to be told.
pub(super) fn plan(
    app: &App,
    snapshot: &Snapshot,
    lately: &[(&Timeline, Handover)],
    now: Timestamp,
) -> Result<Vec<Planned>, StoreError> {
    let earliest = lately.iter().map(|(_, handover)| handover.at).min();
    let window = earliest.and_then(|at| Interval::new(at, now + TimeDelta::seconds(1)));
    let Some(window) = window else {
        return Ok(Vec::new());
    };
    let (mut closed, with_items) = app.store.read::<_, StoreError>(|db| {
        let kept = store::load(db, None, window)?;
        let closed: Vec<HandoverId> = kept
            .into_iter()
            .filter(|one| one.is_closed)
            .map(|one| one.id)
            .collect();
        Ok((closed, store::with_open_items(db)?))
    })?;
    let mut planned = Vec::new();
    for (timeline, handover) in lately {
        let rotation = timeline.rotation();
        let id = HandoverId {
            rotation: rotation.id,
            at: handover.at,
        };
        let has_list = || with_items.contains(&rotation.id) || has_template(timeline, handover);
        if !closed.contains(&id) && has_list() && was_known(timeline, handover) {
            let open = app.store.write(|tx| service::close(tx, timeline, id))?;
            closed.extend(open.map(|_| id));
        }
        if closed.contains(&id) {
            planned.extend(mails(snapshot, timeline, handover, now));
        }
    }
    // What was dropped, since everything was done by then, does not come back.
    let keys: Vec<&str> = planned.iter().map(|one| one.key.as_str()).collect();
    let known = app.store.read(|db| outbox::known(db, &keys))?;
    planned.retain(|one| {
        let mut known = known.iter();
        !known.any(|known| known.key == one.key && known.is_dropped())
    });
    Ok(planned)
}

/// The handovers in a short window; most rotations have none, and nothing more is computed of them.
pub(super) fn in_window(timeline: &Timeline, window: Interval) -> Vec<Handover> {
    let shifts = timeline.shifts(Layer::Final, window);
    let began = shifts
        .iter()
        .any(|shift| window.contains(shift.interval.start()));
    if began {
        handovers(timeline, window)
    } else {
        Vec::new()
    }
}

/// Whether it was known when it came: of handoffs that were only entered later nobody kept a list here.
fn was_known(timeline: &Timeline, handover: &Handover) -> bool {
    let recorded = match timeline.entry_at(Layer::Final, handover.at) {
        Entry::Shift(shift) => timeline.recorded_at(&shift),
        Entry::Gap(_) => None,
    };
    recorded.is_some_and(|recorded| recorded <= handover.at + MOMENT)
}

fn has_template(timeline: &Timeline, handover: &Handover) -> bool {
    use HandoverSide::{Incoming, Outgoing};
    let has = |list| !timeline.rotation().checklist(list, handover.at).is_empty();
    handover.form != Form::Light && (has(Outgoing) || has(Incoming))
}

/// A mail to each manager, and to the incoming person unless their reminder at the handoff says the same.
fn mails(
    snapshot: &Snapshot,
    timeline: &Timeline,
    handover: &Handover,
    now: Timestamp,
) -> Vec<Planned> {
    let rotation = timeline.rotation();
    let team = snapshot.team(rotation.team).into_iter();
    let managers = team.flat_map(|team| team.managers(handover.at));
    let mut who: Vec<PersonId> = managers.filter(|id| *id != handover.to).collect();
    let incoming = snapshot.person(handover.to);
    let reminded = |person: &Person| {
        let leads = rotation.lead_times(HandoverSide::Incoming, handover.at);
        let preferences = person.preferences;
        let reached = preferences.handoff_outside_hours
            || person.available_at(handover.at, handover.at).is_some();
        leads.contains(&Lead::Handoff) && preferences.incoming && reached
    };
    who.extend(incoming.filter(|one| !reminded(one)).map(|one| one.id));
    who.into_iter()
        .filter_map(|id| snapshot.person(id))
        .filter(|person| {
            person.active_at(now) && person.preferences.wants(message::topic(handover, person))
        })
        .map(|person| {
            let due_at = due_at(person, handover.at, now);
            Planned {
                id: new_id().to_string(),
                key: format!(
                    "handover/{}/{}/open/{}",
                    rotation.id,
                    handover.at.timestamp(),
                    person.id
                ),
                kind: MessageKind::HandoverOpen.into(),
                person_id: Some(person.id),
                rotation_id: Some(rotation.id),
                payload: json!(Payload { at: handover.at }),
                due_at,
                not_after: handover.at + USE,
            }
        })
        .collect()
}

/// When somebody hears of it.
fn due_at(person: &Person, handoff: Timestamp, now: Timestamp) -> Timestamp {
    when_at_work(person, handoff, handoff + PATIENCE, now)
}

/// What a mail says now.
pub(super) fn notice(
    app: &App,
    snapshot: &Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Notice, Outcome> {
    let gone = Outcome::Dropped("there is no such handover any more");
    let Payload { at } = payload(mail)?;
    let timeline = mail.rotation_id.and_then(|id| snapshot.timeline_of(id));
    let Some(timeline) = timeline else {
        return Err(gone);
    };
    let found = app
        .store
        .read(|db| service::at(db, timeline, at))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    let Some((handover, brief)) = found else {
        return Err(gone);
    };
    if brief.open().next().is_none() {
        return Err(Outcome::Dropped("everything is done by now"));
    }
    let gone = || Outcome::Dropped("the person or the rotation is gone");
    let person = mail.person_id.and_then(|id| snapshot.person(id));
    let person = person.ok_or_else(gone)?;
    let due = due_at(person, at, now);
    if due > now {
        return Err(Outcome::Postponed(due));
    }
    message::notice(snapshot, timeline, &handover, &brief, person).ok_or_else(gone)
}
