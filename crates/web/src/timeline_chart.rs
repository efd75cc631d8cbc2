//! Timelines as drawings: days from left to right, and in lanes below each other the core order, what was changed,
//! and who has the duty in the end.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, TimeDelta, Weekday};
use serde::Deserialize;

use super::PageContext;
use super::track::{Bar, Mark, Track};
use super::when;
use crate::domain::schedule::clash::{Clash, clashes};
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::{Gap, GapReason, Layer, Shift, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::input;

/// How much is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// Two weeks.
    Fortnight,
    /// Five weeks, so that a month is in it wherever it begins.
    Month,
    /// Thirteen weeks.
    Quarter,
}

/// The part of an address that says what is shown.
#[derive(Debug, Default, Deserialize)]
pub struct View {
    /// `weeks`, `month` or `quarter`.
    #[serde(default)]
    pub span: String,
    /// The first day.
    #[serde(default)]
    pub from: String,
}

/// What is shown: whole days of a zone.
pub struct VisibleRange {
    /// How much.
    pub reach: Zoom,
    /// The first day.
    pub first: NaiveDate,
    /// All of it.
    pub track: Track,
}

/// A day in a drawing.
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// Where it begins, in per cent.
    pub x: String,
    /// How wide it is, in per cent.
    pub width: String,
    /// What stands above it, where there is room.
    pub label: String,
    /// What stands above it on a narrow screen.
    pub short: String,
    /// Whether it is a Saturday or a Sunday.
    pub is_weekend: bool,
    /// Whether a line is drawn at its beginning.
    pub is_first: bool,
}

/// A clock that is put forward or back.
pub struct ClockChange {
    /// Where, in per cent.
    pub x: String,
    /// All about it, in words.
    pub words: String,
}

/// The days of a drawing, with what is the same in every lane.
pub struct Scale {
    /// How it is called in styles.
    pub class: &'static str,
    /// Months and their year.
    pub months: Vec<Mark>,
    /// Days.
    pub days: Vec<Day>,
    /// Clocks that change.
    pub clocks: Vec<ClockChange>,
    /// Where now is, where it is in sight.
    pub now: Option<String>,
}

/// Who has the duty in the end.
pub struct Outcome {
    /// Shifts.
    pub shifts: Vec<Bar>,
    /// When whoever has it is at work.
    pub work: Vec<Bar>,
    /// Times that nobody has, and somebody should.
    pub gaps: Vec<Bar>,
    /// Times in which whoever has it is away.
    pub clashes: Vec<Bar>,
}

impl Zoom {
    /// All of them, with their names in addresses and in words.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Fortnight, "weeks", "2 weeks"),
        (Self::Month, "month", "Month"),
        (Self::Quarter, "quarter", "Quarter"),
    ];

    /// Its name in addresses.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Fortnight => "weeks",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// How many days it has.
    const fn days(self) -> u64 {
        match self {
            Self::Fortnight => 14,
            Self::Month => 35,
            Self::Quarter => 91,
        }
    }

    /// How many days further the next page begins.
    const fn step(self) -> Days {
        match self {
            Self::Fortnight => Days::new(14),
            Self::Month => Days::new(28),
            Self::Quarter => Days::new(91),
        }
    }
}

impl View {
    /// The days that are to be shown; where the address says nothing (good) it is `usual`, from this week's Monday on.
    pub fn days(&self, page: &PageContext, usual: Zoom) -> Option<VisibleRange> {
        let named = |(_, key, _): &&(Zoom, &str, &str)| *key == self.span;
        let reach = Zoom::ALL.iter().find(named).map_or(usual, |one| one.0);
        let today = page.zone.to_local(page.now).date();
        let monday = today.week(Weekday::Mon).first_day();
        let wanted = input::date(&self.from).ok().filter(|date| {
            let at = page.zone.to_instant((*date).into());
            input::within(at, page.now).is_ok()
        });
        let first = wanted.unwrap_or(monday);
        let track = Track::days(&page.zone, first, reach.days())?;
        Some(VisibleRange {
            reach,
            first,
            track,
        })
    }
}

impl VisibleRange {
    /// The query of an address that shows as much, later.
    pub fn later(&self) -> String {
        self.query(self.first.checked_add_days(self.reach.step()))
    }

