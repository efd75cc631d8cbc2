//! Zone, hours and holidays of a person in a form: as they are now, and what of them was changed there.

use chrono::{NaiveDate, NaiveTime, SecondsFormat, TimeDelta};

use super::{Fields, Form, hours};
use crate::domain::interval::Timestamp;
use crate::domain::person::{Holidays, Person};
use crate::domain::zone::Zone;
use crate::service::people::PersonChange;
use crate::service::values::{HolidaysInput, HoursInput};
use crate::service::{Error, input};

/// The name of the working hours in a form.
pub const HOURS: &str = "working_hours";

/// The names of the parts of public holidays.
const HOLIDAYS: [&str; 3] = ["holidays.country", "holidays.region", "holidays.observe"];

/// The form with what holds at `now` filled in.
pub fn fill(form: Fields, person: &Person, now: Timestamp) -> Fields {
    let Some(profile) = person.profile(now) else {
        return form;
    };
    let form = form.with("time_zone", &profile.time_zone);
    let form = hours::fill(form, HOURS, &profile.working_hours);
    match &profile.holidays {
        Some(holidays) => with_holidays(form, holidays),
        None => form,
    }
}

fn with_holidays(form: Fields, holidays: &Holidays) -> Fields {
    let form = form.with("holidays.country", &holidays.country).with(
        "holidays.region",
        holidays.region.as_deref().unwrap_or_default(),
    );
    if holidays.observe {
        form.with("holidays.observe", "yes")
    } else {
        form
    }
}

/// The public holidays that were filled in.
pub fn holidays(form: &Form) -> Option<HolidaysInput> {
    Some(HolidaysInput {
        country: form.filled("holidays.country")?,
        region: form.filled("holidays.region"),
        observe: Some(form.has("holidays.observe")),
    })
}

/// What of zone, hours and holidays was filled in otherwise than it is at `now`, and from when on that is to hold.
/// What was left alone is not sent: on the day that was filled in it may be something else already.
///
/// # Errors
/// Where the day is none.
pub fn changed(
    form: &Form,
    working_hours: Vec<HoursInput>,
    person: &Person,
    now: Timestamp,
) -> Result<PersonChange, Error> {
    let before = fill(Fields::default(), person, now);
    let had_hours = hours::read(&mut Form::of(before.pairs()), HOURS);
    let is_other = |name: &str| {
        let given = form.all(name);
        let had = before.all(name).filter(|value| !value.is_empty());
        !given.iter().map(String::as_str).eq(had)
    };
    let time_zone = is_other("time_zone").then(|| form.get("time_zone").trim().to_owned());
    let day = form
        .filled("effective_from")
        .map(|day| input::date(&day))
        .transpose()
        .map_err(|error| Error::invalid("/effective_from", error.to_string()))?;
    Ok(PersonChange {
        effective_from: day.map(|day| from(day, time_zone.as_deref(), person, now)),
        working_hours: (!hours::are_same(&had_hours, &working_hours)).then_some(working_hours),
        holidays: HOLIDAYS
            .iter()
            .any(|name| is_other(name))
            .then(|| holidays(form)),
        time_zone,
        ..PersonChange::default()
    })
}

/// Midnight of a day, where the person is then.
fn from(day: NaiveDate, moves_to: Option<&str>, person: &Person, now: Timestamp) -> String {
    let zone = match moves_to {
        // What is wrong with the zone is said about the zone.
        Some(name) => Zone::parse(name).unwrap_or_else(|_| Zone::utc()),
        // By noon in Greenwich it is past midnight nearly everywhere.
        None => {
            person.zone(Zone::utc().to_instant(day.and_time(NaiveTime::MIN)) + TimeDelta::hours(12))
        }
    };
    let at = zone.to_instant(day.and_time(NaiveTime::MIN));
    // Today is now: whatever was so far stays as it was.
    let is_today = at <= now && zone.to_local(now).date() == day;
    let at = if is_today { now } else { at };
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
