//! Formats and closed sets of values: the types of requests and answers have texts, the document says which.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{METHODS, variants};
use crate::domain::access::actor::Scope;
use crate::domain::handovers::Form;
use crate::domain::incidents::{HandoverState, How, Stage};
use crate::domain::people::person::Role;
use crate::domain::schedule::duty::Source;
use crate::domain::schedule::rotation::{FallbackWhen, Kind};
use crate::domain::schedule::timeline::GapReason;
use crate::domain::swaps;
use crate::domain::time::hours::Day;

/// What a text is.
enum Text {
    Format(&'static str),
    /// A line that is not empty, with at most so many characters.
    Line(u16),
    /// A text that may be empty, or of several lines.
    Note,
    OneOf(&'static [&'static str]),
}

/// The states of mails in the outbox.
pub(super) const OUTBOX: &[&str] = &["pending", "sent", "dead", "dropped"];

/// An incident is resolved in its own way, never by naming the stage.
pub(super) const OPEN_STAGES: &[&str] = &["investigating", "identified", "monitoring"];

/// Completes every schema and every parameter of a query.
pub(super) fn complete(document: &mut Value) {
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        complete_schema(name, schema);
    }
    lead_times(document);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, _) in METHODS {
            let all = item
                .get_mut(method)
                .and_then(|operation| operation.get_mut("parameters"));
            for one in all.and_then(Value::as_array_mut).into_iter().flatten() {
                complete_parameter(path, one);
            }
        }
    }
}

fn complete_schema(name: &str, schema: &mut Value) {
    for part in schema
        .get_mut("allOf")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        complete_schema(name, part);
    }
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (member, value) in members.into_iter().flatten() {
        // What is left out of a change stays: that is no null.
        if let Some(value) = value.as_object_mut()
            && value.get("default") == Some(&Value::Null)
        {
            value.remove("default");
        }
        if let Some(text) = text_of_member(name, member) {
            say(value, &text);
        }
        if let (Some((least, most)), Some(value)) = (bounds(name, member), value.as_object_mut()) {
            value.insert("minimum".to_owned(), json!(least));
            value.insert("maximum".to_owned(), json!(most));
        }
    }
}

fn names_of<T: DeserializeOwned>() -> Text {
    Text::OneOf(variants::of::<T>())
}

/// What a member is that is a text, or a list of texts.
fn text_of_member(schema: &str, member: &str) -> Option<Text> {
    if let Some(longest) = longest_line(schema, member) {
        return Some(Text::Line(longest));
    }
    let text = match (schema, member) {
        ("HandoffInput" | "HandoffView", "start") => Text::Format("local-date-time"),
        ("HoursInput", "start" | "end") => Text::Format("time-of-day"),
        ("HoursInput", "days" | "end_day") => names_of::<Day>(),
        ("Condition", _)
        | ("HandoverView" | "OutboxView", "id")
        | ("AuditView", "subject_id")
        | (_, "message_id") => return None,
        (_, "role") => names_of::<Role>(),
        (_, "fallback_when") => names_of::<FallbackWhen>(),
        ("NewRotation" | "RotationView", "kind") => names_of::<Kind>(),
        ("NewSwap" | "SwapView", "kind") => Text::OneOf(&["cover", "trade"]),
        ("SwapView", "state") => names_of::<swaps::State>(),
        ("NewToken" | "TokenView", "scope") => names_of::<Scope>(),
        ("IncidentChange", "stage") => Text::OneOf(OPEN_STAGES),
        ("IncidentView", "stage") => names_of::<Stage>(),
        ("IncidentHandoverView", "state") => names_of::<HandoverState>(),
        ("WatchView", "how") => names_of::<How>(),
        ("DutyView", "source") => names_of::<Source>(),
        ("ShiftView", "source") => Text::OneOf(&["rotation", "override"]),
        ("DutyGap" | "GapView", "reason") => names_of::<GapReason>(),
        ("HandoverView", "form") => names_of::<Form>(),
        ("OutboxView", "state") => Text::OneOf(OUTBOX),
        ("NewTimeOff" | "NewOverride" | "Pause", "reason") | ("NewSwap" | "NewCovers", "note") => {
            Text::Note
        }
        (_, "time_zone") => Text::Format("time-zone"),
        (_, "email") => Text::Format("email"),
        (_, "first_day" | "last_day") => Text::Format("date"),
        (_, "at" | "start" | "end" | "from" | "until" | "effective_from" | "expires_at") => {
            Text::Format("date-time")
        }
        (
            _,
            "id" | "lead" | "to" | "answered_by" | "made_by" | "opened_by" | "created_by"
            | "cancelled_by" | "declined_by" | "order" | "members" | "managers" | "offered_to"
            | "covered_by",
        ) => Text::Format("uuid"),
        (_, member) if member.ends_with("_id") => Text::Format("uuid"),
        _ => return None,
    };
    // Pointers into what another program sends.
    (schema != "Mapping" || member == "communications_rotation_id").then_some(text)
}

