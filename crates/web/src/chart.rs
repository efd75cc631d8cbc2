//! Bar charts of people, as drawings that fit every width: lengths are in per cent, words keep their size.

use super::parts::hue;
use super::track::per_cent;
use crate::domain::ids::PersonId;
use crate::service::reports::BalanceView;
use crate::service::views::PersonRef;

/// How high a person's row is, in pixels.
const ROW: usize = 44;

/// A bar for everybody, with a thin one below it to compare it with.
pub struct Bars {
    /// The rows.
    pub rows: Vec<Row>,
    /// How high it is, in pixels.
    pub height: usize,
    /// Where the average lies, and what it is; nothing where there is nothing.
    pub average: Option<(String, String)>,
}

/// A person's row.
pub struct Row {
    /// How far down it begins.
    pub y: usize,
    /// Who.
    pub name: String,
    /// Their colour's class.
    pub hue: String,
    /// What it is, in words.
    pub value: String,
    /// All about it, in words.
    pub title: String,
    /// The bar's length.
    pub width: String,
    /// The thin bar's length.
    pub compared: String,
}

/// What everybody gave, to the left, and took, to the right.
pub struct Balances {
    /// The rows.
    pub rows: Vec<Balance>,
    /// How high it is, in pixels.
    pub height: usize,
}

/// What a person gave and took.
pub struct Balance {
    /// How far down it begins.
    pub y: usize,
    /// Who.
    pub name: String,
    /// Their colour's class.
    pub hue: String,
    /// What it comes to, in words.
    pub value: String,
    /// All about it, in words.
    pub title: String,
    /// Where the left bar begins.
    pub given_from: String,
    /// The left bar's length.
    pub given: String,
    /// The right bar's length.
    pub taken: String,
}

impl Bars {
    /// People with what they have and what to compare it with; the longest fills the width.
    pub fn new<'a>(
        people: impl Iterator<Item = (&'a PersonRef, i64, i64)>,
        average: i64,
        words: impl Fn(i64) -> String,
    ) -> Self {
        let people: Vec<_> = people.collect();
        let most = people.iter().map(|(_, value, base)| *value.max(base)).max();
        let most = most.unwrap_or(0);
        let rows: Vec<Row> = people
            .iter()
            .enumerate()
            .map(|(place, (person, value, base))| Row {
                y: place * ROW,
                name: person.name.clone(),
                hue: class(person),
                value: words(*value),
                title: format!(
                    "{}: {} in the end, {} by the order",
                    person.name,
                    words(*value),
                    words(*base)
                ),
                width: part(*value, most, 100),
                compared: part(*base, most, 100),
            })
            .collect();
        Self {
            height: rows.len() * ROW,
            rows,
            average: (average > 0).then(|| (part(average, most, 100), words(average))),
        }
    }
}

impl Balances {
    /// People with what they gave and took; `None` where nobody did anything.
    pub fn new<'a>(
        people: impl Iterator<Item = (&'a PersonRef, BalanceView)>,
        words: impl Fn(i64) -> String,
    ) -> Option<Self> {
        let changed = |covers: &BalanceView| covers.given_seconds.max(covers.taken_seconds);
        let mut people: Vec<_> = people.filter(|(_, covers)| changed(covers) > 0).collect();
        people.sort_by_key(|(_, covers)| std::cmp::Reverse(covers.balance_seconds));
        let most = people.iter().map(|(_, covers)| changed(covers)).max()?;
        let rows: Vec<Balance> = people
            .iter()
            .enumerate()
            .map(|(place, (person, covers))| Balance {
                y: place * ROW,
                name: person.name.clone(),
                hue: class(person),
                value: match covers.balance_seconds {
                    ahead if ahead > 0 => format!("+{}", words(ahead)),
                    other => words(other),
                },
                title: format!(
                    "{} gave {} to others and took {} from others",
                    person.name,
                    words(covers.given_seconds),
                    words(covers.taken_seconds)
                ),
                given_from: part(most - covers.given_seconds, most, 50),
                given: part(covers.given_seconds, most, 50),
                taken: part(covers.taken_seconds, most, 50),
            })
            .collect();
        Some(Self {
            height: rows.len() * ROW,
            rows,
        })
    }
}

/// `value` of `whole`, of so many per cent of the width.
fn part(value: i64, whole: i64, width: i64) -> String {
    per_cent(value * width * 1000 / whole.max(1))
}

fn class(person: &PersonRef) -> String {
    let id = person.id.parse::<PersonId>();
    id.map_or_else(|_| String::new(), |id| format!("hue{}", hue(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> PersonRef {
        PersonRef {
            id: "01940000-0000-7000-8000-000000000001".to_owned(),
            name: name.to_owned(),
            time_zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn the_longest_bar_fills_the_width() {
        let (a, b) = (person("A"), person("B"));
        let chart = Bars::new([(&a, 50, 200), (&b, 150, 0)].into_iter(), 100, |n| {
            n.to_string()
        });
        let widths = |row: &Row| (row.width.clone(), row.compared.clone());
        assert_eq!(
            widths(&chart.rows[0]),
            ("25.000%".to_owned(), "100.000%".to_owned())
        );
        assert_eq!(
            widths(&chart.rows[1]),
            ("75.000%".to_owned(), "0.000%".to_owned())
        );
        assert_eq!(
            chart.average,
            Some(("50.000%".to_owned(), "100".to_owned()))
        );
        assert_eq!((chart.rows[1].y, chart.height), (44, 88));
        let none = Bars::new([(&a, 0, 0)].into_iter(), 0, |n| n.to_string());
        assert_eq!(
            (none.rows[0].width.as_str(), none.average),
            ("0.000%", None)
        );
    }

    #[test]
    fn what_is_given_lies_left_of_the_middle() {
        let covers = |given, taken| BalanceView {
            given_seconds: given,
            taken_seconds: taken,
            balance_seconds: taken - given,
        };
        let (a, b, c) = (person("A"), person("B"), person("C"));
        let people = [
            (&a, covers(100, 25)),
            (&b, covers(0, 75)),
            (&c, covers(0, 0)),
        ];
        let found = Balances::new(people.into_iter(), |n| n.to_string()).unwrap();
        let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["B", "A"], "C has no part in it");
        let last = &found.rows[1];
        assert_eq!(
            (last.given_from.as_str(), last.given.as_str()),
            ("0.000%", "50.000%")
        );
        assert_eq!(
            (last.taken.as_str(), last.value.as_str()),
            ("12.500%", "-75")
        );
        let nobody = Balances::new([(&c, covers(0, 0))].into_iter(), |n| n.to_string());
        assert!(nobody.is_none());
    }
}
