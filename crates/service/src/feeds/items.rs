//! What a feed shows: shifts of the final timeline (or the days on which they are worked), and gaps.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use sha2::{Digest as _, Sha256};

use crate::domain::ids::{OverrideId, PersonId, RotationId};
use crate::domain::schedule::feed::{Feed, Options, Scope};
use crate::domain::schedule::publication::Item;
use crate::domain::schedule::timeline::{Cause, Gap, GapReason, Layer, Shift, Timeline};
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::secrets::hex;
use crate::snapshot::Snapshot;

/// Gaps are looked at in so much more than the window first: few last longer.
const AROUND: TimeDelta = TimeDelta::days(14);

/// So many names are told of who answers in a gap.
const NAMES: usize = 5;

/// Something that a feed shows.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is, and what calendars are told about.
    pub item: Item,
    /// Whose; nobody's where it is a gap.
    pub person: Option<PersonId>,
    /// Its name for one who sees other people's too.
    pub summary: String,
    /// Its name in one's own calendar.
    pub own_summary: String,
    /// Why it is so.
    pub description: String,
}

/// In order of start.
pub fn sort(entries: &mut [Entry]) {
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| (entry.item.interval.start(), entry.item.interval.end());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.item.origin.cmp(&b.item.origin))
    });
}

/// What entries are made of, before anything is written down about it: most of it is never shown.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    Shift(&'a Shift),
    Gap(&'a Gap),
}

/// Origins that calendars were told of before.
#[derive(Debug, Default)]
pub struct Origins {
    /// When turns began, in seconds.
    turns: HashSet<i64>,
    overrides: HashSet<OverrideId>,
    /// When gaps begin, in seconds.
    gaps: HashSet<i64>,
}

impl Origins {
    /// Those that a feed with these options shows.
    pub fn of<'a>(options: Options, origins: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for origin in origins.filter(|origin| covers(options, origin)) {
            if let Some(stamp) = origin.strip_prefix(GAP) {
                all.gaps.extend(seconds(stamp));
                continue;
            }
            let day = origin.strip_prefix(DAY);
            let whole = day.and_then(|day| day.split_once('-'));
            let origin = whole.map_or(origin, |(_, origin)| origin);
            match seconds(origin) {
                Some(began) => {
                    all.turns.insert(began);
                }
                None => all.overrides.extend(origin.parse::<OverrideId>()),
            }
        }
        all
    }

    fn has(&self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Gap(gap) => self.gaps.contains(&gap.interval.start().timestamp()),
            Piece::Shift(shift) => match shift.cause {
                Cause::Turn { began } => self.turns.contains(&began.timestamp()),
                Cause::Override { id, .. } => self.overrides.contains(&id),
            },
        }
    }
}

fn seconds(stamp: &str) -> Option<i64> {
    let read = NaiveDateTime::parse_from_str(stamp, STAMP).ok()?;
    Some(read.and_utc().timestamp())
}

/// Whether a piece is in a feed of this scope.
fn is_shown(scope: Scope, piece: Piece<'_>) -> bool {
    match (scope, piece) {
        (Scope::Person(only), Piece::Shift(shift)) => shift.person == only,
        (Scope::Person(_), Piece::Gap(_)) => false,
        (Scope::Rotation(_) | Scope::Team(_) | Scope::All, _) => true,
    }
}

/// Whether a feed with these options shows what is of such an origin.
pub fn covers(options: Options, origin: &str) -> bool {
    if origin.starts_with(GAP) {
        options.gaps
    } else if origin.starts_with(DAY) {
        options.working_days
    } else {
        !options.working_days
    }
}

const GAP: &str = "gap-";
const DAY: &str = "day-";
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// Whether a feed looks at a rotation at all.
pub fn shows(snapshot: &Snapshot, scope: Scope, timeline: &Timeline) -> bool {
    let rotation = timeline.rotation();
    match scope {
        // Whoever had a shift of it may still have to be told that it is gone.
        Scope::Person(id) => timeline.names(id),
        Scope::All => snapshot.team(rotation.team).is_some(),
        Scope::Rotation(id) => rotation.id == id,
        Scope::Team(team) => rotation.team == team,
    }
}

/// Whether an entry is in a feed of this scope.
pub fn is_of(scope: Scope, entry: &Entry) -> bool {
    match scope {
        Scope::Person(only) => entry.person == Some(only),
        Scope::Rotation(_) | Scope::Team(_) | Scope::All => true,
    }
}

/// What the calendar is called.
pub fn name(snapshot: &Snapshot, scope: Scope) -> String {
    let name = match scope {
        Scope::Person(id) => Some(format!("{} on duty", person_name(snapshot, id))),
        Scope::Rotation(id) => snapshot
            .timeline_of(id)
            .map(|timeline| label(snapshot, timeline)),
        Scope::Team(id) => snapshot
            .team(id)
            .map(|team| format!("{} on duty", team.name)),
        Scope::All => None,
    };
    name.unwrap_or_else(|| "Everybody on duty".to_owned())
}

