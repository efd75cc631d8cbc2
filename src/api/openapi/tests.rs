//! The document, as generators of clients need it. Validators of others read it in `tests/it/openapi.rs`.

use std::collections::HashSet;

use serde_json::Value;

use super::{METHODS, describe, examples, vocabulary};
use crate::http::shape::faults_of;

/// Every operation of the document: where it is, and what it is.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |(member, name)| {
                Some((format!("{name} {path}"), item.get(*member)?.clone()))
            })
        })
        .collect()
}

/// The answer itself, where it is only referred to.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => value,
    }
}

fn has_words(value: &Value) -> bool {
    value["description"]
        .as_str()
        .is_some_and(|text| text.len() > 5)
}

#[test]
fn operations_have_unique_ids_that_are_good_names_of_methods() {
    let mut seen = HashSet::new();
    for (at, operation) in operations(&describe()) {
        let id = operation["operationId"].as_str().expect(&at).to_owned();
        assert!(id.chars().all(|c| c.is_ascii_alphabetic()), "{at}: {id}");
        assert!(
            id.chars().any(char::is_uppercase),
            "{at}: {id} has no object"
        );
        assert!(id.starts_with(char::is_lowercase), "{at}: {id}");
        assert!(seen.insert(id.to_lowercase()), "{at}: {id} is there twice");
    }
    assert!(seen.len() > 80);
}

#[test]
fn everything_is_described() {
    let document = describe();
    let tags: HashSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for (at, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{at} has no summary");
        for tag in operation["tags"].as_array().expect(&at) {
            assert!(tags.contains(tag.as_str().unwrap()), "{at}: {tag}");
        }
        for one in operation["parameters"].as_array().into_iter().flatten() {
            assert!(has_words(one), "{at}: {one}");
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let answer = resolve(&document, answer);
            assert!(has_words(answer), "{at}: {status}");
            for (name, header) in answer["headers"].as_object().into_iter().flatten() {
                assert!(has_words(header), "{at}: {status}: {name}");
            }
        }
    }
    for (name, one) in document["components"]["schemas"].as_object().unwrap() {
        assert!(has_words(one) || name.starts_with("Page_"), "{name}");
    }
}

#[test]
fn every_error_is_a_problem() {
    let document = describe();
    for (at, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        for status in ["401", "403", "503", "default"] {
            assert!(answers.contains_key(status), "{at}: {status}");
        }
        for (status, answer) in answers {
            if !status.starts_with('2') {
                let content = &resolve(&document, answer)["content"];
                assert_eq!(
                    content["application/problem+json"]["schema"]["$ref"],
                    "#/components/schemas/Problem",
                    "{at}: {status}"
                );
            }
        }
        if !operation["requestBody"].is_null() {
            for status in ["400", "413", "415", "422"] {
                assert!(answers.contains_key(status), "{at}: {status}");
            }
        }
    }
}

#[test]
fn the_main_calls_have_examples_that_fit() {
    let document = describe();
    let examples = examples::all();
    let mut shown = 0;
    for (at, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let Some(example) = examples.get(id) else {
            continue;
        };
        shown += 1;
        let status = example["status"].as_str().unwrap();
        let answer = operation
            .pointer(&format!("/responses/{status}/content/application~1json"))
            .expect(&at);
        let request = operation.pointer("/requestBody/content/application~1json");
        assert_eq!(request.is_some(), example.get("request").is_some(), "{at}");
        for media in request.into_iter().chain([answer]) {
            let text = media["example"].to_string();
            let faults = faults_of(&document, &media["schema"], text.as_bytes());
            assert!(faults.is_empty(), "{at}: {faults:?}");
            for part in text.split('"').filter(|part| part.contains('@')) {
                assert!(part.ends_with("@example.com"), "{at}: {part}");
            }
        }
    }
    assert_eq!(shown, examples.len());
}

#[test]
fn parameters_of_queries_say_what_they_take() {
    let document = describe();
    let (mut numbers, mut instants, mut names) = (0, 0, 0);
    for (at, operation) in operations(&document) {
        for one in operation["parameters"].as_array().into_iter().flatten() {
            if one["in"] != "query" {
                continue;
            }
            let schema = &one["schema"];
            assert!(schema["type"].is_string(), "{at}: {one} may be null");
            match one["name"].as_str().unwrap() {
                "limit" => {
                    let range = ["minimum", "maximum", "default"].map(|member| &schema[member]);
                    assert_eq!(range, [1, 200, 50], "{at}");
                    numbers += 1;
                }
                "at" | "from" | "until" => {
                    assert_eq!(schema["format"], "date-time", "{at}");
                    instants += 1;
                }
                "state" | "layer" | "format" => {
                    assert!(schema["enum"].is_array(), "{at}: {one}");
                    names += 1;
                }
                _ => {}
            }
        }
    }
    assert!(numbers > 10 && instants > 10 && names > 4);
}

/// The sets that are not read from enums of the domain.
#[test]
fn closed_sets_are_those_of_the_code() {
    use crate::domain::incidents::Stage;
    for name in vocabulary::OUTBOX {
        assert!(crate::service::outbox::state_of(name).is_some(), "{name}");
    }
    let stages = super::variants::of::<Stage>();
    assert_eq!(stages.split_last().unwrap().1, vocabulary::OPEN_STAGES);
}

#[test]
fn what_comes_in_pages_can_be_asked_for_by_page() {
    let mut lists = 0;
    for (at, operation) in operations(&describe()) {
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let schema = answer["$ref"].as_str().unwrap_or_default();
        if schema.contains("/Page_") {
            lists += 1;
            let parameters = operation["parameters"].as_array().expect(&at);
            for name in ["limit", "cursor"] {
                assert!(
                    parameters.iter().any(|one| one["name"] == name),
                    "{at}: {name}"
                );
            }
        }
    }
    assert!(lists > 15);
}
