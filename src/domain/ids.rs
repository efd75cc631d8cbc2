//! Identifiers: opaque to clients, safe in a URL, sortable by creation (UUID version 7).

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
            /// The identifier with this value; new values come from [`crate::clock::new_id`].
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
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
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
id!(/// Names an incident (its reference is what people say).
    IncidentId);
id!(/// Names a webhook that declares incidents (not its secret).
    WebhookId);
