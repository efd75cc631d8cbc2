//! What is wrong with a database that cannot be used or written to, for as long as that lasts.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// How often is tried whether writing works again.
const RETRY: Duration = Duration::from_secs(1);

/// How often a damaged database is checked as a whole, which may take seconds.
const CHECK: Duration = Duration::from_secs(30);

/// A fault of the disk or of the file. It does not pass by itself, as a lock or a lost connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The file is not at its path any more, or it is another.
    Moved,
    /// There is no room.
    Full,
    /// What is stored makes no sense.
    Damaged,
    /// Nothing may be written.
    ReadOnly,
    /// The disk, or what stands for it, does not work.
    Disk,
}

impl Trouble {
    /// In words for anybody.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Moved => "database file removed or replaced",
            Self::Full => "database disk full",
            Self::Damaged => "database damaged",
            Self::ReadOnly => "database read-only",
            Self::Disk => "database disk failing",
        }
    }

    /// What an error says, where it is about the disk or the file.
    pub(super) fn of(error: &DieselError) -> Option<Self> {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => {
                Some(Self::ReadOnly)
            }
            DieselError::DatabaseError(_, info) => Self::of_message(info.message()),
            DieselError::DeserializationError(_) => Some(Self::Damaged),
            _ => None,
        }
    }

    fn of_message(message: &str) -> Option<Self> {
        /// As SQLite and PostgreSQL say it.
        const SIGNS: [(&str, Trouble); 14] = [
            ("database or disk is full", Trouble::Full),
            ("No space left on device", Trouble::Full),
            ("Disk quota exceeded", Trouble::Full),
            ("disk image is malformed", Trouble::Damaged),
            ("malformed database schema", Trouble::Damaged),
            ("file is not a database", Trouble::Damaged),
            ("invalid page in block", Trouble::Damaged),
            ("readonly database", Trouble::ReadOnly),
            ("disk I/O error", Trouble::Disk),
            ("unable to open database file", Trouble::Disk),
            ("could not read block", Trouble::Disk),
            ("could not write block", Trouble::Disk),
            ("could not extend file", Trouble::Disk),
            ("Input/output error", Trouble::Disk),
        ];
        let found = SIGNS.iter().find(|(sign, _)| message.contains(sign));
        found.map(|(_, trouble)| *trouble)
    }
}

thread_local! {
    /// The last trouble that this thread heard of. What a transaction fails with may be any type of its caller's, which
    /// does not tell trouble from other failures.
    static HEARD: Cell<Option<Trouble>> = const { Cell::new(None) };
}

/// Notes a trouble that a statement of this thread's transaction met.
pub(super) fn note(trouble: Trouble) {
    HEARD.set(Some(trouble));
}

/// Does `work`, and says which trouble it met, where it failed because of one.
pub(super) fn watch<T, E>(work: impl FnOnce() -> Result<T, E>) -> (Result<T, E>, Option<Trouble>) {
    HEARD.set(None);
    let done = work();
    let heard = HEARD.take().filter(|_| done.is_err());
    (done, heard)
}

/// The trouble that a database is in.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    present: Option<Trouble>,
    tried_at: Option<Instant>,
}

impl Troubles {
    pub(super) fn present(&self) -> Option<Trouble> {
        self.lock().present
    }

    /// What came of a transaction that wrote. One that works ends no trouble: it may have had nothing to write.
    pub(super) fn wrote(&self, met: Option<Trouble>) {
        if let Some(trouble) = met {
            self.lock().enter(trouble);
        }
    }

    /// What was written to find out came through. That says nothing of what is damaged elsewhere.
    pub(super) fn probe_worked(&self) {
        let mut state = self.lock();
        if state.present != Some(Trouble::Damaged) {
            state.leave();
        }
    }

    /// What came of a transaction that read.
    pub(super) fn read(&self, met: Option<Trouble>) {
        if let Some(trouble @ (Trouble::Damaged | Trouble::Disk)) = met {
            self.lock().enter(trouble);
        }
    }

    /// The trouble for which it is time to try again.
    pub(super) fn to_try(&self) -> Option<Trouble> {
        let mut state = self.lock();
        let trouble = state.present?;
        let pause = if trouble == Trouble::Damaged {
            CHECK
        } else {
            RETRY
        };
        if state.tried_at.is_some_and(|at| at.elapsed() < pause) {
            return None;
        }
        state.tried_at = Some(Instant::now());
        Some(trouble)
    }

    /// A check of the whole database found nothing.
    pub(super) fn is_sound(&self) {
        self.lock().leave();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, trouble: Trouble) {
        if self.present != Some(trouble) {
            tracing::error!(
                reason = trouble.reason(),
                "the database cannot be used as usual"
            );
            // Not at once: what was just tried failed.
            self.tried_at = Some(Instant::now());
        }
        self.present = Some(trouble);
    }

    fn leave(&mut self) {
        if let Some(trouble) = self.present.take() {
            tracing::info!(reason = trouble.reason(), "the database works again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_works_ends_trouble_but_damage_stays() {
        let troubles = Troubles::default();
        troubles.wrote(Some(Trouble::Full));
        troubles.wrote(None);
        assert_eq!(
            troubles.present(),
            Some(Trouble::Full),
            "nothing may have been written"
        );
        troubles.probe_worked();
        assert_eq!(troubles.present(), None);
        troubles.read(Some(Trouble::Full));
        assert_eq!(troubles.present(), None, "reading needs no room");
        troubles.read(Some(Trouble::Damaged));
        troubles.probe_worked();
        assert_eq!(troubles.present(), Some(Trouble::Damaged));
        troubles.is_sound();
        assert_eq!(troubles.present(), None);
    }

    #[test]
    fn only_failures_are_trouble() {
        let fails = || -> Result<(), ()> {
            note(Trouble::Full);
            Err(())
        };
        assert_eq!(watch(fails), (Err(()), Some(Trouble::Full)));
        let works = || -> Result<(), ()> {
            note(Trouble::Full);
            Ok(())
        };
        assert_eq!(watch(works), (Ok(()), None));
        assert_eq!(watch(|| Err::<(), ()>(())).1, None, "forgotten");
    }
}
