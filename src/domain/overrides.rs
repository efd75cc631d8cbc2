//! Overrides: for an interval, somebody else (or nobody) has the duty. They are laid over the base
//! timeline and never alter it.

use super::ids::{OverrideId, PersonId, SwapId};
use super::interval::{Instant, Interval};

/// For an interval, somebody else or explicitly nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// Given under the rotation's lock; where overrides overlap the highest wins.
    pub sequence: i64,
    /// As entered.
    pub interval: Interval,
    /// Who takes over; `None`: nobody.
    pub person: Option<PersonId>,
    /// Why.
    pub reason: Option<String>,
    /// The swap it belongs to.
    pub swap: Option<SwapId>,
    /// Who made it; `None`: the bootstrap administrator.
    pub created_by: Option<PersonId>,
    /// When it was made.
    pub created_at: Instant,
    /// Ended (or, before its start, undone) then.
    pub cancelled_at: Option<Instant>,
    /// Who cancelled it.
    pub cancelled_by: Option<PersonId>,
}

impl Override {
    /// What is left of it: an override cancelled while it ran keeps what had happened.
    #[must_use]
    pub fn in_force(&self) -> Option<Interval> {
        let end = self
            .cancelled_at
            .map_or(self.interval.end(), |at| at.min(self.interval.end()));
        Interval::new(self.interval.start(), end)
    }
}
