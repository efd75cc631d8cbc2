//! What one address or one person may do how often, so that guessing and mistakes in a loop cost little.
//!
//! Nothing that is right is ever counted: who comes with a good token is not looked up here at all, and
//! cannot be locked out by others behind the same address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use super::auth::Caller;
use super::error::Problem;
use crate::domain::ids::PersonId;
use crate::domain::time::interval::Timestamp;

/// How many keys a limit remembers; where there are more, those without a debt are forgotten, and all
/// of them if that does not help. Memory is worth more than a limit.
const MOST_KEYS: usize = 100_000;

/// The limits of a server. Each replica has its own.
#[derive(Debug)]
pub struct Limits {
    /// Tokens that nobody has, by address.
    pub wrong_tokens: Limit<IpAddr>,
    /// Calendars that nobody has, by address.
    pub unknown_feeds: Limit<IpAddr>,
    /// Links to sign in that nobody has, by address.
    pub wrong_links: Limit<IpAddr>,
    /// Links to sign in that were asked for, by address. Beyond it people still get their first link.
    pub asked_links: Limit<IpAddr>,
    /// Tokens and feeds made, by person (none is the administrator called `bootstrap`).
    pub new_secrets: Limit<Option<PersonId>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wrong_tokens: Limit::new(60, TimeDelta::seconds(2)),
            unknown_feeds: Limit::new(60, TimeDelta::seconds(2)),
            wrong_links: Limit::new(20, TimeDelta::seconds(15)),
            asked_links: Limit::new(60, TimeDelta::seconds(5)),
            new_secrets: Limit::new(600, TimeDelta::seconds(6)),
        }
    }
}

impl Limits {
    /// Counts a token or a feed that is to be made.
    ///
    /// # Errors
    /// 429 where it is one too many.
    pub fn count_secret(&self, caller: &Caller) -> Result<(), Problem> {
        self.new_secrets
            .take(caller.actor.person, caller.now)
            .map_err(|wait| Problem::too_many("new tokens and feeds", wait))
    }
}

/// How long somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// In seconds; at least one.
    pub seconds: u32,
}

/// So often at once, and once more after each pause.
///
/// A bucket of tokens, kept as the one instant at which it will be full again (which is also known as
/// the generic cell rate algorithm).
#[derive(Debug)]
pub struct Limit<K> {
    at_once: i32,
    pause: TimeDelta,
    full_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Eq + Hash> Limit<K> {
    /// `at_once` times, and once more after each `pause`.
    #[must_use]
    pub fn new(at_once: i32, pause: TimeDelta) -> Self {
        Self {
            at_once,
            pause,
            full_at: Mutex::default(),
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// Where it is one too many, which is not counted.
    pub fn take(&self, key: K, now: Timestamp) -> Result<(), TooMany> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST_KEYS {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= MOST_KEYS {
                full_at.clear();
            }
        }
        let full = full_at.entry(key).or_insert(now);
        let next = (*full).max(now) + self.pause;
        let too_early = next - now - self.pause * self.at_once;
        if too_early > TimeDelta::zero() {
            let seconds = u32::try_from(too_early.num_seconds()).unwrap_or(u32::MAX);
            return Err(TooMany {
                seconds: seconds.max(1),
            });
        }
        *full = next;
        Ok(())
    }
}

/// Whose requests count together: an address, and for IPv6 the network of one subscriber (/64). Where
/// it is not known, all count together.
#[must_use]
pub fn together(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let subscriber = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(subscriber).into()
        }
        Some(address) => address,
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::input::instant;

    #[test]
    fn some_at_once_and_then_one_after_each_pause() {
        let limit = Limit::new(3, TimeDelta::seconds(10));
        let start = instant("2026-03-02T09:00:00Z").unwrap();
        let at = |seconds| limit.take("a", start + TimeDelta::seconds(seconds));
        for _ in 0..3 {
            assert_eq!(at(0), Ok(()));
        }
        assert_eq!(at(0), Err(TooMany { seconds: 10 }));
        assert_eq!(at(7), Err(TooMany { seconds: 3 }));
        assert_eq!(at(10), Ok(()), "what was refused did not count");
        assert_eq!(at(10), Err(TooMany { seconds: 10 }));
        assert_eq!(limit.take("b", start), Ok(()), "others have their own");
        for _ in 0..3 {
            assert_eq!(at(1000), Ok(()));
        }
        assert!(at(1000).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = Limit::new(1, TimeDelta::seconds(10));
        let start = instant("2026-03-02T09:00:00Z").unwrap();
        for key in 0..MOST_KEYS + 10 {
            limit.take(key, start).unwrap();
        }
        assert!(limit.full_at.lock().unwrap().len() <= MOST_KEYS);
    }

    #[test]
    fn a_subscriber_has_many_addresses() {
        let same = |one: &str, other: &str| {
            together(Some(one.parse().unwrap())) == together(Some(other.parse().unwrap()))
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
