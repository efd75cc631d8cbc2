//! Rotations: setting them up, revising them, archiving them.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::scene::{Scene, as_json, note, team_of_slug};
use super::values::{self, HoursInput};
use super::views::RotationView;
use super::{Actor, Error, Expected, Faults, access, input};
use crate::clock::new_id;
use crate::domain::hours::WeeklyHours;
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::Instant;
use crate::domain::rotation::{FallbackWhen, Handoff, Kind, Plan, Revision, Rotation, revise};
use crate::domain::zone::Zone;
use crate::storage::audit::Deed;
use crate::storage::{Change, Tx, people, rotations};

/// At most this many people in an order.
const LONGEST_ORDER: usize = 200;

/// When turns change, as it is sent.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffInput {
    /// The first handoff: a local date and time, 1990 to 2100.
    pub start: String,
    /// An RFC 5545 RRULE without DTSTART.
    pub rule: String,
}

/// Who is first: a person's id, or an index in the order.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FirstInput {
    /// For a person who appears more than once.
    Index(usize),
    /// A person of the order.
    Person(String),
}

/// A rotation to set up.
#[derive(Debug, Clone, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRotation {
    /// What it is called.
    pub name: String,
    /// What the role is called.
    pub title: String,
    /// `ordered` or `follow_the_sun`.
    pub kind: String,
    /// IANA time zone.
    pub time_zone: String,
    /// When turns change (ordered only).
    #[serde(default)]
    pub handoff: Option<HandoffInput>,
    /// Ids of the core order, or of the pool.
    pub order: Vec<String>,
    /// Weekly hours to which turns are cut (ordered only).
    #[serde(default)]
    pub duty_hours: Option<Vec<HoursInput>>,
    /// Asked where this rotation has nobody.
    #[serde(default)]
    pub fallback_rotation_id: Option<String>,
    /// `gap` (default) or `not_working`.
    #[serde(default)]
    pub fallback_when: Option<String>,
    /// In force from then; by default the first handoff, or now.
    #[serde(default)]
    pub effective_from: Option<String>,
    /// Whose turn 0 is; by default the first of the order.
    #[serde(default)]
    pub first: Option<FirstInput>,
}

/// What to change of a rotation without moving a shift.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RotationChange {
    /// What it is called.
    pub name: Option<String>,
    /// What the role is called.
    pub title: Option<String>,
    /// Asked where this rotation has nobody; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<String>)]
    pub fallback_rotation_id: Option<Option<String>>,
    /// `gap` or `not_working`.
    pub fallback_when: Option<String>,
}

/// A revision: what is left out is as before.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewRevision {
    /// In force from then; by default a supplied first handoff that lies ahead, the next handoff, or now.
    pub effective_from: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// When turns change.
    pub handoff: Option<HandoffInput>,
    /// Ids of the core order, or of the pool.
    pub order: Option<Vec<String>>,
    /// Weekly hours to which turns are cut; null for none.
    #[serde(deserialize_with = "values::given")]
    #[schema(value_type = Option<Vec<HoursInput>>)]
    pub duty_hours: Option<Option<Vec<HoursInput>>>,
    /// Whose turn 0 is; by default whoever carries on.
    pub first: Option<FirstInput>,
}

/// The end of a rotation.
#[derive(Debug, Clone, Default, serde::Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Archive {
    /// From when on nobody has it; by default now.
    pub at: Option<String>,
}

fn kind(faults: &mut Faults, text: &str) -> Option<Kind> {
    let read = serde_json::from_value(Value::String(text.to_owned()));
    faults.check(
        "/kind",
        read.map_err(|_| "must be ordered or follow_the_sun"),
    )
}

fn fallback_when(faults: &mut Faults, text: &str) -> Option<FallbackWhen> {
    let read = serde_json::from_value(Value::String(text.to_owned()));
    faults.check(
        "/fallback_when",
        read.map_err(|_| "must be gap or not_working"),
    )
}

fn handoff(faults: &mut Faults, input: &HandoffInput, zone: Option<&Zone>) -> Option<Handoff> {
    let start = faults.check("/handoff/start", input::local(&input.start));
    let utc = Zone::utc();
    let start_for_rule = start.or_else(|| "2026-01-05T10:00:00".parse().ok())?;
    match Handoff::parse(start_for_rule, &input.rule, zone.unwrap_or(&utc)) {
        Ok(handoff) => start.map(|_| handoff),
        Err(error) => {
            let pointer = match error {
                crate::domain::rotation::RuleError::Start => "/handoff/start",
                _ => "/handoff/rule",
            };
            faults.add(pointer, error.to_string());
            None
        }
    }
}

