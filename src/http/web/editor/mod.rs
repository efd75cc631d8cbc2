//! Setting up and changing rotations: the order, when it hands over, from when on; and what that would change.

pub mod archive;
mod changes;
pub mod create;
mod draft;
pub mod edit;
pub mod revision;
pub mod settings;
mod sheet;

use std::sync::Arc;

use super::{Fields, Form, Page, Refusal, Visitor};
use crate::domain::duty::Rota as _;
use crate::domain::ids::RotationId;
use crate::domain::rotation::Rotation;
use crate::domain::team::Team;
use crate::domain::timeline::Timeline;
use crate::service::{Error, Expected, access};

/// A rotation that the visitor may change, and its team.
struct Subject {
    timeline: Arc<Timeline>,
    team: Arc<Team>,
}

impl Subject {
    fn of(visitor: &Visitor, page: &Page, id: &str) -> Result<Self, Refusal> {
        let id: RotationId = id.parse().map_err(|_| Refusal::no_such("rotation"))?;
        let found = page.roster.timeline_of(id);
        let timeline = Arc::clone(found.ok_or_else(|| Refusal::no_such("rotation"))?);
        let team = page.roster.team(timeline.rotation().team);
        let team = Arc::clone(team.ok_or_else(|| Refusal::no_such("team"))?);
        access::manager(&visitor.actor, &team)?;
        Ok(Self { timeline, team })
    }

    fn rotation(&self) -> &Rotation {
        self.timeline.rotation()
    }
}

/// The version that the form was filled in for.
fn expected(form: &Form) -> Expected {
    form.get("version").parse().map_or_else(
        |_| Expected::any(),
        |version| Expected::one_of(vec![version]),
    )
}

/// The form with what is wrong; where somebody else was quicker it says so, and the next time it is meant.
fn failed(mut form: Form, error: Error, version: i64) -> Result<Fields, Refusal> {
    if error == Error::Stale {
        form.take("version");
        form.put("version", &[version.to_string()]);
        let words = "somebody else changed it while you did; look at what it is now in another window. \
            If you save once more, what you see here takes the place of that";
        return form.failed(Error::conflict(words));
    }
    form.failed(error)
}

/// A person's name.
fn name_of(page: &Page, id: crate::domain::ids::PersonId) -> String {
    page.roster
        .person(id)
        .map(|person| person.name.clone())
        .unwrap_or_default()
}
