//! Reading instants, dates and windows as the contract has them.

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc};

use super::error::Error;
use super::errors::ValidationErrors;
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};

/// How far ahead of now an instant may lie: five years.
const AHEAD: Months = Months::new(5 * 12);

/// How long a window may be.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(400);

/// A list that comes whole has at most so many elements: more than one rotation of hours has in the longest window.
pub const MOST_IN_WINDOW: usize = 10_000;

/// Gaps come with who could take over, which makes them larger.
pub const MOST_GAPS: usize = 5_000;

/// Refuses a window with more in it than is listed.
///
/// # Errors
/// [`Error::Invalid`] at `until`.
pub fn check_count(count: usize, most: usize, what: &str) -> Result<(), Error> {
    if count <= most {
        return Ok(());
    }
    Err(Error::invalid(
        "/until",
        format!("the window has more than {most} {what}: ask for a shorter one"),
    ))
}

/// What is wrong with an instant, a date or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// Not RFC 3339.
    #[error("is not an instant like 2026-03-02T10:00:00Z")]
    Timestamp,
    /// Parts of a second.
    #[error("must have whole seconds")]
    Fraction,
    /// Not a local date-time.
    #[error("is not a local date and time like 2026-03-02T10:00:00, without an offset")]
    Local,
    /// Not a date.
    #[error("is not a date like 2026-03-02")]
    Date,
    /// Before 1970, or more than five years ahead.
    #[error("must lie between 1970 and five years ahead")]
    OutOfBounds,
}

/// An instant in RFC 3339, with any offset; parts of a second other than zero are refused.
///
/// ```
/// use dogwatch_service::input::instant;
///
/// assert_eq!(instant("2026-03-02T10:00:00.000+01:00"), instant("2026-03-02T09:00:00Z"));
/// assert!(instant("2026-03-02T10:00:00.5Z").is_err());
/// assert!(instant("2026-03-02T10:00:00").is_err());
/// ```
///
/// # Errors
/// Where it is something else.
pub fn instant(text: &str) -> Result<Timestamp, BadTime> {
    // The library also takes a blank between date and time, and blanks around.
    if text
        .as_bytes()
        .get(10)
        .is_none_or(|t| !t.eq_ignore_ascii_case(&b'T'))
    {
        return Err(BadTime::Timestamp);
    }
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| BadTime::Timestamp)?;
    if at.nanosecond() == 0 {
        Ok(at.with_timezone(&Utc))
    } else {
        Err(BadTime::Fraction)
    }
}

/// An instant of a query. A plus that was not escaped arrives as a blank: before an offset it can be nothing else.
///
/// # Errors
/// Where it is something else, or out of bounds.
pub fn asked(text: &str, now: Timestamp) -> Result<Timestamp, BadTime> {
    let offset = text.rsplit_once(' ').filter(|(_, offset)| {
        let digits = |c: char| c.is_ascii_digit() || c == ':';
        offset.len() == 5 && offset.chars().all(digits)
    });
    match offset {
        Some((time, offset)) => bounded(&format!("{time}+{offset}"), now),
        None => bounded(text, now),
    }
}

/// An instant between 1970 and five years ahead.
///
/// # Errors
/// Where it is something else.
pub fn bounded(text: &str, now: Timestamp) -> Result<Timestamp, BadTime> {
    within(instant(text)?, now)
}

/// The instant, where it lies between 1970 and five years ahead.
///
/// # Errors
/// Where it does not.
pub fn within(at: Timestamp, now: Timestamp) -> Result<Timestamp, BadTime> {
    let last = now.checked_add_months(AHEAD).unwrap_or(now);
    if (DateTime::UNIX_EPOCH..=last).contains(&at) {
        Ok(at)
    } else {
        Err(BadTime::OutOfBounds)
    }
}

/// A date-time on a wall clock: `2026-03-02T10:00:00` (seconds may be left out), no offset.
///
/// # Errors
/// Where it is something else.
pub fn local(text: &str) -> Result<NaiveDateTime, BadTime> {
    let day = text.split_once('T').and_then(|(day, _)| date(day).ok());
    if day.is_none() {
        return Err(BadTime::Local);
    }
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"))
        .map_err(|_| BadTime::Local)?;
    if at.nanosecond() == 0 {
        Ok(at)
    } else {
        Err(BadTime::Fraction)
    }
}

/// A date: `2026-03-02`.
///
/// # Errors
/// Where it is something else.
pub fn date(text: &str) -> Result<NaiveDate, BadTime> {
    // The library also takes `2026-3-2` and signs; only what it would write itself is a date here.
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|date| date.to_string() == text)
        .ok_or(BadTime::Date)
}

/// The instant asked about: `at`, or now.
///
/// # Errors
/// [`Error::Invalid`] at `/at`.
pub fn at_or_now(at: Option<&str>, now: Timestamp) -> Result<Timestamp, Error> {
    at.map_or(Ok(now), |text| {
        asked(text, now).map_err(|bad| Error::invalid("/at", bad.to_string()))
    })
}

