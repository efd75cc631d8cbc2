//! Webhooks by which programs declare incidents, and what they sent lately.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::rows::parse;
use super::schema::{incident_webhooks, webhook_deliveries};
use super::types::{Json, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{RotationId, WebhookId};
use crate::domain::interval::Timestamp;

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
    pub mapping: Json,
    /// When it was made.
    pub created_at: Timestamp,
}

type Row = (String, String, String, Json, Ts);

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

fn webhook((id, rotation, name, mapping, created_at): Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: parse(id.as_str())?,
        rotation: parse(rotation.as_str())?,
        name,
        mapping,
        created_at: created_at.0,
    })
}

/// The webhook of this id, unless it was revoked.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let found: Option<Row> = incident_webhooks::table
        .find(id.to_string())
        .filter(incident_webhooks::revoked_at.is_null())
        .select(COLUMNS)
        .first(db)
        .optional()?;
    found.map(webhook).transpose()
}

/// A rotation's webhooks, in the order in which they were made.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(db: &mut Db, rotation: RotationId) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = incident_webhooks::table
        .filter(incident_webhooks::rotation_id.eq(rotation.to_string()))
        .filter(incident_webhooks::revoked_at.is_null())
        .order(incident_webhooks::id)
        .select(COLUMNS)
        .load(db)?;
    rows.into_iter().map(webhook).collect()
}

/// Adds a webhook.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, webhook: &Webhook) -> Result<(), StoreError> {
    diesel::insert_into(incident_webhooks::table)
        .values((
            incident_webhooks::id.eq(webhook.id.to_string()),
            incident_webhooks::rotation_id.eq(webhook.rotation.to_string()),
            incident_webhooks::name.eq(&webhook.name),
            incident_webhooks::mapping.eq(webhook.mapping.clone()),
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
    diesel::update(incident_webhooks::table.find(id.to_string()))
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
            webhook_deliveries::webhook_id.eq(id.to_string()),
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
