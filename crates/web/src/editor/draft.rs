//! A rotation as its form has it, and what the services are told of it.

use chrono::{Datelike as _, NaiveTime, Weekday};

use crate::domain::schedule::rotation::{Cadence, Kind, Plan, Revision, Rotation, revise};
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::service::rotations::{FirstInput, HandoffInput, NewRevision, NewRotation};
use crate::service::{Error, ValidationErrors, input};
use crate::{Fields, Form, hours};

/// The name of the duty hours in the form.
pub const HOURS: &str = "duty_hours";

/// What was asked of the form by one of its buttons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormAction {
    /// To be saved, not only looked at.
    pub save: bool,
    /// One more row of duty hours is wanted.
    pub more_hours: bool,
    /// Where in the order something was moved to, and the button that did it.
    pub moved: Option<(usize, &'static str)>,
}

/// Does to the form what the button says that sent it.
pub fn apply_action(form: &mut Form) -> FormAction {
    let button = form.get("do").to_owned();
    let (verb, place) = button.split_once(':').unwrap_or((&button, ""));
    let place: usize = place.parse().unwrap_or_default();
    let mut order = form.take("order");
    order.retain(|id| !id.is_empty());
    let added = form.take("add").pop().filter(|id| !id.is_empty());
    let mut pressed = FormAction::default();
    match verb {
        "save" => pressed.save = true,
        "up" if 0 < place && place < order.len() => {
            order.swap(place - 1, place);
            pressed.moved = Some((place - 1, "up"));
        }
        "down" if place + 1 < order.len() => {
            order.swap(place, place + 1);
            pressed.moved = Some((place + 1, "down"));
        }
        "remove" if place < order.len() => {
            let gone = order.remove(place);
            if form.get("first") == gone {
                form.take("first");
            }
        }
        "more-hours" => pressed.more_hours = true,
        _ => {}
    }
    // Whoever was chosen but not added yet is meant to be in it.
    if let Some(id) = added {
        order.push(id);
        pressed.moved = pressed.moved.or(Some((order.len() - 1, "up")));
    }
    form.put("order", &order);
    pressed
}

/// The form of a revision as it is.
pub fn fields_of(revision: &Revision) -> Fields {
    let mut fields = Fields::default().with("time_zone", revision.time_zone.name());
    for id in &revision.order {
        fields = fields.with("order", id);
    }
    if let Plan::Ordered { handoff, .. } = &revision.plan {
        let start = handoff.start();
        let cadence = Cadence::of(handoff.rule(), start);
        let (unit, every) = match &cadence {
            Some(Cadence::Days(every)) => ("days", *every),
            Some(Cadence::Weeks(every, _)) => ("weeks", *every),
            Some(Cadence::Months(every)) => ("months", *every),
            None => ("rule", 1),
        };
        let days = match cadence {
            Some(Cadence::Weeks(_, days)) => days,
            _ => vec![start.weekday()],
        };
        for day in days {
            fields = fields.with("days", day.to_string().to_lowercase());
        }
        fields = fields
            .with("unit", unit)
            .with("every", every)
            .with("time", start.format("%H:%M"))
            .with("handoff.rule", handoff.rule());
    }
    match &revision.duty_hours {
        Some(duty_hours) => hours::fill(fields, HOURS, duty_hours),
        None => fields,
    }
}

/// How often and at what time of day turns change, as the form says it.
struct CadenceForm {
    cadence: Option<Cadence>,
    rule: String,
    time: NaiveTime,
}

impl CadenceForm {
    fn read(form: &Form, errors: &mut ValidationErrors) -> Option<Self> {
        let time = time_of_day(form, errors);
        let every = errors.check("/every", every(form.get("every")));
        let cadence = match form.get("unit") {
            "rule" => None,
            "days" => Some(Cadence::Days(every?)),
            "months" => Some(Cadence::Months(every?)),
            _ => {
                let days: Vec<Weekday> = form
                    .all("days")
                    .iter()
                    .filter_map(|day| day.parse().ok())
                    .collect();
                if days.is_empty() {
                    errors.add("/days", "choose a day at least");
                    return None;
                }
                Some(Cadence::weeks(every?, &days))
            }
        };
        let rule = match &cadence {
            Some(cadence) => cadence.rule(),
            None => form.get("handoff.rule").trim().to_owned(),
        };
        Some(Self {
            cadence,
            rule,
            time: time?,
        })
    }

    /// Whether it says what the revision says already.
    fn is_as(&self, revision: &Revision) -> bool {
        let Plan::Ordered { handoff, .. } = &revision.plan else {
            return false;
        };
        let plain = Cadence::of(handoff.rule(), handoff.start());
        let same_rule = self.rule == handoff.rule() || plain.is_some() && self.cadence == plain;
        same_rule && self.time == handoff.start().time()
    }

