//! What holds for many operations: their parameters, headers and errors.

use serde_json::{Map, Value, json};

use super::{METHODS, header, schema};
use crate::http::idempotency;

/// The errors that many operations answer with: name, status and description.
const ERRORS: [(&str, &str, &str); 12] = [
    ("BadRequest", "400", "The body is not JSON."),
    (
        "Unauthorized",
        "401",
        "The token is missing, unknown, expired or revoked.",
    ),
    ("Forbidden", "403", "You may not do this."),
    (
        "NotFound",
        "404",
        "There is no such thing, or it is not for you to see.",
    ),
    (
        "TooSlow",
        "408",
        "The body took more than a minute to arrive.",
    ),
    (
        "Conflict",
        "409",
        "It does not go with the present state, or the first request with this `Idempotency-Key` is still running.",
    ),
    (
        "Stale",
        "412",
        "The resource has been changed since: `If-Match` names another version.",
    ),
    ("TooLarge", "413", "The body has more than 1 MiB."),
    (
        "WrongType",
        "415",
        "The body does not say that it is JSON, or is packed otherwise than once by gzip or deflate.",
    ),
    (
        "Invalid",
        "422",
        "Some values cannot be accepted; `errors` names all of them.",
    ),
    (
        "TooMany",
        "429",
        "One person did this too often within an hour.",
    ),
    (
        "Unavailable",
        "503",
        "The database is away, or too many bodies arrive at once.",
    ),
];

/// What an operation takes, which says how it can fail.
#[expect(clippy::struct_excessive_bools, reason = "independent of each other")]
struct Takes {
    body: bool,
    query: bool,
    name: bool,
    version: bool,
    change: bool,
}

impl Takes {
    fn can_fail_with(&self, status: &str) -> bool {
        match status {
            "400" | "408" | "413" | "415" => self.body,
            "404" => self.name || self.query,
            "409" | "429" => self.change,
            "412" => self.version,
            "422" => self.body || self.query || self.change,
            _ => true,
        }
    }
}

/// Completes every operation.
pub(super) fn complete(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        describe_path_parameters(path, item);
        let versioned = METHODS
            .iter()
            .any(|(method, _)| item.get(method).is_some_and(takes_version));
        for (method, _) in METHODS {
            if let Some(operation) = item.get_mut(method) {
                complete_operation(path, method, operation, versioned);
            }
        }
    }
    let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    components.insert("responses".to_owned(), errors());
    components.insert(
        "securitySchemes".to_owned(),
        json!({ "token": {
            "type": "http", "scheme": "bearer",
            "description": "An access token: people make them on their own page, or with `POST /people/{id}/tokens`"
        } }),
    );
}

fn complete_operation(path: &str, method: &str, operation: &mut Value, versioned: bool) {
    if versioned {
        let description = "The version, for `If-Match`";
        answer_with(
            operation,
            &["200", "201"],
            header::ETAG.as_str(),
            description,
        );
    }
    if operation.pointer("/responses/201").is_some() && has_address(path) {
        let description = "Where the new resource is";
        answer_with(operation, &["201"], header::LOCATION.as_str(), description);
    }
    if method == "get" {
        let description = "Since when the answer may be behind, while the database is away";
        answer_with(operation, &["200"], "dogwatch-stale-since", description);
    }
    if method == "post" {
        may_be_repeated(operation);
    }
    let takes = Takes {
        body: let_body_be_left_out(operation),
        query: parameters(operation).any(|one| is_in(one, "query")),
        name: path.contains('{'),
        version: takes_version(operation),
        change: method != "get",
    };
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    if let Some(responses) = responses {
        for (name, status, _) in ERRORS {
            if takes.can_fail_with(status) {
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.insert(status.to_owned(), reference);
            }
        }
        responses.insert(
            "default".to_owned(),
            problem("It was not done; `detail` says why."),
        );
    }
}

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": schema("Problem") } },
    })
}

fn errors() -> Value {
    let mut all = Map::new();
    for (name, status, description) in ERRORS {
        let mut response = problem(description);
        if matches!(status, "429" | "503") {
            let wait = json!({
                "description": "For how many seconds to wait",
                "schema": { "type": "integer", "minimum": 0 },
            });
            set(&mut response, "headers", json!({ "retry-after": wait }));
        }
        if status == "401" {
            let challenge = described("How to come: `Bearer`");
            set(
                &mut response,
                "headers",
                json!({ "www-authenticate": challenge }),
            );
        }
        all.insert(name.to_owned(), response);
    }
    Value::Object(all)
}

