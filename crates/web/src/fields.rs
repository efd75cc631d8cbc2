//! Form fields as they are shown: with what was typed, and what is wrong with it beside them.
//!
//! A field is called as its JSON pointer is, with dots for slashes: `working_hours.0.start`.

use std::fmt::Display;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::time::zone;
use crate::service::FieldError;

/// What a form holds, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    values: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

/// A label and a box.
#[derive(Template)]
#[template(path = "pages/parts/input.html")]
pub struct Input {
    name: String,
    label: String,
    value: String,
    hint: &'static str,
    error: Option<String>,
    kind: &'static str,
    autocomplete: &'static str,
    list: Option<&'static str>,
    is_required: bool,
    rows: usize,
}

/// A label and a choice.
#[derive(Template)]
#[template(path = "pages/parts/select.html")]
pub struct Select {
    name: String,
    label: String,
    hint: &'static str,
    error: Option<String>,
    choices: Vec<Choice>,
}

/// Boxes to tick, or one of several to choose.
#[derive(Template)]
#[template(path = "pages/parts/checks.html")]
pub struct Checks {
    name: String,
    label: String,
    hint: &'static str,
    error: Option<String>,
    kind: &'static str,
    choices: Vec<Choice>,
}

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// Everything that is wrong with a form, at its top.
#[derive(Template)]
#[template(path = "pages/parts/faults.html")]
pub struct FieldErrors<'a> {
    /// Names of fields, and what is wrong with them.
    errors: Vec<(String, &'a str)>,
}

/// Every time zone, for fields that name one.
#[derive(Template)]
#[template(path = "pages/parts/zones.html")]
pub struct Zones {
    names: Vec<String>,
}

impl HtmlSafe for Input {}
impl HtmlSafe for Select {}
impl HtmlSafe for Checks {}
impl HtmlSafe for FieldErrors<'_> {}
impl HtmlSafe for Zones {}

impl Zones {
    /// All of them.
    pub fn all() -> Self {
        Self {
            names: zone::names(),
        }
    }
}

/// The name of the field that a pointer points at.
fn named(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// A field's name as people read it: `working_hours.0.start` is “Working hours 1, start”.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for piece in name.split('.').filter(|piece| !piece.is_empty()) {
        let index = piece.parse::<usize>();
        let part = match index {
            Ok(index) => index.saturating_add(1).to_string(),
            Err(_) => piece.replace('_', " "),
        };
        if !words.is_empty() {
            words.push_str(if index.is_ok() { " " } else { ", " });
        }
        words.push_str(&part);
    }
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

