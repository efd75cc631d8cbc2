//! Signing in and out: mailed or printed links, and the sessions that come of them.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::locked_rotation::{person_of, record_audit};
use super::messages::sign_in::Payload;
use super::secrets::{hex, new_secret, token_hash};
use super::{Actor, App, Error, Tx, access};
use crate::UnitOfWork;
use crate::clock::new_id;
use crate::domain::access::actor::Scope;
use crate::domain::access::audit::AuditAction;
use crate::domain::access::session::{Session, SignIn};
use crate::domain::ids::{PersonId, SessionId, SignInId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::people::email;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::outbox::{self, Planned};
use crate::storage::{Change, Db, sessions};

/// How long a mailed link can be used.
pub const MAILED: TimeDelta = TimeDelta::minutes(15);

/// How long a link printed at the machine can be used: whoever reads it there may do everything anyway.
pub const PRINTED: TimeDelta = TimeDelta::hours(24);

/// How long a browser stays signed in.
pub const SESSION: TimeDelta = TimeDelta::days(30);

/// How readily a person is mailed another link while they have unused ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Only where the newest is about to end.
    First,
    /// As many as anybody needs.
    Several,
}

impl Links {
    /// Whether another link is mailed to somebody whose unused links were made at these times, newest first.
    ///
    /// Whoever is mailed none has a link that works for five minutes and more: three are made only if the newest was
    /// made five minutes or more after the others, however somebody else times what they ask for.
    fn allow(self, unused: &[Timestamp], now: Timestamp) -> bool {
        let pause = match (self, unused.len()) {
            (_, 0) | (Self::Several, 1) => return true,
            (Self::First, 1 | 2) => TimeDelta::minutes(10),
            (Self::Several, 2) => TimeDelta::minutes(5),
            (_, _) => return false,
        };
        unused.first().is_none_or(|newest| now - *newest >= pause)
    }
}

/// What ended is forgotten after so long.
const KEPT: TimeDelta = TimeDelta::days(7);

/// The longest path that somebody is sent back to, and the longest name of a browser, in characters.
const LONGEST: usize = 500;

/// What the key signs here is told apart from all else that it signs.
const PURPOSE: &[u8] = b"dogwatch form 1\0";

/// Somebody who just signed in.
#[derive(Debug)]
pub struct Entered {
    /// What the cookie holds; it is not to be had again.
    pub secret: String,
    /// Where they wanted to go.
    pub next: String,
    /// Their session.
    pub session: Session,
}

impl App {
    /// Who comes with this cookie; nobody where the session ended or its person is gone.
    #[must_use]
    pub fn visitor(&self, cookie: &str, address: Option<IpAddr>) -> Option<(Actor, Arc<Session>)> {
        let snapshot = self.snapshots.current();
        let session = snapshot.session(&token_hash(cookie))?;
        let now = self.clock.now();
        let person = snapshot.person(session.person)?;
        let good = session.is_good(now) && person.active_at(now);
        good.then(|| {
            let actor = Actor {
                person: Some(person.id),
                role: person.role,
                scope: Scope::Write,
                token: None,
                address,
                at: now,
            };
            (actor, Arc::clone(session))
        })
    }

    /// Has a link mailed to whoever has this address. Nobody is told whether there is somebody: something is written for
    /// unknown addresses, and for people who have enough links, so that it fails for them where it fails for others. A
    /// network that asks for too many links writes nothing for those.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is away or cannot be written.
    pub fn mail_link(
        &self,
        email: &str,
        next: &str,
        links: Links,
        now: Timestamp,
    ) -> Result<(), Error> {
        let wanted = email::key(email.trim());
        let snapshot = self.snapshots.snapshot();
        let found = snapshot
            .people()
            .values()
            .find(|person| email::key(&person.email) == wanted && person.active_at(now));
        // Looked at before the transaction: whoever asks without end must not keep others from writing.
        let mailed = match found {
            Some(person) => self
                .read(|db| is_mailed(db, person.id, links, now))?
                .then_some(person.id),
            None => None,
        };
        match mailed {
            Some(person) => self.write(|tx| ask(tx, person, next, links, now)),
            None if links == Links::Several => {
                self.write(|tx| Ok(audit::touch_setting(tx.db(), "sign_in_asked")?))
            }
            None => Ok(()),
        }
    }

