//! What is wrong ahead, over rotations, with a remedy for it.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::Error;
use super::suggestions::{SuggestionView, colleagues};
use super::views::{ClashView, GapView, Span};
use crate::domain::ids::RotationId;
use crate::domain::people::team::Team;
use crate::domain::schedule::clash::{self, Clash};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::issue::{self, Remedy};
use crate::domain::schedule::timeline::{Gap, Layer, Timeline};
use crate::domain::swaps::suggestion::Colleagues;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;

/// A remedy.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = MendView)]
pub enum RemedyView {
    /// A cover or an override: somebody else has the duty then.
    SomebodyElse {
        /// From when to when: what is left of it.
        #[serde(flatten)]
        span: Span,
        /// Who could, best first: the first few.
        people: Vec<SuggestionView>,
    },
    /// A revision: the rotation's rule has come to its end, or has not begun.
    Revision,
    /// A fallback rotation: by the rotation's rules nobody has it then.
    Fallback,
}

/// A clash, and a remedy for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClashAhead {
    /// The clash.
    #[serde(flatten)]
    pub clash: ClashView,
    /// What would solve it; null if it is past.
    pub remedy: Option<RemedyView>,
}

/// A gap, and a remedy for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GapAhead {
    /// The gap, cut to the window.
    #[serde(flatten)]
    pub gap: GapView,
    /// What would solve it; null if nothing is missing (a fallback answers all the time, the rotation is archived
    /// or has not begun) or it is past.
    pub remedy: Option<RemedyView>,
}

/// The clashes that meet `window`, of a team or all, in order of start.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such team.
pub fn clashes(
    snapshot: &Snapshot,
    team: Option<&str>,
    window: Interval,
) -> Result<Vec<Clash>, Error> {
    let mut found: Vec<Clash> = of_team(snapshot, team)?
        .into_iter()
        .flat_map(|timeline| {
            let shifts = timeline.shifts(Layer::Final, window);
            clash::clashes(timeline.rotation().id, &shifts, snapshot.people())
        })
        .filter(|clash| clash.overlap.overlaps(&window))
        .collect();
    found.sort_by_key(|clash| (clash.overlap.start(), clash.rotation, clash.time_off));
    Ok(found)
}

/// The gaps in `window`, cut to it, of a team or all, in order of start.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such team.
pub fn gaps(
    snapshot: &Snapshot,
    team: Option<&str>,
    window: Interval,
) -> Result<Vec<(RotationId, Gap)>, Error> {
    let mut found: Vec<(RotationId, Gap)> = of_team(snapshot, team)?
        .into_iter()
        .flat_map(|timeline| {
            let id = timeline.rotation().id;
            let gaps = timeline.gaps(Layer::Final, window);
            gaps.into_iter().map(move |gap| (id, gap))
        })
        .collect();
    found.sort_by_key(|(_, gap)| gap.interval.start());
    Ok(found)
}

/// The timelines of a team, or all.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such team.
pub fn of_team<'a>(
    snapshot: &'a Snapshot,
    slug: Option<&str>,
) -> Result<Vec<&'a Arc<Timeline>>, Error> {
    let Some(slug) = slug else {
        return Ok(snapshot.timelines().collect());
    };
    let team = snapshot.team_of_slug(slug).ok_or(Error::NotFound("team"))?;
    Ok(snapshot.timelines_in(team.id).collect())
}

/// Shows clashes and gaps with a remedy for them.
#[derive(Debug)]
pub struct Remedies<'a> {
    snapshot: &'a Snapshot,
    colleagues: Colleagues<'a>,
    now: Timestamp,
}

impl<'a> Remedies<'a> {
    /// One who knows everybody of `snapshot`.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, now: Timestamp) -> Self {
        Self {
            snapshot,
            colleagues: colleagues(snapshot),
            now,
        }
    }

    /// The clash.
    #[must_use]
    pub fn clash(&self, clash: &Clash) -> ClashAhead {
        let remedy = self.place(clash.rotation).and_then(|(timeline, team)| {
            issue::of_clash(clash, timeline, team, &self.colleagues, self.now)
        });
        ClashAhead {
            clash: ClashView::of(self.snapshot, clash),
            remedy: remedy.map(|remedy| self.show(&remedy)),
        }
    }

    /// The gap of a rotation.
    #[must_use]
    pub fn gap(&self, rotation: RotationId, gap: &Gap) -> GapAhead {
        let remedy = self.place(rotation).and_then(|(timeline, team)| {
            issue::of_gap(
                gap,
                timeline,
                self.snapshot,
                team,
                &self.colleagues,
                self.now,
            )
        });
        GapAhead {
            gap: GapView {
                rotation_id: Some(rotation.to_string()),
                ..gap.into()
            },
            remedy: remedy.map(|remedy| self.show(&remedy)),
        }
    }

    fn place(&self, rotation: RotationId) -> Option<(&'a Timeline, &'a Team)> {
        let timeline = self.snapshot.timeline(rotation)?;
        Some((timeline, self.snapshot.team(timeline.rotation().team)?))
    }

    fn show(&self, remedy: &Remedy) -> RemedyView {
        match remedy {
            Remedy::SomebodyElse(interval, people) => RemedyView::SomebodyElse {
                span: Span::from(*interval),
                people: people
                    .iter()
                    .map(|one| SuggestionView::of(self.snapshot, one, *interval))
                    .collect(),
            },
            Remedy::Revision => RemedyView::Revision,
            Remedy::Fallback => RemedyView::Fallback,
        }
    }
}