    /// The handoff that begins at the first possible local time from `at` on; or, so that a turn is running then, at
    /// the last one until `at`.
    fn beginning(&self, zone: &Zone, at: Timestamp, is_running: bool) -> Option<HandoffInput> {
        let local = zone.to_local(at);
        // A rule of their own begins on any day.
        let any_day = Cadence::Days(1);
        let cadence = self.cadence.as_ref().unwrap_or(&any_day);
        let start = if is_running {
            cadence.last_until(local, self.time)
        } else {
            cadence.first_from(local, self.time)
        };
        Some(HandoffInput {
            start: start?.format("%Y-%m-%dT%H:%M:%S").to_string(),
            rule: self.rule.clone(),
        })
    }
}

fn time_of_day(form: &Form, errors: &mut ValidationErrors) -> Option<NaiveTime> {
    let text = form.get("time").trim();
    let read = NaiveTime::parse_from_str(text, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"));
    errors.check("/time", read.map_err(|_| "is not a time of day like 10:00"))
}

fn every(text: &str) -> Result<u32, &'static str> {
    let number = if text.trim().is_empty() {
        Ok(1)
    } else {
        text.trim().parse()
    };
    number
        .ok()
        .filter(|number| (1..=99).contains(number))
        .ok_or("must be a number from 1 to 99")
}

/// The instant at which the date that was filled in begins to count: at the time of day of handoffs, or at midnight.
fn chosen_date(
    form: &Form,
    errors: &mut ValidationErrors,
    zone: &Zone,
    time: Option<NaiveTime>,
) -> Option<Timestamp> {
    let Some(text) = form.non_empty("effective_from") else {
        errors.add("/effective_from", "choose a date");
        return None;
    };
    let date = errors.check("/effective_from", input::date(&text))?;
    Some(zone.to_instant(date.and_time(time.unwrap_or(NaiveTime::MIN))))
}

fn zone_of(form: &Form, errors: &mut ValidationErrors) -> Option<Zone> {
    errors.check("/time_zone", Zone::parse(form.get("time_zone").trim()))
}

/// Whose turn it is first, where somebody was chosen: a person, or the place of one who is in the order more than once.
fn first(form: &Form) -> Option<FirstInput> {
    let chosen = form.non_empty("first")?;
    Some(
        chosen
            .parse()
            .map_or(FirstInput::Person(chosen), FirstInput::Index),
    )
}

/// What the form says is to be different from `rotation`, from when on.
///
/// # Errors
/// What is wrong with the form before anybody is asked.
pub fn revision(
    form: &mut Form,
    rotation: &Rotation,
    now: Timestamp,
) -> Result<NewRevision, Error> {
    let mut errors = ValidationErrors::new();
    let newest = rotation.newest();
    let is_ordered = rotation.kind == Kind::Ordered;
    let zone = zone_of(form, &mut errors);
    let said = if is_ordered {
        CadenceForm::read(form, &mut errors)
    } else {
        None
    };
    let when = form.get("when").to_owned();
    let chosen = match (when.as_str(), &zone) {
        ("now", _) => Some(now),
        ("date", Some(zone)) => {
            chosen_date(form, &mut errors, zone, said.as_ref().map(|said| said.time))
        }
        _ => None,
    };
    let supplied = said
        .as_ref()
        .filter(|said| !said.is_as(newest))
        .zip(zone.as_ref());
    let handoff = supplied.and_then(|(said, zone)| {
        let at = chosen.unwrap_or_else(|| revise::default_effective_from(rotation, None, now));
        said.beginning(zone, at, when == "now")
    });
    // A new beginning waits for its first handoff, so that nobody's time falls between the two.
    let effective_from = match (&handoff, &zone) {
        (Some(handoff), Some(zone)) if when != "now" => input::local(&handoff.start)
            .ok()
            .map(|start| zone.to_instant(start)),
        _ => chosen,
    };
    let duty_hours =
        is_ordered.then(|| Some(hours::read(form, HOURS)).filter(|rows| !rows.is_empty()));
    let order = form.all("order");
    let is_same = newest
        .order
        .iter()
        .map(ToString::to_string)
        .eq(order.iter().cloned());
    errors.finish()?;
    Ok(NewRevision {
        effective_from: effective_from.map(written),
        time_zone: form.non_empty("time_zone"),
        handoff,
        order: (!is_same).then_some(order),
        duty_hours,
        first: first(form).filter(|_| is_ordered),
    })
}

