//! Mails that are done with: how long they stay.

use diesel::prelude::*;
use serde_json::json;

use super::State;
use crate::domain::interval::Instant;
use crate::storage::rows::word;
use crate::storage::schema::outbox;
use crate::storage::types::{Json, Ts};
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

/// So many mails are looked at in one go.
const CHUNK: i64 = 500;

/// Forgets what mails said that are done with and have one of `words`, such as somebody's name, in them; what they told
/// of shifts stays, by ids. (What else is in the outbox names people by their ids only.)
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, words: &[String]) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let some: Vec<(String, Json)> = outbox::table
            .filter(outbox::id.gt(&after))
            .filter(outbox::state.ne(word(State::Pending)?))
            .filter(
                outbox::kind
                    .like("override.%")
                    .or(outbox::kind.like("swap.%")),
            )
            .order(outbox::id)
            .limit(CHUNK)
            .select((outbox::id, outbox::payload))
            .load(db)?;
        let Some((last, _)) = some.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (id, payload) in &some {
            let text = payload.0.to_string();
            if words.iter().any(|word| text.contains(word)) {
                let told = payload.0.get("news").map(|news| json!({ "news": news }));
                diesel::update(outbox::table.find(id))
                    .set(outbox::payload.eq(Json(told.unwrap_or_default())))
                    .execute(db)?;
            }
        }
    }
}
