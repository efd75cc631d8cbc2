//! Zone, hours and holidays of a person in a form: as they are now, and what of them was changed there.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::form_page::FormAction;
use super::hours::Row;
use super::{Fields, Form, SignedIn, hours};
use crate::domain::people::person::{Holidays, Person};
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::service::people::{self, PersonChange};
use crate::service::values::{self, HolidaysInput, HoursInput};
use crate::service::{ValidationErrors, input};

/// The name of the working hours in a form.
pub const HOURS: &str = "working_hours";

/// The names of the parts of public holidays.
const HOLIDAYS: [&str; 3] = ["holidays.country", "holidays.region", "holidays.observe"];

/// The button that adds a row of hours.
const MORE_HOURS: &str = "more-hours";

/// What the pressed button asks for.
pub fn action(form: &mut Form) -> FormAction {
    if form.get("do") == MORE_HOURS {
        hours::read(form, HOURS);
        return FormAction::Redraw;
    }
    FormAction::Save
}

/// The rows of working hours, with an empty one where that was asked for.
pub fn rows(form: &Fields) -> Vec<Row> {
    let more = usize::from(form.value("do") == MORE_HOURS);
    hours::rows(form, HOURS, more)
}

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
pub fn holidays(errors: &mut ValidationErrors, form: &Form) -> Option<Holidays> {
    let filled = HolidaysInput {
        country: form.non_empty("holidays.country")?,
        region: form.non_empty("holidays.region"),
        observe: Some(form.has("holidays.observe")),
    };
    values::holidays(errors, "/holidays", &filled)
}

/// What of zone, hours and holidays was filled in otherwise than it is now, and from when on that is to hold.
/// What was left alone stays out: on the day that was filled in it may be something else already.
pub fn changed(
    errors: &mut ValidationErrors,
    form: &Form,
    working_hours: &[HoursInput],
    person: &Person,
    visitor: &SignedIn,
) -> PersonChange {
    let now = visitor.now;
    let before = fill(Fields::default(), person, now);
    let had_hours = hours::read(&mut Form::of(before.pairs()), HOURS);
    let is_other = |name: &str| {
        let given = form.all(name);
        let had = before.all(name).filter(|value| !value.is_empty());
        !given.iter().map(String::as_str).eq(had)
    };
    let time_zone = is_other("time_zone").then(|| form.get("time_zone").trim());
    let day = form
        .non_empty("effective_from")
        .and_then(|day| errors.check("/effective_from", input::date(&day)));
    PersonChange {
        effective_from: day.and_then(|day| {
            let from = from(day, time_zone, person, now);
            let from = errors.check("/effective_from", input::within(from, now))?;
            let from = people::check_effective_from(from, &visitor.actor, now);
            errors.check("/effective_from", from)
        }),
        time_zone: time_zone.and_then(|name| values::zone(errors, "/time_zone", name)),
        working_hours: if hours::are_same(&had_hours, working_hours) {
            None
        } else {
            values::hours(errors, "/working_hours", working_hours)
        },
        holidays: HOLIDAYS
            .iter()
            .any(|name| is_other(name))
            .then(|| holidays(errors, form)),
        ..PersonChange::default()
    }
}

/// Midnight of a day, where the person is then.
fn from(day: NaiveDate, moves_to: Option<&str>, person: &Person, now: Timestamp) -> Timestamp {
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
    if is_today { now } else { at }
}
