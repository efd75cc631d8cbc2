//! Reports: who carried how much.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::schedule_issues::of_team;
use super::views::PersonRef;
use super::{Error, ValidationErrors, input};
use crate::domain::ids::PersonId;
use crate::domain::people::person::Role;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::load::{self, Covers, Figures, Load};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::Snapshot;

/// A report looks so far back where nobody says how far.
const LOOKS_BACK: TimeDelta = TimeDelta::weeks(26);

/// Who carried how much of a team's rotations, or of all, in a window.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoadReport {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub until: DateTime<Utc>,
    /// The team's slug; null: all rotations.
    pub team: Option<String>,
    /// Whoever carried something, and everybody of the team: by name.
    pub items: Vec<PersonLoad>,
    /// All of them together.
    pub total: LoadView,
}

/// What somebody carried.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonLoad {
    /// Who.
    pub person: PersonRef,
    /// What they carried, over the rotations of the report.
    #[serde(flatten)]
    pub load: LoadView,
}

/// By the core order, in the end, and what lies between the two.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct LoadView {
    /// By the core order, or the plan.
    pub base: FiguresView,
    /// In the end: after swaps and other overrides.
    #[serde(rename = "final")]
    pub carried: FiguresView,
    /// What changed hands.
    pub covers: BalanceView,
}

/// What somebody had of the duties. Days and nights are those of which they had a duty for any part, by their own
/// clock, counted for each rotation.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct FiguresView {
    /// Shifts that begin in the window.
    pub shifts: i64,
    /// Time on duty.
    pub seconds: i64,
    /// Time on duty in which they were at work.
    pub working_seconds: i64,
    /// Saturdays and Sundays.
    pub weekend_days: i64,
    /// Public holidays that count as not working for them.
    pub holiday_days: i64,
    /// Midnight to six in the morning.
    pub nights: i64,
}

/// Time that changed hands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct BalanceView {
    /// Their own time that others had in the end.
    pub given_seconds: i64,
    /// Others' time that they had in the end.
    pub taken_seconds: i64,
    /// Taken less given: negative where they owe.
    pub balance_seconds: i64,
}

