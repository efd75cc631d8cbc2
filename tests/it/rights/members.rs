//! Whom a manager adds to a team is in it at once; what they have to hide is shared once somebody agrees who may.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::browser::Browser;
use crate::harness::server::{Answer, send};
use crate::swaps::squad::Squad;

const ADDRESS: &str = "sam@example.com";
const REASON: &str = "a funeral";

/// A squad in which Sam, who is in no team of Max's, is away for a reason, and Sue manages Sam's own team.
fn squad() -> Squad {
    let mut squad = Squad::new();
    squad.hire("Sue", "Europe/London", "member");
    let home = json!({
        "slug": "home", "name": "Home", "time_zone": "UTC",
        "members": squad.all(&["Sam"]), "managers": squad.all(&["Sue"]),
    });
    squad.server.post("/teams", &home).expect(201);
    let off = json!({ "first_day": "2026-03-20", "last_day": "2026-03-22", "reason": REASON });
    let path = format!("/people/{}/time-off", squad.id("Sam"));
    squad.post("Sam", &path, &off).expect(201);
    squad
}

/// Whether somebody sees Sam's address, and the reason; by all that shows either.
fn sees(squad: &Squad, who: &str) -> (bool, bool) {
    let sam = squad.id("Sam");
    let person = squad.get(who, &format!("/people/{sam}")).expect(200);
    let address = person["email"] == ADDRESS;
    let everywhere = |path: &str| squad.get(who, path).text.contains(ADDRESS);
    assert_eq!(everywhere("/people"), address, "the list, for {who}");
    assert_eq!(everywhere(&format!("/people?email={ADDRESS}")), address);
    let away = squad
        .get(who, &format!("/people/{sam}/time-off"))
        .expect(200);
    let reason = away["items"][0]["reason"] == REASON;
    // Pages say what the API says.
    let mut browser = Browser::signed_in(
        &squad.server,
        &format!("{}@example.com", who.to_lowercase()),
    );
    let page = browser.get(&format!("/people/{sam}")).expect(200);
    assert_eq!(
        (page.contains(ADDRESS), page.contains(REASON)),
        (address, reason),
        "{who}"
    );
    let list = browser.get("/people").expect(200);
    assert_eq!(list.contains(ADDRESS), address, "{who}");
    (address, reason)
}

fn join(squad: &Squad, who: &str, whom: &str) -> Value {
    let body = json!({ "person_id": squad.id(whom) });
    squad.post(who, "/teams/flags/join", &body).expect(200)
}

fn agree(squad: &Squad, who: &str, whom: &str) -> Answer {
    let body = json!({ "person_id": squad.id(whom) });
    squad.post(who, "/teams/flags/agree", &body)
}

fn agreed(team: &Value, id: &str) -> Value {
    let all = team["memberships"].as_array().unwrap();
    let mut all = all.iter().filter(|one| one["person_id"] == id);
    all.next().unwrap()["agreed"].clone()
}

#[test]
fn a_manager_who_adds_somebody_learns_nothing_until_they_agree() {
    let squad = squad();
    let sam = squad.id("Sam").to_owned();
    let team = join(&squad, "Max", "Sam");
    assert!(team["members"].as_array().unwrap().contains(&json!(sam)));
    assert_eq!(agreed(&team, &sam), false);
    assert_eq!(agreed(&team, squad.id("Ana")), true);
    for who in ["Max", "Ana"] {
        assert_eq!(sees(&squad, who), (false, false), "{who}");
    }
    assert_eq!(sees(&squad, "Sue"), (true, true));
    // Nobody agrees who does not see it already.
    for who in ["Max", "Ana", "Vic"] {
        agree(&squad, who, "Sam").problem(403);
    }
    let reading = squad.reading_token("Sam");
    let request = squad
        .server
        .with_token(&reading, Method::POST, "/teams/flags/agree");
    send(request.json(&json!({ "person_id": sam }))).problem(403);
    let team = agree(&squad, "Sam", "Sam").expect(200);
    assert_eq!(agreed(&team, &sam), true);
    assert_eq!(sees(&squad, "Max"), (true, true));
    assert_eq!(
        sees(&squad, "Ana"),
        (true, false),
        "teammates see addresses"
    );
    agree(&squad, "Sam", "Sam").problem(409);
    // Whoever is added again is asked again.
    let body = json!({ "person_id": sam });
    squad.post("Max", "/teams/flags/leave", &body).expect(200);
    assert_eq!(sees(&squad, "Max"), (false, false));
    squad.server.at("2026-03-02T09:01:00Z");
    join(&squad, "Max", "Sam");
    assert_eq!(sees(&squad, "Max"), (false, false));
}

