//! The address of sign-in: nobody changes their own by a token, both addresses are told, and the old one can undo it.

use dogwatch::worker::Worker;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::mailbox::{Mailed, mailed, pass};
use crate::harness::server::{Answer, send};

const OLD: &str = "bo@example.com";
const NEW: &str = "robert@example.com";

/// Bo, who writes with a token, and everybody who could change Bo's address.
struct World {
    server: Server,
    worker: Worker,
    bo: String,
    token: String,
}

fn hire(server: &Server, name: &str, role: &str) -> (String, String) {
    let email = format!("{}@example.com", name.to_lowercase());
    let body = json!({ "name": name, "email": email, "time_zone": "Europe/London", "role": role });
    let made = server.post("/people", &body).expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    let token = made_token(server, &server.token, &id);
    (id, token)
}

fn made_token(server: &Server, with: &str, owner: &str) -> String {
    let body = json!({ "name": "test", "scope": "write" });
    let path = format!("/people/{owner}/tokens");
    let made = send(server.with_token(with, Method::POST, &path).json(&body)).expect(201);
    made["token"].as_str().unwrap().to_owned()
}

impl World {
    fn new() -> Self {
        let server = Server::start_still(&[]);
        let (bo, token) = hire(&server, "Bo", "member");
        let worker = server.another_worker();
        Self {
            server,
            worker,
            bo,
            token,
        }
    }

    fn change(&self, with: &str, email: &str) -> Answer {
        let path = format!("/people/{}", self.bo);
        let request = self.server.with_token(with, Method::PATCH, &path);
        send(request.json(&json!({ "email": email })))
    }

    /// The address is changed by an administrator's token.
    fn changed(&self, email: &str) {
        self.change(&self.server.token, email).expect(200);
        pass(&self.server, &self.worker);
    }

    fn email(&self) -> Value {
        let found = self.server.get(&format!("/people/{}", self.bo)).expect(200);
        found["email"].clone()
    }

    fn mails(&self, to: &str) -> Vec<Mailed> {
        let all = mailed(&self.server).into_iter();
        all.filter(|mail| mail.to.contains(to)).collect()
    }

    /// The path of the link that undoes a change, from the mail to this address.
    fn undo(&self, to: &str) -> String {
        let mails = self.mails(to);
        let (_, rest) = mails
            .iter()
            .find_map(|mail| mail.whole.split_once("/links/"))
            .unwrap();
        let token: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
            .collect();
        format!("/links/{token}")
    }

    fn open(&self, path: &str) -> Answer {
        send(self.server.bare(Method::GET, path))
    }

    fn press(&self, path: &str) -> Answer {
        send(self.server.bare(Method::POST, path))
    }

    fn status(&self, token: &str) -> u16 {
        send(self.server.with_token(token, Method::GET, "/teams")).status
    }
}

#[test]
fn nobody_changes_their_own_address_by_a_token() {
    let world = World::new();
    let refused = world.change(&world.token, NEW).problem(403);
    assert!(
        refused["detail"].as_str().unwrap().contains("sign in"),
        "{refused}"
    );
    world.change(&world.token, "BO@example.com").problem(403);
    // What stays as it is may be sent along.
    world.change(&world.token, OLD).expect(200);
    // Not even an administrator, but they may change somebody else's.
    let (ada, token) = hire(&world.server, "Ada", "administrator");
    let path = format!("/people/{ada}");
    let own = world.server.with_token(&token, Method::PATCH, &path);
    send(own.json(&json!({ "email": "a@example.com" }))).problem(403);
    world.change(&token, NEW).expect(200);
    assert_eq!(world.email(), NEW);
}

#[test]
fn whoever_is_signed_in_changes_their_own_and_both_addresses_are_told() {
    let world = World::new();
    let mut browser = Browser::signed_in(&world.server, OLD);
    let page = browser.get("/me/settings").expect(200);
    assert!(page.contains(&format!("value=\"{OLD}\"")), "{page}");
    let fields = [
        ("name", "Bo"),
        ("time_zone", "Europe/London"),
        ("email", NEW),
    ];
    assert_eq!(
        browser.submit("/me/settings", &fields).goes_to(),
        "/me/settings"
    );
    assert_eq!(world.email(), NEW);
    pass(&world.server, &world.worker);
    let (old, new) = (world.mails(OLD), world.mails(NEW));
    assert_eq!((old.len(), new.len()), (1, 1));
    assert!(old[0].whole.contains("r…@example.com") && !old[0].whole.contains(NEW));
    assert!(
        old[0].whole.contains("signed in as you"),
        "{}",
        old[0].whole
    );
    assert!(
        !new[0].whole.contains("/links/"),
        "only the old address undoes it"
    );
    browser.get("/me/settings").expect(200);
    let blank = [
        ("name", "Bo"),
        ("time_zone", "Europe/London"),
        ("email", " "),
    ];
    let refused = browser.submit("/me/settings", &blank).expect(200);
    assert!(refused.contains("is needed"), "{refused}");
    // The mails are not so many that somebody else's mailbox could be filled.
    for (number, status) in [(1, 303), (2, 303), (3, 303), (4, 303), (5, 200)] {
        browser.get("/me/settings").expect(200);
        let email = format!("bo{number}@example.com");
        let fields = [
            ("name", "Bo"),
            ("time_zone", "Europe/London"),
            ("email", email.as_str()),
        ];
        let seen = browser.submit("/me/settings", &fields);
        assert_eq!(seen.status, status, "{number}: {}", seen.html);
    }
    assert_eq!(world.email(), "bo4@example.com");
}

