//! The stories of a manager, an engineer, a viewer and a subscriber, by mouse where people use one.

use std::process::Command;

use serde_json::json;

use super::world::Who::{self, Engineer, Manager, Viewer};
use super::world::World;
use crate::harness::chromium::Chromium;

const HERO: &str = "/rotations/{rotation:Feature Flags hero}";

/// Who has it, by first name.
fn on_duty(world: &World, at: &str) -> String {
    let path = world.path(&format!("{HERO}/on-duty?at={at}"));
    let duty = world.server.get(&path).expect(200);
    let name = duty["person"]["name"].as_str().unwrap();
    name.split(' ').next().unwrap().to_owned()
}

/// Drags over days of the timeline.
fn choose_days(chromium: &Chromium, first: &str, last: &str) {
    let day = |date: &str| format!("[data-day='{date}']");
    chromium.drag(&day(first), &day(last));
    chromium.press("Somebody else for this time…");
    chromium.see("Somebody else for Feature Flags hero");
}

fn in_order(chromium: &Chromium) {
    assert_eq!(chromium.axe(), Vec::<String>::new());
    assert_eq!(chromium.complaints(), Vec::<String>::new());
}

#[test]
fn a_manager_gives_days_to_somebody_else() {
    let world = World::found();
    let Some(chromium) = world.browser(Manager) else {
        return;
    };
    chromium.open("/");
    chromium.press("Feature Flags");
    chromium.see("Edit rotation");
    assert_eq!(on_duty(&world, "2026-03-12T12:00:00Z"), "Ada");
    choose_days(&chromium, "2026-03-11", "2026-03-12");
    chromium.see("Wed 11 Mar to Thu 12 Mar");
    chromium.fill("Who takes over?", "Ines");
    chromium.fill("Why", "a conference");
    chromium.press("See what changes");
    chromium.see("Ines (sample) gains Wed 11 Mar");
    in_order(&chromium);
    chromium.press("Save");
    chromium.see("Ines (sample) has it: Wed 11 Mar to Thu 12 Mar.");
    chromium.see("“a conference”");
    assert_eq!(on_duty(&world, "2026-03-12T12:00:00Z"), "Ines");
    // The order is as it was.
    assert_eq!(on_duty(&world, "2026-03-17T12:00:00Z"), "Ines");
    assert_eq!(on_duty(&world, "2026-03-24T12:00:00Z"), "Tom");
    chromium.press("Undo the change of Wed 11 Mar");
    chromium.see_no("a conference");
    assert_eq!(on_duty(&world, "2026-03-12T12:00:00Z"), "Ada");
}

#[test]
fn an_engineer_gives_days_away_and_somebody_takes_them() {
    let world = World::found();
    let Some(chromium) = world.browser(Engineer) else {
        return;
    };
    chromium.open("/me");
    chromium.see("Give away or trade");
    chromium.see("Feature Flags hero");
    chromium.open(&world.path(HERO));
    // Of the days that are chosen, what is Tom's.
    assert_eq!(on_duty(&world, "2026-03-08T12:00:00Z"), "Tom");
    choose_days(&chromium, "2026-03-08", "2026-03-07");
    chromium.see("Or ask who can take it");
    chromium.fill("Ines (sample)", "");
    chromium.fill("A word with it", "I would owe you one");
    in_order(&chromium);
    chromium.press("Ask");
    chromium.see("They are asked.");
    assert!(
        chromium.path().starts_with("/swaps/"),
        "{}",
        chromium.path()
    );
    in_order(&chromium);
    chromium.picture("story-asked");
    assert_eq!(on_duty(&world, "2026-03-08T12:00:00Z"), "Tom");

    // Whoever was not asked has nothing to take; Ines has.
    let swap = chromium.path();
    chromium.enter(&world.server, "ada@example.com");
    chromium.open(&swap);
    chromium.see("I would owe you one");
    chromium.see_no("Take it");
    chromium.enter(&world.server, Manager.email().unwrap());
    chromium.open("/");
    chromium.see("Tom (sample) asks who takes");
    chromium.press("Feature Flags hero, Sat 7 Mar");
    chromium.see("Take it");
    in_order(&chromium);
    chromium.picture("story-swap");
    chromium.press("Take it");
    chromium.see("It is accepted.");
    assert_eq!(on_duty(&world, "2026-03-08T12:00:00Z"), "Ines");
    in_order(&chromium);
    chromium.enter(&world.server, Engineer.email().unwrap());
    chromium.open("/me");
    chromium.see("Your requests and swaps");
    chromium.press("Undo");
    chromium.see_no("Your requests and swaps");
    assert_eq!(on_duty(&world, "2026-03-08T12:00:00Z"), "Tom");
}

