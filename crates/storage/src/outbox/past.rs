//! Mails that are done with: how long they stay.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::State;
use crate::domain::notifications::message::group;
use crate::domain::time::interval::Timestamp;
use crate::schema::outbox;
use crate::types::{AsEnum, AsJson, Ts};
use crate::{Db, StoreError};

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
    before: Timestamp,
    now: Timestamp,
    most: i64,
) -> Result<usize, StoreError> {
    macro_rules! old {
        () => {
            outbox::finished_at
                .le(Ts(before))
                .and(outbox::not_after.le(Ts(now)))
                .and(outbox::state.ne(AsEnum(State::Pending)))
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

/// Forgets what mails said that have one of `words`, such as somebody's name, in them: of those that are done with all
/// but what they told of shifts, by ids, and in those that wait the words, for which `instead` stands then. (What else is
/// in the outbox names people by their ids only.)
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget(db: &mut Db, words: &[String], instead: &str) -> Result<(), StoreError> {
    let [overrides, swaps] = group::WITH_TEXT;
    let mut after = String::new();
    loop {
        let some: Vec<(String, AsEnum<State>, AsJson<Value>)> = outbox::table
            .filter(outbox::id.gt(&after))
            .filter(
                outbox::kind
                    .like(format!("{overrides}%"))
                    .or(outbox::kind.like(format!("{swaps}%"))),
            )
            .order(outbox::id)
            .limit(CHUNK)
            .select((outbox::id, outbox::state, outbox::payload))
            .load(db)?;
        let Some((last, _, _)) = some.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (id, state, mut payload) in some {
            let text = payload.0.to_string();
            if !words.iter().any(|word| text.contains(word)) {
                continue;
            }
            if state == AsEnum(State::Pending) {
                replace(&mut payload.0, words, instead);
            } else {
                let told = payload.0.get("news").map(|news| json!({ "news": news }));
                payload = AsJson(told.unwrap_or_default());
            }
            diesel::update(outbox::table.find(id))
                .set(outbox::payload.eq(payload))
                .execute(db)?;
        }
    }
}

/// Puts `instead` where the words stand by themselves, in all texts.
fn replace(value: &mut Value, words: &[String], instead: &str) {
    match value {
        Value::String(text) => {
            for word in words {
                *text = replaced(text, word, instead);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, words, instead)),
        Value::Object(all) => all
            .values_mut()
            .for_each(|one| replace(one, words, instead)),
        _ => {}
    }
}

/// The text with `instead` for a word, but not for a part of another word.
fn replaced(text: &str, word: &str, instead: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        found.push_str(before);
        let is_part =
            found.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        found.push_str(if is_part { word } else { instead });
        rest = after;
    }
    found.push_str(rest);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_where_they_stand_by_themselves() {
        for (text, expected) in [
            ("Bo asks you", "X asks you"),
            ("Bob and Bo, Bobo’s", "Bob and X, Bobo’s"),
            ("Bo’s week is Bo", "X’s week is X"),
            ("BoBo", "BoBo"),
            ("LéBo", "LéBo"),
            ("", ""),
        ] {
            assert_eq!(replaced(text, "Bo", "X"), expected, "{text}");
        }
    }
}
