//! Calendars that are broken somewhere: reading one ends, within its budget, and never panics.

use proptest::prelude::*;

use super::budget::{BUDGET, Budget, Meter};
use super::events;
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;

/// What is spent at a time: the seconds of a day, at most.
const AT_ONCE: u64 = 90_000;

const SMALL: Budget = Budget {
    steps: 20_000,
    ..BUDGET
};

/// Every property that counts, and rules of every kind.
const WHOLE: &str = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nTZOFFSETTO:+0300\r\n\
    END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nSEQUENCE:1\r\nSUMMARY:Vacation\\, and\r\n  more\r\n\
    DTSTART;TZID=Own:20200302T100000\r\nDTEND;TZID=Own:20200302T110000\r\n\
    RRULE:FREQ=MONTHLY;BYDAY=-1FR,2MO;BYHOUR=1,2;BYMINUTE=0,30;BYSETPOS=1,-1;COUNT=500\r\n\
    RDATE:20260401T100000Z,20260402T100000Z/PT1H\r\nEXDATE;VALUE=DATE:20260501\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260327T070000Z\r\nDTSTART:20260328T100000Z\r\n\
    DURATION:P1DT2H\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20240229\r\n\
    RRULE:FREQ=YEARLY;BYWEEKNO=9;BYYEARDAY=60,-306;WKST=SU;INTERVAL=2;UNTIL=20300101\r\n\
    RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30\r\nTRANSP:OPAQUE\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

/// A change at a place (in thousandths of the whole).
#[derive(Debug, Clone)]
enum Mutation {
    Cut(usize, usize),
    Repeat(usize, usize, usize),
    Put(usize, String),
    Byte(usize, u8),
}

fn a_mutation() -> impl Strategy<Value = Mutation> {
    let place = 0..1000_usize;
    let word = prop::sample::select(vec![
        "BEGIN:VEVENT\n",
        "END:VEVENT\n",
        "\r\n ",
        "0",
        "9999999999",
        "-",
        ";COUNT=4000000000",
        ";BYSECOND=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20",
        "DTSTART:00010101T000000\n",
        "RRULE:FREQ=DAILY;COUNT=70000\n",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n",
        "\"",
        "Ä",
    ]);
    prop_oneof![
        (place.clone(), 0..200_usize).prop_map(|(at, length)| Mutation::Cut(at, length)),
        (place.clone(), 0..300_usize, 1..50_usize)
            .prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        (place.clone(), word).prop_map(|(at, word)| Mutation::Put(at, word.to_owned())),
        (place, any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: usize, length: usize| {
            let start = bytes.len() * at / 1000;
            start..(start + length).min(bytes.len())
        };
        match self {
            Self::Cut(at, length) => {
                let range = place(*at, *length);
                bytes.drain(range);
            }
            Self::Repeat(at, length, times) => {
                let range = place(*at, *length);
                let piece = bytes[range.clone()].repeat(*times);
                bytes.splice(range, piece);
            }
            Self::Put(at, word) => {
                let range = place(*at, 0);
                bytes.splice(range, word.bytes());
            }
            Self::Byte(at, byte) => {
                let range = place(*at, 1);
                bytes.splice(range, [*byte]);
            }
        }
    }
}

fn read(bytes: &[u8], budget: Budget) -> (Result<super::Found, super::Broken>, u64) {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = Interval::new(at("2026-01-01T00:00:00Z"), at("2027-02-01T00:00:00Z")).unwrap();
    let meter = Meter::new(budget, &|| false);
    let found = events(bytes, &Zone::utc(), window, &meter);
    assert_eq!(
        matches!(found, Err(super::Broken::Exceeded(_))),
        meter.exceeded().is_some(),
        "what is used up is told"
    );
    (found, meter.steps())
}

#[test]
fn the_calendar_that_is_mutated_is_understood() {
    let (found, steps) = read(WHOLE.as_bytes(), SMALL);
    let found = found.unwrap();
    assert_eq!(found.skipped, 0);
    assert!(found.events.len() > 20, "{}", found.events.len());
    assert!((100..SMALL.steps).contains(&steps), "{steps}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn broken_calendars_cost_no_more_than_their_budget(mutations in prop::collection::vec(a_mutation(), 1..12)) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        let (found, steps) = read(&bytes, SMALL);
        prop_assert!(steps <= SMALL.steps + AT_ONCE, "{}", steps);
        if let Ok(found) = found {
            prop_assert!(found.events.len() <= 5000);
            // With more to spend it is the same.
            let (more, again) = read(&bytes, BUDGET);
            prop_assert_eq!(more, Ok(found));
            prop_assert_eq!(again, steps);
        }
    }
}