/// The window of a report: `until` is now, and `from` 26 weeks before it, unless something else is said.
///
/// # Errors
///
/// [`Error::Invalid`] with everything that is wrong with the two.
pub fn window(from: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Interval, Error> {
    let mut errors = ValidationErrors::new();
    let bounds = input::check_bounds(&mut errors, from, until, now);
    let window = bounds.and_then(|(from, until)| {
        let until = until.unwrap_or(now);
        let from = from.unwrap_or(until - LOOKS_BACK);
        input::check_length(&mut errors, from, until)
    });
    errors.finish_with(window)
}

/// The load report of a team (everybody who was in it for any of the window, and whoever else carried something), or of all rotations.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such team.
pub fn load(
    snapshot: &Snapshot,
    team: Option<&str>,
    window: Interval,
) -> Result<LoadReport, Error> {
    let mut loads: BTreeMap<PersonId, Load> = BTreeMap::new();
    for timeline in of_team(snapshot, team)? {
        for (person, one) in load::of(timeline, snapshot.people(), window) {
            *loads.entry(person).or_default() += one;
        }
    }
    let members = team
        .and_then(|slug| snapshot.team_of_slug(slug))
        .into_iter()
        .flat_map(|team| team.members_within(window))
        .filter(|id| takes_part(snapshot, *id, window));
    for id in members {
        loads.entry(id).or_default();
    }
    let mut total = Load::default();
    for one in loads.values() {
        total += *one;
    }
    let mut items: Vec<PersonLoad> = loads
        .into_iter()
        .map(|(id, one)| PersonLoad {
            person: PersonRef::of(snapshot, id, window.start()),
            load: LoadView::from(&one),
        })
        .collect();
    // (The sort is stable: namesakes stay in the order of their ids.)
    items.sort_by_cached_key(|item| item.person.name.to_lowercase());
    Ok(LoadReport {
        from: window.start(),
        until: window.end(),
        team: team.map(str::to_owned),
        items,
        total: LoadView::from(&total),
    })
}

/// Whether somebody who carried nothing could have.
fn takes_part(snapshot: &Snapshot, id: PersonId, window: Interval) -> bool {
    snapshot
        .person(id)
        .is_some_and(|person| person.role != Role::Viewer && person.active_at(window.start()))
}

impl From<&Load> for LoadView {
    fn from(load: &Load) -> Self {
        Self {
            base: (&load.base).into(),
            carried: (&load.carried).into(),
            covers: (&load.covers).into(),
        }
    }
}

impl From<&Figures> for FiguresView {
    fn from(figures: &Figures) -> Self {
        Self {
            shifts: figures.shifts,
            seconds: figures.seconds,
            working_seconds: figures.working_seconds,
            weekend_days: figures.weekend_days,
            holiday_days: figures.holiday_days,
            nights: figures.nights,
        }
    }
}

impl From<&Covers> for BalanceView {
    fn from(covers: &Covers) -> Self {
        Self {
            given_seconds: covers.given,
            taken_seconds: covers.taken,
            balance_seconds: covers.balance(),
        }
    }
}

/// The columns of a report for spreadsheets.
const COLUMNS: [&str; 17] = [
    "person_id",
    "name",
    "base_shifts",
    "base_hours",
    "base_working_hours",
    "base_weekend_days",
    "base_holiday_days",
    "base_nights",
    "final_shifts",
    "final_hours",
    "final_working_hours",
    "final_weekend_days",
    "final_holiday_days",
    "final_nights",
    "covers_given_hours",
    "covers_taken_hours",
    "covers_balance_hours",
];

impl LoadReport {
    /// How a file with it is called.
    #[must_use]
    pub fn file_name(&self) -> String {
        let team = self.team.as_deref().unwrap_or("all");
        let (from, until) = (self.from.date_naive(), self.until.date_naive());
        format!("load-{team}-{from}-{until}.csv")
    }

    /// The report for spreadsheets (RFC 4180): one line for each person, hours with two decimals.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where it cannot be written.
    pub fn csv(&self) -> Result<String, Error> {
        const WHAT: &str = "a report cannot be written";
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        let failed = |error: csv::Error| Error::caused(WHAT, error);
        writer.write_record(COLUMNS).map_err(failed)?;
        for item in &self.items {
            writer.write_record(cells(item)).map_err(failed)?;
        }
        let bytes = writer.into_inner();
        let bytes = bytes.map_err(|error| Error::caused(WHAT, error.into_error()))?;
        String::from_utf8(bytes).map_err(|error| Error::caused(WHAT, error))
    }
}

fn cells(item: &PersonLoad) -> Vec<String> {
    let LoadView {
        base,
        carried,
        covers,
    } = &item.load;
    let mut cells = vec![item.person.id.clone(), as_text(&item.person.name)];
    for figures in [base, carried] {
        cells.extend([
            figures.shifts.to_string(),
            hours(figures.seconds),
            hours(figures.working_seconds),
            figures.weekend_days.to_string(),
            figures.holiday_days.to_string(),
            figures.nights.to_string(),
        ]);
    }
    let changed = [
        covers.given_seconds,
        covers.taken_seconds,
        covers.balance_seconds,
    ];
    cells.extend(changed.map(hours));
    cells
}

/// A text that is no formula for a spreadsheet, at its start or after anything that a spreadsheet may take for the
/// end of a cell, which depends on where it is opened: what would begin one is marked as text by an apostrophe.
fn as_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        let is_formula = matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'
        );
        if begins && is_formula {
            safe.push('\'');
        }
        safe.push(c);
        // Blanks and quotes before it do not help.
        begins = matches!(c, ',' | ';' | '|' | '\t' | '\r' | '\n')
            || (begins && (c == '"' || c.is_whitespace()));
    }
    safe
}

/// Hours with two decimals, rounded: `-1.50`.
fn hours(seconds: i64) -> String {
    let hundredths = (seconds.abs() + 18) / 36;
    let sign = if seconds < 0 && hundredths > 0 {
        "-"
    } else {
        ""
    };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_have_two_decimals() {
        for (seconds, text) in [
            (0, "0.00"),
            (3600, "1.00"),
            (-5400, "-1.50"),
            (17, "0.00"),
            (-17, "0.00"),
            (18, "0.01"),
            (604_800, "168.00"),
            (-90_061, "-25.02"),
        ] {
            assert_eq!(hours(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn names_are_no_formulas() {
        for (name, text) in [
            ("=1+1", "'=1+1"),
            ("@a", "'@a"),
            ("Ann;=1+1", "Ann;'=1+1"),
            ("Ann,-1", "Ann,'-1"),
            ("Ann; \"+1", "Ann; \"'+1"),
            ("Ann|@SUM(A1)", "Ann|'@SUM(A1)"),
            ("a\t=1", "a\t'=1"),
            ("\t=1", "'\t'=1"),
            ("\r-1", "'\r'-1"),
            ("a\n+1", "a\n'+1"),
            ("＝1", "'＝1"),
            ("Ann-Marie", "Ann-Marie"),
            ("Lee, Ann = a+b@c", "Lee, Ann = a+b@c"),
            ("", ""),
        ] {
            assert_eq!(as_text(name), text, "{name:?}");
        }
    }
}
