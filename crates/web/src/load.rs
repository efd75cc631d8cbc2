//! Who carried how much: charts, a table with the same figures, and a file for spreadsheets.

use std::sync::Arc;

use actix_web::{get, web};
use askama::Template;
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::chart::{Balances, Bars};
use super::page::TeamChoice;
use super::{Answer, Fields, PageContext, PageError, Section, SignedIn};
use crate::domain::time::hours;
use crate::domain::time::interval::Interval;
use crate::domain::time::zone::Zone;
use crate::http::blocking;
use crate::http::reply::csv_file;
use crate::service::reports::{self, FiguresView, LoadReport, LoadView, PersonLoad};
use crate::service::{Error, ValidationErrors, input};

/// A report looks so many days back where nobody says how far.
const LOOKS_BACK: Days = Days::new(26 * 7 - 1);

/// Stretches that can be chosen at a click: days before today, days after today, words.
const STRETCHES: [(u64, u64, &str); 4] = [
    (90, 0, "The last 13 weeks"),
    (181, 0, "The last 26 weeks"),
    (364, 0, "The last 52 weeks"),
    (0, 90, "The next 13 weeks"),
];

/// So many people are drawn; the table has everybody.
const DRAWN: usize = 50;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Hours,
    WorkingHours,
    Shifts,
    WeekendDays,
    Holidays,
    Nights,
}

/// The part of an address that says what is shown.
#[derive(Debug, Default, Deserialize)]
pub struct LoadQuery {
    /// A team's slug; empty: all teams; not there: the visitor's own.
    team: Option<String>,
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
    #[serde(default)]
    by: String,
}

#[derive(Template)]
#[template(path = "pages/load.html")]
struct Load {
    page: PageContext,
    form: Fields,
    teams: TeamChoice,
    measure: Measure,
    /// Other stretches: their query, and words.
    stretches: Vec<(String, &'static str)>,
    /// What the address asks for but the measure.
    query: String,
    report: Option<Report>,
}

struct Report {
    rows: Vec<Row>,
    total: Row,
    chart: Bars,
    balances: Option<Balances>,
    /// How many people are not drawn.
    left_out: usize,
}

/// A line of the table.
struct Row {
    id: Option<String>,
    name: String,
    /// By the order and in the end, in the order of [`Measure::ALL`].
    figures: Vec<(String, String)>,
    /// Given, taken, and the balance.
    covers: [String; 3],
}

impl Measure {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Hours, "hours", "Hours on duty"),
        (Self::WorkingHours, "work", "Hours on duty at work"),
        (Self::Shifts, "shifts", "Shifts"),
        (Self::WeekendDays, "weekends", "Weekend days"),
        (Self::Holidays, "holidays", "Public holidays"),
        (Self::Nights, "nights", "Nights"),
    ];

    fn of(key: &str) -> Self {
        let named = |(_, known, _): &&(Self, &str, &str)| *known == key;
        Self::ALL
            .iter()
            .find(named)
            .map_or(Self::Hours, |one| one.0)
    }

    fn words(self) -> &'static str {
        let found = Self::ALL.iter().find(|(measure, ..)| *measure == self);
        found.map_or("", |(_, _, words)| words)
    }

    const fn value(self, figures: &FiguresView) -> i64 {
        match self {
            Self::Hours => figures.seconds,
            Self::WorkingHours => figures.working_seconds,
            Self::Shifts => figures.shifts,
            Self::WeekendDays => figures.weekend_days,
            Self::Holidays => figures.holiday_days,
            Self::Nights => figures.nights,
        }
    }

    fn show(self, value: i64) -> String {
        match self {
            Self::Hours | Self::WorkingHours => format!("{} h", in_hours(value)),
            _ => value.to_string(),
        }
    }
}

/// `168`, `167.5`: hours with one decimal where they have one, thousands apart, and a true minus.
fn in_hours(seconds: i64) -> String {
    let tenths = (seconds.abs() + 180) / 360;
    let whole = (tenths / 10).to_string();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    let sign = if seconds < 0 && tenths > 0 {
        "\u{2212}"
    } else {
        ""
    };
    match tenths % 10 {
        0 => format!("{sign}{grouped}"),
        tenth => format!("{sign}{grouped}.{tenth}"),
    }
}

impl LoadQuery {
    fn days(&self, zone: &Zone, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Error> {
        let mut errors = ValidationErrors::new();
        let mut read = |pointer: &str, text: &str, default: Option<NaiveDate>| {
            let given = if text.is_empty() {
                default.ok_or(input::BadTime::Date)
            } else {
                input::date(text)
            };
            errors.check(pointer, given)
        };
        let last = read("/last", &self.last, Some(today));
        let before = last.unwrap_or(today).checked_sub_days(LOOKS_BACK);
        let first = read("/first", &self.first, before);
        let days = first.zip(last).filter(|(first, last)| {
            let fits = hours::days(zone, *first, *last).is_some_and(|all| input::fits(&all));
            if !fits {
                let words = "must not lie before the first day, and at most 400 days after it";
                errors.add("/last", words);
            }
            fits
        });
        errors.finish_with(days)
    }
}

/// What both the page and the file show.
struct Wanted {
    page: PageContext,
    form: Fields,
    teams: TeamChoice,
    window: Option<Interval>,
    today: NaiveDate,
}

impl Wanted {
    fn of(visitor: &SignedIn, asked: &LoadQuery) -> Result<Self, PageError> {
        let page = visitor.page("Load", Section::Load)?;
        let teams = TeamChoice::of(&page, visitor.id, asked.team.as_deref())?;
        let today = page.zone.to_local(page.now).date();
        let form = Fields::default().with("team", teams.slug.as_deref().unwrap_or_default());
        let (form, window) = match asked.days(&page.zone, today) {
            Ok((first, last)) => {
                let form = form.with("first", first).with("last", last);
                (form, hours::days(&page.zone, first, last))
            }
            Err(Error::Invalid(errors)) => {
                let form = form.with("first", &asked.first).with("last", &asked.last);
                (form.with_faults(errors), None)
            }
            Err(other) => return Err(other.into()),
        };
        Ok(Self {
            page,
            form,
            teams,
            window,
            today,
        })
    }

