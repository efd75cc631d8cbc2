//! Tables of what is named in bodies and queries.

use serde_json::{Value, json};

use super::document;
use crate::http::shape::MOST_FAULTS;
use crate::service::FieldError;
use crate::service::input;

fn pointers(faults: Vec<FieldError>) -> Vec<String> {
    let mut all: Vec<String> = faults.into_iter().map(|one| one.pointer).collect();
    all.sort();
    all
}

fn of_body(path: &str, method: &str, body: &str) -> Vec<String> {
    let document = document();
    pointers(
        document
            .shape(path, method)
            .unwrap()
            .check_body(body.as_bytes()),
    )
}

fn of_query(path: &str, query: &str) -> Vec<String> {
    let document = document();
    let now = input::instant("2026-03-02T10:00:00Z").unwrap();
    pointers(document.shape(path, "get").unwrap().check_query(query, now))
}

#[test]
fn a_body_has_all_of_its_faults_named() {
    let people = "/api/v1/people";
    for (body, expected) in [
        (
            r#"{"name":"A","email":"a@example.com","time_zone":"UTC"}"#,
            &[][..],
        ),
        ("[]", &[""]),
        ("null", &[""]),
        ("{}", &["/email", "/name", "/time_zone"]),
        (
            r#"{"name":1,"email":true,"time_zone":[],"nmae":"x","b/c":1}"#,
            &["/b~1c", "/email", "/name", "/nmae", "/time_zone"],
        ),
        (
            r#"{"name":"","name":"B","name":1,"email":"nobody","time_zone":"Mars/Base","role":"king"}"#,
            &["/email", "/name", "/name", "/name", "/role", "/time_zone"],
        ),
        (
            r#"{"name":"A","email":"a@example.com","time_zone":"UTC","working_hours":[{"days":["mon",1,"day"],"start":"9","end":"17:00","end":"18:00"},[],null],"external_ids":{"a":1,"b":"x","b":"y"}}"#,
            &[
                "/external_ids",
                "/external_ids/a",
                "/working_hours/0/days/1",
                "/working_hours/0/days/2",
                "/working_hours/0/end",
                "/working_hours/0/start",
                "/working_hours/1",
                "/working_hours/2",
            ],
        ),
        (
            r#"{"name":"A","email":"a@example.com","time_zone":"UTC","holidays":{"observe":"yes"}}"#,
            &["/holidays/country", "/holidays/observe"],
        ),
    ] {
        assert_eq!(of_body(people, "post", body), expected, "{body}");
    }
    let import = r#"[{"name":1,"email":"a@example.com","time_zone":"UTC"},7,{"nmae":"x"}]"#;
    assert_eq!(
        of_body("/api/v1/people/import", "post", import),
        [
            "/0/name",
            "/1",
            "/2/email",
            "/2/name",
            "/2/nmae",
            "/2/time_zone"
        ]
    );
}

#[test]
fn unions_and_numbers_are_checked_too() {
    let reminders = "/api/v1/rotations/{id}/reminders";
    let body =
        r#"{"incoming":[1,"handoff",null,0,61,"never",1.5],"outgoing":{},"checklists":null}"#;
    assert_eq!(
        of_body(reminders, "put", body),
        [
            "/checklists",
            "/incoming/2",
            "/incoming/3",
            "/incoming/4",
            "/incoming/5",
            "/incoming/6",
            "/outgoing"
        ]
    );
    let settings = "/api/v1/rotations/{id}/incident-settings";
    let body =
        r#"{"patience_minutes":-1,"handover_minutes":4294967296,"severities":[{"meaning":1}]}"#;
    assert_eq!(
        of_body(settings, "put", body),
        [
            "/handover_minutes",
            "/patience_minutes",
            "/severities/0/meaning",
            "/severities/0/name"
        ]
    );
}

#[test]
fn a_query_has_all_of_its_faults_named() {
    for (path, query, expected) in [
        ("/api/v1/people", "", &[][..]),
        ("/api/v1/people", "limit=200&cursor=YQ&email=x&team=a", &[]),
        (
            "/api/v1/people",
            "limit=0&limt=1&cursor=!&b=1&email=a&email=b",
            &["/b", "/cursor", "/email", "/limit", "/limt"],
        ),
        (
            "/api/v1/rotations/{id}/shifts",
            "from=x&until=9999-01-01T00:00:00Z&layer=top&layer=base&to=y",
            &["/from", "/layer", "/layer", "/to", "/until"],
        ),
        (
            "/api/v1/rotations/{id}/shifts",
            "from=2026-03-02T10:00:00+01:00",
            &[],
        ),
        (
            "/api/v1/rotations/{id}/suggestions",
            "end=x",
            &["/end", "/start"],
        ),
        (
            "/api/v1/swaps",
            "state=gone&person=x&limit=many",
            &["/limit", "/person", "/state"],
        ),
        (
            "/api/v1/reports/load",
            "format=xml&from=x",
            &["/format", "/from"],
        ),
        ("/api/v1/people/{id}", "a/b=1&c", &["/a/b", "/c"]),
    ] {
        let found = of_query(path, query);
        assert_eq!(found, expected, "{path}?{query}");
    }
}

#[test]
fn faults_are_named_up_to_a_bound() {
    let bad = Value::Array(vec![json!(1); 5_000]);
    let found = of_body("/api/v1/people/import", "post", &bad.to_string());
    assert_eq!(found.len(), MOST_FAULTS);
    let unknown: Vec<String> = (0..5_000).map(|n| format!("\"{n}\":1")).collect();
    let unknown = format!("{{{}}}", unknown.join(","));
    let found = of_body("/api/v1/people", "post", &unknown);
    assert_eq!(found.len(), MOST_FAULTS);
}
