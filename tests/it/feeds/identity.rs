//! Which events stay the same, and which count up.

use std::collections::BTreeMap;

use serde_json::json;

use super::Subscription;
use super::reader::Event;

fn by_uid(events: Vec<Event>) -> BTreeMap<String, Event> {
    events
        .into_iter()
        .map(|event| (event.uid.clone(), event))
        .collect()
}

#[test]
fn identities_outlive_changes_of_others() {
    let subscription = Subscription::new();
    let before = by_uid(subscription.read().events);
    subscription.server.at("2026-03-02T13:00:00Z");
    subscription.cover(
        "2026-03-20T00:00:00Z",
        "2026-03-21T00:00:00Z",
        &json!(subscription.people[2]),
    );
    let after = by_uid(subscription.read().events);
    assert_eq!(
        after.len(),
        before.len() + 2,
        "a shift was split, and one came between"
    );
    let changed: Vec<&Event> = before
        .values()
        .filter(|event| after.get(&event.uid) != Some(event))
        .collect();
    assert_eq!(
        changed.len(),
        1,
        "only the first piece of the one that was split"
    );
    let now = &after[&changed[0].uid];
    assert_eq!(
        (now.start, now.sequence),
        (changed[0].start, changed[0].sequence + 1)
    );
    assert!(now.modified_at > changed[0].modified_at);
}

/// Undone is another change, not the state before.
#[test]
fn what_is_undone_still_counts_up() {
    let subscription = Subscription::new();
    let whole = by_uid(subscription.read().events);
    let mut sequences = Vec::new();
    for _ in 0..3 {
        let cover = subscription.cover(
            "2026-03-20T00:00:00Z",
            "2026-03-21T00:00:00Z",
            &json!(subscription.people[2]),
        );
        let split = by_uid(subscription.read().events);
        assert_eq!(split.len(), whole.len() + 2);
        subscription.cancel(&cover);
        let undone = by_uid(subscription.read().events);
        assert_eq!(
            undone.keys().collect::<Vec<_>>(),
            whole.keys().collect::<Vec<_>>()
        );
        let changed = undone
            .values()
            .find(|event| whole[&event.uid].sequence != event.sequence)
            .unwrap();
        assert_eq!(
            (changed.start, changed.end),
            (whole[&changed.uid].start, whole[&changed.uid].end)
        );
        sequences.push((changed.sequence, changed.modified_at));
    }
    assert_eq!(
        sequences
            .iter()
            .map(|(sequence, _)| *sequence)
            .collect::<Vec<_>>(),
        [2, 4, 6]
    );
    assert!(sequences.is_sorted_by(|a, b| a.1 < b.1), "{sequences:?}");
}

/// Handed to somebody else and back, with a poll of one's own calendar between.
#[test]
fn ones_own_shift_that_comes_back_counts_up() {
    let subscription = Subscription::new();
    let server = &subscription.server;
    let scope = json!({ "scope": { "person_id": subscription.people[0] } });
    let feed = super::subscribe(server, &scope);
    let before = super::read(server, &feed).events;
    let cover = subscription.cover(
        "2026-03-16T10:00:00Z",
        "2026-03-23T10:00:00Z",
        &json!(subscription.people[2]),
    );
    assert_eq!(super::read(server, &feed).events.len(), before.len() - 1);
    subscription.cancel(&cover);
    let after = super::read(server, &feed).events;
    let changed: Vec<_> = after
        .iter()
        .filter(|event| !before.contains(event))
        .collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(
        before
            .iter()
            .any(|event| event.uid == changed[0].uid && event.sequence < changed[0].sequence)
    );
}

/// A restart, or another replica, tells the same.
#[test]
fn what_was_told_is_remembered_by_the_database() {
    let subscription = Subscription::new();
    let cover = subscription.cover(
        "2026-03-20T00:00:00Z",
        "2026-03-21T00:00:00Z",
        &json!(subscription.people[2]),
    );
    subscription.read();
    subscription.cancel(&cover);
    let before = subscription.poll();
    let store = &subscription.server.app.store;
    let again = dogwatch::startup::application(
        &crate::harness::server::config(&subscription.server.database, &[]),
        store.clone(),
        subscription.server.clock.clone(),
        subscription
            .server
            .url
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap(),
    )
    .unwrap();
    let snapshot = again.snapshots.snapshot();
    let feed = snapshot
        .feeds()
        .find(|feed| feed.id.to_string() == subscription.feed.id)
        .unwrap();
    let published = again.publish(feed).unwrap();
    assert_eq!(published.body, before.text);
    assert_eq!(format!("W/\"{}\"", published.tag), before.header("etag"));
}
