//! Who asks.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, TokenId};
use crate::people::person::Role;
use crate::time::interval::Timestamp;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Looking.
    Read,
    /// Looking, and changing what its person may change.
    Write,
}

impl Scope {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope called `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// Who asks, with what rights, by which token, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person; `None` is the administrator called `bootstrap`, a command at the machine, or a webhook.
    pub person: Option<PersonId>,
    /// What they may do beyond their own affairs.
    pub role: Role,
    /// What their token allows.
    pub scope: Scope,
    /// The token they came with.
    pub token: Option<TokenId>,
    /// Where they came from.
    pub address: Option<IpAddr>,
    /// When they ask: what they may do is what their teams give them then.
    pub at: Timestamp,
}

impl Actor {
    /// What the operator does at the machine, by a command; whenever, since no team gives them their rights.
    #[must_use]
    pub const fn operator() -> Self {
        Self {
            person: None,
            role: Role::Administrator,
            scope: Scope::Write,
            token: None,
            address: None,
            at: Timestamp::MIN_UTC,
        }
    }

    /// The administrator that `DOGWATCH_BOOTSTRAP_TOKEN` stands for while there is no other.
    #[must_use]
    pub const fn bootstrap(address: Option<IpAddr>) -> Self {
        Self {
            address,
            ..Self::operator()
        }
    }

    /// Whether they may do everything.
    #[must_use]
    pub const fn is_administrator(&self) -> bool {
        matches!(self.role, Role::Administrator)
    }

    /// Whether their token allows changes at all.
    #[must_use]
    pub const fn may_write(&self) -> bool {
        matches!(self.scope, Scope::Write)
    }

    /// Whether they are `person`.
    #[must_use]
    pub fn is(&self, person: PersonId) -> bool {
        self.person == Some(person)
    }
}
