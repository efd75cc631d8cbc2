//! The events of somebody's calendar, at each of the times at which they happen.
//!
//! Recurrences are expanded on the wall clock and resolved by `domain::time::zone`, as handoffs are. Dates and
//! times without a zone are those of the calendar's owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::broken::Broken;
use super::budget::{Kind, Meter};
use super::ics::{self, Component, Line, Packed, ZoneDraft};
use super::recurrence::Rule;
use super::zones::Zones;
use crate::domain::people::absence::{Busy, Event, Status};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;

/// A calendar has at most so many events in the time that is looked at; those that begin first count.
const MOST_EVENTS: usize = 5_000;

/// One event has at most so many times; one with more is not understood.
const MOST_TIMES: usize = 50_000;

/// An event lasts no longer. (Nobody is away for longer; somebody's mistake may be.)
const LONGEST: TimeDelta = TimeDelta::days(800);

/// Two clocks of this world differ by less.
const CLOCKS: TimeDelta = TimeDelta::days(2);

/// More of a title is not looked at.
const LONGEST_TITLE: usize = 250;

/// Opening an event, and turning a time into an instant, cost as much as so many steps each.
const OPENING: u64 = 20;
const INSTANT: u64 = 5;

/// What was found in a calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In order of start.
    pub events: Vec<Event>,
    /// How many could not be understood.
    pub skipped: usize,
}

impl Found {
    /// Keeps those that begin first; now and then only, since it is sorted for that.
    fn trim(&mut self, most: usize) {
        if self.events.len() > most {
            self.events.sort_by_key(|event| event.interval);
            self.events.truncate(MOST_EVENTS);
        }
    }
}

/// The events of a calendar that meet `window`. `own` is the zone of its owner. What it costs is counted by `meter`.
///
/// # Errors
/// [`Broken`] where it is no calendar, or not all of one, or a budget is used up.
pub fn events(
    source: impl Read,
    own: &Zone,
    window: Interval,
    meter: &Meter<'_>,
) -> Result<Found, Broken> {
    let mut collector = Collector {
        own,
        window,
        meter,
        stored: Vec::new(),
        found: Found::default(),
    };
    ics::read(source, meter, &mut collector)?;
    let mut found = collector.found;
    found.events.sort_by_key(|event| event.interval);
    found.events.truncate(MOST_EVENTS);
    Ok(found)
}

/// Takes the events of a calendar as they are read.
struct Collector<'a> {
    own: &'a Zone,
    window: Interval,
    meter: &'a Meter<'a>,
    stored: Vec<Stored>,
    found: Found,
}

/// An event until its calendar ends: another with its UID may come, or a zone be defined.
#[derive(Debug, Default)]
struct Stored {
    uid: Option<Box<str>>,
    /// Of one that is different, the time that it stands for.
    instead_of: Option<Box<str>>,
    sequence: i64,
    /// Nothing of one that is outside of the window, which counts as a newer version only.
    event: Option<Packed>,
}

impl ics::Parts for Collector<'_> {
    fn event(&mut self, packed: Packed) -> Option<()> {
        self.meter.step(OPENING)?;
        let event = packed.open();
        let value = |name: &str| Some(event.line(name)?.value.trim().into());
        let mut stored = Stored {
            uid: value("UID"),
            instead_of: value("RECURRENCE-ID"),
            sequence: sequence(&event),
            event: None,
        };
        if !is_outside(&event, self.window) {
            self.meter.spend(Kind::Kept, bytes(packed.len()))?;
            stored.event = Some(packed);
        } else if stored.uid.is_none() {
            return Some(());
        }
        let key = stored.uid.as_deref().map_or(0, str::len);
        self.meter.spend(Kind::Kept, bytes(key))?;
        self.stored.push(stored);
        Some(())
    }

    fn end(&mut self, zones: HashMap<String, ZoneDraft>) -> Option<()> {
        let stored = std::mem::take(&mut self.stored);
        let zones = Zones::new(&zones, self.own, self.meter);
        for series in Series::all(&stored) {
            let events = series.events(&zones, self.window, self.meter);
            if self.meter.exceeded().is_some() {
                return None;
            }
            match events {
                Some(events) => self.found.events.extend(events),
                None => self.found.skipped += 1,
            }
            self.found.trim(2 * MOST_EVENTS);
        }
        Some(())
    }
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Whether an event happens once, and surely outside of the window.
fn is_outside(event: &Component, window: Interval) -> bool {
    let recurs = ["RRULE", "RDATE", "RECURRENCE-ID"];
    if recurs.iter().any(|name| event.line(name).is_some()) {
        return false;
    }
    let day = |name: &str| date(event.line(name)?.value.trim().get(..8)?);
    let Some(start) = day("DTSTART") else {
        return false;
    };
    let at = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let last = day("DTEND").map_or_else(
        || at(start).checked_add_signed(LONGEST),
        |end| Some(at(end)),
    );
    let is_over = last.is_some_and(|last| last + CLOCKS < window.start());
    is_over || at(start) > window.end() + CLOCKS
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
#[derive(Default)]
struct Series<'a> {
    master: Option<&'a Stored>,
    different: Vec<&'a Stored>,
}

