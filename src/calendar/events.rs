//! The events of somebody's calendar, at each of the times at which they happen.
//!
//! Recurrences are expanded on the wall clock and resolved by `domain::zone`, as handoffs are. Dates and
//! times without a zone are those of the calendar's owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

use super::ics::{self, Broken, Component, Line};
use super::zones::Zones;
use crate::domain::absence::{Busy, Event, Status};
use crate::domain::interval::{Instant, Interval};
use crate::domain::zone::Zone;

/// A recurrence is followed so many steps from its start: fifty years of days.
const MOST_STEPS: usize = 20_000;

/// A calendar has at most so many events in the time that is looked at; those that begin first count.
const MOST_EVENTS: usize = 5_000;

/// An event lasts no longer. (Nobody is away for longer; somebody's mistake may be.)
const LONGEST: TimeDelta = TimeDelta::days(800);

/// What was found in a calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In order of start.
    pub events: Vec<Event>,
    /// How many could not be understood.
    pub skipped: usize,
}

/// The events of a calendar that meet `window`. `own` is the zone of its owner.
///
/// # Errors
///
/// [`Broken`] where it is no calendar, or not all of one.
pub fn events(bytes: &[u8], own: &Zone, window: Interval) -> Result<Found, Broken> {
    let mut found = Found::default();
    for calendar in ics::parse(bytes)? {
        let zones = Zones::new(&calendar, own.clone());
        for series in Series::all(&calendar) {
            match series.events(&zones, window) {
                Some(events) => found.events.extend(events),
                None => found.skipped += 1,
            }
        }
    }
    found.events.sort_by_key(|event| event.interval);
    found.events.truncate(MOST_EVENTS);
    Ok(found)
}

/// A time as it is written, and where it is that time.
#[derive(Debug, Clone)]
struct Moment {
    local: NaiveDateTime,
    zone: Zone,
    /// It is a whole day.
    is_date: bool,
}

/// How long each of the times lasts.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// To the same time so many days later, whatever the clocks do meanwhile, and so much more.
    Nominal(u64, TimeDelta),
    /// So long on a stopwatch.
    Exact(TimeDelta),
}

/// What has one UID: mostly one event, which may recur, with those of its times that are different.
struct Series<'a> {
    master: Option<&'a Component>,
    different: Vec<&'a Component>,
}

impl<'a> Series<'a> {
    /// Of two that are the same event, the later one counts.
    fn all(calendar: &'a Component) -> Vec<Self> {
        type Key<'a> = (Option<&'a str>, Option<&'a str>);
        let mut newest: HashMap<Key<'a>, &'a Component> = HashMap::new();
        let mut order: Vec<Key<'a>> = Vec::new();
        let mut all: Vec<Self> = Vec::new();
        let value = |event: &'a Component, name: &str| Some(event.line(name)?.value.trim());
        for event in calendar.parts_called("VEVENT") {
            let Some(uid) = value(event, "UID") else {
                all.push(Self {
                    master: Some(event),
                    different: Vec::new(),
                });
                continue;
            };
            let key = (Some(uid), value(event, "RECURRENCE-ID"));
            match newest.get(&key) {
                Some(other) if sequence(other) > sequence(event) => {}
                Some(_) => drop(newest.insert(key, event)),
                None => {
                    newest.insert(key, event);
                    order.push(key);
                }
            }
        }
        let mut by_uid: BTreeMap<Option<&str>, Self> = BTreeMap::new();
        for key in order {
            let series = by_uid.entry(key.0).or_insert_with(|| Self {
                master: None,
                different: Vec::new(),
            });
            match (key.1, newest.get(&key)) {
                (None, event) => series.master = event.copied(),
                (Some(_), event) => series.different.extend(event.copied()),
            }
        }
        all.extend(by_uid.into_values());
        all
    }

    /// Nothing where one of its times cannot be understood.
    fn events(&self, zones: &Zones<'_>, window: Interval) -> Option<Vec<Event>> {
        let mut found = Vec::new();
        let mut replaced = BTreeSet::new();
        let mut since: BTreeMap<Instant, Since<'_>> = BTreeMap::new();
        for event in &self.different {
            let id = event.line("RECURRENCE-ID")?;
            let instead_of = moment(id, zones)?.instant();
            replaced.insert(instead_of);
            let start = moment(event.line("DTSTART")?, zones)?;
            let length = length(event, &start, zones)?;
            found.extend(happening(event, &start, length, window));
            if id.parameter("RANGE").is_some_and(is_this_and_future) {
                let start = start.instant();
                since.insert(
                    instead_of,
                    Since {
                        event,
                        start,
                        length,
                    },
                );
            }
        }
        if let Some(master) = self.master {
            let start = moment(master.line("DTSTART")?, zones)?;
            let length = length(master, &start, zones)?;
            for time in times(master, &start, zones, window)? {
                let at = time.instant();
                if replaced.contains(&at) {
                    continue;
                }
                found.extend(match since.range(..at).next_back() {
                    Some((from, since)) => {
                        let time = since.moved(&time, *from)?;
                        happening(since.event, &time, since.length, window)
                    }
                    None => happening(master, &time, length, window),
                });
            }
        }
        Some(found)
    }
}

