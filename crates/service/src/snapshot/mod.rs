//! The read model: an immutable snapshot of all that answers are made from, swapped as a whole.
//!
//! What did not change is shared with the
//! snapshot before; a rotation whose people changed gets a new timeline.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::access::session::Session;
use crate::domain::access::token::Token;
use crate::domain::ids::{IncidentId, PersonId, RotationId, TeamId, TokenId};
use crate::domain::incidents::{Incident, WatchSettings};
use crate::domain::people::person::{People, Person, Role};
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::{Answers, Duty, RotationLookup};
use crate::domain::schedule::feed::Feed;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::Timestamp;

/// One state of everything that answers need.
#[derive(Debug, Default)]
pub struct Snapshot {
    version: i64,
    people: People,
    teams: BTreeMap<TeamId, Arc<Team>>,
    slugs: HashMap<String, TeamId>,
    rotations: BTreeMap<RotationId, Arc<Timeline>>,
    of_teams: HashMap<TeamId, Vec<RotationId>>,
    tokens: HashMap<String, Arc<Token>>,
    tokens_by_id: HashMap<TokenId, Arc<Token>>,
    feeds: HashMap<String, Arc<Feed>>,
    sessions: HashMap<String, Arc<Session>>,
    has_administrator: bool,
    answers: Answers,
    incidents: BTreeMap<IncidentId, Arc<Incident>>,
    watch_settings: HashMap<RotationId, Arc<WatchSettings>>,
}

/// What is loaded into a roster.
#[derive(Debug, Default)]
pub struct Loaded {
    /// People that are new or others than before.
    pub people: Vec<Person>,
    /// Teams likewise.
    pub teams: Vec<Team>,
    /// Rotations likewise, with their overrides.
    pub rotations: Vec<(Rotation, Vec<Override>)>,
    /// All tokens, where any changed.
    pub tokens: Option<Vec<Token>>,
    /// All feeds, where any changed.
    pub feeds: Option<Vec<Feed>>,
    /// All incidents about which there is still something to be done, where any changed.
    pub incidents: Option<Vec<Incident>>,
    /// How rotations work on incidents, where that changed.
    pub watch_settings: Option<Vec<(RotationId, WatchSettings)>>,
    /// All sessions that were not ended, where any changed.
    pub sessions: Option<Vec<Session>>,
}

impl Snapshot {
    /// This roster with what was loaded, as of `version`.
    #[must_use]
    pub fn with(&self, loaded: Loaded, version: i64) -> Self {
        let changed: HashSet<PersonId> = loaded.people.iter().map(|person| person.id).collect();
        let mut people = self.people.clone();
        people.extend(
            loaded
                .people
                .into_iter()
                .map(|person| (person.id, Arc::new(person))),
        );
        let mut teams = self.teams.clone();
        teams.extend(
            loaded
                .teams
                .into_iter()
                .map(|team| (team.id, Arc::new(team))),
        );
        let slugs = teams
            .values()
            .map(|team| (team.slug.clone(), team.id))
            .collect();
        let mut rotations = self.rotations.clone();
        for (id, timeline) in &self.rotations {
            if timeline
                .people()
                .keys()
                .any(|person| changed.contains(person))
            {
                let rotation = Arc::clone(timeline.rotation());
                let overrides = timeline.overrides().to_vec();
                rotations.insert(*id, Arc::new(timeline_of(rotation, overrides, &people)));
            }
        }
        for (rotation, overrides) in loaded.rotations {
            let id = rotation.id;
            rotations.insert(
                id,
                Arc::new(timeline_of(Arc::new(rotation), overrides, &people)),
            );
        }
        let mut of_teams: HashMap<TeamId, Vec<RotationId>> = HashMap::new();
        for (id, timeline) in &rotations {
            of_teams
                .entry(timeline.rotation().team)
                .or_default()
                .push(*id);
        }
        let tokens: HashMap<String, Arc<Token>> = match loaded.tokens {
            None => self.tokens.clone(),
            Some(all) => all
                .into_iter()
                .map(|token| (token.hash.clone(), Arc::new(token)))
                .collect(),
        };
        let feeds = match loaded.feeds {
            None => self.feeds.clone(),
            Some(all) => all
                .into_iter()
                .map(|feed| (feed.hash.clone(), Arc::new(feed)))
                .collect(),
        };
        let sessions = match loaded.sessions {
            None => self.sessions.clone(),
            Some(all) => all
                .into_iter()
                .map(|session| (session.hash.clone(), Arc::new(session)))
                .collect(),
        };
        let has_administrator = people
            .values()
            .any(|person| person.role == Role::Administrator && person.deactivation.is_none());
        let incidents = match loaded.incidents {
            None => self.incidents.clone(),
            Some(all) => all
                .into_iter()
                .map(|incident| (incident.id, Arc::new(incident)))
                .collect(),
        };
        let watch_settings = match loaded.watch_settings {
            None => self.watch_settings.clone(),
            Some(all) => all
                .into_iter()
                .map(|(rotation, settings)| (rotation, Arc::new(settings)))
                .collect(),
        };
        Self {
            version,
            people,
            teams,
            slugs,
            rotations,
            of_teams,
            tokens_by_id: by_id(&tokens),
            tokens,
            feeds,
            sessions,
            has_administrator,
            answers: Answers::default(),
            incidents,
            watch_settings,
        }
    }

