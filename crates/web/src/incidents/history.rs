//! What happened to an incident, in words.

use super::card::stage_name;
use crate::PageContext;
use crate::domain::incidents::{Event, Fact, How, Incident, Notes};
use crate::when::{self, When};

/// Something that happened.
pub struct Line {
    /// When.
    pub at: When,
    /// What.
    pub words: String,
    /// What was told or noted.
    pub text: Option<String>,
    /// The four notes of a handover.
    pub notes: Option<Notes>,
}

/// All of it, from the newest to the oldest.
pub fn lines(page: &PageContext, incident: &Incident) -> Vec<Line> {
    let events = incident.events.iter().rev();
    events.map(|event| line(page, incident, event)).collect()
}

fn line(page: &PageContext, incident: &Incident, event: &Event) -> Line {
    let by = event
        .by
        .map_or_else(|| "a program".to_owned(), |by| page.name(&by).to_owned());
    let (mut text, mut notes) = (None, None);
    let words = match &event.fact {
        Fact::Declared { .. } => format!("declared by {by}"),
        Fact::Watched { person, how } => {
            let name = page.name(person);
            match how {
                How::Named => format!("{name} watches, named by {by}"),
                How::RaisedHand | How::HandedOver => format!("{name} watches"),
            }
        }
        Fact::Staying { until } => {
            let until = when::short(&page.zone, *until, page.now);
            format!("{by} says that the watcher is there until {until}")
        }
        Fact::Offered { to, notes: given } => {
            notes = Some(given.clone());
            format!("{by} offers the watch to {}", page.name(to))
        }
        Fact::Accepted { handover } => {
            let to = incident
                .handovers
                .iter()
                .find(|one| one.number == *handover);
            let to = to.and_then(|one| one.to);
            to.map_or_else(
                || "the handover is accepted".to_owned(),
                |to| format!("{} accepts, and watches", page.name(&to)),
            )
        }
        Fact::Declined { .. } => format!("{by} declines the watch"),
        Fact::LeftNotes { notes: given } => {
            notes = Some(given.clone());
            format!("{by} leaves notes for whoever is next")
        }
        Fact::Changed { .. } => format!("{by} changes {}", changed(&event.fact)),
        Fact::Told { text: told } => {
            text = Some(told.clone());
            format!("{by} told customers")
        }
        Fact::Ticked { item, done } => {
            let found = incident.items.iter().find(|one| one.number == *item);
            text = found.map(|item| item.text.clone());
            if *done {
                format!("{by} ticks")
            } else {
                format!("{by} takes the tick away from")
            }
        }
        Fact::Resolved { .. } => format!("resolved by {by}"),
    };
    Line {
        at: page.at(&event.at),
        words,
        text,
        notes,
    }
}

/// What a change changed.
fn changed(fact: &Fact) -> String {
    let Fact::Changed {
        title,
        severity,
        stage,
        communications,
        lead,
        links,
        ..
    } = fact
    else {
        return String::new();
    };
    let parts = [
        title
            .as_ref()
            .map(|title| format!("the title to “{title}”")),
        severity
            .as_ref()
            .map(|name| format!("the severity to {name}")),
        stage.map(|stage| format!("the stage to {}", stage_name(stage))),
        communications.map(|_| "who tells customers".to_owned()),
        lead.map(|_| "the lead".to_owned()),
        links.as_ref().map(|_| "the links".to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join(", ")
    }
}
