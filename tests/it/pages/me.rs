//! What is one's own: duties, time off, calendars, settings, access.

use serde_json::{Value, json};

use super::world::{ENGINEER, OTHER, VIEWER, World};
use crate::harness::browser::Browser;

/// What stands between two texts.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {page}"));
    rest.split_once(after).unwrap().0
}

#[test]
fn duties_are_listed_and_lie_in_a_calendar() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let page = eve.get("/me").expect(200);
    assert!(
        page.contains("Mon 2 Mar, 10:00 to Mon 9 Mar, 10:00"),
        "{page}"
    );
    assert!(
        page.contains("start=2026-03-16T10:00&#38;end=2026-03-23T10:00")
            || page.contains("start=2026-03-16T10:00&amp;end=2026-03-23T10:00"),
        "{page}"
    );
    let month = eve.get("/me?month=2026-04").expect(200);
    assert!(
        month.contains("April 2026")
            && month.contains("month=2026-03")
            && month.contains("month=2026-05"),
        "{month}"
    );
    eve.get("/me?month=nonsense").expect(200);
    let id = &world.people[1];
    let person = Browser::signed_in(&world.server, VIEWER)
        .get(&format!("/people/{id}"))
        .expect(200);
    assert!(
        person.contains("Flags hero") && !person.contains(ENGINEER),
        "{person}"
    );
    assert!(!person.contains("<script>alert"), "{person}");
    let page = Browser::signed_in(&world.server, VIEWER)
        .get("/me")
        .expect(200);
    assert!(page.contains("You have no duty ahead"), "{page}");
}

#[test]
fn time_off_says_which_duties_it_falls_into() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/time-off").expect(200);
    let days = [
        ("first_day", "2026-03-18"),
        ("last_day", "2026-03-19"),
        ("reason", "sea"),
    ];
    let page = eve
        .submit("/me/time-off", &[("do", "look"), days[0], days[1]])
        .expect(200);
    assert!(page.contains("What it falls into"), "{page}");
    assert!(page.contains("Wed 18 Mar to Thu 19 Mar"), "{page}");
    assert_eq!(eve.submit("/me/time-off", &days).goes_to(), "/me/time-off");
    let page = eve.get("/me/time-off").expect(200);
    assert!(page.contains("It falls into a duty of yours"), "{page}");
    assert!(
        page.contains("Find somebody") && page.contains("sea"),
        "{page}"
    );
    let ask = between(&page, "action=\"me/time-off/", "/covers\"");
    let ask = format!("/me/time-off/{}/covers", ask.rsplit('/').next().unwrap());
    assert_eq!(eve.submit(&ask, &[]).goes_to(), "/me/time-off");
    let page = eve.get("/me/time-off").expect(200);
    assert!(
        page.contains("Your team is asked.") && page.contains("Somebody is asked"),
        "{page}"
    );
    assert!(
        !page.contains("Find somebody") && !page.contains("/covers\""),
        "what is asked for is not offered again: {page}"
    );
    eve.submit(&ask, &[]).goes_to();
    let page = eve.get("/me/time-off").expect(200);
    assert!(page.contains("Nothing was left to be asked for."), "{page}");
    let hours = [("start", "2026-04-01T10:00"), ("end", "2026-04-01T08:00")];
    let page = eve.submit("/me/time-off", &hours).expect(200);
    assert!(
        page.contains("must lie after the start") && page.contains("2026-04-01T08:00"),
        "{page}"
    );
    let page = eve.submit("/me/time-off", &[]).expect(200);
    assert!(page.contains("choose the first day"), "{page}");
    let undo = between(&page, "action=\"me/time-off/", "\"");
    eve.submit(&format!("/me/time-off/{undo}"), &[]).goes_to();
    let page = eve.get("/me/time-off").expect(200);
    assert!(!page.contains("sea"), "{page}");
}

