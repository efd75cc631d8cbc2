//! People and teams on pages, without scripts.

use crate::browser::world::Who::{Administrator, Engineer, Manager, Supporter, Viewer};
use crate::browser::world::World;

const TABLE: &str = "Name,E-mail,Time zone,Hours\nNia <b>New</b>,nia@example.com,Europe/Paris,08:00-16:00\nOm,om@example.com,Asia/Kolkata,\n";

#[test]
fn everybody_is_added_at_once_or_nobody() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let path = "/people/import";
    let page = browser.get(path).expect(200);
    let bad = TABLE
        .replace("Asia/Kolkata", "Kolkata")
        .replace("08:00-16:00", "late");
    let page = browser
        .send_form(path, &page, &[("people", &bad), ("do", "save")])
        .expect(200);
    assert!(page.contains("line 2 (Nia"), "{page}");
    let worse = TABLE
        .replace("Asia/Kolkata", "Kolkata")
        .replace("nia@example.com", "tom@example.com");
    let page = browser
        .send_form(path, &page, &[("people", &worse), ("do", "save")])
        .expect(200);
    assert!(
        page.contains("line 2 (Nia") && page.contains("somebody has this address already"),
        "{page}"
    );
    assert!(
        page.contains("line 3 (Om): time zone:") && page.contains("Kolkata,"),
        "{page}"
    );
    assert!(
        !browser
            .get("/people")
            .expect(200)
            .contains(">om@example.com")
    );
    let page = browser
        .send_form(
            path,
            &page,
            &[("people", TABLE), ("do", "look"), ("team", "product")],
        )
        .expect(200);
    assert!(
        page.contains("<td>om@example.com") && !page.contains("<b>New"),
        "{page}"
    );
    assert!(
        !browser
            .get("/people")
            .expect(200)
            .contains(">om@example.com")
    );
    let added = browser.send_form(
        path,
        &page,
        &[("people", TABLE), ("do", "save"), ("team", "product")],
    );
    assert_eq!(added.goes_to(), "/people");
    let page = browser.get("/people").expect(200);
    assert!(
        page.contains("2 people are added.") && !page.contains("<b>New"),
        "{page}"
    );
    let team = browser.get("/teams/product/edit").expect(200);
    assert!(team.contains("Remove Om"), "{team}");
}

#[test]
fn a_person_is_added_changed_and_sent_off() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let page = browser.get("/people/new").expect(200);
    let bad = browser
        .send_form(
            "/people/new",
            &page,
            &[
                ("name", ""),
                ("email", "x"),
                ("time_zone", "Paris"),
                ("do", "save"),
            ],
        )
        .expect(200);
    for fault in [
        "must not be empty",
        "is not an e-mail address",
        "is not the name of an IANA time zone",
    ] {
        assert!(bad.contains(fault), "{bad}");
    }
    let fine = [
        ("name", "Nia"),
        ("email", "nia@example.com"),
        ("time_zone", "Europe/Paris"),
        ("holidays.country", "fr"),
        ("do", "save"),
    ];
    assert_eq!(
        browser.send_form("/people/new", &page, &fine).goes_to(),
        "/people"
    );

    let path = world.path("/people/{person:Nia}/edit");
    let page = browser.get(&path).expect(200);
    assert!(
        page.contains("value=\"FR\"") && page.contains("value=\"09:00\""),
        "{page}"
    );
    let more = browser
        .send_form(&path, &page, &[("do", "more-hours")])
        .expect(200);
    assert!(more.contains("working_hours.1.start"), "{more}");
    let changed = [
        ("working_hours.0.end", "15:00"),
        ("effective_from", "2026-04-01"),
        ("role", "viewer"),
        ("do", "save"),
    ];
    assert_eq!(
        browser.send_form(&path, &page, &changed).goes_to(),
        "/people"
    );
    let snapshot = world.server.app.snapshots.snapshot();
    let nia = snapshot
        .people()
        .values()
        .find(|person| person.name == "Nia")
        .unwrap();
    assert_eq!(nia.profiles.len(), 2);
    assert_eq!(
        nia.profiles[1].effective_from,
        Some("2026-03-31T22:00:00Z".parse().unwrap())
    );
    // What is as it was makes no new version of hours.
    let page = browser.get(&path).expect(200);
    browser
        .send_form(&path, &page, &[("name", "Nia New"), ("do", "save")])
        .goes_to();
    let snapshot = world.server.app.snapshots.snapshot();
    let nia = snapshot
        .people()
        .values()
        .find(|person| person.name == "Nia New")
        .unwrap();
    assert_eq!(nia.profiles.len(), 2);
}

#[test]
fn goodbye_says_what_still_names_somebody() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let path = world.path("/people/{person:Tom}/deactivate");
    let page = browser.get(&path).expect(200);
    assert!(
        page.contains("Feature Flags hero") && page.contains("Global on-call"),
        "{page}"
    );
    let page = browser.submit(&path, &[]).expect(200);
    assert!(
        page.contains("still name them") && page.contains("Feature Flags hero"),
        "{page}"
    );
    let gone = browser.submit(&path, &[("remove_from_rotations", "yes")]);
    assert_eq!(gone.goes_to(), "/people");
    let erase = path.replace("deactivate", "erase");
    browser.get(&path).expect(200);
    assert_eq!(browser.submit(&erase, &[]).goes_to(), "/people");
    assert!(!browser.get("/people").expect(200).contains("Tom (sample)"));
}

