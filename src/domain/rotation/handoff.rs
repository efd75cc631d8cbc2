//! Handoffs: a start and a recurrence rule, expanded on the wall clock, resolved late.

use chrono::NaiveDateTime;

/// A checked RFC 5545 RRULE (without DTSTART) for a given start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffRule {
    text: String,
}

/// When turns of an ordered rotation change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// Always the first handoff, in local time.
    pub start: NaiveDateTime,
    /// The later ones.
    pub rule: HandoffRule,
}
