//! Calendar feeds: making them, revoking them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::scene::note;
use super::secrets::{new_secret, token_hash};
use super::{Actor, Error, Expected, access};
use crate::clock::new_id;
use crate::domain::feed::{Feed, Scope};
use crate::domain::ids::{FeedId, PersonId};
use crate::domain::interval::Instant;
use crate::roster::Roster;
use crate::storage::audit::Deed;
use crate::storage::{Change, Tx, feeds};

/// Whose shifts a feed shows: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeInput {
    /// A person's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// A rotation's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_id: Option<String>,
    /// A team's slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// `true`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// Choices that a feed has: none so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// A feed to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFeed {
    /// Whose shifts it shows.
    pub scope: ScopeInput,
    /// Choices.
    #[serde(default)]
    pub options: Options,
}

/// A feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedView {
    /// Its id.
    pub id: String,
    /// Its address, which is its secret: shown once, null later.
    pub url: Option<String>,
    /// Whose shifts it shows.
    pub scope: ScopeInput,
    /// Choices.
    pub options: Options,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Goes up with each change.
    pub version: i64,
}

impl FeedView {
    /// The feed; the url only where it was just made.
    #[must_use]
    pub fn of(roster: &Roster, feed: &Feed, url: Option<String>) -> Self {
        let mut scope = ScopeInput::default();
        match feed.scope {
            Scope::Person(id) => scope.person_id = Some(id.to_string()),
            Scope::Rotation(id) => scope.rotation_id = Some(id.to_string()),
            Scope::Team(id) => scope.team = roster.team(id).map(|team| team.slug.clone()),
            Scope::All => scope.all = Some(true),
        }
        Self {
            id: feed.id.to_string(),
            url,
            scope,
            options: Options {},
            created_at: feed.created_at,
            revoked_at: feed.revoked_at,
            version: feed.version,
        }
    }
}

fn read(roster: &Roster, input: &ScopeInput) -> Result<Scope, Error> {
    let bad = |field: &str, what: &str| {
        Error::invalid(
            format!("/scope/{field}"),
            format!("there is no such {what}"),
        )
    };
    match (&input.person_id, &input.rotation_id, &input.team, input.all) {
        (Some(id), None, None, None) => {
            let id: Option<PersonId> = id
                .parse()
                .ok()
                .filter(|id| roster.people().contains_key(id));
            id.map(Scope::Person)
                .ok_or_else(|| bad("person_id", "person"))
        }
        (None, Some(id), None, None) => {
            let id = id
                .parse()
                .ok()
                .filter(|id| roster.timeline_of(*id).is_some());
            id.map(Scope::Rotation)
                .ok_or_else(|| bad("rotation_id", "rotation"))
        }
        (None, None, Some(slug), None) => roster
            .team_of_slug(slug)
            .map(|team| Scope::Team(team.id))
            .ok_or_else(|| bad("team", "team")),
        (None, None, None, Some(true)) => Ok(Scope::All),
        _ => Err(Error::invalid(
            "/scope",
            "must have one of person_id, rotation_id, team and all",
        )),
    }
}

/// Makes a feed of the actor's own; the second value is its secret, which nobody sees again.
///
/// # Errors
///
/// [`Error::Invalid`] where the scope names nothing.
pub fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    roster: &Roster,
    new: &NewFeed,
    now: Instant,
) -> Result<(Feed, String), Error> {
    let scope = read(roster, &new.scope)?;
    let secret = new_secret("");
    let feed = Feed {
        id: FeedId::from_uuid(new_id()),
        owner: actor.person,
        hash: token_hash(&secret),
        scope,
        created_at: now,
        revoked_at: None,
        last_fetched_at: None,
        version: 1,
    };
    feeds::insert(tx.db(), &feed)?;
    tx.changed(Change::Feeds);
    let after = json!({ "scope": scope });
    note(
        tx,
        actor,
        now,
        Deed {
            action: "feed.create",
            kind: "feed",
            id: feed.id.to_string(),
            before: Value::Null,
            after,
        },
    )?;
    Ok((feed, secret))
}

/// Revokes a feed.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Stale`], and [`Error::Forbidden`] where it is somebody else's.
pub fn revoke(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: FeedId,
    expected: &Expected,
    now: Instant,
) -> Result<(), Error> {
    let feed = feeds::load(tx.db())?
        .into_iter()
        .find(|feed| feed.id == id)
        .ok_or(Error::NotFound("feed"))?;
    if !feed.owner.is_some_and(|owner| actor.is(owner)) {
        access::administrator(actor)?;
    }
    expected.check(feed.version)?;
    if feed.revoked_at.is_some() {
        return Ok(());
    }
    feeds::revoke(tx.db(), id, now)?;
    tx.changed(Change::Feeds);
    let before = json!({ "scope": feed.scope });
    note(
        tx,
        actor,
        now,
        Deed {
            action: "feed.revoke",
            kind: "feed",
            id: id.to_string(),
            before,
            after: Value::Null,
        },
    )
}
