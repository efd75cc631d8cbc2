//! 422 names every bad value: bodies and queries of every operation, made from the API's document and broken in several
//! places at once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::server::send;

const ID: &str = "019c9a4e-7c00-7000-8000-000000000001";

/// What is done to a place in a body.
#[derive(Debug, Clone)]
enum Fault {
    /// The value is of a type that does not fit.
    Type(&'static str),
    /// The value is of the right type, and no good.
    Value(&'static str),
    /// The member is there a second time.
    Twice,
    /// The member is left out.
    Missing,
    /// There is a member of this name that nobody knows.
    Unknown,
}

/// Where what is done.
type Faults = BTreeMap<String, Fault>;

/// An operation with a body or a query.
struct Operation {
    method: Method,
    path: String,
    body: Option<Value>,
    query: Vec<(String, Value)>,
}

/// Somebody and something that is there: of what is not, the answer is 404 before its body is looked at.
fn there(server: &Server) -> [(&'static str, String); 2] {
    let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
    let ada = json!({ "name": "Ada", "email": "ada@example.com", "time_zone": "UTC" });
    let ada = id(&server.post("/people", &ada).expect(201));
    let team = json!({ "slug": "heroes", "name": "Heroes", "time_zone": "UTC", "members": [ada] });
    server.post("/teams", &team).expect(201);
    let rotation = json!({
        "name": "Hero", "title": "Hero", "kind": "ordered", "time_zone": "UTC", "order": [ada],
        "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" },
    });
    let rotation = id(&server
        .post("/teams/heroes/rotations", &rotation)
        .expect(201));
    [("people", ada), ("rotations", rotation)]
}

struct World {
    server: Server,
    document: Value,
    operations: Vec<Operation>,
}

impl World {
    fn new() -> Self {
        let server = Server::start_still(&[]);
        let document = send(server.bare(Method::GET, "/api/openapi.json")).expect(200);
        let there = there(&server);
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let mut operation = Operation::new(path, method, operation);
                for (kind, id) in &there {
                    operation.path = operation
                        .path
                        .replace(&format!("/{kind}/{ID}"), &format!("/{kind}/{id}"));
                }
                operations.push(operation);
            }
        }
        Self {
            server,
            document,
            operations,
        }
    }

    fn ask(&self, operation: &Operation, query: &str, body: Option<String>) -> Vec<String> {
        let path = format!("{}{query}", operation.path);
        let mut request = self.server.request(operation.method.clone(), &path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        send(request).pointers()
    }

    /// The first of what a value may be.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.resolve(self.document.pointer(&reference[1..]).unwrap());
        }
        let union = schema["oneOf"].as_array();
        union.map_or(schema, |union| self.resolve(&union[0]))
    }

    /// A body that fits, with these faults in it.
    fn body(&self, schema: &Value, at: &str, faults: &Faults) -> String {
        if let Some(Fault::Type(text) | Fault::Value(text)) = faults.get(at) {
            return (*text).to_owned();
        }
        let schema = self.resolve(schema);
        match kind(schema) {
            "object" => {
                let mut members = Vec::new();
                for (name, inner) in members_of(schema) {
                    let at = format!("{at}/{name}");
                    let text = || format!("{}:{}", json!(name), self.body(inner, &at, faults));
                    match faults.get(&at) {
                        Some(Fault::Missing) => {}
                        Some(Fault::Twice) => members.extend([text(), text()]),
                        _ => members.push(text()),
                    }
                }
                let unknown = format!("{at}/~1~0unknown");
                if faults.contains_key(&unknown) {
                    members.push(r#""/~unknown":[{"a":1}]"#.to_owned());
                }
                format!("{{{}}}", members.join(","))
            }
            "array" => {
                let item = |index| self.body(&schema["items"], &format!("{at}/{index}"), faults);
                format!("[{},{}]", item(0), item(1))
            }
            _ => sample(schema).to_string(),
        }
    }

    /// Every fault that a body may have.
    fn faults(&self, schema: &Value, at: &str, all: &mut Vec<(String, Fault)>) {
        let nullable = schema["oneOf"].is_array() || schema["type"].is_array();
        let schema = self.resolve(schema);
        all.push((at.to_owned(), Fault::Type(of_another_type(schema))));
        if !nullable {
            all.push((at.to_owned(), Fault::Value("null")));
        }
        if let Some(text) = bad_value(schema) {
            all.push((at.to_owned(), Fault::Value(text)));
        }
        if kind(schema) == "array" {
            for index in 0..2 {
                self.faults(&schema["items"], &format!("{at}/{index}"), all);
            }
        }
        if kind(schema) != "object" {
            return;
        }
        if schema["additionalProperties"] == false {
            all.push((format!("{at}/~1~0unknown"), Fault::Unknown));
        }
        let required = schema["required"].as_array();
        for (name, inner) in members_of(schema) {
            let at = format!("{at}/{name}");
            if !schema["additionalProperties"].is_object() {
                all.push((at.clone(), Fault::Twice));
            }
            if required.is_some_and(|names| names.contains(&json!(name))) {
                all.push((at.clone(), Fault::Missing));
            }
            self.faults(inner, &at, all);
        }
    }
}

