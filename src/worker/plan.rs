//! From timelines, handovers and incidents to the outbox.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::{PLANNER, broken_calendar_notice, chat, digests, handovers, incidents, sent_notices};
use crate::clock::new_id;
use crate::domain::handovers::Handover;
use crate::domain::ids::RotationId;
use crate::domain::notifications::message::MessageKind;
use crate::domain::people::person::Person;
use crate::domain::reminders::digest::{Trouble, troubles, window};
use crate::domain::reminders::{Reminder, SentNotice, due};
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::App;
use crate::snapshot::Snapshot;
use crate::storage::StoreError;
use crate::storage::outbox::{self, Known, Planned};

/// Reminders are planned so long before they are due: long enough to be seen, and short enough for few of them to be
/// overtaken by events.
const HORIZON: TimeDelta = TimeDelta::days(1);

/// What was found for a rotation holds for so long at least, and twice as long at most, while nothing of its own
/// changes: far less than it looks ahead. What its fallbacks have may have changed since, and that is soon enough
/// seen. Not all rotations come up in the same pass.
const HOLDS: TimeDelta = TimeDelta::minutes(5);

/// Plans, and remembers what it found.
#[derive(Default)]
pub(super) struct Planner {
    plans: HashMap<RotationId, Plan>,
    memory: sent_notices::NotificationHistory,
    /// When it last planned all there was.
    looked_at: Option<Timestamp>,
}

/// What is due, what is wrong and what changes hands in a rotation, and what that was found from.
struct Plan {
    timeline: Arc<Timeline>,
    people: Vec<Option<Arc<Person>>>,
    told: Vec<SentNotice>,
    /// Since when handovers were looked at.
    since: Timestamp,
    made_at: Timestamp,
    wanted: Vec<Reminder>,
    wrong: Vec<Trouble>,
    handovers: Vec<Handover>,
}

impl Planner {
    /// Puts everything that will be due soon into the outbox, where it is not there yet. Says how many.
    pub(super) fn plan(&mut self, app: &App, now: Timestamp) -> Result<usize, StoreError> {
        let begun = std::time::Instant::now();
        let snapshot = app.snapshots.snapshot();
        app.store.read(|db| self.memory.refresh(db, now))?;
        let since = handovers::since(self.looked_at, now);
        self.look(&snapshot, since, now);
        let mut wanted = self.reminders();
        let handed_over = self.handed_over(since, now);
        wanted.extend(handovers::plan(app, &snapshot, &handed_over, now)?);
        wanted.extend(digests::plan(app, &snapshot, self.wrong(), now)?);
        wanted.extend(broken_calendar_notice::plan(app, &snapshot, now)?);
        wanted.extend(incidents::plan(&snapshot, now));
        wanted.extend(chat::plan(app, &snapshot, now)?);
        let planned = put(app, &wanted, now)?;
        self.looked_at = Some(now);
        metrics::histogram!("dogwatch_planning_duration_seconds").record(begun.elapsed());
        Ok(planned)
    }

    fn reminders(&self) -> Vec<Planned> {
        let of_rotation = |(id, plan): (&RotationId, &Plan)| {
            let reminders = plan.wanted.iter();
            reminders.map(|one| planned(*id, one)).collect::<Vec<_>>()
        };
        self.plans.iter().flat_map(of_rotation).collect()
    }

    fn wrong(&self) -> Vec<Trouble> {
        let all = self.plans.values().flat_map(|plan| plan.wrong.iter());
        all.copied().collect()
    }

    /// The handovers that have come since.
    fn handed_over(&self, since: Timestamp, now: Timestamp) -> Vec<(&Timeline, Handover)> {
        let mut found = Vec::new();
        for plan in self.plans.values() {
            let lately = |one: &&Handover| since < one.at && one.at <= now;
            let lately = plan.handovers.iter().filter(lately);
            found.extend(lately.map(|one| (plan.timeline.as_ref(), *one)));
        }
        found
    }

    /// Looks at every rotation at which it has not lately looked as it is now; at handovers from `since` on.
    fn look(&mut self, snapshot: &Snapshot, since: Timestamp, now: Timestamp) {
        // What is gone from the roster is not kept.
        let mut before = std::mem::take(&mut self.plans);
        for timeline in snapshot.timelines() {
            let id = timeline.rotation().id;
            let told = self.memory.of(id);
            let people = concerned(snapshot, timeline);
            let plan = match before.remove(&id) {
                Some(plan) if plan.holds(timeline, &people, told, since, now) => plan,
                _ => {
                    let job =
                        tracing::error_span!(parent: None, "job", job = PLANNER, rotation = %id);
                    job.in_scope(|| Plan::make(snapshot, timeline, people, told, (since, now)))
                }
            };
            self.plans.insert(id, plan);
        }
    }
}

impl Plan {
    fn make(
        snapshot: &Snapshot,
        timeline: &Arc<Timeline>,
        people: Vec<Option<Arc<Person>>>,
        told: &[SentNotice],
        (since, now): (Timestamp, Timestamp),
    ) -> Self {
        let everybody = snapshot.people();
        let meanwhile = Interval::new(since, now + HOLDS * 2);
        let handed_over = meanwhile.map(|around| handovers::in_window(timeline, around));
        Self {
            wanted: due(timeline, everybody, told, now, HORIZON),
            wrong: troubles(timeline, snapshot, everybody, window(now)),
            handovers: handed_over.unwrap_or_default(),
            timeline: Arc::clone(timeline),
            people,
            told: told.to_vec(),
            since,
            made_at: now,
        }
    }

    fn holds(
        &self,
        timeline: &Arc<Timeline>,
        people: &[Option<Arc<Person>>],
        told: &[SentNotice],
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let same = |(one, other): (&Option<Arc<Person>>, &Option<Arc<Person>>)| match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let spread = timeline.rotation().id.as_uuid().as_u128() % 300;
        let spread = TimeDelta::seconds(i64::try_from(spread).unwrap_or_default()).min(HOLDS);
        // A clock that has jumped, whichever way, makes another plan.
        let fresh =
            self.made_at <= now && now - self.made_at < HOLDS + spread && self.since <= since;
        fresh
            && Arc::ptr_eq(&self.timeline, timeline)
            && self.told == told
            && self.people.len() == people.len()
            && self.people.iter().zip(people).all(same)
    }
}

/// Everybody who may be reminded of a rotation.
fn concerned(snapshot: &Snapshot, timeline: &Timeline) -> Vec<Option<Arc<Person>>> {
    let by_override = timeline.overrides().iter().filter_map(|one| one.person);
    let mut ids = timeline.rotation().everybody();
    ids.extend(by_override);
    ids.sort_unstable();
    ids.dedup();
    let people = snapshot.people();
    ids.iter().map(|id| people.get(id).cloned()).collect()
}

/// Puts mails into the outbox, where they are not there yet. Says how many.
fn put(app: &App, wanted: &[Planned], now: Timestamp) -> Result<usize, StoreError> {
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
        kind: MessageKind::Reminder(reminder.kind).into(),
        person_id: Some(reminder.recipient),
        rotation_id: Some(rotation),
        payload: sent_notices::payload(reminder),
        due_at: reminder.due_at,
        // What never ends is of use for as long as the databases can say.
        not_after: reminder
            .not_after
            .min(reminder.due_at + TimeDelta::days(36_500)),
    }
}