/// The window `[from, until)`: `from` defaults to now, `until` to four weeks later; at most 400 days.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong with the two.
pub fn window(from: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Interval, Error> {
    let mut errors = ValidationErrors::new();
    let window = check_window(&mut errors, from, until, now);
    errors.finish_with(window)
}

/// The same, for who has more to check.
pub fn check_window(
    errors: &mut ValidationErrors,
    from: Option<&str>,
    until: Option<&str>,
    now: Timestamp,
) -> Option<Interval> {
    let from = errors.check("/from", from.map_or(Ok(now), |text| asked(text, now)));
    let until = errors.check_some("/until", until, |text| asked(text, now));
    let from = from?;
    let until = until?.unwrap_or(from + TimeDelta::weeks(4));
    check_length(errors, from, until)
}

/// What a list is limited to, by `from` and `until`, each of which may be left out; where both are
/// given they are a window like any other.
pub fn check_bounds(
    errors: &mut ValidationErrors,
    from: Option<&str>,
    until: Option<&str>,
    now: Timestamp,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let from = errors.check_some("/from", from, |text| asked(text, now));
    let until = errors.check_some("/until", until, |text| asked(text, now));
    let (from, until) = (from?, until?);
    if let Some((from, until)) = from.zip(until) {
        check_length(errors, from, until)?;
    }
    Some((from, until))
}

/// The interval from `start` to `end`, both of which must be given; at most 400 days.
pub fn check_interval(
    errors: &mut ValidationErrors,
    start: Option<&str>,
    end: Option<&str>,
    now: Timestamp,
) -> Option<Interval> {
    let mut read = |pointer, given: Option<&str>| {
        let text = errors.required(pointer, given)?;
        errors.check(pointer, asked(text, now))
    };
    let (start, end) = (read("/start", start), read("/end", end));
    let interval = Interval::new(start?, end?);
    if !interval.as_ref().is_some_and(fits) {
        errors.add("/end", "must lie after `start`, at most 400 days later");
        return None;
    }
    interval
}

/// Whether a window is short enough: at most 400 days.
#[must_use]
pub fn fits(window: &Interval) -> bool {
    window.seconds() <= LONGEST_WINDOW.num_seconds()
}

/// The window from one instant to another, which is at most 400 days later.
pub fn check_length(
    errors: &mut ValidationErrors,
    from: Timestamp,
    until: Timestamp,
) -> Option<Interval> {
    let window = Interval::new(from, until);
    if window.is_none() {
        errors.add("/until", "must lie after `from`");
    }
    if window.as_ref().is_some_and(|window| !fits(window)) {
        errors.add("/until", "must lie at most 400 days after `from`");
        return None;
    }
    window
}

/// The instant, or nothing for what never ends: as ends are shown.
#[must_use]
pub fn unless_forever(end: Timestamp) -> Option<Timestamp> {
    (end < FOREVER).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_an_offset_and_whole_seconds() {
        for good in [
            "2026-03-02T10:00:00Z",
            "2026-03-02t10:00:00z",
            "2026-03-02T10:00:00.000Z",
            "2026-03-02T11:00:00+01:00",
            "2026-03-02T04:30:00-05:30",
        ] {
            assert_eq!(
                instant(good).unwrap().to_rfc3339(),
                "2026-03-02T10:00:00+00:00",
                "{good}"
            );
        }
        for bad in [
            "",
            "now",
            "2026-03-02",
            "2026-03-02T10:00:00",
            "2026-03-02 10:00:00Z",
            " 2026-03-02T10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T10:00:00+25:00",
            "2026-03-02T10:00:00.1Z",
            "2026-06-30T23:59:60Z",
            "2026-03-02T10:00:00é",
            "1772445600",
        ] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plus_that_became_a_blank_is_a_plus() {
        let now = instant("2026-03-02T10:00:00Z").unwrap();
        for (text, good) in [
            ("2026-03-02T11:00:00 01:00", true),
            ("2026-03-02T11:00:00+01:00", true),
            ("2026-03-02T11:00:00", false),
            ("2026-03-02 11:00", false),
            ("2026-03-02 11:00:00Z", false),
            ("2026-03-02T11:00:00 Z", false),
        ] {
            let at = at_or_now(Some(text), now);
            assert_eq!(at, if good { Ok(now) } else { at.clone() }, "{text}");
            assert_eq!(at.is_ok(), good, "{text}");
        }
    }

    #[test]
    fn bounds_are_1970_and_five_years_ahead() {
        let now = instant("2026-03-02T10:00:00Z").unwrap();
        for good in ["1970-01-01T00:00:00Z", "2031-03-02T10:00:00Z"] {
            assert!(bounded(good, now).is_ok(), "{good}");
        }
        for bad in [
            "1969-12-31T23:59:59Z",
            "2032-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59Z",
        ] {
            assert!(bounded(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn windows_are_forward_and_at_most_400_days() {
        let now = instant("2026-03-02T10:00:00Z").unwrap();
        let ask = |from, until| window(Some(from), Some(until), now);
        assert!(ask("2026-01-01T00:00:00Z", "2027-02-05T00:00:00Z").is_ok());
        assert!(ask("2026-01-01T00:00:00Z", "2027-02-05T00:00:01Z").is_err());
        assert!(ask("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").is_err());
        let Err(Error::Invalid(errors)) = ask("x", "y") else {
            panic!("both are bad");
        };
        assert_eq!(errors.len(), 2);
        assert_eq!(window(None, None, now).unwrap().seconds(), 4 * 7 * 86_400);
    }

    #[test]
    fn local_times_and_dates_have_no_offset() {
        assert!(local("2026-03-02T10:00:00").is_ok());
        for bad in [
            "2026-03-02T10:00:00Z",
            "2026-03-02",
            "2026-03-02T10:00:00.5",
            "2026-13-02T10:00:00",
        ] {
            assert!(local(bad).is_err(), "{bad}");
        }
        assert!(date("2026-03-02").is_ok());
        for bad in ["2026-3-2", "02.03.2026", "2026-02-30", "+02026-3-2"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
