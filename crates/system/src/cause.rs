//! Errors that keep what caused them, and the one line that tells all of it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What went wrong, and the error beneath it where there is one. The log tells both; clients are told neither.
#[derive(Debug, Clone)]
pub struct Cause {
    text: Cow<'static, str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    /// Whether the text tells of the source already.
    tells_all: bool,
}

impl Cause {
    /// A cause with nothing beneath it.
    #[must_use]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            source: None,
            tells_all: false,
        }
    }

    /// This error, with whatever caused it.
    #[must_use]
    pub fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self::new(error.to_string()).because(error)
    }

    /// The same, caused by this error.
    #[must_use]
    pub fn because(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(error.into()));
        self
    }

    /// This error, told in these words: the log does not repeat it, and must not where it quotes what people have entered.
    #[must_use]
    pub fn in_words(
        text: impl Into<Cow<'static, str>>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            tells_all: true,
            ..Self::new(text).because(error)
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| -> &(dyn Error + 'static) { source })
    }
}

/// Equal where the log says the same.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        chain(self) == chain(other)
    }
}

impl Eq for Cause {}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&'static str> for Cause {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

/// An error with all that caused it, on one line (`a: b: c`), each piece once.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut present = error;
    while let Some(source) = next(present) {
        let text = source.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        present = source;
    }
    line
}

/// What caused an error, as far as its text does not tell it.
fn next<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let is_told = error
        .downcast_ref::<Cause>()
        .is_some_and(|cause| cause.tells_all);
    error.source().filter(|_| !is_told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_tells_every_piece_once() {
        let disk = std::io::Error::other("no space left");
        let row = Cause::new("a row cannot be written").because(disk);
        let all = Cause::new("storing it").because(row);
        assert_eq!(
            chain(&all),
            "storing it: a row cannot be written: no space left"
        );
        let same = Cause::of(Cause::new("once").because(Cause::new("only once")));
        assert_eq!(chain(&same), "once: only once");
        let repeated = Cause::new("outside: inside").because(Cause::new("inside"));
        assert_eq!(chain(&repeated), "outside: inside");
    }

    #[test]
    fn what_a_text_tells_already_is_kept_and_not_repeated() {
        let quoting = Cause::new("Key (email)=(ana@example.com) exists");
        let cause = Cause::in_words("it exists", quoting);
        assert_eq!(chain(&cause), "it exists");
        assert!(cause.source().is_some());
        assert_eq!(
            chain(&Cause::new("adding").because(cause)),
            "adding: it exists"
        );
    }
}
