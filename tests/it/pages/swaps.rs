//! Swaps: asked for in steps, and taken.

use serde_json::json;

use super::world::{ENGINEER, MANAGER, OTHER, VIEWER, World};
use crate::harness::browser::Browser;

#[test]
fn a_swap_is_asked_for_in_three_steps_and_taken_in_one() {
    let world = World::new();
    let bob = world.people[2].as_str();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let choose = world.path("/change?first=2026-03-05&last=2026-03-06");
    let page = eve.get(&choose).expect(200);
    assert!(
        page.contains("Or ask who can take it") && page.contains("at work for"),
        "{page}"
    );
    let ask = world.path("/ask?zone=Europe/London");
    let time = [
        ("start", "2026-03-05T00:00"),
        ("end", "2026-03-07T00:00"),
        ("note", "<i>please</i>"),
    ];
    let swap = eve.submit(&ask, &time).goes_to().to_owned();
    assert!(swap.starts_with("/swaps/"), "{swap}");
    let page = eve.get(&swap).expect(200);
    assert!(
        page.contains("They are asked.") && page.contains("Ask no longer"),
        "{page}"
    );
    assert!(page.contains("&#60;i&#62;please"), "{page}");

    let mut other = Browser::signed_in(&world.server, OTHER);
    assert!(other.get("/").expect(200).contains("asks who takes"));
    assert!(other.get("/me").expect(200).contains("Take it"));
    // First a part, then the rest.
    other.get(&swap).expect(200);
    let part = [
        ("do", "part"),
        ("start", "2026-03-05T00:00"),
        ("end", "2026-03-06T00:00"),
    ];
    assert_eq!(other.submit(&swap, &part).goes_to(), swap);
    assert_eq!(world.on_duty("2026-03-05T12:00:00Z"), json!(bob));
    assert_eq!(
        world.on_duty("2026-03-06T12:00:00Z"),
        json!(world.people[1])
    );
    let page = other.get(&swap).expect(200);
    assert!(page.contains("Still to be taken: Fri 6 Mar."), "{page}");
    assert_eq!(
        other
            .submit(&swap, &[("do", "take"), ("back", "/me")])
            .goes_to(),
        "/me"
    );
    assert_eq!(world.on_duty("2026-03-06T12:00:00Z"), json!(bob));
    let page = eve.get("/me").expect(200);
    assert!(
        page.contains("Your requests and swaps") && page.contains("Undo"),
        "{page}"
    );
    let page = eve.submit(&swap, &[("do", "withdraw")]).expect(200);
    assert!(page.contains("The swap is accepted already."), "{page}");
    eve.submit(&swap, &[("do", "undo")]).goes_to();
    assert_eq!(
        world.on_duty("2026-03-06T12:00:00Z"),
        json!(world.people[1])
    );

    // A trade is for one person, and a viewer takes nothing.
    let trade = [
        ("start", "2026-03-05T00:00"),
        ("end", "2026-03-07T00:00"),
        ("in_return.start", "2026-03-10T00:00"),
        ("in_return.end", "2026-03-12T00:00"),
    ];
    eve.get(&choose).expect(200);
    let page = eve.submit(&ask, &trade).expect(200);
    assert!(
        page.contains("data-faults"),
        "it has to name somebody: {page}"
    );
    let mut named = trade.to_vec();
    named.push(("offered_to", bob));
    let swap = eve.submit(&ask, &named).goes_to().to_owned();
    let mut viewer = Browser::signed_in(&world.server, VIEWER);
    let page = viewer.get(&swap).expect(200);
    assert!(!page.contains("name=\"do\""), "{page}");
    viewer.submit(&swap, &[("do", "take")]).expect(403);
    other.get(&swap).expect(200);
    other.submit(&swap, &[("do", "take")]).goes_to();
    assert_eq!(
        world.on_duty("2026-03-10T12:00:00Z"),
        json!(world.people[1])
    );
    viewer.get("/swaps/nothing").expect(404);
    viewer.submit(&swap, &[("do", "nonsense")]).expect(404);
}