#[test]
fn whoever_stays_after_all_sees_what_becomes_of_their_covers() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let days = [("first_day", "2026-03-18"), ("last_day", "2026-03-19")];
    eve.get("/me/time-off").expect(200);
    eve.submit("/me/time-off", &days).goes_to();
    let snapshot = world.server.app.snapshots.snapshot();
    let me = snapshot.people().values().find(|one| one.email == ENGINEER);
    let off = me.unwrap().time_off[0].id;
    let path = format!("/time-off/{off}/covers");
    let made = world.server.post(&path, &json!({})).expect(201);
    let swap = made["items"][0]["id"].as_str().unwrap();
    let mut bob = Browser::signed_in(&world.server, OTHER);
    bob.get(&format!("/swaps/{swap}")).expect(200);
    let part = [
        ("start", "2026-03-18T00:00"),
        ("end", "2026-03-19T00:00"),
        ("do", "part"),
    ];
    bob.submit(&format!("/swaps/{swap}"), &part).goes_to();
    eve.get("/me/time-off").expect(200);
    eve.submit(&format!("/me/time-off/{off}/end"), &[])
        .goes_to();
    let page = eve.get("/me/time-off").expect(200);
    assert!(
        page.contains("Nobody is asked any longer to take over your duty"),
        "{page}"
    );
    assert!(
        page.contains("Bob still has Flags hero, Wed 18 Mar, unless one of you undoes that."),
        "{page}"
    );
    let state = world.server.get(&format!("/swaps/{swap}")).expect(200);
    assert_eq!(state["state"], "withdrawn");
}

#[test]
fn a_calendar_is_made_read_and_revoked() {
    let world = World::new();
    let mut vic = Browser::signed_in(&world.server, VIEWER);
    let page = vic
        .get(&format!("/me/calendars?scope=rotation:{}", world.rotation))
        .expect(200);
    assert!(
        page.contains(&format!("value=\"rotation:{}\" selected", world.rotation)),
        "{page}"
    );
    let scope = format!("rotation:{}", world.rotation);
    let wrong = [
        ("scope", scope.as_str()),
        ("choices", "gaps"),
        ("options.alarm_minutes", "60"),
        ("options.past_days", "many"),
        ("options.future_days", "400"),
    ];
    let page = vic.submit("/me/calendars", &wrong).expect(200);
    assert!(page.contains("must be a number"), "{page}");
    for kept in [
        r#"value="gaps" checked"#,
        r#"value="60" selected"#,
        r#"value="many""#,
    ] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    let mut chosen = wrong;
    chosen[3].1 = "401";
    let page = vic.submit("/me/calendars", &chosen).expect(200);
    assert!(page.contains("must lie between 0 and 400"), "{page}");
    chosen[3].1 = "0";
    let page = vic.submit("/me/calendars", &chosen).expect(200);
    let url = between(&page, "<code class=\"secret\">", "<").to_owned();
    assert!(
        page.contains("webcal://")
            && page.contains("calendar.google.com")
            && page.contains("outlook.office.com"),
        "{page}"
    );
    let feed = |status: u16| {
        let got = reqwest::blocking::get(&url).unwrap();
        assert_eq!(got.status().as_u16(), status);
        got.text().unwrap()
    };
    let told = feed(200);
    assert!(
        told.contains("BEGIN:VEVENT") && told.contains("TRIGGER:-PT3600S"),
        "{told}"
    );
    // As far ahead as was chosen, and not half a year.
    assert!(told.contains("DTSTART:20270329T090000Z"), "{told}");
    let page = vic.get("/me/calendars").expect(200);
    assert!(
        !page.contains(&url) && page.contains("Made before"),
        "{page}"
    );
    let path = format!(
        "/me/calendars/{}/revoke",
        between(&page, "href=\"me/calendars/", "\"")
    );
    // Somebody else's is nobody's business.
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/calendars").expect(200);
    eve.get(&path).expect(404);
    eve.submit(&path, &[]).expect(403);
    vic.submit(&path, &[]).goes_to();
    feed(410);
    vic.get("/me/calendars").expect(200);
    vic.submit("/me/calendars", &[("scope", "rotation:none")])
        .expect(200);
}