/// What is different from one of its times on (§3.2.13).
struct Since<'a> {
    event: &'a Component,
    /// When that time begins now.
    start: Instant,
    length: Length,
}

impl Since<'_> {
    /// A later time, moved as far on the clock as that of `from` was.
    fn moved(&self, time: &Moment, from: Instant) -> Option<Moment> {
        let by = time.zone.to_local(self.start) - time.zone.to_local(from);
        Some(time.at(time.local.checked_add_signed(by)?))
    }
}

fn is_this_and_future(range: &str) -> bool {
    range.eq_ignore_ascii_case("THISANDFUTURE")
}

fn sequence(event: &Component) -> i64 {
    let line = event.line("SEQUENCE");
    line.and_then(|line| line.value.trim().parse().ok())
        .unwrap_or(0)
}

impl Moment {
    fn instant(&self) -> Instant {
        self.zone.to_instant(self.local)
    }

    fn at(&self, local: NaiveDateTime) -> Self {
        Self {
            local,
            ..self.clone()
        }
    }

    fn after(&self, length: Length) -> Option<Instant> {
        match length {
            Length::Exact(length) => self.instant().checked_add_signed(length),
            Length::Nominal(days, more) => {
                let local = self.local.checked_add_days(Days::new(days))?;
                self.zone.to_instant(local).checked_add_signed(more)
            }
        }
    }
}

/// The event at one of its times, if it lasts at all and the window shows it.
fn happening(event: &Component, start: &Moment, length: Length, window: Interval) -> Option<Event> {
    let start_at = start.instant();
    let end = start
        .after(length)?
        .min(start_at.checked_add_signed(LONGEST)?);
    let interval = Interval::new(start_at, end)?;
    interval.overlaps(&window).then(|| Event {
        title: event.line("SUMMARY").map(Line::text).unwrap_or_default(),
        status: status(event),
        busy: busy(event),
        interval,
    })
}

fn status(event: &Component) -> Status {
    let office = event.word("X-MICROSOFT-CDO-BUSYSTATUS");
    match event.word("STATUS").as_deref() {
        Some("CANCELLED") => Status::Cancelled,
        Some("TENTATIVE") => Status::Tentative,
        _ if office.as_deref() == Some("TENTATIVE") => Status::Tentative,
        _ => Status::Confirmed,
    }
}

fn busy(event: &Component) -> Busy {
    let transparent = event.word("TRANSP").as_deref() == Some("TRANSPARENT");
    match event.word("X-MICROSOFT-CDO-BUSYSTATUS").as_deref() {
        Some("OOF") => Busy::OutOfOffice,
        Some("FREE" | "WORKINGELSEWHERE") => Busy::Free,
        _ if transparent => Busy::Free,
        _ => Busy::Busy,
    }
}

/// A date, a time of the owner's, a time in a zone, or an instant.
fn moment(line: &Line, zones: &Zones<'_>) -> Option<Moment> {
    read(line.value.trim(), line.parameter("TZID"), zones)
}

fn read(text: &str, zone: Option<&str>, zones: &Zones<'_>) -> Option<Moment> {
    if let Some(date) = date(text) {
        return Some(Moment {
            local: date.and_time(NaiveTime::MIN),
            zone: zones.own(),
            is_date: true,
        });
    }
    let (text, zone) = match (text.strip_suffix('Z'), zone) {
        (Some(text), _) => (text, Zone::utc()),
        (None, Some(name)) => (text, zones.called(name)),
        (None, None) => (text, zones.own()),
    };
    let local = (text.len() == 15)
        .then(|| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok())
        .flatten()?;
    Some(Moment {
        local,
        zone,
        is_date: false,
    })
}

fn date(text: &str) -> Option<NaiveDate> {
    let parse = || NaiveDate::parse_from_str(text, "%Y%m%d").ok();
    (text.len() == 8).then(parse).flatten()
}

