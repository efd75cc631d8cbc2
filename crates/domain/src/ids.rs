//! Identifiers: opaque to clients, safe in a URL, sortable by creation (UUID version 7). Each has one form only, so
//! that two texts that differ never name the same thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What was given is not an identifier of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The identifier with this value. A clock makes new ones.
            #[must_use]
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value itself.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let mut form = Uuid::encode_buffer();
                Uuid::try_parse(text)
                    .ok()
                    .filter(|id| id.hyphenated().encode_lower(&mut form) == text)
                    .map(Self)
                    .ok_or(NotAnId)
            }
        }
    };
}

id!(/// Names a person.
    PersonId);
id!(/// Names a team (its slug is what people type).
    TeamId);
id!(/// Names a rotation.
    RotationId);
id!(/// Names an override.
    OverrideId);
id!(/// Names a swap.
    SwapId);
id!(/// Names a stretch of time off.
    TimeOffId);
id!(/// Names a calendar of a person, which says when they are away (not its address).
    CalendarId);
id!(/// Names an access token (not the token itself).
    TokenId);
id!(/// Names a calendar feed (not its secret).
    FeedId);
id!(/// Names a session (not its secret).
    SessionId);
id!(/// Names a link to sign in (not its secret).
    SignInId);
id!(/// Names a change of the address with which somebody signs in.
    AddressChangeId);
id!(/// Names an incident (its reference is what people say).
    IncidentId);
id!(/// Names a webhook that declares incidents (not its secret).
    WebhookId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_one_form() {
        let text = "01a1ff3f-73be-747b-985a-7e2cbec8dac5";
        let id: PersonId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for other in [
            &text.to_uppercase(),
            &text.replace('-', ""),
            &format!("urn:uuid:{text}"),
            &format!("{{{text}}}"),
            &format!(" {text}"),
            "",
        ] {
            assert_eq!(other.parse::<PersonId>(), Err(NotAnId), "{other}");
        }
    }
}
