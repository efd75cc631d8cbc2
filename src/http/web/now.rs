//! The first page: who has which duty, and what concerns the one who looks.

use std::sync::Arc;

use actix_web::get;
use askama::Template;
use chrono::TimeDelta;

use super::track::{Bar, Mark, Track};
use super::{Answer, Page, Section, Visitor, when};
use crate::domain::duty::{Duty, Rota as _, Source};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::interval::{FOREVER, Instant, Interval};
use crate::domain::rotation::Kind;
use crate::domain::timeline::{Layer, Timeline};

/// How far ahead one's own duties are looked for.
const AHEAD: TimeDelta = TimeDelta::days(56);

/// How many of one's own duties are shown.
const MINE: usize = 4;

#[derive(Template)]
#[template(path = "pages/now.html")]
struct Now {
    page: Page,
    mine: Vec<Mine>,
    strips: Vec<Strip>,
    rows: Vec<Row>,
}

/// A duty of the one who looks.
struct Mine {
    rotation: RotationId,
    title: String,
    team: String,
    start: Instant,
    end: Instant,
}

/// A rotation's answer, in a line.
struct Row {
    rotation: RotationId,
    title: String,
    team: String,
    slug: String,
    is_mine: bool,
    duty: Duty,
    /// Who has it by the order, where somebody else has it.
    covers_for: Option<PersonId>,
    /// The rotation that answered, where it is another.
    answered_by: Option<String>,
    until: Option<Instant>,
}

/// The watch of those who follow the sun, as a day.
struct Strip {
    row: Row,
    bars: Vec<Bar>,
    hours: Vec<Mark>,
    now: String,
}

/// The first page.
#[get("/")]
pub async fn show(visitor: Visitor) -> Answer {
    let page = visitor.page("Now", Section::Now)?;
    let now = visitor.now;
    let runs = |timeline: &&Arc<Timeline>| {
        let archived = timeline.rotation().archived_at;
        archived.is_none_or(|end| now < end)
    };
    let running: Vec<&Arc<Timeline>> = page.roster.timelines().filter(runs).collect();
    let (suns, ordered): (Vec<&Arc<Timeline>>, Vec<&Arc<Timeline>>) = running
        .iter()
        .copied()
        .partition(|timeline| timeline.rotation().kind == Kind::FollowTheSun);
    let strips = suns
        .iter()
        .filter_map(|timeline| strip(&page, visitor.id, timeline))
        .collect();
    let mut rows: Vec<Row> = ordered
        .iter()
        .filter_map(|timeline| row(&page, visitor.id, timeline))
        .collect();
    rows.sort_by(|a, b| {
        let key = |row: &Row| {
            (
                !row.is_mine,
                row.team.to_lowercase(),
                row.title.to_lowercase(),
            )
        };
        key(a).cmp(&key(b))
    });
    let mine = mine(&page, visitor.id, &running);
    let now = Now {
        page,
        mine,
        strips,
        rows,
    };
    visitor.show(&now)
}

/// What the one who looks has, and will have next.
fn mine(page: &Page, me: PersonId, running: &[&Arc<Timeline>]) -> Vec<Mine> {
    let Some(ahead) = Interval::new(page.now, page.now + AHEAD) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for timeline in running {
        let rotation = timeline.rotation();
        let gets = timeline
            .overrides()
            .iter()
            .any(|one| one.person == Some(me));
        if !gets && !rotation.everybody().contains(&me) {
            continue;
        }
        let shifts = timeline.shifts(Layer::Final, ahead);
        found.extend(
            shifts
                .iter()
                .filter(|shift| shift.person == me)
                .map(|shift| Mine {
                    rotation: rotation.id,
                    title: rotation.title.clone(),
                    team: team_name(page, timeline),
                    start: shift.interval.start(),
                    end: shift.interval.end(),
                }),
        );
    }
    found.sort_by_key(|mine| mine.start);
    found.truncate(MINE);
    found
}

fn team_name(page: &Page, timeline: &Timeline) -> String {
    let team = page.roster.team(timeline.rotation().team);
    team.map(|team| team.name.clone()).unwrap_or_default()
}

fn row(page: &Page, me: PersonId, timeline: &Timeline) -> Option<Row> {
    let rotation = timeline.rotation();
    let team = page.roster.team(rotation.team)?;
    let duty = page.roster.duty(rotation.id, page.now)?;
    let is_fallback = duty.source == Some(Source::Fallback);
    let answered_by = page
        .roster
        .timeline(duty.answered_by)
        .filter(|_| is_fallback)
        .map(|timeline| timeline.rotation().name.clone());
    let until = match &duty.gap {
        Some(gap) => Some(gap.interval.end()),
        None => duty.shift.map(|shift| shift.end()),
    };
    Some(Row {
        rotation: rotation.id,
        title: rotation.title.clone(),
        team: team.name.clone(),
        slug: team.slug.clone(),
        is_mine: team.members.contains(&me),
        covers_for: duty
            .scheduled
            .filter(|scheduled| !is_fallback && duty.person != Some(*scheduled)),
        answered_by,
        until: until.filter(|end| *end < FOREVER),
        duty,
    })
}

fn strip(page: &Page, me: PersonId, timeline: &Timeline) -> Option<Strip> {
    let row = row(page, me, timeline)?;
    let track = Track::day(&page.zone, page.now)?;
    let bars = timeline.shifts(Layer::Final, track.0).into_iter();
    let bars = bars.filter_map(|shift| {
        let name = page.name(&shift.person);
        let clock = |at: Instant| page.zone.to_local(at).format("%H:%M").to_string();
        let title = format!(
            "{name}, {} to {}",
            clock(shift.interval.start()),
            clock(shift.interval.end())
        );
        track.persons_bar(shift.interval, shift.person, name, title)
    });
    Some(Strip {
        bars: bars.collect(),
        hours: track.hours(&page.zone),
        now: track.x(page.now),
        row,
    })
}

impl Row {
    /// Whether somebody has it who is at work.
    fn at_work(&self) -> bool {
        self.duty.person.is_some() && self.duty.working.now
    }

    /// When they stop or start work, in words.
    fn hours(&self, page: &Page) -> String {
        let clock = |at: Instant| when::short(&page.zone, at, page.now);
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
