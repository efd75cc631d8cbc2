//! Signing in and out, and what strangers try.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::harness::Server;
use crate::harness::browser::Browser;
use crate::harness::server::instant;

const ADMINISTRATOR: &str = "administrator@localhost";
const SESSION: &str = "dogwatch_session";
const VISIT: &str = "dogwatch_visit";

/// The path of a fresh link for the administrator.
fn link(server: &Server) -> String {
    let link = dogwatch::service::operator::sign_in(&server.app, ADMINISTRATOR).unwrap();
    link.strip_prefix(&server.url).unwrap().to_owned()
}

#[test]
fn strangers_are_sent_to_sign_in_and_come_back_afterwards() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let sent = browser.get("/zone?back=/x");
    assert_eq!(sent.goes_to(), "/sign-in?next=%2Fzone%3Fback%3D%2Fx");
    let page = browser
        .get("/sign-in?next=%2Fzone%3Fback%3D%2Fx")
        .expect(200);
    assert!(
        page.contains(r#"name="next" value="/zone?back=/x""#),
        "{page}"
    );
    let page = browser
        .submit(
            "/sign-in",
            &[("email", ADMINISTRATOR), ("next", "/zone?back=/x")],
        )
        .expect(200);
    assert!(page.contains("Look into your mail"), "{page}");
}

#[test]
fn a_link_signs_in_once_and_only_after_a_second_step() {
    let server = Server::start();
    let path = link(&server);
    for _ in 0..3 {
        // Mail programs look at links by themselves.
        let page = Browser::new(&server).get(&path).expect(200);
        assert!(page.contains("Sign in as Administrator"), "{page}");
    }
    let mut browser = Browser::new(&server);
    browser.get(&path).expect(200);
    assert_eq!(browser.submit(&path, &[]).goes_to(), "/");
    let home = browser.get("/").expect(200);
    assert!(home.contains("Administrator"), "{home}");

    let mut thief = Browser::new(&server);
    let page = thief.get(&path).expect(200);
    assert!(page.contains("of no use any more"), "{page}");
    thief.get("/sign-in").expect(200);
    thief.submit(&path, &[]).expect(200);
    assert!(!thief.cookies.contains_key(SESSION));
}

#[test]
fn a_link_and_a_session_end_by_themselves() {
    let server = Server::start();
    let path = link(&server);
    let mut browser = Browser::signed_in(&server, ADMINISTRATOR);
    browser.get("/").expect(200);
    server.clock.set(instant("2026-03-03T09:00:01Z"));
    let page = browser.get(&path).expect(200);
    assert!(page.contains("of no use any more"), "{page}");
    server
        .clock
        .set(instant("2026-03-02T09:00:00Z") + TimeDelta::days(30));
    assert!(browser.get("/").goes_to().starts_with("/sign-in"));
}

#[test]
fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, ADMINISTRATOR);
    let stolen = browser.cookies.clone();
    browser.get("/").expect(200);
    assert_eq!(browser.submit("/sign-out", &[]).goes_to(), "/sign-in");
    assert!(!browser.cookies.contains_key(SESSION));
    browser.cookies = stolen;
    assert!(browser.get("/").goes_to().starts_with("/sign-in"));
}

#[test]
fn a_session_is_always_a_new_one() {
    let server = Server::start();
    let path = link(&server);
    let mut browser = Browser::new(&server);
    // Somebody put cookies there before.
    browser
        .cookies
        .insert(SESSION.to_owned(), "known-to-the-attacker".to_owned());
    browser
        .cookies
        .insert(VISIT.to_owned(), "known-too".to_owned());
    browser.get(&path).expect(200);
    browser.submit(&path, &[]).goes_to();
    assert!(browser.cookies[SESSION].len() >= 43);
    assert!(!browser.cookies.contains_key(VISIT));
    let mut attacker = Browser::new(&server);
    attacker
        .cookies
        .insert(SESSION.to_owned(), "known-to-the-attacker".to_owned());
    assert!(attacker.get("/").goes_to().starts_with("/sign-in"));
}

#[test]
fn nobody_is_told_whether_there_is_somebody_and_mails_are_few() {
    let server = Server::start();
    let ask = |email: &str| {
        let mut browser = Browser::new(&server);
        browser.get("/sign-in").expect(200);
        let page = browser.submit("/sign-in", &[("email", email)]).expect(200);
        page.replace(email.trim(), "…")
    };
    let known = ask(ADMINISTRATOR);
    for _ in 0..5 {
        assert_eq!(ask("nobody@example.com"), known);
        assert_eq!(ask(" ADMINISTRATOR@localhost"), known);
    }
    assert_eq!(mails_to_sign_in(&server, 2), 2);
}

