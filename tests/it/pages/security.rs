//! What protects the forms: each that any page has, found by walking the pages, so that a new one is not forgotten.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::browser::walk::{kind, links};
use crate::browser::world::Who::{Administrator, Engineer, Manager, Supporter};
use crate::browser::world::World;
use crate::harness::browser::Browser;

/// Where the forms go of every page that somebody comes to, and the page that has the form.
fn forms(browser: &mut Browser) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::from(["/".to_owned()]);
    let mut ahead = VecDeque::from(["/".to_owned()]);
    while let Some(path) = ahead.pop_front() {
        let page = browser.get(&path).expect(200);
        for tag in page.split("<form ").skip(1) {
            let tag = tag.split('>').next().unwrap();
            if !tag.contains("method=\"post\"") {
                continue;
            }
            let action = tag
                .split_once("action=\"")
                .map_or(path.as_str(), |(_, rest)| rest.split('"').next().unwrap());
            let action = format!("/{}", action.replace("&#38;", "&").trim_start_matches('/'));
            found.entry(action).or_insert_with(|| path.clone());
        }
        for link in links(&page) {
            if seen.insert(kind(&link)) {
                ahead.push_back(link);
            }
        }
    }
    found
}

fn deeds(world: &World) -> usize {
    let all = world.server.get("/audit?limit=200").expect(200);
    all["items"].as_array().unwrap().len()
}

#[test]
fn no_form_is_taken_that_is_not_from_a_page_of_ours() {
    let world = World::found();
    let mut visitors = [Administrator, Manager, Engineer, Supporter].map(|who| world.visitor(who));
    let mut kinds = BTreeSet::new();
    let mut stranger = world.visitor(Engineer);
    stranger.get("/").expect(200);
    let before = deeds(&world);
    for browser in &mut visitors {
        for (action, page) in forms(browser) {
            kinds.insert(kind(&action));
            for token in [None, Some(""), Some(stranger.form_token.as_str())] {
                let fields: Vec<(&str, &str)> = token
                    .map(|token| ("form_token", token))
                    .into_iter()
                    .collect();
                let seen = browser.post(&action, &fields);
                assert_eq!(seen.status, 403, "{action} of {page} with {token:?}");
            }
        }
    }
    assert!(kinds.len() > 25, "{kinds:?}");
    assert_eq!(deeds(&world), before);
}

#[test]
fn no_form_of_a_team_is_taken_from_the_manager_of_another() {
    let world = World::found();
    let (mut ines, mut jo) = (
        world.visitor(Manager),
        Browser::signed_in(&world.server, "jo@example.com"),
    );
    let own = forms(&mut jo);
    let before = deeds(&world);
    jo.get("/").expect(200);
    let ada = world.path("{person:Ada}");
    let mut count = 0;
    for (action, page) in forms(&mut ines) {
        if own.contains_key(&action) {
            continue;
        }
        // As Ines would send it, but for the token.
        let token = jo.form_token.clone();
        let fields = [
            ("form_token", token.as_str()),
            ("do", "save"),
            // What is asked for in every form that gives time to somebody.
            ("start", "2026-03-12T00:00"),
            ("end", "2026-03-13T00:00"),
            ("person_id", &ada),
        ];
        let seen = jo.post(&action, &fields);
        assert!(
            matches!(seen.status, 403 | 404),
            "{action} of {page}: {} {}",
            seen.status,
            seen.html
        );
        count += 1;
    }
    assert!(count > 5, "{count}");
    assert_eq!(deeds(&world), before);
}
