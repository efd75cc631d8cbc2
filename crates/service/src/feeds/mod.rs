//! Calendar feeds: making, changing and revoking them, and what they show.

mod choices;
pub mod draft;
mod feed_cache;
mod fetched;
mod items;
mod publish;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::locked_rotation::{as_json, record_audit};
use super::secrets::{new_secret, token_hash};
use super::{Actor, App, Db, Error, ValidationErrors, access};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::audit::AuditAction;
use crate::domain::access::token::Token;
use crate::domain::ids::{FeedId, PersonId};
use crate::domain::schedule::feed::{self, Feed, Scope};
use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;
use crate::storage::audit::AuditEvent;
use crate::storage::{Change, feeds};

pub use choices::{Options, OptionsView};
pub use feed_cache::FeedCache;
pub use fetched::{Fetches, program};
pub use publish::Published;

/// Google refuses longer addresses without a word.
const LONGEST_ADDRESS: usize = 255;

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

/// What to change of a feed. Its address stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeedChange {
    /// Choices: what is left out is as before.
    pub options: Options,
}

/// A feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedView {
    /// Its id.
    pub id: String,
    /// Its address, which is its secret: shown once, null later.
    pub url: Option<String>,
    /// The same for a click in calendar programs.
    pub webcal_url: Option<String>,
    /// Whose shifts it shows.
    pub scope: ScopeInput,
    /// Choices.
    pub options: OptionsView,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it ends, with the token that it was made with; null where that has no end, or there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last fetched.
    pub last_fetched_at: Option<DateTime<Utc>>,
    /// By which calendar program, as far as that is known.
    pub last_fetched_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
}

impl FeedView {
    /// The feed; its address only where it was just made.
    #[must_use]
    pub fn of(app: &App, snapshot: &Snapshot, feed: &Feed, url: Option<String>) -> Self {
        let mut scope = ScopeInput::default();
        match feed.scope {
            Scope::Person(id) => scope.person_id = Some(id.to_string()),
            Scope::Rotation(id) => scope.rotation_id = Some(id.to_string()),
            Scope::Team(id) => scope.team = snapshot.team(id).map(|team| team.slug.clone()),
            Scope::All => scope.all = Some(true),
        }
        let (last_fetched_at, last_fetched_by) = last_fetched(app, feed).unzip();
        Self {
            id: feed.id.to_string(),
            webcal_url: url.as_deref().map(webcal),
            url,
            scope,
            options: feed.into(),
            created_at: feed.created_at,
            revoked_at: feed.revoked_at,
            expires_at: made_with(snapshot, feed).and_then(|token| token.expires_at),
            last_fetched_at,
            last_fetched_by,
            version: feed.version,
        }
    }
}

/// When a feed was last fetched, and by which program: what this server saw itself, or else what is kept.
#[must_use]
pub fn last_fetched(app: &App, feed: &Feed) -> Option<(DateTime<Utc>, String)> {
    let kept = feed.last_fetched_at.zip(feed.last_fetched_by.clone());
    app.fetches.of(feed.id).or(kept)
}

/// The address of a feed. It ends with the calendar's name, since that is what some programs call it.
#[must_use]
pub fn address(app: &App, snapshot: &Snapshot, feed: &Feed, secret: &str) -> String {
    let place = format!("{}/feeds/{secret}", app.public_url);
    let room = LONGEST_ADDRESS.saturating_sub(place.len() + "/.ics".len());
    let name = readable(&items::name(snapshot, feed.scope), room);
    if name.is_empty() {
        format!("{place}.ics")
    } else {
        format!("{place}/{name}.ics")
    }
}

/// `Support Hero · Feature Flags` as `support-hero-feature-flags`: at most so many characters, and none
/// that would have to be escaped.
fn readable(name: &str, longest: usize) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut text = words.join("-");
    text.truncate(longest.min(60));
    text.trim_end_matches('-').to_owned()
}

fn webcal(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    format!("webcal://{rest}")
}

fn read(snapshot: &Snapshot, input: &ScopeInput) -> Result<Scope, Error> {
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
                .filter(|id| snapshot.people().contains_key(id));
            id.map(Scope::Person)
                .ok_or_else(|| bad("person_id", "person"))
        }
        (None, Some(id), None, None) => {
            let id = id
                .parse()
                .ok()
                .filter(|id| snapshot.timeline_of(*id).is_some());
            id.map(Scope::Rotation)
                .ok_or_else(|| bad("rotation_id", "rotation"))
        }
        (None, None, Some(slug), None) => snapshot
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
/// [`Error::Invalid`] where the scope names nothing, or a choice is none.
pub fn create(
    uow: &mut UnitOfWork<'_>,
    snapshot: &Snapshot,
    new: &NewFeed,
) -> Result<(Feed, String), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut errors = ValidationErrors::new();
    let scope = match read(snapshot, &new.scope) {
        Ok(scope) => Some(scope),
        Err(Error::Invalid(found)) => {
            errors.extend(found);
            None
        }
        Err(other) => return Err(other),
    };
    let options = new
        .options
        .over(&mut errors, "/options", feed::Options::default());
    let (scope, options) = errors.finish_with(scope.zip(options))?;
    let secret = new_secret("");
    let feed = Feed {
        id: FeedId::from_uuid(new_id()),
        owner: actor.person,
        hash: token_hash(&secret),
        scope,
        options,
        created_at: now,
        changed_at: None,
        revoked_at: None,
        last_fetched_at: None,
        last_fetched_by: None,
        made_by: actor.token,
        version: 1,
    };
    feeds::insert(uow.db(), &feed)?;
    uow.changed(Change::Feeds);
    let after = known(&feed)?;
    record_audit(
        uow,
        deed(AuditAction::FeedCreate, feed.id, Value::Null, after),
    )?;
    Ok((feed, secret))
}

