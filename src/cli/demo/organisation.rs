//! The example organisation: engineering teams with a Support Hero each, support around the world,
//! communications with regional backups, and engineering's global on-call. Samples, all of them.

use std::collections::HashMap;

use anyhow::Context as _;
use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::Instant;
use crate::domain::rotation::Rotation;
use crate::domain::timeline::Layer;
use crate::roster::Roster;
use crate::service::views::OverrideView;
use crate::service::{
    Actor, App, Expected, Scope, feeds, overrides, people, rotations, teams, time_off, tokens,
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
    /// A manager's name and token.
    pub manager: (String, String),
    /// An engineer's name and token.
    pub engineer: (String, String),
    /// The address of a calendar feed.
    pub feed: String,
    /// A rotation to ask about.
    pub rotation: RotationId,
}

/// Writes the organisation into an empty database, in one transaction.
///
/// # Errors
/// Where the data do not fit the rules: a defect.
pub fn found(app: &App, now: Instant) -> anyhow::Result<Welcome> {
    let mut ids: HashMap<&str, String> = HashMap::new();
    let mut made: HashMap<&str, Rotation> = HashMap::new();
    let actor = Actor::operator();
    for (name, zone, start, end) in PEOPLE {
        let hours =
            json!([{ "days": ["mon", "tue", "wed", "thu", "fri"], "start": start, "end": end }]);
        let role = if *name == "Robin" {
            "administrator"
        } else {
            "member"
        };
        let email = format!("{}@example.com", name.to_lowercase());
        let body = json!({ "name": format!("{name} (sample)"), "email": email, "time_zone": zone, "working_hours": hours, "role": role });
        let new = vec![(String::new(), read(body)?)];
        let added = app.write(|tx| people::create(tx, &actor, new, now))?;
        ids.insert(
            *name,
            added.first().context("nobody was added")?.id.to_string(),
        );
    }
    let id = |name: &str| ids.get(name).cloned().context("somebody is missing");
    let all = |names: &[&str]| {
        names
            .iter()
            .map(|name| id(name))
            .collect::<anyhow::Result<Vec<String>>>()
    };
    for (slug, name, zone, members) in TEAMS {
        let (members, managers) = (all(members)?, all(members.get(..1).unwrap_or_default())?);
        let body = json!({ "slug": slug, "name": name, "time_zone": zone, "members": members, "managers": managers });
        let new = read(body)?;
        app.write(|tx| teams::create(tx, &actor, &new, now))?;
    }
    for weekly in WEEKLY {
        let Weekly(team, name, title, day, time, order, fallback, not_working) = weekly;
        let zone = TEAMS
            .iter()
            .find(|(slug, ..)| slug == team)
            .context("a team is missing")?
            .2;
        let fallback = fallback.map(|name| {
            made.get(name)
                .map(|one| one.id.to_string())
                .context("a fallback is missing")
        });
        let start = monday(now) + Days::new(*day);
        let body = json!({
            "name": name, "title": title, "kind": "ordered", "time_zone": zone, "order": all(order)?,
            "handoff": { "start": format!("{start}T{time}:00"), "rule": "FREQ=WEEKLY" },
            "fallback_rotation_id": fallback.transpose()?,
            "fallback_when": if *not_working { "not_working" } else { "gap" },
        });
        let new = read(body)?;
        let (rotation, _) = app.write(|tx| rotations::create(tx, &actor, team, &new, now))?;
        made.insert(*name, rotation);
    }
    let pool = TEAMS
        .iter()
        .find(|(slug, ..)| *slug == "support")
        .context("support is missing")?
        .3;
    let body = json!({
        "name": "Support watch", "title": "Support Watcher", "kind": "follow_the_sun", "time_zone": "UTC", "order": all(pool)?,
        "effective_from": format!("{}T00:00:00Z", monday(now)),
        "fallback_rotation_id": made.get(GLOBAL).map(|one| one.id.to_string()),
    });
    let new = read(body)?;
    app.write(|tx| rotations::create(tx, &actor, "support", &new, now))?;

    let hero = |name: &str| {
        made.get(name)
            .map(|one| one.id)
            .context("a rotation is missing")
    };
    let roster = app.keeper.snapshot();
    let flags = hero("Feature Flags hero")?;
    // A colleague takes three days of the next turn; a gap of three days; somebody away in their turn.
    let next = next_turn(&roster, flags, now)?;
    let days = |from: i64, until: i64| {
        (
            next.0 + TimeDelta::days(from),
            next.0 + TimeDelta::days(until),
        )
    };
    let other = if id("Ada")? == next.1.to_string() {
        id("Ines")?
    } else {
        id("Ada")?
    };
    cover(app, flags, days(2, 5), Some(&other), "agreed in chat", now)?;
    cover(
        app,
        hero("Data Warehouse hero")?,
        days(7, 10),
        None,
        "company retreat",
        now,
    )?;
    cover(
        app,
        hero("Infrastructure hero")?,
        days(1, 2),
        Some(&id("Mei")?),
        "dentist",
        now,
    )?;
    let (luigi, who) = next_turn(&roster, hero("Session Replay hero")?, now)?;
    let first = luigi.date_naive() + Days::new(1);
    let off = read(
        json!({ "first_day": first, "last_day": first + Days::new(1), "reason": "moving house" }),
    )?;
    app.write(|tx| time_off::create(tx, &actor, who, &off, now))?;
    let off =
        read(json!({ "first_day": first, "last_day": first + Days::new(4), "reason": "hiking" }))?;
    let elif = id("Elif")?.parse()?;
    app.write(|tx| time_off::create(tx, &actor, elif, &off, now))?;

    Ok(Welcome {
        manager: ("Ines".to_owned(), token(app, &id("Ines")?, now)?),
        engineer: ("Tom".to_owned(), token(app, &id("Tom")?, now)?),
        feed: feed(app, now)?,
        rotation: flags,
    })
}

