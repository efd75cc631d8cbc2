//! Kinds that are stored as text: each has one name, and a row may hold one that only a newer version knows.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The text names no kind that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind that is known")]
pub struct UnknownKind;

/// Gives an enum `ALL`, `as_str`, `Display` and `FromStr` from one list of variants and names. A variant that is missing
/// in the list does not compile.
macro_rules! stored_as_text {
    ($name:ident { $($variant:ident $(($inner:path))? = $text:literal,)+ }) => {
        impl $name {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant $(($inner))?,)+];

            /// The name under which it is stored and shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant $(($inner))? => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::stored::UnknownKind;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut all = Self::ALL.iter();
                all.find(|kind| kind.as_str() == text)
                    .copied()
                    .ok_or($crate::stored::UnknownKind)
            }
        }
    };
}

pub(crate) use stored_as_text;

/// A kind in a row, which a newer version may have written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MaybeKnown<T> {
    /// One of ours.
    Known(T),
    /// The name of one that this version does not know.
    Unknown(String),
}

impl<T: Copy> MaybeKnown<T> {
    /// The kind, where it is known.
    pub const fn known(&self) -> Option<T> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: fmt::Display> fmt::Display for MaybeKnown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(kind) => kind.fmt(f),
            Self::Unknown(name) => f.write_str(name),
        }
    }
}

impl<T: FromStr> FromStr for MaybeKnown<T> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Unknown(text.to_owned()), Self::Known))
    }
}

impl<T> From<T> for MaybeKnown<T> {
    fn from(kind: T) -> Self {
        Self::Known(kind)
    }
}
