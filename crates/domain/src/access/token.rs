//! Access tokens: how programs and people show who they are.

use std::collections::{HashMap, HashSet};

use crate::access::actor::Scope;
use crate::ids::{PersonId, TokenId};
use crate::time::interval::Timestamp;

/// An access token, without itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256, in hexadecimal.
    pub hash: String,
    /// What it allows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The token with which its person made it. It is of no use once that one is not.
    pub made_by: Option<TokenId>,
}

impl Token {
    /// 1, and 2 once it was revoked: nothing else of it ever changes.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.revoked_at.is_some() { 2 } else { 1 }
    }

    /// Whether it is neither revoked nor over at `now`. The token that made it has to be looked at, too.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// These tokens, what was made with them, what was made with that, and so on.
#[must_use]
pub fn with_descendants(all: &[Token], roots: &[TokenId]) -> HashSet<TokenId> {
    let mut children: HashMap<TokenId, Vec<TokenId>> = HashMap::new();
    for token in all {
        if let Some(parent) = token.made_by {
            children.entry(parent).or_default().push(token.id);
        }
    }
    let mut found = HashSet::new();
    let mut ahead = roots.to_vec();
    while let Some(id) = ahead.pop() {
        if found.insert(id) {
            ahead.extend(children.remove(&id).unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> TokenId {
        TokenId::from_uuid(Uuid::from_u128(number))
    }

    fn token(number: u128, made_by: Option<u128>) -> Token {
        Token {
            id: id(number),
            person: PersonId::from_uuid(Uuid::from_u128(1)),
            name: String::new(),
            hash: number.to_string(),
            scope: Scope::Write,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            made_by: made_by.map(id),
        }
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        let parents = [None, Some(1), Some(2), Some(3), None, Some(5), Some(2)];
        let all: Vec<Token> = (1..)
            .zip(parents)
            .map(|(number, made_by)| token(number, made_by))
            .collect();
        let of = |root| {
            let mut found: Vec<TokenId> = with_descendants(&all, &[id(root)]).into_iter().collect();
            found.sort();
            found
        };
        assert_eq!(of(1), [1, 2, 3, 4, 7].map(id));
        assert_eq!(of(3), [3, 4].map(id));
        assert_eq!(of(5), [5, 6].map(id));
        assert_eq!(of(4), [4].map(id));
    }
}