/// The rotation that the form says.
///
/// # Errors
/// What is wrong with the form before anybody is asked.
pub fn rotation(form: &mut Form, now: Timestamp) -> Result<NewRotation, Error> {
    let mut errors = ValidationErrors::new();
    let is_ordered = form.get("kind") != "follow_the_sun";
    let zone = zone_of(form, &mut errors);
    let said = if is_ordered {
        CadenceForm::read(form, &mut errors)
    } else {
        None
    };
    let time = said.as_ref().map(|said| said.time);
    let chosen = match (form.non_empty("effective_from"), &zone) {
        (Some(_), Some(zone)) => chosen_date(form, &mut errors, zone, time),
        _ => None,
    };
    let begins = said.as_ref().zip(zone.as_ref());
    let handoff =
        begins.and_then(|(said, zone)| said.beginning(zone, chosen.unwrap_or(now), false));
    let duty_hours = Some(hours::read(form, HOURS)).filter(|rows| is_ordered && !rows.is_empty());
    errors.finish()?;
    Ok(NewRotation {
        name: form.get("name").to_owned(),
        title: form.get("title").to_owned(),
        kind: if is_ordered {
            "ordered"
        } else {
            "follow_the_sun"
        }
        .to_owned(),
        time_zone: form.get("time_zone").trim().to_owned(),
        handoff,
        order: form.all("order"),
        duty_hours,
        fallback_rotation_id: form.non_empty("fallback_rotation_id"),
        fallback_when: form.non_empty("fallback_when"),
        effective_from: chosen.filter(|_| !is_ordered).map(written),
        first: first(form).filter(|_| is_ordered),
    })
}

/// An instant as commands have it.
fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(button: &str, order: &str, add: &str) -> (String, FormAction) {
        let mut pairs = vec![("do", button), ("add", add)];
        pairs.extend(order.split(' ').map(|id| ("order", id)));
        let mut form = Form::of(pairs);
        let pressed = apply_action(&mut form);
        (form.all("order").join(" "), pressed)
    }

    #[test]
    fn buttons_move_and_remove_and_add() {
        for (button, add, after, moved) in [
            ("up:1", "", "b a c", Some((0, "up"))),
            ("up:0", "", "a b c", None),
            ("up:9", "", "a b c", None),
            ("down:1", "", "a c b", Some((2, "down"))),
            ("down:2", "", "a b c", None),
            ("remove:0", "", "b c", None),
            ("add", "d", "a b c d", Some((3, "up"))),
            ("save", "d", "a b c d", Some((3, "up"))),
            ("up:x", "", "a b c", None),
            ("", "", "a b c", None),
        ] {
            let (order, pressed) = pressed(button, "a b c", add);
            assert_eq!((order.as_str(), pressed.moved), (after, moved), "{button}");
            assert_eq!(pressed.save, button == "save");
        }
    }

    fn said(pairs: &[(&str, &str)]) -> (Option<CadenceForm>, Vec<String>) {
        let mut errors = ValidationErrors::new();
        let said = CadenceForm::read(&Form::of(pairs.iter().copied()), &mut errors);
        let found = match errors.finish() {
            Err(Error::Invalid(found)) => found.into_iter().map(|fault| fault.pointer).collect(),
            _ => Vec::new(),
        };
        (said, found)
    }

    #[test]
    fn plain_words_become_a_rule_and_a_beginning() {
        let london = Zone::parse("Europe/London").unwrap();
        let wednesday = "2026-03-04T12:00:00Z".parse().unwrap();
        for (pairs, ahead, running) in [
            (
                &[("unit", "weeks"), ("days", "mon"), ("time", "10:00")][..],
                "2026-03-09T10:00:00",
                "2026-03-02T10:00:00",
            ),
            (
                &[("unit", "days"), ("every", "2"), ("time", "10:00")],
                "2026-03-05T10:00:00",
                "2026-03-04T10:00:00",
            ),
            (
                &[
                    ("unit", "rule"),
                    ("handoff.rule", "FREQ=HOURLY;INTERVAL=12"),
                    ("time", "13:00"),
                ],
                "2026-03-04T13:00:00",
                "2026-03-03T13:00:00",
            ),
        ] {
            let (said, errors) = said(pairs);
            assert!(errors.is_empty(), "{errors:?}");
            let said = said.unwrap();
            assert_eq!(
                said.beginning(&london, wednesday, false).unwrap().start,
                ahead
            );
            assert_eq!(
                said.beginning(&london, wednesday, true).unwrap().start,
                running
            );
        }
        assert_eq!(
            said(&[("unit", "weeks"), ("every", "0"), ("time", "x")]).1,
            ["/time", "/every", "/days"]
        );
    }
}
