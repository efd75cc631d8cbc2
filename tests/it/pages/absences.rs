//! When somebody is away: changed while they are, seen by others, and calendars that say so, given and taken back.

use std::time::Duration;

use serde_json::json;

use super::world::{ELSEWHERE, ENGINEER, MANAGER, OTHER, VIEWER, World};
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

#[test]
fn time_off_that_has_begun_is_changed() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/time-off").expect(200);
    let days = [("first_day", "2026-03-02"), ("last_day", "2026-03-06")];
    eve.submit("/me/time-off", &days).goes_to();
    let page = eve.get("/me/time-off").expect(200);
    assert!(page.contains("I am back"), "{page}");
    let (_, rest) = page
        .split_once("<a href=\"me/time-off/")
        .expect("it can be changed");
    let path = format!("/me/time-off/{}", rest.split('"').next().unwrap());
    let page = eve.get(&path).expect(200);
    assert!(page.contains("value=\"2026-03-06\""), "{page}");
    let shorter = [days[0], ("last_day", "2026-03-04")];
    assert_eq!(eve.submit(&path, &shorter).goes_to(), "/me/time-off");
    let page = eve.get("/me/time-off").expect(200);
    assert!(page.contains("<b>Mon 2 Mar to Wed 4 Mar</b>"), "{page}");
    assert!(
        !page.contains("6 Mar") && !page.contains("<summary>Before"),
        "the hours before the change are a part of it: {page}"
    );
    let all = format!("/people/{}/time-off", world.people[1]);
    let all = world.server.get(&all).expect(200);
    let ends = all["items"].as_array().unwrap().iter();
    let ends: Vec<_> = ends
        .filter(|off| off["cancelled_at"].is_null())
        .map(|off| off["last_day"].clone())
        .collect();
    assert_eq!(ends, [json!("2026-03-04")], "{all}");
    // It is over.
    world.server.at("2026-03-05T12:00:00Z");
    let page = eve.get("/me/time-off").expect(200);
    assert_eq!(page.matches("Mon 2 Mar").count(), 1, "{page}");
}

#[test]
fn who_manages_sees_when_and_why_somebody_is_away_and_others_see_when() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/time-off").expect(200);
    let days = [
        ("first_day", "2026-03-18"),
        ("last_day", "2026-03-21"),
        ("reason", "<i>sea</i>"),
    ];
    eve.submit("/me/time-off", &days).goes_to();
    let person = format!("/people/{}", world.people[1]);
    for (who, sees_why) in [
        (ENGINEER, true),
        (MANAGER, true),
        (OTHER, false),
        (ELSEWHERE, false),
        (VIEWER, false),
    ] {
        let mut browser = Browser::signed_in(&world.server, who);
        let page = browser.get(&person).expect(200);
        assert!(page.contains("Wed 18 Mar to Sat 21 Mar"), "{who}: {page}");
        assert_eq!(
            page.contains("“&#60;i&#62;sea&#60;/i&#62;”"),
            sees_why,
            "{who}: {page}"
        );
        let team = browser.get("/teams/flags").expect(200);
        assert!(team.contains("Wed 18 Mar to Sat 21 Mar"), "{who}: {team}");
        assert!(!team.contains("sea"), "{who}: {team}");
    }
    // Once they are back nobody needs to know.
    world.server.at("2026-03-23T12:00:00Z");
    let mut mia = Browser::signed_in(&world.server, MANAGER);
    for path in [person.as_str(), "/teams/flags"] {
        let page = mia.get(path).expect(200);
        assert!(!page.contains("Away<"), "{page}");
    }
}
