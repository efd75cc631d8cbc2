//! Where the database is: `sqlite:PATH` or `postgres://…`.

use std::path::PathBuf;

use super::postgres_url::{BadDatabaseUrl, Target};

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    ///
    /// An error for anything else, and for parameters that are not understood.
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Target::parse(text).map(|_| Self::Postgres(text.to_owned()));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(BadDatabaseUrl("names no file: sqlite:PATH".to_owned()));
        }
        Ok(Self::Sqlite(path.into()))
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}
