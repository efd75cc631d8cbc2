use super::*;
use crate::budget::{BUDGET, Exceeded};
use crate::domain::time::hours;

fn window() -> Interval {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Interval::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap()
}

fn read_whole(text: &str, own: &Zone) -> Result<Found, Broken> {
    let meter = Meter::new(BUDGET, &|| false);
    super::events(text.as_bytes(), own, window(), &meter)
}

/// What events of these lines come to, in London.
fn found(events: &[&str]) -> (Vec<String>, usize) {
    let part = |lines: &&str| format!("BEGIN:VEVENT\n{}\nEND:VEVENT\n", lines.replace('|', "\n"));
    let events = events.iter().map(part).collect::<Vec<_>>().concat();
    let text = format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n");
    let london = Zone::parse("Europe/London").unwrap();
    let found = read_whole(&text, &london).unwrap();
    let shown = found.events.iter().map(|event| {
        let (start, end) = (event.interval.start(), event.interval.end());
        let hour = |at: Timestamp| at.format("%m-%d %H:%M").to_string();
        format!("{} to {}", hour(start), hour(end))
    });
    (shown.collect(), found.skipped)
}

fn times(lines: &str) -> Vec<String> {
    let (times, skipped) = found(&[lines]);
    assert_eq!(skipped, 0, "{lines}");
    times
}

#[test]
fn days_are_those_of_the_owner() {
    assert_eq!(
        times("DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260304"),
        ["03-02 00:00 to 03-04 00:00"]
    );
    assert_eq!(
        times("DTSTART;VALUE=DATE:20260701|DTEND;VALUE=DATE:20260702"),
        ["06-30 23:00 to 07-01 23:00"]
    );
    // Over the change of the clocks: the day has 23 hours.
    assert_eq!(
        times("DTSTART;VALUE=DATE:20260329"),
        ["03-29 00:00 to 03-29 23:00"]
    );
    // The end of one day written as the day itself, which is wrong and common.
    assert_eq!(
        times("DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260302"),
        ["03-02 00:00 to 03-03 00:00"]
    );
    let day = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
    let london = Zone::parse("Europe/London").unwrap();
    assert_eq!(hours::days(&london, day, day).unwrap().seconds(), 23 * 3600);
}

#[test]
fn times_are_instants_in_a_zone_or_the_owners() {
    assert_eq!(
        times("DTSTART:20260701T100000Z|DTEND:20260701T110000Z"),
        ["07-01 10:00 to 07-01 11:00"]
    );
    assert_eq!(
        times("DTSTART:20260701T100000|DURATION:PT90M"),
        ["07-01 09:00 to 07-01 10:30"]
    );
    assert_eq!(
        times(
            "DTSTART;TZID=America/New_York:20260701T100000|DTEND;TZID=America/New_York:20260701T110000"
        ),
        ["07-01 14:00 to 07-01 15:00"]
    );
    assert_eq!(
        times("DTSTART;TZID=W. Europe Standard Time:20260701T100000|DURATION:P1DT1H"),
        ["07-01 08:00 to 07-02 09:00"]
    );
    assert_eq!(
        times("DTSTART;TZID=\"Europe/Berlin\":20260328T120000|DURATION:P1D"),
        ["03-28 11:00 to 03-29 10:00"]
    );
    assert!(
        times("DTSTART:20260701T100000Z").is_empty(),
        "it lasts no time"
    );
    assert!(
        times("DTSTART:20250701T100000Z|DURATION:PT1H").is_empty(),
        "it is over"
    );
}