#[test]
fn a_team_is_added_and_its_manager_says_who_is_in_it() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let page = browser.get("/new-team").expect(200);
    let tom = world.path("{person:Tom}");
    let page = browser
        .send_form(
            "/new-team",
            &page,
            &[("name", "Search & Rescue"), ("add", &tom), ("do", "add")],
        )
        .expect(200);
    assert!(page.contains("Remove Tom"), "{page}");
    let made = browser.send_form("/new-team", &page, &[("managers", &tom), ("do", "save")]);
    assert_eq!(made.goes_to(), "/teams/search-rescue/rotations/new");

    let mut manager = world.visitor(Engineer);
    let path = "/teams/search-rescue/edit";
    let page = manager.get(path).expect(200);
    assert!(!page.contains("name=\"name\""), "{page}");
    let ada = world.path("{person:Ada}");
    assert_eq!(
        manager
            .send_form(path, &page, &[("add", &ada), ("do", "save")])
            .goes_to(),
        "/teams/search-rescue"
    );
    let page = manager.get(path).expect(200);
    let page = manager
        .send_form(path, &page, &[("do", &format!("remove:{ada}"))])
        .expect(200);
    assert!(!page.contains("Remove Ada"), "{page}");
}

#[test]
fn who_joins_and_who_leaves_is_planned_and_taken_back() {
    let world = World::found();
    let mut manager = world.visitor(Manager);
    let (edit, path) = (
        "/teams/feature-flags/edit",
        "/teams/feature-flags/memberships",
    );
    let mara = world.path("{person:Mara}");
    let today = world.server.clock_now().date_naive();
    let day = (today + chrono::TimeDelta::days(30)).to_string();
    manager.get(edit).expect(200);
    let fields = |who: &str, what: &'static str| {
        [
            ("person_id", who.to_owned()),
            ("effective_from", day.clone()),
            ("at", String::new()),
            ("do", what.to_owned()),
        ]
    };
    let send = |browser: &mut crate::harness::browser::Browser, fields: &[(&str, String)]| {
        browser.get(edit).expect(200);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        browser.submit(path, &fields)
    };
    assert_eq!(send(&mut manager, &fields(&mara, "join")).goes_to(), edit);
    let page = manager.get(edit).expect(200);
    assert!(page.contains("joins on"), "{page}");
    let shown = manager.get("/teams/feature-flags").expect(200);
    assert!(
        shown.contains("Mara") && shown.contains(">from <time"),
        "{shown}"
    );
    // Twice is refused, and so is a day that is none.
    let again = send(&mut manager, &fields(&mara, "join")).expect(200);
    assert!(again.contains("from then on already"), "{again}");
    let bad = [
        ("person_id", mara.clone()),
        ("effective_from", "soon".to_owned()),
        ("do", "join".to_owned()),
    ];
    let bad = send(&mut manager, &bad).expect(200);
    assert!(bad.contains("must be a day"), "{bad}");
    // She does not join after all.
    let snapshot = world.server.app.snapshots.snapshot();
    let team = snapshot.team_of_slug("feature-flags").unwrap();
    let from = team
        .memberships
        .iter()
        .find_map(|one| one.from)
        .unwrap()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let back = [
        ("person_id", mara),
        ("at", from),
        ("do", "leave".to_owned()),
    ];
    assert_eq!(send(&mut manager, &back).goes_to(), edit);
    assert!(!manager.get(edit).expect(200).contains("joins on"));

    // Whoever is in the order leaves it too, or stays there as a guest.
    let tom = world.path("{person:Tom}");
    let named = send(&mut manager, &fields(&tom, "leave")).expect(200);
    assert!(
        named.contains("They are still named by") && named.contains("Feature Flags hero"),
        "{named}"
    );
    let mut guest = fields(&tom, "leave").to_vec();
    guest.push(("orders", "stay".to_owned()));
    assert_eq!(send(&mut manager, &guest).goes_to(), edit);
    assert!(manager.get(edit).expect(200).contains("leaves on"));
    let mut stranger = world.visitor(Supporter);
    stranger.get("/teams").expect(200);
    stranger.submit(path, &[]).expect(403);
}

#[test]
fn what_is_not_theirs_is_refused() {
    let world = World::found();
    let tom = world.path("/people/{person:Tom}/edit");
    for (who, path, status) in [
        (Manager, "/people/import", 403),
        (Manager, "/people/new", 403),
        (Manager, "/new-team", 403),
        (Manager, "/teams/feature-flags/edit", 200),
        (Supporter, "/teams/feature-flags/edit", 403),
        (Manager, &tom, 403),
        (Engineer, &tom, 200),
        (Viewer, "/people/import", 403),
        (Engineer, "/administration/audit", 403),
        (Manager, "/administration/outbox", 403),
        (Viewer, "/administration/access", 403),
    ] {
        let mut browser = world.visitor(who);
        browser.get(path).expect(status);
        if !path.starts_with("/administration") {
            browser.submit(path, &[("do", "save")]).expect(status);
        }
    }
    // Nobody makes themselves an administrator, nor sees addresses that are not theirs to see.
    let mut engineer = world.visitor(Engineer);
    let page = engineer.get(&tom).expect(200);
    engineer
        .send_form(&tom, &page, &[("role", "administrator"), ("do", "save")])
        .expect(403);
    let page = engineer.get("/people").expect(200);
    assert!(
        page.contains("ada@example.com") && !page.contains("mara@example.com"),
        "{page}"
    );
    assert!(
        !world
            .visitor(Viewer)
            .get("/people")
            .expect(200)
            .contains("ada@example.com")
    );
}
