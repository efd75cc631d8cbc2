//! How fast mails leave: as fast as the mail server is meant to take them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So much of a minute's mails may leave at once.
const BURST: Duration = Duration::from_secs(6);

/// A wait is cut into pieces of this length, so that a stop is heard.
const PIECE: Duration = Duration::from_millis(200);

/// The fewest mails of the reserve.
const SMALLEST_RESERVE: u32 = 10;

/// Lets so many through in a minute. It goes by a clock that does not jump.
///
/// Links to sign in do not wait: they are counted, so that others wait longer, and have a tenth of the rate (at least
/// ten a minute) as a reserve beyond which they wait, too.
pub(super) struct RateLimit {
    all: Meter,
    reserve: Meter,
}

impl RateLimit {
    pub(super) fn per_minute(rate: u32) -> Self {
        let reserve = (rate / 10).max(SMALLEST_RESERVE);
        Self {
            all: Meter::new(rate, BURST),
            reserve: Meter::new(reserve, Duration::from_mins(1)),
        }
    }

    /// Waits for one's turn. Says whether it came before `stopped` did.
    pub(super) fn wait(&self, stopped: &mut impl FnMut() -> bool) -> bool {
        sleep(self.all.take(Instant::now()), stopped)
    }

    /// The same for a link to sign in.
    pub(super) fn wait_reserved(&self, stopped: &mut impl FnMut() -> bool) -> bool {
        let now = Instant::now();
        self.all.take(now);
        sleep(self.reserve.take(now), stopped)
    }
}

/// Sleeps in pieces, so that a stop is heard. Says whether it came to the end.
fn sleep(mut left: Duration, stopped: &mut impl FnMut() -> bool) -> bool {
    while !left.is_zero() {
        if stopped() {
            return false;
        }
        let piece = left.min(PIECE);
        std::thread::sleep(piece);
        left -= piece;
    }
    true
}

struct Meter {
    each: Duration,
    burst: Duration,
    /// When the next one could have left, had they come evenly.
    next: Mutex<Option<Instant>>,
}

impl Meter {
    fn new(rate: u32, burst: Duration) -> Self {
        Self {
            each: Duration::from_mins(1) / rate.max(1),
            burst,
            next: Mutex::new(None),
        }
    }

    /// How long whoever comes at `now` has to wait.
    fn take(&self, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(self.burst).unwrap_or(now);
        let mine = next.map_or(earliest, |next| next.max(earliest));
        *next = Some(mine + self.each);
        mine.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_leave_at_once_and_the_rest_evenly() {
        let pace = RateLimit::per_minute(60).all;
        let now = Instant::now();
        let waits: Vec<u64> = (0..10).map(|_| pace.take(now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
        let later = now + Duration::from_hours(1);
        assert_eq!(pace.take(later), Duration::ZERO);
    }

    #[test]
    fn links_to_sign_in_wait_for_no_backlog_and_do_not_add_to_the_rate() {
        let pace = RateLimit::per_minute(60);
        while pace.all.take(Instant::now()).is_zero() {}
        let begun = Instant::now();
        for _ in 0..=10 {
            assert!(pace.wait_reserved(&mut || true), "the reserve is theirs");
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert!(pace.all.take(begun) >= Duration::from_secs(10));
        assert!(pace.reserve.take(begun) >= Duration::from_secs(5));
    }

    #[test]
    fn a_stop_is_heard() {
        let pace = RateLimit::per_minute(1);
        while pace.all.take(Instant::now()).is_zero() {}
        assert!(!pace.wait(&mut || true));
    }
}