    /// The same, earlier.
    pub fn earlier(&self) -> String {
        self.query(self.first.checked_sub_days(self.reach.step()))
    }

    fn query(&self, first: Option<NaiveDate>) -> String {
        format!(
            "span={}&from={}",
            self.reach.key(),
            first.unwrap_or(self.first)
        )
    }

    /// The days, with what is the same in every lane.
    pub fn scale(&self, page: &PageContext) -> Scale {
        let zone = &page.zone;
        let midnights = self.track.midnights(zone);
        let mut days = Vec::with_capacity(midnights.len());
        let mut months = Vec::new();
        let mut clocks = Vec::new();
        let ends = midnights.iter().skip(1).map(|(_, at)| *at);
        for ((date, at), end) in midnights.iter().zip(ends.chain([self.track.0.end()])) {
            let (date, at) = (*date, *at);
            let is_monday = date.weekday() == Weekday::Mon;
            let number = date.day().to_string();
            let (label, short) = match self.reach {
                Zoom::Fortnight => (date.format("%a %-d").to_string(), number),
                Zoom::Month | Zoom::Quarter if is_monday => (number.clone(), number),
                Zoom::Month => (number, String::new()),
                Zoom::Quarter => (String::new(), String::new()),
            };
            if let Some(change) = clock_change(page, date, at, end) {
                clocks.push(ClockChange {
                    x: self.track.x(at),
                    words: change,
                });
            }
            if date.day() == 1 || date == self.first {
                months.push((date, at));
            }
            days.push(Day {
                date,
                x: self.track.x(at),
                width: self.track.width(at, end),
                label,
                short,
                is_weekend: matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
                is_first: is_monday || self.reach == Zoom::Fortnight,
            });
        }
        // A month that ends at once would lie under the next.
        if let [(first, _), (second, _), ..] = months.as_slice()
            && (*second - *first).num_days() * 6 < i64::try_from(self.reach.days()).unwrap_or(0)
        {
            months.remove(0);
        }
        Scale {
            class: self.reach.key(),
            months: months
                .into_iter()
                .map(|(date, at)| Mark {
                    x: self.track.x(at),
                    label: date.format("%B %Y").to_string(),
                })
                .collect(),
            days,
            clocks,
            now: self
                .track
                .0
                .contains(page.now)
                .then(|| self.track.x(page.now)),
        }
    }

    /// What the core order alone says.
    pub fn order(&self, page: &PageContext, timeline: &Timeline) -> Vec<Bar> {
        let shifts = timeline.shifts(Layer::Base, self.track.0);
        let bars = shifts
            .iter()
            .filter_map(|shift| self.shift(page, shift, ""));
        bars.collect()
    }

    /// What was changed; where changes overlap the later one lies above.
    pub fn changes(&self, page: &PageContext, timeline: &Timeline) -> Vec<Bar> {
        let mut all: Vec<(&Override, Interval)> = timeline
            .overrides()
            .iter()
            .filter_map(|one| Some((one, one.in_force()?)))
            .filter(|(_, left)| left.overlaps(&self.track.0))
            .collect();
        all.sort_by_key(|(one, _)| one.sequence);
        let bars = all.into_iter().filter_map(|(one, left)| {
            let why = one.reason.as_deref().unwrap_or_default();
            let words = |name: &str| sentence(name, &page.format_interval(&left), why);
            match one.person {
                Some(id) => {
                    let name = page.name(&id);
                    self.track.persons_bar(left, id, name, words(name))
                }
                None => self.track.bar(left, "gap", "nobody", words("nobody")),
            }
        });
        bars.collect()
    }

