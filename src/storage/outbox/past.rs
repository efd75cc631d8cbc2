//! Mails that are done with: how long they stay.

use diesel::prelude::*;

use super::State;
use crate::domain::interval::Instant;
use crate::storage::rows::word;
use crate::storage::schema::outbox;
use crate::storage::types::Ts;
use crate::storage::{Db, StoreError};

/// Forgets mails that were done with by `before` and are of no use any more at `now`, at most so many. Says how many.
///
/// What is still of use stays, however old it is: by it is known what people were told, and what must not be sent
/// again. Nothing that is over is planned anew, so that nothing misses the others.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_old(
    db: &mut Db,
    before: Instant,
    now: Instant,
    most: i64,
) -> Result<usize, StoreError> {
    macro_rules! old {
        () => {
            outbox::finished_at
                .le(Ts(before))
                .and(outbox::not_after.le(Ts(now)))
                .and(outbox::state.ne(word(State::Pending)?))
        };
    }
    let ids: Vec<String> = outbox::table
        .filter(old!())
        .order(outbox::finished_at)
        .limit(most)
        .select(outbox::id)
        .load(db)?;
    // Another replica may have been quicker, or somebody has another use for one of them.
    let those = outbox::table.filter(outbox::id.eq_any(ids)).filter(old!());
    Ok(diesel::delete(those).execute(db)?)
}