/// Reads an order: people who exist and are active at `at`.
fn order(
    tx: &mut Tx<'_>,
    faults: &mut Faults,
    given: &[String],
    pool: bool,
    at: Instant,
) -> Result<Vec<PersonId>, Error> {
    if given.is_empty() || given.len() > LONGEST_ORDER {
        faults.add("/order", format!("must have 1 to {LONGEST_ORDER} people"));
    }
    let read: Vec<Option<PersonId>> = given
        .iter()
        .take(LONGEST_ORDER)
        .enumerate()
        .map(|(index, id)| values::person_id(faults, &format!("/order/{index}"), id))
        .collect();
    let wanted: Vec<PersonId> = read.iter().flatten().copied().collect();
    let known = people::load(tx.db(), Some(&wanted))?;
    for (index, id) in read.iter().enumerate() {
        let Some(id) = id else { continue };
        let pointer = format!("/order/{index}");
        match known.iter().find(|person| person.id == *id) {
            None => faults.add(pointer, "there is no such person"),
            Some(person) if !person.active_at(at) => faults.add(pointer, "they are deactivated"),
            Some(_) if pool && read.iter().take(index).any(|other| *other == Some(*id)) => {
                faults.add(pointer, "is in the pool already");
            }
            Some(_) => {}
        }
    }
    Ok(wanted)
}

fn first(faults: &mut Faults, given: &FirstInput, order: &[PersonId]) -> Option<usize> {
    match given {
        FirstInput::Index(index) if *index < order.len() => Some(*index),
        FirstInput::Index(_) => {
            faults.add("/first", "is no index of the order");
            None
        }
        FirstInput::Person(id) => {
            let wanted = values::person_id(faults, "/first", id)?;
            let mut places = order
                .iter()
                .enumerate()
                .filter(|(_, other)| **other == wanted)
                .map(|(index, _)| index);
            match (places.next(), places.next()) {
                (Some(only), None) => return Some(only),
                (None, _) => faults.add("/first", "is not in the order"),
                (Some(_), Some(_)) => {
                    faults.add("/first", "is in the order more than once: give the index");
                }
            }
            None
        }
    }
}

fn duty_hours(faults: &mut Faults, given: Option<&[HoursInput]>) -> Option<WeeklyHours> {
    let given = given?;
    if given.is_empty() {
        faults.add("/duty_hours", "must have at least one entry; null for none");
    }
    values::hours(faults, "/duty_hours", given)
}

/// Reads a fallback: a rotation that exists and does not come back to this one.
fn fallback(
    tx: &mut Tx<'_>,
    faults: &mut Faults,
    text: &str,
    own: Option<RotationId>,
) -> Result<Option<RotationId>, Error> {
    let pointer = "/fallback_rotation_id";
    let Some(id) = faults.check(
        pointer,
        text.parse::<RotationId>()
            .map_err(|_| "there is no such rotation"),
    ) else {
        return Ok(None);
    };
    // Whoever else sets a fallback now waits: two could close a circle between them.
    crate::storage::audit::lock_setting(tx.db(), "fallbacks")?;
    let all: std::collections::HashMap<RotationId, Option<RotationId>> =
        rotations::load(tx.db(), None)?
            .into_iter()
            .map(|(rotation, _)| (rotation.id, rotation.fallback))
            .collect();
    if !all.contains_key(&id) {
        faults.add(pointer, "there is no such rotation");
        return Ok(None);
    }
    let mut next = Some(id);
    for _ in 0..=all.len() {
        match next {
            Some(at) if Some(at) == own => {
                faults.add(pointer, "the fallbacks would come back to this rotation");
                return Ok(None);
            }
            Some(at) => next = all.get(&at).copied().flatten(),
            None => break,
        }
    }
    Ok(Some(id))
}

