//! Calendars that say when somebody is away, given and taken back on a page.

use std::time::Duration;

use super::world::{ENGINEER, OTHER, VIEWER, World};
use crate::harness::browser::Browser;

const HERE: &str = "/me/time-off/calendars";

#[test]
fn a_calendar_is_given_to_be_read_and_taken_back() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let page = eve.get("/me/time-off").expect(200);
    assert!(page.contains("href=\"me/time-off/calendars\""), "{page}");
    eve.get(HERE).expect(200);
    let bad = [
        ("url", "javascript:alert(1)"),
        ("rule.only_with", "Eve <b>"),
        ("rule.titles", "Kur, , Rest"),
        ("rule.everything", "yes"),
    ];
    let page = eve.submit(HERE, &bad).expect(200);
    assert!(page.contains("This cannot be saved yet"), "{page}");
    assert!(
        page.contains("value=\"Eve &#60;b&#62;\""),
        "what was typed is kept: {page}"
    );
    assert!(
        page.contains("name=\"rule.everything\" value=\"yes\" checked"),
        "{page}"
    );
    let mut good = bad.to_vec();
    // It is not public, so it is not asked.
    good[0] = ("url", "http://127.0.0.1:9/secret/basic.ics");
    good[3] = ("rule.tentative", "yes");
    assert_eq!(eve.submit(HERE, &good).goes_to(), HERE);
    let mut page = String::new();
    for _ in 0..200 {
        page = eve.get(HERE).expect(200);
        if page.contains("cannot be read since") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    for words in [
        "at 127.0.0.1",
        "its address is not public",
        "or has one of “Kur”, “Rest”; only those whose title has “Eve &#60;b&#62;”; tentative ones too.",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("basic.ics"), "{page}");

    let (_, rest) = page.split_once("action=\"me/time-off/calendars/").unwrap();
    let one = format!("{HERE}/{}", rest.split('/').next().unwrap());
    let mut bob = Browser::signed_in(&world.server, OTHER);
    let page = bob.get(HERE).expect(200);
    assert!(!page.contains("127.0.0.1"), "{page}");
    bob.submit(&format!("{one}/read"), &[]).expect(403);
    bob.submit(&format!("{one}/remove"), &[]).expect(403);
    assert_eq!(eve.submit(&format!("{one}/read"), &[]).goes_to(), HERE);
    assert_eq!(eve.submit(&format!("{one}/remove"), &[]).goes_to(), HERE);
    let page = eve.get(HERE).expect(200);
    assert!(
        page.contains("It is read no more") && !page.contains("127.0.0.1"),
        "{page}"
    );
    eve.submit(&format!("{HERE}/x/remove"), &[]).expect(404);
}

#[test]
fn who_only_looks_gives_none() {
    let world = World::new();
    let mut vic = Browser::signed_in(&world.server, VIEWER);
    let page = vic.get(HERE).expect(200);
    assert!(!page.contains("Read a calendar"), "{page}");
    let new = [("url", "https://example.org/basic.ics")];
    vic.submit(HERE, &new).expect(403);
}
