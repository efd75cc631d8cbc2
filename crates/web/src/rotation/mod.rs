//! A rotation: who has had it, has it and will have it, drawn and in words.

pub mod change;

use actix_web::{get, web};
use askama::Template;
use chrono::TimeDelta;

use super::duty_summary::DutySummary;
use super::timeline_chart::{self, Outcome, Scale, View, VisibleRange, Zoom};
use super::track::Bar;
use super::{Answer, PageContext, PageError, Section, SignedIn};
use crate::domain::handovers::{HandoverId, handovers};
use crate::domain::ids::{OverrideId, PersonId, RotationId, SwapId};
use crate::domain::people::team::Team;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::{Cause, Layer, Shift, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::access;
use crate::service::overrides::may_end;

/// Gaps are looked for so far ahead, whatever is drawn.
const AHEAD: TimeDelta = TimeDelta::days(90);

/// How many shifts to come are named.
const NEXT: usize = 5;

#[derive(Template)]
#[template(path = "pages/rotation.html")]
struct RotationPage {
    page: PageContext,
    duty_summary: Option<DutySummary>,
    name: String,
    id: RotationId,
    team_zone: String,
    own_zone: String,
    fallback: Option<(RotationId, String)>,
    archived_at: Option<Timestamp>,
    manages: bool,
    may_change: bool,
    /// Whether they see what is handed over.
    reads_handovers: bool,
    sight: VisibleRange,
    scale: Scale,
    order: Vec<Bar>,
    changes: Vec<Bar>,
    outcome: Outcome,
    troubles: Vec<Trouble>,
    next: Vec<Next>,
    shifts: Vec<Line>,
    overrides: Vec<Change>,
    kind: Kind,
}

/// Something that somebody should do something about.
struct Trouble {
    words: String,
    /// Where somebody else can be found for it.
    start: String,
    end: String,
}

/// A shift, in a line.
pub struct Line {
    /// From when to when.
    pub interval: Interval,
    /// Who.
    pub person: PersonId,
    /// Whose turn it is by the order, where somebody else has it.
    pub covers_for: Option<PersonId>,
    /// Why it was changed, where somebody said so.
    pub reason: Option<String>,
}

/// A shift to come, and the handover with which it begins.
struct Next {
    line: Line,
    handover: Option<HandoverId>,
}

/// An override that is not over.
struct Change {
    id: OverrideId,
    interval: Interval,
    person: Option<PersonId>,
    reason: Option<String>,
    made_by: Option<PersonId>,
    /// The swap by which it was made.
    swap: Option<SwapId>,
    can_end: bool,
}

impl Line {
    /// The shift of a timeline.
    pub fn of(timeline: &Timeline, shift: &Shift) -> Self {
        let by_override = match shift.cause {
            Cause::Turn { .. } => None,
            Cause::Override { id, .. } => timeline.overrides().iter().find(|one| one.id == id),
        };
        let turn = by_override.and_then(|_| {
            timeline
                .entry_at(Layer::Base, shift.interval.start())
                .shift()
                .map(|turn| turn.person)
        });
        Self {
            interval: shift.interval,
            person: shift.person,
            covers_for: turn.filter(|person| *person != shift.person),
            reason: by_override.and_then(|one| one.reason.clone()),
        }
    }
}

impl RotationPage {
    /// The address of this page with as much in sight, or more, or less.
    fn with_reach(&self, reach: &str) -> String {
        format!(
            "rotations/{}?span={}&from={}",
            self.id, reach, self.sight.first
        )
    }

    fn with_zone(&self, zone: &str) -> String {
        format!(
            "rotations/{}?span={}&from={}&zone={zone}",
            self.id,
            self.sight.reach.key(),
            self.sight.first
        )
    }
}

/// A rotation.
#[get("/rotations/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>, view: web::Query<View>) -> Answer {
    let mut page = visitor.page("Rotation", Section::Teams)?;
    let timeline = page.rotation(&id)?;
    let rotation = timeline.rotation();
    page.title = format!("{}: {}", page.team_name(rotation.team), rotation.title);
    let team = page
        .snapshot
        .team(rotation.team)
        .ok_or_else(|| PageError::no_such("team"))?
        .clone();
    let sight = view
        .days(&page, Zoom::Month)
        .ok_or_else(|| PageError::no_such("day"))?;
    let manages = access::manages(&visitor.actor, &team);
    let fallback = rotation
        .fallback
        .and_then(|id| page.snapshot.timeline_of(id))
        .map(|other| (other.rotation().id, other.rotation().name.clone()));
    let window = sight.track.0;
    let shifts: Vec<Line> = timeline
        .shifts(Layer::Final, window)
        .iter()
        .map(|shift| Line::of(&timeline, shift))
        .collect();
    let own_zone = page.me.as_ref().map(|me| me.zone(page.now).to_string());
    let sheet = RotationPage {
        duty_summary: DutySummary::of(&page, visitor.id, &timeline),
        name: rotation.name.clone(),
        id: rotation.id,
        team_zone: team.time_zone.to_string(),
        own_zone: own_zone.unwrap_or_default(),
        fallback,
        archived_at: rotation.archived_at,
        manages,
        may_change: access::gives_time(&visitor.actor, &team).is_ok(),
        reads_handovers: access::reads_handovers(&visitor.actor).is_ok(),
        scale: sight.scale(&page),
        order: sight.order(&page, &timeline),
        changes: sight.changes(&page, &timeline),
        outcome: sight.result(&page, &timeline),
        troubles: troubles(&page, &timeline),
        next: next(&page, &timeline),
        overrides: overrides(&page, &visitor, &team, &timeline),
        kind: rotation.kind,
        shifts,
        sight,
        page,
    };
    visitor.show(&sheet)
}

