//! The swap board, and the list of clashes and gaps.

use serde_json::{Value, json};

use super::world::{ELSEWHERE, ENGINEER, MANAGER, OTHER, VIEWER, World};
use crate::harness::browser::Browser;

#[test]
fn everybody_sees_on_the_board_what_is_asked_and_what_they_can_do_about_it() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    assert!(
        eve.get("/swaps")
            .expect(200)
            .contains("Nobody asks for anything")
    );
    let body = json!({
        "rotation_id": world.rotation, "kind": "cover", "person_id": world.people[1], "note": "A <i>wedding</i>",
        "start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z",
    });
    let swap = world.server.post("/swaps", &body).expect(201);
    let path = format!("/swaps/{}", swap["id"].as_str().unwrap());

    let board = eve.get("/swaps").expect(200);
    assert!(
        board.contains("<h2>Yours</h2>") && board.contains("Ask no longer"),
        "{board}"
    );
    assert!(board.contains("Wed 4 Mar to Thu 5 Mar"), "{board}");
    assert!(!board.contains("<i>wedding"), "{board}");
    let mut vic = Browser::signed_in(&world.server, VIEWER);
    let board = vic.get("/swaps?team=").expect(200);
    assert!(
        board.contains("<h3>Asked</h3>") && !board.contains("Take it"),
        "{board}"
    );
    // Of another team: not his first own, but to be found.
    let mut max = Browser::signed_in(&world.server, ELSEWHERE);
    assert!(
        max.get("/swaps")
            .expect(200)
            .contains("Nothing else is asked")
    );
    assert!(
        max.get("/swaps?team=flags")
            .expect(200)
            .contains("<h3>Asked</h3>")
    );
    max.get("/swaps?team=nobody").expect(404);

    let mut bob = Browser::signed_in(&world.server, OTHER);
    let board = bob.get("/swaps").expect(200);
    assert!(board.contains("You could take"), "{board}");
    let sent = bob.submit(&path, &[("do", "take"), ("back", "/swaps")]);
    assert_eq!(sent.goes_to(), "/swaps");
    let board = bob.get("/swaps").expect(200);
    assert!(
        board.contains("Undo") && !board.contains("You could take"),
        "{board}"
    );
    let board = max.get("/swaps?team=flags").expect(200);
    assert!(
        board.contains("Agreed, and still to come") && !board.contains("Undo"),
        "{board}"
    );
}

#[test]
fn clashes_and_gaps_are_listed_until_they_are_mended() {
    let world = World::new();
    let [_, eve, bob, ..] = world.people.as_slice() else {
        panic!("there are five people");
    };
    let off = json!({ "first_day": "2026-03-04", "last_day": "2026-03-05", "reason": "a secret" });
    let path = format!("/people/{eve}/time-off");
    world.server.post(&path, &off).expect(201);
    let give = |start: &str, end: &str, person: Value| {
        let body = json!({ "start": start, "end": end, "person_id": person });
        world
            .server
            .post(&world.path("/overrides"), &body)
            .expect(201);
    };
    give("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z", Value::Null);

    let mut browser = Browser::signed_in(&world.server, OTHER);
    let page = browser.get("/ahead").expect(200);
    assert!(
        page.contains("is away <b>Wed 4 Mar to Thu 5 Mar</b>"),
        "{page}"
    );
    let (clash, gap) = page.split_once("Nobody has it").unwrap();
    assert!(
        clash.contains(">Bob</a>") && clash.contains("at work for 16 h of it"),
        "{page}"
    );
    assert!(gap.contains("given to nobody"), "{page}");
    assert!(
        !page.contains("Find somebody…") && !page.contains("secret"),
        "{page}"
    );
    // Whose clash it is can ask; managers mend both.
    for (who, ways) in [(ENGINEER, 1), (MANAGER, 2)] {
        let page = Browser::signed_in(&world.server, who)
            .get("/ahead")
            .expect(200);
        assert_eq!(page.matches("Find somebody…").count(), ways, "{page}");
    }

    give("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", json!(bob));
    give("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z", json!(bob));
    let page = browser.get("/ahead").expect(200);
    assert!(page.contains("No gaps or clashes"), "{page}");
    browser.get("/ahead?team=nobody").expect(404);
}
