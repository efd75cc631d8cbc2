//! What happens to an incident, as it is stored.

use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, RotationId};
use crate::time::interval::Timestamp;

/// How far the work on an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody knows yet what is wrong.
    Investigating,
    /// The cause is known.
    Identified,
    /// It seems mended, and is looked at.
    Monitoring,
    /// It is over.
    Resolved,
}

/// How somebody came to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// They raised their hand, or took it when they declared the incident.
    RaisedHand,
    /// Somebody who may named them.
    Named,
    /// They accepted a handover.
    HandedOver,
}

/// Where an incident is talked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// The chat channel.
    pub channel: Option<String>,
    /// The thread in the support channel.
    pub thread: Option<String>,
    /// What customers see.
    pub status_page: Option<String>,
}

/// What the next watcher needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Where it stands.
    pub status: String,
    /// Roughly how many tickets belong to it.
    pub ticket_count: u32,
    /// What the next person needs to know.
    pub key_information: String,
    /// What customers were told, so that answers stay consistent.
    pub told_to_users: String,
}

/// Something to be done, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToDo {
    /// What.
    pub text: String,
    /// By when; nothing while the incident is open: then it is to be done now.
    pub due_at: Option<Timestamp>,
}

/// What happened to an incident, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// It was declared.
    Declared {
        /// What people call it, such as `INC-123`.
        reference: String,
        /// What is wrong.
        title: String,
        /// The name of its severity.
        severity: Option<String>,
        /// Whose people watch it.
        rotation: RotationId,
        /// Whose person tells customers.
        communications: Option<RotationId>,
        /// Who leads the work on it.
        lead: Option<PersonId>,
        /// Where it is talked about.
        links: Links,
        /// What the watcher is to do.
        to_do: Vec<ToDo>,
    },
    /// Somebody watches from now on.
    Watched {
        /// Who.
        person: PersonId,
        /// Why they.
        how: How,
    },
    /// The watcher said until when they are there.
    Staying {
        /// Until then.
        until: Timestamp,
    },
    /// The watcher offered the watch to somebody, who has yet to accept it. An earlier offer is withdrawn.
    Offered {
        /// To whom.
        to: PersonId,
        /// What they need to know.
        notes: Notes,
    },
    /// The offer was accepted: they watch from now on.
    Accepted {
        /// Which handover.
        handover: u32,
    },
    /// The offer was declined.
    Declined {
        /// Which handover.
        handover: u32,
    },
    /// The watcher logged off with nobody ahead: whoever comes next finds the notes.
    LeftNotes {
        /// What they need to know.
        notes: Notes,
    },
    /// What is known of it changed; what is not given is as before.
    Changed {
        /// What is wrong.
        title: Option<String>,
        /// The name of its severity.
        severity: Option<String>,
        /// How far the work is.
        stage: Option<Stage>,
        /// Whose person tells customers.
        communications: Option<RotationId>,
        /// Who leads the work on it.
        lead: Option<PersonId>,
        /// Where it is talked about.
        links: Option<Links>,
        /// What the watcher is to do besides, now that the severity is another.
        to_do: Vec<ToDo>,
    },
    /// Customers were told something.
    Told {
        /// What.
        text: String,
    },
    /// Something is done, or is not done after all.
    Ticked {
        /// Its number.
        item: u32,
        /// Whether it is done.
        done: bool,
    },
    /// It is over.
    Resolved {
        /// What is left to be done.
        to_do: Vec<ToDo>,
    },
}

/// A fact, and when it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// By whom; `None`: by a webhook, or the bootstrap administrator.
    pub by: Option<PersonId>,
    /// What.
    pub fact: Fact,
}
