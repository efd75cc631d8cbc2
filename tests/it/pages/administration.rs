//! The audit log, the outbox, and who may come in, on pages.

use dogwatch::domain::notifications::notice::Notice;
use dogwatch::domain::people::preferences::Topic;
use dogwatch::storage::outbox::{self, Outcome};

use crate::browser::world::Who::{Administrator, Engineer, Manager};
use crate::browser::world::World;

#[test]
fn the_log_says_who_did_what_the_newest_first() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let page = browser.get("/administration/audit").expect(200);
    assert!(
        page.contains("session.create") && page.contains("Robin"),
        "{page}"
    );
    let rotation = world.path("{rotation:Feature Flags hero}");
    let mut manager = world.visitor(Manager);
    let settings = format!("/rotations/{rotation}/settings");
    manager.get(&settings).expect(200);
    manager
        .submit(&settings, &[("name", "<i>Flags</i>"), ("title", "Hero")])
        .goes_to();
    let page = browser
        .get(&format!(
            "/administration/audit?subject={rotation}&action=rotation.change"
        ))
        .expect(200);
    assert!(
        page.contains("<del>Feature Flags hero</del>") && !page.contains("<i>Flags"),
        "{page}"
    );
    assert!(page.contains("Ines"), "{page}");
    assert!(
        page.contains("changed the settings of <a href=\"rotations/"),
        "{page}"
    );
    let page = browser
        .get("/administration/audit?action=override.create")
        .expect(200);
    let infra = world.path("made an override of <a href=\"rotations/{rotation:Infrastructure hero}\">Infrastructure hero</a>: Mei (sample), ");
    assert!(page.contains(&infra), "{page}");
    assert!(page.contains("Data Warehouse hero</a>: nobody, "), "{page}");
    assert!(
        page.contains("<dt>person</dt><dd> <ins>Mei (sample)</ins>"),
        "values are in words, too: {page}"
    );
    let joins = serde_json::json!({ "person_id": world.path("{person:Ada}") });
    world.server.post("/teams/support/join", &joins).expect(200);
    world
        .server
        .post("/teams/support/leave", &joins)
        .expect(200);
    for (action, words) in [
        (
            "team.join",
            "added Ada (sample) to <a href=\"teams/support\"",
        ),
        (
            "team.leave",
            "took Ada (sample) out of <a href=\"teams/support\"",
        ),
    ] {
        let page = browser
            .get(&format!("/administration/audit?action={action}"))
            .expect(200);
        assert!(page.contains(words), "{words} in {page}");
    }
    let nothing = browser
        .get("/administration/audit?from=2030-01-01")
        .expect(200);
    assert!(nothing.contains("Nothing like that"), "{nothing}");
    let bad = browser
        .get("/administration/audit?until=tomorrow")
        .expect(200);
    assert!(bad.contains("is not a date"), "{bad}");
    // Pages of the log follow one another without a gap.
    let (mut seen, mut next) = (0, "/administration/audit".to_owned());
    loop {
        let page = browser.get(&next).expect(200);
        seen += page.matches("subject=").count();
        assert!(!page.contains(" did "), "an action without words: {page}");
        let Some((_, rest)) =
            page.split_once("class=\"button\" href=\"administration/audit?before=")
        else {
            break;
        };
        next = format!(
            "/administration/audit?before={}",
            rest.split('"').next().unwrap()
        );
    }
    let all = world.server.app.read(|db| {
        let filter = dogwatch::service::audit::Filter::default();
        dogwatch::service::audit::list(db, &filter, 10_000)
    });
    assert_eq!(seen, all.unwrap().len());
}

#[test]
fn a_mail_that_was_given_up_is_tried_anew() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    browser.get("/administration/outbox").expect(200);
    // The refusal of a mail server, as the worker writes it down.
    let now = world.server.app.clock.now();
    let tom = world.path("{person:Tom}");
    let notice = Notice {
        subject: "A test".to_owned(),
        topic: Topic::Incidents,
        blocks: Vec::new(),
        entries: Vec::new(),
        in_reply_to: None,
    };
    let planned = outbox::Planned {
        id: dogwatch::clock::new_id().to_string(),
        key: "test".to_owned(),
        kind: "test.mail".parse().unwrap(),
        person_id: Some(tom.parse().unwrap()),
        rotation_id: None,
        // The worker can send it once it is tried again, so that it is dead no more, however quick the worker is.
        payload: serde_json::to_value(notice).unwrap(),
        due_at: now + chrono::TimeDelta::days(1),
        not_after: now + chrono::TimeDelta::days(2),
    };
    let id = planned.id.clone();
    let later = now + chrono::TimeDelta::days(1);
    let given_up = world.server.app.write(|tx| {
        outbox::plan(tx.db(), &planned, now)?;
        let until = later + chrono::TimeDelta::minutes(1);
        for mail in outbox::claim(tx.db(), outbox::Lane::Mails, later, until, 1000)? {
            if mail.key == "test" {
                outbox::finish(
                    tx.db(),
                    &mail,
                    &Outcome::Refused("no <b>such</b> mailbox".to_owned()),
                    later,
                )?;
            } else {
                outbox::release(tx.db(), &[mail])?;
            }
        }
        Ok(())
    });
    given_up.unwrap();
    let page = browser.get("/administration/outbox?state=dead").expect(200);
    assert!(
        page.contains("1 mail was given up") && page.contains("test.mail"),
        "{page}"
    );
    assert!(
        page.contains("mailbox") && !page.contains("<b>such"),
        "{page}"
    );
    let retry = format!("/administration/outbox/{id}/retry");
    let mut engineer = world.visitor(Engineer);
    engineer.get("/").expect(200);
    engineer.submit(&retry, &[]).expect(403);
    browser.submit(&retry, &[]).goes_to();
    let page = browser.get("/administration/outbox?state=dead").expect(200);
    assert!(
        page.contains("It is tried anew.") && page.contains("No mail is here."),
        "{page}"
    );
    // Once is enough.
    browser.submit(&retry, &[]).goes_to();
    let page = browser.get("/administration/outbox").expect(200);
    assert!(page.contains("Only what is dead is tried again."), "{page}");
}

#[test]
fn administrators_end_sessions_and_tokens_of_others() {
    let world = World::found();
    let mut browser = world.visitor(Administrator);
    let mut tom = world.visitor(Engineer);
    tom.get("/").expect(200);
    let page = browser.get("/administration/access").expect(200);
    let button = "Sign out<span class=\"unseen\"> Tom (sample)";
    let place = page.find(button).expect("Tom's browser");
    let before = &page[..place];
    let action = before
        .rsplit("action=\"")
        .next()
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    browser.submit(&format!("/{action}"), &[]).goes_to();
    assert!(tom.get("/").goes_to().starts_with("/sign-in"));
    let page = browser.get("/administration/access").expect(200);
    let token = page
        .split("href=\"administration/tokens/")
        .nth(1)
        .expect("a token")
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let count = page.matches("administration/tokens/").count();
    let revoke = format!("/administration/tokens/{token}");
    let question = browser.get(&revoke).expect(200);
    assert!(question.contains("Revoke the token “"), "{question}");
    tom.get(&revoke).goes_to();
    browser.submit(&revoke, &[]).goes_to();
    let page = browser.get("/administration/access").expect(200);
    assert_eq!(page.matches("administration/tokens/").count(), count - 1);
}