    /// What forms that this cookie's browser sends must hold: it cannot be known to other sites.
    ///
    /// # Errors
    /// [`Error::Internal`] where the key cannot be used.
    pub fn form_token(&self, cookie: &str) -> Result<String, Error> {
        let key = self.secret.expose_secret().as_bytes();
        let mut signature = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|error| Error::caused("the key cannot be used", error))?;
        signature.update(PURPOSE);
        signature.update(cookie.as_bytes());
        Ok(hex(&signature.finalize().into_bytes()))
    }

    /// Whether a form really comes from a page that this cookie's browser was shown.
    #[must_use]
    pub fn is_form_token(&self, cookie: &str, given: &str) -> bool {
        self.form_token(cookie)
            .is_ok_and(|expected| expected.as_bytes().ct_eq(given.as_bytes()).into())
    }
}

/// The path, where it is one of this site; else the first page. Never another site's.
#[must_use]
pub fn own_path(path: &str) -> &str {
    let fine = path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/sign-in")
        && path.len() <= LONGEST
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if fine { path } else { "/" }
}

/// Whether a person is mailed another link. Printed ones last longer, and do not count.
fn is_mailed(db: &mut Db, person: PersonId, links: Links, now: Timestamp) -> Result<bool, Error> {
    let unused = sessions::unused_links(db, person, now - MAILED, now + MAILED)?;
    Ok(links.allow(&unused, now))
}

/// Has a link mailed to a person, as long as they do not have enough of them.
fn ask(
    tx: &mut Tx<'_>,
    person: PersonId,
    next: &str,
    links: Links,
    now: Timestamp,
) -> Result<(), Error> {
    let person = person_of(tx, person)?;
    if !person.active_at(now) || !is_mailed(tx.db(), person.id, links, now)? {
        return Ok(());
    }
    let link = link(person.id, None, next, now, MAILED);
    sessions::insert_link(tx.db(), &link)?;
    let mail = Planned {
        id: new_id().to_string(),
        key: format!("{}/{}", MessageKind::SignIn, link.id),
        kind: MessageKind::SignIn.into(),
        person_id: Some(person.id),
        rotation_id: None,
        // The link's secret is made when the mail is written, so that no table ever holds it.
        payload: json!(Payload {
            sign_in_id: link.id,
        }),
        due_at: now,
        not_after: link.expires_at,
    };
    outbox::plan(tx.db(), &mail, now)?;
    // It is sent at once where something changes.
    tx.changed(Change::Sessions);
    Ok(())
}

fn link(
    person: PersonId,
    hash: Option<String>,
    next: &str,
    now: Timestamp,
    lasts: TimeDelta,
) -> SignIn {
    SignIn {
        id: SignInId::from_uuid(new_id()),
        person,
        hash,
        next: own_path(next).to_owned(),
        created_at: now,
        expires_at: now + lasts,
        used_at: None,
    }
}

/// Makes the secret of a link that was asked for; `None` where it is of no use any more.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn arm(tx: &mut Tx<'_>, id: SignInId, now: Timestamp) -> Result<Option<String>, Error> {
    let secret = new_secret("");
    let armed = sessions::arm_link(tx.db(), id, &token_hash(&secret), now)?;
    Ok(armed.then_some(secret))
}

/// Makes a link at the machine; the secret is not to be had again.
///
/// # Errors
///
/// [`Error::NotFound`], and [`Error::Conflict`] where the person is deactivated.
pub fn print(tx: &mut Tx<'_>, person: PersonId, now: Timestamp) -> Result<String, Error> {
    if !person_of(tx, person)?.active_at(now) {
        return Err(Error::conflict("they are deactivated"));
    }
    let secret = new_secret("");
    let link = link(person, Some(token_hash(&secret)), "/", now, PRINTED);
    sessions::insert_link(tx.db(), &link)?;
    Ok(secret)
}

/// Whom a link would sign in; nobody where it was used, is over, or never was.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn look(db: &mut Db, secret: &str, now: Timestamp) -> Result<Option<PersonId>, Error> {
    let found = sessions::link(db, &token_hash(secret))?;
    Ok(found
        .filter(|link| link.is_good(now))
        .map(|link| link.person))
}