    /// The version of the database that it shows.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Everybody.
    #[must_use]
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// Every team, in the order in which they were made.
    pub fn teams(&self) -> impl Iterator<Item = &Arc<Team>> {
        self.teams.values()
    }

    /// A team.
    #[must_use]
    pub fn team(&self, id: TeamId) -> Option<&Arc<Team>> {
        self.teams.get(&id)
    }

    /// The team of this slug.
    #[must_use]
    pub fn team_of_slug(&self, slug: &str) -> Option<&Arc<Team>> {
        self.slugs.get(slug).and_then(|id| self.teams.get(id))
    }

    /// Every rotation's timeline, in the order in which rotations were made.
    pub fn timelines(&self) -> impl Iterator<Item = &Arc<Timeline>> {
        self.rotations.values()
    }

    /// The timelines of a team's rotations, in the order in which they were made.
    pub fn timelines_in(&self, team: TeamId) -> impl Iterator<Item = &Arc<Timeline>> {
        let of_team = self.of_teams.get(&team).into_iter().flatten();
        of_team.filter_map(|id| self.rotations.get(id))
    }

    /// A rotation's timeline, to keep.
    #[must_use]
    pub fn timeline_of(&self, rotation: RotationId) -> Option<&Arc<Timeline>> {
        self.rotations.get(&rotation)
    }

    /// The timeline that a rotation with these overrides would have, with the people of this roster.
    #[must_use]
    pub fn imagine(&self, rotation: Rotation, overrides: Vec<Override>) -> Timeline {
        timeline_of(Arc::new(rotation), overrides, &self.people)
    }

    /// The token with this hash.
    #[must_use]
    pub fn token(&self, hash: &str) -> Option<&Arc<Token>> {
        self.tokens.get(hash)
    }

    /// The token of this id.
    #[must_use]
    pub fn token_of_id(&self, id: TokenId) -> Option<&Arc<Token>> {
        self.tokens_by_id.get(&id)
    }

    /// Whether a token is of use at `now`: neither it nor any that it was made by is revoked or over.
    #[must_use]
    pub fn is_token_good(&self, token: &Token, now: Timestamp) -> bool {
        let parent = |token: &&Token| {
            let id = token.made_by?;
            self.token_of_id(id).map(AsRef::as_ref)
        };
        std::iter::successors(Some(token), parent).all(|one| one.is_good(now))
    }

    /// Every feed.
    pub fn feeds(&self) -> impl Iterator<Item = &Arc<Feed>> {
        self.feeds.values()
    }

    /// The feed whose secret has this hash.
    #[must_use]
    pub fn feed(&self, hash: &str) -> Option<&Arc<Feed>> {
        self.feeds.get(hash)
    }

    /// Every incident about which there is still something to be done, in the order in which they were declared.
    pub fn incidents(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.incidents.values()
    }

    /// The incident of this id, if there is still something to be done about it.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Arc<Incident>> {
        self.incidents.get(&id)
    }

    /// How a rotation works on incidents.
    #[must_use]
    pub fn watch_settings(&self, rotation: RotationId) -> Arc<WatchSettings> {
        self.watch_settings
            .get(&rotation)
            .cloned()
            .unwrap_or_default()
    }

    /// The session whose secret has this hash.
    #[must_use]
    pub fn session(&self, hash: &str) -> Option<&Arc<Session>> {
        self.sessions.get(hash)
    }

    /// A person's sessions that were not ended.
    pub fn sessions_of(&self, person: PersonId) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions
            .values()
            .filter(move |session| session.person == person)
    }

    /// Every session that was not ended.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// Every token, revoked ones too.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<Token>> {
        self.tokens.values()
    }

    /// A person's tokens.
    pub fn tokens_of(&self, person: PersonId) -> impl Iterator<Item = &Arc<Token>> {
        self.tokens
            .values()
            .filter(move |token| token.person == person)
    }

    /// Whether somebody is an administrator.
    #[must_use]
    pub const fn has_administrator(&self) -> bool {
        self.has_administrator
    }

    /// The duty of `rotation` at `at`; `None` where there is no such rotation.
    #[must_use]
    pub fn duty(&self, rotation: RotationId, at: Timestamp) -> Option<Duty> {
        self.answers.answer(self, rotation, at)
    }
}

fn by_id(tokens: &HashMap<String, Arc<Token>>) -> HashMap<TokenId, Arc<Token>> {
    let all = tokens.values();
    all.map(|token| (token.id, Arc::clone(token))).collect()
}

/// A timeline with those people of whom its plan is made.
fn timeline_of(rotation: Arc<Rotation>, overrides: Vec<Override>, people: &People) -> Timeline {
    let pool = match rotation.kind {
        crate::domain::schedule::rotation::Kind::Ordered => People::new(),
        crate::domain::schedule::rotation::Kind::FollowTheSun => rotation
            .everybody()
            .into_iter()
            .filter_map(|id| people.get(&id).map(|person| (id, Arc::clone(person))))
            .collect(),
    };
    Timeline::new(rotation, overrides, pool)
}

impl RotationLookup for Snapshot {
    fn timeline(&self, rotation: RotationId) -> Option<&Timeline> {
        self.rotations.get(&rotation).map(AsRef::as_ref)
    }

    fn person(&self, person: PersonId) -> Option<&Arc<Person>> {
        self.people.get(&person)
    }
}
