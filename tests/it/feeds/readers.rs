//! Feeds as programs read them that are not ours.

use std::process::Command;

use serde_json::Value;

use super::Subscription;

/// Where `DOGWATCH_TEST_PYTHON` names a Python that has the parsers.
#[test]
fn others_read_what_the_interface_says() {
    let Some(python) = std::env::var_os("DOGWATCH_TEST_PYTHON") else {
        eprintln!("DOGWATCH_TEST_PYTHON is not set: no other parser read the feed");
        return;
    };
    let subscription = Subscription::new();
    let file = subscription.server.database.folder.path().join("feed.ics");
    std::fs::write(&file, subscription.poll().text).unwrap();
    let read = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/check_feed.py"))
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let seen: Value = serde_json::from_slice(&read.stdout).unwrap();
    let window = "from=2026-01-01T00:00:00Z&until=2026-08-29T00:00:00Z";
    let shifts = subscription
        .server
        .get(&format!(
            "/rotations/{}/shifts?{window}",
            subscription.rotation
        ))
        .expect(200);
    let (events, shifts) = (
        seen["events"].as_array().unwrap(),
        shifts["items"].as_array().unwrap(),
    );
    assert_eq!(events.len(), shifts.len());
    for (event, shift) in events.iter().zip(shifts) {
        assert_eq!(
            (&event["start"], &event["end"]),
            (&shift["start"], &shift["end"])
        );
        let name = shift["person"]["name"].as_str().unwrap();
        assert!(
            event["summary"].as_str().unwrap().ends_with(name),
            "{event} {name}"
        );
    }
}
