//! Mails about swaps, and what their links do.

use dogwatch::domain::access::link::{Link, Step, SwapStep};
use reqwest::Method;
use serde_json::{Value, json};

use super::squad::Squad;
use crate::harness::server::{Answer, instant, send};
use crate::harness::sink;

/// Where a link in somebody's name leads.
fn link(squad: &Squad, who: &str, swap: &Value, step: SwapStep) -> String {
    let link = Link {
        step: Step::Swap(swap["id"].as_str().unwrap().parse().unwrap(), step),
        person: squad.id(who).parse().unwrap(),
        expires: instant(swap["expires_at"].as_str().unwrap()),
    };
    let address = squad.server.app.link(&link).unwrap();
    address.strip_prefix(&squad.server.url).unwrap().to_owned()
}

fn open(squad: &Squad, path: &str) -> Answer {
    send(squad.server.bare(Method::GET, path))
}

fn press(squad: &Squad, path: &str) -> Answer {
    send(squad.server.bare(Method::POST, path))
}

fn has_button(page: &Answer) -> bool {
    assert_eq!(page.status, 200, "{}", page.text);
    page.text.contains("<form method=\"post\">")
}

/// The words of a mail.
fn words(mail: &Value) -> String {
    mail["payload"].to_string()
}

#[test]
fn those_who_could_take_it_are_asked() {
    let squad = Squad::with(&["Di"]);
    let off = json!({ "first_day": "2026-03-01", "last_day": "2026-03-10" });
    let path = format!("/people/{}/time-off", squad.id("Di"));
    squad.post("Di", &path, &off).expect(201);
    let mut cover = squad.cover("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z", &[]);
    cover["note"] = json!("A wedding!");
    squad.open("Ana", &cover);
    // Not Ana, who asks, nor Di, who is away, nor Vic, who only looks.
    assert_eq!(squad.told("swap.offered"), ["Bo", "Cy", "Max"]);
    for (_, mail) in squad.mails("swap.offered") {
        let text = words(&mail);
        assert!(text.contains("A wedding!"), "{text}");
        assert!(text.contains("Wednesday 4 March 2026, 00:00"), "{text}");
        assert_eq!(mail["not_after"], "2026-03-05T00:00:00Z");
    }
    let named = squad.cover("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z", &["Sam"]);
    squad.open("Max", &named);
    let (to, mail) = squad.mails("swap.offered").pop().unwrap();
    assert_eq!(to, "Sam");
    assert!(words(&mail).contains("Max asks you, for Ana,"), "{mail}");
    // Rehearsals ask nobody.
    squad.post("Ana", "/swaps?dry_run=true", &named).expect(200);
    assert_eq!(squad.told("swap.offered").len(), 4);
}

#[test]
fn opening_a_link_changes_nothing_and_its_button_takes_it() {
    let squad = Squad::new();
    let swap = squad.open(
        "Ana",
        &squad.cover("2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z", &[]),
    );
    let part = squad.take("Cy", &swap, "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z");
    part.expect(200);
    let accept = link(&squad, "Bo", &swap, SwapStep::Accept);
    for _ in 0..2 {
        let page = open(&squad, &accept);
        assert!(has_button(&page));
        let told = "from Wednesday 4 March 2026, 00:00 until Thursday 5 March 2026, 00:00";
        assert!(page.text.contains(told), "{}", page.text);
        assert_eq!(squad.swap(&swap)["state"], "open");
    }
    assert_eq!(press(&squad, &accept).status, 200);
    let taken = squad.swap(&swap);
    assert_eq!(taken["state"], "accepted");
    assert_eq!(taken["taken"][1]["person"]["name"], "Bo");
    let noted = squad.server.get("/audit?action=swap.accept").expect(200);
    assert!(noted["items"].to_string().contains(squad.id("Bo")));
    // Whoever comes later is told so.
    for who in ["Bo", "Max"] {
        let late = link(&squad, who, &swap, SwapStep::Accept);
        let page = open(&squad, &late);
        assert!(
            !has_button(&page) && page.text.contains("somebody has taken it"),
            "{}",
            page.text
        );
        assert_eq!(press(&squad, &late).status, 409);
    }
    // Ana was told of both, and takes it back by a link.
    let told = squad.mails("swap.accepted");
    assert_eq!(squad.told("swap.accepted"), ["Ana", "Ana"]);
    assert!(words(&told[0].1).contains("The rest is still open"));
    assert!(!words(&told[1].1).contains("The rest is still open"));
    let undo = link(&squad, "Ana", &swap, SwapStep::Undo);
    assert!(has_button(&open(&squad, &undo)));
    assert_eq!(press(&squad, &undo).status, 200);
    assert_eq!(squad.swap(&swap)["state"], "undone");
    assert_eq!(squad.told("swap.undone"), ["Bo", "Cy"]);
    assert!(!has_button(&open(&squad, &undo)));
    // A link of somebody to whom it is not offered is as little as they are.
    let stranger = link(&squad, "Sam", &swap, SwapStep::Accept);
    assert_eq!(press(&squad, &stranger).status, 403);
    squad.server.at("2026-03-06T00:00:00Z");
    assert_eq!(open(&squad, &accept).status, 410);
}

