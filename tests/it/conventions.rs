//! What holds for every address.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::{Answer, send};

pub fn person(number: usize) -> Value {
    json!({ "name": format!("Ada {number}"), "email": format!("ada{number}@example.org"), "time_zone": "Europe/London" })
}

/// A body that is not made by the JSON library.
fn post_text(server: &Server, body: String) -> Answer {
    let request = server
        .request(Method::POST, "/people")
        .header("content-type", "application/json");
    send(request.body(body))
}

#[test]
fn unknown_addresses_are_problems() {
    let server = Server::start();
    for path in ["/api/v1/nothing", "/api/v2/people", "/api", "/nothing"] {
        send(server.bare(Method::GET, path)).problem(404);
    }
    for path in [
        "/people/nobody",
        "/people/00000000-0000-0000-0000-000000000000",
        "/rotations/%00/shifts",
        "/teams/none",
    ] {
        server.get(path).problem(404);
    }
    let feed = send(server.bare(Method::GET, "/feeds/nothing.ics"));
    assert_eq!(feed.status, 404);
    assert!(feed.header("content-type").starts_with("text/plain"));
}

#[test]
fn wrong_methods_name_the_right_ones() {
    let server = Server::start();
    for (method, path, allowed) in [
        (Method::PUT, "/people", "GET, HEAD, OPTIONS, POST"),
        (Method::POST, "/on-duty", "GET, HEAD, OPTIONS"),
        (Method::DELETE, "/people/x", "GET, HEAD, OPTIONS, PATCH"),
    ] {
        let wrong = send(server.request(method, path));
        assert_eq!(wrong.header("allow"), allowed, "{path}");
        wrong.problem(405);
    }
}

#[test]
fn every_answer_has_a_request_id() {
    let server = Server::start();
    let own = send(server.bare(Method::GET, "/healthz"));
    assert_eq!(own.header("x-content-type-options"), "nosniff");
    assert!(!own.header("x-request-id").is_empty());
    let with = |id: &str| {
        let request = server
            .bare(Method::GET, "/healthz")
            .header("x-request-id", id);
        send(request).header("x-request-id").to_owned()
    };
    assert_eq!(with("abc-1"), "abc-1");
    assert_ne!(with("a b"), "a b");
}

#[test]
fn who_has_no_good_token_is_told_how_to_come() {
    let server = Server::start();
    let path = "/api/v1/people";
    let refused = |header: Option<&str>| {
        let request = server.bare(Method::GET, path);
        let answer = send(match header {
            None => request,
            Some(value) => request.header("authorization", value),
        });
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        answer.problem(401);
    };
    refused(None);
    for header in [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic YTpi",
        &server.token,
    ] {
        refused(Some(header));
    }
    let loose = server
        .bare(Method::GET, path)
        .header("authorization", format!("bearer {}", server.token));
    send(loose).expect(200);
}

