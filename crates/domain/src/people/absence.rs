//! Which events of somebody's own calendar mean that they are away.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::interval::Interval;

/// Whether an event takes place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// It does.
    #[default]
    Confirmed,
    /// Perhaps.
    Tentative,
    /// It does not.
    Cancelled,
}

/// What an event does to the time of whoever has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Busy {
    /// Nothing.
    Free,
    /// It takes it.
    #[default]
    Busy,
    /// They are out of office.
    OutOfOffice,
}

/// An event of somebody's calendar, at one of the times at which it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub title: Arc<str>,
    /// Whether it takes place.
    pub status: Status,
    /// What it does to their time.
    pub busy: Busy,
    /// From when to when.
    pub interval: Interval,
}

/// What of a calendar counts as away. Events that are cancelled or take no time never do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// All else does, whatever it is called: for a calendar of absences.
    pub everything: bool,
    /// Words besides the usual ones that a title may have.
    pub titles: Vec<String>,
    /// Only events whose title has this: for a calendar that has several people in it.
    pub only_with: Option<String>,
    /// Events that are tentative count too.
    pub tentative: bool,
}

/// Words that mean "away", each by itself somewhere in a title, in lower case and without signs.
const USUAL: &[&str] = &[
    // English
    "ooo",
    "out of office",
    "out of the office",
    "vacation",
    "vacations",
    "holiday",
    "holidays",
    "annual leave",
    "sick leave",
    "parental leave",
    "maternity leave",
    "paternity leave",
    "unpaid leave",
    "compassionate leave",
    "leave of absence",
    "on leave",
    "sick",
    "sick day",
    "day off",
    "days off",
    "time off",
    "pto",
    "absence",
    "absent",
    "away",
    "not working",
    "sabbatical",
    "jury duty",
    "bereavement",
    // German
    "urlaub",
    "abwesend",
    "abwesenheit",
    "krank",
    "krankheit",
    "krankmeldung",
    "elternzeit",
    "mutterschutz",
    "feiertag",
    "brückentag",
    "ferien",
    "freizeitausgleich",
    "sonderurlaub",
    "betriebsferien",
    "gleittag",
    // French
    "congé",
    "congés",
    "vacances",
    "absente",
    "maladie",
    "arrêt maladie",
    "rtt",
    "jour férié",
    "en repos",
    // Spanish
    "vacaciones",
    "ausente",
    "ausencia",
    "baja médica",
    "día libre",
    "festivo",
    "fuera de la oficina",
    "permiso retribuido",
    // Portuguese
    "férias",
    "ausência",
    "fora do escritório",
    "folga",
    "feriado",
    "licença",
    "atestado",
    // Italian
    "ferie",
    "assente",
    "assenza",
    "malattia",
    "fuori ufficio",
    "festività",
    // Dutch
    "vakantie",
    "verlof",
    "afwezig",
    "ziek",
    "vrije dag",
    "ouderschapsverlof",
    "feestdag",
    // Nordic
    "semester",
    "frånvaro",
    "borta",
    "fravær",
    "syg",
    "sykmeldt",
    "loma",
    "poissa",
    // Polish, Czech
    "urlop",
    "nieobecność",
    "zwolnienie lekarskie",
    "dovolená",
    "nemoc",
    "nepřítomnost",
    "dzień wolny",
];

impl Rule {
    /// Whether an event means that its owner is away.
    #[must_use]
    pub fn counts(&self, event: &Event) -> bool {
        if event.status == Status::Cancelled || event.busy == Busy::Free {
            return false;
        }
        if event.status == Status::Tentative && !self.tentative {
            return false;
        }
        let title = plain(&event.title);
        let has = |words: &str| !words.trim().is_empty() && title.contains(words);
        if self
            .only_with
            .as_deref()
            .is_some_and(|name| !has(&plain(name)))
        {
            return false;
        }
        self.everything
            || event.busy == Busy::OutOfOffice
            || USUAL.iter().any(|words| has(&format!(" {words} ")))
            || self.titles.iter().any(|words| has(&plain(words)))
    }
}

/// Words in lower case with one space around each: `[Vacation] Ann-Kathrin` as ` vacation ann kathrin `.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn event(title: &str) -> Event {
        let start = DateTime::UNIX_EPOCH;
        Event {
            title: title.into(),
            status: Status::Confirmed,
            busy: Busy::Busy,
            interval: Interval::new(start, start + TimeDelta::days(1)).unwrap(),
        }
    }

    #[test]
    fn titles_as_programs_write_them_are_known() {
        let rule = Rule::default();
        for title in [
            "[Vacation] Ann Lee",
            "Ann Lee (Vacation - 4 days)",
            "Company Holiday - Labor Day",
            "Ann Lee - Out of Office",
            "OOO",
            "Ann: OOO/PTO",
            "Urlaub 🏖",
            "URLAUB: Ann",
            "Congés d'été",
            "Férias",
            "Vakantie!",
        ] {
            assert!(rule.counts(&event(title)), "{title}");
        }
        for title in [
            "",
            "Stand-up",
            "Book a room",
            "Zooo",
            "Holidayish",
            "Offsite",
            "Leave early?",
            "ab wesend",
        ] {
            assert!(!rule.counts(&event(title)), "{title}");
        }
    }

    #[test]
    fn usual_words_are_written_as_titles_are_compared() {
        for words in USUAL {
            assert_eq!(plain(words), format!(" {words} "));
        }
    }

    #[test]
    fn what_takes_no_time_or_does_not_happen_is_not_away() {
        let rule = Rule {
            everything: true,
            ..Rule::default()
        };
        assert!(rule.counts(&event("Anything")));
        for (status, busy) in [
            (Status::Cancelled, Busy::OutOfOffice),
            (Status::Confirmed, Busy::Free),
            (Status::Tentative, Busy::OutOfOffice),
        ] {
            assert!(!rule.counts(&Event {
                status,
                busy,
                ..event("Vacation")
            }));
        }
        let tentative = Rule {
            tentative: true,
            ..Rule::default()
        };
        assert!(tentative.counts(&Event {
            status: Status::Tentative,
            ..event("Vacation")
        }));
        let out = Event {
            busy: Busy::OutOfOffice,
            ..event("Dentist")
        };
        assert!(Rule::default().counts(&out));
    }

    #[test]
    fn a_calendar_of_several_people_is_read_for_one() {
        let rule = Rule {
            only_with: Some("Ann Lee".to_owned()),
            titles: vec!["Workshop".to_owned()],
            ..Rule::default()
        };
        assert!(rule.counts(&event("[Vacation] ann LEE")));
        assert!(rule.counts(&event("Workshop: Ann Lee")));
        assert!(!rule.counts(&event("[Vacation] Bob")));
        assert!(!rule.counts(&event("[Vacation] Joann Leeds")));
        assert!(!rule.counts(&event("Lunch with Ann Lee")));
    }
}