#[test]
fn a_trade_is_declined_or_undone_by_link() {
    let squad = Squad::new();
    let weeks = (
        ["2026-03-04T00:00:00Z", "2026-03-06T00:00:00Z"],
        ["2026-03-11T00:00:00Z", "2026-03-13T00:00:00Z"],
    );
    let before = squad.timeline(&squad.rotation, "final");
    let trade = squad.trade(weeks.0, weeks.1, "Bo");
    let swap = squad.open("Ana", &trade);
    let decline = link(&squad, "Bo", &swap, SwapStep::Decline);
    assert!(has_button(&open(&squad, &decline)));
    assert_eq!(squad.swap(&swap)["state"], "open");
    assert_eq!(press(&squad, &decline).status, 200);
    assert_eq!(squad.swap(&swap)["state"], "declined");
    assert_eq!(squad.told("swap.declined"), ["Ana"]);
    assert!(!has_button(&open(&squad, &decline)));

    let swap = squad.open("Ana", &trade);
    let page = open(&squad, &link(&squad, "Bo", &swap, SwapStep::Accept));
    assert!(
        page.text.contains("Wednesday 11 March 2026"),
        "{}",
        page.text
    );
    assert_eq!(
        press(&squad, &link(&squad, "Bo", &swap, SwapStep::Accept)).status,
        200
    );
    let (_, told) = squad.mails("swap.accepted").pop().unwrap();
    assert!(words(&told).contains("the other way round"), "{told}");
    assert_eq!(
        press(&squad, &link(&squad, "Bo", &swap, SwapStep::Undo)).status,
        200
    );
    assert_eq!(squad.timeline(&squad.rotation, "final"), before);
    let (to, told) = squad.mails("swap.undone").pop().unwrap();
    assert_eq!(to, "Ana");
    let text = words(&told);
    let (again, lost) = text.split_once("No longer yours").unwrap();
    assert!(
        again.contains("Yours again") && again.contains("4 March"),
        "{text}"
    );
    assert!(lost.contains("11 March"), "{text}");
}

#[test]
fn nobody_is_asked_at_night_what_can_wait_nor_in_vain() {
    let squad = Squad::new();
    squad.server.at("2026-03-03T03:00:00Z");
    let day = |day: u32| {
        let (start, end) = (
            format!("2026-03-{day:02}T04:00:00Z"),
            format!("2026-03-{day:02}T08:00:00Z"),
        );
        squad.open("Ana", &squad.cover(&start, &end, &["Bo"]))
    };
    day(3);
    let later = day(5);
    let due: Vec<_> = squad
        .mails("swap.offered")
        .into_iter()
        .map(|(_, mail)| mail["due_at"].clone())
        .collect();
    assert_eq!(due, ["2026-03-03T03:00:00Z", "2026-03-03T09:00:00Z"]);
    squad.answer("Ana", &later, "withdraw").expect(200);
    let (_, mail) = squad.mails("swap.offered").pop().unwrap();
    assert_eq!(mail["state"], "dropped");
    assert_eq!(mail["last_error"], "the swap is withdrawn");
    // What is handed back is offered again.
    let swap = squad.open(
        "Ana",
        &squad.cover("2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z", &[]),
    );
    squad
        .take("Bo", &swap, "2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z")
        .expect(200);
    squad.answer("Cy", &swap, "accept").expect(200);
    let asked = squad.mails("swap.offered").len();
    squad.answer("Cy", &swap, "undo").expect(200);
    assert_eq!(squad.told("swap.undone"), ["Ana"]);
    assert_eq!(squad.mails("swap.offered").len(), asked + 2);
}

