//! What can go wrong with the database, and which of it passes by itself.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::reason::reason;
use super::trouble::{self, Trouble};
use crate::cause::Cause;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or not in time, or not as one that is well. The same may work in a while.
    #[error("the database cannot be used: {0}")]
    Unavailable(#[source] Cause),
    /// Something of that name exists.
    #[error("already there")]
    Duplicate,
    /// A newer program has changed its tables: by this migration, which is none of ours.
    #[error(
        "a newer version of Dogwatch has changed it ({0}): run that version, or restore what was kept from before"
    )]
    Newer(String),
    /// Anything else: a defect.
    #[error("the database refused: {0}")]
    Internal(#[source] Cause),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind as Kind;
        let error = match error {
            // A connection that ended in the midst of a COMMIT cannot roll back either: what happened first counts.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => *commit_error,
            other => other,
        };
        if let Some(trouble) = Trouble::of(&error) {
            trouble::note(trouble);
        }
        match &error {
            DieselError::DatabaseError(Kind::UniqueViolation, _) => Self::Duplicate,
            DieselError::DatabaseError(
                Kind::ClosedConnection
                | Kind::UnableToSendCommand
                | Kind::SerializationFailure
                // A server that has become somebody's standby.
                | Kind::ReadOnlyTransaction,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Unavailable(cause(error)),
            DieselError::DatabaseError(_, info) if is_away(info.message()) => {
                Self::Unavailable(cause(error))
            }
            _ if Trouble::of(&error).is_some() => Self::Unavailable(cause(error)),
            _ => Self::Internal(cause(error)),
        }
    }
}

/// The error, told in words that quote nothing that people have entered.
fn cause(error: DieselError) -> Cause {
    Cause::in_words(words(&error), error)
}

/// What the server said, and its hint. Not its details, which quote what people have entered.
fn words(error: &DieselError) -> String {
    match error {
        DieselError::DatabaseError(_, info) => match info.hint() {
            Some(hint) => format!("{} ({hint})", reason(error)),
            None => reason(error),
        },
        _ => reason(error),
    }
}

/// Whether a message says that the database cannot be used right now, rather than that it was
/// asked for something wrong.
fn is_away(message: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "database is locked",
        "terminating connection",
        "the database system is",
        "canceling statement",
        "too many clients",
        "too many connections",
        "connection slots",
        "deadlock detected",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, message: &str) -> DieselError {
        DieselError::DatabaseError(kind, Box::new(message.to_owned()))
    }

    /// What the servers say when they go away, each as they were heard to say it.
    fn partings() -> Vec<DieselError> {
        use DatabaseErrorKind as Kind;
        let unknown = [
            "database is locked",
            "terminating connection due to administrator command",
            "terminating connection due to immediate shutdown command",
            "terminating connection because of crash of another server process",
            "terminating connection due to idle-in-transaction timeout",
            "the database system is shutting down",
            "the database system is starting up",
            "the database system is in recovery mode",
            "the database system is not yet accepting connections",
            "canceling statement due to lock timeout",
            "canceling statement due to statement timeout",
            "sorry, too many clients already",
            "too many connections for role \"duty\"",
            "too many connections for database \"duty\"",
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "deadlock detected",
            "database or disk is full",
            "could not extend file \"base/5/2704\": No space left on device",
            "database disk image is malformed",
            "malformed database schema (people) - orphan index",
            "file is not a database",
            "attempt to write a readonly database",
            "disk I/O error",
            "unable to open database file",
            "invalid page in block 7 of relation base/5/2704",
            "could not read block 7 in file \"base/5/2704\": read only 0 of 8192 bytes",
        ];
        let mut all: Vec<_> = unknown
            .into_iter()
            .map(|message| said(Kind::Unknown, message))
            .collect();
        all.push(said(Kind::ClosedConnection, "connection closed"));
        all.push(said(Kind::UnableToSendCommand, "unexpected message"));
        all.push(said(Kind::SerializationFailure, "could not serialize"));
        all.push(said(Kind::ReadOnlyTransaction, "cannot execute INSERT"));
        all.push(DieselError::BrokenTransactionManager);
        all
    }

    #[test]
    fn a_database_that_goes_away_is_away_and_not_a_defect() {
        for parting in partings() {
            let text = parting.to_string();
            assert!(
                matches!(StoreError::from(parting), StoreError::Unavailable(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_happened_to_a_commit_counts_and_not_the_rollback_after_it() {
        let on_commit = |commit: DieselError| DieselError::RollbackErrorOnCommit {
            commit_error: Box::new(commit),
            rollback_error: Box::new(DieselError::BrokenTransactionManager),
        };
        for parting in partings() {
            let text = parting.to_string();
            assert!(
                matches!(
                    StoreError::from(on_commit(parting)),
                    StoreError::Unavailable(_)
                ),
                "{text}"
            );
        }
        let defect = on_commit(said(DatabaseErrorKind::CheckViolation, "no such state"));
        assert!(matches!(StoreError::from(defect), StoreError::Internal(_)));
    }

    #[test]
    fn a_wrong_question_is_a_defect() {
        let wrong = said(
            DatabaseErrorKind::Unknown,
            "syntax error at or near \"SELEC\"",
        );
        assert!(matches!(StoreError::from(wrong), StoreError::Internal(_)));
        assert!(matches!(
            StoreError::from(DieselError::NotFound),
            StoreError::Internal(_)
        ));
        let twice = said(DatabaseErrorKind::UniqueViolation, "duplicate key");
        assert!(matches!(StoreError::from(twice), StoreError::Duplicate));
    }
}
