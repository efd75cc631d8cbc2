//! Incidents, seen from support: who watches, what customers were told, what is still to be done.
//!
//! An incident is the sum of its facts, which are only ever appended: its history is what is stored, and its present
//! state is computed from it. Watching an incident changes no rotation's timeline.

pub mod candidates;

mod attendance;
mod decide;
mod fact;
mod prompt;
mod settings;

use serde::{Deserialize, Serialize};

pub use attendance::Attendance;
pub use decide::IncidentError;
pub use fact::{Event, Fact, How, Links, Notes, Stage, ToDo};
pub use prompt::{Prompt, PromptKind, Recipient, due};
pub use settings::{Severity, StageMeanings, Template, WatchSettings};

use crate::ids::{IncidentId, PersonId, RotationId};
use crate::time::interval::Timestamp;

/// Somebody's time as the watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Who.
    pub person: PersonId,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None`: they have it still.
    pub until: Option<Timestamp>,
    /// How they came to it.
    pub how: How,
    /// When they said until when they are there, and what they said.
    pub staying: Option<(Timestamp, Timestamp)>,
}

/// What became of a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoverState {
    /// It waits for an answer.
    Open,
    /// It was accepted.
    Accepted,
    /// It was declined.
    Declined,
    /// Another came after it, or the incident is over.
    Withdrawn,
    /// It was left for whoever comes next.
    Left,
}

/// The watch, offered to somebody or left for whoever comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// 1 for the first.
    pub number: u32,
    /// Who watched.
    pub from: PersonId,
    /// To whom; `None`: whoever comes next.
    pub to: Option<PersonId>,
    /// What they need to know.
    pub notes: Notes,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// What became of it.
    pub state: HandoverState,
    /// When that became of it.
    pub closed_at: Option<Timestamp>,
}

/// What customers were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<PersonId>,
    /// What.
    pub text: String,
}

/// Something to be done: while the incident is open, or after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// 1 for the first.
    pub number: u32,
    /// What.
    pub text: String,
    /// By when, where it follows the incident.
    pub due_at: Option<Timestamp>,
    /// When it was done, and by whom.
    pub done: Option<(Timestamp, Option<PersonId>)>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What people call it.
    pub reference: String,
    /// What is wrong.
    pub title: String,
    /// The name of its severity.
    pub severity: Option<String>,
    /// How far the work is.
    pub stage: Stage,
    /// Whose people watch it.
    pub rotation: RotationId,
    /// Whose person tells customers.
    pub communications: Option<RotationId>,
    /// Who leads the work on it.
    pub lead: Option<PersonId>,
    /// Where it is talked about.
    pub links: Links,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// By whom.
    pub declared_by: Option<PersonId>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Who watched from when to when, in order.
    pub watches: Vec<Watch>,
    /// Every handover, in order.
    pub handovers: Vec<Handover>,
    /// What customers were told, in order.
    pub updates: Vec<Update>,
    /// What is to be done.
    pub items: Vec<Item>,
    /// Everything that happened, in order; never empty.
    pub events: Vec<Event>,
}

impl Incident {
    /// The incident that came about like this; `None` where it was not declared first.
    #[must_use]
    pub fn of(id: IncidentId, events: Vec<Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next()?;
        let Fact::Declared {
            reference,
            title,
            severity,
            rotation,
            communications,
            lead,
            links,
            to_do,
        } = first.fact.clone()
        else {
            return None;
        };
        let mut incident = Self {
            id,
            reference,
            title,
            severity,
            stage: Stage::Investigating,
            rotation,
            communications,
            lead,
            links,
            declared_at: first.at,
            declared_by: first.by,
            resolved_at: None,
            watches: Vec::new(),
            handovers: Vec::new(),
            updates: Vec::new(),
            items: Vec::new(),
            events: vec![first],
        };
        incident.add_items(to_do);
        events.for_each(|event| incident.apply(event));
        Some(incident)
    }

    /// Goes up with each change.
    #[must_use]
    pub fn version(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    /// Whether it goes on.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether there is still something to be done about it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is_open() || self.items.iter().any(Item::is_left)
    }

    /// The watch that runs.
    #[must_use]
    pub fn watch(&self) -> Option<&Watch> {
        self.watches.last().filter(|watch| watch.until.is_none())
    }

    /// Who watches.
    #[must_use]
    pub fn watcher(&self) -> Option<PersonId> {
        self.watch().map(|watch| watch.person)
    }

    /// The handover that waits for an answer.
    #[must_use]
    pub fn open_handover(&self) -> Option<&Handover> {
        self.handovers
            .last()
            .filter(|handover| handover.state == HandoverState::Open)
    }

    /// What was last written down for the next watcher.
    #[must_use]
    pub fn latest_notes(&self) -> Option<&Handover> {
        self.handovers.last()
    }

    /// What happens next.
    pub fn apply(&mut self, event: Event) {
        let at = event.at;
        match event.fact.clone() {
            // Only the first is one.
            Fact::Declared { .. } => {}
            Fact::Watched { person, how } => self.begin_watch(person, how, at),
            Fact::Staying { until } => {
                if let Some(watch) = self.watches.last_mut() {
                    watch.staying = Some((at, until));
                }
            }
            Fact::Offered { to, notes } => {
                self.close_handover(HandoverState::Withdrawn, at);
                self.add_handover(Some(to), notes, at);
            }
            Fact::Accepted { .. } => {
                let to = self.open_handover().and_then(|open| open.to);
                self.close_handover(HandoverState::Accepted, at);
                if let Some(to) = to {
                    self.begin_watch(to, How::HandedOver, at);
                }
            }
            Fact::Declined { .. } => self.close_handover(HandoverState::Declined, at),
            Fact::LeftNotes { notes } => {
                self.close_handover(HandoverState::Withdrawn, at);
                self.add_handover(None, notes, at);
                self.close_handover(HandoverState::Left, at);
                self.end_watch(at);
            }
            Fact::Changed {
                title,
                severity,
                stage,
                communications,
                lead,
                links,
                to_do,
            } => {
                self.title = title.unwrap_or_else(|| std::mem::take(&mut self.title));
                self.severity = severity.or(self.severity.take());
                self.stage = stage.unwrap_or(self.stage);
                self.communications = communications.or(self.communications);
                self.lead = lead.or(self.lead);
                self.links = links.unwrap_or_else(|| std::mem::take(&mut self.links));
                self.add_items(to_do);
            }
            Fact::Told { text } => self.updates.push(Update {
                at,
                by: event.by,
                text,
            }),
            Fact::Ticked { item, done } => {
                if let Some(item) = self.items.iter_mut().find(|one| one.number == item) {
                    item.done = done.then_some((at, event.by));
                }
            }
            Fact::Resolved { to_do } => {
                self.close_handover(HandoverState::Withdrawn, at);
                self.end_watch(at);
                self.stage = Stage::Resolved;
                self.resolved_at = Some(at);
                self.add_items(to_do);
            }
        }
        self.events.push(event);
    }

    fn begin_watch(&mut self, person: PersonId, how: How, at: Timestamp) {
        self.close_handover(HandoverState::Withdrawn, at);
        self.end_watch(at);
        self.watches.push(Watch {
            person,
            from: at,
            until: None,
            how,
            staying: None,
        });
    }

    fn end_watch(&mut self, at: Timestamp) {
        if let Some(watch) = self.watches.last_mut() {
            watch.until.get_or_insert(at);
        }
    }

    fn add_handover(&mut self, to: Option<PersonId>, notes: Notes, at: Timestamp) {
        // Only a watcher hands over.
        let Some(from) = self.watcher() else { return };
        self.handovers.push(Handover {
            number: next_number(self.handovers.len()),
            from,
            to,
            notes,
            offered_at: at,
            state: HandoverState::Open,
            closed_at: None,
        });
    }

    fn close_handover(&mut self, state: HandoverState, at: Timestamp) {
        if let Some(open) = self
            .handovers
            .last_mut()
            .filter(|handover| handover.state == HandoverState::Open)
        {
            open.state = state;
            open.closed_at = Some(at);
        }
    }

    fn add_items(&mut self, to_do: Vec<ToDo>) {
        for one in to_do {
            self.items.push(Item {
                number: next_number(self.items.len()),
                text: one.text,
                due_at: one.due_at,
                done: None,
            });
        }
    }
}

impl Item {
    /// Whether it follows the incident, and is not done.
    #[must_use]
    pub const fn is_left(&self) -> bool {
        self.due_at.is_some() && self.done.is_none()
    }
}

fn next_number(count: usize) -> u32 {
    u32::try_from(count).map_or(u32::MAX, |count| count.saturating_add(1))
}
