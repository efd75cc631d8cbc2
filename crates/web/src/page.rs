//! What every page has: who looks, when, in which zone; and short ways to say people and times.

use std::sync::Arc;

use chrono::TimeDelta;

use super::PageError;
use super::parts::Who;
use super::when::{self, When};
use crate::domain::ids::{PersonId, TeamId};
use crate::domain::people::person::Person;
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::service::Actor;
use crate::snapshot::Snapshot;

/// Which part of the navigation a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The home page.
    Now,
    /// What is the visitor's own.
    Mine,
    /// Teams and their rotations.
    Teams,
    /// Incidents.
    Incidents,
    /// People.
    People,
    /// Swaps.
    Swaps,
    /// Clashes and gaps.
    Ahead,
    /// The load report.
    Load,
    /// For administrators.
    Administration,
    /// None of them.
    Other,
}

/// What every page has.
pub struct PageContext {
    /// What it is called.
    pub title: String,
    /// Where it belongs.
    pub section: Section,
    /// Its path and query.
    pub location: String,
    /// What every path begins with.
    pub base: String,
    /// Everything there is, at one moment.
    pub snapshot: Arc<Snapshot>,
    /// Who is signed in.
    pub me: Option<Arc<Person>>,
    /// With what rights.
    pub actor: Option<Actor>,
    /// When.
    pub now: Timestamp,
    /// In which zone times are shown.
    pub zone: Zone,
    /// What forms must hold.
    pub form_token: String,
    /// What is said once.
    pub flash: Option<String>,
    /// Tells this build's styles and scripts from every other's.
    pub assets: &'static str,
    /// Since when the database has been away, where it is.
    pub stale_since: Option<Timestamp>,
}

impl PageContext {
    /// A person, with their colour. (Templates pass everything by reference.)
    pub fn who(&self, id: &PersonId) -> Who {
        Who::new(*id, self.name(id))
    }

    /// A person's name.
    pub fn name(&self, id: &PersonId) -> &str {
        self.snapshot.person(*id).map_or("?", |person| &person.name)
    }

    /// A team's name.
    pub fn team_name(&self, id: TeamId) -> &str {
        self.snapshot.team(id).map_or("?", |team| &team.name)
    }

    /// The rotation of this id, as an address has it.
    pub fn rotation(&self, id: &str) -> Result<Arc<Timeline>, PageError> {
        id.parse()
            .ok()
            .and_then(|id| self.snapshot.timeline_of(id).cloned())
            .ok_or_else(|| PageError::no_such("rotation"))
    }

    /// Whether whoever has this rotation watches incidents.
    pub fn watches(&self, rotation: &str) -> bool {
        let id = rotation.parse().ok();
        let timeline = id.and_then(|id| self.snapshot.timeline_of(id));
        timeline.is_some_and(|one| one.rotation().kind == Kind::FollowTheSun)
    }

    /// From when to when, in words.
    pub fn format_interval(&self, interval: &Interval) -> String {
        when::format_interval(&self.zone, *interval, self.now)
    }

    /// A time, exact and how far away.
    pub fn when(&self, at: &Timestamp) -> When {
        When::full(&self.zone, *at, self.now)
    }

    /// A time, exact.
    pub fn at(&self, at: &Timestamp) -> When {
        When::exact(&self.zone, *at, self.now)
    }

    /// How far away a time is.
    pub fn far(&self, at: &Timestamp) -> String {
        when::relative(*at, self.now)
    }

    /// How long it is until then.
    pub fn left(&self, until: &Timestamp) -> String {
        when::span((*until - self.now).max(TimeDelta::zero()))
    }

    /// What the clock shows.
    pub fn clock(&self) -> String {
        when::clock(&self.zone, self.now)
    }

    /// The present instant, for scripts.
    pub fn instant(&self) -> String {
        when::to_rfc3339(self.now)
    }

    /// The page's own address, as part of another's query.
    pub fn here(&self) -> String {
        url::form_urlencoded::byte_serialize(self.location.as_bytes()).collect()
    }

    /// The page's own address, below the base.
    pub fn path(&self) -> &str {
        self.location.trim_start_matches('/')
    }

    /// Whether the navigation shows this section as the present one.
    pub fn is_in(&self, section: Section) -> bool {
        self.section == section
    }

    /// Whether an administrator looks.
    pub fn is_administrator(&self) -> bool {
        self.actor.as_ref().is_some_and(Actor::is_administrator)
    }
}

/// A team to choose, or all of them.
pub struct TeamChoice {
    /// The slug of the one chosen; `None`: all.
    pub slug: Option<String>,
    /// Every team's slug and name, and nothing for all.
    pub all: Vec<(String, String)>,
}

impl TeamChoice {
    /// What an address asks for: a slug, nothing for all, or, where it does not say, the visitor's first own.
    pub fn of(page: &PageContext, me: PersonId, asked: Option<&str>) -> Result<Self, PageError> {
        let teams: Vec<&Arc<Team>> = page.snapshot.teams().collect();
        let slug = match asked {
            None => teams
                .iter()
                .find(|team| team.has(me, page.now))
                .map(|team| team.slug.clone()),
            Some("") => None,
            Some(slug) => {
                let known = teams.iter().any(|team| team.slug == slug);
                let slug = known.then(|| slug.to_owned());
                Some(slug.ok_or_else(|| PageError::no_such("team"))?)
            }
        };
        let mut all: Vec<(String, String)> = teams
            .iter()
            .map(|team| (team.slug.clone(), team.name.clone()))
            .collect();
        all.sort_by_key(|(_, name)| name.to_lowercase());
        all.insert(0, (String::new(), "All teams".to_owned()));
        Ok(Self { slug, all })
    }

    /// What is chosen, in words.
    pub fn name(&self) -> &str {
        let chosen = self.slug.as_deref().unwrap_or_default();
        let found = self.all.iter().find(|(slug, _)| slug == chosen);
        found.map_or("", |(_, name)| name)
    }
}