    /// Who has the duty in the end, what is wrong with that, and when they are at work.
    pub fn result(&self, page: &PageContext, timeline: &Timeline) -> Outcome {
        let window = self.track.0;
        let shifts = timeline.shifts(Layer::Final, window);
        let with_work = self.reach != Zoom::Quarter && timeline.rotation().kind == Kind::Ordered;
        let work = shifts.iter().filter(|_| with_work).flat_map(|shift| {
            let part = shift.interval.intersect(&window);
            let person = page.snapshot.people().get(&shift.person);
            part.zip(person)
                .map(|(part, person)| person.availability(part, page.now))
                .unwrap_or_default()
                .as_slice()
                .to_vec()
        });
        let work = work.filter_map(|hours| self.track.bar(hours, "work", "", String::new()));
        Outcome {
            work: work.collect(),
            gaps: gaps(timeline, window)
                .iter()
                .filter_map(|gap| {
                    let words = sentence(
                        "nobody",
                        &page.format_interval(&gap.interval),
                        gap_words(gap.reason),
                    );
                    self.track.bar(gap.interval, "gap", "nobody", words)
                })
                .collect(),
            clashes: away(page, timeline, window)
                .iter()
                .filter_map(|clash| {
                    let away = format!("{} is away", page.name(&clash.person));
                    let words = sentence(&away, &page.format_interval(&clash.overlap), "");
                    self.track.bar(clash.overlap, "clash", "", words)
                })
                .collect(),
            shifts: shifts
                .iter()
                .filter_map(|shift| self.shift(page, shift, ""))
                .collect(),
        }
    }

    /// A shift, called by its person's name, and by what else it needs to be told from others.
    pub fn shift(&self, page: &PageContext, shift: &Shift, of: &str) -> Option<Bar> {
        let name = page.name(&shift.person);
        let words = sentence(name, &page.format_interval(&shift.interval), of);
        self.track
            .persons_bar(shift.interval, shift.person, name, words)
    }
}

fn sentence(who: &str, when: &str, more: &str) -> String {
    if more.is_empty() {
        format!("{who}: {when}")
    } else {
        format!("{who}: {when} ({more})")
    }
}

/// What clocks do in a day, in words.
fn clock_change(
    page: &PageContext,
    date: NaiveDate,
    start: Timestamp,
    end: Timestamp,
) -> Option<String> {
    let offset = |at| page.zone.offset_seconds(at);
    let change = TimeDelta::seconds(i64::from(offset(end) - offset(start)));
    let way = match change.num_seconds() {
        0 => return None,
        1.. => "forward",
        _ => "back",
    };
    Some(format!(
        "{}: clocks go {way} by {} in {}",
        date.format("%a %-d %b"),
        when::span(change.abs()),
        page.zone
    ))
}

/// The clashes in a window.
pub fn away(page: &PageContext, timeline: &Timeline, window: Interval) -> Vec<Clash> {
    let shifts = timeline.shifts(Layer::Final, window);
    let mut found = clashes(timeline.rotation().id, &shifts, page.snapshot.people());
    found.retain(|clash| clash.overlap.overlaps(&window));
    found
}

/// The gaps in a window that are not simply the rotation's hours.
pub fn gaps(timeline: &Timeline, window: Interval) -> Vec<Gap> {
    let mut found = timeline.gaps(Layer::Final, window);
    found.retain(|gap| !matches!(gap.reason, GapReason::DutyHours | GapReason::OutOfHours));
    found
}

/// Why nobody has the duty, in words.
pub const fn gap_words(reason: GapReason) -> &'static str {
    match reason {
        GapReason::NotStarted => "the rotation has not begun",
        GapReason::Ended => "the rotation has ended",
        GapReason::DutyHours => "outside the hours of the duty",
        GapReason::OutOfHours => "nobody is at work",
        GapReason::Override => "given to nobody",
        GapReason::NoHandoff => "before the first handover",
    }
}

/// Days of a month, week by week, from Monday on: those of the months around it too.
pub fn weeks_of(month: NaiveDate) -> Vec<Vec<NaiveDate>> {
    let first = month.with_day(1).unwrap_or(month);
    let mut weeks: BTreeMap<NaiveDate, Vec<NaiveDate>> = BTreeMap::new();
    for date in first
        .iter_days()
        .take_while(|date| date.month() == first.month())
    {
        let monday = date.week(Weekday::Mon).first_day();
        weeks
            .entry(monday)
            .or_insert_with(|| monday.iter_days().take(7).collect());
    }
    weeks.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_whole_weeks() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let weeks = weeks_of(day("2026-11-21"));
        assert_eq!(weeks.len(), 6);
        assert_eq!(weeks[0][0], day("2026-10-26"));
        assert_eq!(weeks[5][6], day("2026-12-06"));
        assert_eq!(weeks_of(day("2027-02-28")).len(), 4);
    }
}
