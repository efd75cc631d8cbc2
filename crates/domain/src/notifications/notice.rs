//! What a mail says, before anybody has decided how it looks.

use serde::{Deserialize, Serialize};

use crate::access::link::Step;
use crate::people::preferences::Topic;
use crate::time::interval::{FOREVER, Interval, Timestamp};
use crate::time::zone::Zone;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// All of it in one line, for a phone.
    pub subject: String,
    /// What it is about.
    pub topic: Topic,
    /// What follows the greeting.
    pub blocks: Vec<Block>,
    /// Shifts for the recipient's calendar, or out of it.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// The message id of the mail that it follows on.
    pub in_reply_to: Option<String>,
}

/// What a mail tells its recipient of their shifts: nobody tells them the same again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    has: Vec<(Timestamp, Option<Timestamp>)>,
    lost: Vec<(Timestamp, Option<Timestamp>)>,
}

impl News {
    /// What is theirs, and what is theirs no longer.
    #[must_use]
    pub fn new(has: &[Interval], lost: &[Interval]) -> Self {
        let kept = |all: &[Interval]| {
            let all = all.iter().map(|one| {
                let end = one.end();
                (one.start(), (end < FOREVER).then_some(end))
            });
            all.collect()
        };
        Self {
            has: kept(has),
            lost: kept(lost),
        }
    }

    /// What is theirs.
    #[must_use]
    pub fn has(&self) -> Vec<Interval> {
        intervals(&self.has)
    }

    /// What is theirs no longer.
    #[must_use]
    pub fn lost(&self) -> Vec<Interval> {
        intervals(&self.lost)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.has.is_empty() && self.lost.is_empty()
    }
}

fn intervals(kept: &[(Timestamp, Option<Timestamp>)]) -> Vec<Interval> {
    let all = kept.iter();
    all.filter_map(|(start, end)| Interval::new(*start, end.unwrap_or(FOREVER)))
        .collect()
}

/// A part of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Labels and values.
    Facts(Vec<(String, String)>),
    /// Items under a title, which needs no colon.
    List(String, Vec<String>),
    /// What somebody wrote, under a title, which needs no colon, with its line breaks.
    Quote(String, String),
    /// What the recipient can do with one step each.
    Steps(Vec<Offer>),
    /// Pages for whoever signs in: labels, and paths.
    Pages(Vec<(String, String)>),
}

/// A step that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What the link is called.
    pub label: String,
    /// What it does.
    pub step: Step,
    /// Until when it can be done.
    pub until: Timestamp,
}

/// A shift in a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The same for every mail about this shift; the domain is added.
    pub uid: String,
    /// What it is called.
    pub summary: String,
    /// From when.
    pub start: Timestamp,
    /// Until when, where it ends.
    pub end: Option<Timestamp>,
    /// Whether it is to be taken out of the calendar.
    pub cancelled: bool,
}

impl Block {
    /// From when until when, with the name of the zone in which that is told.
    #[must_use]
    pub fn span(span: Interval, zone: &Zone) -> Self {
        let mut facts = vec![("from".to_owned(), long(span.start(), zone))];
        if span.end() < FOREVER {
            facts.push(("until".to_owned(), long(span.end(), zone)));
        }
        facts.push(("times are".to_owned(), zone.name().to_owned()));
        Self::Facts(facts)
    }
}

/// A text in one line of at most so many characters, cut between words where that is possible.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let head: String = line.chars().take(most.saturating_sub(1)).collect();
    // Of a long word a part is better than nothing.
    let words = head.rsplit_once(' ').map_or("", |(words, _)| words);
    let kept = if words.len() * 2 < head.len() {
        head.as_str()
    } else {
        words
    };
    format!("{}…", kept.trim_end_matches([' ', ',', ';', ':', '-']))
}

/// From when until when on somebody's clock, in full.
#[must_use]
pub fn format_interval(span: Interval, zone: &Zone) -> String {
    let from = long(span.start(), zone);
    if span.end() < FOREVER {
        format!("{from} until {}", long(span.end(), zone))
    } else {
        format!("{from} on")
    }
}

/// An instant on somebody's clock, in full: `Monday 2 March 2026, 10:00`.
#[must_use]
pub fn long(at: Timestamp, zone: &Zone) -> String {
    zone.to_local(at).format("%A %-d %B %Y, %H:%M").to_string()
}

/// An instant on somebody's clock, for a subject: `Mon 2 Mar 10:00`.
#[must_use]
pub fn short(at: Timestamp, zone: &Zone) -> String {
    zone.to_local(at).format("%a %-d %b %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn texts_are_cut_between_words_and_are_one_line() {
        for (text, expected) in [
            ("Flags are late", "Flags are late"),
            (" Flags \r\nBcc: x@y.z ", "Flags Bcc: x@y.z"),
            ("Customers of the north cannot log in", "Customers of the…"),
            ("Zurück, weil die Flaggen", "Zurück, weil die…"),
            ("Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffah…"),
            (
                "A Donaudampfschifffahrtsgesellschaft",
                "A Donaudampfschifff…",
            ),
        ] {
            let cut = cut(text, 20);
            assert_eq!(cut, expected);
            assert!(cut.chars().count() <= 20);
        }
    }
}