#[test]
fn a_shift_is_traded_for_one_of_theirs_that_is_chosen() {
    let world = World::new();
    let bob = world.people[2].as_str();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let choose =
        world.path("/change?start=2026-03-16T10:00&end=2026-03-23T10:00&zone=Europe/London");
    let page = eve.get(&choose).expect(200);
    let shift = format!("2026-03-23T10:00:00Z/2026-03-30T09:00:00Z/{bob}");
    assert!(
        page.contains(&format!("value=\"{shift}\"")) || page.contains(&shift.replace('/', "&#47;")),
        "{page}"
    );
    assert!(
        page.contains("Bob: Mon 23 Mar, 10:00 to Mon 30 Mar, 10:00"),
        "{page}"
    );
    let ask = world.path("/ask?zone=Europe/London");
    let time = [("start", "2026-03-16T10:00"), ("end", "2026-03-23T10:00")];
    let nobody = [
        time[0],
        time[1],
        ("in_return.start", "2026-03-24T10:00"),
        ("in_return.end", "2026-03-25T10:00"),
    ];
    let page = eve.submit(&ask, &nobody).expect(200);
    assert!(
        page.contains("choose the one person you trade with"),
        "{page}"
    );
    let trade = [time[0], time[1], ("in_return.shift", shift.as_str())];
    let made = eve.submit(&ask, &trade);
    let swap = world.server.get(made.goes_to()).expect(200);
    assert_eq!(swap["kind"], "trade");
    assert_eq!(swap["in_return"]["start"], "2026-03-23T10:00:00Z");
    assert!(swap["offered_to"].to_string().contains(bob), "{swap}");

    // Each sees what they give and what they get.
    let path = made.goes_to();
    let page = eve.get(path).expect(200);
    assert!(
        page.contains("for Mon 23 Mar, 10:00 to Mon 30 Mar, 10:00 of <a class=\"who\""),
        "{page}"
    );
    let mut other = Browser::signed_in(&world.server, OTHER);
    let now = other.get("/").expect(200);
    assert!(
        now.contains("offers you a trade:") && now.contains("for yours, Mon 23 Mar, 10:00"),
        "{now}"
    );
    let page = other.get(path).expect(200);
    assert!(page.contains("for yours, Mon 23 Mar, 10:00"), "{page}");
    other.submit(path, &[("do", "take")]).goes_to();
    let page = other.get(path).expect(200);
    assert!(
        page.contains("each of you has the other’s time now") && page.contains("· accepted"),
        "{page}"
    );
}

#[test]
fn it_is_seen_who_is_asked_and_who_said_no() {
    let world = World::new();
    let (mia, bob) = (world.people[0].as_str(), world.people[2].as_str());
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let time = [("start", "2026-03-05T00:00"), ("end", "2026-03-07T00:00")];
    let choose =
        world.path("/change?start=2026-03-05T00:00&end=2026-03-07T00:00&zone=Europe/London");
    eve.get(&choose).expect(200);
    let named = [time[0], time[1], ("offered_to", bob), ("offered_to", mia)];
    let ask = world.path("/ask?zone=Europe/London");
    let swap = eve.submit(&ask, &named).goes_to().to_owned();
    let page = eve.get(&swap).expect(200);
    let asked = page.split_once("Asked: ").expect("who is asked").1;
    let asked = asked.split_once(".</p>").unwrap().0;
    assert!(asked == "Mia, Bob" || asked == "Bob, Mia", "{page}");
    let mut other = Browser::signed_in(&world.server, OTHER);
    other.get(&swap).expect(200);
    other.submit(&swap, &[("do", "decline")]).goes_to();
    let page = eve.get(&swap).expect(200);
    assert!(page.contains("Bob (cannot)"), "{page}");
    assert!(page.contains("Ask no longer"), "{page}");
    let page = Browser::signed_in(&world.server, MANAGER)
        .get(&swap)
        .expect(200);
    assert!(page.contains("Withdraw it for Eve"), "{page}");

    // Of a request to the whole team, whoever cannot is named.
    eve.submit(&swap, &[("do", "withdraw")]).goes_to();
    eve.get(&choose).expect(200);
    let swap = eve.submit(&ask, &time).goes_to().to_owned();
    other.get(&swap).expect(200);
    other.submit(&swap, &[("do", "decline")]).goes_to();
    let page = eve.get(&swap).expect(200);
    assert!(page.contains("Cannot: Bob."), "{page}");
}