impl Operation {
    fn new(path: &str, method: &str, operation: &Value) -> Self {
        let path = path.strip_prefix("/api/v1").unwrap();
        // A handover's id has its time in it.
        let path = match path.strip_prefix("/handovers/{id}") {
            Some(rest) => format!("/handovers/{ID}-01772445600{rest}"),
            None => path.replace("{id}", ID),
        };
        let parameters = operation["parameters"].as_array();
        let queries = parameters
            .into_iter()
            .flatten()
            .filter(|one| one["in"] == "query");
        Self {
            method: method.to_uppercase().parse().unwrap(),
            path: path.replace("{slug}", "none").replace("{n}", "1"),
            body: operation
                .pointer("/requestBody/content/application~1json/schema")
                .cloned(),
            query: queries
                .map(|one| {
                    (
                        one["name"].as_str().unwrap().to_owned(),
                        one["schema"].clone(),
                    )
                })
                .collect(),
        }
    }
}

fn kind(schema: &Value) -> &str {
    let kind = &schema["type"];
    kind.as_str()
        .or_else(|| kind[0].as_str())
        .unwrap_or_default()
}

/// The members of an object; of a map, one.
fn members_of(schema: &Value) -> Vec<(&str, &Value)> {
    let more = &schema["additionalProperties"];
    let members = schema["properties"].as_object();
    let known = members
        .into_iter()
        .flatten()
        .map(|(name, one)| (name.as_str(), one));
    known
        .chain(more.is_object().then_some(("any name", more)))
        .collect()
}

/// A value that fits.
fn sample(schema: &Value) -> Value {
    if let Some(names) = schema["enum"].as_array() {
        return names[0].clone();
    }
    match (kind(schema), schema["format"].as_str().unwrap_or_default()) {
        ("integer", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        ("boolean", _) => json!(true),
        (_, "date-time") => json!("2026-03-02T10:00:00Z"),
        (_, "local-date-time") => json!("2026-03-02T10:00:00"),
        (_, "date") => json!("2026-03-02"),
        (_, "time-of-day") => json!("10:00"),
        (_, "time-zone") => json!("Europe/Lisbon"),
        (_, "uuid") => json!(ID),
        (_, "email") => json!("ana@example.com"),
        _ => json!("text"),
    }
}

/// JSON that is of none of the types that fit.
fn of_another_type(schema: &Value) -> &'static str {
    match kind(schema) {
        "string" | "integer" => "[true]",
        "array" => "{\"0\":1}",
        "object" => "[]",
        _ => "\"true\"",
    }
}

/// Of the right type, but no value that fits.
fn bad_value(schema: &Value) -> Option<&'static str> {
    let has_names = schema["enum"].is_array();
    let has_format = schema["format"].is_string();
    match kind(schema) {
        "string" if has_names || has_format => Some("\"\\u0001 none of them\""),
        "integer" => Some("-1"),
        _ => None,
    }
}

/// Adds faults that do not hide each other.
fn choose(all: &[(String, Fault)], wanted: &[Index]) -> Faults {
    let mut chosen = Faults::new();
    for index in wanted {
        let (at, fault) = index.get(all);
        let is_below = |long: &str, short: &str| {
            let rest = long.strip_prefix(short);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !chosen
            .keys()
            .any(|one| is_below(one, at) || is_below(at, one))
        {
            chosen.insert(at.clone(), fault.clone());
        }
    }
    chosen
}

#[test]
fn a_body_broken_in_many_places_has_all_of_them_named() {
    let world = World::new();
    let with_body: Vec<_> = world
        .operations
        .iter()
        .filter_map(|one| {
            let schema = one.body.as_ref()?;
            let mut all = Vec::new();
            world.faults(schema, "", &mut all);
            Some((one, schema, all))
        })
        .collect();
    assert!(with_body.len() > 35);
    let places = (0..with_body.len()).collect::<Vec<_>>();
    let mut runner = TestRunner::new(Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (select(places), prop::collection::vec(any::<Index>(), 1..8));
    let found = runner.run(&cases, |(place, wanted)| {
        let (operation, schema, all) = &with_body[place];
        let faults = choose(all, &wanted);
        // Types may take these: alone they are for the services to name, which have tests of their own.
        let is_lead_time = |at: &str| {
            let list = at.rsplit_once('/').map_or("", |(list, _)| list);
            !at.contains("checklists")
                && (list.ends_with("/incoming") || list.ends_with("/outgoing"))
        };
        let is_read = |(at, fault): (&String, &Fault)| {
            matches!(fault, Fault::Value(_) | Fault::Missing) || is_lead_time(at)
        };
        if faults.iter().all(is_read) {
            return Ok(());
        }
        let body = world.body(schema, "", &faults);
        let mut named = world.ask(operation, "", Some(body.clone()));
        named.sort();
        let expected: Vec<String> = faults.keys().cloned().collect();
        prop_assert_eq!(
            named,
            expected,
            "{} {} {}",
            operation.method,
            operation.path,
            body
        );
        Ok(())
    });
    found.unwrap();
}

#[test]
fn a_query_broken_in_many_places_has_all_of_them_named() {
    let world = World::new();
    for operation in &world.operations {
        let mut query = vec!["b%2Fc=1".to_owned(), "unknown".to_owned()];
        let mut expected = vec!["/b/c".to_owned(), "/unknown".to_owned()];
        for (name, schema) in &operation.query {
            let is_free = schema == &json!({ "type": "string" });
            query.push(format!("{name}=%01"));
            if is_free {
                query.push(format!("{name}=x"));
            }
            expected.push(format!("/{name}"));
        }
        let query = format!("?{}", query.join("&"));
        let mut named = world.ask(operation, &query, None);
        named.sort();
        expected.sort();
        assert_eq!(
            named, expected,
            "{} {}{query}",
            operation.method, operation.path
        );
    }
}
