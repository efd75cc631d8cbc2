//! The example organisation on a Monday morning.

use chrono::TimeDelta;
use dogwatch::cli::demo::organisation;
use dogwatch::domain::handovers::{self as domain_handovers, HandoverId};
use dogwatch::domain::time::interval::Timestamp;
use dogwatch::snapshot::Snapshot;

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::chromium::Chromium;

/// Who looks at pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Nobody is signed in.
    Stranger,
    /// Robin.
    Administrator,
    /// Ines, manager of Feature Flags.
    Manager,
    /// Tom, of Feature Flags.
    Engineer,
    /// Mara, of Support.
    Supporter,
    /// Vera.
    Viewer,
}

impl Who {
    /// Their address; nobody has none.
    pub const fn email(self) -> Option<&'static str> {
        match self {
            Self::Stranger => None,
            Self::Administrator => Some("robin@example.com"),
            Self::Manager => Some("ines@example.com"),
            Self::Engineer => Some("tom@example.com"),
            Self::Supporter => Some("mara@example.com"),
            Self::Viewer => Some("vera@example.com"),
        }
    }
}

/// A server with the example organisation.
pub struct World {
    /// The server.
    pub server: Server,
}

impl World {
    /// A new one.
    pub fn found() -> Self {
        let server = Server::start();
        organisation::found(&server.app, server.app.clock.now()).unwrap();
        Self { server }
    }

    /// A browser in which they are signed in; `None` where this run goes without.
    pub fn browser(&self, who: Who) -> Option<Chromium> {
        match who.email() {
            Some(email) => Chromium::signed_in(&self.server, email),
            None => Chromium::start(&self.server),
        }
    }

    /// A browser without scripts in which they are signed in.
    pub fn visitor(&self, who: Who) -> Browser {
        Browser::signed_in(&self.server, who.email().unwrap())
    }

    /// The path with ids for what stands in braces: `{person:Tom}`, `{rotation:Support watch}`,
    /// `{handover:Support watch}` (the next one), `{incident:INC-123}`, and of what is somebody's own the first:
    /// `{feed:Tom}`, `{time-off:Tom}`, `{token:Tom}`.
    pub fn path(&self, path: &str) -> String {
        let snapshot = self.server.app.snapshots.snapshot();
        let mut pieces = path.split(['{', '}']);
        let mut whole = pieces.next().unwrap().to_owned();
        while let (Some(name), Some(rest)) = (pieces.next(), pieces.next()) {
            whole += &id(&snapshot, name, self.server.app.clock.now());
            whole += rest;
        }
        whole
    }
}

fn id(snapshot: &Snapshot, name: &str, now: Timestamp) -> String {
    let rotation = |name: &str| {
        snapshot
            .timelines()
            .find(|timeline| timeline.rotation().name == name)
    };
    let person = |name: &str| {
        let mut all = snapshot.people().values();
        all.find(|person| person.name.starts_with(name))
    };
    let found = match name.split_once(':') {
        Some(("person", name)) => person(name).map(|person| person.id.to_string()),
        Some(("feed", name)) => person(name).and_then(|person| {
            let feed = snapshot.feeds().find(|feed| feed.owner == Some(person.id));
            feed.map(|feed| feed.id.to_string())
        }),
        Some(("time-off", name)) => {
            person(name).and_then(|person| Some(person.time_off.first()?.id.to_string()))
        }
        Some(("token", name)) => person(name).and_then(|person| {
            let token = snapshot.tokens().find(|token| token.person == person.id);
            token.map(|token| token.id.to_string())
        }),
        Some(("rotation", name)) => {
            rotation(name).map(|timeline| timeline.rotation().id.to_string())
        }
        Some(("handover", name)) => rotation(name).and_then(|timeline| {
            let next = domain_handovers::next(timeline, now, TimeDelta::days(60))?;
            let id = HandoverId {
                rotation: timeline.rotation().id,
                at: next.at,
            };
            Some(id.to_string())
        }),
        Some(("incident", reference)) => snapshot
            .incidents()
            .find(|incident| incident.reference == reference)
            .map(|incident| incident.id.to_string()),
        _ => None,
    };
    found.unwrap_or_else(|| panic!("{name} is not in the example organisation"))
}