#[test]
fn recurrences_are_expanded_on_the_wall_clock() {
    let weekly =
        times("DTSTART;TZID=Europe/London:20260323T100000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=3");
    assert_eq!(
        weekly,
        [
            "03-23 10:00 to 03-23 11:00",
            "03-30 09:00 to 03-30 10:00",
            "04-06 09:00 to 04-06 10:00"
        ]
    );
    let days = times("DTSTART;VALUE=DATE:20250301|RRULE:FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20260401");
    assert_eq!(
        days,
        [
            "01-01 00:00 to 01-02 00:00",
            "02-01 00:00 to 02-02 00:00",
            "03-01 00:00 to 03-02 00:00",
            "03-31 23:00 to 04-01 23:00"
        ]
    );
    // UNTIL as an instant: 10:00 in summer is 09:00Z.
    let until = times(
        "DTSTART;TZID=Europe/London:20260330T100000|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20260331T090000Z",
    );
    assert_eq!(until.len(), 2);
    let excepted = times(
        "DTSTART;TZID=Europe/London:20260330T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=4|EXDATE;TZID=Europe/London:20260331T100000,20260401T100000|RDATE;TZID=Europe/London:20260501T100000",
    );
    assert_eq!(
        excepted,
        [
            "03-30 09:00 to 03-30 10:00",
            "04-02 09:00 to 04-02 10:00",
            "05-01 09:00 to 05-01 10:00"
        ]
    );
    assert_eq!(
        times("DTSTART;VALUE=DATE:19960105|RRULE:FREQ=WEEKLY").len(),
        52
    );
    assert_eq!(
        times("DTSTART;VALUE=DATE:20261230|RRULE:FREQ=DAILY").len(),
        2
    );
}

#[test]
fn single_times_of_a_series_may_be_different() {
    let series =
        "UID:a|DTSTART;TZID=Europe/London:20260302T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3";
    let moved = "UID:a|RECURRENCE-ID;TZID=Europe/London:20260303T100000|DTSTART:20260303T150000Z|DURATION:PT1H";
    let (shown, _) = found(&[moved, series]);
    assert_eq!(
        shown,
        [
            "03-02 10:00 to 03-02 11:00",
            "03-03 15:00 to 03-03 16:00",
            "03-04 10:00 to 03-04 11:00"
        ]
    );
    let (alone, _) = found(&[moved]);
    assert_eq!(alone, ["03-03 15:00 to 03-03 16:00"]);
    let older = "UID:b|SEQUENCE:1|DTSTART:20260302T100000Z|DURATION:PT1H";
    let newer = "UID:b|SEQUENCE:2|DTSTART:20260302T120000Z|DURATION:PT1H";
    for both in [[older, newer], [newer, older]] {
        assert_eq!(found(&both).0, ["03-02 12:00 to 03-02 13:00"]);
    }
}

#[test]
fn a_series_may_be_different_from_one_of_its_times_on() {
    let series =
        "UID:a|DTSTART;TZID=Europe/London:20260327T100000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=5";
    let later = "UID:a|RECURRENCE-ID;TZID=Europe/London;RANGE=THISANDFUTURE:20260328T100000|\
        DTSTART;TZID=Europe/London:20260328T120000|DURATION:PT2H";
    let single = "UID:a|RECURRENCE-ID;TZID=Europe/London:20260330T100000|DTSTART:20260330T180000Z|DURATION:PT3H";
    let last = "UID:a|RECURRENCE-ID;RANGE=ThisAndFuture:20260331T090000Z|STATUS:CANCELLED|\
        DTSTART;TZID=Europe/London:20260331T100000|DURATION:PT1H";
    // On the clock, also where it is changed in between.
    let (shown, skipped) = found(&[single, later, series]);
    assert_eq!(
        (shown, skipped),
        (
            vec![
                "03-27 10:00 to 03-27 11:00".to_owned(),
                "03-28 12:00 to 03-28 14:00".to_owned(),
                "03-29 11:00 to 03-29 13:00".to_owned(),
                "03-30 18:00 to 03-30 21:00".to_owned(),
                "03-31 11:00 to 03-31 13:00".to_owned(),
            ],
            0
        )
    );
    let (shown, _) = found(&[series, later, last]);
    assert_eq!(shown.last().unwrap(), "03-31 09:00 to 03-31 10:00");
    let days = "UID:d|DTSTART;VALUE=DATE:20260302|RRULE:FREQ=WEEKLY;COUNT=3";
    let moved = "UID:d|RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260309|DTSTART;VALUE=DATE:20260310|DTEND;VALUE=DATE:20260312";
    assert_eq!(
        found(&[days, moved]).0,
        [
            "03-02 00:00 to 03-03 00:00",
            "03-10 00:00 to 03-12 00:00",
            "03-17 00:00 to 03-19 00:00"
        ]
    );
}

