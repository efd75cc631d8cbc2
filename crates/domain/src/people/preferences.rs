//! Which mails a person wants.

use serde::{Deserialize, Serialize};

/// What a mail is about, as far as people can do without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Shifts to come.
    Incoming,
    /// Shifts to hand over.
    Outgoing,
    /// Shifts that became others after they were told of them.
    Changes,
    /// What others ask of them, or of their team: covers, trades.
    Requests,
    /// Gaps and clashes ahead, and what is left open at handovers, for managers.
    Digests,
    /// Incidents: who watches, who hands over, what is due.
    Incidents,
    /// Their own calendars, where these cannot be read any more.
    Calendars,
}

impl Topic {
    /// In words, as in "mails about …".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Incoming => "shifts to come",
            Self::Outgoing => "shifts to hand over",
            Self::Changes => "changes of your shifts",
            Self::Requests => "requests to take over a shift",
            Self::Digests => "gaps, clashes and open handovers",
            Self::Incidents => "incidents",
            Self::Calendars => "calendars that cannot be read",
        }
    }
}

/// Which mails a person wants; by default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent choices, each with its name in the contract"
)]
pub struct Preferences {
    /// Of shifts to come.
    pub incoming: bool,
    /// Of shifts to hand over.
    pub outgoing: bool,
    /// Of shifts that became others after they were told of them.
    pub changes: bool,
    /// Of what others ask.
    pub requests: bool,
    /// Of gaps and clashes ahead, and of what is left open at handovers.
    pub digests: bool,
    /// Of incidents.
    pub incidents: bool,
    /// Of their own calendars that cannot be read any more.
    pub calendars: bool,
    /// The reminder at the handoff itself, also outside their working hours.
    pub handoff_outside_hours: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            incoming: true,
            outgoing: true,
            changes: true,
            requests: true,
            digests: true,
            incidents: true,
            calendars: true,
            handoff_outside_hours: true,
        }
    }
}

impl Preferences {
    /// Whether they want mails of this topic.
    #[must_use]
    pub const fn wants(&self, topic: Topic) -> bool {
        match topic {
            Topic::Incoming => self.incoming,
            Topic::Outgoing => self.outgoing,
            Topic::Changes => self.changes,
            Topic::Requests => self.requests,
            Topic::Digests => self.digests,
            Topic::Incidents => self.incidents,
            Topic::Calendars => self.calendars,
        }
    }

    /// The same without this topic.
    #[must_use]
    pub const fn without(mut self, topic: Topic) -> Self {
        match topic {
            Topic::Incoming => self.incoming = false,
            Topic::Outgoing => self.outgoing = false,
            Topic::Changes => self.changes = false,
            Topic::Requests => self.requests = false,
            Topic::Digests => self.digests = false,
            Topic::Incidents => self.incidents = false,
            Topic::Calendars => self.calendars = false,
        }
        self
    }
}
