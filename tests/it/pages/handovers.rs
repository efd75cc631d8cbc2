//! Handovers: notes and checklists as forms, and where they are found.

use serde_json::{Value, json};

use super::world::{ELSEWHERE, ENGINEER, MANAGER, OTHER, VIEWER, World};
use crate::harness::browser::Browser;

/// The handover at an instant, as the API shows it.
fn handover(world: &World, at: &str) -> Value {
    let all = world.server.get(&world.path("/handovers")).expect(200);
    let all = all["items"].as_array().unwrap().iter();
    all.clone()
        .find(|one| one["at"] == at)
        .unwrap_or_else(|| panic!("{at} in {all:?}"))
        .clone()
}

fn path(handover: &Value) -> String {
    format!("/handovers/{}", handover["id"].as_str().unwrap())
}

fn texts(list: &Value, done: bool) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    let items = items.filter(|item| item["done"] == done);
    items
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

/// What the page's form shows that it was made of.
fn seen(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"seen\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

const FIRST: &str = "2026-03-09T10:00:00Z";

#[test]
fn notes_and_ticks_are_saved_and_found_from_everywhere() {
    let world = World::new();
    // Two days before Bob takes over from Eve.
    world.server.at("2026-03-07T10:30:00Z");
    let before = handover(&world, FIRST);
    let there = path(&before);
    let link = there.trim_start_matches('/');
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    for page in ["/", "/me", &world.path(""), &world.path("/handovers")] {
        let html = eve.get(page).expect(200);
        assert!(html.contains(&format!("href=\"{link}\"")), "{page}: {html}");
    }
    assert!(eve.get("/").expect(200).contains("no notes yet · 0 of"));

    let html = eve.get(&there).expect(200);
    let todo = texts(&before["outgoing"], false);
    assert!(
        todo.iter().all(|text| html.contains(text.as_str())),
        "{html}"
    );
    let seen_empty = seen(&html);
    let written = [
        ("seen", seen_empty.as_str()),
        ("notes", "It restarts at night.\r\nSee <b>INC-7</b>."),
        ("outgoing.done", &todo[0]),
        ("outgoing.done", &todo[1]),
        ("outgoing.add", "Ticket 4711\r\n\r\n Ticket 4712 "),
    ];
    assert_eq!(eve.submit(&there, &written).goes_to(), there);
    let html = eve.get(&there).expect(200);
    assert!(html.contains("See &#60;b&#62;INC-7"), "{html}");
    let after = handover(&world, FIRST);
    assert_eq!(after["notes"], "It restarts at night.\nSee <b>INC-7</b>.");
    assert_eq!(texts(&after["outgoing"], true), todo[..2]);
    let open = texts(&after["outgoing"], false);
    assert!(open.contains(&"Ticket 4711".to_owned()) && open.contains(&"Ticket 4712".to_owned()));

    // Bob ticks his own, takes one of Eve's ticks away, and leaves the notes alone.
    let mut bob = Browser::signed_in(&world.server, OTHER);
    let known = bob.get(&world.path("/handovers")).expect(200);
    assert!(known.contains("notes by Eve"), "{known}");
    let html = bob.get(&there).expect(200);
    let his = texts(&after["incoming"], false);
    let ticked = [
        ("seen", seen(&html)),
        (
            "notes",
            "It restarts at night.\nSee <b>INC-7</b>.".to_owned(),
        ),
        ("outgoing.was", todo[0].clone()),
        ("outgoing.was", todo[1].clone()),
        ("outgoing.done", todo[1].clone()),
        ("incoming.done", his[0].clone()),
    ];
    let ticked: Vec<(&str, &str)> = ticked.iter().map(|(a, b)| (*a, b.as_str())).collect();
    bob.submit(&there, &ticked).goes_to();
    let last = handover(&world, FIRST);
    assert_eq!(last["written_by"]["name"], after["written_by"]["name"]);
    assert_eq!(texts(&last["outgoing"], true), todo[1..2]);
    assert_eq!(texts(&last["incoming"], true), his[..1]);

    // Once it is over Bob still finds what there is to read.
    world.server.at("2026-03-09T12:00:00Z");
    let now = bob.get("/").expect(200);
    assert!(now.contains("Take over Flags hero"), "{now}");
}

#[test]
fn nothing_that_was_typed_is_lost() {
    let world = World::new();
    let there = path(&handover(&world, FIRST));
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let mut mia = Browser::signed_in(&world.server, MANAGER);
    let first = seen(&eve.get(&there).expect(200));
    mia.get(&there).expect(200);
    let hers = [("seen", first.as_str()), ("notes", "from Mia")];
    mia.submit(&there, &hers).goes_to();

    // Eve began before that: both are shown, and hers take their place only if she says so again.
    let mine = [
        ("seen", first.as_str()),
        ("notes", "from Eve"),
        ("incoming.add", "say hello"),
    ];
    let html = eve.submit(&there, &mine).expect(200);
    for words in [
        "Mia changed the notes while you wrote",
        "from Mia",
        "from Eve",
        "say hello",
    ] {
        assert!(html.contains(words), "{words} in {html}");
    }
    assert_eq!(handover(&world, FIRST)["notes"], "from Mia");
    let meant = seen(&html);
    let mine = [("seen", meant.as_str()), mine[1], mine[2]];
    eve.submit(&there, &mine).goes_to();
    let saved = handover(&world, FIRST);
    assert_eq!(saved["notes"], "from Eve");
    assert!(texts(&saved["incoming"], false).contains(&"say hello".to_owned()));

    // What is wrong is said beside the field.
    let current = seen(&eve.get(&there).expect(200));
    let long = "x".repeat(300);
    let wrong = [
        ("seen", current.as_str()),
        ("notes", "kept"),
        ("outgoing.add", &long),
    ];
    let html = eve.submit(&there, &wrong).expect(200);
    assert!(html.contains("must have at most 200 characters"), "{html}");
    assert!(html.contains("kept") && html.contains(&long), "{html}");

    // The handoff moves while she writes: what she typed stands on the page of the next one.
    let cover = json!({ "start": "2026-03-09T10:00:00Z", "end": "2026-03-11T10:00:00Z",
        "person_id": world.people[1] });
    world
        .server
        .post(&world.path("/overrides"), &cover)
        .expect(201);
    let late = [("seen", current.as_str()), ("notes", "written too late")];
    let html = eve.submit(&there, &late).expect(200);
    assert!(html.contains("written too late"), "{html}");
    assert!(html.contains("comes instead"), "{html}");
    let next = path(&handover(&world, "2026-03-11T10:00:00Z"));
    assert!(
        html.contains(&format!("action=\"{}\"", &next[1..])),
        "{html}"
    );
    // And a link to it leads to those that there are.
    assert_eq!(eve.get(&there).goes_to(), world.path("/handovers"));
    let list = eve.get(&world.path("/handovers")).expect(200);
    assert!(list.contains("any more"), "{list}");
}

#[test]
fn others_read_and_viewers_do_not() {
    let world = World::new();
    let there = path(&handover(&world, FIRST));
    let mut max = Browser::signed_in(&world.server, ELSEWHERE);
    let html = max.get(&there).expect(200);
    assert!(
        html.contains("Nobody has written any yet") && !html.contains("<textarea"),
        "{html}"
    );
    max.get("/").expect(200);
    let html = max
        .submit(
            &there,
            &[("notes", "not mine"), ("outgoing.add", "nor this")],
        )
        .expect(403);
    assert!(html.contains("this is not saved"), "{html}");
    assert!(handover(&world, FIRST)["notes"].is_null());
    let mut vic = Browser::signed_in(&world.server, VIEWER);
    vic.get(&there).expect(403);
    vic.get(&world.path("/handovers")).expect(403);
    assert!(!vic.get(&world.path("")).expect(200).contains("handovers/"));
    for odd in ["/handovers/x", "/rotations/x/handovers"] {
        max.get(odd).expect(404);
    }
    for odd in ["from=x", "from=9999-12-31", "from=2026-06-01"] {
        max.get(&world.path(&format!("/handovers?{odd}")))
            .expect(200);
    }
}

#[test]
fn a_cover_of_a_day_has_notes_and_no_lists() {
    let world = World::new();
    let cover = json!({ "start": "2026-03-04T10:00:00Z", "end": "2026-03-05T10:00:00Z",
        "person_id": world.people[2] });
    world
        .server
        .post(&world.path("/overrides"), &cover)
        .expect(201);
    let there = path(&handover(&world, "2026-03-04T10:00:00Z"));
    let mut bob = Browser::signed_in(&world.server, OTHER);
    let html = bob.get(&there).expect(200);
    assert!(
        html.contains("A cover of a day or two") && !html.contains("checkbox"),
        "{html}"
    );
    let notes = [("seen", seen(&html)), ("notes", "all quiet".to_owned())];
    let notes: Vec<(&str, &str)> = notes.iter().map(|(a, b)| (*a, b.as_str())).collect();
    bob.submit(&there, &notes).goes_to();
    assert_eq!(
        handover(&world, "2026-03-04T10:00:00Z")["notes"],
        "all quiet"
    );
}

#[test]
fn a_watch_is_handed_over_with_four_notes() {
    let world = crate::incidents::world();
    let path_of_list = format!("/rotations/{}/handovers", world.rotation);
    let all = world.server.get(&path_of_list).expect(200);
    let one = &all["items"][0];
    assert_eq!(one["form"], "watch");
    let there = path(one);
    let name = one["from"]["name"].as_str().unwrap().to_lowercase();
    let mut browser = Browser::signed_in(&world.server, &format!("{name}@example.com"));
    let html = browser.get(&there).expect(200);
    let seen = seen(&html);
    let mut notes = [
        ("seen", seen.as_str()),
        ("watch_notes.status", "still bad"),
        ("watch_notes.ticket_count", "a dozen"),
        ("watch_notes.key_information", ""),
        ("watch_notes.told_to_users", "that we look"),
    ];
    let html = browser.submit(&there, &notes).expect(200);
    assert!(html.contains("must be a number, roughly"), "{html}");
    notes[2].1 = "12";
    let html = browser.submit(&there, &notes).expect(200);
    assert!(
        html.contains("must not be empty") && html.contains("that we look"),
        "{html}"
    );
    notes[3].1 = "only in Europe";
    browser.submit(&there, &notes).goes_to();
    let kept = world.server.get(&there).expect(200);
    assert_eq!(kept["watch_notes"]["ticket_count"], 12);
    assert!(browser.get(&path_of_list).expect(200).contains("notes by"));
}
