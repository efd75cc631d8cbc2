//! The editor of rotations without scripts: every button sends the form, and the page comes back as it would be.

use serde_json::Value;

use crate::browser::world::Who::{Administrator, Engineer, Manager, Supporter, Viewer};
use crate::browser::world::World;
use crate::harness::browser::form;

const HERO: &str = "/rotations/{rotation:Feature Flags hero}";

fn order(html: &str) -> Vec<String> {
    let fields = form(html).into_iter();
    fields
        .filter(|(name, _)| name == "order")
        .map(|(_, id)| id)
        .collect()
}

#[test]
fn the_order_is_changed_by_buttons_and_saved() {
    let world = World::found();
    let mut browser = world.visitor(Manager);
    let path = world.path(&format!("{HERO}/edit"));
    let ids = ["{person:Ines}", "{person:Tom}", "{person:Ada}"].map(|name| world.path(name));
    let [ines, tom, ada] = &ids;
    let page = browser.get(&path).expect(200);
    assert_eq!(order(&page), [ines.as_str(), tom, ada]);
    assert!(
        page.contains("every Monday at 10:00, London time"),
        "{page}"
    );
    let page = browser
        .send_form(&path, &page, &[("do", "up:2")])
        .expect(200);
    assert_eq!(order(&page), [ines.as_str(), ada, tom]);
    assert!(page.contains("is now number 2 of 3"), "{page}");
    assert!(page.contains("gains"), "{page}");
    let jo = world.path("{person:Jo}");
    let page = browser
        .send_form(&path, &page, &[("add", &jo), ("do", "add")])
        .expect(200);
    assert_eq!(order(&page), [ines.as_str(), ada, tom, &jo]);
    // Nothing is saved by looking.
    let api = world.path("/rotations/{rotation:Feature Flags hero}");
    let before = newest(&world, &api);
    assert_eq!(before["n"], 1);
    let saved = browser.send_form(&path, &page, &[("do", "save")]);
    assert_eq!(saved.goes_to(), world.path(&format!("{HERO}/revisions/2")));
    let after = newest(&world, &api);
    assert_eq!(after["order"], serde_json::json!([ines, ada, tom, jo]));
    assert_eq!(after["handoff"], before["handoff"]);
    assert_eq!(after["time_zone"], before["time_zone"]);
    let page = browser
        .get(&world.path(&format!("{HERO}/revisions/2")))
        .expect(200);
    assert!(page.contains("Saved. This is what it changes."), "{page}");
    assert!(page.contains("gains"), "{page}");

    // Who filled the form in before that is told, and may insist.
    let page = browser.get(&path).expect(200);
    let old = browser.send_form(
        &path,
        &page,
        &[
            ("version", "1"),
            ("when", "date"),
            ("effective_from", "2026-06-01"),
            ("do", "save"),
        ],
    );
    let page = old.expect(200);
    assert!(
        page.contains("somebody else changed it") || page.contains("Somebody else changed it"),
        "{page}"
    );
    browser.send_form(&path, &page, &[("do", "save")]).goes_to();
}

#[test]
fn requests_that_a_new_order_touches_are_shown() {
    let world = World::found();
    let mut tom = world.visitor(Engineer);
    let hero = world.path(HERO);
    let html = tom.get("/me").expect(200);
    // His next turn: the one that has begun stays whatever becomes of the order.
    let link = format!("href=\"{}/change?start=", &hero[1..]);
    let given = html.split(&link).nth(2).unwrap().split('"').next().unwrap();
    let given = given.replace("&#38;", "&").replace("&amp;", "&");
    let (start, rest) = given.split_once("&end=").unwrap();
    let (end, zone) = rest.split_once("&zone=").unwrap();
    tom.get(&format!("{hero}/change")).expect(200);
    let asked = tom.submit(
        &format!("{hero}/ask?zone={zone}"),
        &[("start", start), ("end", end)],
    );
    let swap = asked.goes_to().trim_start_matches('/').to_owned();
    let mut ines = world.visitor(Manager);
    let page = ines.get(&format!("{hero}/edit")).expect(200);
    let page = ines
        .send_form(&format!("{hero}/edit"), &page, &[("do", "up:2")])
        .expect(200);
    assert!(
        page.contains("Requests and swaps that it touches"),
        "{page}"
    );
    assert!(
        page.contains(&swap) && page.contains("Tom (sample) asks for a cover"),
        "{page}"
    );
}

fn newest(world: &World, path: &str) -> Value {
    let token = dogwatch::service::operator::create_token(
        &world.server.app,
        &dogwatch::service::operator::NewToken {
            email: Administrator.email().unwrap().to_owned(),
            name: "test".to_owned(),
            scope: dogwatch::service::Scope::Read,
            administrator: None,
        },
    )
    .unwrap();
    let request = world.server.with_token(&token, reqwest::Method::GET, path);
    crate::harness::server::send(request).expect(200)["revision"].clone()
}

