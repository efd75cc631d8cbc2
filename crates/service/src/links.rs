//! One-step links: signed, so that whoever has one can do what it says and nothing else.
//!
//! Opening a link shows what it would do; only a second step does it, since mail programs open links by themselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::feeds::{NewFeed, Options, ScopeInput};
use super::{Actor, App, Error, addresses, feeds, incidents, overrides, preferences, swaps};
use crate::UnitOfWork;
use crate::domain::access::actor::Scope;
use crate::domain::access::link::{Link, Step};
use crate::domain::ids::{OverrideId, PersonId};
use crate::domain::notifications::notice::long;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;

/// What the key signs is told apart from all else that it signs.
const PURPOSE: &[u8] = b"dogwatch link 1\0";

/// What is signed.
#[derive(Serialize, Deserialize)]
struct Signed {
    #[serde(rename = "s")]
    step: Step,
    #[serde(rename = "p")]
    person: PersonId,
    #[serde(rename = "e")]
    expires: i64,
}

/// Why a link is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// It was not made here.
    #[error("This link is not complete. Copy all of it, or ask for a new one.")]
    Unknown,
    /// Its time is over.
    #[error("This link is no longer valid.")]
    Expired,
}

/// What a link would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// In one line.
    pub title: String,
    /// In more words.
    pub text: String,
    /// What the button says; `None` where there is nothing to be done any more.
    pub button: Option<&'static str>,
}

/// What a link did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// In words.
    pub text: String,
    /// An address that came of it.
    pub address: Option<String>,
}

impl App {
    /// The address of a link.
    ///
    /// # Errors
    /// [`Error::Internal`] where it cannot be written.
    pub fn link(&self, link: &Link) -> Result<String, Error> {
        let signed = Signed {
            step: link.step,
            person: link.person,
            expires: link.expires.timestamp(),
        };
        let text = serde_json::to_vec(&signed)
            .map_err(|error| Error::caused("a link cannot be written", error))?;
        let signature = self.keyed(PURPOSE, &text)?.finalize().into_bytes();
        Ok(format!(
            "{}/links/{}.{}",
            self.public_url,
            URL_SAFE_NO_PAD.encode(text),
            URL_SAFE_NO_PAD.encode(signature)
        ))
    }

