//! Setting up and changing rotations: the order, when it hands over, from when on; and what that would change.

pub mod archive;
mod changes;
pub mod create;
mod draft;
pub mod edit;
pub mod incidents;
pub mod pause;
pub mod reminders;
pub mod revision;
pub mod settings;
mod sheet;
pub mod webhooks;

use std::sync::Arc;

use super::{PageContext, PageError, SignedIn};
use crate::domain::ids::RotationId;
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::schedule::timeline::Timeline;
use crate::service::access;

/// A rotation that the visitor may change, and its team.
struct Subject {
    timeline: Arc<Timeline>,
    team: Arc<Team>,
}

impl Subject {
    fn of(visitor: &SignedIn, page: &PageContext, id: &str) -> Result<Self, PageError> {
        let id: RotationId = id.parse().map_err(|_| PageError::no_such("rotation"))?;
        let found = page.snapshot.timeline_of(id);
        let timeline = Arc::clone(found.ok_or_else(|| PageError::no_such("rotation"))?);
        let team = page.snapshot.team(timeline.rotation().team);
        let team = Arc::clone(team.ok_or_else(|| PageError::no_such("team"))?);
        access::manager(&visitor.actor, &team)?;
        Ok(Self { timeline, team })
    }

    fn rotation(&self) -> &Rotation {
        self.timeline.rotation()
    }
}

/// A person's name.
fn name_of(page: &PageContext, id: crate::domain::ids::PersonId) -> String {
    page.snapshot
        .person(id)
        .map(|person| person.name.clone())
        .unwrap_or_default()
}