#[test]
fn zone_hours_and_mails_are_ones_own() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let page = eve.get("/me/settings").expect(200);
    assert!(
        page.contains(r#"value="Europe/London""#) && page.contains(r#"value="09:00""#),
        "{page}"
    );
    let mut fields = vec![
        ("name", "Eve"),
        ("time_zone", "Mars/Base"),
        ("working_hours.0.days", "mon"),
        ("working_hours.0.days", "tue"),
        ("working_hours.0.start", "07:00"),
        ("working_hours.0.end", "15:00"),
        ("holidays.country", "zz"),
    ];
    let page = eve.submit("/me/settings", &fields).expect(200);
    assert!(
        page.contains("Mars/Base") && page.contains("is not the name of an IANA time zone"),
        "{page}"
    );
    assert!(
        page.contains("is not a country"),
        "every fault at once: {page}"
    );
    assert!(
        page.contains(r#"value="07:00""#),
        "what was typed is kept: {page}"
    );
    fields.retain(|(name, _)| *name != "time_zone" && *name != "holidays.country");
    fields.push(("time_zone", "Asia/Tokyo"));
    fields.push(("holidays.country", "jp"));
    fields.push(("holidays.observe", "yes"));
    assert_eq!(
        eve.submit("/me/settings", &fields).goes_to(),
        "/me/settings"
    );
    let person: Value = world
        .server
        .get(&format!("/people/{}", world.people[1]))
        .expect(200);
    assert_eq!(person["time_zone"], "Asia/Tokyo");
    assert_eq!(person["working_hours"][0]["days"], json!(["mon", "tue"]));
    assert_eq!(
        person["holidays"],
        json!({ "country": "JP", "region": null, "observe": true })
    );
    assert!(
        eve.get("/").expect(200).contains("Asia/Tokyo"),
        "pages show times there"
    );

    eve.submit("/me/mails", &[("mails", "incoming"), ("mails", "requests")])
        .goes_to();
    let wants = world
        .server
        .get(&format!("/people/{}/preferences", world.people[1]))
        .expect(200);
    assert_eq!(
        (&wants["incoming"], &wants["requests"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&wants["digests"], &wants["changes"]),
        (&json!(false), &json!(false))
    );
    let mut viewer = Browser::signed_in(&world.server, VIEWER);
    viewer.get("/me/settings").expect(200);
    viewer.submit("/me/settings", &fields).expect(403);
}

#[test]
fn who_was_slower_is_told_and_keeps_what_was_typed() {
    let world = World::new();
    let person = format!("/people/{}", world.people[1]);
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let page = eve.get("/me/settings").expect(200);
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    let elsewhere = json!({ "time_zone": "Asia/Tokyo" });
    world.server.patch(&person, &elsewhere).expect(200);
    let mut fields: Vec<(&str, &str)> = ["mon", "tue", "wed", "thu", "fri"]
        .map(|day| ("working_hours.0.days", day))
        .to_vec();
    fields.extend([
        ("name", "Evelyn"),
        ("time_zone", "Europe/London"),
        ("working_hours.0.start", "09:00"),
        ("working_hours.0.end", "17:00"),
        ("version", &version),
    ]);
    let page = eve.submit("/me/settings", &fields).expect(200);
    assert!(
        page.contains("Somebody else changed it while you did") && page.contains("Evelyn"),
        "{page}"
    );
    let now = world.server.get(&person).expect(200);
    assert_eq!(now["time_zone"], "Asia/Tokyo");
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    fields.retain(|(name, _)| *name != "version");
    fields.push(("version", &version));
    eve.submit("/me/settings", &fields).goes_to();
    let now = world.server.get(&person).expect(200);
    assert_eq!(
        (&now["name"], &now["time_zone"]),
        (&json!("Evelyn"), &json!("Europe/London"))
    );
}

#[test]
fn settings_change_what_was_changed_and_leave_a_planned_move_alone() {
    let world = World::new();
    let person = format!("/people/{}", world.people[1]);
    let moves = json!({ "time_zone": "Asia/Tokyo", "effective_from": "2026-03-31T15:00:00Z" });
    world.server.patch(&person, &moves).expect(200);
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/settings").expect(200);
    let mut fields: Vec<(&str, &str)> = ["mon", "tue", "wed", "thu", "fri"]
        .map(|day| ("working_hours.0.days", day))
        .to_vec();
    fields.extend([
        ("name", "Eve"),
        ("time_zone", "Europe/London"),
        ("working_hours.0.start", "09:00"),
        ("working_hours.0.end", "17:00"),
        ("holidays.country", ""),
    ]);
    // A name alone makes no new version of hours, whatever the day.
    for day in ["", "2026-04-15"] {
        let mut named = fields.clone();
        named.push(("effective_from", day));
        eve.submit("/me/settings", &named).goes_to();
        let now = world.server.get(&person).expect(200);
        let upcoming = now["upcoming"].as_array().unwrap();
        assert_eq!((&now["name"], upcoming.len()), (&json!("Eve"), 1), "{now}");
        assert_eq!(upcoming[0]["time_zone"], "Asia/Tokyo");
    }
    // Shorter days after the move are shorter days there.
    fields.retain(|(name, _)| *name != "working_hours.0.end");
    fields.extend([
        ("working_hours.0.end", "15:00"),
        ("effective_from", "2026-04-15"),
    ]);
    eve.submit("/me/settings", &fields).goes_to();
    let now = world.server.get(&person).expect(200);
    let upcoming = now["upcoming"].as_array().unwrap();
    let after = &upcoming[1];
    assert_eq!(upcoming.len(), 2, "{now}");
    assert_eq!(
        (&after["time_zone"], &after["effective_from"]),
        (&json!("Asia/Tokyo"), &json!("2026-04-14T15:00:00Z"))
    );
    assert_eq!(after["working_hours"][0]["end"], "15:00");
    // From today on is from now on.
    fields.retain(|(name, _)| *name != "effective_from");
    fields.push(("effective_from", "2026-03-02"));
    eve.submit("/me/settings", &fields).goes_to();
    let now = world.server.get(&person).expect(200);
    assert_eq!(now["working_hours"][0]["end"], "15:00");
}

#[test]
fn tokens_are_shown_once_and_other_browsers_are_signed_out() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    let mut phone = Browser::signed_in(&world.server, ENGINEER);
    phone.get("/").expect(200);
    let page = eve.get("/me/access").expect(200);
    assert!(page.contains("this one"), "{page}");
    let page = eve
        .submit("/me/tokens", &[("name", ""), ("scope", "read")])
        .expect(200);
    assert!(page.contains("must not be empty"), "{page}");
    let new = [
        ("name", "script"),
        ("scope", "read"),
        ("expires_at", "2026-03-31"),
    ];
    let page = eve.submit("/me/tokens", &new).expect(200);
    let token = between(&page, "<code class=\"secret\">", "<").to_owned();
    let asks = |token: &str| {
        let request = world
            .server
            .with_token(token, reqwest::Method::GET, "/on-duty");
        crate::harness::server::send(request).status
    };
    assert_eq!(asks(&token), 200);
    let page = eve.get("/me/access").expect(200);
    assert!(!page.contains(&token) && page.contains("looking"), "{page}");
    let revoke = format!("/me/tokens/{}", between(&page, "href=\"me/tokens/", "\""));
    let end = format!(
        "/me/sessions/{}",
        between(&page, "action=\"me/sessions/", "\"")
    );
    let mut viewer = Browser::signed_in(&world.server, VIEWER);
    viewer.get("/me/access").expect(200);
    viewer.get(&revoke).expect(404);
    viewer.submit(&revoke, &[]).expect(403);
    viewer.submit(&end, &[]).expect(403);
    let page = eve.get(&revoke).expect(200);
    assert!(page.contains("This cannot be taken back"), "{page}");
    assert_eq!(asks(&token), 200, "asking does nothing");
    eve.submit(&revoke, &[]).goes_to();
    assert_eq!(asks(&token), 401);
    eve.submit(&end, &[]).goes_to();
    assert!(phone.get("/").goes_to().starts_with("/sign-in"));
    eve.get("/").expect(200);
}

#[test]
fn time_off_ahead_is_changed_and_covers_stay_asked_for() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/time-off").expect(200);
    let days = [
        ("first_day", "2026-03-18"),
        ("last_day", "2026-03-21"),
        ("reason", "sea"),
    ];
    eve.submit("/me/time-off", &days).goes_to();
    let page = eve.get("/me/time-off").expect(200);
    let id = between(&page, "<a href=\"me/time-off/", "\"").to_owned();
    let path = format!("/me/time-off/{id}");
    let page = eve.get(&path).expect(200);
    for value in ["2026-03-18", "2026-03-21", "sea"] {
        assert!(page.contains(&format!("value=\"{value}\"")), "{page}");
    }
    let covers = format!("/time-off/{id}/covers");
    let made = world.server.post(&covers, &json!({})).expect(201);
    let swap = made["items"][0]["id"].as_str().unwrap();
    let page = eve
        .submit(&path, &[days[0], ("last_day", "2026-03-10")])
        .expect(200);
    assert!(
        page.contains("must not lie before") && page.contains("2026-03-10"),
        "{page}"
    );
    let longer = [days[0], ("last_day", "2026-03-22"), days[2]];
    let looked = [longer[0], longer[1], longer[2], ("do", "look")];
    let page = eve.submit(&path, &looked).expect(200);
    assert!(page.contains("Wed 18 Mar to Sun 22 Mar"), "{page}");
    assert_eq!(eve.submit(&path, &longer).goes_to(), "/me/time-off");
    let page = eve.get("/me/time-off").expect(200);
    assert!(
        page.contains("<b>Wed 18 Mar to Sun 22 Mar</b>") && !page.contains("Sat 21 Mar</b>"),
        "{page}"
    );
    let state = world.server.get(&format!("/swaps/{swap}")).expect(200);
    assert_eq!(state["state"], "open");
    // It is gone, and nobody changes what is somebody else's.
    eve.get(&path).expect(404);
    let id = between(&page, "<a href=\"me/time-off/", "\"").to_owned();
    let mut bob = Browser::signed_in(&world.server, OTHER);
    bob.get(&format!("/me/time-off/{id}")).expect(404);
    bob.submit(&format!("/me/time-off/{id}"), &days).expect(404);
}