/// How long a line may be that must not be empty.
fn longest_line(schema: &str, member: &str) -> Option<u16> {
    match (member, schema) {
        ("name", "NewWebhook") | ("reference", "NewIncident") => Some(64),
        ("name", "NewToken" | "NewCalendar" | "CalendarChange")
        | ("title", "NewRotation" | "RotationChange") => Some(100),
        (
            "name",
            "NewPerson" | "PersonChange" | "NewTeam" | "TeamChange" | "NewRotation"
            | "RotationChange",
        )
        | ("title", "NewIncident" | "IncidentChange") => Some(200),
        _ => None,
    }
}

/// Bounds of a number.
fn bounds(schema: &str, member: &str) -> Option<(u32, u32)> {
    match (schema, member) {
        ("Options", "alarm_minutes") => Some((0, 7 * 24 * 60)),
        ("Options", "past_days" | "future_days") => Some((0, 400)),
        _ => None,
    }
}

/// Says what a text is; in a list, what each of its texts is.
fn say(schema: &mut Value, text: &Text) {
    let is = |schema: &Value, kind: &str| match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    };
    if is(schema, "array") {
        if let Some(items) = schema.get_mut("items") {
            say(items, text);
        }
        return;
    }
    if !is(schema, "string") || schema.get("format").is_some() {
        return;
    }
    let nullable = is(schema, "null");
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    match text {
        Text::Format(name) => schema.insert("format".to_owned(), json!(name)),
        Text::Line(longest) => {
            schema.insert("minLength".to_owned(), json!(1));
            schema.insert("maxLength".to_owned(), json!(longest));
            schema.insert("format".to_owned(), json!("line"))
        }
        Text::Note => {
            schema.insert("maxLength".to_owned(), json!(1000));
            schema.insert("format".to_owned(), json!("text"))
        }
        Text::OneOf(names) => {
            let mut all: Vec<Value> = names.iter().map(|name| json!(name)).collect();
            all.extend(nullable.then_some(Value::Null));
            schema.insert("enum".to_owned(), Value::Array(all))
        }
    };
}

/// A number of days, or a word.
fn lead_times(document: &mut Value) {
    let days = document.pointer_mut("/components/schemas/LeadTime/oneOf/0");
    if let Some(days) = days.and_then(Value::as_object_mut) {
        days.insert("minimum".to_owned(), json!(1));
        days.insert("maximum".to_owned(), json!(60));
    }
    if let Some(word) = document.pointer_mut("/components/schemas/LeadTime/oneOf/1") {
        say(word, &Text::OneOf(&["last_working_day", "handoff"]));
    }
}

/// A parameter of a query is never null.
fn complete_parameter(path: &str, parameter: &mut Value) {
    if parameter.get("in") != Some(&json!("query")) {
        return;
    }
    let name = parameter.get("name").and_then(Value::as_str);
    let schema = match (
        path.rsplit('/').next().unwrap_or_default(),
        name.unwrap_or_default(),
    ) {
        (_, "limit") => json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
        (_, "dry_run") => json!({ "type": "boolean", "default": false }),
        (_, "at" | "from" | "until" | "start" | "end") => {
            json!({ "type": "string", "format": "date-time" })
        }
        (_, "layer") => json!({ "type": "string", "enum": ["final", "base"], "default": "final" }),
        (_, "format") => json!({ "type": "string", "enum": ["json", "csv"] }),
        ("swaps", "state") => json!({ "type": "string", "enum": variants::of::<swaps::State>() }),
        ("swaps", "person") => json!({ "type": "string", "format": "uuid" }),
        ("outbox", "state") => json!({ "type": "string", "enum": OUTBOX }),
        ("incidents", "state") => json!({ "type": "string", "enum": ["open", "resolved"] }),
        (_, "cursor") => json!({ "type": "string", "format": "cursor" }),
        _ => json!({ "type": "string" }),
    };
    let required = path.ends_with("/suggestions") && matches!(name, Some("start" | "end"));
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("required".to_owned(), json!(required));
        parameter.insert("schema".to_owned(), schema);
    }
}
