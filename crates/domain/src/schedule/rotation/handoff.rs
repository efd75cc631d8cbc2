//! Handoffs: a start and a recurrence rule, expanded on the wall clock, each occurrence resolved on
//! its own date. Expansions are cached in chunks of bounded size, so that year five costs no more
//! than today and an hourly rotation fits in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta};

pub use super::rule::RuleError;
use super::rule::{Bound, Frequency, Parts, Recurrence};
use crate::time::interval::{FOREVER, Interval, Timestamp};
use crate::time::zone::Zone;

/// Decoded chunks that are kept.
const CHUNKS_KEPT: usize = 6;

/// What is usual is seen in so many handoffs.
const USUAL: usize = 15;

/// No handoff is looked for beyond this year.
const LAST_YEAR: i32 = 2200;

/// No zone has skipped more than a day at once (Apia, 2011), nor moved by more.
const MARGIN: TimeDelta = TimeDelta::days(2);

/// When turns of an ordered rotation change: `start`, then every later occurrence of the rule.
/// Cheap to clone; clones share what was expanded.
#[derive(Debug, Clone)]
pub struct Handoff(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: NaiveDateTime,
    text: String,
    zone: Zone,
    first: Timestamp,
    recurrence: Recurrence,
    /// Periods to a chunk, a multiple of the interval.
    span: u32,
    cache: Mutex<Cache>,
}

/// How many turns a rule has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    Bounded(usize),
    Endless,
}

impl Turns {
    const fn number(self) -> Option<usize> {
        match self {
            Self::Bounded(number) => Some(number),
            Self::Endless => None,
        }
    }
}

/// A handoff: its instant, and the local time that the rule gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Occurrence {
    instant: i64,
    nominal: NaiveDateTime,
}

#[derive(Debug, Default)]
struct Cache {
    /// How many handoffs lie in the chunks up to and including each.
    through: Vec<usize>,
    recent: VecDeque<(usize, Arc<[Occurrence]>)>,
    /// How many turns there are, once that was asked.
    turns: Option<Turns>,
}

impl Handoff {
    /// Checks `rule`, an RRULE without DTSTART, for a start in a zone.
    ///
    /// # Errors
    ///
    /// [`RuleError`] says what is wrong with the rule or the start.
    pub fn parse(start: NaiveDateTime, rule: &str, zone: &Zone) -> Result<Self, RuleError> {
        if !(1990..=2100).contains(&start.year()) {
            return Err(RuleError::Start);
        }
        let parts = Parts::parse(rule)?;
        let first = zone.to_instant(start);
        match parts.bound {
            Some(Bound::UntilInstant(until)) if until < first => {
                return Err(RuleError::UntilBeforeStart);
            }
            Some(Bound::UntilLocal(until)) if until < start => {
                return Err(RuleError::UntilBeforeStart);
            }
            _ => {}
        }
        let periods = match parts.frequency {
            Frequency::Hourly => 64 * 24,
            Frequency::Daily => 64,
            Frequency::Weekly => 53,
            Frequency::Monthly => 48,
            Frequency::Yearly => 16,
        };
        let span = parts
            .interval
            .max(periods / parts.interval * parts.interval);
        let recurrence = Recurrence::new(parts, start)?;
        Ok(Self(Arc::new(Inner {
            start,
            text: rule.to_owned(),
            zone: zone.clone(),
            first,
            recurrence,
            span,
            cache: Mutex::default(),
        })))
    }

    /// The first handoff, in local time.
    #[must_use]
    pub fn start(&self) -> NaiveDateTime {
        self.0.start
    }

    /// The first handoff.
    #[must_use]
    pub fn first(&self) -> Timestamp {
        self.0.first
    }

