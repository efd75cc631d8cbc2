//! The example organisation: engineering teams with a Support Hero each, support around the world,
//! communications with regional backups, and engineering's global on-call. Samples, all of them.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::ids::{PersonId, RotationId};
use crate::domain::people::person::Role;
use crate::domain::schedule::timeline::Layer;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::service::people::NewPerson;
use crate::service::{
    Actor, App, Scope, feeds, operator, overrides, people, rotations, teams, time_off, tokens,
};

/// First name, zone, start and end of the working day; Monday to Friday.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("Robin", "Europe/London", "09:00", "17:00"),
    ("Ines", "Europe/Lisbon", "09:00", "18:00"),
    ("Tom", "Europe/London", "09:00", "17:00"),
    ("Ada", "Europe/Berlin", "08:00", "16:30"),
    ("Jo", "America/New_York", "09:00", "17:00"),
    ("Ravi", "America/New_York", "10:00", "18:00"),
    ("Mei", "America/Toronto", "09:00", "17:00"),
    ("Sam", "Europe/Berlin", "09:00", "17:30"),
    ("Lena", "Europe/Vienna", "08:30", "16:30"),
    ("Oskar", "Europe/Stockholm", "09:00", "17:00"),
    ("Piotr", "Europe/Warsaw", "09:00", "17:00"),
    ("Zofia", "Europe/Warsaw", "10:00", "18:00"),
    ("Bruno", "America/Sao_Paulo", "09:00", "18:00"),
    ("Chidi", "Africa/Lagos", "09:00", "17:00"),
    ("Hana", "Europe/Prague", "09:00", "17:00"),
    ("Felix", "Europe/Zurich", "08:00", "17:00"),
    ("Lee", "America/Denver", "08:00", "16:00"),
    ("Mara", "Europe/Madrid", "09:00", "17:00"),
    ("Elif", "Europe/Istanbul", "09:00", "18:00"),
    ("Grace", "America/New_York", "09:00", "17:00"),
    ("Luis", "America/New_York", "10:00", "18:00"),
    ("Kofi", "America/Los_Angeles", "08:00", "16:00"),
    ("Dana", "America/Vancouver", "09:00", "17:00"),
    ("Aroha", "Pacific/Auckland", "09:00", "17:00"),
    ("Kenji", "Asia/Tokyo", "10:00", "18:00"),
    ("Clara", "America/New_York", "09:00", "17:00"),
    ("Noor", "Europe/London", "09:00", "17:00"),
    ("Priya", "Asia/Kolkata", "09:30", "18:00"),
    ("Vera", "Europe/London", "09:00", "17:00"),
];

/// Slug, name, zone, members; the first of them manages it.
const TEAMS: &[(&str, &str, &str, &[&str])] = &[
    (
        "feature-flags",
        "Feature Flags",
        "Europe/London",
        &["Ines", "Tom", "Ada"],
    ),
    (
        "infra",
        "Infrastructure",
        "America/New_York",
        &["Jo", "Ravi", "Mei"],
    ),
    (
        "session-replay",
        "Session Replay",
        "Europe/Berlin",
        &["Sam", "Lena", "Oskar"],
    ),
    (
        "data-warehouse",
        "Data Warehouse",
        "Europe/Warsaw",
        &["Piotr", "Zofia"],
    ),
    (
        "sdk",
        "Client Libraries",
        "America/Sao_Paulo",
        &["Bruno", "Chidi"],
    ),
    ("product", "Product", "Europe/Prague", &["Hana", "Felix"]),
    (
        "engineering",
        "Engineering",
        "America/Denver",
        &["Lee", "Ravi", "Oskar", "Tom"],
    ),
    (
        "support",
        "Support",
        "Europe/Madrid",
        &[
            "Mara", "Elif", "Grace", "Luis", "Kofi", "Dana", "Aroha", "Kenji",
        ],
    ),
    (
        "communications",
        "Communications",
        "America/New_York",
        &["Clara", "Noor", "Priya"],
    ),
];