/// §3.6.1: up to DTEND, or for DURATION; a date without either is one day, and a time none.
fn length(event: &Component, start: &Moment, zones: &Zones<'_>) -> Option<Length> {
    if let Some(line) = event.line("DTEND") {
        let end = moment(line, zones)?;
        return Some(if start.is_date && end.is_date {
            let days = (end.local - start.local).num_days();
            // The end is exclusive; some write that of one day as the day itself.
            Length::Nominal(u64::try_from(days).ok()?.max(1), TimeDelta::zero())
        } else {
            Length::Exact(end.instant() - start.instant())
        });
    }
    if let Some(line) = event.line("DURATION") {
        return duration(line.value.trim());
    }
    Some(Length::Nominal(u64::from(start.is_date), TimeDelta::zero()))
}

/// `P1W`, `P1DT12H`, `PT30M` (§3.3.6).
fn duration(text: &str) -> Option<Length> {
    let rest = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (days, times) = rest.split_once('T').unwrap_or((rest, ""));
    let mut whole = 0_u64;
    for (number, unit) in parts(days)? {
        whole = whole.checked_add(number.checked_mul(match unit {
            'W' => 7,
            'D' => 1,
            _ => return None,
        })?)?;
    }
    let mut seconds = 0_i64;
    for (number, unit) in parts(times)? {
        let number = i64::try_from(number).ok()?;
        seconds = seconds.checked_add(number.checked_mul(match unit {
            'H' => 3600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        })?)?;
    }
    Some(Length::Nominal(whole, TimeDelta::try_seconds(seconds)?))
}

fn parts(text: &str) -> Option<Vec<(u64, char)>> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(at) = rest.find(|c: char| !c.is_ascii_digit()) {
        let unit = rest.get(at..)?.chars().next()?;
        found.push((rest.get(..at)?.parse().ok()?, unit));
        rest = rest.get(at + unit.len_utf8()..)?;
    }
    rest.is_empty().then_some(found)
}

/// When an event begins, each time: its start, what its rules and dates add, less what they except.
/// Those that end before the window begins may be missing.
fn times(
    event: &Component,
    start: &Moment,
    zones: &Zones<'_>,
    window: Interval,
) -> Option<Vec<Moment>> {
    let mut all: BTreeMap<Instant, Moment> = BTreeMap::new();
    all.insert(start.instant(), start.clone());
    for line in event.all("RRULE") {
        for local in occurrences(line.value.trim(), start, zones, window)? {
            let time = start.at(local);
            all.insert(time.instant(), time);
        }
    }
    for time in listed(event, "RDATE", zones)? {
        all.insert(time.instant(), time);
    }
    for time in listed(event, "EXDATE", zones)? {
        if time.is_date && !start.is_date {
            // Some except a day where they mean what begins on it.
            all.retain(|_, other| other.local.date() != time.local.date());
        } else {
            all.remove(&time.instant());
        }
    }
    Some(all.into_values().collect())
}

/// Dates, times and the starts of periods, several in a line.
fn listed(event: &Component, name: &str, zones: &Zones<'_>) -> Option<Vec<Moment>> {
    let texts = event.all(name).flat_map(|line| {
        let values = line.value.split(',').map(str::trim);
        let starts = values.map(|value| value.split_once('/').map_or(value, |(start, _)| start));
        starts
            .filter(|text| !text.is_empty())
            .map(|text| read(text, line.parameter("TZID"), zones))
    });
    texts.collect()
}

/// What a rule adds, on the wall clock of the start, up to the end of the window. The recurrence library
/// is not asked about zones, so its UNTIL is ours.
fn occurrences(
    rule: &str,
    start: &Moment,
    zones: &Zones<'_>,
    window: Interval,
) -> Option<Vec<NaiveDateTime>> {
    let rule = rule.to_ascii_uppercase();
    let (bounds, rest): (Vec<&str>, Vec<&str>) =
        rule.split(';').partition(|part| part.starts_with("UNTIL="));
    let mut last = start.zone.to_local(window.end());
    if let Some(text) = bounds
        .first()
        .and_then(|bound| bound.strip_prefix("UNTIL="))
    {
        let until = read(text, None, zones)?;
        let until = if until.is_date {
            until.local.date().and_hms_opt(23, 59, 59)?
        } else if text.ends_with('Z') {
            start.zone.to_local(until.instant())
        } else {
            until.local
        };
        last = last.min(until);
    }
    let rest = rest.join(";");
    if rest.contains("SECONDLY") || rest.contains("MINUTELY") {
        return None;
    }
    let begin = start.local.and_utc().with_timezone(&Tz::UTC);
    let rule = rest
        .parse::<RRule<Unvalidated>>()
        .and_then(|rule| rule.validate(begin))
        .ok()?;
    let steps = RRuleSet::new(begin)
        .rrule(rule)
        .limit()
        .into_iter()
        .take(MOST_STEPS);
    Some(
        steps
            .map(|at| at.naive_utc())
            .take_while(|at| *at <= last)
            .collect(),
    )
}

#[cfg(test)]
mod tests;
