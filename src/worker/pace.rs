//! How fast mails leave: as fast as the mail server is meant to take them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So much of a minute's mails may leave at once.
const BURST: Duration = Duration::from_secs(6);

/// A wait is cut into pieces of this length, so that a stop is heard.
const PIECE: Duration = Duration::from_millis(200);

/// Lets so many through in a minute. It goes by a clock that does not jump.
pub(super) struct Pace {
    each: Duration,
    /// When the next one could have left, had they come evenly.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn per_minute(rate: u32) -> Self {
        Self {
            each: Duration::from_mins(1) / rate.max(1),
            next: Mutex::new(None),
        }
    }

    /// Waits for one's turn. Says whether it came before `stopped` did.
    pub(super) fn wait(&self, stopped: &mut impl FnMut() -> bool) -> bool {
        let mut left = self.take(Instant::now());
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

    /// How long whoever comes at `now` has to wait.
    fn take(&self, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
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
        let pace = Pace::per_minute(60);
        let now = Instant::now();
        let waits: Vec<u64> = (0..10).map(|_| pace.take(now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
        let later = now + Duration::from_hours(1);
        assert_eq!(pace.take(later), Duration::ZERO);
    }

    #[test]
    fn a_stop_is_heard() {
        let pace = Pace::per_minute(1);
        while pace.take(Instant::now()).is_zero() {}
        assert!(!pace.wait(&mut || true));
    }
}
