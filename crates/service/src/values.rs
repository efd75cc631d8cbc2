//! Reading names, addresses, zones and hours as people send them: every fault is noted.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ValidationErrors;
use crate::domain::ids::PersonId;
use crate::domain::people::email;
use crate::domain::people::person::{Holidays, Role};
use crate::domain::time::holidays::{UnknownPlace, calendar};
use crate::domain::time::hours::{Day, HoursRule, TimeOfDay, WeeklyHours};
use crate::domain::time::zone::Zone;
use crate::notify::Guard;

/// Weekly hours, as they are sent.
#[derive(Debug, Clone, serde::Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursInput {
    /// `mon` to `sun`: the days on which they start.
    #[serde(default)]
    #[schema(required = true)]
    pub days: Vec<String>,
    /// `HH:MM`.
    #[serde(default)]
    #[schema(required = true)]
    pub start: String,
    /// `HH:MM`, up to `24:00`; at or before `start` it is on the next day, equal to it the whole day.
    #[serde(default)]
    #[schema(required = true)]
    pub end: String,
    /// The day on which they end, where it is not the same or the next.
    #[serde(default)]
    pub end_day: Option<String>,
}

/// Public holidays, as they are sent.
#[derive(Debug, Clone, serde::Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolidaysInput {
    /// ISO 3166-1 alpha-2, such as `DE`.
    #[serde(default)]
    #[schema(required = true)]
    pub country: String,
    /// ISO 3166-2 without the country, such as `BY`.
    #[serde(default)]
    pub region: Option<String>,
    /// Whether they count as not working.
    #[serde(default)]
    #[schema(required = true, value_type = bool)]
    pub observe: Option<bool>,
}

/// Reads a member that may be left out, or null.
///
/// # Errors
///
/// Those of the value.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A name or a line of text for people: not empty, not too long, no control characters.
pub fn line(
    errors: &mut ValidationErrors,
    pointer: &str,
    text: &str,
    longest: usize,
) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        errors.add(pointer, "must not be empty");
    } else if text.chars().count() > longest {
        errors.add(pointer, format!("must have at most {longest} characters"));
    } else if text.chars().any(char::is_control) {
        errors.add(pointer, "must not have control characters or line breaks");
    } else if has_unseen(text) {
        errors.add(pointer, UNSEEN);
    } else {
        return Some(text.to_owned());
    }
    None
}

/// What is wrong with a text that has characters by which it looks like another.
const UNSEEN: &str = "must not have characters that nobody sees";

/// Whether a text has characters that nobody sees and that make it look like another: they turn the
/// direction of what follows, break lines, or have no width. Joiners are a part of some scripts and of
/// emoji: they may stand between characters that are not ASCII.
#[must_use]
pub fn has_unseen(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let beyond_ascii = |c: Option<&char>| c.is_some_and(|c| !c.is_ascii());
    chars.iter().enumerate().any(|(index, c)| match c {
        '\u{200c}' | '\u{200d}' => {
            let before = index.checked_sub(1).and_then(|before| chars.get(before));
            !(beyond_ascii(before) && beyond_ascii(chars.get(index + 1)))
        }
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    })
}

/// A longer text that may be left out, with line breaks but no other control characters.
pub fn text(
    errors: &mut ValidationErrors,
    pointer: &str,
    text: Option<&str>,
) -> Option<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Some(None);
    };
    if text.chars().count() > 1000 {
        errors.add(pointer, "must have at most 1000 characters");
    } else if text.chars().any(|c| c.is_control() && c != '\n') {
        errors.add(pointer, "must not have control characters");
    } else if has_unseen(text) {
        errors.add(pointer, UNSEEN);
    } else {
        return Some(Some(text.to_owned()));
    }
    None
}

/// A text that has to be there, with line breaks but no other control characters.
pub fn words(
    errors: &mut ValidationErrors,
    pointer: &str,
    text: &str,
    longest: usize,
) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        errors.add(pointer, "must not be empty");
    } else if text.chars().count() > longest {
        errors.add(pointer, format!("must have at most {longest} characters"));
    } else if text.chars().any(|c| c.is_control() && c != '\n') {
        errors.add(pointer, "must not have control characters");
    } else {
        return Some(text.to_owned());
    }
    None
}

/// The address of a page, or of something that takes messages.
pub fn web_address(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<String> {
    let text = text.trim();
    let read = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && text.len() <= 2000
    });
    if read.is_none() {
        errors.add(
            pointer,
            "must be an address that begins with https:// or http://",
        );
    }
    read.map(String::from)
}

/// The address of a webhook, which is not inside the network unless that is allowed.
pub fn webhook(
    errors: &mut ValidationErrors,
    pointer: &str,
    text: &str,
    guard: &Guard,
) -> Option<String> {
    let url = web_address(errors, pointer, text)?;
    match guard.admits(&url) {
        Ok(()) => Some(url),
        Err(error) => {
            errors.add(pointer, error.to_string());
            None
        }
    }
}

