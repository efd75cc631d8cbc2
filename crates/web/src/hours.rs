//! Weekly hours in a form: rows of days, a start and an end, called `NAME.0.days`, `NAME.0.start` …

use super::fields::{Checks, Input, Select};
use super::{Fields, Form};
use crate::domain::time::hours::{Day, WeeklyHours};
use crate::service::values::HoursInput;

/// Days as forms send them, and as people read them.
pub const DAYS: [(&str, &str); 7] = [
    ("mon", "Mon"),
    ("tue", "Tue"),
    ("wed", "Wed"),
    ("thu", "Thu"),
    ("fri", "Fri"),
    ("sat", "Sat"),
    ("sun", "Sun"),
];

/// More rows than anybody needs.
const MOST: usize = 50;

/// The parts of a row.
const PARTS: [&str; 4] = ["days", "start", "end", "end_day"];

/// One row of a form.
pub struct Row {
    /// On which days they start.
    pub days: Checks,
    /// When they start.
    pub start: Input,
    /// When they end.
    pub end: Input,
    /// On which day they end, where it is not the same or the next.
    pub end_day: Select,
}

fn named(name: &str, index: usize, part: &str) -> String {
    format!("{name}.{index}.{part}")
}

/// The form with these hours filled in.
pub fn fill(mut fields: Fields, name: &str, hours: &WeeklyHours) -> Fields {
    for (index, rule) in hours.0.iter().enumerate() {
        for day in &rule.days {
            fields = fields.with(&named(name, index, "days"), code(*day));
        }
        let clock = |time| String::from(time).replace("24:00", "00:00");
        fields = fields
            .with(&named(name, index, "start"), clock(rule.start))
            .with(&named(name, index, "end"), clock(rule.end));
        if let Some(day) = rule.end_day {
            fields = fields.with(&named(name, index, "end_day"), code(day));
        }
    }
    fields
}

const fn code(day: Day) -> &'static str {
    match day {
        Day::Mon => "mon",
        Day::Tue => "tue",
        Day::Wed => "wed",
        Day::Thu => "thu",
        Day::Fri => "fri",
        Day::Sat => "sat",
        Day::Sun => "sun",
    }
}

/// What was filled in. Rows that were left empty are taken out of the form, so that what is wrong with one is said
/// beside it.
pub fn read(form: &mut Form, name: &str) -> Vec<HoursInput> {
    let mut found = Vec::new();
    for index in 0..MOST {
        let [days, start, end, end_day] = PARTS.map(|part| form.take(&named(name, index, part)));
        let first = |values: &[String]| values.first().cloned().unwrap_or_default();
        let (start, end) = (first(&start), first(&end));
        if days.is_empty() && start.is_empty() && end.is_empty() {
            continue;
        }
        let row = found.len();
        let end_day = end_day.into_iter().next().filter(|day| !day.is_empty());
        for (part, values) in [
            ("days", days.as_slice()),
            ("start", std::slice::from_ref(&start)),
            ("end", std::slice::from_ref(&end)),
            ("end_day", end_day.as_slice()),
        ] {
            form.put(&named(name, row, part), values);
        }
        found.push(HoursInput {
            days,
            start,
            end,
            end_day,
        });
    }
    found
}

/// Whether two fillings say the same.
pub fn are_same(some: &[HoursInput], others: &[HoursInput]) -> bool {
    let said = |row: &HoursInput| {
        (
            row.days.clone(),
            row.start.clone(),
            row.end.clone(),
            row.end_day.clone().filter(|day| !day.is_empty()),
        )
    };
    some.iter().map(said).eq(others.iter().map(said))
}

/// The rows of a form, with `more` empty ones at the end.
pub fn rows(fields: &Fields, name: &str, more: usize) -> Vec<Row> {
    let filled = |index: &usize| {
        PARTS
            .iter()
            .any(|part| fields.all(&named(name, *index, part)).next().is_some())
    };
    let count = (0..MOST).take_while(filled).count();
    (0..count + more)
        .map(|index| row(fields, name, index))
        .collect()
}

fn row(fields: &Fields, name: &str, index: usize) -> Row {
    let called = |part: &str| named(name, index, part);
    let ends = [("", "the same or next day")];
    Row {
        days: fields.checks(called("days"), "On", DAYS),
        start: fields.time(called("start"), "From"),
        end: fields.time(called("end"), "Until"),
        end_day: fields.select(called("end_day"), "Ends on", ends.into_iter().chain(DAYS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_rows_are_left_out_and_the_rest_moves_up() {
        let pairs = [
            ("hours.0.start", ""),
            ("hours.1.days", "mon"),
            ("hours.1.days", "tue"),
            ("hours.1.start", "09:00"),
            ("hours.1.end", ""),
            ("name", "x"),
        ];
        let mut form = Form::of(pairs);
        let read = read(&mut form, "hours");
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].days, ["mon", "tue"]);
        assert_eq!(
            (read[0].start.as_str(), read[0].end.as_str()),
            ("09:00", "")
        );
        let fields = form.fields();
        assert!(fields.holds("hours.0.days", "tue"));
        assert_eq!(rows(&fields, "hours", 1).len(), 2);
        assert_eq!(fields.value("name"), "x");
    }

    #[test]
    fn hours_survive_the_form() {
        let hours: WeeklyHours = serde_json::from_value(serde_json::json!([
            { "days": ["mon", "fri"], "start": "09:00", "end": "24:00" },
            { "days": ["fri"], "start": "17:00", "end": "09:00", "end_day": "mon" },
        ]))
        .unwrap();
        let fields = fill(Fields::default(), "hours", &hours);
        let mut form = Form::of(fields.pairs());
        let read = read(&mut form, "hours");
        assert_eq!(read[0].end, "00:00");
        assert_eq!(read[1].end_day.as_deref(), Some("mon"));
    }
}
