//! What a request may hold, by the API's own document: names everything that is wrong with a body or a query at once,
//! where the reading of types stops at the first.
//!
//! It is asked only about requests that are refused in any case, and about queries, which are short: so nothing that
//! is good depends on it.

mod check;
mod values;

use std::collections::HashSet;

use serde::de::DeserializeSeed as _;
use serde_json::Value;

pub use self::check::MOST_FAULTS;
use self::check::{Check, Found};
use crate::domain::time::interval::Timestamp;
use crate::service::{FieldError, ValidationErrors};

/// An operation of the document.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    document: &'a Value,
    operation: &'a Value,
}

impl<'a> Shape<'a> {
    /// The operation in this document.
    #[must_use]
    pub const fn new(document: &'a Value, operation: &'a Value) -> Self {
        Self {
            document,
            operation,
        }
    }

    /// Whether there is something to ask for.
    #[must_use]
    pub fn takes_query(&self) -> bool {
        self.query().next().is_some()
    }

    /// Everything that is wrong with a query, whose instants are checked against `now`.
    #[must_use]
    pub fn check_query(&self, query: &str, now: Timestamp) -> Vec<FieldError> {
        let mut errors = ValidationErrors::new();
        let mut seen = HashSet::new();
        for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
            let parameter = self.query().find(|one| name_of(one) == Some(name.as_ref()));
            let known = || self.query().filter_map(name_of);
            let checked = match parameter {
                None => Err(check::unknown("parameter", known())),
                Some(_) if seen.contains(&name) => Err("is given twice".to_owned()),
                Some(one) => values::check_text_of_query(one, &text, now),
            };
            errors.check(format!("/{name}"), checked);
            seen.insert(name);
        }
        let required = self.query().filter(|one| is_required(one));
        for name in required.filter_map(name_of) {
            errors.required(format!("/{name}"), seen.get(name));
        }
        errors.into_list()
    }

    /// Everything that is wrong with a body that is JSON.
    #[must_use]
    pub fn check_body(&self, bytes: &[u8]) -> Vec<FieldError> {
        let schema = self
            .operation
            .pointer("/requestBody/content/application~1json/schema");
        schema.map_or_else(Vec::new, |schema| faults_of(self.document, schema, bytes))
    }

    fn query(self) -> impl Iterator<Item = &'a Value> {
        let all = self.operation.get("parameters").and_then(Value::as_array);
        all.into_iter()
            .flatten()
            .filter(|one| one.get("in").and_then(Value::as_str) == Some("query"))
    }
}

/// Everything in JSON that does not fit a schema of the document.
#[must_use]
pub fn faults_of(document: &Value, schema: &Value, bytes: &[u8]) -> Vec<FieldError> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // What stops the reading is that there are too many faults, or that a value is nested too deeply.
    let _ = Check::new(document, schema, &mut found).deserialize(&mut reader);
    found.into_list()
}

fn name_of(parameter: &Value) -> Option<&str> {
    parameter.get("name").and_then(Value::as_str)
}

fn is_required(parameter: &Value) -> bool {
    parameter.get("required").and_then(Value::as_bool) == Some(true)
}
