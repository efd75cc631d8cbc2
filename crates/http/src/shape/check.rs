//! Reads JSON as a stream beside its schema. What does not fit is noted, and the reading goes on.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::values;
use crate::service::FieldError;

/// An answer names so many faults at most.
pub const MOST_FAULTS: usize = 1_000;

/// What was found, and where the reading is.
#[derive(Debug, Default)]
pub(super) struct Found {
    faults: Vec<FieldError>,
    pointer: String,
    /// How long the pointer was before each step into a value.
    steps: Vec<usize>,
}

impl Found {
    /// Goes into a member, or an element.
    pub(super) fn enter(&mut self, name: &str) {
        self.steps.push(self.pointer.len());
        self.pointer.push('/');
        self.pointer
            .push_str(&name.replace('~', "~0").replace('/', "~1"));
    }

    /// Leaves it again.
    pub(super) fn leave(&mut self) {
        self.pointer.truncate(self.steps.pop().unwrap_or_default());
    }

    pub(super) fn add(&mut self, detail: impl Into<String>) {
        if !self.is_full() {
            self.faults.push(FieldError {
                pointer: self.pointer.clone(),
                detail: detail.into(),
            });
        }
    }

    /// Notes a member that is there a second time: at the member, but of a map, whose names are anybody's, at the map.
    fn add_twice(&mut self, schema: &Value, name: &str) {
        if schema
            .get("additionalProperties")
            .is_some_and(Value::is_object)
        {
            return self.add(format!("`{name}` is given twice"));
        }
        self.enter(name);
        self.add("is given twice");
        self.leave();
    }

    pub(super) fn check(&mut self, result: Result<(), String>) {
        if let Err(detail) = result {
            self.add(detail);
        }
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    pub(super) fn into_list(self) -> Vec<FieldError> {
        self.faults
    }
}

/// What to say of a name that is not known.
pub(super) fn unknown<'a>(what: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        return format!("there is no such {what}: there are none here");
    }
    format!("there is no such {what}: there are {}", known.join(", "))
}

/// Checks one value.
pub(super) struct Check<'a, 'f> {
    document: &'a Value,
    /// What it may be: one of these.
    may_be: Vec<&'a Value>,
    found: &'f mut Found,
}

impl<'a, 'f> Check<'a, 'f> {
    pub(super) fn new(document: &'a Value, schema: &'a Value, found: &'f mut Found) -> Self {
        let mut may_be = Vec::new();
        alternatives(document, schema, &mut may_be);
        Self {
            document,
            may_be,
            found,
        }
    }

    /// The first alternative of this type; where there is none, that is noted.
    fn of_type(&mut self, kind: &str) -> Option<&'a Value> {
        let fitting = self.may_be.iter().find(|schema| is(schema, kind)).copied();
        if fitting.is_none() {
            let expected: Vec<&str> = self.may_be.iter().flat_map(|one| types(one)).collect();
            self.found.add(wrong_type(&expected, kind));
        }
        fitting
    }

    fn scalar(mut self, kind: &str, check: impl Fn(&Value) -> Result<(), String>) {
        if let Some(schema) = self.of_type(kind) {
            self.found.check(check(schema));
        }
    }

    fn integer(mut self, number: i128) {
        // A number is what an integer is, too.
        let kind = if self.may_be.iter().any(|one| is(one, "number")) {
            "number"
        } else {
            "integer"
        };
        if let Some(schema) = self.of_type(kind) {
            self.found.check(values::check_integer(schema, number));
        }
    }
}

/// References followed, unions taken apart.
fn alternatives<'a>(document: &'a Value, schema: &'a Value, all: &mut Vec<&'a Value>) {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    if let Some(target) = target {
        return alternatives(document, target, all);
    }
    let union = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    match union.and_then(Value::as_array) {
        Some(parts) => parts
            .iter()
            .for_each(|part| alternatives(document, part, all)),
        None => all.push(schema),
    }
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let (one, several) = match schema.get("type") {
        Some(Value::Array(several)) => (None, several.as_slice()),
        one => (one.and_then(Value::as_str), [].as_slice()),
    };
    one.into_iter()
        .chain(several.iter().filter_map(Value::as_str))
}

/// Whether a value of this type fits; a schema without a type takes any.
fn is(schema: &Value, kind: &str) -> bool {
    types(schema).any(|one| one == kind) || schema.get("type").is_none()
}

fn wrong_type(expected: &[&str], found: &str) -> String {
    let words: Vec<&str> = expected.iter().copied().map(with_article).collect();
    let expected = values::either(&words);
    format!("must be {expected}, not {}", with_article(found))
}

fn with_article(kind: &str) -> &str {
    match kind {
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

impl<'de> DeserializeSeed<'de> for Check<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fewer faults")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar("null", |_| Ok(()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar("boolean", |_| Ok(()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.integer(number.into());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.integer(number.into());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar("number", |_| Ok(()));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.scalar("string", |schema| values::check_text(schema, text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let schema = self.of_type("array").and_then(|array| array.get("items"));
        let Some(schema) = schema else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        for index in 0_usize.. {
            self.found.enter(&index.to_string());
            let next = items.next_element_seed(Check::new(self.document, schema, self.found))?;
            self.found.leave();
            if next.is_none() {
                break;
            }
            if self.found.is_full() {
                return Err(A::Error::custom("too many faults"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let Some(schema) = self.of_type("object") else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.found.is_full() {
                return Err(A::Error::custom("too many faults"));
            }
            if seen.contains(&name) {
                self.found.add_twice(schema, &name);
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            self.found.enter(&name);
            if let Some(inner) = member(schema, &name) {
                map.next_value_seed(Check::new(self.document, inner, self.found))?;
            } else {
                self.found.add(unknown("member", members(schema)));
                map.next_value::<IgnoredAny>()?;
            }
            self.found.leave();
            seen.insert(name);
        }
        for name in required(schema).filter(|name| !seen.contains(*name)) {
            self.found.enter(name);
            self.found.add("is missing");
            self.found.leave();
        }
        Ok(())
    }
}

/// The schema of a member; nothing where an object has no such member.
fn member<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let known = schema.get("properties").and_then(|all| all.get(name));
    known.or_else(|| match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => None,
        Some(more) => Some(more),
        None => Some(&Value::Null),
    })
}

fn members(schema: &Value) -> impl Iterator<Item = &str> {
    let all = schema.get("properties").and_then(Value::as_object);
    all.into_iter().flatten().map(|(name, _)| name.as_str())
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let all = schema.get("required").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str)
}
