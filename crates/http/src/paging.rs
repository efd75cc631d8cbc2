//! Lists, a page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::service::{Error, ValidationErrors};

/// How many items a page has where the client does not say.
const DEFAULT: usize = 50;

/// How many items a page has at most.
const MOST: usize = 200;

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// How many items at most.
    pub limit: usize,
    /// The key (in most lists: the id) of the last item already seen.
    pub after: Option<String>,
}

impl Paging {
    /// Reads `?limit=` and `?cursor=`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong with the two.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Error> {
        let mut errors = ValidationErrors::new();
        let paging = Self::check(&mut errors, limit, cursor);
        errors.finish_with(paging)
    }

    /// The same, for who has more to check.
    pub fn check(
        errors: &mut ValidationErrors,
        limit: Option<&str>,
        cursor: Option<&str>,
    ) -> Option<Self> {
        let limit = errors.check("/limit", limit.map_or(Ok(DEFAULT), read_limit));
        let after = errors.check_some("/cursor", cursor, read_cursor);
        Some(Self {
            limit: limit?,
            after: after?,
        })
    }

    /// The page out of everything there is, in the order of the keys (which must be unique).
    pub fn page<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let mut rest: Vec<(String, T)> = items.into_iter().map(|item| (key(&item), item)).collect();
        rest.retain(|(key, _)| self.after.as_ref().is_none_or(|after| key > after));
        rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.cut(rest)
    }

    /// The page out of up to `limit + 1` rows that were read in order, after `after`, from the database.
    pub fn page_of_rows<T>(&self, rows: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        self.cut(rows.into_iter().map(|row| (key(&row), row)).collect())
    }

    fn cut<T>(&self, mut rows: Vec<(String, T)>) -> Page<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = rows.last().filter(|_| more);
        Page {
            next_cursor: last.map(|(key, _)| URL_SAFE_NO_PAD.encode(key)),
            items: rows.into_iter().map(|(_, item)| item).collect(),
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it as `?cursor=` for the next part; `null` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page with its items shown another way.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

fn read_limit(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or("must be a number from 1 to 200")
}

/// The key that a cursor stands for.
pub(super) fn read_cursor(text: &str) -> Result<String, &'static str> {
    let bad = "is not a cursor given by an earlier page";
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad)?;
    String::from_utf8(bytes)
        .ok()
        .filter(|key| !key.is_empty() && !key.contains(char::is_control))
        .ok_or(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_until_the_end() {
        let everything = ["e", "a", "d", "b", "c"];
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let paging = Paging::parse(Some("2"), cursor.as_deref()).unwrap();
            let page = paging.page(everything, |item| (*item).to_owned());
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_full_last_page_is_the_last() {
        let paging = Paging::parse(Some("2"), None).unwrap();
        assert_eq!(
            paging
                .page(["a", "b"], |item| (*item).to_owned())
                .next_cursor,
            None
        );
    }

    #[test]
    fn bad_limits_and_cursors_are_named() {
        for bad in ["0", "201", "-1", "x", "", "1.5"] {
            assert!(Paging::parse(Some(bad), None).is_err(), "{bad}");
        }
        for bad in ["", "?", "AA"] {
            assert!(Paging::parse(None, Some(bad)).is_err(), "{bad}");
        }
        let Err(Error::Invalid(errors)) = Paging::parse(Some("0"), Some("!")) else {
            panic!("both are bad");
        };
        assert_eq!(errors.len(), 2);
    }
}