#[test]
fn a_list_of_members_by_a_manager_and_a_day_ahead_share_nothing_either() {
    let squad = squad();
    let mut all = squad.all(&["Ana", "Bo", "Cy", "Max", "Vic", "Sam"]);
    let body = json!({ "members": all });
    let request = squad.request("Max", Method::PATCH, "/teams/flags");
    send(request.json(&body)).expect(200);
    assert_eq!(sees(&squad, "Max"), (false, false));
    // An administrator who sends the same list adds nobody.
    squad.server.patch("/teams/flags", &body).expect(200);
    assert_eq!(sees(&squad, "Max"), (false, false));
    // Nor does naming a manager agree for them; what an administrator agrees to is agreed.
    agree(&squad, "Ada", "Sam").expect(200);
    assert_eq!(sees(&squad, "Max"), (true, true));
    all.pop();
    let body = json!({ "members": all });
    squad.server.patch("/teams/flags", &body).expect(200);
    assert_eq!(
        sees(&squad, "Max"),
        (false, false),
        "the past shares nothing"
    );
    // From a day on: nothing before it, and nothing after it.
    let later = json!({ "person_id": squad.id("Sam"), "effective_from": "2026-03-10T00:00:00Z" });
    squad.post("Max", "/teams/flags/join", &later).expect(200);
    assert_eq!(sees(&squad, "Max"), (false, false));
    squad.server.at("2026-03-11T00:00:00Z");
    assert_eq!(sees(&squad, "Max"), (false, false));
    // A departure that is taken back is no way round it.
    let gone = json!({ "person_id": squad.id("Sam"), "effective_from": "2026-03-12T00:00:00Z" });
    squad.post("Max", "/teams/flags/leave", &gone).expect(200);
    squad.post("Max", "/teams/flags/join", &gone).expect(200);
    assert_eq!(sees(&squad, "Max"), (false, false));
    agree(&squad, "Sam", "Sam").expect(200);
    assert_eq!(sees(&squad, "Max"), (true, true));
}

#[test]
fn whoever_sees_somebody_already_may_agree_and_administrators_need_not() {
    let squad = squad();
    join(&squad, "Max", "Sam");
    // Sue manages Sam elsewhere.
    agree(&squad, "Sue", "Sam").expect(200);
    assert_eq!(sees(&squad, "Max"), (true, true));
    // Whom an administrator adds is seen at once.
    let by_administrator = json!({ "person_id": squad.id("Sue") });
    let team = squad
        .server
        .post("/teams/flags/join", &by_administrator)
        .expect(200);
    assert_eq!(agreed(&team, squad.id("Sue")), true);
    // A manager of both agrees by adding: they see it already.
    let both = json!({ "slug": "both", "name": "Both", "time_zone": "UTC", "managers": squad.all(&["Max"]) });
    squad.server.post("/teams", &both).expect(201);
    let body = json!({ "person_id": squad.id("Ana") });
    let team = squad.post("Max", "/teams/both/join", &body).expect(200);
    assert_eq!(agreed(&team, squad.id("Ana")), true);
}

#[test]
fn the_first_page_asks_and_the_team_page_offers_it_to_those_who_may() {
    let squad = squad();
    join(&squad, "Max", "Sam");
    let path = "/teams/flags/agree";
    for (who, may) in [("max", false), ("ana", false), ("sue", true), ("ada", true)] {
        let mut browser = Browser::signed_in(&squad.server, &format!("{who}@example.com"));
        assert!(
            !browser.get("/").expect(200).contains("teams/flags/agree"),
            "{who}"
        );
        let page = browser.get("/teams/flags").expect(200);
        assert!(page.contains("has not agreed"), "{who}");
        assert_eq!(page.contains("teams/flags/agree"), may, "{who}");
        if !may {
            let fields = [("person_id", squad.id("Sam"))];
            assert_eq!(browser.submit(path, &fields).status, 403, "{who}");
        }
    }
    let mut browser = Browser::signed_in(&squad.server, ADDRESS);
    let page = browser.get("/").expect(200);
    assert!(page.contains("Max added you to the team"), "{page}");
    let agreed = browser.submit(path, &[("person_id", squad.id("Sam"))]);
    assert_eq!(agreed.goes_to(), "/");
    let page = browser.get("/").expect(200);
    assert!(!page.contains("added you to the team"), "{page}");
    assert_eq!(sees(&squad, "Max"), (true, true));
}