    async fn report(&self) -> Result<Option<LoadReport>, PageError> {
        let Some(window) = self.window else {
            return Ok(None);
        };
        let (snapshot, team) = (Arc::clone(&self.page.snapshot), self.teams.slug.clone());
        // (A year of a thousand teams takes longer than the event loop should wait.)
        let work = move || reports::load(&snapshot, team.as_deref(), window);
        Ok(Some(blocking::run(work).await?))
    }
}

/// The report as a page.
#[get("/reports/load")]
pub async fn show(visitor: SignedIn, asked: web::Query<LoadQuery>) -> Answer {
    let wanted = Wanted::of(&visitor, &asked)?;
    let measure = Measure::of(&asked.by);
    let figures = wanted.report().await?;
    let team = wanted.teams.slug.clone().unwrap_or_default();
    let stretch =
        |first: NaiveDate, last: NaiveDate| format!("team={team}&first={first}&last={last}");
    let today = wanted.today;
    let stretches = STRETCHES.iter().filter_map(|(before, after, words)| {
        let first = today.checked_sub_days(Days::new(*before))?;
        let last = today.checked_add_days(Days::new(*after))?;
        Some((stretch(first, last), *words))
    });
    let shown = (wanted.form.value("first"), wanted.form.value("last"));
    visitor.show(&Load {
        query: format!("team={team}&first={}&last={}", shown.0, shown.1),
        stretches: stretches.collect(),
        report: figures.map(|figures| Report::of(&figures, measure)),
        measure,
        page: wanted.page,
        form: wanted.form,
        teams: wanted.teams,
    })
}

/// The report as a file.
#[get("/reports/load.csv")]
pub async fn file(visitor: SignedIn, asked: web::Query<LoadQuery>) -> Answer {
    let wanted = Wanted::of(&visitor, &asked)?;
    let report = wanted
        .report()
        .await?
        .ok_or_else(|| PageError::no_such("stretch of time"))?;
    Ok(csv_file(&report.file_name(), report.csv()?))
}

impl Report {
    fn of(figures: &LoadReport, measure: Measure) -> Self {
        let value = |item: &PersonLoad| measure.value(&item.load.carried);
        let mut drawn: Vec<&PersonLoad> = figures.items.iter().collect();
        drawn.sort_by_key(|item| std::cmp::Reverse(value(item)));
        let left_out = drawn.len().saturating_sub(DRAWN);
        drawn.truncate(DRAWN);
        let rows = drawn.iter().map(|item| {
            let base = measure.value(&item.load.base);
            (&item.person, value(item), base)
        });
        let sum: i64 = figures.items.iter().map(value).sum();
        let people = i64::try_from(figures.items.len()).unwrap_or(i64::MAX);
        let average = sum / people.max(1);
        let chart = Bars::new(rows, average, |value| measure.show(value));
        let changed = drawn.iter().map(|item| (&item.person, item.load.covers));
        let balances = Balances::new(changed, |seconds| format!("{} h", in_hours(seconds)));
        let row = |item: &PersonLoad| {
            let person = &item.person;
            Row::of(person.name.clone(), Some(person.id.clone()), &item.load)
        };
        Self {
            rows: figures.items.iter().map(row).collect(),
            total: Row::of("Together".to_owned(), None, &figures.total),
            chart,
            balances,
            left_out,
        }
    }
}

impl Row {
    fn of(name: String, id: Option<String>, load: &LoadView) -> Self {
        let LoadView {
            base,
            carried,
            covers,
        } = load;
        let figures = Measure::ALL.iter().map(|(measure, ..)| {
            let words = |value| match measure {
                Measure::Hours | Measure::WorkingHours => in_hours(value),
                _ => value.to_string(),
            };
            (words(measure.value(base)), words(measure.value(carried)))
        });
        let plus = if covers.balance_seconds > 0 { "+" } else { "" };
        Self {
            id,
            name,
            figures: figures.collect(),
            covers: [
                in_hours(covers.given_seconds),
                in_hours(covers.taken_seconds),
                format!("{plus}{}", in_hours(covers.balance_seconds)),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_short_and_readable() {
        for (seconds, text) in [
            (0, "0"),
            (604_800, "168"),
            (5_400, "1.5"),
            (-3_600, "\u{2212}1"),
            (-60, "0"),
            (31_536_000, "8\u{202f}760"),
        ] {
            assert_eq!(in_hours(seconds), text, "{seconds}");
        }
    }
}