#[test]
fn bodies_are_read_strictly() {
    let server = Server::start();
    for text in [
        "",
        "{",
        "name=Ada",
        "{\"name\": \"Ada\"} more",
        "\u{feff}{}",
    ] {
        post_text(&server, text.to_owned()).problem(400);
    }
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    post_text(&server, deep).problem(422);
    post_text(&server, "[".repeat(5000)).problem(400);
    let big = format!("{{\"name\": \"{}\"}}", "a".repeat(2 << 20));
    post_text(&server, big).problem(413);

    let unknown =
        json!({ "name": "Ada", "email": "a@example.org", "time_zone": "UTC", "nmae": "x" });
    assert_eq!(server.post("/people", &unknown).pointers(), ["/nmae"]);
    let wrong = json!({ "name": 1, "email": "a@example.org", "time_zone": "UTC" });
    assert_eq!(server.post("/people", &wrong).pointers(), ["/name"]);
    let many = json!({ "name": "", "email": "nobody", "time_zone": "Mars/Base", "role": "king" });
    let mut pointers = server.post("/people", &many).pointers();
    pointers.sort();
    assert_eq!(pointers, ["/email", "/name", "/role", "/time_zone"]);
    for body in [json!([]), json!(null), json!("x"), json!({})] {
        server.post("/people", &body).problem(422);
    }
    assert_eq!(
        server.get("/people").expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn queries_are_read_strictly() {
    let server = Server::start();
    for (query, pointer) in [
        ("limt=1", "/limt"),
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=many", "/limit"),
        ("cursor=!", "/cursor"),
        ("limit=1&limit=2", "/limit"),
    ] {
        let pointers = server.get(&format!("/people?{query}")).pointers();
        assert_eq!(pointers, [pointer], "{query}");
    }
    for at in [
        "now",
        "1969-12-31T23:59:59Z",
        "9999-01-01T00:00:00Z",
        "2026-03-02T10:00:00",
        "2026-03-02T10:00:00.5Z",
    ] {
        assert_eq!(
            server.get(&format!("/on-duty?at={at}")).pointers(),
            ["/at"],
            "{at}"
        );
    }
    server
        .get("/on-duty?at=2026-03-02T10:00:00%2B01:00")
        .expect(200);
    let long = "/gaps?from=2026-01-01T00:00:00Z&until=2027-03-01T00:00:00Z";
    assert_eq!(server.get(long).pointers(), ["/until"]);
}

#[test]
fn a_bad_parameter_of_two_words_is_named_too() {
    let server = Server::start();
    for dry_run in ["1", "TRUE", "yes", ""] {
        let path = format!("/rotations/{}/archive?dry_run={dry_run}", uuid::Uuid::nil());
        let pointers = server.post(&path, &json!({})).pointers();
        assert_eq!(pointers, ["/dry_run"], "{dry_run:?}");
    }
}

#[test]
fn what_is_missing_is_named_with_what_is_bad() {
    let server = Server::start();
    let ada = server.post("/people", &person(1)).expect(201);
    let team = json!({ "slug": "a", "name": "A", "time_zone": "UTC", "members": [ada["id"]] });
    server.post("/teams", &team).expect(201);
    let weekly = json!({ "name": "R", "title": "Hero", "kind": "ordered", "time_zone": "UTC", "order": [ada["id"]],
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
    let rotation = server.post("/teams/a/rotations", &weekly).expect(201);
    let overrides = format!("/rotations/{}/overrides", rotation["id"].as_str().unwrap());
    let tokens = format!("/people/{}/tokens", ada["id"].as_str().unwrap());
    let time_off = format!("/people/{}/time-off", ada["id"].as_str().unwrap());
    let watch = json!({ "name": "W", "title": "Watcher", "kind": "follow_the_sun", "time_zone": "UTC", "order": [ada["id"]] });
    let watch = server.post("/teams/a/rotations", &watch).expect(201);
    let incident = json!({ "reference": "INC-1", "title": "Down", "rotation_id": watch["id"] });
    let incident = server.post("/incidents", &incident).expect(201);
    let handovers = format!("/incidents/{}/handovers", incident["id"].as_str().unwrap());
    for (path, body, expected) in [
        ("/people", json!({}), &["/email", "/name", "/time_zone"][..]),
        (
            "/people",
            json!({ "email": "nobody", "working_hours": [{ "start": "9" }] }),
            &[
                "/email",
                "/name",
                "/time_zone",
                "/working_hours/0/days",
                "/working_hours/0/end",
                "/working_hours/0/start",
            ],
        ),
        (
            "/people/import",
            json!([{ "name": "A" }]),
            &["/0/email", "/0/time_zone"],
        ),
        (
            "/teams",
            json!({ "slug": "A b" }),
            &["/name", "/slug", "/time_zone"],
        ),
        (
            "/teams/a/rotations",
            json!({ "kind": "ordered", "handoff": {} }),
            &[
                "/handoff/rule",
                "/handoff/start",
                "/name",
                "/order",
                "/time_zone",
                "/title",
            ],
        ),
        (
            &overrides,
            json!({ "start": "x", "person_id": null }),
            &["/end", "/start"],
        ),
        (
            &overrides,
            json!({ "end": "2026-04-01T00:00:00Z" }),
            &["/person_id"],
        ),
        (&overrides, json!({}), &["/end", "/person_id"]),
        (
            "/people",
            json!({ "name": "A", "email": "a@example.org", "time_zone": "UTC", "holidays": {} }),
            &["/holidays/country", "/holidays/observe"],
        ),
        (
            &time_off,
            json!({ "first_day": "2026-04-01" }),
            &["/last_day"],
        ),
        (&time_off, json!({ "end": "x" }), &["/end", "/start"]),
        (
            &handovers,
            json!({}),
            &[
                "/key_information",
                "/status",
                "/ticket_count",
                "/to",
                "/told_to_users",
            ],
        ),
        (
            &tokens,
            json!({ "expires_at": "x" }),
            &["/expires_at", "/name", "/scope"],
        ),
    ] {
        let mut found = server.post(path, &body).pointers();
        found.sort();
        found.dedup();
        assert_eq!(found, expected, "{path} {body}");
    }
}

#[test]
fn what_no_text_can_have_names_nothing() {
    let server = Server::start();
    for query in ["actor=%00", "action=a%00", "subject=%00"] {
        let found = server.get(&format!("/audit?{query}")).expect(200);
        assert_eq!(found["items"], json!([]), "{query}");
    }
    for path in [
        "/teams/%00/join",
        "/outbox/%00/retry",
        "/teams/a%00/rotations",
    ] {
        server.post(path, &json!({ "person_id": "x" })).problem(404);
    }
}

#[test]
fn lists_come_in_pages() {
    let server = Server::start();
    for number in 0..5 {
        server.post("/people", &person(number)).expect(201);
    }
    let mut seen = Vec::new();
    let mut path = "/people?limit=2".to_owned();
    loop {
        let page = server.get(&path).expect(200);
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()));
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert!(page["next_cursor"].is_null());
            break;
        };
        path = format!("/people?limit=2&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(seen, sorted, "in order of creation, each once");
    assert_eq!(seen.len(), 6);
}

#[test]
fn a_stale_change_is_refused() {
    let server = Server::start();
    let created = server.post("/people", &person(1));
    let tag = created.header("etag").to_owned();
    assert_eq!(tag, "\"v1\"");
    let location = created.header("location").to_owned();
    let created = created.expect(201);
    let path = format!("/people/{}", created["id"].as_str().unwrap());
    assert_eq!(location, format!("/api/v1{path}"));
    assert_eq!(server.get(&path).header("etag"), tag);

    let change = |tag: &str, name: &str| {
        let request = server.request(Method::PATCH, &path).header("if-match", tag);
        send(request.json(&json!({ "name": name })))
    };
    let changed = change(&tag, "Ada L.");
    let newer = changed.header("etag").to_owned();
    assert_ne!(newer, tag);
    assert_eq!(changed.expect(200)["name"], "Ada L.");
    change(&tag, "Ada B.").problem(412);
    change("\"other\"", "Ada B.").problem(412);
    assert_eq!(server.get(&path).expect(200)["name"], "Ada L.");
    change(&format!("\"v9\", {newer}"), "Ada B.").expect(200);
    change("*", "Ada").expect(200);
    server
        .patch(&path, &json!({ "name": "Ada L." }))
        .expect(200);
}

#[test]
fn the_document_describes_what_is_served() {
    let server = Server::start();
    let document = send(server.bare(Method::GET, "/api/openapi.json")).expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v1/people",
        "/api/v1/on-duty",
        "/api/v1/rotations/{id}/overrides",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(problem.is_object(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            let template = path.matches('{').count();
            let described = operation["parameters"].as_array().map_or(0, |all| {
                all.iter().filter(|one| one["in"] == "path").count()
            });
            assert_eq!(described, template, "{method} {path}");
            let takes = |name: &str| {
                let mut all = operation["parameters"].as_array().into_iter().flatten();
                all.any(|one| one["in"] == "header" && one["name"] == name)
            };
            assert_eq!(takes("idempotency-key"), method == "post", "{path}");
            if ["delete", "patch", "put"].contains(&method.as_str()) {
                assert!(takes("if-match"), "{method} {path}");
                if let Some(got) = item.get("get") {
                    let headers = &got["responses"]["200"]["headers"];
                    assert!(headers["etag"].is_object(), "{path}");
                }
            }
            if path.starts_with("/api/v1/") {
                let real = path
                    .replace("{id}", "x")
                    .replace("{slug}", "x")
                    .replace("{n}", "1");
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let bare = send(server.bare(method, &real));
                assert_eq!(bare.status, 401, "{path}: {}", bare.text);
            }
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn bodies_say_what_they_are() {
    let server = Server::start();
    let body = person(1).to_string();
    let post = |path: &str, kind: Option<&str>, body: &str| {
        let request = server.request(Method::POST, path);
        let request = match kind {
            None => request,
            Some(kind) => request.header("content-type", kind),
        };
        send(request.body(body.to_owned()))
    };
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data"),
    ] {
        post("/people", kind, &body).problem(415);
        post("/people/import", kind, &body).problem(415);
    }
    post("/people", Some("Application/JSON; charset=utf-8"), &body).expect(201);
    // Where a body may be left out, so may its type.
    let mine = server.get("/people?email=ada1@example.org").expect(200);
    let id = mine["items"][0]["id"].as_str().unwrap();
    post(&format!("/people/{id}/deactivate"), None, "").expect(200);
}

#[test]
fn what_can_be_got_can_be_asked_about() {
    let server = Server::start();
    for path in [
        "/api/v1/people",
        "/api/v1/on-duty",
        "/healthz",
        "/api/openapi.json",
    ] {
        let ask = |method: Method| send(server.bare(method, path).bearer_auth(&server.token));
        let (get, head) = (ask(Method::GET), ask(Method::HEAD));
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for header in ["content-type", "content-length"] {
            assert_eq!(
                head.header(header),
                get.header(header),
                "{header} of {path}"
            );
        }
    }
    let options = send(server.bare(Method::OPTIONS, "/api/v1/people"));
    assert_eq!(options.header("allow"), "GET, HEAD, OPTIONS, POST");
    assert_eq!(options.status, 204);
    send(server.bare(Method::OPTIONS, "/api/v1/nothing")).problem(404);
    let written = send(server.bare(Method::PUT, "/feeds/x.ics"));
    assert_eq!(
        (written.status, written.header("allow")),
        (405, "GET, HEAD")
    );
}

/// Each kind of resource has a tag from when it is made on, and whatever ends it goes by that.
#[test]
fn everything_that_can_be_changed_has_a_tag() {
    let server = Server::start();
    let made = |path: &str, body: Value| {
        let answer = server.post(path, &body);
        assert_eq!(answer.header("etag"), "\"v1\"", "{path}");
        answer.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let person = made("/people", person(1));
    made(
        "/teams",
        json!({ "slug": "a", "name": "A", "time_zone": "UTC" }),
    );
    let weekly = json!({ "name": "A", "title": "Hero", "kind": "ordered", "time_zone": "UTC", "order": [person],
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" } });
    let rotation = made("/teams/a/rotations", weekly);
    let cover = json!({ "end": "2026-03-05T00:00:00Z", "person_id": null });
    let away = json!({ "first_day": "2026-04-01", "last_day": "2026-04-02" });
    let token = made(
        &format!("/people/{person}/tokens"),
        json!({ "name": "x", "scope": "read" }),
    );
    let feed = made("/feeds", json!({ "scope": { "all": true } }));
    let cover = made(&format!("/rotations/{rotation}/overrides"), cover);
    let away = made(&format!("/people/{person}/time-off"), away);
    let change = |method: &Method, path: &str, tag: &str| {
        let request = server.request(method.clone(), path).header("if-match", tag);
        send(request.json(&json!({})))
    };
    let deletes = [
        format!("/tokens/{token}"),
        format!("/feeds/{feed}"),
        format!("/overrides/{cover}"),
        format!("/time-off/{away}"),
    ];
    for path in &deletes {
        change(&Method::DELETE, path, "\"v0\"").problem(412);
        let done = change(&Method::DELETE, path, "\"v1\"");
        assert!([200, 204].contains(&done.status), "{path}: {}", done.text);
    }
    let person = format!("/people/{person}");
    let rotation = format!("/rotations/{rotation}");
    for (method, path) in [
        (Method::PATCH, person.clone()),
        (Method::POST, format!("{person}/deactivate")),
        (Method::POST, format!("{person}/erase")),
        (Method::PATCH, "/teams/a".to_owned()),
        (Method::PATCH, rotation.clone()),
        (Method::POST, format!("{rotation}/revisions")),
        (Method::POST, format!("{rotation}/archive")),
    ] {
        change(&method, &path, "\"v0\"").problem(412);
    }
}

#[test]
fn an_option_that_means_nothing_is_not_ignored() {
    let server = Server::start();
    // Nobody is made by what its sender takes for a rehearsal.
    let path = "/people?dry_run=true&%7E=1";
    assert_eq!(server.post(path, &person(1)).pointers(), ["/dry_run", "/~"]);
    let ada = server.post("/people", &person(1)).expect(201);
    let path = format!("/people/{}", ada["id"].as_str().unwrap());
    assert_eq!(server.get(&format!("{path}?at=x")).pointers(), ["/at"]);
    server.get(&format!("{path}?")).expect(200);
    let bare = send(server.bare(Method::GET, "/api/v1/people/x?at=x"));
    assert_eq!(bare.status, 401);
}