#[test]
fn a_mailed_link_signs_in_and_leads_where_one_wanted_to_go() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    browser.get("/sign-in").expect(200);
    browser
        .submit("/sign-in", &[("email", ADMINISTRATOR), ("next", "/zone")])
        .expect(200);
    let link = mailed_link(&server);
    let path = link.strip_prefix(&server.url).unwrap();
    browser.get(path).expect(200);
    assert_eq!(browser.submit(path, &[]).goes_to(), "/zone");
    browser.get("/zone").expect(200);
    let kept = server.get("/outbox").text;
    let secret = path.rsplit('/').next().unwrap();
    assert!(
        kept.contains("sign_in") && !kept.contains(secret),
        "no table holds the secret"
    );
}

/// The link in the one mail that was written to a file.
fn mailed_link(server: &Server) -> String {
    let folder = server.database.folder.path().join("mail");
    for _ in 0..3000 {
        let mails = std::fs::read_dir(&folder).into_iter().flatten();
        for mail in mails {
            let text = std::fs::read_to_string(mail.unwrap().path()).unwrap();
            let text = text.replace("=\r\n", "");
            // What is only half written has no end of the line yet.
            let link = text.split_once("/sign-in/").map(|(_, rest)| rest);
            if let Some((secret, _)) = link.and_then(|rest| rest.split_once("\r\n")) {
                return format!("{}/sign-in/{secret}", server.url);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no mail came");
}

#[test]
fn whoever_guesses_is_slowed_down() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let tried: Vec<_> = (0..30)
        .map(|n| browser.get(&format!("/sign-in/guess-{n}")))
        .collect();
    let statuses: Vec<u16> = tried.iter().map(|seen| seen.status).collect();
    assert!(
        statuses.starts_with(&[200; 20]) && statuses.ends_with(&[429; 5]),
        "{statuses:?}"
    );
    let last = tried.last().unwrap();
    assert_eq!(last.header("retry-after"), "15", "{}", last.html);
    // A good link is not counted.
    let path = link(&server);
    let page = browser.get(&path).expect(200);
    assert!(page.contains("Sign in as"), "{page}");
    assert_eq!(browser.submit(&path, &[]).goes_to(), "/");
}

/// Somebody behind the same address who asks without end takes nobody's link.
#[test]
fn a_neighbour_locks_nobody_out() {
    let server = Server::start_still(&[]);
    let right: Vec<String> = (0..16).map(|n| format!("right-{n}@example.com")).collect();
    for email in &right {
        let person = json!({ "name": email, "email": email, "time_zone": "Europe/London" });
        server.post("/people", &person).expect(201);
    }
    let mut neighbour = Browser::new(&server);
    neighbour.get("/sign-in").expect(200);
    for n in 0..100 {
        let wrong = format!("wrong-{n}@example.com");
        neighbour
            .submit("/sign-in", &[("email", wrong.as_str())])
            .expect(200);
    }
    let mut browser = Browser::new(&server);
    browser.get("/sign-in").expect(200);
    for _ in 0..2 {
        for email in &right {
            browser
                .submit("/sign-in", &[("email", email.as_str())])
                .expect(200);
        }
    }
    assert_eq!(
        mails_to_sign_in(&server, 16),
        16,
        "one for each, and no second one"
    );
}

/// Others who ask for somebody's links without end do not keep them from signing in.
#[test]
fn links_for_one_address_that_others_ask_for_always_work() {
    let server = Server::start();
    let ask = |email: &str| {
        let mut browser = Browser::new(&server);
        browser.get("/sign-in").expect(200);
        let page = browser.submit("/sign-in", &[("email", email)]).expect(200);
        assert!(
            page.contains("use the newest link in the mailbox"),
            "{page}"
        );
        page.replace(email, "…")
    };
    for _ in 0..20 {
        assert_eq!(ask(ADMINISTRATOR), ask("nobody@example.com"));
    }
    assert_eq!(mails_to_sign_in(&server, 2), 2);
    server.clock.set(instant("2026-03-02T09:05:00Z"));
    for _ in 0..20 {
        assert_eq!(ask(ADMINISTRATOR), ask("nobody@example.com"));
    }
    assert_eq!(mails_to_sign_in(&server, 3), 3);
    let link = mailed_link(&server);
    let path = link.strip_prefix(&server.url).unwrap();
    let mut browser = Browser::new(&server);
    browser.get(path).expect(200);
    assert_eq!(browser.submit(path, &[]).goes_to(), "/");
    // What was used makes room for another.
    server.clock.set(instant("2026-03-02T09:10:00Z"));
    ask(ADMINISTRATOR);
    assert_eq!(mails_to_sign_in(&server, 4), 4);
}

/// How many links are to be mailed, once there are as many as expected, or a while later. Nobody is kept waiting for
/// mails to be queued.
fn mails_to_sign_in(server: &Server, expected: usize) -> usize {
    let count = || {
        let all = server.get("/outbox?limit=200").expect(200);
        let all = all["items"].as_array().unwrap();
        let is_link = |mail: &&serde_json::Value| mail["kind"] == "sign_in";
        all.iter().filter(is_link).count()
    };
    for _ in 0..500 {
        if count() >= expected {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    count()
}

#[test]
fn forms_come_from_our_own_pages_only() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, ADMINISTRATOR);
    browser.get("/").expect(200);
    let token = browser.form_token.clone();
    let mut other = Browser::signed_in(&server, ADMINISTRATOR);
    other.get("/").expect(200);
    assert_ne!(token, other.form_token);
    for wrong in ["", "x", other.form_token.as_str()] {
        let page = browser
            .post("/sign-out", &[("form_token", wrong)])
            .expect(403);
        assert!(page.contains("load the page again"), "{page}");
    }
    browser.post("/sign-out", &[]).expect(403);
    // A page of another site that somehow has the token is still another site.
    let request = browser
        .request(Method::POST, "/sign-out")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("form_token={token}"));
    browser.send(request).expect(403);
    browser.get("/").expect(200);
    // Nor can a stranger be signed in by another site's form.
    let path = link(&server);
    let mut victim = Browser::new(&server);
    victim.post(&path, &[]).expect(403);
    victim.get("/sign-in").expect(200);
    victim.form_token = other.form_token;
    victim.submit(&path, &[]).expect(403);
}

#[test]
fn nobody_is_sent_to_another_site() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, ADMINISTRATOR);
    for elsewhere in [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "/%09/evil.example",
    ] {
        let path: String = url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
        let seen = browser.get(&format!("/sign-in?next={path}"));
        let to = seen.goes_to();
        assert!(
            to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"),
            "{to}"
        );
        browser.get("/zone").expect(200);
        let seen = browser.submit("/zone", &[("zone", "UTC"), ("back", elsewhere)]);
        let to = seen.goes_to();
        assert!(
            to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"),
            "{to}"
        );
    }
}