/// An address that mail can be sent to.
pub fn email(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<String> {
    let text = text.trim();
    let well_formed = text.len() <= 254
        && !text.contains(char::is_control)
        && text.parse::<lettre::Address>().is_ok();
    let detail = match email::to_ascii(text) {
        Some(_) if well_formed => return Some(text.to_owned()),
        // Few mail servers take them (SMTPUTF8), and none says so before a mail is sent.
        None if well_formed => "must have only ASCII characters before the @",
        _ => "is not an e-mail address",
    };
    errors.add(pointer, detail);
    None
}

/// A time zone.
pub fn zone(errors: &mut ValidationErrors, pointer: &str, name: &str) -> Option<Zone> {
    errors.check(pointer, Zone::parse(name))
}

/// Weekly hours.
pub fn hours(
    errors: &mut ValidationErrors,
    pointer: &str,
    input: &[HoursInput],
) -> Option<WeeklyHours> {
    let mut rules = Vec::new();
    for (index, one) in input.iter().enumerate() {
        let at = |field: &str| format!("{pointer}/{index}/{field}");
        let days: Vec<Option<Day>> = one
            .days
            .iter()
            .enumerate()
            .map(|(n, text)| day(errors, &format!("{pointer}/{index}/days/{n}"), text))
            .collect();
        let start = errors.check(at("start"), TimeOfDay::try_from(one.start.clone()));
        let end = errors.check(at("end"), TimeOfDay::try_from(one.end.clone()));
        let end_day = match &one.end_day {
            None => Some(None),
            Some(text) => day(errors, &at("end_day"), text).map(Some),
        };
        if days.is_empty() {
            errors.add(at("days"), "at least one day");
        }
        let days: Option<Vec<Day>> = days.into_iter().collect();
        let days = days.filter(|days| !days.is_empty());
        if let (Some(days), Some(start), Some(end), Some(end_day)) = (days, start, end, end_day) {
            rules.push(HoursRule {
                days,
                start,
                end,
                end_day,
            });
        }
    }
    if rules.len() < input.len() {
        return None;
    }
    let hours = WeeklyHours(rules);
    match hours.validate() {
        Ok(()) => Some(hours),
        Err(found) => {
            for (where_, what) in found {
                errors.add(format!("{pointer}{where_}"), what);
            }
            None
        }
    }
}

fn day(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<Day> {
    let read = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    errors.check(
        pointer,
        read.map_err(|_| "must be mon, tue, wed, thu, fri, sat or sun"),
    )
}

/// Public holidays.
pub fn holidays(
    errors: &mut ValidationErrors,
    pointer: &str,
    input: &HolidaysInput,
) -> Option<Holidays> {
    let country = input.country.to_ascii_uppercase();
    let region = input.region.as_ref();
    let region = region.map(|region| region.to_ascii_uppercase());
    let observe = errors.required(format!("{pointer}/observe"), input.observe);
    if let Err(unknown) = calendar(&country, region.as_deref()) {
        let field = match unknown {
            UnknownPlace::Country => "country",
            UnknownPlace::Region(..) => "region",
        };
        errors.add(format!("{pointer}/{field}"), unknown.to_string());
        return None;
    }
    Some(Holidays {
        country,
        region,
        observe: observe?,
    })
}

/// What somebody may do.
pub fn role(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<Role> {
    let read = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    errors.check(
        pointer,
        read.map_err(|_| "must be administrator, member or viewer"),
    )
}

/// Somebody's names in other systems.
pub fn external_ids(
    errors: &mut ValidationErrors,
    pointer: &str,
    ids: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let bad = |text: &String| {
        text.is_empty()
            || text.chars().count() > 200
            || text.chars().any(char::is_control)
            || has_unseen(text)
    };
    if ids.len() > 20 || ids.iter().any(|(system, id)| bad(system) || bad(id)) {
        errors.add(
            pointer,
            "at most 20 names of 1 to 200 characters, none of them invisible",
        );
        return None;
    }
    Some(ids.clone())
}

/// An id of a person.
pub fn person_id(errors: &mut ValidationErrors, pointer: &str, text: &str) -> Option<PersonId> {
    errors.check(pointer, text.parse().map_err(|_| "there is no such person"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_what_they_are() {
        let read = |text: &str| line(&mut ValidationErrors::new(), "/name", text, 100);
        for good in [
            "Zoë O'Hara",
            "علی\u{200c}رضا",
            "👩\u{200d}🚀 Ada",
            "李小龙",
            "ก\u{0e33}",
            " Ada ",
        ] {
            assert_eq!(read(good).as_deref(), Some(good.trim()), "{good:?}");
        }
        for bad in [
            "",
            "\u{3000}",
            "a\nb",
            "a\u{0}b",
            "a\u{85}b",
            "a\u{2028}b",
            "Ada\u{202e}nimdA",
            "Ada\u{2066}x",
            "A\u{200b}da",
            "Ada\u{200d}",
            "\u{200c}Ada",
            "A\u{200d}da",
            "\u{feff}Ada",
            "Ada\u{e0041}",
            "so\u{ad}ft",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn reasons_may_have_lines() {
        let read = |given| text(&mut ValidationErrors::new(), "/reason", Some(given));
        assert_eq!(read("one\ntwo"), Some(Some("one\ntwo".to_owned())));
        assert_eq!(read(" \n "), Some(None));
        for bad in ["a\tb", "a\rb", "a\u{202e}b"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