/// Changes what the subscriber chose.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::NotFound`], [`Error::Stale`], [`Error::Forbidden`] where it is somebody
/// else's, and [`Error::Conflict`] where it is revoked.
pub fn change(uow: &mut UnitOfWork<'_>, id: FeedId, change: &FeedChange) -> Result<Feed, Error> {
    let (actor, now) = (uow.actor, uow.now);
    let mut feed = own(uow.db(), actor, id)?;
    uow.check_version(feed.version)?;
    if feed.revoked_at.is_some() {
        return Err(Error::conflict("the feed is revoked"));
    }
    let mut errors = ValidationErrors::new();
    let options = change.options.over(&mut errors, "/options", feed.options);
    let options = errors.finish_with(options)?;
    if options == feed.options {
        return Ok(feed);
    }
    let before = known(&feed)?;
    feed.options = options;
    feed.version += 1;
    feed.changed_at = Some(now);
    feeds::change(uow.db(), id, options, feed.version, now)?;
    uow.changed(Change::Feeds);
    let after = known(&feed)?;
    record_audit(uow, deed(AuditAction::FeedChange, id, before, after))?;
    Ok(feed)
}

/// Revokes a feed.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Stale`], and [`Error::Forbidden`] where it is somebody else's.
pub fn revoke(uow: &mut UnitOfWork<'_>, id: FeedId) -> Result<(), Error> {
    let actor = uow.actor;
    let feed = own(uow.db(), actor, id)?;
    uow.check_version(feed.version)?;
    if feed.revoked_at.is_some() {
        return Ok(());
    }
    end(uow, &feed)
}

/// Revokes every feed that `which` names.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(super) fn revoke_all(
    uow: &mut UnitOfWork<'_>,
    which: impl Fn(&Feed) -> bool,
) -> Result<(), Error> {
    let all = feeds::load(uow.db())?;
    let chosen = |feed: &&Feed| feed.revoked_at.is_none() && which(feed);
    for feed in all.iter().filter(chosen) {
        end(uow, feed)?;
    }
    Ok(())
}

fn end(uow: &mut UnitOfWork<'_>, feed: &Feed) -> Result<(), Error> {
    let now = uow.now;
    feeds::revoke(uow.db(), feed.id, now)?;
    uow.changed(Change::Feeds);
    let before = known(feed)?;
    record_audit(
        uow,
        deed(AuditAction::FeedRevoke, feed.id, before, Value::Null),
    )
}

/// Whether a feed shows anything still: it is not revoked, its owner has not gone, and the token that it was made with
/// is good.
#[must_use]
pub fn is_live(snapshot: &Snapshot, feed: &Feed, now: Timestamp) -> bool {
    let owner = feed.owner.and_then(|id| snapshot.people().get(&id));
    let token = made_with(snapshot, feed);
    feed.revoked_at.is_none()
        && owner.is_none_or(|owner| owner.active_at(now))
        && (feed.made_by.is_none() || token.is_some_and(|token| snapshot.is_token_good(token, now)))
}

/// The token that a feed was made with.
fn made_with<'a>(snapshot: &'a Snapshot, feed: &Feed) -> Option<&'a Token> {
    let id = feed.made_by?;
    snapshot.token_of_id(id).map(AsRef::as_ref)
}

/// The actor's own, or anybody's for administrators.
fn own(db: &mut Db, actor: &Actor, id: FeedId) -> Result<Feed, Error> {
    let feed = feeds::load(db)?
        .into_iter()
        .find(|feed| feed.id == id)
        .ok_or(Error::NotFound("feed"))?;
    if !feed.owner.is_some_and(|owner| actor.is(owner)) {
        access::administrator(actor)?;
    }
    Ok(feed)
}

/// A feed as the audit log keeps it.
fn known(feed: &Feed) -> Result<Value, Error> {
    Ok(json!({ "scope": feed.scope, "options": as_json(OptionsView::from(feed))? }))
}

fn deed(action: AuditAction, id: FeedId, before: Value, after: Value) -> AuditEvent<'static> {
    AuditEvent {
        action,
        kind: "feed",
        id: id.to_string(),
        before,
        after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_with_a_readable_name() {
        for (name, longest, text) in [
            (
                "Support Hero · Feature Flags",
                60,
                "support-hero-feature-flags",
            ),
            ("Support Hero · Feature Flags", 13, "support-hero"),
            ("Zoë & Bob / ../..", 60, "zo-bob"),
            ("日本", 60, ""),
            ("a", 0, ""),
        ] {
            assert_eq!(readable(name, longest), text);
        }
        assert_eq!(webcal("https://a.b/c.ics"), "webcal://a.b/c.ics");
    }
}
