//! How incidents are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::incidents::{
    Attendance, Event, Handover, HandoverState, How, Incident, Item, Stage, Update, Watch,
    WatchSettings,
};
use crate::domain::schedule::duty::{self, RotationLookup as _};
use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;
use crate::views::{CandidateView, PersonRef};

/// Somebody's time as the watcher.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WatchView {
    /// Who.
    pub person: PersonRef,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when; null: they have it still.
    pub until: Option<DateTime<Utc>>,
    /// `raised_hand`, `named` or `handed_over`.
    #[schema(value_type = String)]
    pub how: How,
}

/// Who watches, and whether they are there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WatcherView {
    /// Who.
    pub person: PersonRef,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether they are there.
    pub there: bool,
    /// When they leave; null where they are not there, or for days.
    pub leaves_at: Option<DateTime<Utc>>,
}

/// The watch, offered to somebody or left for whoever comes next.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = IncidentHandoverView)]
pub struct HandoverView {
    /// 1 for the first.
    pub n: u32,
    /// Who watched.
    pub from: PersonRef,
    /// To whom; null: whoever comes next.
    pub to: Option<PersonRef>,
    /// Where it stood.
    pub status: String,
    /// Roughly how many tickets belonged to it.
    pub ticket_count: u32,
    /// What the next person needs to know.
    pub key_information: String,
    /// What customers were told.
    pub told_to_users: String,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// `open`, `accepted`, `declined`, `withdrawn`, or `left` for whoever comes next.
    #[schema(value_type = String)]
    pub state: HandoverState,
    /// When that became of it.
    pub closed_at: Option<DateTime<Utc>>,
}

/// What customers were told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UpdateView {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Option<PersonRef>,
    /// What.
    pub text: String,
}

/// The next time that customers are told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NextUpdateView {
    /// At the latest.
    pub due_at: DateTime<Utc>,
    /// Who owns it.
    pub owner: Option<PersonRef>,
}

/// Something to be done: while the incident is open, or after it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = IncidentItemView)]
pub struct ItemView {
    /// 1 for the first.
    pub n: u32,
    /// What.
    pub text: String,
    /// By when, where it follows the incident.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// By whom.
    pub done_by: Option<PersonRef>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom; null: a webhook, or the bootstrap administrator.
    pub by: Option<PersonRef>,
    /// What: `kind`, and what belongs to it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub fact: Value,
}

/// Support, while nobody watches.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnwatchedView {
    /// Since when.
    pub since: DateTime<Utc>,
    /// When somebody of support comes online; null where somebody is, or nobody will.
    pub resumes_at: Option<DateTime<Utc>>,
    /// Who is asked in the meantime: the rotation's fallback.
    pub fallback: Option<PersonRef>,
    /// The rotation that answered for it.
    pub fallback_rotation_id: Option<String>,
}

/// An incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IncidentView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub reference: String,
    /// What is wrong.
    pub title: String,
    /// The name of its severity.
    pub severity: Option<String>,
    /// `investigating`, `identified`, `monitoring` or `resolved`.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// Whose people watch it.
    pub rotation_id: String,
    /// Whose person tells customers.
    pub communications_rotation_id: Option<String>,
    /// Who leads the work on it.
    pub lead: Option<PersonRef>,
    /// Its chat channel.
    pub channel_url: Option<String>,
    /// Its thread in the support channel.
    pub thread_url: Option<String>,
    /// What customers see.
    pub status_page_url: Option<String>,
    /// When it was declared.
    pub declared_at: DateTime<Utc>,
    /// By whom; null: a webhook, or the bootstrap administrator.
    pub declared_by: Option<PersonRef>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who watches.
    pub watcher: Option<WatcherView>,
    /// Support, where nobody is there who watches; null where somebody is, or it is over.
    pub unwatched: Option<UnwatchedView>,
    /// The best to hand over to when the watcher leaves.
    pub successor: Option<CandidateView>,
    /// Who could watch now, best first; those who come online later come last.
    pub candidates: Vec<CandidateView>,
    /// The next time that customers are told.
    pub next_update: Option<NextUpdateView>,
    /// Who watched from when to when.
    pub watches: Vec<WatchView>,
    /// Every handover.
    pub handovers: Vec<HandoverView>,
    /// What customers were told.
    pub updates: Vec<UpdateView>,
    /// What is to be done.
    pub items: Vec<ItemView>,
    /// Everything that happened, in order.
    pub history: Vec<EventView>,
    /// Goes up with each change.
    pub version: i64,
}

/// How a rotation works on incidents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettingsView {
    /// All about it. The address of the chat is null for those who do not manage the team.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub settings: WatchSettings,
    /// Goes up with each change.
    pub version: i64,
}

