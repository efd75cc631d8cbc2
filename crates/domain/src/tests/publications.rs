//! What calendars are told, and what a calendar program makes of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use crate::schedule::publication::{Edition, Item, Publication, publish};
use crate::time::interval::{Interval, Timestamp};

const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    DateTime::from_timestamp(number * DAY, 0).unwrap()
}

fn span(from: i64, until: i64) -> Interval {
    Interval::new(day(from), day(until)).unwrap()
}

fn item(origin: &str, from: i64, until: i64, digest: &str) -> Item {
    Item {
        origin: origin.to_owned(),
        interval: span(from, until),
        digest: digest.to_owned(),
    }
}

/// What is remembered, as a table would.
#[derive(Default)]
struct Memory(BTreeMap<String, Publication>);

impl Memory {
    fn tell(&mut self, items: &[Item], window: Interval, now: Timestamp) -> Edition {
        let known: Vec<Publication> = self.0.values().cloned().collect();
        let edition = publish(&known, items, window, |_| true, "r", now);
        for one in &edition.changed {
            self.0.insert(one.uid.clone(), one.clone());
        }
        edition
    }
}

fn uids(edition: &Edition) -> Vec<(&str, i64)> {
    edition
        .shown
        .iter()
        .map(|one| (one.uid.as_str(), one.sequence))
        .collect()
}

#[test]
fn an_undone_swap_counts_up() {
    let (mut memory, window) = (Memory::default(), span(0, 100));
    let whole = [item("a", 0, 7, "x"), item("b", 7, 14, "y")];
    let split = [
        item("a", 0, 2, "x"),
        item("o", 2, 4, "z"),
        item("a", 4, 7, "x"),
        item("b", 7, 14, "y"),
    ];
    let first = memory.tell(&whole, window, day(0));
    assert_eq!(uids(&first), [("r-a@dogwatch", 0), ("r-b@dogwatch", 0)]);
    assert!(memory.tell(&whole, window, day(1)).changed.is_empty());
    let swapped = memory.tell(&split, window, day(1));
    assert_eq!(
        uids(&swapped),
        [
            ("r-a@dogwatch", 1),
            ("r-o@dogwatch", 0),
            ("r-a-1@dogwatch", 0),
            ("r-b@dogwatch", 0)
        ]
    );
    let undone = memory.tell(&whole, window, day(1));
    assert_eq!(uids(&undone), [("r-a@dogwatch", 2), ("r-b@dogwatch", 0)]);
    let again = memory.tell(&split, window, day(2));
    assert_eq!(
        uids(&again),
        [
            ("r-a@dogwatch", 3),
            ("r-o@dogwatch", 1),
            ("r-a-1@dogwatch", 1),
            ("r-b@dogwatch", 0)
        ]
    );
    let modified: Vec<Timestamp> = [&first, &swapped, &undone, &again]
        .iter()
        .map(|edition| edition.shown[0].modified_at)
        .collect();
    assert!(modified.is_sorted_by(|a, b| a < b), "{modified:?}");
}

#[test]
fn what_is_trimmed_keeps_its_identity() {
    for (from, until) in [(0, 5), (2, 7), (3, 4)] {
        let (mut memory, window) = (Memory::default(), span(0, 100));
        memory.tell(&[item("a", 0, 7, "x")], window, day(0));
        let trimmed = memory.tell(&[item("a", from, until, "x")], window, day(0));
        assert_eq!(uids(&trimmed), [("r-a@dogwatch", 1)]);
    }
}

/// A piece is not another because the pieces before it are gone.
#[test]
fn later_pieces_are_not_counted_by_earlier_ones() {
    let (mut memory, window) = (Memory::default(), span(0, 100));
    memory.tell(
        &[item("a", 0, 2, "x"), item("a", 4, 7, "x")],
        window,
        day(0),
    );
    let left = memory.tell(&[item("a", 4, 7, "x")], window, day(0));
    assert_eq!(uids(&left), [("r-a-1@dogwatch", 0)]);
}

/// A feed that looks less far withdraws nothing of what it cannot see.
#[test]
fn windows_of_several_feeds_agree() {
    let mut memory = Memory::default();
    let all = [
        item("a", 0, 7, "x"),
        item("b", 7, 14, "y"),
        item("c", 14, 21, "z"),
    ];
    memory.tell(&all, span(0, 21), day(0));
    assert!(
        memory
            .tell(&all[..2], span(3, 14), day(1))
            .changed
            .is_empty()
    );
    assert!(memory.tell(&all, span(0, 21), day(1)).changed.is_empty());
}

/// The turns of three people on 30 days, some cut to pieces or away, under random contents.
fn states() -> impl Strategy<Value = Vec<Item>> {
    proptest::collection::vec((0..4_usize, 0..3_usize), 30).prop_map(|days| {
        let mut items: Vec<Item> = Vec::new();
        for (number, (origin, digest)) in (0..).zip(days) {
            // The fourth is a gap.
            if origin == 3 {
                continue;
            }
            let (origin, digest) = (["a", "b", "c"][origin], ["x", "y", "z"][digest]);
            match items.last_mut() {
                Some(last) if last.origin == origin && last.interval.end() == day(number) => {
                    last.interval = Interval::new(last.interval.start(), day(number + 1)).unwrap();
                }
                _ => items.push(item(origin, number, number + 1, digest)),
            }
        }
        items
    })
}

proptest! {
    /// A client that believes only what counts up, and drops what is missing, has exactly what is so.
    #[test]
    fn a_subscriber_is_never_wrong(edits in proptest::collection::vec((states(), 0..2_i64), 1..12)) {
        let (mut memory, window) = (Memory::default(), span(0, 30));
        let mut seen: BTreeMap<String, Publication> = BTreeMap::new();
        let mut now = day(0);
        for (items, later) in edits {
            now += TimeDelta::seconds(later);
            let edition = memory.tell(&items, window, now);
            let mut client = Vec::new();
            for told in &edition.shown {
                let before = seen.get(&told.uid);
                let newer = before.is_none_or(|before| {
                    told.sequence > before.sequence && told.modified_at > before.modified_at
                });
                let believed = before.filter(|_| !newer).unwrap_or(told);
                client.push((believed.interval, believed.digest.clone()));
                prop_assert!(before.is_none_or(|before| told.sequence >= before.sequence));
                seen.insert(told.uid.clone(), told.clone());
            }
            let real: Vec<_> = items.iter().map(|one| (one.interval, one.digest.clone())).collect();
            prop_assert_eq!(client, real);
            let unique: std::collections::BTreeSet<_> = edition.shown.iter().map(|one| &one.uid).collect();
            prop_assert_eq!(unique.len(), items.len());
            prop_assert!(memory.tell(&items, window, now).changed.is_empty(), "the same again changes nothing");
        }
    }
}