/// Signs in by a link, which is used up by that.
///
/// # Errors
///
/// [`Error::NotFound`] where the link is of no use (any more).
pub fn enter(
    tx: &mut Tx<'_>,
    secret: &str,
    agent: &str,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Entered, Error> {
    let no_link = || Error::NotFound("link");
    let link = sessions::link(tx.db(), &token_hash(secret))?.ok_or_else(no_link)?;
    let person = person_of(tx, link.person)?;
    if !person.active_at(now) || !sessions::use_link(tx.db(), link.id, now)? {
        return Err(no_link());
    }
    let secret = new_secret("");
    let session = Session {
        id: SessionId::from_uuid(new_id()),
        person: person.id,
        hash: token_hash(&secret),
        agent: agent
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST)
            .collect(),
        address: address.map(|address| address.to_string()),
        created_at: now,
        expires_at: now + SESSION,
        revoked_at: None,
    };
    sessions::insert(tx.db(), &session)?;
    tx.changed(Change::Sessions);
    let actor = Actor {
        person: Some(person.id),
        role: person.role,
        scope: Scope::Write,
        token: None,
        address,
        at: now,
    };
    let after = json!({ "person_id": person.id });
    deed(
        &mut UnitOfWork::new(tx, &actor, now),
        AuditAction::SessionCreate,
        session.id,
        Value::Null,
        after,
    )?;
    Ok(Entered {
        secret,
        next: link.next,
        session,
    })
}

/// Ends a session.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none, and [`Error::Forbidden`] where it is somebody else's.
pub fn leave(uow: &mut UnitOfWork<'_>, id: SessionId) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let session = sessions::load(uow.db())?
        .into_iter()
        .find(|session| session.id == id)
        .ok_or(Error::NotFound("session"))?;
    // A viewer may leave too.
    if !actor.is(session.person) {
        access::administrator(actor)?;
    }
    sessions::revoke(uow.db(), id, now)?;
    uow.changed(Change::Sessions);
    let before = json!({ "person_id": session.person });
    deed(uow, AuditAction::SessionRevoke, id, before, Value::Null)
}

fn deed(
    uow: &mut UnitOfWork<'_>,
    action: AuditAction,
    id: SessionId,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let deed = AuditEvent {
        action,
        kind: "session",
        id: id.to_string(),
        before,
        after,
    };
    record_audit(uow, deed)
}

/// Forgets sessions and links that ended a while ago.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Error> {
    Ok(sessions::forget_old(tx.db(), now - KEPT)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::instant;

    /// However others time what they ask for, whoever asks has a link that works for five minutes.
    #[test]
    fn links_mailed_whoever_asks_are_few_and_the_newest_lasts() {
        let start = instant("2026-03-02T09:00:00Z").unwrap();
        let asked = |links: Links, minutes: &[i64]| {
            let mut mailed: Vec<Timestamp> = Vec::new();
            for minute in minutes {
                let now = start + TimeDelta::minutes(*minute);
                let newest_first = mailed.iter().rev().copied();
                let unused: Vec<_> = newest_first.filter(|made| *made > now - MAILED).collect();
                if links.allow(&unused, now) {
                    mailed.push(now);
                }
                assert!(*mailed.last().unwrap() + MAILED - now >= TimeDelta::minutes(5));
            }
            for first in &mailed {
                let within = mailed
                    .iter()
                    .filter(|made| **made >= *first && **made < *first + MAILED);
                assert!(within.count() <= 3);
            }
            mailed.len()
        };
        let often: Vec<i64> = (0..60).flat_map(|minute| [minute; 5]).collect();
        assert_eq!(asked(Links::Several, &often), 12);
        assert_eq!(asked(Links::First, &often), 6);
        for wait in 1..15 {
            asked(
                Links::Several,
                &[0, 0, 0, wait, 14, 14, 15, 15, 15, 15 + wait, 29, 29],
            );
            asked(Links::First, &[0, wait, 14, 15, 15 + wait, 29]);
        }
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for own in ["/", "/teams/flags?zone=UTC#now", "/rotations/1/edit"] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "teams",
            "/a\nSet-Cookie: x",
            "/\t/evil.example",
            "/sign-in",
            &format!("/{}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }
}