impl IncidentView {
    /// The incident at `now`.
    #[must_use]
    pub fn of(
        snapshot: &Snapshot,
        incident: &Incident,
        settings: &WatchSettings,
        now: Timestamp,
    ) -> Self {
        let person = |id| PersonRef::of(snapshot, id, now);
        let attendance = incident
            .is_open()
            .then(|| incident.attendance(snapshot, now));
        let candidates = match attendance {
            Some(_) => incident.candidates(snapshot, now),
            None => Vec::new(),
        };
        let leaves_at = match attendance {
            Some(Attendance::Watched { until, .. }) => until,
            _ => None,
        };
        let show = |candidate, at| CandidateView::of(snapshot, &candidate, at);
        let successor = leaves_at.and_then(|at| Some(show(incident.successor(snapshot, at)?, at)));
        let candidates: Vec<CandidateView> =
            candidates.into_iter().map(|one| show(one, now)).collect();
        let unwatched = match attendance {
            Some(Attendance::Unwatched { since }) => Some(UnwatchedView::of(
                snapshot,
                incident,
                &candidates,
                since,
                now,
            )),
            _ => None,
        };
        Self {
            id: incident.id.to_string(),
            reference: incident.reference.clone(),
            title: incident.title.clone(),
            severity: incident.severity.clone(),
            stage: incident.stage,
            rotation_id: incident.rotation.to_string(),
            communications_rotation_id: incident.communications.map(|id| id.to_string()),
            lead: incident.lead.map(person),
            channel_url: incident.links.channel.clone(),
            thread_url: incident.links.thread.clone(),
            status_page_url: incident.links.status_page.clone(),
            declared_at: incident.declared_at,
            declared_by: incident.declared_by.map(person),
            resolved_at: incident.resolved_at,
            watcher: incident.watch().map(|watch| WatcherView {
                person: person(watch.person),
                since: watch.from,
                there: unwatched.is_none(),
                leaves_at,
            }),
            unwatched,
            successor,
            candidates,
            next_update: incident.next_update(settings).map(|due_at| NextUpdateView {
                due_at,
                owner: incident.update_owner(snapshot, now).map(person),
            }),
            watches: list(&incident.watches, |watch| {
                WatchView::of(snapshot, watch, now)
            }),
            handovers: list(&incident.handovers, |one| {
                HandoverView::of(snapshot, one, now)
            }),
            updates: list(&incident.updates, |update| {
                UpdateView::of(snapshot, update, now)
            }),
            items: list(&incident.items, |item| ItemView::of(snapshot, item, now)),
            history: list(&incident.events, |event| {
                EventView::of(snapshot, event, now)
            }),
            version: incident.version(),
        }
    }
}

fn list<T, V>(all: &[T], show: impl Fn(&T) -> V) -> Vec<V> {
    all.iter().map(show).collect()
}

impl UnwatchedView {
    fn of(
        snapshot: &Snapshot,
        incident: &Incident,
        candidates: &[CandidateView],
        since: Timestamp,
        now: Timestamp,
    ) -> Self {
        let somebody = candidates.iter().any(|one| one.available_from.is_none());
        let resumes_at = candidates.iter().filter_map(|one| one.available_from).min();
        let fallback = snapshot
            .timeline(incident.rotation)
            .and_then(|timeline| timeline.rotation().fallback)
            .filter(|_| !somebody)
            .and_then(|fallback| duty::answer(snapshot, fallback, now));
        Self {
            since,
            resumes_at: resumes_at.filter(|_| !somebody),
            fallback: fallback
                .and_then(|duty| duty.person)
                .map(|id| PersonRef::of(snapshot, id, now)),
            fallback_rotation_id: fallback.map(|duty| duty.answered_by.to_string()),
        }
    }
}

impl WatchView {
    fn of(snapshot: &Snapshot, watch: &Watch, now: Timestamp) -> Self {
        Self {
            person: PersonRef::of(snapshot, watch.person, now),
            from: watch.from,
            until: watch.until,
            how: watch.how,
        }
    }
}

impl HandoverView {
    fn of(snapshot: &Snapshot, handover: &Handover, now: Timestamp) -> Self {
        let notes = &handover.notes;
        Self {
            n: handover.number,
            from: PersonRef::of(snapshot, handover.from, now),
            to: handover.to.map(|to| PersonRef::of(snapshot, to, now)),
            status: notes.status.clone(),
            ticket_count: notes.ticket_count,
            key_information: notes.key_information.clone(),
            told_to_users: notes.told_to_users.clone(),
            offered_at: handover.offered_at,
            state: handover.state,
            closed_at: handover.closed_at,
        }
    }
}

impl UpdateView {
    fn of(snapshot: &Snapshot, update: &Update, now: Timestamp) -> Self {
        Self {
            at: update.at,
            by: update.by.map(|by| PersonRef::of(snapshot, by, now)),
            text: update.text.clone(),
        }
    }
}

impl ItemView {
    fn of(snapshot: &Snapshot, item: &Item, now: Timestamp) -> Self {
        Self {
            n: item.number,
            text: item.text.clone(),
            due_at: item.due_at,
            done_at: item.done.map(|(at, _)| at),
            done_by: item
                .done
                .and_then(|(_, by)| Some(PersonRef::of(snapshot, by?, now))),
        }
    }
}

impl EventView {
    fn of(snapshot: &Snapshot, event: &Event, now: Timestamp) -> Self {
        Self {
            at: event.at,
            by: event.by.map(|by| PersonRef::of(snapshot, by, now)),
            // Facts have names and texts only, which JSON can hold.
            fact: serde_json::to_value(&event.fact).unwrap_or_default(),
        }
    }
}
