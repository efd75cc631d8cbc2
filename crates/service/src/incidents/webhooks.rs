//! Webhooks by which programs declare incidents. What they send is signed as Standard Webhooks are
//! (<https://www.standardwebhooks.com>): an HMAC over id, timestamp and the raw body.
//!
//! A delivery is known by its id and its timestamp: the same bytes again are a replay and refused, while a sender that
//! tries again signs another timestamp, and declares what is declared already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::mapping::{Mapping, text};
use super::{LONGEST_NAME, LONGEST_TITLE, NewIncident, declare, parts};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::actor::{Actor, Scope};
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::{RotationId, WebhookId};
use crate::domain::people::person::Role;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Kind;
use crate::domain::time::interval::Timestamp;
use crate::locked_rotation::{LockedRotation, as_json, record_audit};
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::incident_webhooks::{self, Webhook};
use crate::storage::{Db, StoreError, Tx, incidents};
use crate::{App, Error, FieldError, ValidationErrors, access, values};

/// What is signed is neither older nor further ahead.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// How many signatures of a delivery are looked at: a sender has an old key and a new one.
const MOST_SIGNATURES: usize = 16;

/// What tells the keys of webhooks apart from all else that the program's key signs.
const PURPOSE: &[u8] = b"dogwatch webhook 1\0";

/// A webhook to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Which program it is for.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// Where in what the program sends there is what.
    #[serde(default)]
    pub mapping: Mapping,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Whose people watch what it declares.
    pub rotation_id: String,
    /// Which program it is for.
    pub name: String,
    /// Where in what the program sends there is what.
    pub mapping: Mapping,
    /// Where the program sends to.
    pub url: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// It never changes.
    pub version: i64,
}

/// What came of a delivery.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Taken {
    /// The incident; null where the delivery does not mean one.
    pub incident_id: Option<String>,
    /// What people call it.
    pub reference: Option<String>,
    /// Whether it was declared by this.
    pub is_new: bool,
    /// What was left out, since it could not be understood.
    pub ignored: Vec<FieldError>,
}

