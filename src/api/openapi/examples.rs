//! Examples of the calls that most programs make, from `examples.json`: by the operation's id, what is sent, and what is
//! answered with which status.

use serde_json::{Map, Value, json};

use super::METHODS;

const EXAMPLES: &str = include_str!("examples.json");

/// The examples, by the ids of operations.
pub(super) fn all() -> Map<String, Value> {
    serde_json::from_str(EXAMPLES).unwrap_or_default()
}

/// Gives the operations their examples.
pub(super) fn complete(document: &mut Value) {
    let examples = all();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (_, item) in paths.into_iter().flatten() {
        for (method, _) in METHODS {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            let id = operation.get("operationId").and_then(Value::as_str);
            if let Some(example) = id.and_then(|id| examples.get(id)) {
                show(operation, example);
            }
        }
    }
    let invalid = document.pointer_mut("/components/responses/Invalid/content");
    let media = invalid.and_then(|content| content.get_mut("application/problem+json"));
    put(media, &refused());
}

fn show(operation: &mut Value, example: &Value) {
    if let Some(request) = example.get("request") {
        put(
            operation.pointer_mut("/requestBody/content/application~1json"),
            request,
        );
    }
    if let Some(answer) = example.get("answer") {
        let status = example
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let place = format!("/responses/{status}/content/application~1json");
        put(operation.pointer_mut(&place), answer);
    }
}

fn put(media: Option<&mut Value>, example: &Value) {
    if let Some(media) = media.and_then(Value::as_object_mut) {
        media.insert("example".to_owned(), example.clone());
    }
}

/// A refused request.
fn refused() -> Value {
    json!({
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "some values cannot be accepted",
        "errors": [
            { "pointer": "/email", "detail": "is not an e-mail address" },
            { "pointer": "/nmae", "detail": "there is no such member: there are email, name, time_zone" },
        ],
    })
}