/// Sets up a rotation.
///
/// # Errors
///
/// [`Error::Invalid`] with every fault, [`Error::Forbidden`], [`Error::NotFound`] without the team.
pub fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    slug: &str,
    new: &NewRotation,
    now: Instant,
) -> Result<(Rotation, String), Error> {
    let team = team_of_slug(tx, slug)?;
    access::manager(actor, &team)?;
    let mut faults = Faults::new();
    let name = values::line(&mut faults, "/name", &new.name, 200);
    let title = values::line(&mut faults, "/title", &new.title, 100);
    let kind = kind(&mut faults, &new.kind);
    let zone = values::zone(&mut faults, "/time_zone", &new.time_zone);
    let people = order(
        tx,
        &mut faults,
        &new.order,
        kind == Some(Kind::FollowTheSun),
        now,
    )?;
    let hours = duty_hours(&mut faults, new.duty_hours.as_deref());
    let when = fallback_when(&mut faults, new.fallback_when.as_deref().unwrap_or("gap"));
    let fallback = match &new.fallback_rotation_id {
        None => None,
        Some(text) => fallback(tx, &mut faults, text, None)?,
    };
    let read = new
        .handoff
        .as_ref()
        .and_then(|input| handoff(&mut faults, input, zone.as_ref()));
    let from = faults.check_some("/effective_from", new.effective_from.as_deref(), |text| {
        input::bounded(text, now)
    });
    let first = match &new.first {
        None => Some(0),
        Some(given) => first(&mut faults, given, &people),
    };
    let plan = match kind {
        Some(Kind::Ordered) => {
            if new.handoff.is_none() {
                faults.add("/handoff", "an ordered rotation needs one");
            }
            read.zip(first)
                .map(|(handoff, first)| Plan::Ordered { handoff, first })
        }
        Some(Kind::FollowTheSun) => {
            refuse_order_parts(
                &mut faults,
                new.handoff.is_some(),
                new.duty_hours.is_some(),
                new.first.is_some(),
            );
            Some(Plan::FollowTheSun)
        }
        None => None,
    };
    let default_from = match &plan {
        Some(Plan::Ordered { handoff, .. }) => handoff.first(),
        _ => now,
    };
    let parts = name
        .zip(title)
        .zip(kind)
        .zip(zone)
        .zip(when)
        .zip(plan)
        .zip(from);
    let rotation = parts.map(
        |((((((name, title), kind), time_zone), fallback_when), plan), from)| Rotation {
            id: RotationId::from_uuid(new_id()),
            team: team.id,
            name,
            title,
            kind,
            revisions: vec![Revision {
                number: 1,
                effective_from: from.unwrap_or(default_from),
                recorded_at: now,
                time_zone,
                order: people,
                duty_hours: hours,
                plan,
            }],
            archived_at: None,
            fallback,
            fallback_when,
            version: 1,
        },
    );
    let rotation = faults.finish_with(rotation)?;
    rotations::insert(tx.db(), &rotation, now)?;
    tx.changed(Change::Rotation(rotation.id));
    deed(
        tx,
        actor,
        now,
        "rotation.create",
        None,
        &rotation,
        &team.slug,
    )?;
    Ok((rotation, team.slug))
}

fn refuse_order_parts(faults: &mut Faults, handoff: bool, hours: bool, first: bool) {
    for (given, pointer) in [
        (handoff, "/handoff"),
        (hours, "/duty_hours"),
        (first, "/first"),
    ] {
        if given {
            faults.add(pointer, "a follow-the-sun rotation has none");
        }
    }
}

fn deed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: Option<&Rotation>,
    after: &Rotation,
    team: &str,
) -> Result<(), Error> {
    let was = as_json(before.map(|rotation| RotationView::of(rotation, team)))?;
    let is = as_json(RotationView::of(after, team))?;
    note(
        tx,
        actor,
        now,
        Deed {
            action,
            kind: "rotation",
            id: after.id.to_string(),
            before: was,
            after: is,
        },
    )
}

/// Changes what moves no shift.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
pub fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    change: &RotationChange,
    expected: &Expected,
    now: Instant,
) -> Result<(Rotation, String), Error> {
    let scene = Scene::of(tx, id, &[])?;
    access::manager(actor, &scene.team)?;
    expected.check(scene.rotation.version)?;
    let mut faults = Faults::new();
    let mut after = scene.rotation.clone();
    if let Some(name) = change
        .name
        .as_deref()
        .and_then(|name| values::line(&mut faults, "/name", name, 200))
    {
        after.name = name;
    }
    if let Some(title) = change
        .title
        .as_deref()
        .and_then(|title| values::line(&mut faults, "/title", title, 100))
    {
        after.title = title;
    }
    if let Some(when) = change
        .fallback_when
        .as_deref()
        .and_then(|text| fallback_when(&mut faults, text))
    {
        after.fallback_when = when;
    }
    match &change.fallback_rotation_id {
        Some(Some(text)) => after.fallback = fallback(tx, &mut faults, text, Some(id))?,
        Some(None) => after.fallback = None,
        None => {}
    }
    faults.finish()?;
    finish(tx, actor, now, "rotation.change", &scene, after)
}