/// What tells who sent something, and when.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: `v1,` and the signature in base64; several with blanks between them.
    pub signatures: &'a str,
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSignature(pub &'static str);

impl App {
    /// What a webhook signs with. It is derived from the program's key, and not kept.
    ///
    /// # Errors
    /// [`Error::Internal`] where there is no key.
    pub fn webhook_secret(&self, id: WebhookId) -> Result<String, Error> {
        Ok(format!("whsec_{}", STANDARD.encode(self.webhook_key(id)?)))
    }

    fn webhook_key(&self, id: WebhookId) -> Result<Vec<u8>, Error> {
        let id = id.to_string();
        let key = self.keyed(PURPOSE, id.as_bytes())?.finalize();
        Ok(key.into_bytes().to_vec())
    }

    fn signature(
        &self,
        id: WebhookId,
        delivery: Delivery<'_>,
        body: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.webhook_key(id)?)
            .map_err(|error| Error::caused("the key cannot be used", error))?;
        for part in [delivery.id, ".", delivery.timestamp, "."] {
            mac.update(part.as_bytes());
        }
        mac.update(body);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// How a webhook is shown.
    #[must_use]
    pub fn webhook_view(&self, webhook: &Webhook) -> WebhookView {
        WebhookView {
            id: webhook.id.to_string(),
            rotation_id: webhook.rotation.to_string(),
            name: webhook.name.clone(),
            mapping: mapping(webhook),
            url: format!("{}/webhooks/incidents/{}", self.public_url, webhook.id),
            created_at: webhook.created_at,
            version: 1,
        }
    }

    /// Whether the webhook's program sent this just now.
    ///
    /// # Errors
    /// [`InvalidSignature`] where it did not.
    pub fn verify_signature(
        &self,
        id: WebhookId,
        delivery: Delivery<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), InvalidSignature> {
        let visible = |c: u8| c.is_ascii_graphic();
        if !(1..=200).contains(&delivery.id.len()) || !delivery.id.bytes().all(visible) {
            return Err(InvalidSignature("webhook-id is missing or too long"));
        }
        let said = delivery.timestamp.parse().ok();
        let said: Timestamp = said
            .and_then(|seconds| Timestamp::from_timestamp(seconds, 0))
            .ok_or(InvalidSignature("webhook-timestamp is no time"))?;
        if (now - said).abs() > TOLERANCE {
            return Err(InvalidSignature(
                "webhook-timestamp is not of the last five minutes",
            ));
        }
        // Computed once, however many signatures are given: a header has room for thousands.
        let expected = self
            .signature(id, delivery, body)
            .map_err(|_| InvalidSignature("webhook-signature does not fit"))?;
        let mut given = delivery
            .signatures
            .split_ascii_whitespace()
            .take(MOST_SIGNATURES);
        let fits = given.any(|one| {
            let signature = one.strip_prefix("v1,");
            let signature = signature.and_then(|text| STANDARD.decode(text).ok());
            signature.is_some_and(|signature| expected.ct_eq(&signature).into())
        });
        if fits {
            Ok(())
        } else {
            Err(InvalidSignature("webhook-signature does not fit"))
        }
    }
}

fn mapping(webhook: &Webhook) -> Mapping {
    serde_json::from_value(webhook.mapping.clone()).unwrap_or_else(|error| {
        tracing::error!(webhook = %webhook.id, %error, "the mapping of a webhook cannot be read");
        Mapping::default()
    })
}

/// The webhook of this id.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none, or no more.
pub fn find_webhook(db: &mut Db, id: WebhookId) -> Result<Webhook, Error> {
    incident_webhooks::find(db, id)?.ok_or(Error::NotFound("webhook"))
}

/// A rotation's webhooks, in the order in which they were made.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`].
pub fn webhooks(
    db: &mut Db,
    actor: &Actor,
    snapshot: &Snapshot,
    id: RotationId,
) -> Result<Vec<Webhook>, Error> {
    let timeline = snapshot.timeline(id).ok_or(Error::NotFound("rotation"))?;
    let team = snapshot
        .team(timeline.rotation().team)
        .ok_or(Error::NotFound("team"))?;
    access::manager(actor, team)?;
    Ok(incident_webhooks::list(db, id)?)
}

/// Makes a webhook.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`].
pub fn create_webhook(
    uow: &mut UnitOfWork<'_>,
    id: RotationId,
    new: &NewWebhook,
) -> Result<Webhook, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let locked_rotation = LockedRotation::of(uow, id, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    let (settings, _) = incidents::settings(uow.db(), id)?;
    let mut errors = ValidationErrors::new();
    let name = values::line(&mut errors, "/name", &new.name, LONGEST_NAME);
    if locked_rotation.rotation.kind == Kind::Ordered {
        errors.add("", "only follow-the-sun rotations watch incidents");
    }
    new.mapping.check(&mut errors, &settings);
    let communications = new.mapping.communications_rotation_id.as_deref();
    parts::communications(
        uow,
        &mut errors,
        "/mapping/communications_rotation_id",
        communications,
    )?;
    let name = errors.finish_with(name)?;
    let webhook = Webhook {
        id: WebhookId::from_uuid(new_id()),
        rotation: id,
        name,
        mapping: as_json(&new.mapping)?,
        created_at: now,
    };
    incident_webhooks::insert(uow.db(), &webhook)?;
    let after = json!({ "rotation_id": id, "name": webhook.name, "mapping": webhook.mapping });
    note_webhook(
        uow,
        &webhook,
        AuditAction::WebhookCreate,
        Value::Null,
        after,
    )?;
    Ok(webhook)
}

/// Revokes a webhook: what its program sends is refused from now on.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`].
pub fn revoke_webhook(uow: &mut UnitOfWork<'_>, id: WebhookId) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let webhook = find_webhook(uow.db(), id)?;
    let locked_rotation = LockedRotation::of(uow, webhook.rotation, &[])?;
    access::manager(actor, &locked_rotation.team)?;
    uow.check_version(1)?;
    incident_webhooks::revoke(uow.db(), id, now)?;
    let before = json!({ "rotation_id": webhook.rotation, "name": webhook.name });
    note_webhook(
        uow,
        &webhook,
        AuditAction::WebhookRevoke,
        before,
        Value::Null,
    )
}

fn note_webhook(
    uow: &mut UnitOfWork<'_>,
    webhook: &Webhook,
    action: AuditAction,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let deed = AuditEvent {
        action,
        kind: "webhook",
        id: webhook.id.to_string(),
        before,
        after,
    };
    record_audit(uow, deed)
}

/// As whom a webhook's program acts.
#[must_use]
pub fn webhook_actor(address: Option<std::net::IpAddr>, now: Timestamp) -> Actor {
    Actor {
        role: Role::Member,
        scope: Scope::Write,
        address,
        at: now,
        ..Actor::operator()
    }
}

/// Takes what a webhook's program sent, which is believed: once, and as far as it can be understood. An incident is
/// not lost because its severity or its lead is unknown here.
///
/// # Errors
///
/// [`Error::Conflict`] for a replay, and [`Error::Invalid`] where there is no reference or no title.
pub fn take_delivery(
    uow: &mut UnitOfWork<'_>,
    webhook: &Webhook,
    snapshot: &Snapshot,
    delivery: Delivery<'_>,
    body: &Value,
) -> Result<Taken, Error> {
    let now = uow.now;
    let known_by = format!("{}.{}", delivery.id, delivery.timestamp);
    incident_webhooks::take(uow.db(), webhook.id, &known_by, now).map_err(|error| match error {
        StoreError::Duplicate => Error::conflict("this was taken already"),
        other => other.into(),
    })?;
    let mapping = mapping(webhook);
    if !mapping.is_meant(body) {
        return Ok(Taken::default());
    }
    let (new, ignored) = read(uow, webhook, &mapping, snapshot, body)?;
    let (view, is_new) = match incidents::find_by_reference(uow.db(), new.reference.trim())? {
        Some(before) => (super::view(snapshot, &before, now), false),
        None => (declare(uow, &new)?.view, true),
    };
    if is_new {
        let after = json!({
            "rotation_id": webhook.rotation,
            "name": webhook.name,
            "incident_id": view.id,
            "delivery": delivery.id,
        });
        note_webhook(
            uow,
            webhook,
            AuditAction::WebhookDeclare,
            Value::Null,
            after,
        )?;
    }
    Ok(Taken {
        incident_id: Some(view.id),
        reference: Some(view.reference),
        is_new,
        ignored,
    })
}

/// What is declared, and what of it was left out.
fn read(
    tx: &mut Tx<'_>,
    webhook: &Webhook,
    mapping: &Mapping,
    snapshot: &Snapshot,
    body: &Value,
) -> Result<(NewIncident, Vec<FieldError>), Error> {
    let mut errors = ValidationErrors::new();
    let mut must = |pointer: &str| {
        let found = text(body, pointer);
        if found.is_none() {
            errors.add(pointer, "there is no text here");
        }
        found
    };
    let (reference, title) = (must(&mapping.reference), must(&mapping.title));
    let reference = reference
        .and_then(|text| values::line(&mut errors, &mapping.reference, &text, LONGEST_NAME));
    let (reference, title) = errors.finish_with(reference.zip(title))?;
    let (settings, _) = incidents::settings(tx.db(), webhook.rotation)?;
    let mut ignored = ValidationErrors::new();
    let mut link = |pointer: &Option<String>| {
        let pointer = pointer.as_deref()?;
        parts::link(&mut ignored, pointer, text(body, pointer).as_deref())
    };
    let channel_url = link(&mapping.channel_url);
    let thread_url = link(&mapping.thread_url);
    let status_page_url = link(&mapping.status_page_url);
    let severity = mapping.severity_of(body);
    let severity = severity.filter(|name| {
        let is_known = settings.severity(name).is_some();
        if !is_known {
            let pointer = mapping.severity.clone().unwrap_or_default();
            ignored.add(pointer, "there is no such severity");
        }
        is_known
    });
    let lead = mapping.lead.as_deref().and_then(|pointer| {
        let found = person(snapshot, &text(body, pointer)?);
        if found.is_none() {
            ignored.add(pointer, "there is no such person");
        }
        found
    });
    let new = NewIncident {
        reference,
        title: tidy(&title),
        severity,
        rotation_id: webhook.rotation.to_string(),
        communications_rotation_id: mapping.communications_rotation_id.clone(),
        lead,
        channel_url,
        thread_url,
        status_page_url,
        watch: None,
    };
    Ok((new, ignored.into_list()))
}

/// The one person of this address, or of this id elsewhere.
fn person(snapshot: &Snapshot, who: &str) -> Option<String> {
    let mut found = snapshot.people().values().filter(|person| {
        person.email.eq_ignore_ascii_case(who) || person.external_ids.values().any(|id| id == who)
    });
    let one = found.next()?;
    found.next().is_none().then(|| one.id.to_string())
}

/// A title in one line that is not too long.
fn tidy(title: &str) -> String {
    title
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_TITLE)
        .collect()
}