fn read<T: DeserializeOwned>(body: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(body)?)
}

/// The Monday four weeks before this week's.
fn monday(now: Instant) -> NaiveDate {
    let today = now.date_naive();
    today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 28)
}

fn next_turn(
    roster: &Roster,
    rotation: RotationId,
    now: Instant,
) -> anyhow::Result<(Instant, PersonId)> {
    let timeline = roster
        .timeline_of(rotation)
        .context("a timeline is missing")?;
    let next = timeline
        .next_shift(Layer::Base, now)
        .context("nobody is next")?;
    Ok((next.interval.start(), next.person))
}

fn cover(
    app: &App,
    rotation: RotationId,
    (start, end): (Instant, Instant),
    person: Option<&str>,
    reason: &str,
    now: Instant,
) -> anyhow::Result<OverrideView> {
    let new = read(json!({ "start": start, "end": end, "person_id": person, "reason": reason }))?;
    Ok(app.write(|tx| {
        overrides::create(
            tx,
            &Actor::operator(),
            rotation,
            &new,
            &Expected::any(),
            now,
        )
    })?)
}

fn token(app: &App, person: &str, now: Instant) -> anyhow::Result<String> {
    let new = read(json!({ "name": "demo", "scope": Scope::Write.as_str() }))?;
    let id = person.parse()?;
    Ok(app
        .write(|tx| tokens::create(tx, &Actor::operator(), id, &new, now))?
        .1)
}

fn feed(app: &App, now: Instant) -> anyhow::Result<String> {
    let new = read(json!({ "scope": { "team": "feature-flags" } }))?;
    let roster = app.keeper.snapshot();
    let (_, secret) = app.write(|tx| feeds::create(tx, &Actor::operator(), &roster, &new, now))?;
    Ok(format!(
        "{}/feeds/{secret}/feature-flags.ics",
        app.public_url
    ))
}