#[test]
fn an_engineer_is_away_and_finds_somebody() {
    let world = World::found();
    let Some(chromium) = world.browser(Engineer) else {
        return;
    };
    chromium.open("/me/time-off");
    chromium.fill("First day", "2026-03-24");
    chromium.fill("Last day", "2026-03-25");
    chromium.fill("Why", "by the sea");
    chromium.press("See what it falls into");
    chromium.see("Feature Flags hero, Tue 24 Mar to Wed 25 Mar");
    in_order(&chromium);
    chromium.press("Save");
    chromium.press("Find somebody for Feature Flags hero");
    chromium.see("Somebody else for Feature Flags hero");
    chromium.see("Tue 24 Mar to Wed 25 Mar");
    chromium.fill("Who takes over?", "Ada");
    chromium.press("Save");
    chromium.see("Ada (sample) has it: Tue 24 Mar to Wed 25 Mar.");
    assert_eq!(on_duty(&world, "2026-03-25T12:00:00Z"), "Ada");
    chromium.open("/me/time-off");
    chromium.see("by the sea");
    chromium.see_no("Find somebody for Feature Flags hero");
    // Why is nobody else's business.
    chromium.enter(&world.server, "ada@example.com");
    chromium.open(&world.path("/people/{person:Tom}"));
    chromium.see("Tom (sample)");
    chromium.see_no("by the sea");
}

/// What a page offers that changes something, one's own affairs and the choice of a zone aside.
fn offers(chromium: &Chromium) -> Vec<String> {
    let script = "
        const own = /^(sign-out|zone|me)([/?]|$)/;
        const changes = /(\\/(change|edit|settings|archive|deactivate|import|new)|new-team)([/?#]|$)/;
        const path = (url) => url.replace(document.baseURI, '').split('#')[0];
        const forms = [...document.forms].filter((form) => form.method === 'post').map((form) => path(form.action));
        const links = [...document.querySelectorAll('main a[href]')].map((link) => path(link.href));
        return [...forms.filter((one) => !own.test(one)), ...links.filter((one) => changes.test(one) && !own.test(one))];";
    serde_json::from_value(chromium.run(script, &json!([]))).unwrap()
}

fn status(chromium: &Chromium) -> i64 {
    let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
    chromium.run(script, &json!([])).as_i64().unwrap()
}

#[test]
fn a_viewer_sees_everything_and_changes_nothing() {
    let world = World::found();
    let Some(chromium) = world.browser(Viewer) else {
        return;
    };
    for page in [
        "/",
        "/ahead?team=",
        "/incidents",
        "/incidents/{incident:INC-123}",
        "/incidents/past",
        "/people",
        "/people/{person:Tom}",
        "/reports/load",
        "/rotations/{rotation:Feature Flags hero}",
        "/rotations/{rotation:Support watch}",
        "/swaps",
        "/teams",
        "/teams/feature-flags",
        "/me",
    ] {
        chromium.open(&world.path(page));
        assert_eq!(status(&chromium), 200, "{page}");
        assert_eq!(offers(&chromium), Vec::<String>::new(), "on {page}");
    }
    // Those who may do see what they can do: the look above finds it.
    chromium.enter(&world.server, Manager.email().unwrap());
    chromium.open(&world.path(HERO));
    assert!(offers(&chromium).len() >= 3, "{:?}", offers(&chromium));

    chromium.enter(&world.server, Viewer.email().unwrap());
    for page in [
        "/administration/access",
        "/administration/audit",
        "/administration/outbox",
        "/incidents/new",
        "/new-team",
        "/people/import",
        "/people/new",
        "/people/{person:Tom}/deactivate",
        "/people/{person:Tom}/edit",
        "/rotations/{rotation:Feature Flags hero}/archive",
        "/rotations/{rotation:Feature Flags hero}/change",
        "/rotations/{rotation:Feature Flags hero}/edit",
        "/rotations/{rotation:Feature Flags hero}/settings",
        "/teams/feature-flags/edit",
        "/teams/feature-flags/rotations/new",
    ] {
        chromium.open(&world.path(page));
        assert_eq!(status(&chromium), 403, "{page}");
    }
}

/// A feed as a calendar program gets it.
fn fetch(url: &str) -> (u16, String) {
    let answer = reqwest::blocking::get(url).unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

#[test]
fn a_subscriber_makes_an_address_reads_it_and_revokes_it() {
    let world = World::found();
    for who in [Engineer, Viewer] {
        subscribes(&world, who);
    }
}

fn subscribes(world: &World, who: Who) {
    let Some(chromium) = world.browser(who) else {
        return;
    };
    chromium.open(&world.path(HERO));
    chromium.press("Subscribe");
    chromium.see("What it shows");
    chromium.press("Make an address");
    chromium.see("This address is shown only now.");
    in_order(&chromium);
    chromium.picture("story-address");
    let url = chromium.run(
        "return document.querySelector('code.secret').textContent",
        &json!([]),
    );
    let url = url.as_str().unwrap();
    let (status, body) = fetch(url);
    assert_eq!(status, 200);
    assert!(body.contains("Tom (sample)"), "{body}");
    match std::env::var_os("DOGWATCH_TEST_PYTHON") {
        Some(python) => {
            let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/check_feed.py");
            let done = Command::new(python).args([checker, url]).output().unwrap();
            let wrong = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{wrong}");
        }
        None => eprintln!("DOGWATCH_TEST_PYTHON is not set: the feed was not checked"),
    }
    chromium.open("/me/calendars");
    chromium.see("Made before");
    chromium.press("Revoke… Feature Flags hero");
    chromium.see("This cannot be taken back");
    assert_eq!(fetch(url).0, 200);
    chromium.press("Revoke this address");
    chromium.see("That address shows nothing any more.");
    chromium.see_no("Made before");
    assert_eq!(fetch(url).0, 410);
    let (start, _) = url.split_once("/feeds/").unwrap();
    assert_eq!(fetch(&format!("{start}/feeds/guessed/x.ics")).0, 404);
}