/// A weekly rotation: team, name, title, when it hands over (days after Monday, time), its order,
/// its fallback, and whether that is asked while its person is not at work.
struct Weekly(
    &'static str,
    &'static str,
    &'static str,
    u64,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    bool,
);

/// Who tries the pages.
const PERSONAS: [(&str, &str); 5] = [
    ("administrator", "Robin"),
    ("manager of Feature Flags", "Ines"),
    ("engineer of Feature Flags", "Tom"),
    ("support", "Mara"),
    ("viewer", "Vera"),
];

const GLOBAL: &str = "Global on-call";

const WEEKLY: &[Weekly] = &[
    Weekly(
        "engineering",
        GLOBAL,
        "Global on-call",
        1,
        "17:00",
        &["Lee", "Ravi", "Oskar", "Tom"],
        None,
        false,
    ),
    Weekly(
        "feature-flags",
        "Feature Flags hero",
        "Support Hero",
        0,
        "10:00",
        &["Ines", "Tom", "Ada"],
        Some(GLOBAL),
        false,
    ),
    Weekly(
        "infra",
        "Infrastructure hero",
        "Infra Hero",
        2,
        "09:30",
        &["Jo", "Ravi", "Mei"],
        Some(GLOBAL),
        false,
    ),
    Weekly(
        "session-replay",
        "Session Replay hero",
        "Luigi",
        0,
        "09:00",
        &["Sam", "Lena", "Oskar"],
        Some(GLOBAL),
        false,
    ),
    Weekly(
        "data-warehouse",
        "Data Warehouse hero",
        "Support Hero",
        0,
        "10:00",
        &["Piotr", "Zofia"],
        Some(GLOBAL),
        false,
    ),
    Weekly(
        "sdk",
        "SDK support",
        "SDK Support",
        0,
        "12:00",
        &["Bruno", "Chidi"],
        Some(GLOBAL),
        false,
    ),
    Weekly(
        "product",
        "Feedback",
        "Feedback Hero",
        0,
        "09:00",
        &["Hana", "Felix"],
        None,
        false,
    ),
    Weekly(
        "communications",
        "Communications backup, APAC",
        "Regional backup",
        0,
        "09:00",
        &["Priya"],
        None,
        true,
    ),
    Weekly(
        "communications",
        "Communications backup, EMEA",
        "Regional backup",
        0,
        "09:00",
        &["Noor"],
        Some("Communications backup, APAC"),
        true,
    ),
    Weekly(
        "communications",
        "Communications backup, Americas",
        "Regional backup",
        0,
        "09:00",
        &["Clara"],
        Some("Communications backup, EMEA"),
        true,
    ),
    Weekly(
        "communications",
        "Communications",
        "Communications manager on call",
        0,
        "09:00",
        &["Noor", "Clara"],
        Some("Communications backup, Americas"),
        true,
    ),
];

/// What the demo tells people to try.
pub struct Welcome {
    /// Who signs in where, once: what they are, their name, the link.
    pub links: Vec<(&'static str, &'static str, String)>,
    /// A manager's name and token.
    pub manager: (String, String),
    /// An engineer's name and token.
    pub engineer: (String, String),
    /// The address of a calendar feed.
    pub feed: String,
    /// A rotation to ask about.
    pub rotation: RotationId,
}