    /// The rule, as it was given.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.0.text
    }

    /// How many handoffs lie at or before `at`, whatever bounds the turns.
    #[must_use]
    pub fn count_through(&self, at: Timestamp) -> usize {
        if at < self.0.first {
            return 0;
        }
        let number = self.0.chunk_of(at);
        let mut cache = self.0.lock();
        let before = self.0.count_before(&mut cache, number);
        let chunk = self.0.chunk(&mut cache, number);
        before + chunk.partition_point(|o| o.instant <= at.timestamp())
    }

    /// The handoff of this index, whatever bounds the turns; 0 is the start. `None` where the rule
    /// comes to no more in this century or the next.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Timestamp> {
        self.0
            .occurrence(index)
            .and_then(|o| DateTime::from_timestamp(o.instant, 0))
    }

    /// How many turns there are, where COUNT or UNTIL bounds them.
    #[must_use]
    pub fn turns(&self) -> Option<usize> {
        if let Some(known) = self.0.lock().turns {
            return known.number();
        }
        // An UNTIL beyond what is looked at, such as the year 9999, bounds nothing: counting up to it
        // would expand thousands of years.
        let bound = self.0.recurrence.parts().bound.filter(|bound| match bound {
            Bound::Count(_) => true,
            Bound::UntilInstant(until) => until.year() <= LAST_YEAR,
            Bound::UntilLocal(until) => until.year() <= LAST_YEAR,
        });
        let turns = bound.map(|bound| match bound {
            Bound::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Bound::UntilInstant(until) => self.count_through(until),
            Bound::UntilLocal(until) => {
                let mut turns = self.count_through(self.0.zone.to_instant(until) + MARGIN);
                while turns > 1
                    && self
                        .0
                        .occurrence(turns - 1)
                        .is_some_and(|o| o.nominal > until)
                {
                    turns -= 1;
                }
                turns
            }
        });
        self.0.lock().turns = Some(turns.map_or(Turns::Endless, Turns::Bounded));
        turns
    }

    /// The turn of this index, from its handoff to the next; `None` beyond the last.
    #[must_use]
    pub fn turn(&self, index: usize) -> Option<Interval> {
        if self.turns().is_some_and(|turns| index >= turns) {
            return None;
        }
        Interval::new(self.nth(index)?, self.nth(index + 1).unwrap_or(FOREVER))
    }

    /// Whether the usual turn lasts at least `days` days: those after the first, which may be an odd one, on average.
    #[must_use]
    pub fn lasts_days(&self, days: i64) -> bool {
        let later: Vec<Timestamp> = (1..=USUAL).map_while(|index| self.nth(index)).collect();
        let Some((first, last)) = later.first().zip(later.last()) else {
            return true;
        };
        let turns = i64::try_from(later.len() - 1).unwrap_or_default();
        // An hour less: a week in which clocks go forward is still a week.
        turns == 0 || (*last - *first).num_seconds() >= turns * days * 86_400 - 3_600
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the chunk begins, in local time.
    fn border(&self, number: usize) -> NaiveDateTime {
        let periods = u32::try_from(number)
            .unwrap_or(u32::MAX)
            .saturating_mul(self.span);
        self.recurrence.period(periods)
    }

    /// The chunk that holds `at`: chunks are delimited by the instants of their borders.
    fn chunk_of(&self, at: Timestamp) -> usize {
        let periods = self.recurrence.periods_before(self.zone.to_local(at));
        let guess = usize::try_from(periods / self.span).unwrap_or(0);
        if guess > 0 && self.zone.to_instant(self.border(guess)) > at {
            guess - 1
        } else if self.zone.to_instant(self.border(guess + 1)) <= at {
            guess + 1
        } else {
            guess
        }
    }

    fn chunk(&self, cache: &mut Cache, number: usize) -> Arc<[Occurrence]> {
        if let Some((_, chunk)) = cache.recent.iter().find(|(n, _)| *n == number) {
            return Arc::clone(chunk);
        }
        let chunk = self.decode(number);
        if cache.recent.len() >= CHUNKS_KEPT {
            cache.recent.pop_front();
        }
        cache.recent.push_back((number, Arc::clone(&chunk)));
        chunk
    }

    fn decode(&self, number: usize) -> Arc<[Occurrence]> {
        let (from, until) = (self.border(number), self.border(number + 1));
        let begin = self.zone.to_instant(from).timestamp();
        let end = self.zone.to_instant(until).timestamp();
        let first = self.first.timestamp();
        let mut found: Vec<Occurrence> = self
            .recurrence
            .expand(from - MARGIN, until + MARGIN)
            .map(|nominal| Occurrence {
                instant: self.zone.to_instant(nominal).timestamp(),
                nominal,
            })
            .filter(|o| begin <= o.instant && o.instant < end)
            // What clocks skip before the start they show after it.
            .filter(|o| o.nominal > self.start && o.instant > first)
            .collect();
        if begin <= first && first < end || number == 0 && first < begin {
            found.push(Occurrence {
                instant: first,
                nominal: self.start,
            });
        }
        found.sort_by_key(|o| (o.instant, o.nominal));
        found.dedup_by_key(|o| o.instant);
        found.into()
    }

    /// How many handoffs lie in the chunks before this one.
    fn count_before(&self, cache: &mut Cache, number: usize) -> usize {
        while cache.through.len() < number {
            let next = cache.through.len();
            let before = cache.through.last().copied().unwrap_or(0);
            let here = self.decode(next).len();
            cache.through.push(before + here);
        }
        number
            .checked_sub(1)
            .and_then(|n| cache.through.get(n))
            .copied()
            .unwrap_or(0)
    }

    fn occurrence(&self, index: usize) -> Option<Occurrence> {
        let mut cache = self.lock();
        let mut number = cache.through.partition_point(|through| *through <= index);
        loop {
            let before = self.count_before(&mut cache, number);
            let chunk = self.chunk(&mut cache, number);
            if let Some(found) = chunk.get(index - before) {
                return Some(*found);
            }
            if self.border(number + 1).year() > LAST_YEAR {
                return None;
            }
            number += 1;
        }
    }
}
