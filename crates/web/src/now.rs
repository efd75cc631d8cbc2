//! The first page: who has which duty, and what concerns the one who looks.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::get;
use askama::Template;
use chrono::TimeDelta;

use super::duties::{self, Duty};
use super::duty_summary::{DutySummary, runs};
use super::handovers::{self, Mine};
use super::incidents::{Line, Offered};
use super::page_error::or_nothing;
use super::staff::consent::Pending;
use super::swaps::{self, Request};
use super::track::{Bar, Mark, Track};
use super::{Answer, PageContext, Section, SignedIn, when};
use crate::domain::ids::PersonId;
use crate::domain::incidents::candidates::{self, Candidate};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;

/// How far ahead one's own duties are looked for.
const AHEAD: TimeDelta = TimeDelta::days(56);

/// How many of one's own duties are shown.
const MINE: usize = 4;

/// Handovers concern the one who looks so long before and after them.
const BEFORE: TimeDelta = TimeDelta::days(3);
const AFTER: TimeDelta = TimeDelta::days(1);

/// Of so many handovers those are shown at which there is something to do.
const HANDOVERS: usize = 6;

/// So many incidents of a rotation are shown; the board has all.
const INCIDENTS: usize = 10;

#[derive(Template)]
#[template(path = "pages/now.html")]
struct Now {
    page: PageContext,
    /// Teams that wait for their consent.
    pending: Vec<Pending>,
    mine: Vec<Duty>,
    /// Watches that wait for their answer.
    offered: Vec<Offered>,
    /// What others ask the one who looks to take.
    asked: Vec<Request>,
    /// What they write, read or do at a handover.
    handovers: Vec<Mine>,
    strips: Vec<Strip>,
    rows: Vec<DutySummary>,
}

/// The watch of those who follow the sun, as a day.
struct Strip {
    row: DutySummary,
    /// What goes on.
    incidents: Vec<Line>,
    /// How many more go on.
    more_incidents: usize,
    /// Who could take it now, or will be able to next, most hours left first.
    pool: Vec<Watcher>,
    bars: Vec<Bar>,
    hours: Vec<Mark>,
    now: String,
}

/// Somebody of a pool.
struct Watcher {
    candidate: Candidate,
    clock: String,
    place: String,
}

/// The first page.
#[get("/")]
pub async fn show(visitor: SignedIn) -> Answer {
    let page = visitor.page("Now", Section::Now)?;
    let all = page.snapshot.timelines();
    let running: Vec<&Arc<Timeline>> = all.filter(|one| runs(one, visitor.now)).collect();
    let (suns, ordered): (Vec<&Arc<Timeline>>, Vec<&Arc<Timeline>>) = running
        .iter()
        .copied()
        .partition(|timeline| timeline.rotation().kind == Kind::FollowTheSun);
    let mut strips: Vec<Strip> = suns
        .iter()
        .filter_map(|timeline| strip(&page, visitor.id, timeline))
        .collect();
    for line in Line::all(&page) {
        let watched_by = |strip: &&mut Strip| strip.row.rotation == line.rotation;
        if let Some(strip) = strips.iter_mut().find(watched_by) {
            if strip.incidents.len() < INCIDENTS {
                strip.incidents.push(line);
            } else {
                strip.more_incidents += 1;
            }
        }
    }
    let mut rows: Vec<DutySummary> = ordered
        .iter()
        .filter_map(|timeline| DutySummary::of(&page, visitor.id, timeline))
        .collect();
    rows.sort_by(|a, b| {
        let key = |row: &DutySummary| {
            (
                !row.is_mine,
                row.team.to_lowercase(),
                row.title.to_lowercase(),
            )
        };
        key(a).cmp(&key(b))
    });
    tell_apart(&mut rows);
    let ahead = Interval::from_start_and_duration(page.now, AHEAD);
    let mut mine = duties::of(&page, visitor.id, ahead);
    mine.truncate(MINE);
    // Who has which duty is shown without the database, too.
    let standing = swaps::of_visitor(&visitor, &page).await;
    let mut asked = or_nothing(standing);
    asked.retain(|one| one.can_take);
    let near = Interval::from_start_and_duration(page.now - AFTER, AFTER + BEFORE);
    let mut handovers = or_nothing(handovers::of_visitor(&visitor, &page, near, HANDOVERS).await);
    handovers.retain(Mine::asks_for_something);
    let now = Now {
        pending: Pending::of(&page, visitor.id),
        offered: Offered::to(&page, visitor.id),
        page,
        mine,
        asked,
        handovers,
        strips,
        rows,
    };
    visitor.show(&now)
}

/// Rotations of one team that go by the same title are called by their names.
fn tell_apart(rows: &mut [DutySummary]) {
    let mut count: HashMap<(String, String), usize> = HashMap::new();
    for row in rows.iter() {
        *count
            .entry((row.slug.clone(), row.title.clone()))
            .or_default() += 1;
    }
    for row in rows {
        let same = count.get(&(row.slug.clone(), row.title.clone()));
        if same.is_some_and(|same| *same > 1) {
            row.title.clone_from(&row.name);
        }
    }
}

fn strip(page: &PageContext, me: PersonId, timeline: &Timeline) -> Option<Strip> {
    let row = DutySummary::of(page, me, timeline)?;
    let track = Track::day(&page.zone, page.now)?;
    let bars = timeline.shifts(Layer::Final, track.0).into_iter();
    let bars = bars.filter_map(|shift| {
        let name = page.name(&shift.person);
        let clock = |at: Timestamp| page.zone.to_local(at).format("%H:%M").to_string();
        let title = format!(
            "{name}, {} to {}",
            clock(shift.interval.start()),
            clock(shift.interval.end())
        );
        track.persons_bar(shift.interval, shift.person, name, title)
    });
    Some(Strip {
        incidents: Vec::new(),
        more_incidents: 0,
        pool: candidates::at(timeline.rotation(), timeline.people(), page.now)
            .into_iter()
            .map(|candidate| watcher(page, candidate))
            .collect(),
        bars: bars.collect(),
        hours: track.hours(&page.zone),
        now: track.x(page.now),
        row,
    })
}

fn watcher(page: &PageContext, candidate: Candidate) -> Watcher {
    let person = page.snapshot.person(candidate.person);
    let zone = person.map_or_else(Zone::utc, |person| person.zone(page.now));
    let city = zone.name().rsplit('/').next().unwrap_or_default();
    Watcher {
        clock: when::clock(&zone, page.now),
        place: city.replace('_', " "),
        candidate,
    }
}
