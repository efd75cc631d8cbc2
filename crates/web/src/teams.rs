//! Teams: who is in them, and who has their duties.

use actix_web::{get, web};
use askama::Template;
use chrono::TimeDelta;

use super::duty_summary::{DutySummary, runs};
use super::timeline_chart::{Outcome, Scale, View, Zoom};
use super::{Answer, PageContext, PageError, Section, SignedIn, when};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::people::person::Person;
use crate::domain::people::team::Membership;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::service::access;

/// Whoever is away within this time is said to be.
const AHEAD: TimeDelta = TimeDelta::days(90);

#[derive(Template)]
#[template(path = "pages/teams.html")]
struct All {
    page: PageContext,
    /// Those of the one who looks first, and then all others.
    groups: Vec<(&'static str, Vec<Entry>)>,
}

/// A team, in a line.
struct Entry {
    slug: String,
    name: String,
    clock: String,
    zone: String,
    members: usize,
    rotations: Vec<(RotationId, String)>,
}

#[derive(Template)]
#[template(path = "pages/team.html")]
struct One {
    page: PageContext,
    slug: String,
    name: String,
    zone: String,
    clock: String,
    manages: bool,
    scale: Option<Scale>,
    rotations: Vec<Rotation>,
    archived: Vec<(RotationId, String)>,
    members: Vec<Member>,
}

struct Rotation {
    name: String,
    duty_summary: DutySummary,
    outcome: Outcome,
}

struct Member {
    id: PersonId,
    manages: bool,
    /// What the team does not see yet, where somebody has to agree to it first.
    hidden: Option<Hidden>,
    /// Where they only come, or will go.
    joins: Option<Timestamp>,
    leaves: Option<Timestamp>,
    zone: String,
    clock: String,
    at_work: bool,
    hours: String,
    /// When they are away the next time, or now.
    away: Option<Interval>,
}

/// Address and reasons of somebody whose consent is pending.
struct Hidden {
    /// Whether the visitor may agree that the team sees them.
    may_agree: bool,
}

impl One {
    fn is_anybody_away(&self) -> bool {
        self.members.iter().any(|member| member.away.is_some())
    }
}

/// Every team.
#[get("/teams")]
pub async fn list(visitor: SignedIn) -> Answer {
    let page = visitor.page("Teams", Section::Teams)?;
    let mut all: Vec<(bool, Entry)> = page
        .snapshot
        .teams()
        .map(|team| {
            let own = page.snapshot.timelines_in(team.id);
            let running = own.filter(|one| runs(one, page.now));
            let entry = Entry {
                slug: team.slug.clone(),
                name: team.name.clone(),
                clock: when::clock(&team.time_zone, page.now),
                zone: team.time_zone.to_string(),
                members: team.members(page.now).count(),
                rotations: running
                    .map(|one| (one.rotation().id, one.rotation().name.clone()))
                    .collect(),
            };
            (team.has(visitor.id, page.now), entry)
        })
        .collect();
    all.sort_by_key(|(_, entry)| entry.name.to_lowercase());
    let (mine, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(is_mine, _)| *is_mine);
    let first = if mine.is_empty() {
        "All teams"
    } else {
        "All other teams"
    };
    let groups = [("Your teams", mine), (first, others)]
        .into_iter()
        .filter(|(_, all)| !all.is_empty())
        .map(|(title, all)| (title, all.into_iter().map(|(_, entry)| entry).collect()))
        .collect();
    visitor.show(&All { page, groups })
}

/// A team.
#[get("/teams/{slug}")]
pub async fn show(visitor: SignedIn, slug: web::Path<String>, view: web::Query<View>) -> Answer {
    let mut page = visitor.page("", Section::Teams)?;
    let team = page.snapshot.team_of_slug(&slug).cloned();
    let team = team.ok_or_else(|| PageError::no_such("team"))?;
    page.title.clone_from(&team.name);
    let sight = view.days(&page, Zoom::Fortnight);
    let own = page.snapshot.timelines_in(team.id);
    let (running, archived): (Vec<_>, Vec<_>) = own.partition(|one| runs(one, page.now));
    let mut rotations: Vec<Rotation> = running
        .iter()
        .filter_map(|timeline| {
            Some(Rotation {
                name: timeline.rotation().name.clone(),
                duty_summary: DutySummary::of(&page, visitor.id, timeline)?,
                outcome: sight.as_ref()?.result(&page, timeline),
            })
        })
        .collect();
    rotations.sort_by_key(|one| one.name.to_lowercase());
    let archived = archived
        .iter()
        .map(|one| (one.rotation().id, one.rotation().name.clone()))
        .collect();
    let mut members: Vec<Member> = team
        .memberships
        .iter()
        .filter(|one| !one.is_over(page.now))
        .filter_map(|one| member(&page, &visitor, one))
        .collect();
    members.sort_by_key(|one| (one.joins, !one.manages, page.name(&one.id).to_lowercase()));
    let sheet = One {
        slug: team.slug.clone(),
        name: team.name.clone(),
        zone: team.time_zone.to_string(),
        clock: when::clock(&team.time_zone, page.now),
        manages: access::manages(&visitor.actor, &team),
        scale: sight.map(|sight| sight.scale(&page)),
        rotations,
        archived,
        members,
        page,
    };
    visitor.show(&sheet)
}

fn member(page: &PageContext, visitor: &SignedIn, membership: &Membership) -> Option<Member> {
    let person = page.snapshot.person(membership.person)?;
    let zone = person.zone(page.now);
    let present = person.available_at(page.now, page.now);
    let hours = match present {
        Some(hours) if hours.end() == FOREVER => "always".to_owned(),
        Some(hours) => format!("until {}", when::short(&page.zone, hours.end(), page.now)),
        None => match person.next_available(page.now, page.now) {
            Some(next) => format!("from {}", when::short(&page.zone, next.start(), page.now)),
            None => "away".to_owned(),
        },
    };
    let hidden = membership.consent.is_pending().then(|| {
        let teams = page.snapshot.teams().map(AsRef::as_ref);
        Hidden {
            may_agree: access::agrees(&visitor.actor, person.id, teams).is_ok(),
        }
    });
    Some(Member {
        id: person.id,
        manages: membership.manages,
        hidden,
        joins: membership.from.filter(|from| *from > page.now),
        leaves: membership.until,
        clock: when::clock(&zone, page.now),
        zone: zone.to_string(),
        at_work: present.is_some(),
        hours,
        away: next_absence(person, page.now),
    })
}

fn next_absence(person: &Person, now: Timestamp) -> Option<Interval> {
    let ahead = Interval::from_start_and_duration(now, AHEAD);
    let away = person.away(FOREVER);
    let mut all = away.as_slice().iter();
    all.find(|one| one.overlaps(&ahead)).copied()
}