#[test]
fn a_calendar_made_before_is_changed_and_keeps_its_address() {
    let world = World::new();
    let mut eve = Browser::signed_in(&world.server, ENGINEER);
    eve.get("/me/calendars").expect(200);
    let new = [
        ("scope", "me"),
        ("choices", "working_days"),
        ("options.past_days", "7"),
    ];
    let page = eve.submit("/me/calendars", &new).expect(200);
    let address = between(&page, "<code class=\"secret\">", "<");
    let feed = format!("/feeds/{}", address.split_once("/feeds/").unwrap().1);
    let one = format!(
        "/me/calendars/{}",
        between(&page, "<a href=\"me/calendars/", "\"")
    );
    let page = eve.get(&one).expect(200);
    assert!(page.contains("value=\"working_days\" checked"), "{page}");
    assert!(page.contains("value=\"7\""), "{page}");
    let page = eve
        .submit(&one, &[("options.past_days", "4000")])
        .expect(200);
    assert!(
        page.contains("must lie between") && page.contains("4000"),
        "{page}"
    );
    let change = [("choices", "block_time"), ("options.alarm_minutes", "60")];
    assert_eq!(eve.submit(&one, &change).goes_to(), "/me/calendars");
    let kept = world.server.app.snapshots.snapshot();
    let options = kept.feeds().next().unwrap().options;
    assert!(options.block_time && !options.working_days);
    assert_eq!((options.alarm_minutes, options.past_days), (Some(60), None));
    assert_eq!(Browser::new(&world.server).get(&feed).status, 200);
    let mut bob = Browser::signed_in(&world.server, OTHER);
    bob.get("/").expect(200);
    bob.get(&one).expect(404);
    bob.submit(&one, &change).expect(404);
}