#[test]
fn whoever_was_given_a_shift_is_told_and_those_who_get_it_back_too() {
    let squad = Squad::new();
    let path = format!("/rotations/{}/overrides", squad.rotation);
    let give = |who: &str, to: &str, day: u32| {
        let body = json!({
            "start": format!("2026-03-{day:02}T00:00:00Z"), "end": format!("2026-03-{:02}T00:00:00Z", day + 1),
            "person_id": squad.id(to), "reason": "agreed over lunch",
        });
        squad.post(who, &path, &body).expect(201)
    };
    let agreed = give("Ana", "Bo", 5);
    let (to, mail) = squad.mails("override.given").pop().unwrap();
    assert_eq!(
        (to.as_str(), mail["payload"]["topic"].as_str()),
        ("Bo", Some("changes"))
    );
    let text = words(&mail);
    assert!(
        text.contains("hand_back") && text.contains("agreed over lunch"),
        "{text}"
    );
    let back = format!("/overrides/{}", agreed["id"].as_str().unwrap());
    squad.delete("Bo", &back).expect(200);
    let (to, mail) = squad.mails("override.ended").pop().unwrap();
    assert_eq!(to, "Ana");
    assert!(words(&mail).contains("Yours again"), "{mail}");
    // A manager gives Ana's day to Cy, and takes it back.
    let given = give("Max", "Cy", 6);
    squad
        .delete(
            "Max",
            &format!("/overrides/{}", given["id"].as_str().unwrap()),
        )
        .expect(200);
    assert_eq!(squad.told("override.given"), ["Bo", "Cy"]);
    assert_eq!(squad.told("override.ended"), ["Ana", "Ana", "Cy"]);
    // Who enters it for themselves knows it.
    give("Max", "Max", 7);
    assert_eq!(squad.told("override.given").len(), 2);
}

/// The mail itself, as mail programs read it.
#[test]
fn who_had_it_all_along_does_not_hear_that_it_is_theirs_again() {
    let squad = Squad::new();
    let give = |who: &str, start: &str, end: &str| {
        let body = json!({ "start": start, "end": end, "person_id": squad.id(who) });
        let path = format!("/rotations/{}/overrides", squad.rotation);
        squad.post("Max", &path, &body).expect(201)
    };
    let under = give("Bo", "2026-03-03T00:00:00Z", "2026-03-06T00:00:00Z");
    give("Cy", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z");
    let path = format!("/overrides/{}", under["id"].as_str().unwrap());
    squad.delete("Max", &path).expect(200);
    let mails = squad.mails("override.ended");
    let told: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&"Ana") && told.contains(&"Bo"), "{told:?}");
}

#[test]
fn the_links_of_a_mail_that_was_sent_work() {
    if sink::python().is_none() {
        return;
    }
    let squad = Squad::new();
    let swap = squad.open(
        "Ana",
        &squad.cover("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z", &["Bo"]),
    );
    let folder = squad.server.database.folder.path().join("mail");
    let begun = std::time::Instant::now();
    let mail = loop {
        let state = squad.mails("swap.offered").pop().unwrap().1["state"].clone();
        if state == "sent" {
            let files: Vec<_> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|file| file.unwrap().path())
                .collect();
            let mut mails = sink::read(&files).into_iter();
            break mails
                .find(|mail| {
                    mail["subject"]
                        .as_str()
                        .unwrap()
                        .starts_with("Can you take over")
                })
                .unwrap();
        }
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(20),
            "it is {state}"
        );
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(mail["to"]["name"], "Bo");
    let links = mail["links"].as_array().unwrap();
    let path = |index: usize| {
        let link: &str = links[index].as_str().unwrap();
        link.strip_prefix(&squad.server.url).unwrap().to_owned()
    };
    assert!(open(&squad, &path(1)).text.contains("Say no"));
    assert!(open(&squad, &path(0)).text.contains("Take it over"));
    assert_eq!(squad.swap(&swap)["state"], "open");
    assert_eq!(press(&squad, &path(0)).status, 200);
    assert_eq!(squad.swap(&swap)["state"], "accepted");
}
