//! What is the visitor's own.

pub mod absences;
pub mod access;
pub mod feed;
pub mod feeds;
pub mod settings;
pub mod time_off;

use std::collections::BTreeSet;

use actix_web::{get, web};
use askama::Template;
use chrono::{Datelike as _, Months, NaiveDate, TimeDelta};
use serde::Deserialize;

use super::duties::{self, Duty};
use super::handovers::{self, Mine};
use super::swaps::{self, Request};
use super::timeline_chart::weeks_of;
use super::{Answer, PageContext, Section, SignedIn, when};
use crate::domain::people::person::Role;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::hours;
use crate::domain::time::interval::{FOREVER, Interval};
use crate::service::input;

/// Duties are listed so far ahead.
const AHEAD: TimeDelta = TimeDelta::weeks(26);

/// Handovers are listed so far back and ahead, and at most so many.
const LATELY: TimeDelta = TimeDelta::weeks(1);
const SOON: TimeDelta = TimeDelta::weeks(5);
const HANDOVERS: usize = 12;

/// The pages of it.
pub fn pages(config: &mut web::ServiceConfig) {
    // What is called `calendars` is nobody's time off.
    config
        .service(show)
        .service(absences::show)
        .service(absences::add)
        .service(absences::read)
        .service(absences::remove)
        .service(access::show)
        .service(access::make)
        .service(access::ask_to_revoke)
        .service(access::revoke)
        .service(access::sign_out)
        .service(feeds::show)
        .service(feeds::make)
        .service(feed::show)
        .service(feed::change)
        .service(feed::ask_to_revoke)
        .service(feed::revoke)
        .service(settings::show)
        .service(settings::change)
        .service(settings::choose_mails)
        .service(time_off::show)
        .service(time_off::add)
        .service(time_off::edit)
        .service(time_off::change)
        .service(time_off::cover)
        .service(time_off::end_it);
}

#[derive(Template)]
#[template(path = "pages/me/duties.html")]
struct DutiesPage {
    page: PageContext,
    duties: Vec<Own>,
    handovers: Vec<Mine>,
    asked: Vec<Request>,
    own: Vec<Request>,
    may_change: bool,
    month: String,
    earlier: String,
    later: String,
    weeks: Vec<Vec<Day>>,
}

/// A duty of one's own, with where it can be given away.
struct Own {
    duty: Duty,
    start: String,
    end: String,
}

/// A day of the calendar.
struct Day {
    date: NaiveDate,
    in_month: bool,
    is_today: bool,
    /// Rotations, what they are called, and from when on where that is this day.
    duties: Vec<(String, String, String)>,
    is_away: bool,
}

/// Which month.
#[derive(Debug, Default, Deserialize)]
pub struct Month {
    #[serde(default)]
    month: String,
}

/// My duties.
#[get("/me")]
pub async fn show(visitor: SignedIn, query: web::Query<Month>) -> Answer {
    let page = visitor.page("My duties", Section::Mine)?;
    let now = page.now;
    let today = page.zone.to_local(now).date();
    let month = input::date(&format!("{}-01", query.month))
        .ok()
        .filter(|first| input::within(page.zone.to_instant((*first).into()), now).is_ok())
        .or_else(|| today.with_day(1))
        .unwrap_or(today);
    let ahead = Interval::from_start_and_duration(now, AHEAD);
    let found = duties::of(&page, visitor.id, ahead);
    let name = |date: Option<NaiveDate>| {
        let date = date.unwrap_or(month);
        date.format("%Y-%m").to_string()
    };
    let standing = swaps::of_visitor(&visitor, &page).await?;
    let near = Interval::from_start_and_duration(now - LATELY, LATELY + SOON);
    let handovers = handovers::of_visitor(&visitor, &page, near, HANDOVERS).await?;
    let (asked, own) = standing.into_iter().partition(|one: &Request| one.can_take);
    let sheet = DutiesPage {
        duties: found
            .into_iter()
            .map(|duty| Own {
                start: when::format_datetime_local(
                    &page.zone,
                    duty.shift.interval.start().max(now),
                ),
                end: when::format_datetime_local(
                    &page.zone,
                    duty.shift.interval.end().min(now + AHEAD),
                ),
                duty,
            })
            .collect(),
        weeks: calendar(&page, &visitor, month, today),
        month: month.format("%B %Y").to_string(),
        earlier: name(month.checked_sub_months(Months::new(1))),
        later: name(month.checked_add_months(Months::new(1))),
        may_change: visitor.actor.role != Role::Viewer,
        handovers,
        asked,
        own,
        page,
    };
    visitor.show(&sheet)
}

fn calendar(
    page: &PageContext,
    visitor: &SignedIn,
    month: NaiveDate,
    today: NaiveDate,
) -> Vec<Vec<Day>> {
    let weeks = weeks_of(month);
    let edges = weeks
        .first()
        .and_then(|week| week.first())
        .zip(weeks.last().and_then(|week| week.last()));
    let whole = edges.and_then(|(first, last)| hours::days(&page.zone, *first, *last));
    let all = whole.map(|whole| duties::of(page, visitor.id, whole));
    let all = all.unwrap_or_default();
    let away = page
        .snapshot
        .person(visitor.id)
        .map(|me| me.away(FOREVER))
        .unwrap_or_default();
    let day = |date: NaiveDate| {
        let span = hours::days(&page.zone, date, date);
        let meets = |interval: &Interval| span.is_some_and(|span| span.overlaps(interval));
        let mut seen = BTreeSet::new();
        let mine = all.iter().filter(|duty| meets(&duty.shift.interval));
        Day {
            duties: mine
                .filter(|duty| seen.insert(duty.rotation))
                .map(|duty| {
                    let start = duty.shift.interval.start();
                    let begins = span.is_some_and(|span| span.contains(start));
                    let from = begins.then(|| when::clock(&page.zone, start));
                    let id = duty.rotation.to_string();
                    (id, duty.name.clone(), from.unwrap_or_default())
                })
                .collect(),
            is_away: away.as_slice().iter().any(meets),
            in_month: date.month() == month.month(),
            is_today: date == today,
            date,
        }
    };
    weeks
        .into_iter()
        .map(|week| week.into_iter().map(day).collect())
        .collect()
}