/// Writes the organisation into an empty database.
///
/// # Errors
/// Where the data do not fit the rules: a defect.
pub fn found(app: &App, now: Timestamp) -> anyhow::Result<Welcome> {
    let mut founding = Founding {
        app,
        now,
        actor: Actor::operator(),
        people: HashMap::new(),
        rotations: HashMap::new(),
    };
    founding.hire()?;
    founding.form_teams()?;
    founding.set_up_rotations()?;
    founding.let_life_happen()?;
    founding.have_incidents()?;
    let links = PERSONAS
        .iter()
        .map(|(what, name)| {
            let address = format!("{}@example.com", name.to_lowercase());
            Ok((*what, *name, operator::sign_in(app, &address)?))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Welcome {
        links,
        manager: (
            "Ines".to_owned(),
            token(app, &founding.person("Ines")?, now)?,
        ),
        engineer: ("Tom".to_owned(), token(app, &founding.person("Tom")?, now)?),
        feed: feed(app, now)?,
        rotation: founding.rotation("Feature Flags hero")?,
    })
}

/// The organisation, as far as it is founded.
pub(super) struct Founding<'a> {
    pub(super) app: &'a App,
    pub(super) now: Timestamp,
    pub(super) actor: Actor,
    people: HashMap<&'static str, String>,
    rotations: HashMap<&'static str, RotationId>,
}