/// `Support Hero · Feature Flags`.
fn label(snapshot: &Snapshot, timeline: &Timeline) -> String {
    let rotation = timeline.rotation();
    let team = snapshot.team(rotation.team);
    let team = team.map(|team| team.name.as_str()).unwrap_or_default();
    format!("{} · {team}", rotation.title)
}

fn person_name(snapshot: &Snapshot, id: PersonId) -> &str {
    let person = snapshot.people().get(&id);
    person
        .map(|person| person.name.as_str())
        .unwrap_or_default()
}

/// One rotation in one window, as a feed looks at it.
#[derive(Debug)]
pub struct Source<'a> {
    snapshot: &'a Snapshot,
    timeline: &'a Timeline,
    scope: Scope,
    options: Options,
    window: Interval,
    horizon: Interval,
    label: String,
    shifts: Vec<Shift>,
    gaps: Vec<Gap>,
}

impl<'a> Source<'a> {
    /// What has no end ends with `horizon`.
    pub fn new(
        snapshot: &'a Snapshot,
        timeline: &'a Timeline,
        feed: &Feed,
        window: Interval,
        horizon: Interval,
    ) -> Self {
        Self {
            snapshot,
            timeline,
            scope: feed.scope,
            options: feed.options,
            window,
            horizon,
            label: label(snapshot, timeline),
            shifts: timeline.shifts(Layer::Final, window),
            gaps: Vec::new(),
        }
    }

    /// With the gaps, where the feed shows them.
    pub fn with_gaps(mut self) -> Self {
        if self.options.gaps {
            self.gaps = self.whole_gaps();
        }
        self
    }

    /// How many events that the feed shows meet a condition. Nothing is written down for that.
    pub fn count(&self, counts: &dyn Fn(Interval) -> bool) -> usize {
        let shown = self
            .shifts
            .iter()
            .filter(|one| is_shown(self.scope, Piece::Shift(one)));
        let shifts = if self.options.working_days {
            let days = shown.flat_map(|shift| self.worked(shift).into_values());
            days.filter(|day| counts(*day)).count()
        } else {
            shown.filter(|shift| counts(shift.interval)).count()
        };
        let gaps = if self.options.gaps {
            self.gaps_in(self.window)
        } else {
            Vec::new()
        };
        let gaps = gaps
            .iter()
            .filter(|gap| is_shown(self.scope, Piece::Gap(gap)) && counts(gap.interval));
        shifts + gaps.count()
    }

    /// The rotation.
    pub fn rotation(&self) -> RotationId {
        self.timeline.rotation().id
    }

    /// What the feed shows of it.
    pub fn shown(&self) -> Vec<Entry> {
        self.entries(|piece| is_shown(self.scope, piece))
    }

    /// What the feed does not show, but calendars were told of before: it may have been shown then.
    pub fn others(&self, told: &Origins) -> Vec<Entry> {
        self.entries(|piece| !is_shown(self.scope, piece) && told.has(piece))
    }

    fn entries(&self, wanted: impl Fn(Piece<'_>) -> bool) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for shift in self.shifts.iter().filter(|one| wanted(Piece::Shift(one))) {
            if self.options.working_days {
                entries.extend(self.days(shift));
            } else {
                entries.push(self.shift(shift));
            }
        }
        let gaps = self.gaps.iter().filter(|one| wanted(Piece::Gap(one)));
        entries.extend(gaps.map(|gap| self.gap(gap)));
        sort(&mut entries);
        entries
    }

    fn shift(&self, shift: &Shift) -> Entry {
        let until = Interval::new(shift.interval.start(), self.horizon.end());
        let ends = shift.interval.end() < FOREVER;
        let interval = until.filter(|_| !ends).unwrap_or(shift.interval);
        self.entry(shift, origin(shift.cause), interval)
    }

    /// One for each day on which it is worked.
    fn days(&self, shift: &Shift) -> Vec<Entry> {
        let origin = origin(shift.cause);
        let entry = |(day, hours): (NaiveDate, Interval)| {
            let origin = format!("{DAY}{}-{origin}", day.format("%Y%m%d"));
            self.entry(shift, origin, hours)
        };
        self.worked(shift).into_iter().map(entry).collect()
    }

    /// The days (of the person's own) on which they work in it, each from when they begin to when they stop.
    fn worked(&self, shift: &Shift) -> BTreeMap<NaiveDate, Interval> {
        let mut days: BTreeMap<NaiveDate, Interval> = BTreeMap::new();
        let person = self.snapshot.people().get(&shift.person);
        let part = shift.interval.intersect(&self.window);
        let Some((person, part)) = person.zip(part) else {
            return days;
        };
        // A day that the window cuts is shown whole, and the same tomorrow.
        let around = part.widened(TimeDelta::days(1), TimeDelta::days(1));
        let work = around.intersect(&shift.interval);
        for hours in work
            .map(|work| person.availability(work, FOREVER))
            .unwrap_or_default()
            .as_slice()
        {
            let day = person.zone(hours.start()).to_local(hours.start()).date();
            let begun = days.get(&day).map_or(hours.start(), Interval::start);
            days.extend(Interval::new(begun, hours.end()).map(|whole| (day, whole)));
        }
        days.retain(|_, hours| hours.overlaps(&self.window));
        days
    }

