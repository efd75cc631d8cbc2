//! One-step links: what somebody may do who has the link, without signing in.

use serde::{Deserialize, Serialize};

use crate::ids::{AddressChangeId, IncidentId, OverrideId, PersonId, RotationId, SwapId};
use crate::people::preferences::Topic;
use crate::time::interval::Timestamp;

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Whoever takes over by an override hands it back.
    HandBack(OverrideId),
    /// Makes a calendar feed of their shifts.
    Subscribe,
    /// No more mails of this topic.
    Stop(Topic),
    /// Asks the team whether somebody takes over their time in a rotation, from when until when.
    Cover(RotationId, Timestamp, Timestamp),
    /// An answer to a swap.
    Swap(SwapId, SwapStep),
    /// Something about an incident.
    Incident(IncidentId, IncidentStep),
    /// Undoes a change of the address with which they sign in.
    UndoAddress(AddressChangeId),
}

/// What a link does about a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapStep {
    /// They take it, or what is left of it.
    Accept,
    /// They say no.
    Decline,
    /// They give back what was taken, or take it back.
    Undo,
}

/// What a link does about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStep {
    /// They raise their hand.
    RaiseHand,
    /// They accept the handover of this number.
    Accept(u32),
    /// They decline it.
    Decline(u32),
    /// What is to be done, by its number, is done.
    Tick(u32),
}

/// A link: what it does, in whose name, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What it does.
    pub step: Step,
    /// In whose name.
    pub person: PersonId,
    /// Of no use from then on.
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As every step is written in links that people have in their mailboxes.
    fn written(step: Step) -> String {
        const ID: &str = "01a1ff3f-73be-747b-985a-000000000001";
        match step {
            Step::HandBack(_) => format!(r#"{{"hand_back":"{ID}"}}"#),
            Step::Subscribe => r#""subscribe""#.to_owned(),
            Step::Stop(topic) => {
                let topic = match topic {
                    Topic::Incoming => "incoming",
                    Topic::Outgoing => "outgoing",
                    Topic::Changes => "changes",
                    Topic::Requests => "requests",
                    Topic::Digests => "digests",
                    Topic::Incidents => "incidents",
                    Topic::Calendars => "calendars",
                };
                format!(r#"{{"stop":"{topic}"}}"#)
            }
            Step::Cover(..) => {
                format!(r#"{{"cover":["{ID}","2026-03-09T10:00:00Z","2026-03-16T10:00:00Z"]}}"#)
            }
            Step::Swap(_, step) => {
                let step = match step {
                    SwapStep::Accept => "accept",
                    SwapStep::Decline => "decline",
                    SwapStep::Undo => "undo",
                };
                format!(r#"{{"swap":["{ID}","{step}"]}}"#)
            }
            Step::Incident(_, step) => {
                let step = match step {
                    IncidentStep::RaiseHand => r#""raise_hand""#.to_owned(),
                    IncidentStep::Accept(number) => format!(r#"{{"accept":{number}}}"#),
                    IncidentStep::Decline(number) => format!(r#"{{"decline":{number}}}"#),
                    IncidentStep::Tick(number) => format!(r#"{{"tick":{number}}}"#),
                };
                format!(r#"{{"incident":["{ID}",{step}]}}"#)
            }
            Step::UndoAddress(_) => format!(r#"{{"undo_address":"{ID}"}}"#),
        }
    }

    #[test]
    fn steps_are_written_as_in_links_that_were_sent() {
        let id = uuid::Uuid::try_parse("01a1ff3f-73be-747b-985a-000000000001").unwrap();
        let (swap, incident) = (SwapId::from_uuid(id), IncidentId::from_uuid(id));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut steps = vec![
            Step::HandBack(OverrideId::from_uuid(id)),
            Step::Subscribe,
            Step::Cover(
                RotationId::from_uuid(id),
                at("2026-03-09T10:00:00Z"),
                at("2026-03-16T10:00:00Z"),
            ),
            Step::Swap(swap, SwapStep::Accept),
            Step::Swap(swap, SwapStep::Decline),
            Step::Swap(swap, SwapStep::Undo),
            Step::Incident(incident, IncidentStep::RaiseHand),
            Step::Incident(incident, IncidentStep::Accept(1)),
            Step::Incident(incident, IncidentStep::Decline(2)),
            Step::Incident(incident, IncidentStep::Tick(3)),
            Step::UndoAddress(AddressChangeId::from_uuid(id)),
        ];
        let topics = [
            Topic::Incoming,
            Topic::Outgoing,
            Topic::Changes,
            Topic::Requests,
            Topic::Digests,
            Topic::Incidents,
            Topic::Calendars,
        ];
        steps.extend(topics.map(Step::Stop));
        for step in steps {
            let text = written(step);
            assert_eq!(serde_json::to_string(&step).unwrap(), text);
            assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step);
        }
    }
}