impl Founding<'_> {
    pub(super) fn person(&self, name: &str) -> anyhow::Result<String> {
        self.people
            .get(name)
            .cloned()
            .context("somebody is missing")
    }

    fn everybody(&self, names: &[&str]) -> anyhow::Result<Vec<String>> {
        names.iter().map(|name| self.person(name)).collect()
    }

    pub(super) fn rotation(&self, name: &str) -> anyhow::Result<RotationId> {
        self.rotations
            .get(name)
            .copied()
            .context("a rotation is missing")
    }

    fn hire(&mut self) -> anyhow::Result<()> {
        for (name, zone, start, end) in PEOPLE {
            let hours = json!([{ "days": ["mon", "tue", "wed", "thu", "fri"], "start": start, "end": end }]);
            let new = NewPerson {
                name: format!("{name} (sample)"),
                email: format!("{}@example.com", name.to_lowercase()),
                time_zone: Zone::parse(zone)?,
                working_hours: read(hours)?,
                role: match *name {
                    "Robin" => Role::Administrator,
                    "Vera" => Role::Viewer,
                    _ => Role::Member,
                },
                holidays: None,
                external_ids: BTreeMap::new(),
            };
            let person = self
                .app
                .change(&self.actor, self.now, |uow| people::create(uow, new))?;
            self.people.insert(*name, person.id.to_string());
        }
        Ok(())
    }

    fn form_teams(&self) -> anyhow::Result<()> {
        for (slug, name, zone, members) in TEAMS {
            let managers = self.everybody(members.get(..1).unwrap_or_default())?;
            let members = self.everybody(members)?;
            let new = read(
                json!({ "slug": slug, "name": name, "time_zone": zone, "members": members, "managers": managers }),
            )?;
            self.app
                .change(&self.actor, self.now, |uow| teams::create(uow, &new))?;
        }
        Ok(())
    }

    fn set_up_rotations(&mut self) -> anyhow::Result<()> {
        for Weekly(slug, name, title, day, time, order, fallback, not_working) in WEEKLY {
            let start = monday(self.now) + Days::new(*day);
            let fallback = fallback.map(|name| self.rotation(name)).transpose()?;
            self.set_up(slug, name, json!({
                "name": name, "title": title, "kind": "ordered", "time_zone": team(slug)?.2, "order": self.everybody(order)?,
                "handoff": { "start": format!("{start}T{time}:00"), "rule": "FREQ=WEEKLY" },
                "fallback_rotation_id": fallback,
                "fallback_when": if *not_working { "not_working" } else { "gap" },
            }))?;
        }
        self.set_up("support", "Support watch", json!({
            "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun", "time_zone": "UTC",
            "order": self.everybody(team("support")?.3)?,
            "effective_from": format!("{}T00:00:00Z", monday(self.now)),
            "fallback_rotation_id": self.rotation(GLOBAL)?,
        }))
    }

    fn set_up(&mut self, team: &str, name: &'static str, body: Value) -> anyhow::Result<()> {
        let new = read(body)?;
        let (made, _) = self.app.change(&self.actor, self.now, |uow| {
            rotations::create(uow, team, &new)
        })?;
        self.rotations.insert(name, made.id);
        Ok(())
    }

    /// A colleague takes three days of the next turn; nobody has three days; somebody is away in
    /// their own turn, and somebody of support.
    fn let_life_happen(&self) -> anyhow::Result<()> {
        let flags = self.rotation("Feature Flags hero")?;
        let (start, next) = self.next_turn(flags)?;
        let days = |from: i64, until: i64| {
            (
                start + TimeDelta::days(from),
                start + TimeDelta::days(until),
            )
        };
        let ada = self.person("Ada")?;
        let other = if ada == next.to_string() {
            self.person("Ines")?
        } else {
            ada
        };
        self.cover(flags, days(2, 5), Some(&other), "agreed in chat")?;
        self.cover(
            self.rotation("Data Warehouse hero")?,
            days(7, 10),
            None,
            "company retreat",
        )?;
        self.cover(
            self.rotation("Infrastructure hero")?,
            days(1, 2),
            Some(&self.person("Mei")?),
            "dentist",
        )?;
        let (start, luigi) = self.next_turn(self.rotation("Session Replay hero")?)?;
        let first = start.date_naive() + Days::new(1);
        self.away(luigi, first, 2, "moving house")?;
        self.away(self.person("Elif")?.parse()?, first, 5, "hiking")
    }

    fn next_turn(&self, rotation: RotationId) -> anyhow::Result<(Timestamp, PersonId)> {
        let snapshot = self.app.snapshots.snapshot();
        let timeline = snapshot
            .timeline_of(rotation)
            .context("a timeline is missing")?;
        let next = timeline
            .next_shift(Layer::Base, self.now)
            .context("nobody is next")?;
        Ok((next.interval.start(), next.person))
    }

    fn cover(
        &self,
        rotation: RotationId,
        (start, end): (Timestamp, Timestamp),
        person: Option<&str>,
        reason: &str,
    ) -> anyhow::Result<()> {
        let new =
            read(json!({ "start": start, "end": end, "person_id": person, "reason": reason }))?;
        self.app.change(&self.actor, self.now, |uow| {
            overrides::create(uow, rotation, &new)
        })?;
        Ok(())
    }

    fn away(
        &self,
        person: PersonId,
        first: NaiveDate,
        days: u64,
        reason: &str,
    ) -> anyhow::Result<()> {
        let new = read(
            json!({ "first_day": first, "last_day": first + Days::new(days - 1), "reason": reason }),
        )?;
        self.app.change(&self.actor, self.now, |uow| {
            time_off::create(uow, person, &new)
        })?;
        Ok(())
    }
}

type Team = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

fn team(slug: &str) -> anyhow::Result<Team> {
    TEAMS
        .iter()
        .copied()
        .find(|team| team.0 == slug)
        .context("a team is missing")
}

pub(super) fn read<T: DeserializeOwned>(body: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(body)?)
}

/// The Monday four weeks before this week's.
fn monday(now: Timestamp) -> NaiveDate {
    let today = now.date_naive();
    today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 28)
}

fn token(app: &App, person: &str, now: Timestamp) -> anyhow::Result<String> {
    let new = read(json!({ "name": "demo", "scope": Scope::Write.as_str() }))?;
    let id = person.parse()?;
    Ok(app
        .change(&Actor::operator(), now, |uow| tokens::create(uow, id, &new))?
        .1)
}

fn feed(app: &App, now: Timestamp) -> anyhow::Result<String> {
    let new = read(json!({ "scope": { "team": "feature-flags" } }))?;
    let snapshot = app.snapshots.snapshot();
    let (feed, secret) = app.change(&Actor::operator(), now, |uow| {
        feeds::create(uow, &snapshot, &new)
    })?;
    Ok(feeds::address(app, &snapshot, &feed, &secret))
}