#[test]
fn what_cannot_be_understood_is_counted_and_costs_nothing() {
    let good = "UID:g|DTSTART;VALUE=DATE:20260302";
    for bad in [
        "SUMMARY:no start",
        "DTSTART:someday",
        "DTSTART;VALUE=DATE:20260231",
        "DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260301",
        "DTSTART:20260302T100000Z|DURATION:soon",
        "DTSTART:20260302T100000Z|DURATION:PT1H|RRULE:FREQ=SECONDLY",
        "DTSTART:20260302T100000Z|DURATION:PT1H|RRULE:FREQ=SOMETIMES",
        "DTSTART:20260302T100000Z|DURATION:P99999999999999999999D",
        "DTSTART:20260302T100000Z|DURATION:PT1H|EXDATE:x",
    ] {
        assert_eq!(
            found(&[bad, good]),
            (vec!["03-02 00:00 to 03-03 00:00".to_owned()], 1),
            "{bad}"
        );
    }
    assert_eq!(
        times("DTSTART:20260302T100000Z|DURATION:P9999999D").len(),
        1,
        "cut to what is possible"
    );
    // Rules that never happen, and hours for ever, end.
    assert_eq!(
        times("DTSTART:20260302T100000Z|DURATION:PT1H|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
            .len(),
        1
    );
    assert_eq!(
        times("DTSTART:19700302T100000Z|DURATION:PT1H|RRULE:FREQ=HOURLY").len(),
        MOST_EVENTS
    );
}

#[test]
fn what_an_event_does_to_ones_time_is_read() {
    let read = |lines: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260302\n{lines}\nEND:VEVENT\nEND:VCALENDAR"
        );
        let found = read_whole(&text, &Zone::utc()).unwrap();
        (found.events[0].status, found.events[0].busy)
    };
    for (lines, status, busy) in [
        ("SUMMARY:x", Status::Confirmed, Busy::Busy),
        ("TRANSP:TRANSPARENT", Status::Confirmed, Busy::Free),
        (
            "TRANSP:OPAQUE\nSTATUS:CANCELLED",
            Status::Cancelled,
            Busy::Busy,
        ),
        ("STATUS:tentative", Status::Tentative, Busy::Busy),
        (
            "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
            Status::Confirmed,
            Busy::OutOfOffice,
        ),
        (
            "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
            Status::Confirmed,
            Busy::Free,
        ),
        (
            "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
            Status::Tentative,
            Busy::Busy,
        ),
        (
            "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",
            Status::Confirmed,
            Busy::Free,
        ),
    ] {
        assert_eq!(read(lines), (status, busy), "{lines}");
    }
}

