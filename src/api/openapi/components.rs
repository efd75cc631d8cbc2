//! Every object has one description with a name: generated clients name their types by it.

use std::collections::HashMap;

use serde_json::Value;

use super::schema;

/// Refers to what the library writes out again, and names the variants of unions.
pub(super) fn complete(document: &mut Value) {
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let known: HashMap<String, Vec<(String, Value)>> =
        schemas
            .iter()
            .fold(HashMap::new(), |mut known, (name, one)| {
                if let Some(description) = description(one) {
                    let alike = known.entry(description.to_owned()).or_default();
                    alike.push((name.clone(), one.clone()));
                }
                known
            });
    for one in schemas.values_mut() {
        refer(one, &known);
    }
    let variants: Vec<(String, Value)> = schemas
        .iter_mut()
        .flat_map(|(name, one)| name_variants(name, one))
        .collect();
    schemas.extend(variants);
}

fn description(schema: &Value) -> Option<&str> {
    let is_object = schema.get("properties").is_some() || schema.get("allOf").is_some();
    let description = schema.get("description").and_then(Value::as_str);
    description.filter(|_| is_object)
}

/// Refers to every known schema that is written out below this one.
fn refer(schema: &mut Value, known: &HashMap<String, Vec<(String, Value)>>) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| refer_to(item, known)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(_, member)| refer_to(member, known)),
        _ => {}
    }
}

fn refer_to(value: &mut Value, known: &HashMap<String, Vec<(String, Value)>>) {
    let alike = description(value).and_then(|description| known.get(description));
    let same = alike.into_iter().flatten().find(|(_, one)| one == value);
    match same {
        Some((name, _)) => *value = schema(name),
        None => refer(value, known),
    }
}

/// Variants that are told apart by their `kind` become schemas of their own.
fn name_variants(name: &str, schema_of_union: &mut Value) -> Vec<(String, Value)> {
    let union = schema_of_union
        .get_mut("oneOf")
        .and_then(Value::as_array_mut);
    let mut named = Vec::new();
    for variant in union.into_iter().flatten() {
        if let Some(kind) = kind(variant) {
            let name = format!("{name}_{kind}");
            let reference = schema(&name);
            named.push((name, std::mem::replace(variant, reference)));
        }
    }
    named
}

fn kind(variant: &Value) -> Option<String> {
    let own = variant.pointer("/properties/kind/enum/0");
    let parts = variant.get("allOf").and_then(Value::as_array);
    let of_part = |part: &Value| part.pointer("/properties/kind/enum/0").cloned();
    own.cloned()
        .or_else(|| parts?.iter().find_map(of_part))
        .and_then(|kind| kind.as_str().map(str::to_owned))
}