#[test]
fn every_page_is_protected_and_cookies_are_out_of_reach() {
    let server = Server::start();
    let path = link(&server);
    let mut browser = Browser::new(&server);
    let seen = browser.get(&path);
    let mut cookies: Vec<String> = Vec::new();
    let given = |seen: &crate::harness::browser::Seen| -> Vec<String> {
        let all = seen.headers.get_all("set-cookie").iter();
        all.map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect()
    };
    cookies.extend(given(&seen));
    cookies.extend(given(&browser.submit(&path, &[])));
    assert!(cookies.len() >= 2);
    for cookie in cookies {
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
    }
    for path in [
        "/",
        "/zone",
        "/nothing/here",
        "/assets/x/pages.css",
        "/assets/x/none",
    ] {
        let seen = browser.get(path);
        let policy = seen.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            !seen.html.contains(" style=") && !seen.html.contains(" onclick="),
            "{path}"
        );
        assert!(
            !seen.html.contains("<script>") && !seen.html.contains("<style"),
            "{path}"
        );
    }
    assert!(browser.get("/nothing/here").expect(404).contains("<html"));
    let secure = Server::start_with(&[("DOGWATCH_PUBLIC_URL", "https://duty.example.org/x")]);
    let seen = Browser::new(&secure).get("/sign-in");
    assert!(
        given(&seen)[0].contains("Secure") && given(&seen)[0].contains("Path=/x/"),
        "{:?}",
        given(&seen)
    );
    assert!(seen.html.contains(r#"<base href="/x/">"#));
    assert_eq!(
        Browser::new(&secure).get("/").goes_to(),
        "/x/sign-in?next=%2F"
    );
}

#[test]
fn whoever_is_deactivated_is_out_at_once() {
    let server = Server::start();
    let person = json!({ "name": "Ada", "email": "ada@example.com", "time_zone": "Europe/London" });
    let ada = server.post("/people", &person).expect(201);
    let mut browser = Browser::signed_in(&server, "ada@example.com");
    browser.get("/").expect(200);
    let path = format!("/people/{}/deactivate", ada["id"].as_str().unwrap());
    server.post(&path, &json!({})).expect(200);
    assert!(browser.get("/").goes_to().starts_with("/sign-in"));
}
