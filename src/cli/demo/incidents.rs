//! Two incidents of the example organisation: one that is watched, and one for which nobody has raised a hand.

use serde_json::json;

use super::organisation::{Founding, read};
use crate::domain::ids::PersonId;
use crate::domain::people::person::Role;
use crate::domain::time::interval::Timestamp;
use crate::service::Actor;
use crate::service::incidents::{self, RaisedHand};

/// What somebody does themselves.
fn member(person: PersonId, now: Timestamp) -> Actor {
    Actor {
        person: Some(person),
        role: Role::Member,
        at: now,
        ..Actor::operator()
    }
}

impl Founding<'_> {
    fn acting(&self, name: &str) -> anyhow::Result<Actor> {
        Ok(member(self.person(name)?.parse()?, self.now))
    }

    pub(super) fn have_incidents(&self) -> anyhow::Result<()> {
        let watch = self.rotation("Support watch")?;
        let first = read(json!({
            "reference": "INC-123", "title": "Feature flags are delayed", "severity": "SEV2",
            "rotation_id": watch, "communications_rotation_id": self.rotation("Communications")?,
            "lead": self.person("Lee")?, "status_page_url": "https://status.example.com/123",
        }))?;
        let second = read(json!({
            "reference": "INC-124", "title": "Some session replays do not load", "severity": "SEV3",
            "rotation_id": watch,
        }))?;
        let (lee, ines) = (self.acting("Lee")?, self.acting("Ines")?);
        let first = self
            .app
            .change(&lee, self.now, |uow| incidents::declare(uow, &first))?
            .view;
        self.app
            .change(&ines, self.now, |uow| incidents::declare(uow, &second))?;
        let at_work = |one: &&crate::service::views::CandidateView| one.available_from.is_none();
        // At a weekend nobody of support is at work.
        let Some(best) = first.candidates.iter().find(at_work) else {
            return Ok(());
        };
        let watcher = member(best.person.id.parse()?, self.now);
        let hand = RaisedHand::default();
        let update = read(json!({ "text": "We know of delays, and are looking for the cause." }))?;
        let id = first.id.parse()?;
        self.app.change(&watcher, self.now, |uow| {
            incidents::raise_hand(uow, id, &hand)?;
            incidents::tell(uow, id, &update)
        })?;
        Ok(())
    }
}
