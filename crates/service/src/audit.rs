//! The audit log, as it is read.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Error;
use crate::storage::Db;
pub use crate::storage::audit::Filter;
use crate::storage::audit::{self, Entry};

/// Who did what.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Its id.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The person; null for the bootstrap administrator and commands at the machine.
    pub actor_id: Option<String>,
    /// The token they came with.
    pub token_id: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// What, such as `override.create`.
    pub action: String,
    /// The kind of thing it was done to.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// What it was before.
    #[schema(value_type = Option<Object>)]
    pub before: Value,
    /// What it is since.
    #[schema(value_type = Option<Object>)]
    pub after: Value,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor_id: entry.actor_id.map(|id| id.to_string()),
            token_id: entry.token_id.map(|id| id.to_string()),
            address: entry.address,
            action: entry.action.to_string(),
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            before: entry.before,
            after: entry.after,
        }
    }
}

/// Entries of the audit log, in order.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn list(db: &mut Db, filter: &Filter, limit: i64) -> Result<Vec<AuditView>, Error> {
    let wanted = [&filter.actor, &filter.action, &filter.subject];
    if wanted.into_iter().flatten().any(|text| text.contains('\0')) {
        // PostgreSQL has no text with it, so nothing is called like that.
        return Ok(Vec::new());
    }
    let entries = audit::list(db, filter, limit)?;
    Ok(entries.into_iter().map(AuditView::from).collect())
}
