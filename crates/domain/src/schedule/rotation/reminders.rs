//! How a rotation reminds people of its handoffs, and what is to be done at each.

use serde::{Deserialize, Serialize};

use super::{Plan, Rotation};
use crate::time::interval::Timestamp;

/// The longest lead time, in days.
pub const LONGEST_LEAD: u16 = 60;

/// Turns of so many days have the long list of lead times.
const LONG_TURN: i64 = 5;

/// One side of a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoverSide {
    /// Whoever hands over.
    Outgoing,
    /// Whoever takes over.
    Incoming,
}

/// How long before a handoff, in the recipient's local time. Written as a number of days, `last_working_day` or
/// `handoff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Lead {
    /// So many days, at the same time on the clock.
    Days(u16),
    /// At the start of their last working day before.
    LastWorkingDay,
    /// At the handoff itself.
    Handoff,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Days(u16),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    LastWorkingDay,
    Handoff,
}

impl From<Written> for Lead {
    fn from(written: Written) -> Self {
        match written {
            Written::Days(days) => Self::Days(days),
            Written::Word(Word::LastWorkingDay) => Self::LastWorkingDay,
            Written::Word(Word::Handoff) => Self::Handoff,
        }
    }
}

impl From<Lead> for Written {
    fn from(lead: Lead) -> Self {
        match lead {
            Lead::Days(days) => Self::Days(days),
            Lead::LastWorkingDay => Self::Word(Word::LastWorkingDay),
            Lead::Handoff => Self::Word(Word::Handoff),
        }
    }
}

/// How a rotation reminds people; where it says nothing, as goes with the length of its turns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReminderSettings {
    /// Lead times for whoever takes over.
    pub incoming: Option<Vec<Lead>>,
    /// Lead times for whoever hands over.
    pub outgoing: Option<Vec<Lead>>,
    /// What is to be done at each handover.
    pub checklists: Checklists,
}

/// What is to be done at each handover; where it says nothing, as for a Support Hero where turns are long, and nothing
/// elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checklists {
    /// By whoever takes over.
    pub incoming: Option<Vec<String>>,
    /// By whoever hands over.
    pub outgoing: Option<Vec<String>>,
}

/// What a Support Hero resolves or passes on before the next one takes over.
const OUTGOING: [&str; 5] = [
    "Requests where customer success tagged us: resolved or passed on",
    "Escalated tickets of top customers: resolved or passed on",
    "Escalated tickets of high priority: resolved or passed on",
    "Escalated tickets of normal priority: resolved or passed on",
    "New and open tickets near or past their response target: resolved or passed on",
];

/// What a Support Hero has arranged to begin with.
const INCOMING: [&str; 2] = [
    "I have the rights in the ticket system for the week",
    "I have joined the channels",
];

impl Rotation {
    /// The lead times in force at the given time, by default those that suit the length of its turns.
    #[must_use]
    pub fn lead_times(&self, side: HandoverSide, at: Timestamp) -> Vec<Lead> {
        let (own, long, short): (_, &[Lead], &[Lead]) = match side {
            HandoverSide::Incoming => (
                &self.reminders.incoming,
                &[Lead::Days(7), Lead::LastWorkingDay, Lead::Handoff],
                &[Lead::LastWorkingDay],
            ),
            HandoverSide::Outgoing => (
                &self.reminders.outgoing,
                &[Lead::LastWorkingDay, Lead::Handoff],
                &[],
            ),
        };
        match own {
            Some(own) => own.clone(),
            None if self.has_long_turns(at) => long.to_vec(),
            None => short.to_vec(),
        }
    }

    /// The checklist of one side of a handover at the given time.
    #[must_use]
    pub fn checklist(&self, side: HandoverSide, at: Timestamp) -> Vec<String> {
        let (own, default): (_, &[&str]) = match side {
            HandoverSide::Outgoing => (&self.reminders.checklists.outgoing, &OUTGOING),
            HandoverSide::Incoming => (&self.reminders.checklists.incoming, &INCOMING),
        };
        match own {
            Some(own) => own.clone(),
            None if self.has_long_turns(at) => {
                default.iter().map(|&item| item.to_owned()).collect()
            }
            None => Vec::new(),
        }
    }

    /// Whether turns nominally last long enough for the long list of lead times.
    fn has_long_turns(&self, at: Timestamp) -> bool {
        let revision = self.revision_at(at);
        match &revision.unwrap_or(self.revisions.first()).plan {
            Plan::Ordered { handoff, .. } => handoff.lasts_days(LONG_TURN),
            Plan::FollowTheSun => false,
        }
    }
}

impl ReminderSettings {
    /// The longest lead time of all, in days.
    pub(crate) fn earliest(&self) -> u16 {
        let own = self.incoming.iter().chain(&self.outgoing).flatten();
        let days = own.filter_map(|lead| match lead {
            Lead::Days(days) => Some(*days),
            _ => None,
        });
        days.max().unwrap_or_default().max(7)
    }
}