/// Writes what changed of a rotation beside its revisions, and notes it.
fn finish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    scene: &Scene,
    mut after: Rotation,
) -> Result<(Rotation, String), Error> {
    after.version += 1;
    rotations::update(tx.db(), &after)?;
    tx.changed(Change::Rotation(after.id));
    deed(
        tx,
        actor,
        now,
        action,
        Some(&scene.rotation),
        &after,
        &scene.team.slug,
    )?;
    Ok((after, scene.team.slug.clone()))
}

/// Appends a revision.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] where it would take effect before a revision that is made already.
pub fn revise(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    new: &NewRevision,
    expected: &Expected,
    now: Instant,
) -> Result<(Rotation, String), Error> {
    let scene = Scene::of(tx, id, &[])?;
    access::manager(actor, &scene.team)?;
    expected.check(scene.rotation.version)?;
    scene.must_run(now)?;
    let revision = plan_revision(tx, actor, &scene.rotation, new, now)?;
    rotations::add_revision(tx.db(), id, &revision)?;
    let mut after = scene.rotation.clone();
    after.revisions.push(revision);
    finish(tx, actor, now, "rotation.revise", &scene, after)
}

fn plan_revision(
    tx: &mut Tx<'_>,
    actor: &Actor,
    rotation: &Rotation,
    new: &NewRevision,
    now: Instant,
) -> Result<Revision, Error> {
    let newest = rotation
        .newest()
        .ok_or_else(|| Error::Internal("a rotation without revisions".to_owned()))?;
    let mut faults = Faults::new();
    let zone = match &new.time_zone {
        None => Some(newest.time_zone.clone()),
        Some(name) => values::zone(&mut faults, "/time_zone", name),
    };
    let people = match &new.order {
        None => newest.order.clone(),
        Some(given) => order(
            tx,
            &mut faults,
            given,
            rotation.kind == Kind::FollowTheSun,
            now,
        )?,
    };
    let hours = match &new.duty_hours {
        None => newest.duty_hours.clone(),
        Some(given) => duty_hours(&mut faults, given.as_deref()),
    };
    let supplied = new
        .handoff
        .as_ref()
        .and_then(|input| handoff(&mut faults, input, zone.as_ref()));
    let start = supplied.as_ref().map(Handoff::first);
    let default_from = revise::default_effective_from(rotation, start, now);
    let from = match new.effective_from.as_deref() {
        None => Some(default_from),
        Some(text) => faults.check("/effective_from", input::bounded(text, now)),
    };
    if from.is_some_and(|from| from < now) && !actor.is_administrator() {
        faults.add("/effective_from", "must not lie in the past");
    }
    let plan = match &newest.plan {
        Plan::Ordered { handoff: old, .. } => {
            // The same rule in another zone is another expansion.
            let handoff = supplied.or_else(|| {
                let zone = zone.as_ref()?;
                if *zone == newest.time_zone {
                    return Some(old.clone());
                }
                faults.check("/time_zone", Handoff::parse(old.start(), old.rule(), zone))
            });
            let first = match (&new.first, from) {
                (Some(given), _) => first(&mut faults, given, &people),
                (None, Some(from)) => Some(revise::first_of(rotation, &people, from)),
                (None, None) => None,
            };
            handoff
                .zip(first)
                .map(|(handoff, first)| Plan::Ordered { handoff, first })
        }
        Plan::FollowTheSun => {
            let hours = matches!(new.duty_hours, Some(Some(_)));
            refuse_order_parts(
                &mut faults,
                new.handoff.is_some(),
                hours,
                new.first.is_some(),
            );
            Some(Plan::FollowTheSun)
        }
    };
    let ((time_zone, plan), effective_from) = faults.finish_with(zone.zip(plan).zip(from))?;
    if effective_from <= newest.effective_from {
        let state = if newest.effective_from > now {
            "pending"
        } else {
            "in force"
        };
        return Err(Error::conflict(format!(
            "revision {} is {state} from {} on: a later one has to take effect after it",
            newest.number,
            newest.effective_from.format("%Y-%m-%dT%H:%M:%SZ")
        )));
    }
    Ok(Revision {
        number: newest.number + 1,
        effective_from,
        recorded_at: now,
        time_zone,
        order: people,
        duty_hours: hours,
        plan,
    })
}