/// Events that a member could write to keep a core busy, each as often as 20 MB have room for.
#[test]
fn what_recurs_without_end_costs_a_bounded_number_of_steps() {
    let seconds: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let (all, days) = (seconds.join(","), seconds[1..31].join(","));
    let every_second = format!(
        "DTSTART:20250101T000000Z|DURATION:PT1S|RRULE:FREQ=YEARLY;BYMONTHDAY={days};BYHOUR={};BYMINUTE={all};BYSECOND={all};BYSETPOS=-1",
        seconds[..24].join(",")
    );
    let dates = vec!["20260101"; 20_000].join(",");
    for lines in [
        "DTSTART:00010101T000000Z|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=4000000000",
        "DTSTART:00010101T000000Z|DURATION:PT1H|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5",
        "DTSTART:20260101T000000Z|DURATION:PT1H|RRULE:FREQ=HOURLY",
        "DTSTART:19000101T000000Z|DURATION:P9999D|RRULE:FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1;BYDAY=53SU,-53MO",
        &every_second,
        &format!("DTSTART:20260101T000000Z|RDATE;VALUE=DATE:{dates}"),
        &format!(
            "DTSTART:20260101T000000Z|DURATION:PT1H|RRULE:FREQ=HOURLY|EXDATE;VALUE=DATE:{}",
            vec!["20260101"; 20_000].join(",")
        ),
        &format!(
            "DTSTART:00010101T000000Z|DURATION:PT1H{}",
            "|RRULE:FREQ=DAILY;COUNT=30000".repeat(300)
        ),
    ] {
        let event = format!("BEGIN:VEVENT\n{}\nEND:VEVENT\n", lines.replace('|', "\n"));
        let copies = (8 << 20) / event.len();
        let text = format!(
            "BEGIN:VCALENDAR\n{}END:VCALENDAR\n",
            event.repeat(copies.min(39_000))
        );
        let meter = Meter::new(BUDGET, &|| false);
        let read = super::events(text.as_bytes(), &Zone::utc(), window(), &meter);
        assert_eq!(read, Err(Exceeded::Steps.into()), "{lines:.200}");
        // What is spent at a time is small beside the whole.
        assert!(meter.steps() < BUDGET.steps + 100_000, "{}", meter.steps());
    }
}

#[test]
fn a_rule_that_never_comes_costs_what_the_window_has_of_days() {
    let never = "DTSTART:20000101T000000Z|DURATION:PT1H|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n{}\nEND:VEVENT\nEND:VCALENDAR\n",
        never.replace('|', "\n")
    );
    let meter = Meter::new(BUDGET, &|| false);
    let found = super::events(text.as_bytes(), &Zone::utc(), window(), &meter).unwrap();
    assert_eq!((found.events.len(), found.skipped), (0, 0));
    assert!(meter.steps() < 200, "{}", meter.steps());
}

#[test]
fn events_that_are_over_take_no_room_but_count_as_newer_versions() {
    let over = "UID:{}|DTSTART:20200101T000000Z|DTEND:20200102T000000Z|SUMMARY:".to_owned()
        + &"x".repeat(2000);
    let event = |n: usize| {
        format!(
            "BEGIN:VEVENT\n{}\nEND:VEVENT\n",
            over.replace("{}", &n.to_string()).replace('|', "\n")
        )
    };
    // Twice of what is kept at most.
    let all: String = (0..8_000).map(event).collect();
    assert!(all.len() > 2 * 8_000_000);
    let text = format!("BEGIN:VCALENDAR\n{all}END:VCALENDAR\n");
    assert_eq!(read_whole(&text, &Zone::utc()), Ok(Found::default()));
    let ahead = all.replace("2020010", "2026010");
    let text = format!("BEGIN:VCALENDAR\n{ahead}END:VCALENDAR\n");
    assert_eq!(read_whole(&text, &Zone::utc()), Err(Exceeded::Kept.into()));
    let was = "UID:a|SEQUENCE:1|DTSTART:20260302T100000Z|DURATION:PT1H";
    let is = "UID:a|SEQUENCE:2|DTSTART:20200302T100000Z|DTEND:20200302T110000Z";
    assert!(found(&[was, is]).0.is_empty());
    assert!(found(&[is, was]).0.is_empty());
}

#[test]
fn zones_that_a_calendar_names_are_counted() {
    let event = |n: usize| {
        format!("BEGIN:VEVENT\nDTSTART;TZID=x/{n}:20260302T100000\nDURATION:PT1H\nEND:VEVENT\n")
    };
    let named = |most| {
        let all: String = (0..most).map(event).collect();
        read_whole(
            &format!("BEGIN:VCALENDAR\n{all}END:VCALENDAR\n"),
            &Zone::utc(),
        )
    };
    assert_eq!(named(1000).unwrap().events.len(), 1000);
    assert_eq!(named(1001), Err(Exceeded::Zones.into()));
    let long = format!(
        "DTSTART;TZID={}:20260302T100000Z|DURATION:PT1H",
        "a/".repeat(100_000)
    );
    assert_eq!(times(&long).len(), 1);
}
