//! Kinds of messages, to people by mail and to chats.

use crate::incidents::PromptKind;
use crate::reminders::Kind as ReminderKind;
use crate::stored::{MaybeKnown, stored_as_text};

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A link to sign in.
    SignIn,
    /// To the old address of somebody whose address was changed.
    AddressLeft,
    /// To their new address.
    AddressTaken,
    /// To the address that is theirs no longer, since a change was undone.
    AddressUndone,
    /// A handoff comes, or their shifts are others than they were told.
    Reminder(ReminderKind),
    /// Something about an incident, by mail or to the support channel.
    Incident(PromptKind),
    /// Something was left open at a handover.
    HandoverOpen,
    /// Gaps and clashes ahead, to a manager.
    Digest,
    /// A calendar of theirs cannot be read any more.
    CalendarBroken,
    /// They take over by an override.
    OverrideGiven,
    /// An override that concerns them was ended.
    OverrideEnded,
    /// They are asked to take over or to trade.
    SwapOffered,
    /// Somebody has taken what they offered.
    SwapAccepted,
    /// Nobody who was asked takes it.
    SwapDeclined,
    /// A swap that concerns them was undone.
    SwapUndone,
    /// To a chat: somebody hands over.
    ChatHandoff,
    /// To a chat: somebody looks for a cover.
    ChatCover,
    /// To a chat: who has the week ahead.
    ChatWeek,
}

/// A kind in the outbox.
pub type StoredMessageKind = MaybeKnown<MessageKind>;

stored_as_text!(MessageKind {
    SignIn = "sign_in",
    AddressLeft = "sign_in.address_left",
    AddressTaken = "sign_in.address_taken",
    AddressUndone = "sign_in.address_undone",
    Reminder(ReminderKind::Incoming) = "reminder.incoming",
    Reminder(ReminderKind::Outgoing) = "reminder.outgoing",
    Reminder(ReminderKind::Changed) = "reminder.changed",
    Incident(PromptKind::Ask) = "incident.ask",
    Incident(PromptKind::Nudge) = "incident.nudge",
    Incident(PromptKind::NobodyYet) = "incident.nobody_yet",
    Incident(PromptKind::OutOfHours) = "incident.out_of_hours",
    Incident(PromptKind::Named) = "incident.named",
    Incident(PromptKind::Watched) = "incident.watched",
    Incident(PromptKind::HandOver) = "incident.hand_over",
    Incident(PromptKind::Offered) = "incident.offered",
    Incident(PromptKind::Unanswered) = "incident.unanswered",
    Incident(PromptKind::Accepted) = "incident.accepted",
    Incident(PromptKind::Declined) = "incident.declined",
    Incident(PromptKind::UpdateDue) = "incident.update_due",
    Incident(PromptKind::Resolved) = "incident.resolved",
    Incident(PromptKind::FollowUp) = "incident.follow_up",
    HandoverOpen = "handover.open",
    Digest = "digest",
    CalendarBroken = "calendar.broken",
    OverrideGiven = "override.given",
    OverrideEnded = "override.ended",
    SwapOffered = "swap.offered",
    SwapAccepted = "swap.accepted",
    SwapDeclined = "swap.declined",
    SwapUndone = "swap.undone",
    ChatHandoff = "chat.handoff",
    ChatCover = "chat.cover",
    ChatWeek = "chat.week",
});

/// How soon a message is to leave, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody looks at their mailbox right now.
    SignIn,
    /// It is about an incident.
    Incident,
    /// Anything else.
    Usual,
}

/// Kinds that a newer version adds under one of these belong to that group, too.
pub mod group {
    /// Reminders.
    pub const REMINDERS: &str = "reminder.";
    /// What is about incidents.
    pub const INCIDENTS: &str = "incident.";
    /// What is said in chats.
    pub const CHATS: &str = "chat.";
    /// Mails about overrides and swaps, whose text waits in the outbox.
    pub const WITH_TEXT: [&str; 2] = ["override.", "swap."];
}

