//! A rotation's page, and somebody else for some of its time.

use serde_json::json;

use super::world::{ELSEWHERE, ENGINEER, MANAGER, VIEWER, World};
use crate::harness::browser::Browser;

#[test]
fn a_rotation_is_drawn_and_told() {
    let world = World::new();
    let mut browser = Browser::signed_in(&world.server, VIEWER);
    let page = browser.get(&world.path("")).expect(200);
    assert!(
        page.contains("core order") && page.contains(">Bob<"),
        "{page}"
    );
    // Five weeks from the Monday on: the clocks of London change on the 29th.
    assert!(
        page.contains("Sun 29 Mar: clocks go forward by 1 h in Europe/London"),
        "{page}"
    );
    assert!(
        page.contains("Mon 9 Mar, 10:00 to Mon 16 Mar, 10:00"),
        "{page}"
    );
    assert!(
        page.contains("Nothing is wrong in the next 90 days"),
        "{page}"
    );
    assert!(!page.contains("Somebody else"), "viewers change nothing");
    assert!(!page.contains("<script>alert"), "{page}");
    // The same in another zone, further on.
    let path = world.path("?span=weeks&from=2026-03-30&zone=Asia/Tokyo");
    let page = browser.get(&path).expect(200);
    assert!(page.contains("Days of Asia/Tokyo"), "{page}");
    assert!(
        page.contains("Mon 6 Apr, 18:00 to Mon 13 Apr, 18:00"),
        "{page}"
    );
    assert!(
        page.contains("from=2026-04-13") && page.contains("from=2026-03-16"),
        "{page}"
    );
    for odd in [
        "?span=x&from=y&zone=z",
        "?from=0001-01-01",
        "?from=9999-12-31",
        "?span=quarter",
    ] {
        browser.get(&world.path(odd)).expect(200);
    }
    browser.get("/rotations/nothing").expect(404);
    let team = browser.get("/teams/flags").expect(200);
    assert!(
        team.contains("Flags hero") && team.contains("manages"),
        "{team}"
    );
    assert!(browser.get("/teams").expect(200).contains("Infra"));
    browser.get("/teams/none").expect(404);
}

#[test]
fn who_is_away_on_duty_and_what_nobody_has_is_to_be_mended() {
    let world = World::new();
    let off = json!({ "first_day": "2026-03-12", "last_day": "2026-03-13" });
    let path = format!("/people/{}/time-off", world.people[2]);
    world.server.post(&path, &off).expect(201);
    let nobody = json!({ "start": "2026-03-18T00:00:00Z", "end": "2026-03-19T00:00:00Z", "person_id": null });
    world
        .server
        .post(&world.path("/overrides"), &nobody)
        .expect(201);
    let mut browser = Browser::signed_in(&world.server, MANAGER);
    let page = browser.get(&world.path("")).expect(200);
    assert!(
        page.contains("Thu 12 Mar to Fri 13 Mar: Bob is away"),
        "{page}"
    );
    assert!(
        page.contains("Wed 18 Mar: nobody has it, given to nobody"),
        "{page}"
    );
    assert!(page.contains("start=2026-03-12T00:00"), "{page}");
}

