//! Small parts that many pages show.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::ids::PersonId;
use crate::service::views::PersonRef;

/// How many colours there are for people.
const HUES: u8 = 12;

/// A person: initials in their colour, and their name, which leads to their duties.
#[derive(Template)]
#[template(
    source = r#"<a class="who" href="people/{{ id }}"><span class="chip hue{{ hue }}" aria-hidden="true">{{ initials }}</span>{{ name }}</a>"#,
    ext = "html"
)]
pub struct Who {
    id: PersonId,
    hue: u8,
    initials: String,
    name: String,
}

impl HtmlSafe for Who {}

impl Who {
    /// The person of this id and name.
    pub fn new(id: PersonId, name: &str) -> Self {
        Self {
            id,
            hue: hue(id),
            initials: initials(name),
            name: name.to_owned(),
        }
    }

    /// The person that a service names.
    pub fn of(person: &PersonRef) -> Option<Self> {
        Some(Self::new(person.id.parse().ok()?, &person.name))
    }
}

/// A person's colour: the same everywhere, and never the only thing that tells them apart.
pub fn hue(id: PersonId) -> u8 {
    // The last byte of an id is random.
    let [.., last] = *id.as_uuid().as_bytes();
    last % HUES
}

/// Up to two letters of a name.
pub fn initials(name: &str) -> String {
    let words = name
        .split_whitespace()
        .filter(|word| word.starts_with(char::is_alphanumeric));
    let firsts: Vec<char> = words.filter_map(|word| word.chars().next()).collect();
    let letters: Vec<char> = match firsts.as_slice() {
        [] => vec!['?'],
        [_] => name.trim().chars().take(2).collect(),
        [first, .., last] => vec![*first, *last],
    };
    let mut letters = letters.into_iter();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_names_of_all_kinds() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("Ines (sample)", "In"),
            ("Zoë Ångström 李", "Z李"),
            ("mei", "Me"),
            ("<b>", "?"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