impl MessageKind {
    /// How soon it is to leave.
    #[must_use]
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::SignIn => Urgency::SignIn,
            Self::Incident(_) => Urgency::Incident,
            Self::AddressLeft
            | Self::AddressTaken
            | Self::AddressUndone
            | Self::Reminder(_)
            | Self::HandoverOpen
            | Self::Digest
            | Self::CalendarBroken
            | Self::OverrideGiven
            | Self::OverrideEnded
            | Self::SwapOffered
            | Self::SwapAccepted
            | Self::SwapDeclined
            | Self::SwapUndone
            | Self::ChatHandoff
            | Self::ChatCover
            | Self::ChatWeek => Urgency::Usual,
        }
    }

    /// When its text is written.
    #[must_use]
    pub const fn text(self) -> TextWritten {
        match self {
            Self::OverrideGiven
            | Self::OverrideEnded
            | Self::SwapOffered
            | Self::SwapAccepted
            | Self::SwapDeclined
            | Self::SwapUndone => TextWritten::WhenQueued,
            Self::SignIn
            | Self::AddressLeft
            | Self::AddressTaken
            | Self::AddressUndone
            | Self::Reminder(_)
            | Self::Incident(_)
            | Self::HandoverOpen
            | Self::Digest
            | Self::CalendarBroken
            | Self::ChatHandoff
            | Self::ChatCover
            | Self::ChatWeek => TextWritten::WhenSent,
        }
    }

    /// Whether it tells somebody which shifts are theirs, or are theirs no longer: nobody tells them the same again.
    #[must_use]
    pub const fn tells_of_shifts(self) -> bool {
        match self {
            Self::Reminder(kind) => match kind {
                ReminderKind::Incoming | ReminderKind::Changed => true,
                ReminderKind::Outgoing => false,
            },
            Self::OverrideGiven | Self::OverrideEnded | Self::SwapAccepted | Self::SwapUndone => {
                true
            }
            Self::SignIn
            | Self::AddressLeft
            | Self::AddressTaken
            | Self::AddressUndone
            | Self::Incident(_)
            | Self::HandoverOpen
            | Self::Digest
            | Self::CalendarBroken
            | Self::SwapOffered
            | Self::SwapDeclined
            | Self::ChatHandoff
            | Self::ChatCover
            | Self::ChatWeek => false,
        }
    }
}

/// When the text of a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextWritten {
    /// In the transaction that queues it: it waits in the outbox and names people.
    WhenQueued,
    /// As it leaves, so that it is true then.
    WhenSent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_is_found_by_it() {
        for kind in MessageKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        let newer: StoredMessageKind = "incident.escalated".parse().unwrap();
        assert_eq!(newer, MaybeKnown::Unknown("incident.escalated".to_owned()));
        assert_eq!(newer.to_string(), "incident.escalated");
    }

    #[test]
    fn incidents_are_called_as_their_prompts_are() {
        for kind in MessageKind::ALL {
            if let MessageKind::Incident(prompt) = kind {
                assert_eq!(kind.as_str(), format!("incident.{}", prompt.as_str()));
            }
        }
    }

    /// The outbox treats kinds that only a newer version knows by these.
    #[test]
    fn groups_have_the_kinds_that_are_treated_alike() {
        for kind in MessageKind::ALL {
            let begins = |group: &str| kind.as_str().starts_with(group);
            assert_eq!(
                begins(group::INCIDENTS),
                kind.urgency() == Urgency::Incident
            );
            assert_eq!(
                begins(group::REMINDERS),
                matches!(kind, MessageKind::Reminder(_))
            );
            let is_for_chats = matches!(
                kind,
                MessageKind::ChatHandoff | MessageKind::ChatCover | MessageKind::ChatWeek
            );
            assert_eq!(begins(group::CHATS), is_for_chats);
            let with_text = group::WITH_TEXT.iter().any(|group| begins(group));
            assert_eq!(with_text, kind.text() == TextWritten::WhenQueued);
        }
    }
}