#[test]
fn a_manager_gives_time_to_somebody_after_seeing_what_changes() {
    let world = World::new();
    let bob = world.people[2].as_str();
    let mut browser = Browser::signed_in(&world.server, MANAGER);
    let choose = world.path("/change?first=2026-03-05&last=2026-03-06");
    let page = browser.get(&choose).expect(200);
    assert!(page.contains(r#"value="2026-03-05T00:00""#), "{page}");
    assert!(page.contains(r#"value="2026-03-07T00:00""#), "{page}");
    assert!(page.contains("Thu 5 Mar to Fri 6 Mar"), "{page}");
    let path = world.path("/change?zone=Europe/London");
    let mut fields = vec![
        ("start", "2026-03-05T00:00"),
        ("end", "2026-03-07T00:00"),
        ("reason", "a <b>wedding</b>"),
        ("do", "look"),
    ];
    let page = browser.submit(&path, &fields).expect(200);
    assert!(page.contains("choose somebody"), "{page}");
    assert!(
        page.contains("a &#60;b&#62;wedding"),
        "what was typed is kept: {page}"
    );
    fields.push(("person_id", bob));
    let page = browser.submit(&path, &fields).expect(200);
    assert!(page.contains("What changes if you save"), "{page}");
    assert_eq!(
        world.on_duty("2026-03-05T12:00:00Z"),
        json!(world.people[1])
    );
    fields.retain(|(name, _)| *name != "do");
    let sent = browser.submit(&path, &fields);
    let there = sent.goes_to().to_owned();
    assert_eq!(there, world.path("?from=2026-03-02"));
    let page = browser.get(&there).expect(200);
    assert!(
        page.contains("Bob has it: Thu 5 Mar to Fri 6 Mar."),
        "{page}"
    );
    assert!(page.contains("a &#60;b&#62;wedding"), "{page}");
    assert!(
        !browser.get(&there).expect(200).contains("Bob has it"),
        "said once"
    );
    assert_eq!(world.on_duty("2026-03-05T12:00:00Z"), json!(bob));
    // The next turns are where they were.
    assert_eq!(world.on_duty("2026-03-10T12:00:00Z"), json!(bob));

    let page = browser.get(&there).expect(200);
    let (_, rest) = page.split_once("action=\"overrides/").unwrap();
    let undo = format!("/overrides/{}", rest.split('"').next().unwrap());
    assert_eq!(
        browser.submit(&undo, &[("back", "/teams")]).goes_to(),
        "/teams"
    );
    assert_eq!(
        world.on_duty("2026-03-05T12:00:00Z"),
        json!(world.people[1])
    );
    browser.get("/teams").expect(200);
    let page = browser.submit(&undo, &[("back", "/teams")]).expect(409);
    assert!(page.contains("It is over already."), "{page}");
}

#[test]
fn engineers_give_their_own_time_and_nobody_else_gives_any() {
    let world = World::new();
    let bob = world.people[2].as_str();
    let path = world.path("/change?zone=Europe/London");
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    // Of the week that was chosen, what is hers.
    let choose = world.path("/change?first=2026-03-06&last=2026-03-12");
    let page = eve.get(&choose).expect(200);
    assert!(
        page.contains(r#"name="start" value="2026-03-06T00:00""#),
        "{page}"
    );
    assert!(
        page.contains(r#"name="end" value="2026-03-09T10:00""#),
        "{page}"
    );
    let own = [
        ("start", "2026-03-06T00:00"),
        ("end", "2026-03-09T10:00"),
        ("person_id", bob),
    ];
    eve.submit(&path, &own).goes_to();
    assert_eq!(world.on_duty("2026-03-07T12:00:00Z"), json!(bob));
    let foreign = [
        ("start", "2026-03-10T00:00"),
        ("end", "2026-03-11T00:00"),
        ("person_id", bob),
    ];
    for somebody in [ENGINEER, ELSEWHERE] {
        let mut browser = Browser::signed_in(&world.server, somebody);
        browser.get(&choose).expect(200);
        let page = browser.submit(&path, &foreign).expect(403);
        assert!(
            page.contains("engineers give only their own time")
                || page.contains("Engineers give only their own time"),
            "{page}"
        );
    }
    let mut viewer = Browser::signed_in(&world.server, VIEWER);
    viewer.get(&choose).expect(403);
    viewer.get("/").expect(200);
    viewer.submit(&path, &foreign).expect(403);
    // What has begun while the page was open begins now.
    world.server.at("2026-03-16T10:30:00Z");
    let late = [
        ("start", "2026-03-16T10:01"),
        ("end", "2026-03-17T00:00"),
        ("person_id", bob),
    ];
    eve.get("/").expect(200);
    eve.submit(&path, &late).goes_to();
    assert_eq!(
        world.on_duty("2026-03-16T10:29:00Z"),
        json!(world.people[1])
    );
    assert_eq!(world.on_duty("2026-03-16T10:31:00Z"), json!(bob));
}
