//! Who is to be told what about an incident, and when.
//!
//! What is due is computed from the facts alone, never remembered: whoever sends keeps the keys of what was sent.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Attendance, Handover, HandoverState, How, Incident, WatchSettings};
use crate::ids::PersonId;
use crate::incidents::candidates::Candidate;
use crate::schedule::duty::RotationLookup;
use crate::time::interval::{FOREVER, Timestamp};

/// At most so many people are nudged, one after the other.
const MOST_NUDGED: usize = 12;

/// So long anything is of use: who has not heard of it by then has heard otherwise.
const USE: TimeDelta = TimeDelta::days(30);

/// So long it is worth saying what has happened.
const NEWS: TimeDelta = TimeDelta::hours(12);

/// So long an answer to a handover is waited for before whoever offered it is told.
const ANSWER: TimeDelta = TimeDelta::minutes(15);

/// So long before something is due after an incident its owner is told.
const FOLLOW_UP: TimeDelta = TimeDelta::days(1);

/// So long after it was due somebody is still told.
const OVERDUE: TimeDelta = TimeDelta::days(14);

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Nobody watches: who raises their hand?
    Ask,
    /// Nobody did: would you?
    Nudge,
    /// To the lead: nobody watches yet.
    NobodyYet,
    /// To the lead and the channel: support watches in business hours only.
    OutOfHours,
    /// You were named as the watcher.
    Named,
    /// To the channel: somebody watches.
    Watched,
    /// Your day ends soon: hand over.
    HandOver,
    /// The watch is offered to you.
    Offered,
    /// Who you offered the watch to has not answered.
    Unanswered,
    /// Who you offered the watch to has it now.
    Accepted,
    /// Who you offered the watch to declined.
    Declined,
    /// Customers are to be told how it goes.
    UpdateDue,
    /// To the channel: it is over.
    Resolved,
    /// Something is left to be done.
    FollowUp,
}

impl PromptKind {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Nudge => "nudge",
            Self::NobodyYet => "nobody_yet",
            Self::OutOfHours => "out_of_hours",
            Self::Named => "named",
            Self::Watched => "watched",
            Self::HandOver => "hand_over",
            Self::Offered => "offered",
            Self::Unanswered => "unanswered",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::UpdateDue => "update_due",
            Self::Resolved => "resolved",
            Self::FollowUp => "follow_up",
        }
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recipient {
    /// A person, by mail.
    Person(PersonId),
    /// The support channel, in the chat.
    Channel,
}

/// Somebody is to be told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The same for the same prompt, whenever it is computed; another for every other.
    pub key: String,
    /// What they are told.
    pub kind: PromptKind,
    /// Who is told.
    pub recipient: Recipient,
    /// The instant that it is about: when nobody watched any more, the watcher leaves, an update is due.
    pub about: Timestamp,
    /// The handover that it is about.
    pub number: Option<u32>,
    /// Not before.
    pub due_at: Timestamp,
    /// Of no use from then on.
    pub not_after: Timestamp,
}

/// What is due at `now` and still of use, in order.
#[must_use]
pub fn due(
    incident: &Incident,
    rota: &impl RotationLookup,
    settings: &WatchSettings,
    now: Timestamp,
) -> Vec<Prompt> {
    let desk = Desk {
        incident,
        rota,
        settings,
        now,
    };
    let mut found = if incident.is_open() {
        desk.while_open()
    } else {
        desk.afterwards()
    };
    let reachable = |recipient: Recipient| match recipient {
        Recipient::Person(person) => rota
            .person(person)
            .is_some_and(|person| person.active_at(now)),
        Recipient::Channel => settings.chat_webhook_url.is_some(),
    };
    found.retain(|prompt| {
        prompt.due_at <= now && now < prompt.not_after && reachable(prompt.recipient)
    });
    found.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    found
}

/// An incident, with what is needed to say what is due.
struct Desk<'a, R> {
    incident: &'a Incident,
    rota: &'a R,
    settings: &'a WatchSettings,
    now: Timestamp,
}

