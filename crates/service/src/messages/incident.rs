//! `incident.*`: what is due about an incident, by mail and to the support channel.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::access::link::{IncidentStep, Step};
use crate::domain::ids::{IncidentId, PersonId};
use crate::domain::incidents::candidates::Candidate;
use crate::domain::incidents::{Handover, Incident, Item, Prompt, PromptKind, Recipient};
use crate::domain::notifications::notice::{Block, Notice, Offer, cut, long, short};
use crate::domain::people::preferences::Topic;
use crate::domain::schedule::duty::{self, RotationLookup as _};
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::snapshot::Snapshot;

/// How long a link can be used.
const LINK: TimeDelta = TimeDelta::days(3);

/// So many candidates are named.
const NAMED: usize = 8;

/// So many characters of a text of somebody's are in a subject: it is read on phones.
const IN_A_SUBJECT: usize = 60;

/// What the outbox keeps of it.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The incident.
    pub incident: IncidentId,
    /// What people call it.
    pub reference: String,
    /// The time that the prompt is about.
    pub about: Timestamp,
}

/// Who is told about what, on whose clock.
struct Speaker<'a> {
    snapshot: &'a Snapshot,
    incident: &'a Incident,
    prompt: &'a Prompt,
    zone: Zone,
    now: Timestamp,
}

/// What a mail says; `None` where its recipient is gone.
pub fn notice(
    snapshot: &Snapshot,
    incident: &Incident,
    prompt: &Prompt,
    now: Timestamp,
) -> Option<Notice> {
    let Recipient::Person(person) = prompt.recipient else {
        return None;
    };
    let speaker = Speaker {
        zone: snapshot.person(person)?.zone(now),
        snapshot,
        incident,
        prompt,
        now,
    };
    let (headline, mut blocks) = speaker.says();
    let offers = speaker.offers();
    if !offers.is_empty() {
        // What is to be done is seen first, and the rest by whoever wants to know more.
        blocks.insert(blocks.len().min(1), Block::Steps(offers));
    }
    blocks.push(speaker.facts());
    let page = ("Open the incident".to_owned(), path(incident));
    blocks.push(Block::Pages(vec![page]));
    Some(Notice {
        subject: format!(
            "{}: {} ({})",
            incident.reference,
            cut(&headline, IN_A_SUBJECT),
            cut(&incident.title, IN_A_SUBJECT)
        ),
        topic: Topic::Incidents,
        blocks,
        entries: Vec::new(),
        // There is no mail of this id: it holds those together that name it.
        in_reply_to: Some(format!("incident-{}", incident.id)),
    })
}

/// What the support channel is told.
pub fn message(
    public_url: &str,
    snapshot: &Snapshot,
    incident: &Incident,
    prompt: &Prompt,
    now: Timestamp,
) -> String {
    let speaker = Speaker {
        snapshot,
        incident,
        prompt,
        zone: Zone::utc(),
        now,
    };
    let (headline, blocks) = speaker.says();
    let mut lines = vec![format!(
        "{}: {headline} ({}{})",
        incident.reference,
        incident.title,
        severity(incident)
    )];
    if !blocks.is_empty() {
        lines.push("Times are UTC.".to_owned());
    }
    for block in blocks {
        match block {
            Block::Text(text) => lines.push(text),
            Block::List(title, items) => {
                lines.push(format!("{title}:"));
                lines.extend(items.into_iter().map(|item| format!("• {item}")));
            }
            Block::Facts(facts) => {
                lines.extend(
                    facts
                        .into_iter()
                        .map(|(name, text)| format!("{name}: {text}")),
                );
            }
            Block::Quote(title, text) => lines.extend([title, text]),
            Block::Steps(_) | Block::Pages(_) => {}
        }
    }
    lines.extend(incident.links.channel.clone());
    lines.push(format!("{public_url}{}", path(incident)));
    lines.join("\n")
}

fn path(incident: &Incident) -> String {
    format!("/incidents/{}", incident.id)
}

fn severity(incident: &Incident) -> String {
    incident
        .severity
        .as_ref()
        .map(|name| format!(", {name}"))
        .unwrap_or_default()
}