#[test]
fn the_old_address_undoes_a_change_and_all_that_was_made_since() {
    let world = World::new();
    let mut before = Browser::signed_in(&world.server, OLD);
    world.server.at("2026-03-02T10:00:00Z");
    world.changed(NEW);
    world.server.at("2026-03-02T11:00:00Z");
    let mut since = Browser::signed_in(&world.server, NEW);
    let unused = dogwatch::service::operator::sign_in(&world.server.app, NEW).unwrap();
    let made = made_token(&world.server, &world.token, &world.bo);
    let feed = world
        .server
        .with_token(&world.token, Method::POST, "/feeds");
    let feed = send(feed.json(&json!({ "scope": { "all": true } }))).expect(201);
    let feed = feed["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&world.server.url)
        .unwrap()
        .to_owned();

    let path = world.undo(OLD);
    for _ in 0..2 {
        let page = world.open(&path).text;
        assert!(page.contains("<form method=\"post\">"), "{page}");
        assert_eq!(world.email(), NEW, "looking does nothing");
    }
    let done = world.press(&path);
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(world.email(), OLD);
    assert_eq!(since.get("/me").status, 303);
    let unused = unused.strip_prefix(&world.server.url).unwrap();
    let late = world.open(unused).text;
    assert!(!late.contains("form_token"), "nobody is signed in: {late}");
    assert_eq!(world.status(&made), 401);
    assert_eq!(world.open(&feed).status, 410);
    // What was there before the change stays, since an administrator made it.
    assert_eq!(world.status(&world.token), 200);
    assert_eq!(before.get("/me").status, 200);
    // The address that is left is told, and has nothing that would bring it back.
    pass(&world.server, &world.worker);
    let told = world.mails(NEW);
    assert!(
        told.iter().any(|mail| mail.subject.contains("undone")),
        "{told:?}"
    );
    assert!(told.iter().all(|mail| !mail.whole.contains("/links/")));
    let again = world.press(&path);
    assert_eq!(again.status, 409, "{}", again.text);
    assert!(
        !world.open(&path).text.contains("<form"),
        "nothing is left to do"
    );
    let audit = world
        .server
        .get("/audit?action=person.restore_address")
        .expect(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
}

#[test]
fn undoing_a_change_undoes_those_that_followed_it() {
    let world = World::new();
    let mut thief = Browser::signed_in(&world.server, OLD);
    for email in ["thief@example.net", "thief@example.org"] {
        thief.get("/me/settings").expect(200);
        let fields = [
            ("name", "Bo"),
            ("time_zone", "Europe/London"),
            ("email", email),
        ];
        assert_eq!(thief.submit("/me/settings", &fields).status, 303);
    }
    pass(&world.server, &world.worker);
    let (mine, theirs) = (world.undo(OLD), world.undo("thief@example.net"));
    assert_eq!(world.press(&mine).status, 200);
    assert_eq!(world.email(), OLD);
    // The browser that changed it was signed in before the change: it is signed out, too.
    assert_eq!(thief.get("/me").status, 303);
    assert_eq!(world.press(&theirs).status, 409);
    assert_eq!(world.email(), OLD);
}

#[test]
fn a_change_cannot_be_undone_for_ever_nor_onto_an_address_that_somebody_has() {
    let world = World::new();
    world.changed(NEW);
    let path = world.undo(OLD);
    let other = json!({ "name": "Bob", "email": OLD.to_uppercase(), "time_zone": "UTC" });
    let other = world.server.post("/people", &other).expect(201);
    let page = world.open(&path).text;
    assert!(
        page.contains("somebody else has the address") && !page.contains("<form"),
        "{page}"
    );
    let refused = world.press(&path);
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("somebody else has the address"),
        "{}",
        refused.text
    );
    let bob = format!("/people/{}", other["id"].as_str().unwrap());
    world
        .server
        .patch(&bob, &json!({ "email": "bob@example.com" }))
        .expect(200);
    world.server.at("2026-03-09T08:59:59Z");
    assert!(world.open(&path).text.contains("<form"));
    world.server.at("2026-03-09T09:00:00Z");
    assert_eq!(world.press(&path).status, 410);
    assert_eq!(world.email(), NEW);
}

#[test]
fn whoever_is_erased_leaves_no_address_behind() {
    let world = World::new();
    world.changed(NEW);
    let path = world.undo(OLD);
    let person = format!("/people/{}", world.bo);
    world
        .server
        .post(&format!("{person}/deactivate"), &json!({}))
        .expect(200);
    assert_eq!(world.press(&path).status, 403);
    world
        .server
        .post(&format!("{person}/erase"), &json!({}))
        .expect(200);
    for path in ["/outbox?limit=200", "/audit?limit=200"] {
        let kept = world.server.get(path).text;
        assert!(!kept.contains(OLD) && !kept.contains(NEW), "{path}: {kept}");
    }
    assert_eq!(world.open(&path).status, 404);
}
