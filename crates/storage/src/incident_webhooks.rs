//! Webhooks by which programs declare incidents, and what they sent lately.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::Value;

use super::schema::{incident_webhooks, webhook_deliveries};
use super::types::{AsJson, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{RotationId, WebhookId};
use crate::domain::time::interval::Timestamp;

/// What was taken is remembered so long: longer than anything is believed after it was signed.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// A webhook. Its secret is derived, and not kept.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose people watch what it declares.
    pub rotation: RotationId,
    /// Which program it is for.
    pub name: String,
    /// Where in what the program sends there is what.
    pub mapping: Value,
    /// When it was made.
    pub created_at: Timestamp,
}

type Row = (
    AsText<WebhookId>,
    AsText<RotationId>,
    String,
    AsJson<Value>,
    Ts,
);

const COLUMNS: (
    incident_webhooks::id,
    incident_webhooks::rotation_id,
    incident_webhooks::name,
    incident_webhooks::mapping,
    incident_webhooks::created_at,
) = (
    incident_webhooks::id,
    incident_webhooks::rotation_id,
    incident_webhooks::name,
    incident_webhooks::mapping,
    incident_webhooks::created_at,
);

impl From<Row> for Webhook {
    fn from((id, rotation, name, mapping, created_at): Row) -> Self {
        Self {
            id: id.0,
            rotation: rotation.0,
            name,
            mapping: mapping.0,
            created_at: created_at.0,
        }
    }
}

/// The webhook of this id, unless it was revoked.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let found: Option<Row> = incident_webhooks::table
        .find(AsText(id))
        .filter(incident_webhooks::revoked_at.is_null())
        .select(COLUMNS)
        .first(db)
        .optional()?;
    Ok(found.map(Webhook::from))
}

/// A rotation's webhooks, in the order in which they were made.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(db: &mut Db, rotation: RotationId) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = incident_webhooks::table
        .filter(incident_webhooks::rotation_id.eq(AsText(rotation)))
        .filter(incident_webhooks::revoked_at.is_null())
        .order(incident_webhooks::id)
        .select(COLUMNS)
        .load(db)?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// Adds a webhook.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, webhook: &Webhook) -> Result<(), StoreError> {
    diesel::insert_into(incident_webhooks::table)
        .values((
            incident_webhooks::id.eq(AsText(webhook.id)),
            incident_webhooks::rotation_id.eq(AsText(webhook.rotation)),
            incident_webhooks::name.eq(&webhook.name),
            incident_webhooks::mapping.eq(AsJson(webhook.mapping.clone())),
            incident_webhooks::created_at.eq(Ts(webhook.created_at)),
        ))
        .execute(db)?;
    Ok(())
}

/// Revokes a webhook.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn revoke(db: &mut Db, id: WebhookId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(incident_webhooks::table.find(AsText(id)))
        .set(incident_webhooks::revoked_at.eq(Ts(now)))
        .execute(db)?;
    Ok(())
}

/// Remembers what a webhook's program sent.
///
/// # Errors
///
/// [`StoreError::Duplicate`] where it was taken before, and [`StoreError`] when the database is away.
pub fn take(db: &mut Db, id: WebhookId, delivery: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::insert_into(webhook_deliveries::table)
        .values((
            webhook_deliveries::webhook_id.eq(AsText(id)),
            webhook_deliveries::delivery_id.eq(delivery),
            webhook_deliveries::at.eq(Ts(now)),
        ))
        .execute(db)?;
    Ok(())
}

/// Forgets what nobody would believe any more.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_old(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    let old = webhook_deliveries::table.filter(webhook_deliveries::at.le(Ts(now - REMEMBERED)));
    Ok(diesel::delete(old).execute(db)?)
}