/// Who has it next, in order.
fn next(page: &PageContext, timeline: &Timeline) -> Vec<Next> {
    let ahead = Interval::from_start_and_duration(page.now, AHEAD);
    let shifts = timeline.shifts(Layer::Final, ahead);
    let coming = shifts
        .iter()
        .filter(|shift| shift.interval.start() > page.now);
    let coming: Vec<&Shift> = coming.take(NEXT).collect();
    let named = coming
        .last()
        .and_then(|last| Interval::new(page.now, last.interval.end().min(ahead.end())));
    let handed_over = named.map_or_else(Vec::new, |named| handovers(timeline, named));
    let next = coming.into_iter().map(|shift| {
        let at = shift.interval.start();
        let begins = handed_over.iter().any(|one| one.at == at);
        let rotation = timeline.rotation().id;
        Next {
            line: Line::of(timeline, shift),
            handover: begins.then_some(HandoverId { rotation, at }),
        }
    });
    next.collect()
}

/// Gaps and clashes ahead.
fn troubles(page: &PageContext, timeline: &Timeline) -> Vec<Trouble> {
    let ahead = Interval::from_start_and_duration(page.now, AHEAD);
    let mut found: Vec<(Interval, String)> = Vec::new();
    for clash in timeline_chart::away(page, timeline, ahead) {
        let words = format!("{} is away", page.name(&clash.person));
        found.extend(clash.overlap.intersect(&ahead).map(|part| (part, words)));
    }
    for gap in timeline_chart::gaps(timeline, ahead) {
        let words = format!("nobody has it, {}", timeline_chart::gap_words(gap.reason));
        found.push((gap.interval, words));
    }
    found.sort_by_key(|(interval, _)| interval.start());
    let troubles = found.into_iter().map(|(interval, words)| Trouble {
        words: format!("{}: {words}", page.format_interval(&interval)),
        start: super::when::format_datetime_local(&page.zone, interval.start()),
        end: super::when::format_datetime_local(&page.zone, interval.end()),
    });
    troubles.collect()
}

/// The overrides that are not over, soonest first.
fn overrides(
    page: &PageContext,
    visitor: &SignedIn,
    team: &Team,
    timeline: &Timeline,
) -> Vec<Change> {
    let ahead = |one: &&Override| one.in_force().is_some_and(|left| left.end() > page.now);
    let all = timeline.overrides().iter().filter(ahead);
    let mut changes: Vec<Change> = all
        .filter_map(|one| {
            let interval = one.in_force()?;
            let may_end = || may_end(&visitor.actor, team, timeline, one, page.now);
            Some(Change {
                id: one.id,
                interval,
                person: one.person,
                reason: one.reason.clone(),
                made_by: one.created_by,
                swap: one.swap,
                can_end: one.swap.is_none() && may_end(),
            })
        })
        .collect();
    changes.sort_by_key(|change| change.interval.start());
    changes
}