/// Withdraws the newest revision, before it takes effect.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], and [`Error::Conflict`] for any
/// other revision.
pub fn withdraw(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    number: u32,
    expected: &Expected,
    now: Instant,
) -> Result<(Rotation, String), Error> {
    let scene = Scene::of(tx, id, &[])?;
    access::manager(actor, &scene.team)?;
    let found = scene
        .rotation
        .revisions
        .iter()
        .find(|revision| revision.number == number);
    let revision = found.ok_or(Error::NotFound("revision"))?;
    expected.check(scene.rotation.version)?;
    if scene
        .rotation
        .newest()
        .is_none_or(|newest| newest.number != number)
        || number == 1
    {
        return Err(Error::conflict(
            "only the newest revision can be withdrawn, and never the first",
        ));
    }
    if revision.effective_from <= now {
        return Err(Error::conflict(
            "it has taken effect: make another revision",
        ));
    }
    rotations::withdraw_revision(tx.db(), id, number)?;
    let mut after = scene.rotation.clone();
    after.revisions.pop();
    finish(tx, actor, now, "rotation.withdraw_revision", &scene, after)
}

/// Archives a rotation from an instant on.
///
/// # Errors
///
/// [`Error::Invalid`], [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], and
/// [`Error::Conflict`] where it is archived already.
pub fn archive(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    command: &Archive,
    expected: &Expected,
    now: Instant,
) -> Result<(Rotation, String), Error> {
    let scene = Scene::of(tx, id, &[])?;
    access::manager(actor, &scene.team)?;
    expected.check(scene.rotation.version)?;
    scene.must_run(now)?;
    let at = input::at_or_now(command.at.as_deref(), now)?;
    if at < now && !actor.is_administrator() {
        return Err(Error::invalid("/at", "must not lie in the past"));
    }
    let mut after = scene.rotation.clone();
    after.archived_at = Some(at);
    finish(tx, actor, now, "rotation.archive", &scene, after)
}

/// Takes somebody out of every order in force from `at` on, by a revision. Those that are pending
/// then are withdrawn and made again without them.
///
/// # Errors
///
/// [`Error::Conflict`] where nobody else is in it.
pub fn remove_person(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: RotationId,
    person: PersonId,
    at: Instant,
    now: Instant,
) -> Result<(), Error> {
    let scene = Scene::of(tx, id, &[])?;
    let mut after = scene.rotation.clone();
    let pending = after.revisions.split_off(
        after
            .revisions
            .partition_point(|one| one.effective_from <= at),
    );
    for revision in &pending {
        rotations::withdraw_revision(tx.db(), id, revision.number)?;
    }
    let leaving = after
        .newest()
        .filter(|newest| newest.order.contains(&person))
        .cloned();
    if let Some(newest) = leaving {
        let from = at.max(newest.effective_from + chrono::TimeDelta::seconds(1));
        let made = without(
            &after,
            &Revision {
                effective_from: from,
                ..newest
            },
            person,
            None,
            now,
        )?;
        after.revisions.push(made);
    }
    for revision in &pending {
        let made = without(&after, revision, person, first_person(revision), now)?;
        after.revisions.push(made);
    }
    let kept = scene.rotation.revisions.len() - pending.len();
    for revision in after.revisions.iter().skip(kept) {
        rotations::add_revision(tx.db(), id, revision)?;
    }
    finish(tx, actor, now, "rotation.revise", &scene, after).map(|_| ())
}

/// Whose turn 0 of a revision is.
fn first_person(revision: &Revision) -> Option<PersonId> {
    match revision.plan {
        Plan::Ordered { first, .. } => revision.order.get(first).copied(),
        Plan::FollowTheSun => None,
    }
}

/// A revision without somebody, next in a rotation. `announced` stays first where they are in it.
fn without(
    rotation: &Rotation,
    revision: &Revision,
    person: PersonId,
    announced: Option<PersonId>,
    now: Instant,
) -> Result<Revision, Error> {
    let order: Vec<PersonId> = revision
        .order
        .iter()
        .copied()
        .filter(|other| *other != person)
        .collect();
    if order.is_empty() {
        let detail = format!(
            "nobody else is in the order of {}: archive it first",
            rotation.name
        );
        return Err(Error::conflict(detail));
    }
    let plan = match &revision.plan {
        Plan::Ordered { handoff, first } => {
            let before = revision
                .order
                .iter()
                .take(*first)
                .filter(|other| **other == person)
                .count();
            let first = match announced.filter(|other| *other != person) {
                Some(_) => first - before,
                None => revise::first_of(rotation, &order, revision.effective_from),
            };
            Plan::Ordered {
                handoff: handoff.clone(),
                first,
            }
        }
        Plan::FollowTheSun => Plan::FollowTheSun,
    };
    let number = rotation.newest().map_or(1, |newest| newest.number + 1);
    Ok(Revision {
        number,
        recorded_at: now,
        order,
        plan,
        ..revision.clone()
    })
}
