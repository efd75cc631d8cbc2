//! Who has a rotation's duty now, in a line.

use super::{PageContext, when};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::duty::{Duty, RotationLookup as _, Source};
use crate::domain::schedule::timeline::Timeline;
use crate::domain::time::interval::{FOREVER, Timestamp};

/// A rotation's answer.
pub struct DutySummary {
    /// The rotation.
    pub rotation: RotationId,
    /// The rotation's name.
    pub name: String,
    /// What the role is called.
    pub title: String,
    /// The team's name.
    pub team: String,
    /// The team's address.
    pub slug: String,
    /// Whether the one who looks is in the team.
    pub is_mine: bool,
    /// The answer.
    pub duty: Duty,
    /// Who has it by the order, where somebody else has it.
    pub covers_for: Option<PersonId>,
    /// The rotation that answered, where it is another.
    pub answered_by: Option<String>,
    /// Until when, where that is not for ever.
    pub until: Option<Timestamp>,
}

/// Whether a rotation is not archived yet.
pub fn runs(timeline: &Timeline, now: Timestamp) -> bool {
    let archived = timeline.rotation().archived_at;
    archived.is_none_or(|end| now < end)
}

impl DutySummary {
    /// What a rotation answers now, to `me`.
    pub fn of(page: &PageContext, me: PersonId, timeline: &Timeline) -> Option<Self> {
        let rotation = timeline.rotation();
        let team = page.snapshot.team(rotation.team)?;
        let duty = page.snapshot.duty(rotation.id, page.now)?;
        let is_fallback = duty.source == Some(Source::Fallback);
        let answered_by = page
            .snapshot
            .timeline(duty.answered_by)
            .filter(|_| is_fallback)
            .map(|timeline| timeline.rotation().name.clone());
        let until = match &duty.gap {
            Some(gap) => Some(gap.interval.end()),
            None => duty.shift.map(|shift| shift.end()),
        };
        Some(Self {
            rotation: rotation.id,
            name: rotation.name.clone(),
            title: rotation.title.clone(),
            team: team.name.clone(),
            slug: team.slug.clone(),
            is_mine: team.has(me, page.now),
            covers_for: duty
                .scheduled
                .filter(|scheduled| !is_fallback && duty.person != Some(*scheduled)),
            answered_by,
            until: until.filter(|end| *end < FOREVER),
            duty,
        })
    }

    /// Whether somebody has it who is at work.
    pub fn at_work(&self) -> bool {
        self.duty.person.is_some() && self.duty.working.now
    }

    /// When they stop or start work, in words.
    pub fn hours(&self, page: &PageContext) -> String {
        let clock = |at: Timestamp| when::short(&page.zone, at, page.now);
        let working = &self.duty.working;
        match (self.duty.person, working.now, working.until, working.next) {
            (None, ..) => String::new(),
            (_, true, Some(until), _) if until < FOREVER => format!("until {}", clock(until)),
            (_, true, ..) => "always".to_owned(),
            (_, false, _, Some(next)) => format!("from {}", clock(next)),
            (_, false, ..) => "away".to_owned(),
        }
    }
}