impl<'a> Series<'a> {
    /// Of two that are the same event, the later one counts.
    fn all(stored: &'a [Stored]) -> Vec<Self> {
        type Key<'a> = (&'a str, Option<&'a str>);
        let mut newest: HashMap<Key<'a>, &'a Stored> = HashMap::new();
        let mut order: Vec<Key<'a>> = Vec::new();
        let mut all: Vec<Self> = Vec::new();
        for event in stored {
            let Some(uid) = event.uid.as_deref() else {
                all.push(Self {
                    master: Some(event),
                    ..Self::default()
                });
                continue;
            };
            let key = (uid, event.instead_of.as_deref());
            match newest.get(&key) {
                Some(other) if other.sequence > event.sequence => {}
                Some(_) => drop(newest.insert(key, event)),
                None => {
                    newest.insert(key, event);
                    order.push(key);
                }
            }
        }
        let mut by_uid: BTreeMap<&str, Self> = BTreeMap::new();
        for key in order {
            let series = by_uid.entry(key.0).or_default();
            match (key.1, newest.get(&key)) {
                (None, event) => series.master = event.copied(),
                (Some(_), event) => series.different.extend(event.copied()),
            }
        }
        all.extend(by_uid.into_values());
        all
    }

    /// Nothing where one of its times cannot be understood, or a budget is used up.
    fn events(&self, zones: &Zones<'_>, window: Interval, meter: &Meter<'_>) -> Option<Vec<Event>> {
        let mut found = Vec::new();
        let mut replaced = BTreeSet::new();
        let mut since: BTreeMap<Timestamp, Since> = BTreeMap::new();
        for event in self.different.iter().filter_map(|one| one.event.as_ref()) {
            meter.step(OPENING + INSTANT)?;
            let event = event.open();
            let id = event.line("RECURRENCE-ID")?;
            let instead_of = moment(id, zones)?.instant();
            replaced.insert(instead_of);
            let start = moment(event.line("DTSTART")?, zones)?;
            let length = length(&event, &start, zones)?;
            let look = Look::of(&event);
            found.extend(look.happening(&start, length, window));
            if id.parameter("RANGE").is_some_and(is_this_and_future) {
                let start = start.instant();
                since.insert(
                    instead_of,
                    Since {
                        look,
                        start,
                        length,
                    },
                );
            }
        }
        let Some(master) = self.master.and_then(|master| master.event.as_ref()) else {
            return Some(found);
        };
        meter.step(OPENING)?;
        let master = master.open();
        let start = moment(master.line("DTSTART")?, zones)?;
        let length = length(&master, &start, zones)?;
        // What moves later times may move them into the window.
        let from = (since.is_empty())
            .then(|| earliest(&start, length, window))
            .flatten();
        let look = Look::of(&master);
        for time in times(&master, &start, zones, (from, window.end()), meter)? {
            let at = time.instant();
            if replaced.contains(&at) {
                continue;
            }
            found.extend(match since.range(..at).next_back() {
                Some((from, since)) => {
                    let time = since.moved(&time, *from)?;
                    since.look.happening(&time, since.length, window)
                }
                None => look.happening(&time, length, window),
            });
        }
        Some(found)
    }
}

/// On the clock of `start`: what begins before is over when the window begins.
fn earliest(start: &Moment, length: Length, window: Interval) -> Option<NaiveDateTime> {
    let lasts = match length {
        Length::Nominal(days, more) => {
            TimeDelta::try_days(i64::try_from(days).ok()?)?.checked_add(&more)?
        }
        Length::Exact(length) => length,
    };
    let at = window.start().checked_sub_signed(lasts.min(LONGEST))?;
    Some(start.zone.to_local(at) - CLOCKS)
}

/// What is different from one of its times on (§3.2.13).
struct Since {
    look: Look,
    /// When that time begins now.
    start: Timestamp,
    length: Length,
}

