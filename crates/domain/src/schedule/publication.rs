//! What calendars were told: which event is the same as one told before, and how often it has changed.
//!
//! Calendar programs follow an event by its UID, and believe a change only where SEQUENCE and
//! LAST-MODIFIED have gone up (RFC 5545 §3.8.7.4). Neither can be computed from how things are now: an
//! undone swap looks like one that never was. So what was published is remembered, and never forgotten.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;

use crate::time::interval::{Interval, Timestamp};

/// Something that a calendar shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is a piece of: a turn by its nominal start, an override by its id. Never who has it, nor
    /// when it begins and ends.
    pub origin: String,
    /// From when to when, as shown.
    pub interval: Interval,
    /// Tells contents apart.
    pub digest: String,
}

/// Something that a calendar was told, when it was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its identity.
    pub uid: String,
    /// What it is a piece of.
    pub origin: String,
    /// Which piece: 0 for the first one that was ever told.
    pub segment: i64,
    /// From when to when.
    pub interval: Interval,
    /// Tells contents apart.
    pub digest: String,
    /// How often it has changed.
    pub sequence: i64,
    /// When it changed last; goes up with each change.
    pub modified_at: Timestamp,
    /// When it was left out, where it is.
    pub withdrawn_at: Option<Timestamp>,
}

/// What is told now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edition {
    /// One for each item, in their order.
    pub shown: Vec<Publication>,
    /// Those that are new or other than before (withdrawn ones too): what is to be remembered.
    pub changed: Vec<Publication>,
    /// When the newest of all that was done in the window: an event told, changed or left out.
    pub modified_at: Option<Timestamp>,
}

/// Tells `items`, which are all there is in `window` of the kinds that `covers` knows by their origin,
/// in order of start. `known` is what was told before: of the same origins, and in the same window.
///
/// An item is the piece told before that it overlaps, the earliest told first: so a shift that is
/// trimmed keeps its identity, and of one that is split the first piece does.
#[must_use]
pub fn publish(
    known: &[Publication],
    items: &[Item],
    window: Interval,
    covers: impl Fn(&str) -> bool,
    rotation: &str,
    now: Timestamp,
) -> Edition {
    let mut of_origin: BTreeMap<&str, Vec<&Publication>> = BTreeMap::new();
    for one in known {
        of_origin.entry(&one.origin).or_default().push(one);
    }
    for pieces in of_origin.values_mut() {
        pieces.sort_by_key(|one| (one.withdrawn_at.is_some(), one.segment));
    }
    let mut next: BTreeMap<&str, i64> = BTreeMap::new();
    let mut taken: HashSet<&str> = HashSet::new();
    let mut edition = Edition::default();
    for item in items {
        let pieces = of_origin.get(item.origin.as_str());
        let mut before = pieces.into_iter().flatten().copied();
        let same = before
            .find(|one| one.interval.overlaps(&item.interval) && !taken.contains(one.uid.as_str()));
        let told = if let Some(before) = same {
            taken.insert(&before.uid);
            before.told_again(item, now)
        } else {
            let unused = || {
                let used = pieces.into_iter().flatten().map(|one| one.segment).max();
                used.map_or(0, |last| last + 1)
            };
            let segment = next.entry(&item.origin).or_insert_with(unused);
            let new = Publication::first(item, rotation, *segment, now);
            *segment += 1;
            new
        };
        if same != Some(&told) {
            edition.changed.push(told.clone());
        }
        edition.shown.push(told);
    }
    let gone = known.iter().filter(|one| {
        covers(&one.origin)
            && one.withdrawn_at.is_none()
            && one.interval.overlaps(&window)
            && !taken.contains(one.uid.as_str())
    });
    edition.changed.extend(gone.map(|one| Publication {
        withdrawn_at: Some(now),
        ..one.clone()
    }));
    let told = edition.shown.iter().chain(&edition.changed);
    let left_out = known.iter().filter(|one| one.interval.overlaps(&window));
    edition.modified_at = told
        .map(|one| one.modified_at)
        .chain(left_out.filter_map(|one| one.withdrawn_at))
        .chain(edition.changed.iter().filter_map(|one| one.withdrawn_at))
        .max();
    edition
}

impl Publication {
    fn first(item: &Item, rotation: &str, segment: i64, now: Timestamp) -> Self {
        let piece = if segment == 0 {
            String::new()
        } else {
            format!("-{segment}")
        };
        Self {
            uid: format!("{rotation}-{}{piece}@dogwatch", item.origin),
            origin: item.origin.clone(),
            segment,
            interval: item.interval,
            digest: item.digest.clone(),
            sequence: 0,
            modified_at: now,
            withdrawn_at: None,
        }
    }

    fn told_again(&self, item: &Item, now: Timestamp) -> Self {
        let same = self.interval == item.interval && self.digest == item.digest;
        if same && self.withdrawn_at.is_none() {
            return self.clone();
        }
        Self {
            interval: item.interval,
            digest: item.digest.clone(),
            sequence: self.sequence + 1,
            // Later in any case: two changes may come within a second.
            modified_at: now.max(self.modified_at + TimeDelta::seconds(1)),
            withdrawn_at: None,
            ..self.clone()
        }
    }
}
