//! What a program sends becomes an incident to declare, as it is configured for that program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ValidationErrors;
use crate::domain::incidents::WatchSettings;

/// So many conditions, or severities, at most.
const MOST: usize = 50;

/// The longest pointer, or value to be compared, in characters.
const LONGEST: usize = 200;

/// Where in the JSON that a program sends there is what (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The reference; `/reference` by default.
    pub reference: String,
    /// The title; `/title` by default.
    pub title: String,
    /// The severity; `/severity` by default.
    pub severity: Option<String>,
    /// What the program calls severities, and what the rotation calls them.
    pub severities: BTreeMap<String, String>,
    /// The lead: an e-mail address, or any of a person's external ids; `/lead` by default.
    pub lead: Option<String>,
    /// The chat channel; `/channel_url` by default.
    pub channel_url: Option<String>,
    /// The thread in the support channel; `/thread_url` by default.
    pub thread_url: Option<String>,
    /// What customers see; `/status_page_url` by default.
    pub status_page_url: Option<String>,
    /// The rotation whose person tells customers.
    pub communications_rotation_id: Option<String>,
    /// What has to be so for an incident to be declared; anything else that the program sends is let be.
    pub only: Vec<Condition>,
}

/// Something that has to be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where.
    pub at: String,
    /// What is there: one of these.
    pub is: Vec<String>,
}

impl Default for Mapping {
    fn default() -> Self {
        let at = |pointer: &str| Some(pointer.to_owned());
        Self {
            reference: "/reference".to_owned(),
            title: "/title".to_owned(),
            severity: at("/severity"),
            severities: BTreeMap::new(),
            lead: at("/lead"),
            channel_url: at("/channel_url"),
            thread_url: at("/thread_url"),
            status_page_url: at("/status_page_url"),
            communications_rotation_id: None,
            only: Vec::new(),
        }
    }
}

impl Mapping {
    /// Whether the program means an incident by this.
    pub(super) fn is_meant(&self, body: &Value) -> bool {
        self.only.iter().all(|condition| {
            text(body, &condition.at).is_some_and(|found| condition.is.contains(&found))
        })
    }

    /// The severity that is meant by what the program calls it.
    pub(super) fn severity_of(&self, body: &Value) -> Option<String> {
        let name = text(body, self.severity.as_deref()?)?;
        let meant = self
            .severities
            .iter()
            .find(|(theirs, _)| theirs.eq_ignore_ascii_case(&name));
        Some(meant.map_or(name, |(_, ours)| ours.clone()))
    }

    /// Notes what is wrong with it; `communications_rotation_id` aside.
    pub(super) fn check(&self, errors: &mut ValidationErrors, settings: &WatchSettings) {
        for (name, pointer) in [
            ("reference", Some(&self.reference)),
            ("title", Some(&self.title)),
            ("severity", self.severity.as_ref()),
            ("lead", self.lead.as_ref()),
            ("channel_url", self.channel_url.as_ref()),
            ("thread_url", self.thread_url.as_ref()),
            ("status_page_url", self.status_page_url.as_ref()),
        ] {
            if let Some(pointer) = pointer {
                check_pointer(errors, &format!("/mapping/{name}"), pointer);
            }
        }
        if !self.severities.keys().all(|theirs| fits(theirs)) {
            errors.add(
                "/mapping/severities",
                format!("must have names of at most {LONGEST} characters, none of them invisible"),
            );
        }
        for ours in self.severities.values() {
            if settings.severity(ours).is_none() {
                errors.add(
                    "/mapping/severities",
                    format!("there is no severity {ours:?}"),
                );
            }
        }
        if self.severities.len() > MOST || self.only.len() > MOST {
            errors.add("/mapping", format!("must have at most {MOST} of each"));
        }
        for (index, condition) in self.only.iter().enumerate() {
            let at = format!("/mapping/only/{index}");
            check_pointer(errors, &format!("{at}/at"), &condition.at);
            let count = condition.is.len();
            if count == 0 || count > MOST || !condition.is.iter().all(|text| fits(text)) {
                errors.add(
                    format!("{at}/is"),
                    format!("must have 1 to {MOST} texts of at most {LONGEST} characters, none of them invisible"),
                );
            }
        }
    }
}

/// Whether it is short, and nothing in it is invisible.
fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST && !text.chars().any(char::is_control)
}

fn check_pointer(errors: &mut ValidationErrors, at: &str, pointer: &str) {
    let escapes_fit = || {
        let mut parts = pointer.split('~').skip(1);
        parts.all(|part| part.starts_with(['0', '1']))
    };
    if !pointer.starts_with('/') || !fits(pointer) || !escapes_fit() {
        errors.add(at, "must be a JSON pointer, such as /incident/reference");
    }
}

/// What stands at a pointer, where that is a text or a number and not blank.
pub(super) fn text(body: &Value, pointer: &str) -> Option<String> {
    let text = match body.pointer(pointer)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_program_sends_is_found_where_the_mapping_says() {
        let mapping = Mapping {
            severity: Some("/data/severity/name".to_owned()),
            severities: [("critical".to_owned(), "SEV1".to_owned())].into(),
            only: vec![Condition {
                at: "/event".to_owned(),
                is: vec!["created".to_owned(), "7".to_owned()],
            }],
            ..Mapping::default()
        };
        let body = json!({ "event": 7, "a/b": { "~": " x " }, "data": { "severity": { "name": "Critical" } } });
        assert!(mapping.is_meant(&body));
        assert!(!mapping.is_meant(&json!({ "event": "updated" })));
        assert!(!mapping.is_meant(&json!([])));
        assert_eq!(mapping.severity_of(&body).as_deref(), Some("SEV1"));
        assert_eq!(text(&body, "/a~1b/~0").as_deref(), Some("x"));
        assert_eq!(text(&body, "/data"), None);
        let other = json!({ "data": { "severity": { "name": "odd" } } });
        assert_eq!(mapping.severity_of(&other).as_deref(), Some("odd"));
    }

    #[test]
    fn pointers_are_checked() {
        for (pointer, good) in [
            ("/a", true),
            ("/a~0/b~1", true),
            ("/", true),
            ("a", false),
            ("", false),
            ("/a~2", false),
            ("/a~", false),
        ] {
            let mut errors = ValidationErrors::new();
            check_pointer(&mut errors, "/x", pointer);
            assert_eq!(errors.is_empty(), good, "{pointer}");
        }
    }
}
