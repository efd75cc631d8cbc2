//! From timelines and incidents to the outbox.

use std::collections::HashMap;

use chrono::TimeDelta;

use super::{handovers, incidents, told};
use crate::clock::new_id;
use crate::domain::ids::RotationId;
use crate::domain::interval::Instant;
use crate::domain::reminder::{Reminder, due};
use crate::service::App;
use crate::storage::StoreError;
use crate::storage::outbox::{self, Known, Planned};

/// Reminders are planned so long before they are due: long enough to be seen, and short enough for few of them to be
/// overtaken by events.
const HORIZON: TimeDelta = TimeDelta::days(1);

/// Puts everything that will be due soon into the outbox, where it is not there yet. Says how many.
pub(super) fn plan(app: &App, now: Instant) -> Result<usize, StoreError> {
    let roster = app.keeper.snapshot();
    let told = app.store.read(|db| told::all(db, now))?;
    let mut wanted: Vec<Planned> = roster
        .timelines()
        .flat_map(|timeline| {
            let id = timeline.rotation().id;
            let told = told.get(&id).map_or(&[][..], Vec::as_slice);
            due(timeline, roster.people(), told, now, HORIZON)
                .into_iter()
                .map(move |reminder| planned(id, &reminder))
        })
        .collect();
    wanted.extend(incidents::plan(&roster, now));
    wanted.extend(handovers::plan(app, &roster, now)?);
    let keys: Vec<&str> = wanted.iter().map(|one| one.key.as_str()).collect();
    // Most passes find nothing new, and need not write.
    let known: HashMap<String, Known> = app
        .store
        .read(|db| outbox::known(db, &keys))?
        .into_iter()
        .map(|known| (known.key.clone(), known))
        .collect();
    let new: Vec<&Planned> = wanted
        .iter()
        .filter(|one| {
            known
                .get(&one.key)
                .is_none_or(|known| known.is_outdated(one.due_at))
        })
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    app.store.write(|tx| {
        let mut count = 0;
        for one in new {
            count += usize::from(outbox::plan(tx.db(), one, now)?);
        }
        Ok(count)
    })
}

fn planned(rotation: RotationId, reminder: &Reminder) -> Planned {
    Planned {
        id: new_id().to_string(),
        key: reminder.key.clone(),
        kind: told::kind(reminder.kind).to_owned(),
        person_id: Some(reminder.recipient.to_string()),
        rotation_id: Some(rotation.to_string()),
        payload: told::payload(reminder),
        due_at: reminder.due_at,
        // What never ends is of use for as long as the databases can say.
        not_after: reminder
            .not_after
            .min(reminder.due_at + TimeDelta::days(36_500)),
    }
}