impl<R: RotationLookup> Desk<'_, R> {
    fn prompt(&self, kind: PromptKind, recipient: Recipient, about: Timestamp) -> Prompt {
        let to = match recipient {
            Recipient::Person(person) => person.to_string(),
            Recipient::Channel => "channel".to_owned(),
        };
        Prompt {
            key: format!(
                "incident/{}/{}/{}/{to}",
                self.incident.id,
                kind.as_str(),
                about.timestamp()
            ),
            kind,
            recipient,
            about,
            number: None,
            due_at: about,
            not_after: about + USE,
        }
    }

    fn while_open(&self) -> Vec<Prompt> {
        let attendance = self.incident.attendance(self.rota, self.now);
        let mut found = match attendance {
            Attendance::Unwatched { since } => self.unwatched(since),
            Attendance::Watched { by, until } => self.watched(by, until),
        };
        found.extend(self.update(attendance));
        found.extend(self.handover());
        found
    }

    /// Nobody attends to it since then: the channel is asked, the candidates are nudged in turn, and the lead is told,
    /// or whoever declared it.
    fn unwatched(&self, since: Timestamp) -> Vec<Prompt> {
        let patience = TimeDelta::minutes(self.settings.patience_minutes.into());
        let candidates = self.incident.candidates(self.rota, since);
        let at_work = |one: &&Candidate| one.available_from.is_none();
        let mut found: Vec<Prompt> = candidates
            .iter()
            .filter(at_work)
            .map(|one| self.prompt(PromptKind::Ask, Recipient::Person(one.person), since))
            .collect();
        let (asked, told, first, nudged) = if found.is_empty() {
            let morning = candidates.iter().filter_map(|one| one.available_from).min();
            let closed = PromptKind::OutOfHours;
            (closed, closed, since, morning.unwrap_or(FOREVER))
        } else {
            let impatient = since + patience;
            (PromptKind::Ask, PromptKind::NobodyYet, impatient, impatient)
        };
        found.push(self.prompt(asked, Recipient::Channel, since));
        found.extend(
            self.nudges(nudged, patience)
                .into_iter()
                .map(|(person, at)| Prompt {
                    due_at: at,
                    ..self.prompt(PromptKind::Nudge, Recipient::Person(person), since)
                }),
        );
        let lead = self.incident.lead.or(self.incident.declared_by);
        found.extend(lead.map(|lead| Prompt {
            due_at: first,
            ..self.prompt(told, Recipient::Person(lead), since)
        }));
        found
    }

    /// Who is nudged until now, and when: the best candidate at work, then the next, each once. Nobody is woken:
    /// where nobody is left who is at work, the next is nudged when their day begins.
    fn nudges(&self, first: Timestamp, patience: TimeDelta) -> Vec<(PersonId, Timestamp)> {
        let (mut at, mut told) = (first, Vec::<(PersonId, Timestamp)>::new());
        while at <= self.now && told.len() < MOST_NUDGED {
            let left: Vec<Candidate> = self
                .incident
                .candidates(self.rota, at)
                .into_iter()
                .filter(|one| !told.iter().any(|(person, _)| *person == one.person))
                .collect();
            if let Some(best) = left.iter().find(|one| one.available_from.is_none()) {
                told.push((best.person, at));
                at += patience.max(TimeDelta::minutes(1));
            } else if let Some(next) = left.iter().filter_map(|one| one.available_from).min() {
                at = next;
            } else {
                break;
            }
        }
        told
    }

    /// Somebody attends to it: the channel knows, and they hand over before they leave.
    fn watched(&self, by: PersonId, until: Option<Timestamp>) -> Vec<Prompt> {
        let Some(watch) = self.incident.watch() else {
            return Vec::new();
        };
        let mut found = vec![Prompt {
            not_after: watch.from + NEWS,
            ..self.prompt(PromptKind::Watched, Recipient::Channel, watch.from)
        }];
        if watch.how == How::Named {
            found.push(self.prompt(PromptKind::Named, Recipient::Person(by), watch.from));
        }
        // Who has offered the watch already needs no reminder.
        if let Some(leaves) = until.filter(|_| self.incident.open_handover().is_none()) {
            let lead = TimeDelta::minutes(self.settings.handover_minutes.into());
            found.push(Prompt {
                due_at: (leaves - lead).max(watch.from),
                not_after: leaves,
                ..self.prompt(PromptKind::HandOver, Recipient::Person(by), leaves)
            });
        }
        found
    }

    /// Customers are to be told. A watcher who has left is not called back for it.
    fn update(&self, attendance: Attendance) -> Option<Prompt> {
        let due = self.incident.next_update(self.settings)?;
        let owner = self.incident.update_owner(self.rota, self.now)?;
        let left = matches!(attendance, Attendance::Unwatched { .. })
            && self.incident.watcher() == Some(owner);
        let ahead = TimeDelta::minutes(self.settings.update_notice_minutes.into());
        (!left).then(|| Prompt {
            due_at: due - ahead,
            ..self.prompt(PromptKind::UpdateDue, Recipient::Person(owner), due)
        })
    }

    /// The latest handover: whoever it is offered to is told, and whoever offered it is told what became of it.
    fn handover(&self) -> Vec<Prompt> {
        let Some(last) = self.incident.handovers.last() else {
            return Vec::new();
        };
        match (last.state, last.to, last.closed_at) {
            (HandoverState::Open, Some(to), _) => {
                let offered = last.offered_at;
                // Nobody has to answer before their day begins.
                let asked = self.at_work(to, offered, offered + NEWS);
                vec![
                    self.about_handover(last, PromptKind::Offered, to, offered),
                    Prompt {
                        due_at: asked + ANSWER,
                        ..self.about_handover(last, PromptKind::Unanswered, last.from, offered)
                    },
                ]
            }
            (HandoverState::Accepted, _, Some(at)) => {
                vec![self.about_handover(last, PromptKind::Accepted, last.from, at)]
            }
            (HandoverState::Declined, _, Some(at)) => {
                vec![self.about_handover(last, PromptKind::Declined, last.from, at)]
            }
            _ => Vec::new(),
        }
    }

    fn about_handover(
        &self,
        handover: &Handover,
        kind: PromptKind,
        person: PersonId,
        at: Timestamp,
    ) -> Prompt {
        let news = matches!(kind, PromptKind::Accepted | PromptKind::Declined);
        Prompt {
            number: Some(handover.number),
            not_after: at + if news { NEWS } else { USE },
            ..self.prompt(kind, Recipient::Person(person), at)
        }
    }

    /// It is over: the channel knows, and whoever watched last is told what is left a day before it is due, when they
    /// are at work.
    fn afterwards(&self) -> Vec<Prompt> {
        let Some(resolved) = self.incident.resolved_at else {
            return Vec::new();
        };
        let mut found = vec![Prompt {
            not_after: resolved + NEWS,
            ..self.prompt(PromptKind::Resolved, Recipient::Channel, resolved)
        }];
        let last = self.incident.watches.last().map(|watch| watch.person);
        let Some(owner) = last.or(self.incident.lead).or(self.incident.declared_by) else {
            return found;
        };
        let left = self.incident.items.iter().filter(|item| item.is_left());
        // What is due at the same time is told together.
        let dues: BTreeSet<Timestamp> = left.filter_map(|item| item.due_at).collect();
        found.extend(dues.into_iter().map(|due| Prompt {
            due_at: self.at_work(owner, (due - FOLLOW_UP).max(resolved), due),
            not_after: due + OVERDUE,
            ..self.prompt(PromptKind::FollowUp, Recipient::Person(owner), due)
        }));
        found
    }

    /// `at`, or the start of the person's next working hours, at the latest `latest`.
    fn at_work(&self, person: PersonId, at: Timestamp, latest: Timestamp) -> Timestamp {
        let Some(person) = self.rota.person(person) else {
            return at;
        };
        person
            .available_or_next(at, self.now)
            .map_or(latest, |next| next.start().min(latest))
            .max(at)
    }
}
