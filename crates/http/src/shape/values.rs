//! Whether a text or a number fits its schema.

use serde_json::Value;

use crate::domain::ids::PersonId;
use crate::domain::time::hours::TimeOfDay;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::paging;
use crate::service::{ValidationErrors, input, values};

/// Checks a text of a body.
pub(super) fn check_text(schema: &Value, text: &str) -> Result<(), String> {
    let format = schema.get("format").and_then(Value::as_str);
    check_names(schema, text)?;
    match format.unwrap_or_default() {
        "date-time" => said(input::instant(text)),
        "local-date-time" => said(input::local(text)),
        "date" => said(input::date(text)),
        "time-of-day" => said(TimeOfDay::try_from(text.to_owned())),
        "time-zone" => said(Zone::parse(text)),
        "uuid" => said(text.parse::<PersonId>()),
        "email" => noted(|errors| values::email(errors, "", text).is_some()),
        "line" => noted(|errors| values::line(errors, "", text, longest(schema)).is_some()),
        "text" => noted(|errors| values::text(errors, "", Some(text)).is_some()),
        _ => Ok(()),
    }
}

/// Checks a text of a query, which also stands for numbers and booleans.
pub(super) fn check_text_of_query(
    parameter: &Value,
    text: &str,
    now: Timestamp,
) -> Result<(), String> {
    let schema = parameter.get("schema").unwrap_or(&Value::Null);
    let string = |member: &str| schema.get(member).and_then(Value::as_str);
    match (string("type"), string("format")) {
        (Some("integer"), _) => match text.parse::<i64>() {
            Ok(number) => check_integer(schema, number.into()),
            Err(_) => Err(out_of_range(schema)),
        },
        (Some("boolean"), _) if text == "true" || text == "false" => Ok(()),
        (Some("boolean"), _) => Err("must be true or false".to_owned()),
        (_, Some("date-time")) => said(input::asked(text, now)),
        (_, Some("cursor")) => said(paging::read_cursor(text)),
        _ => check_text(schema, text),
    }
}

/// Checks a number against its bounds.
pub(super) fn check_integer(schema: &Value, number: i128) -> Result<(), String> {
    let (least, most) = bounds(schema);
    if least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most) {
        Ok(())
    } else {
        Err(out_of_range(schema))
    }
}

/// The bounds of a number; `int32` stands for numbers with a sign and, from 0 on, for those without.
fn bounds(schema: &Value) -> (Option<i128>, Option<i128>) {
    let bound = |member: &str| schema.get(member)?.as_i64().map(i128::from);
    let (least, most) = (bound("minimum"), bound("maximum"));
    let is_short = schema.get("format").and_then(Value::as_str) == Some("int32");
    let longest = match least {
        Some(_) => i128::from(u32::MAX),
        None => i128::from(i32::MAX),
    };
    (least, most.or_else(|| is_short.then_some(longest)))
}

fn out_of_range(schema: &Value) -> String {
    match bounds(schema) {
        (Some(least), Some(most)) => format!("must be a number from {least} to {most}"),
        (Some(least), None) => format!("must be a number from {least}"),
        (None, Some(most)) => format!("must be a number up to {most}"),
        (None, None) => "must be a number".to_owned(),
    }
}

fn check_names(schema: &Value, text: &str) -> Result<(), String> {
    let Some(all) = schema.get("enum").and_then(Value::as_array) else {
        return Ok(());
    };
    let names: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
    if names.contains(&text) {
        Ok(())
    } else {
        Err(format!("must be {}", either(&names)))
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn longest(schema: &Value) -> usize {
    let longest = schema.get("maxLength").and_then(Value::as_u64);
    longest
        .and_then(|longest| usize::try_from(longest).ok())
        .unwrap_or(usize::MAX)
}

/// What a service's check notes.
fn noted(check: impl FnOnce(&mut ValidationErrors) -> bool) -> Result<(), String> {
    let mut errors = ValidationErrors::new();
    if check(&mut errors) {
        return Ok(());
    }
    let noted = errors.into_list().pop();
    Err(noted.map_or_else(|| "is no good".to_owned(), |error| error.detail))
}

fn said<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| error.to_string())
}