/// What is posted here gets an address of its own, which `Location` says.
fn has_address(path: &str) -> bool {
    ["/people", "/teams", "/swaps", "/incidents"]
        .iter()
        .any(|list| path == format!("/api/v1{list}"))
        || ["}/rotations", "}/overrides", "}/time-off"]
            .iter()
            .any(|list| path.ends_with(list))
}

/// What `{id}` and the like are, by what stands before them.
fn describe_path_parameters(path: &str, item: &mut Value) {
    let segments: Vec<&str> = path.split('/').collect();
    let owners: Vec<(&str, &str)> = segments
        .windows(2)
        .filter_map(|pair| match pair {
            [owner, name] => Some((name.strip_prefix('{')?.strip_suffix('}')?, *owner)),
            _ => None,
        })
        .collect();
    for (method, _) in METHODS {
        let all = item
            .get_mut(method)
            .and_then(|operation| operation.get_mut("parameters"));
        for one in all.and_then(Value::as_array_mut).into_iter().flatten() {
            let owner = owners
                .iter()
                .find(|(name, _)| one.get("name") == Some(&json!(name)))
                .filter(|_| is_in(one, "path"));
            if let Some((name, owner)) = owner {
                let (description, schema) = path_parameter(name, owner);
                set(one, "description", json!(description));
                set(one, "schema", schema);
            }
        }
    }
}

fn path_parameter(name: &str, owner: &str) -> (String, Value) {
    let singular = match owner {
        "people" => "person",
        "time-off" => "time off",
        "incident-webhooks" => "webhook",
        "outbox" => "mail",
        other => other.strip_suffix('s').unwrap_or(other),
    };
    let number = json!({ "type": "integer", "format": "int32", "minimum": 0 });
    match (name, owner) {
        ("n", "handovers") => (
            "Which of the incident's handovers: its `n`".to_owned(),
            number,
        ),
        ("n", "items") => ("Which of the incident's items: its `n`".to_owned(), number),
        ("n", _) => (format!("The number of the {singular}"), number),
        ("slug", _) => (
            format!("The slug of the {singular}"),
            json!({ "type": "string" }),
        ),
        (_, "handovers" | "outbox") => (
            format!("The id of the {singular}"),
            json!({ "type": "string" }),
        ),
        _ => (
            format!("The id of the {singular}"),
            json!({ "type": "string", "format": "uuid" }),
        ),
    }
}

/// Whether the operation takes a body. One that may be left out is an object where it is there, and never null.
fn let_body_be_left_out(operation: &mut Value) -> bool {
    let Some(body) = operation.get_mut("requestBody") else {
        return false;
    };
    let media = body.pointer_mut("/content/application~1json");
    let inner = media
        .as_ref()
        .and_then(|media| media.pointer("/schema/oneOf/0"))
        .cloned();
    if let Some((media, inner)) = media.zip(inner) {
        set(media, "schema", inner);
        set(body, "required", json!(false));
    }
    true
}

/// What is posted may be sent twice, and counts once.
fn may_be_repeated(operation: &mut Value) {
    let key = json!({
        "name": "idempotency-key",
        "in": "header",
        "required": false,
        "description": "The same request with the same key is answered as it was the first time, for 24 hours, \
            without secrets; with another body it is 422, and 409 while the first is running",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        "example": "2f1c9f0e-override-monday",
    });
    if let Some(operation) = operation.as_object_mut() {
        let parameters = operation.entry("parameters").or_insert(json!([]));
        parameters
            .as_array_mut()
            .into_iter()
            .for_each(|all| all.push(key.clone()));
    }
    let description = "`true` where this is the answer of an earlier request with the same key";
    let replayed = idempotency::REPLAYED.as_str();
    answer_with(operation, &["200", "201"], replayed, description);
}

/// Answers of these statuses have this header.
fn answer_with(operation: &mut Value, statuses: &[&str], name: &str, description: &str) {
    for status in statuses {
        let response = operation
            .get_mut("responses")
            .and_then(|responses| responses.get_mut(status))
            .and_then(Value::as_object_mut);
        if let Some(response) = response {
            let headers = response.entry("headers").or_insert(json!({}));
            set(headers, name, described(description));
        }
    }
}

fn described(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

fn takes_version(operation: &Value) -> bool {
    parameters(operation).any(|one| {
        let name = one.get("name").and_then(Value::as_str);
        let is_version = name.is_some_and(|name| header::IF_MATCH.as_str() == name);
        is_version && is_in(one, "header")
    })
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    let all = operation.get("parameters").and_then(Value::as_array);
    all.into_iter().flatten()
}

fn is_in(parameter: &Value, place: &str) -> bool {
    parameter.get("in").and_then(Value::as_str) == Some(place)
}

fn set(value: &mut Value, member: &str, new: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(member.to_owned(), new);
    }
}