    /// The link that this token stands for.
    ///
    /// # Errors
    /// [`BadLink`] where it was not made here, or is over.
    pub fn read_link(&self, token: &str, now: Timestamp) -> Result<Link, BadLink> {
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BadLink::Unknown);
        let (text, signature) = token.split_once('.').ok_or(BadLink::Unknown)?;
        let (text, signature) = (decode(text)?, decode(signature)?);
        self.keyed(PURPOSE, &text)
            .map_err(|_| BadLink::Unknown)?
            .verify_slice(&signature)
            .map_err(|_| BadLink::Unknown)?;
        let signed: Signed = serde_json::from_slice(&text).map_err(|_| BadLink::Unknown)?;
        let expires = Timestamp::from_timestamp(signed.expires, 0).ok_or(BadLink::Unknown)?;
        if expires <= now {
            return Err(BadLink::Expired);
        }
        Ok(Link {
            step: signed.step,
            person: signed.person,
            expires,
        })
    }

    /// What the program's key makes of a text, for one purpose.
    pub(super) fn keyed(&self, purpose: &[u8], text: &[u8]) -> Result<Hmac<Sha256>, Error> {
        let key = self.secret.expose_secret().as_bytes();
        let mut signature = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|error| Error::caused("the key cannot be used", error))?;
        signature.update(purpose);
        signature.update(text);
        Ok(signature)
    }

    /// What a link would do. Blocks.
    ///
    /// # Errors
    /// [`Error::NotFound`] where what it is about is gone, and [`Error::Unavailable`] when the database is needed for it
    /// and away.
    pub fn offered(&self, link: &Link) -> Result<Offered, Error> {
        let (now, snapshot) = (self.clock.now(), self.snapshots.snapshot());
        match link.step {
            Step::Swap(id, step) => self
                .store
                .read(|db| swaps::offered(db, &snapshot, link.person, id, step, now)),
            Step::HandBack(id) => Ok(handing_back(&snapshot, link, id, now)),
            Step::Cover(rotation, start, end) => self.store.read(|db| {
                let time = (rotation, interval(start, end)?);
                swaps::cover_offered(db, &snapshot, link.person, time, now)
            }),
            Step::Subscribe => Ok(Offered {
                title: "A calendar of your shifts".to_owned(),
                text: "This makes an address to which your calendar program can subscribe. Whoever has the address sees your shifts.".to_owned(),
                button: Some("Make the address"),
            }),
            Step::Incident(id, step) => Ok(incidents::offered(&snapshot, id, step)),
            Step::UndoAddress(id) => self
                .store
                .read(|db| addresses::offered(db, &snapshot, id)),
            Step::Stop(topic) => Ok(Offered {
                title: "Fewer mails".to_owned(),
                text: format!("You will get no more mails about {}.", topic.words()),
                button: Some("Stop them"),
            }),
        }
    }

    /// Does what a link says. Blocks.
    ///
    /// # Errors
    /// Those of what it does.
    pub fn follow(&self, link: &Link, address: Option<std::net::IpAddr>) -> Result<Done, Error> {
        let now = self.clock.now();
        let snapshot = self.snapshots.snapshot();
        let actor = actor(&snapshot, link, address, now)?;
        self.change(&actor, now, |uow| self.act(uow, &snapshot, link))
    }

    fn act(
        &self,
        uow: &mut UnitOfWork<'_>,
        snapshot: &Snapshot,
        link: &Link,
    ) -> Result<Done, Error> {
        let done = |text: &str| Done {
            text: text.to_owned(),
            address: None,
        };
        match link.step {
            Step::HandBack(id) => {
                overrides::cancel(uow, id)?;
                Ok(done("You have handed it back."))
            }
            Step::Cover(rotation, start, end) => {
                let time = (rotation, interval(start, end)?);
                swaps::ask_for_cover(uow, link.person, time).map(|text| done(&text))
            }
            Step::Subscribe => {
                let scope = ScopeInput {
                    person_id: Some(link.person.to_string()),
                    ..ScopeInput::default()
                };
                let options = Options::default();
                let new = NewFeed { scope, options };
                let (feed, secret) = feeds::create(uow, snapshot, &new)?;
                Ok(Done {
                    text: "Subscribe to this address in your calendar program. It is shown once; whoever has it sees your shifts.".to_owned(),
                    address: Some(feeds::address(self, snapshot, &feed, &secret)),
                })
            }
            Step::Swap(id, step) => swaps::follow(uow, id, step).map(|text| done(&text)),
            Step::Incident(id, step) => incidents::follow(uow, id, step).map(|text| done(&text)),
            Step::UndoAddress(id) => addresses::undo(uow, id).map(|text| done(&text)),
            Step::Stop(topic) => {
                preferences::stop(uow, link.person, topic)?;
                Ok(done("You will get no more of these mails."))
            }
        }
    }
}

fn interval(start: Timestamp, end: Timestamp) -> Result<Interval, Error> {
    Interval::new(start, end).ok_or(Error::NotFound("shift"))
}

/// Whoever has the link acts in the name of its person, as long as they are there.
fn actor(
    snapshot: &Snapshot,
    link: &Link,
    address: Option<std::net::IpAddr>,
    now: Timestamp,
) -> Result<Actor, Error> {
    let person = snapshot
        .person(link.person)
        .filter(|person| person.active_at(now))
        .ok_or_else(|| Error::forbidden("this link is for somebody who is no longer here"))?;
    Ok(Actor {
        person: Some(person.id),
        role: person.role,
        scope: Scope::Write,
        token: None,
        address,
        at: now,
    })
}

/// What it means to hand back what was given by an override: nothing, once it has begun or is no more.
fn handing_back(snapshot: &Snapshot, link: &Link, id: OverrideId, now: Timestamp) -> Offered {
    let found = snapshot.timelines().find_map(|timeline| {
        let all = timeline.overrides();
        let one = all.iter().find(|one| one.id == id)?;
        let span = one.in_force()?;
        Some((timeline, span))
    });
    let zone = snapshot
        .person(link.person)
        .map(|person| person.zone(link.expires));
    let (text, button) = match (found, zone) {
        (Some((_, span)), _) if span.start() <= now => (
            "It has begun, and cannot be handed back any more. Your team can be asked to take it over.".to_owned(),
            None,
        ),
        (Some((timeline, span)), Some(zone)) => (
            format!(
                "You have the duty of {} from {} until {} ({}). If you hand it back, it goes to whoever would have had it.",
                timeline.rotation().title,
                long(span.start(), &zone),
                long(span.end(), &zone),
                zone.name()
            ),
            Some("Hand it back"),
        ),
        _ => (
            "It is not yours any more: it was handed back already, or ended.".to_owned(),
            None,
        ),
    };
    Offered {
        title: "Hand back a shift".to_owned(),
        text,
        button,
    }
}
