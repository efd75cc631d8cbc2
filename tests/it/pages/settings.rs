//! What managers set about a rotation beside its order: reminders, checklists, chats; and who is paused.

use serde_json::json;

use super::world::{ENGINEER, MANAGER, World};
use crate::harness::browser::Browser;

#[test]
fn reminders_and_checklists_are_set() {
    let world = World::new();
    let path = world.path("/reminders");
    let mut mia = Browser::signed_in(&world.server, MANAGER);
    let page = mia.get(&world.path("/settings")).expect(200);
    assert!(page.contains(&path[1..]), "{page}");
    let page = mia.get(&path).expect(200);
    assert!(
        page.contains("as goes with turns of this length: a week before, at the start of their last working day before, at the handover"),
        "{page}"
    );
    assert!(page.contains("that of a Support Hero"), "{page}");
    let own = [
        ("incoming.when", "own"),
        ("incoming.days", "14, soon"),
        ("incoming.moments", "handoff"),
        ("outgoing.when", "own"),
        ("checklists.incoming.which", "own"),
        ("checklists.incoming", "Read the notes\r\n\r\n Say hello "),
        ("checklists.outgoing.which", "usual"),
    ];
    let page = mia.submit(&path, &own).expect(200);
    assert!(page.contains("must be numbers from 1 to 60"), "{page}");
    assert!(page.contains("14, soon"), "what was typed is kept: {page}");
    let mut good = own;
    good[1] = ("incoming.days", "14 2");
    assert_eq!(mia.submit(&path, &good).goes_to(), path);
    let now = world.server.get(&path).expect(200);
    assert_eq!(now["incoming"], json!([14, 2, "handoff"]));
    assert_eq!(now["outgoing"], json!([]));
    assert_eq!(
        now["checklists"],
        json!({ "incoming": ["Read the notes", "Say hello"], "outgoing": null })
    );
    let page = mia.get(&path).expect(200);
    assert!(page.contains("value=\"14, 2\""), "{page}");
    assert!(page.contains("Read the notes\nSay hello"), "{page}");
    let usual = [("incoming.when", "usual"), ("outgoing.when", "usual")];
    mia.submit(&path, &usual).goes_to();
    let now = world.server.get(&path).expect(200);
    assert_eq!(now["incoming"], json!(null));
    assert_eq!(now["checklists"]["incoming"], json!(null));
    Browser::signed_in(&world.server, ENGINEER)
        .get(&path)
        .expect(403);
}

#[test]
fn chats_of_a_team_and_of_a_rotation_are_set() {
    let world = World::new();
    for path in ["/teams/flags/chat".to_owned(), world.path("/chat")] {
        let mut mia = Browser::signed_in(&world.server, MANAGER);
        mia.get(&path).expect(200);
        let page = mia
            .submit(&path, &[("webhook_url", "nowhere"), ("told", "covers")])
            .expect(200);
        assert!(
            page.contains("This cannot be saved yet") && page.contains("nowhere"),
            "{page}"
        );
        let good = [
            ("webhook_url", "https://chat.example.com/hook"),
            ("told", "covers"),
            ("told", "week_ahead"),
        ];
        assert_eq!(mia.submit(&path, &good).goes_to(), path);
        let now = world.server.get(&path).expect(200);
        assert_eq!(
            (&now["handoffs"], &now["covers"], &now["week_ahead"]),
            (&json!(false), &json!(true), &json!(true))
        );
        assert_eq!(now["webhook_url"], "https://chat.example.com/hook");
        let page = mia.get(&path).expect(200);
        assert!(
            page.contains("value=\"https://chat.example.com/hook\""),
            "{page}"
        );
        assert!(page.contains("value=\"covers\" checked"), "{page}");
        assert!(!page.contains("value=\"handoffs\" checked"), "{page}");
        mia.submit(&path, &[]).goes_to();
        assert_eq!(
            world.server.get(&path).expect(200)["webhook_url"],
            json!(null)
        );
        let mut eve = Browser::signed_in(&world.server, ENGINEER);
        eve.get(&path).expect(403);
    }
}

