//! Kinds of values, and bad ones of each.

use serde_json::{Value, json};

/// A kind of value, and bad ones of it.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Name,
    Email,
    Zone,
    Timestamp,
    Day,
    Local,
    Rule,
    Person,
    Rotation,
    /// The order of a rotation.
    Order,
    /// The members of a team, which may be none.
    Members,
    Hours,
    Word,
    Reason,
    /// Of days or minutes.
    Number,
    Url,
    Titles,
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn bad(kind: Kind) -> Vec<Value> {
    let texts = |all: &[&str]| all.iter().map(|text| json!(text)).collect();
    let unseen = [
        "a\nb",
        "a\u{0}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200b}b",
        "\u{feff}a",
        "a\u{2028}b",
    ];
    match kind {
        Kind::Name => {
            let mut all: Vec<Value> = texts(&unseen);
            all.extend([json!(""), json!("   "), json!("x".repeat(5000))]);
            all
        }
        Kind::Reason => vec![
            json!("a\u{0}b"),
            json!("a\u{202e}b"),
            json!("x".repeat(1001)),
        ],
        Kind::Email => texts(&[
            "",
            "nobody",
            "@example.org",
            "a@",
            "a@b@example.org",
            "a b@example.org",
            "a@example.org\r\nBcc: b@example.org",
            "a@example.org\nX: y",
            "a@exa\u{0}mple.org",
        ]),
        Kind::Zone => texts(&[
            "",
            "Mars/Base",
            "+01:00",
            "../../etc/passwd",
            "Europe/London\u{0}",
            "🕐",
        ]),
        Kind::Timestamp => texts(&[
            "",
            "now",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "+275760-09-13T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-03-02T10:00:00",
            "2026-03-02T10:00:00.5Z",
            "2026-02-30T10:00:00Z",
            "2026-03-02T10:00:00+99:99",
        ]),
        Kind::Day => texts(&[
            "",
            "2026-02-30",
            "9999-12-31",
            "0001-01-01",
            "99999-01-01",
            "2026-3-2",
            "x",
        ]),
        Kind::Local => texts(&[
            "",
            "1989-12-31T10:00:00",
            "2101-01-01T10:00:00",
            "2026-03-02T10:00:00Z",
            "2026-03-02",
            "x",
        ]),
        Kind::Rule => texts(&[
            "",
            "FREQ=NEVER",
            "FREQ=SECONDLY",
            "FREQ=MINUTELY",
            "FREQ=WEEKLY;INTERVAL=0",
            "FREQ=WEEKLY;INTERVAL=99999999999999999999",
            "FREQ=WEEKLY;COUNT=0",
            "FREQ=WEEKLY;COUNT=-1",
            "FREQ=WEEKLY;COUNT=2;UNTIL=20270101T000000Z",
            "FREQ=WEEKLY;UNTIL=19000101T000000Z",
            "FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50",
            "FREQ=DAILY;BYHOUR=25",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=YEARLY;BYMONTH=13",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=WEEKLY\r\nRRULE:FREQ=DAILY",
            "DTSTART:20260101T000000\nRRULE:FREQ=DAILY",
            "RRULE:FREQ=WEEKLY;X=Y",
            "FREQ=WEEKLY;FREQ=DAILY",
        ]),
        Kind::Person | Kind::Rotation => texts(&[
            "",
            "x",
            "00000000-0000-0000-0000-000000000000",
            "'; DROP TABLE people; --",
            "🦀",
        ]),
        Kind::Members => vec![
            json!(["x"]),
            json!(vec!["x"; 201]),
            json!(["00000000-0000-0000-0000-000000000000"]),
        ],
        Kind::Order => {
            let mut all = bad(Kind::Members);
            all.push(json!([]));
            all
        }
        Kind::Hours => vec![
            json!([{ "days": ["someday"], "start": "09:00", "end": "17:00" }]),
            json!([{ "days": ["mon"], "start": "9", "end": "25:00" }]),
            json!([{ "days": ["mon"], "start": "24:01", "end": "-1:00" }]),
            json!([{ "days": [], "start": "09:00", "end": "17:00" }]),
        ],
        Kind::Url => texts(&[
            "",
            "calendar",
            "ftp://example.org/x.ics",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "webcal://",
            "https://",
            "//example.org/x.ics",
        ]),
        Kind::Titles => vec![
            json!([""]),
            json!(["a\nb"]),
            json!(["x".repeat(101)]),
            json!(vec!["x"; 51]),
        ],
        Kind::Number => vec![json!(-1), json!(10_081), json!(i64::MAX), json!(70_000)],
        Kind::Word => texts(&["", "x", "Ordered", "king", "\u{0}"]),
    }
}

/// Values that are no text, no list and no object of the right kind, wherever one is expected.
pub fn of_another_type() -> Vec<Value> {
    vec![
        json!(-1),
        json!(1e300),
        json!(true),
        json!({ "a": { "b": 1 } }),
        json!([[["x"]]]),
    ]
}