impl Since {
    /// A later time, moved as far on the clock as that of `from` was.
    fn moved(&self, time: &Moment, from: Timestamp) -> Option<Moment> {
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
    fn instant(&self) -> Timestamp {
        self.zone.to_instant(self.local)
    }

    fn at(&self, local: NaiveDateTime) -> Self {
        Self {
            local,
            ..self.clone()
        }
    }

    fn after(&self, length: Length) -> Option<Timestamp> {
        match length {
            Length::Exact(length) => self.instant().checked_add_signed(length),
            Length::Nominal(days, more) => {
                let local = self.local.checked_add_days(Days::new(days))?;
                self.zone.to_instant(local).checked_add_signed(more)
            }
        }
    }
}

/// What an event looks like at each of its times.
#[derive(Debug, Clone)]
struct Look {
    title: Arc<str>,
    status: Status,
    busy: Busy,
}

impl Look {
    fn of(event: &Component) -> Self {
        let title = event.line("SUMMARY").map(Line::text).unwrap_or_default();
        let end = title.char_indices().nth(LONGEST_TITLE);
        let title = end.and_then(|(end, _)| title.get(..end)).unwrap_or(&title);
        Self {
            title: title.into(),
            status: status(event),
            busy: busy(event),
        }
    }

    /// The event at one of its times, if it lasts at all and the window shows it.
    fn happening(&self, start: &Moment, length: Length, window: Interval) -> Option<Event> {
        let start_at = start.instant();
        let end = start
            .after(length)?
            .min(start_at.checked_add_signed(LONGEST)?);
        let interval = Interval::new(start_at, end)?;
        interval.overlaps(&window).then(|| Event {
            title: Arc::clone(&self.title),
            status: self.status,
            busy: self.busy,
            interval,
        })
    }
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
        (None, Some(name)) => (text, zones.called(name)?),
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

/// From where on times count (nothing: from the start), and when it is enough.
type Span = (Option<NaiveDateTime>, Timestamp);

/// When an event begins, each time: its start, what its rules and dates add, less what they except.
/// Those that end before the window begins may be missing.
fn times(
    event: &Component,
    start: &Moment,
    zones: &Zones<'_>,
    span: Span,
    meter: &Meter<'_>,
) -> Option<Vec<Moment>> {
    let mut all: BTreeMap<Timestamp, Moment> = BTreeMap::new();
    all.insert(start.instant(), start.clone());
    for line in event.all("RRULE") {
        for local in occurrences(line.value.trim(), start, zones, span, meter)? {
            meter.step(INSTANT)?;
            let time = start.at(local);
            all.insert(time.instant(), time);
        }
        if all.len() > MOST_TIMES {
            return None;
        }
    }
    for time in listed(event, "RDATE", zones, meter)? {
        all.insert(time.instant(), time);
    }
    let mut days = BTreeSet::new();
    for time in listed(event, "EXDATE", zones, meter)? {
        if time.is_date && !start.is_date {
            // Some except a day where they mean what begins on it.
            days.insert(time.local.date());
        } else {
            all.remove(&time.instant());
        }
    }
    all.retain(|_, time| !days.contains(&time.local.date()));
    Some(all.into_values().collect())
}

/// Dates, times and the starts of periods, several in a line.
fn listed(
    event: &Component,
    name: &str,
    zones: &Zones<'_>,
    meter: &Meter<'_>,
) -> Option<Vec<Moment>> {
    let texts = event.all(name).flat_map(|line| {
        let values = line.value.split(',').map(str::trim);
        let starts = values.map(|value| value.split_once('/').map_or(value, |(start, _)| start));
        starts.filter(|text| !text.is_empty()).map(|text| {
            meter.step(INSTANT)?;
            read(text, line.parameter("TZID"), zones)
        })
    });
    texts.collect()
}

/// What a rule adds, on the wall clock of the start, up to the end of the window. Its UNTIL depends on zones.
fn occurrences(
    rule: &str,
    start: &Moment,
    zones: &Zones<'_>,
    (from, until): Span,
    meter: &Meter<'_>,
) -> Option<Vec<NaiveDateTime>> {
    let rule = rule.to_ascii_uppercase();
    let (bounds, rest): (Vec<&str>, Vec<&str>) =
        rule.split(';').partition(|part| part.starts_with("UNTIL="));
    let mut last = start.zone.to_local(until);
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
    let rule = Rule::parse(&rest.join(";"))?;
    rule.times(start.local, from.unwrap_or(start.local), last, meter)
}

#[cfg(test)]
mod tests;