#[test]
fn when_it_hands_over_is_said_in_words_or_by_a_rule() {
    let world = World::found();
    let mut browser = world.visitor(Manager);
    let path = world.path(&format!("{HERO}/edit"));
    let page = browser.get(&path).expect(200);
    for (changes, words) in [
        (
            &[("unit", "days"), ("every", "2")][..],
            "every 2 days at 10:00, London time",
        ),
        (&[("days", "tue")], "every Tuesday at 10:00, London time"),
        (
            &[("time", "17:30"), ("time_zone", "Asia/Tokyo")],
            "every Monday at 17:30, Tokyo time",
        ),
        (
            &[("unit", "rule"), ("handoff.rule", "FREQ=MONTHLY;BYDAY=1MO")],
            "by the rule FREQ=MONTHLY;BYDAY=1MO",
        ),
    ] {
        let page = browser.send_form(&path, &page, changes).expect(200);
        assert!(page.contains(words), "{changes:?}: {page}");
    }
    for (changes, fault) in [
        (&[("every", "0")][..], "must be a number from 1 to 99"),
        (&[("time", "noon")], "is not a time of day like 10:00"),
        (
            &[("time_zone", "London")],
            "is not the name of an IANA time zone",
        ),
        (
            &[("unit", "rule"), ("handoff.rule", "FREQ=MINUTELY")],
            "FREQ must be HOURLY",
        ),
        (&[("when", "date"), ("effective_from", "")], "choose a date"),
        (
            &[("when", "date"), ("effective_from", "2020-01-06")],
            "must not lie in the past",
        ),
        (&[("duty_hours.0.start", "09:00")], "duty_hours"),
        (&[("order", "nobody")], "there is no such person"),
        (&[("first", "nobody")], "there is no such person"),
    ] {
        let page = browser
            .send_form(&path, &page, &[changes, &[("do", "save")]].concat())
            .expect(200);
        assert!(
            page.contains("data-faults") && page.contains(fault),
            "{changes:?}: {page}"
        );
        // What is not among the choices cannot be shown as chosen.
        for (_, typed) in changes.iter().filter(|(name, _)| *name != "first") {
            assert!(
                page.contains(&format!("\"{typed}\"")),
                "{typed} is kept: {page}"
            );
        }
    }
}

#[test]
fn rotations_are_set_up_and_archived_by_managers_of_their_team_only() {
    let world = World::found();
    let mut manager = world.visitor(Manager);
    let new = "/teams/feature-flags/rotations/new";
    let page = manager.get(new).expect(200);
    let page = manager
        .send_form(new, &page, &[("name", "<b>Shadows</b>"), ("do", "look")])
        .expect(200);
    assert!(
        page.contains("Who has which turns") && page.contains("Ines (sample)</tr>"),
        "{page}"
    );
    for repeated in ["gains", ">From<", "nobody</span>", "What is mended"] {
        assert!(!page.contains(repeated), "{repeated} in {page}");
    }
    let saved = manager.send_form(new, &page, &[("do", "save")]);
    let path = saved.goes_to().to_owned();
    let page = manager.get(&path).expect(200);
    assert!(
        page.contains("Revision 1 of") && !page.contains("<b>Shadows"),
        "{page}"
    );
    let rotation = path.strip_suffix("/revisions/1").unwrap();
    let settings = format!("{rotation}/settings");
    manager.get(&settings).expect(200);
    let bad = manager
        .submit(&settings, &[("name", ""), ("title", "Shadow")])
        .expect(200);
    assert!(bad.contains("must not be empty"), "{bad}");
    let fallback = world.path("{rotation:Global on-call}");
    let fine = [
        ("name", "Shadows"),
        ("title", "Shadow"),
        ("fallback_rotation_id", fallback.as_str()),
    ];
    assert_eq!(manager.submit(&settings, &fine).goes_to(), rotation);
    let archive = format!("{rotation}/archive");
    let page = manager.get(&archive).expect(200);
    assert!(page.contains("loses"), "{page}");
    let day = [
        ("when", "date"),
        ("effective_from", "2026-03-09"),
        ("do", "save"),
    ];
    assert_eq!(manager.send_form(&archive, &page, &day).goes_to(), rotation);

    let watch = world.path("/rotations/{rotation:Support watch}/edit");
    let hero = world.path(&format!("{HERO}/edit"));
    for (who, path, status) in [
        (Manager, watch.as_str(), 403),
        (Supporter, &watch, 200),
        (Supporter, &hero, 403),
        (Supporter, new, 403),
        (Engineer, &hero, 403),
        (Viewer, &hero, 403),
        (Viewer, &settings, 403),
        (Engineer, &archive, 403),
        (Administrator, &watch, 200),
        (Administrator, "/rotations/nothing/edit", 404),
        (Administrator, "/teams/nothing/rotations/new", 404),
    ] {
        let mut browser = world.visitor(who);
        browser.get(path).expect(status);
        browser.submit(path, &[("do", "save")]).expect(status);
    }
}