#[test]
fn somebody_is_paused_and_others_cover() {
    let world = World::new();
    let path = world.path("/pause");
    let (eve, bob) = (world.people[1].as_str(), world.people[2].as_str());
    let mut mia = Browser::signed_in(&world.server, MANAGER);
    for from in ["/change", "/edit"] {
        let page = mia.get(&world.path(from)).expect(200);
        assert!(page.contains(&path[1..]), "{page}");
    }
    mia.get(&path).expect(200);
    let page = mia.submit(&path, &[("reason", "a sabbatical")]).expect(200);
    for words in ["choose somebody", "choose a day", "a sabbatical"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let time = [
        ("person_id", eve),
        ("first_day", "2026-03-16"),
        ("last_day", "2026-03-22"),
    ];
    let look = [time[0], time[1], time[2], ("do", "look")];
    let page = mia.submit(&path, &look).expect(200);
    assert!(
        page.contains("<b>Bob</b> covers Mon 16 Mar, 10:00 to Sun 22 Mar")
            || page.contains("<b>Bob</b> covers Mon 16 Mar, 10:00 to Mon 23 Mar, 00:00"),
        "{page}"
    );
    assert_eq!(world.on_duty("2026-03-17T12:00:00Z"), eve);
    let done = mia.submit(&path, &[time[0], time[1], time[2], ("do", "save")]);
    assert_eq!(done.goes_to(), world.path(""));
    assert_eq!(world.on_duty("2026-03-17T12:00:00Z"), bob);
    // The order stays, and what comes after it.
    assert_eq!(world.on_duty("2026-03-31T12:00:00Z"), eve);
    let page = mia.get(&world.path("")).expect(200);
    assert!(
        page.contains("is paused.") && page.contains("Bob covers"),
        "{page}"
    );
    let past = [
        ("person_id", eve),
        ("first_day", "2026-03-22"),
        ("last_day", "2026-03-16"),
    ];
    let page = mia.submit(&path, &past).expect(200);
    assert!(page.contains("must not lie before the first"), "{page}");
    Browser::signed_in(&world.server, ENGINEER)
        .get(&path)
        .expect(403);
}

#[test]
fn how_incidents_are_worked_on_is_set() {
    let world = World::new();
    let path = world.path("/incidents");
    let mut mia = Browser::signed_in(&world.server, MANAGER);
    let page = mia.get(&path).expect(200);
    for there in ["SEV1", "Most customers cannot work.", "SEV3, SEV4", "336"] {
        assert!(
            page.contains(&format!("value=\"{there}\"")),
            "{there}: {page}"
        );
    }
    let times = [
        ("version", "0"),
        ("patience_minutes", "7"),
        ("handover_minutes", "30"),
        ("update_notice_minutes", "5"),
        ("stages.resolved", "All is well."),
    ];
    // Rows between which one was emptied: what is wrong is said beside the row that it is in.
    let bad = [
        ("severities.0.name", ""),
        ("severities.1.name", "Big"),
        ("severities.1.first_update_minutes", "soon"),
        ("checklist.2.text", "Look around"),
    ];
    let page = mia.submit(&path, &[&times[..], &bad].concat()).expect(200);
    assert!(
        page.contains("<b>Severities 1, first update minutes:</b> must be a whole number"),
        "{page}"
    );
    assert!(
        page.contains("value=\"soon\""),
        "what was typed is kept: {page}"
    );
    let unknown = [
        ("severities.1.name", "Big"),
        ("severities.1.first_update_minutes", "10"),
        ("checklist.2.text", "Look around"),
        ("checklist.2.severities", "Big, Huge"),
    ];
    let page = mia
        .submit(&path, &[&times[..], &unknown].concat())
        .expect(200);
    assert!(page.contains("there is no such severity"), "{page}");
    let good = [
        unknown[0],
        unknown[1],
        unknown[2],
        ("checklist.2.severities", "big"),
        ("follow_ups.0.text", "Write it up"),
        ("follow_ups.0.due_hours", "48"),
    ];
    assert_eq!(
        mia.submit(&path, &[&times[..], &good].concat()).goes_to(),
        path
    );
    let now = world.server.get(&world.path("/incident-settings"));
    let now = now.expect(200);
    assert_eq!(now["patience_minutes"], 7);
    assert_eq!(
        now["severities"],
        json!([{ "name": "Big", "meaning": "", "first_update_minutes": 10, "update_every_minutes": null }])
    );
    assert_eq!(
        now["checklist"],
        json!([{ "text": "Look around", "severities": ["big"], "due_hours": null }])
    );
    assert_eq!(
        now["follow_ups"],
        json!([{ "text": "Write it up", "severities": [], "due_hours": 48 }])
    );
    assert_eq!(now["stages"]["resolved"], "All is well.");
    // Who filled it in before that is told.
    let page = mia.submit(&path, &[&times[..], &good].concat()).expect(200);
    assert!(page.contains("omebody else changed it"), "{page}");
    Browser::signed_in(&world.server, ENGINEER)
        .get(&path)
        .expect(403);
}