impl Fields {
    /// A form with these values.
    pub const fn new(values: Vec<(String, String)>) -> Self {
        Self {
            values,
            errors: Vec::new(),
        }
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same with what is wrong.
    #[must_use]
    pub fn with_faults(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// A field's value.
    pub fn value(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// Whether one of the field's values is this.
    pub fn holds(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(k, v)| k == name && v == value)
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Names and values.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.values.clone()
    }

    /// Whether anything is wrong.
    pub fn is_bad(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What is wrong with a field, or with a part of it.
    pub fn error(&self, name: &str) -> Option<String> {
        let found: Vec<&str> = self
            .errors
            .iter()
            .filter(|fault| {
                let at = named(&fault.pointer);
                at.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .map(|fault| fault.detail.as_str())
            .collect();
        (!found.is_empty()).then(|| found.join("; "))
    }

    /// Everything that is wrong, for the top of the form.
    pub fn errors(&self) -> FieldErrors<'_> {
        let errors = self.errors.iter();
        FieldErrors {
            errors: errors
                .map(|fault| (in_words(&named(&fault.pointer)), fault.detail.as_str()))
                .collect(),
        }
    }

    /// A box for a line of text.
    pub fn text(&self, name: impl Display, label: &str) -> Input {
        let name = name.to_string();
        Input {
            value: self.value(&name).to_owned(),
            error: self.error(&name),
            name,
            label: label.to_owned(),
            hint: "",
            kind: "text",
            autocomplete: "off",
            list: None,
            is_required: false,
            rows: 0,
        }
    }

    /// A box for several lines.
    pub fn area(&self, name: &str, label: &str, rows: usize) -> Input {
        Input {
            rows,
            ..self.text(name, label)
        }
    }

    /// A box for a date.
    pub fn date(&self, name: &str, label: &str) -> Input {
        self.text(name, label).kind("date")
    }

    /// A box for a time of day.
    pub fn time(&self, name: impl Display, label: &str) -> Input {
        self.text(name, label).kind("time")
    }

    /// A box for a time zone; the page has [`Zones`] somewhere.
    pub fn zone(&self, name: &str, label: &str) -> Input {
        Input {
            list: Some("zones"),
            hint: "Begin to type a city, such as Lon",
            ..self.text(name, label)
        }
    }

    /// A choice of one, from a list that opens.
    pub fn select<V: Display, L: Display>(
        &self,
        name: impl Display,
        label: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Select {
        let name = name.to_string();
        Select {
            choices: self.choices(&name, choices),
            error: self.error(&name),
            name,
            label: label.to_owned(),
            hint: "",
        }
    }

    /// Boxes to tick, of which each has its own meaning.
    pub fn checks<V: Display, L: Display>(
        &self,
        name: impl Display,
        label: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Checks {
        let name = name.to_string();
        Checks {
            choices: self.choices(&name, choices),
            error: self.error(&name),
            name,
            label: label.to_owned(),
            hint: "",
            kind: "checkbox",
        }
    }

    /// A choice of one, all of them in sight.
    pub fn radios<V: Display, L: Display>(
        &self,
        name: &str,
        label: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Checks {
        Checks {
            kind: "radio",
            ..self.checks(name, label, choices)
        }
    }

    fn choices<V: Display, L: Display>(
        &self,
        name: &str,
        choices: impl IntoIterator<Item = (V, L)>,
    ) -> Vec<Choice> {
        let all = choices.into_iter().map(|(value, label)| {
            let value = value.to_string();
            Choice {
                is_chosen: self.holds(name, &value),
                label: label.to_string(),
                value,
            }
        });
        all.collect()
    }
}

impl Input {
    /// With a word of help.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// Of another kind of HTML input.
    #[must_use]
    pub const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// That browsers fill in.
    #[must_use]
    pub const fn autocomplete(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    /// That must be filled in.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

impl Select {
    /// With a word of help.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

impl Checks {
    /// With a word of help.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_fields_as_people_do() {
        assert_eq!(in_words("time_zone"), "Time zone");
        assert_eq!(in_words("working_hours.0.start"), "Working hours 1, start");
        assert_eq!(in_words(""), "");
        let fault = FieldError {
            pointer: "/time_zone".to_owned(),
            detail: "is unknown".to_owned(),
        };
        let all = Fields::default()
            .with_faults(vec![fault])
            .errors()
            .to_string();
        assert!(all.contains("<b>Time zone:</b> is unknown"), "{all}");
    }

    #[test]
    fn a_fault_stands_beside_its_field_and_what_was_typed_is_kept() {
        let fault = |pointer: &str| FieldError {
            pointer: pointer.to_owned(),
            detail: format!("bad {pointer}"),
        };
        let form = Fields::default()
            .with("name", "<script>alert('1')</script>")
            .with_faults(vec![fault("/name"), fault("/hours/0/start"), fault("")]);
        let html = form.text("name", "Name").to_string();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("alert("), "{html}");
        assert!(html.contains("bad /name"), "{html}");
        assert!(html.contains("aria-invalid"), "{html}");
        assert!(form.error("hours").is_some());
        assert!(form.error("hours.0.start").is_some());
        assert_eq!(form.error("hour"), None);
        let all = form.errors().to_string();
        assert_eq!(all.matches("<li>").count(), 3, "{all}");
    }
}
