//! People as a table: what a spreadsheet gives, for the first day.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::people::{self, NewPerson};
use super::values::{self, HoursInput};
use super::{Error, ValidationErrors};
use crate::domain::people::person::Role;
use crate::domain::time::hours::WeeklyHours;
use crate::snapshot::Snapshot;

/// The days of an office week.
const OFFICE_DAYS: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

/// What columns are called.
const COLUMNS: [&str; 5] = ["name", "email", "time_zone", "role", "hours"];

/// Those that must be there.
const NEEDED: [&str; 3] = ["name", "email", "time_zone"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    email: String,
    time_zone: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    hours: Option<String>,
}

/// Reads people, a line each, below a line of headers: `name`, `email`, `time_zone`, and if wanted `role` and `hours`
/// (`09:00-17:00`, Monday to Friday). Fields are parted by commas, semicolons or tabs, as the headers are; headers may
/// be written as people write them (`E-mail`, `Time zone`).
///
/// ```
/// use dogwatch_service::import;
/// use dogwatch_service::snapshot::Snapshot;
///
/// let table = "Name;E-mail;Time zone\nAda;ada@example.com;Europe/Berlin\n";
/// let people = import::read(table, &Snapshot::default()).unwrap();
/// assert_eq!(people[0].email, "ada@example.com");
/// ```
///
/// # Errors
/// [`Error::Invalid`] with every line that is no person, by its index.
pub fn read(text: &str, known: &Snapshot) -> Result<Vec<NewPerson>, Error> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b'\t', b';']
        .into_iter()
        .find(|mark| first.contains(char::from(*mark)));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let bad = |error: csv::Error| Error::invalid("", error.to_string());
    let headers: csv::StringRecord = reader.headers().map_err(bad)?.iter().map(plain).collect();
    if let Some(other) = headers.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(Error::invalid(
            "",
            format!(
                "the first line names a column “{other}”; those there are: name, email, time_zone, role, hours"
            ),
        ));
    }
    if let Some(missing) = NEEDED
        .iter()
        .find(|name| !headers.iter().any(|one| one == **name))
    {
        return Err(Error::invalid(
            "",
            format!(
                "the first line must say what the columns are, and there is no column “{missing}”"
            ),
        ));
    }
    reader.set_headers(headers);
    let mut errors = ValidationErrors::new();
    let mut rows = Vec::new();
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let Some(row) = errors.check(format!("/{index}"), row.map_err(|error| why(&error))) else {
            continue;
        };
        let hours = row.hours.as_deref().filter(|hours| !hours.is_empty());
        let hours = errors.check_some(format!("/{index}/hours"), hours, office_hours);
        rows.extend(hours.map(|hours| (index, row, hours)));
    }
    errors.finish()?;
    let mut errors = ValidationErrors::new();
    // Every row is read, also those after one that is bad.
    let people: Vec<Option<NewPerson>> = rows
        .into_iter()
        .map(|(index, row, hours)| person(&mut errors, index, &row, hours))
        .collect();
    people::check_rows(&mut errors, known, &people);
    errors.finish_with(people.into_iter().collect())
}

fn person(
    errors: &mut ValidationErrors,
    index: usize,
    row: &Row,
    hours: Option<Vec<HoursInput>>,
) -> Option<NewPerson> {
    let at = |field: &str| format!("/{index}/{field}");
    let name = values::line(errors, &at("name"), &row.name, 200);
    let email = values::email(errors, &at("email"), &row.email);
    let time_zone = values::zone(errors, &at("time_zone"), &row.time_zone);
    let working_hours = match hours {
        None => Some(WeeklyHours::default()),
        Some(hours) => values::hours(errors, &at("working_hours"), &hours),
    };
    let role = match row.role.as_deref().filter(|role| !role.is_empty()) {
        None => Some(Role::Member),
        Some(role) => values::role(errors, &at("role"), role),
    };
    Some(NewPerson {
        name: name?,
        email: email?,
        time_zone: time_zone?,
        working_hours: working_hours?,
        role: role?,
        holidays: None,
        external_ids: BTreeMap::new(),
    })
}

/// What is wrong with a line, in plain words.
fn why(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("has {len} values, and the first line names {expected_len} columns")
        }
        _ => error.to_string(),
    }
}

/// A header as the rows know it.
fn plain(header: &str) -> String {
    header
        .trim()
        .to_lowercase()
        .replace('-', "")
        .replace(' ', "_")
}

fn office_hours(text: &str) -> Result<Vec<HoursInput>, &'static str> {
    let (start, end) = text
        .split_once(['-', '–'])
        .ok_or("must be hours like 09:00-17:00")?;
    Ok(vec![HoursInput {
        days: OFFICE_DAYS.map(str::to_owned).to_vec(),
        start: start.trim().to_owned(),
        end: end.trim().to_owned(),
        end_day: None,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_as_spreadsheets_give_them() {
        for text in [
            "name,email,time_zone,role,hours\nAda,a@example.com,Europe/Berlin,viewer,08:00-16:30\n",
            "Name;E-mail;Time zone;Role;Hours\r\nAda;a@example.com;Europe/Berlin;viewer;08:00 – 16:30\r\n",
            "\u{feff}Name\tEmail\tTime_Zone\tRole\tHours\n\"Ada\"\ta@example.com\tEurope/Berlin\tviewer\t08:00-16:30",
        ] {
            let people = read(text, &Snapshot::default()).unwrap();
            assert_eq!(people.len(), 1, "{text}");
            assert_eq!(
                (people[0].name.as_str(), people[0].role),
                ("Ada", Role::Viewer)
            );
            let hours = &people[0].working_hours.0[0];
            let times = [hours.start, hours.end].map(String::from);
            assert_eq!(times, ["08:00", "16:30"]);
        }
        assert!(
            read("name,email,time_zone\n", &Snapshot::default())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn every_line_that_is_no_person_is_named() {
        let Err(Error::Invalid(errors)) = read(
            "name,email,time_zone,hours\nAda,a,b,soon\nBen\nCy,c,d,\n",
            &Snapshot::default(),
        ) else {
            panic!("two lines are bad");
        };
        let pointers: Vec<&str> = errors.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/0/hours", "/1"]);
        for (text, words) in [
            ("name,email,zone\nAda,a,b\nBen,c,d\n", "a column “zone”"),
            ("name,email\nAda,a\n", "no column “time_zone”"),
            (
                "name,email,time_zone\nAda,a\n",
                "has 2 values, and the first line names 3 columns",
            ),
        ] {
            let Err(Error::Invalid(errors)) = read(text, &Snapshot::default()) else {
                panic!("{text} is no table of people");
            };
            assert_eq!(
                errors.len(),
                1,
                "what is wrong with the columns is said once"
            );
            assert!(errors[0].detail.contains(words), "{errors:?}");
        }
    }
}