    fn entry(&self, shift: &Shift, origin: String, interval: Interval) -> Entry {
        let name = person_name(self.snapshot, shift.person);
        let summary = format!("{}: {name}", self.label);
        let description = self.cause(shift);
        Entry {
            item: item(origin, interval, &summary, &description),
            person: Some(shift.person),
            own_summary: self.label.clone(),
            summary,
            description,
        }
    }

    /// Why the shift is theirs, for people.
    fn cause(&self, shift: &Shift) -> String {
        let rotation = &self.timeline.rotation().name;
        let Cause::Override { id, swap } = shift.cause else {
            return rotation.clone();
        };
        let mut covered: Vec<&str> = Vec::new();
        for base in self.timeline.shifts(Layer::Base, shift.interval) {
            let name = person_name(self.snapshot, base.person);
            if base.person != shift.person && !covered.contains(&name) {
                covered.push(name);
            }
        }
        let mut text = if covered.is_empty() {
            format!("{rotation}: an override")
        } else {
            format!("{rotation}: covers for {}", covered.join(", "))
        };
        if swap.is_some() {
            text.push_str(", swap");
        }
        let all = self.timeline.overrides();
        let reason = all
            .iter()
            .find(|one| one.id == id)
            .and_then(|one| one.reason.as_ref());
        if let Some(reason) = reason {
            text = format!("{text} ({reason})");
        }
        text
    }

    /// Gaps between shifts: not what was before the first of them, or comes after the last.
    fn whole_gaps(&self) -> Vec<Gap> {
        let near = self.window.widened(AROUND, AROUND);
        let near = near.intersect(&self.horizon);
        let whole = |gap: &Gap, seen: Interval| {
            gap.interval.start() > seen.start() && gap.interval.end() < seen.end()
        };
        let mut gaps = near.map(|near| self.gaps_in(near)).unwrap_or_default();
        if !near.is_some_and(|near| gaps.iter().all(|gap| whole(gap, near))) {
            gaps = self.gaps_in(self.horizon);
        }
        gaps
    }

    fn gap(&self, gap: &Gap) -> Entry {
        let origin = format!("{GAP}{}", stamp(gap.interval.start()));
        let summary = format!("{}: nobody", self.label);
        let description = self.answered(gap.reason, gap.interval);
        Entry {
            item: item(origin, gap.interval, &summary, &description),
            person: None,
            own_summary: summary.clone(),
            summary,
            description,
        }
    }

    /// Those that the window shows, cut to what is looked at.
    fn gaps_in(&self, seen: Interval) -> Vec<Gap> {
        let mut gaps = self.timeline.gaps(Layer::Final, seen);
        gaps.retain(|gap| {
            let between = !matches!(gap.reason, GapReason::NotStarted | GapReason::Ended);
            between && gap.interval.overlaps(&self.window)
        });
        gaps
    }

    /// Why nobody has it, and who answers meanwhile.
    fn answered(&self, reason: GapReason, gap: Interval) -> String {
        let why = match reason {
            GapReason::DutyHours => "Outside duty hours",
            GapReason::OutOfHours => "Outside everybody's working hours",
            GapReason::Override => "An override by nobody",
            GapReason::NoHandoff => "Before the first handoff",
            GapReason::NotStarted => "Not started yet",
            GapReason::Ended => "Over",
        };
        let mut seen: HashSet<RotationId> = HashSet::new();
        let mut next = self.timeline.rotation().fallback;
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            let Some(other) = self.snapshot.timeline_of(id) else {
                break;
            };
            let mut names: Vec<&str> = Vec::new();
            for shift in other.shifts(Layer::Final, gap) {
                let name = person_name(self.snapshot, shift.person);
                if !names.contains(&name) && names.len() < NAMES {
                    names.push(name);
                }
            }
            if !names.is_empty() {
                let label = label(self.snapshot, other);
                return format!("{why}. {label} answers: {}", names.join(", "));
            }
            next = other.rotation().fallback;
        }
        format!("{why}. Nobody answers.")
    }
}

fn item(origin: String, interval: Interval, summary: &str, description: &str) -> Item {
    let mut content = Sha256::new();
    for text in [summary, description] {
        content.update(text.as_bytes());
        content.update([0]);
    }
    let digest = hex(&content.finalize()).chars().take(32).collect();
    Item {
        origin,
        interval,
        digest,
    }
}

fn origin(cause: Cause) -> String {
    match cause {
        Cause::Turn { began } => stamp(began),
        Cause::Override { id, .. } => id.to_string(),
    }
}

fn stamp(at: Timestamp) -> String {
    DateTime::format(&at, STAMP).to_string()
}
