//! The form in which a rotation is set up or changed, and what it means beside it.

use askama::Template;

use super::changes::Changes;
use super::draft::{self, FormAction};
use crate::domain::ids::PersonId;
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::{Kind, Rotation};
use crate::fields::{Checks, Input, Select};
use crate::hours::{self, Row};
use crate::parts::Who;
use crate::{Fields, PageContext, Section};

/// The page.
#[derive(Template)]
#[template(path = "pages/rotation_edit.html")]
pub struct RotationEditPage {
    page: PageContext,
    form: Fields,
    team: String,
    slug: String,
    /// What is changed; a new rotation is nothing yet.
    subject: Option<(String, String)>,
    kind: Kind,
    order: Vec<Place>,
    /// Who can be added: members of the team first.
    members: Vec<(PersonId, String)>,
    others: Vec<(PersonId, String)>,
    hours: Vec<Row>,
    fallbacks: Vec<(String, String)>,
    changes: Option<Changes>,
    /// What is read out after a button moved somebody.
    said: String,
}

/// Somebody in the order.
struct Place {
    index: usize,
    id: String,
    name: String,
    who: Option<Who>,
    error: Option<String>,
    /// The button that was pressed to bring them here.
    focus: &'static str,
}

impl RotationEditPage {
    /// The form for a rotation of a team, or for a new one.
    pub fn new(
        page: PageContext,
        team: &Team,
        rotation: Option<&Rotation>,
        kind: Kind,
        form: Fields,
        pressed: &FormAction,
    ) -> Self {
        let order = places(&page, &form, pressed);
        let moved = pressed.moved.and_then(|(index, _)| order.get(index));
        let said = moved.map_or_else(String::new, |place| {
            format!(
                "{} is now number {} of {}",
                place.name,
                place.index + 1,
                order.len()
            )
        });
        let hours = if kind == Kind::Ordered {
            hours::rows(&form, draft::HOURS, usize::from(pressed.more_hours))
        } else {
            Vec::new()
        };
        let taken =
            |id: &PersonId| kind == Kind::FollowTheSun && form.holds("order", &id.to_string());
        let mut everybody: Vec<(PersonId, String)> = page
            .snapshot
            .people()
            .values()
            .filter(|person| person.active_at(page.now) && !taken(&person.id))
            .map(|person| (person.id, person.name.clone()))
            .collect();
        everybody.sort_by_key(|(_, name)| name.to_lowercase());
        let (members, others) = everybody
            .into_iter()
            .partition(|(id, _)| team.has(*id, page.now));
        let fallbacks = fallbacks(&page, rotation);
        Self {
            team: team.name.clone(),
            slug: team.slug.clone(),
            subject: rotation.map(|rotation| (rotation.id.to_string(), rotation.name.clone())),
            kind,
            order,
            members,
            others,
            hours,
            fallbacks,
            changes: None,
            said,
            page,
            form,
        }
    }

    /// The same with what it means.
    pub fn with_changes(mut self, changes: Option<Changes>) -> Self {
        self.changes = changes;
        self
    }

    fn is_ordered(&self) -> bool {
        self.kind == Kind::Ordered
    }

    fn every(&self) -> Input {
        self.form.text("every", "Every").kind("number")
    }

    fn unit(&self) -> Select {
        let units = [
            ("days", "days"),
            ("weeks", "weeks"),
            ("months", "months, on the same day of the month"),
            ("rule", "by a rule (below)"),
        ];
        self.form.select("unit", "What", units)
    }

    /// Who can be first: by id, or by place where somebody is in the order more than once.
    fn first(&self) -> Select {
        let many = |id: &str| self.order.iter().filter(|place| place.id == id).count() > 1;
        let chosen = self.order.iter().map(|place| {
            if many(&place.id) {
                (
                    place.index.to_string(),
                    format!("{} (number {})", place.name, place.index + 1),
                )
            } else {
                (place.id.clone(), place.name.clone())
            }
        });
        let nobody = if self.subject.is_some() {
            "whoever is next as things are"
        } else {
            "the first of the order"
        };
        let nobody = [(String::new(), nobody.to_owned())];
        self.form
            .select("first", "Begins with", nobody.into_iter().chain(chosen))
    }

    fn days(&self) -> Checks {
        self.form.checks("days", "On", hours::DAYS)
    }

    fn when(&self) -> Checks {
        let choices: &[(&str, &str)] = if self.is_ordered() {
            &[
                ("next", "at the next handoff"),
                ("now", "at once, in the middle of a turn"),
                ("date", "on a date:"),
            ]
        } else {
            &[("next", "at once"), ("date", "on a date:")]
        };
        self.form
            .radios("when", "It takes effect", choices.iter().copied())
    }

    fn fallback_when(&self) -> Checks {
        self.form
            .radios("fallback_when", "Ask there", FALLBACK_WHEN)
    }

    fn fallback(&self) -> Select {
        let none = [(String::new(), "nobody".to_owned())];
        self.form.select(
            "fallback_rotation_id",
            "Where nobody has it, ask",
            none.into_iter().chain(self.fallbacks.clone()),
        )
    }
}

fn places(page: &PageContext, form: &Fields, pressed: &FormAction) -> Vec<Place> {
    let place = |(index, id): (usize, &str)| {
        let known = id
            .parse::<PersonId>()
            .ok()
            .filter(|id| page.snapshot.person(*id).is_some());
        let focus = pressed
            .moved
            .filter(|(at, _)| *at == index)
            .map_or("", |(_, button)| button);
        Place {
            index,
            id: id.to_owned(),
            name: known.map_or_else(
                || "somebody unknown".to_owned(),
                |id| page.name(&id).to_owned(),
            ),
            who: known.map(|id| page.who(&id)),
            error: form.error(&format!("order.{index}")),
            focus,
        }
    };
    form.all("order").enumerate().map(place).collect()
}

/// Rotations that can be asked where another has nobody.
pub fn fallbacks(page: &PageContext, rotation: Option<&Rotation>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = page
        .snapshot
        .timelines()
        .map(|timeline| timeline.rotation())
        .filter(|other| {
            other.archived_at.is_none() && rotation.is_none_or(|one| one.id != other.id)
        })
        .map(|other| (other.id.to_string(), other.name.clone()))
        .collect();
    all.sort_by_key(|(_, name)| name.to_lowercase());
    all
}

/// When another rotation is asked.
pub const FALLBACK_WHEN: [(&str, &str); 2] = [
    ("gap", "only where nobody has it"),
    ("not_working", "also while whoever has it is not at work"),
];