/// `7 h 30 min`.
fn duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

impl Speaker<'_> {
    fn name(&self, person: PersonId) -> String {
        let found = self.snapshot.person(person);
        found.map_or_else(|| "somebody".to_owned(), |person| person.name.clone())
    }

    fn short(&self, at: Timestamp) -> String {
        short(at, &self.zone)
    }

    fn clock(&self, at: Timestamp) -> String {
        self.zone.to_local(at).format("%H:%M").to_string()
    }

    /// The headline, which follows the reference, and what there is to say.
    fn says(&self) -> (String, Vec<Block>) {
        let watcher = self.incident.watcher().map(|id| self.name(id));
        let watcher = watcher.unwrap_or_else(|| "Nobody".to_owned());
        let text = |text: &str| vec![Block::Text(text.to_owned())];
        match self.prompt.kind {
            PromptKind::Ask => self.with_notes(
                "who watches it?",
                "Nobody of support watches this incident. Whoever raises a hand first has it.",
            ),
            PromptKind::Nudge => self.with_notes(
                "would you watch it?",
                "Nobody has raised a hand, and of those at work who were not asked like this yet you have the most working hours ahead.",
            ),
            PromptKind::NobodyYet => (
                "nobody of support watches yet".to_owned(),
                text(
                    "Support was asked, and nobody has raised a hand so far. They are being asked one by one.",
                ),
            ),
            PromptKind::OutOfHours => self.out_of_hours(),
            PromptKind::Named => (
                "you watch it".to_owned(),
                text(
                    "You were named as the watcher. If you cannot, hand over to somebody who is at work.",
                ),
            ),
            PromptKind::Watched => (format!("{watcher} watches it"), Vec::new()),
            PromptKind::HandOver => self.hand_over(),
            PromptKind::Offered => self.offered(),
            PromptKind::Unanswered => self.unanswered(),
            PromptKind::Accepted => (
                format!("{watcher} watches it now"),
                text("Your handover was accepted. Thank you."),
            ),
            PromptKind::Declined => (
                "your handover was declined".to_owned(),
                text(
                    "You are the watcher still. Hand over to somebody else, or say that you stay on.",
                ),
            ),
            PromptKind::UpdateDue => self.update_due(),
            PromptKind::Resolved => ("it is over".to_owned(), Vec::new()),
            PromptKind::FollowUp => self.follow_up(),
        }
    }

    /// Who could watch, and what was last written down.
    fn with_notes(&self, headline: &str, text: &str) -> (String, Vec<Block>) {
        let mut blocks = vec![Block::Text(text.to_owned())];
        let candidates = self.incident.candidates(self.snapshot, self.now);
        let items: Vec<String> = candidates
            .iter()
            .take(NAMED)
            .map(|one| self.candidate(one))
            .collect();
        if !items.is_empty() {
            blocks.push(Block::List(
                "Who could, most working hours ahead first".to_owned(),
                items,
            ));
        }
        blocks.extend(self.incident.latest_notes().map(|last| self.notes(last)));
        (headline.to_owned(), blocks)
    }

    fn candidate(&self, candidate: &Candidate) -> String {
        let name = self.name(candidate.person);
        let left = duration(candidate.working_seconds_left);
        match (candidate.available_from, candidate.available_until) {
            (Some(from), _) => format!("{name}, from {} ({left})", self.short(from)),
            (None, Some(until)) => format!("{name}, {left} left, until {}", self.clock(until)),
            (None, None) => format!("{name}, always at work"),
        }
    }

    fn notes(&self, handover: &Handover) -> Block {
        let notes = &handover.notes;
        Block::Facts(vec![
            ("Notes by".to_owned(), self.name(handover.from)),
            ("written".to_owned(), self.short(handover.offered_at)),
            ("status".to_owned(), notes.status.clone()),
            (
                "tickets, roughly".to_owned(),
                notes.ticket_count.to_string(),
            ),
            ("to know".to_owned(), notes.key_information.clone()),
            ("told to users".to_owned(), notes.told_to_users.clone()),
        ])
    }

    /// Support watches in business hours only: when it is back, and who is asked in the meantime.
    fn out_of_hours(&self) -> (String, Vec<Block>) {
        let mut text =
            vec!["Support watches in business hours only, and nobody is woken.".to_owned()];
        let first = self
            .incident
            .candidates(self.snapshot, self.now)
            .into_iter()
            .filter_map(|one| Some((one.available_from?, one.person)))
            .min();
        text.extend(first.map(|(from, person)| {
            let back = long(from, &self.zone);
            let zone = self.zone.name();
            format!("{} is back first: {back} ({zone}).", self.name(person))
        }));
        let rotation = self.snapshot.timeline(self.incident.rotation);
        let fallback = rotation
            .and_then(|timeline| timeline.rotation().fallback)
            .and_then(|fallback| duty::answer(self.snapshot, fallback, self.now))
            .and_then(|duty| {
                let title = &self.snapshot.timeline(duty.answered_by)?.rotation().title;
                Some(format!(
                    "Until then ask {} ({title}).",
                    self.name(duty.person?)
                ))
            });
        text.extend(fallback);
        (
            "support is not at work".to_owned(),
            vec![Block::Text(text.join(" "))],
        )
    }

    /// The watcher leaves soon: who is best then, and how long they have.
    fn hand_over(&self) -> (String, Vec<Block>) {
        let leaves = self.prompt.about;
        let text = match self.incident.successor(self.snapshot, leaves) {
            Some(best) => format!(
                "You leave at {}. The best to take over then is {}, with {} ahead. Offer them the watch with the four notes: status, roughly how many tickets, what they need to know, what users were told.",
                self.clock(leaves),
                self.name(best.person),
                duration(best.working_seconds_left),
            ),
            None => format!(
                "You leave at {}, and nobody is at work then. Please leave longer notes than usual: status, roughly how many tickets, what the next person needs to know, what users were told. They reach the first person of the next day.",
                self.clock(leaves),
            ),
        };
        (
            format!("hand over before {}", self.clock(leaves)),
            vec![Block::Text(text)],
        )
    }

    fn offered(&self) -> (String, Vec<Block>) {
        let Some(open) = self.incident.open_handover() else {
            return ("the watch is offered to you".to_owned(), Vec::new());
        };
        let from = self.name(open.from);
        let text = format!("{from} watches until you accept. Then it is yours.");
        (
            format!("{from} hands over to you"),
            vec![Block::Text(text), self.notes(open)],
        )
    }

    fn unanswered(&self) -> (String, Vec<Block>) {
        let asked = self.incident.open_handover().and_then(|open| open.to);
        let asked = asked.map_or_else(|| "Whoever you asked".to_owned(), |to| self.name(to));
        let text = format!(
            "{asked} was offered the watch and has not answered. You are the watcher still: ask them, or offer it to somebody else.",
        );
        (format!("{asked} has not answered"), vec![Block::Text(text)])
    }

    fn update_due(&self) -> (String, Vec<Block>) {
        let due = self.clock(self.prompt.about);
        let text = match self.incident.updates.last() {
            None => "They were not told anything yet.".to_owned(),
            Some(last) => format!("Last, at {}: {}", self.clock(last.at), last.text),
        };
        (
            format!("customers are to be told by {due}"),
            vec![Block::Text(text)],
        )
    }

    fn follow_up(&self) -> (String, Vec<Block>) {
        let by = long(self.prompt.about, &self.zone);
        let texts: Vec<String> = self.to_do().map(|item| item.text.clone()).collect();
        let headline = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("{} things are left to be done", several.len()),
        };
        let title = format!("By {by} ({})", self.zone.name());
        (headline, vec![Block::List(title, texts)])
    }

    /// What is left to be done, of what is due at the prompt's instant.
    fn to_do(&self) -> impl Iterator<Item = &Item> {
        let due = Some(self.prompt.about);
        let items = self.incident.items.iter();
        items.filter(move |item| item.is_left() && item.due_at == due)
    }

    /// The incident in short.
    fn facts(&self) -> Block {
        let incident = self.incident;
        let mut facts = vec![
            ("incident".to_owned(), incident.reference.clone()),
            ("what".to_owned(), incident.title.clone()),
        ];
        let mut add = |name: &str, text: Option<String>| {
            facts.extend(text.map(|text| (name.to_owned(), text)));
        };
        add("severity", incident.severity.clone());
        add("watched by", incident.watcher().map(|id| self.name(id)));
        add("lead", incident.lead.map(|id| self.name(id)));
        add("channel", incident.links.channel.clone());
        add("thread", incident.links.thread.clone());
        add("status page", incident.links.status_page.clone());
        add("times are", Some(self.zone.name().to_owned()));
        Block::Facts(facts)
    }

    /// What the recipient can do with one step.
    fn offers(&self) -> Vec<Offer> {
        let step = |label: &str, step| (label.to_owned(), step);
        let steps = match (self.prompt.kind, self.prompt.number) {
            (PromptKind::Ask | PromptKind::Nudge, _) => {
                vec![step("Raise my hand", IncidentStep::RaiseHand)]
            }
            (PromptKind::Offered, Some(number)) => vec![
                step("Accept the watch", IncidentStep::Accept(number)),
                step("Decline", IncidentStep::Decline(number)),
            ],
            (PromptKind::FollowUp, _) => self
                .to_do()
                .map(|item| {
                    let label = format!("Done: {}", item.text);
                    (label, IncidentStep::Tick(item.number))
                })
                .collect(),
            _ => Vec::new(),
        };
        let until = self.now + LINK;
        steps
            .into_iter()
            .map(|(label, step)| Offer {
                label,
                step: Step::Incident(self.incident.id, step),
                until,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::RotationId;
    use crate::domain::incidents::{Event, Fact, Links};

    fn incident() -> Incident {
        let declared = Fact::Declared {
            reference: "INC-7".to_owned(),
            title: "Flags are late".to_owned(),
            severity: Some("major".to_owned()),
            rotation: RotationId::from_uuid(Uuid::from_u128(2)),
            communications: None,
            lead: None,
            links: Links::default(),
            to_do: Vec::new(),
        };
        let event = Event {
            at: "2026-03-02T10:00:00Z".parse().unwrap(),
            by: None,
            fact: declared,
        };
        Incident::of(IncidentId::from_uuid(Uuid::from_u128(1)), vec![event]).unwrap()
    }

    /// The first line of what the channel is told.
    fn headline(kind: PromptKind) -> String {
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        let prompt = Prompt {
            key: String::new(),
            kind,
            recipient: Recipient::Channel,
            about: now,
            number: None,
            due_at: now,
            not_after: now,
        };
        let snapshot = Snapshot::default();
        let text = message("https://d.example", &snapshot, &incident(), &prompt, now);
        let (first, rest) = text.split_once('\n').unwrap();
        let page = "https://d.example/incidents/00000000-0000-0000-0000-000000000001";
        assert!(rest.ends_with(page), "{text}");
        first.to_owned()
    }

    #[test]
    fn the_channel_is_told_each_prompt_in_one_line_first() {
        for (kind, says) in [
            (PromptKind::Ask, "who watches it?"),
            (PromptKind::Nudge, "would you watch it?"),
            (PromptKind::NobodyYet, "nobody of support watches yet"),
            (PromptKind::OutOfHours, "support is not at work"),
            (PromptKind::Named, "you watch it"),
            (PromptKind::Watched, "Nobody watches it"),
            (PromptKind::HandOver, "hand over before 10:00"),
            (PromptKind::Offered, "the watch is offered to you"),
            (PromptKind::Unanswered, "Whoever you asked has not answered"),
            (PromptKind::Accepted, "Nobody watches it now"),
            (PromptKind::Declined, "your handover was declined"),
            (PromptKind::UpdateDue, "customers are to be told by 10:00"),
            (PromptKind::Resolved, "it is over"),
            (PromptKind::FollowUp, "0 things are left to be done"),
        ] {
            let expected = format!("INC-7: {says} (Flags are late, major)");
            assert_eq!(headline(kind), expected);
        }
    }
}
