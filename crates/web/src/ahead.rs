//! What is wrong ahead: shifts of people who are away, and times without anybody, each with a remedy for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{get, web};
use askama::Template;
use chrono::TimeDelta;
use serde::Deserialize;

use super::page::TeamChoice;
use super::timeline_chart::gap_words;
use super::{Answer, Fields, PageContext, PageError, Section, SignedIn, when};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::schedule::clash::Clash;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::Gap;
use crate::domain::time::interval::{FOREVER, Interval};
use crate::http::blocking;
use crate::service::schedule_issues::{self, Remedies, RemedyView};
use crate::service::suggestions::SuggestionView;
use crate::service::{Error, access};
use crate::snapshot::Snapshot;

/// How far ahead can be looked: weeks, and words.
const REACHES: [(i64, &str); 3] = [(4, "4 weeks"), (13, "13 weeks"), (52, "52 weeks")];

/// How far ahead is looked where nobody says so.
const USUAL: i64 = 13;

/// So many of each are shown, with a remedy for them: those that come first.
const SHOWN: usize = 50;

/// The part of an address that says what is shown.
#[derive(Debug, Default, Deserialize)]
pub struct ScheduleIssuesQuery {
    /// A team's slug; empty: all teams; not there: the visitor's own.
    team: Option<String>,
    #[serde(default)]
    weeks: String,
}

#[derive(Template)]
#[template(path = "pages/ahead.html")]
struct Ahead {
    page: PageContext,
    form: Fields,
    teams: TeamChoice,
    weeks: i64,
    clashes: Vec<Trouble>,
    gaps: Vec<Trouble>,
    closed: Vec<Closed>,
    left_out: usize,
}

/// A clash or a gap.
struct Trouble {
    place: Place,
    /// Who is away.
    person: Option<PersonId>,
    /// Why nobody has it.
    reason: &'static str,
    interval: Interval,
    /// Whether the visitor can ask somebody to take it.
    may_ask: bool,
    remedy: Option<RemedyView>,
}

/// Where it is.
#[derive(Clone)]
struct Place {
    rotation: RotationId,
    name: String,
    team: String,
    manages: bool,
}

/// Hours that a rotation leaves to nobody, by its own rules.
struct Closed {
    place: Place,
    times: usize,
    length: TimeDelta,
}

/// What was found.
struct Found {
    clashes: Vec<(Clash, Option<RemedyView>)>,
    gaps: Vec<(RotationId, Gap, Option<RemedyView>)>,
    left_out: usize,
}

/// The page.
#[get("/ahead")]
pub async fn show(visitor: SignedIn, asked: web::Query<ScheduleIssuesQuery>) -> Answer {
    let page = visitor.page("Clashes and gaps", Section::Ahead)?;
    let teams = TeamChoice::of(&page, visitor.id, asked.team.as_deref())?;
    let wanted: Option<i64> = asked.weeks.parse().ok();
    let known = |weeks: &i64| REACHES.iter().any(|(known, _)| known == weeks);
    let weeks = wanted.filter(known).unwrap_or(USUAL);
    let window = Interval::from_start_and_duration(page.now, TimeDelta::weeks(weeks));
    let found = find(&page, teams.slug.clone(), window).await?;
    let clashes = found.clashes.into_iter().filter_map(|(clash, remedy)| {
        let place = Place::of(&page, &visitor, clash.rotation)?;
        Some(Trouble {
            may_ask: place.manages || clash.person == visitor.id,
            place,
            person: Some(clash.person),
            reason: "",
            interval: clash.overlap,
            remedy,
        })
    });
    let clashes = clashes.collect();
    let mut gaps = Vec::new();
    let mut closed: BTreeMap<RotationId, Closed> = BTreeMap::new();
    for (rotation, gap, remedy) in found.gaps {
        let Some(place) = Place::of(&page, &visitor, rotation) else {
            continue;
        };
        let interval = gap.interval;
        if matches!(remedy, Some(RemedyView::Fallback)) {
            let one = closed.entry(rotation).or_insert(Closed {
                place,
                times: 0,
                length: TimeDelta::zero(),
            });
            one.times += 1;
            one.length += interval.end() - interval.start();
            continue;
        }
        gaps.push(Trouble {
            may_ask: false,
            place,
            person: None,
            reason: gap_words(gap.reason),
            interval,
            remedy,
        });
    }
    visitor.show(&Ahead {
        form: Fields::default()
            .with("team", teams.slug.as_deref().unwrap_or_default())
            .with("weeks", weeks),
        teams,
        weeks,
        clashes,
        gaps,
        closed: closed.into_values().collect(),
        left_out: found.left_out,
        page,
    })
}

/// Looks through all timelines, on another thread: of a thousand teams that takes a while.
async fn find(
    page: &PageContext,
    team: Option<String>,
    window: Interval,
) -> Result<Found, PageError> {
    let (snapshot, now) = (Arc::clone(&page.snapshot), page.now);
    let work = move || -> Result<Found, Error> {
        let remedies = Remedies::new(&snapshot, now);
        let clashes = schedule_issues::clashes(&snapshot, team.as_deref(), window)?;
        let gaps = schedule_issues::gaps(&snapshot, team.as_deref(), window)?;
        let mut left_out = clashes.len().saturating_sub(SHOWN);
        let with_remedy = |clash: Clash| (clash, remedies.clash(&clash).remedy);
        let clashes = clashes.into_iter().take(SHOWN).map(with_remedy).collect();
        let gaps = gaps.into_iter().filter_map(|(rotation, gap)| {
            let remedy = remedies.gap(rotation, &gap).remedy?;
            Some((rotation, gap, Some(remedy)))
        });
        let (closed, mut gaps): (Vec<_>, Vec<_>) =
            gaps.partition(|(_, _, remedy)| matches!(remedy, Some(RemedyView::Fallback)));
        left_out += gaps.len().saturating_sub(SHOWN);
        gaps.truncate(SHOWN);
        gaps.extend(closed);
        Ok(Found {
            clashes,
            gaps,
            left_out,
        })
    };
    Ok(blocking::run(work).await?)
}

impl Place {
    fn of(page: &PageContext, visitor: &SignedIn, rotation: RotationId) -> Option<Self> {
        let snapshot: &Snapshot = &page.snapshot;
        let timeline = snapshot.timeline(rotation)?;
        let team = snapshot.team(timeline.rotation().team)?;
        Some(Self {
            rotation,
            name: timeline.rotation().name.clone(),
            team: team.name.clone(),
            manages: access::manages(&visitor.actor, team),
        })
    }
}

impl Ahead {
    /// The part of an address that names a time of a rotation.
    fn time(&self, trouble: &Trouble) -> String {
        let zone = &self.page.zone;
        let left = match &trouble.remedy {
            Some(RemedyView::SomebodyElse { span, .. }) => {
                Interval::new(span.start, span.end.unwrap_or(FOREVER))
            }
            _ => None,
        };
        let left = left.unwrap_or(trouble.interval);
        let (start, end) = (
            when::format_datetime_local(zone, left.start()),
            when::format_datetime_local(zone, left.end()),
        );
        format!("start={start}&end={end}&zone={}", zone.name())
    }
}

impl Trouble {
    /// Who could take it.
    fn people(&self) -> &[SuggestionView] {
        match &self.remedy {
            Some(RemedyView::SomebodyElse { people, .. }) => people,
            _ => &[],
        }
    }

    /// Whether only a revision helps.
    const fn needs_revision(&self) -> bool {
        matches!(self.remedy, Some(RemedyView::Revision))
    }
}

impl Closed {
    /// How long they are together, in words.
    fn length(&self) -> String {
        when::span(self.length)
    }
}
