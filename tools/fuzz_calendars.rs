//! Reads calendars that are broken in every way a program can think of, for as long as it is told: `cargo run
//! --example fuzz_calendars -- SECONDS [SEED] [FOLDER]`. It mutates calendars of its own and those of FOLDER, goes on
//! from those that led somewhere new, and says which cost the most. What panics or costs more than its budget is
//! written to `target/fuzz`, and the exit status is 1. (cargo-fuzz would need a nightly compiler.)

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use dogwatch::calendar::{BUDGET, Meter, events};
use dogwatch::domain::time::interval::Interval;
use dogwatch::domain::time::zone::Zone;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// What calendars are made of, with what is odd about it.
const WORDS: &[&str] = &[
    "BEGIN:VCALENDAR\r\n",
    "END:VCALENDAR\r\n",
    "BEGIN:VEVENT\r\n",
    "END:VEVENT\r\n",
    "BEGIN:VTIMEZONE\n",
    "END:VTIMEZONE\n",
    "BEGIN:STANDARD\n",
    "END:STANDARD\n",
    "BEGIN:VALARM\n",
    "END:VALARM\n",
    "TZID:X\n",
    "X-LIC-LOCATION:Asia/Tokyo\n",
    "TZOFFSETTO:+0530\n",
    "UID:a\r\n",
    "UID:\n",
    "SEQUENCE:9\n",
    "SUMMARY:Vacation\n",
    "DTSTART:00010101T000000\n",
    "DTSTART;VALUE=DATE:20260302\n",
    "DTSTART;TZID=X:99991231T235959\n",
    "DTEND:20260303T000000Z\n",
    "DURATION:PT1H\n",
    "DURATION:P99999999W\n",
    "RECURRENCE-ID:20260302T100000Z\n",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T100000Z\n",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n",
    "RRULE:FREQ=DAILY;COUNT=4000000000\n",
    "RRULE:FREQ=HOURLY\n",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,2TU,-1SU;WKST=SU\n",
    "FREQ=MONTHLY",
    ";BYSETPOS=-1",
    ";BYHOUR=0,1,2,3,4,5",
    ";BYMINUTE=0,1,2,3",
    ";BYSECOND=59",
    ";BYWEEKNO=-53",
    ";BYYEARDAY=-366,366",
    ";INTERVAL=65535",
    ";UNTIL=20270101T000000Z",
    ";COUNT=0",
    "RDATE:20260401,20260402\n",
    "EXDATE;VALUE=DATE:20260302,20260303\n",
    "TRANSP:TRANSPARENT\n",
    "\r\n ",
    "\n\t",
    "\"",
    ";",
    ":",
    ",",
    "\u{feff}",
    "Ä",
    "\u{0}",
    "-",
    "99999999999999999999",
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let (seconds, seed) = (number().unwrap_or(60), number().unwrap_or(1));
    let folder = std::env::args().nth(3);
    let mut fuzzer = Fuzzer::new(seed, folder.as_deref());
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        fuzzer.once();
    }
    println!(
        "{} calendars, {} ways through, {} kept, {} wrong; the slowest took {:?} and {} steps",
        fuzzer.runs,
        fuzzer.seen.len(),
        fuzzer.corpus.len(),
        fuzzer.wrong,
        fuzzer.slowest,
        fuzzer.most_steps
    );
    std::process::exit(i32::from(fuzzer.wrong > 0));
}

struct Fuzzer {
    random: StdRng,
    corpus: Vec<Vec<u8>>,
    seen: HashSet<String>,
    runs: u64,
    wrong: u64,
    slowest: Duration,
    most_steps: u64,
}

impl Fuzzer {
    fn new(seed: u64, folder: Option<&str>) -> Self {
        let event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Vacation\r\nDTSTART:20260302T100000Z\r\n\
                     DURATION:PT1H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let mut corpus = vec![event.as_bytes().to_vec(), WORDS.concat().into_bytes()];
        for entry in folder
            .into_iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten())
        {
            corpus.extend(entry.ok().and_then(|entry| fs::read(entry.path()).ok()));
        }
        Self {
            random: StdRng::seed_from_u64(seed),
            corpus,
            seen: HashSet::new(),
            runs: 0,
            wrong: 0,
            slowest: Duration::ZERO,
            most_steps: 0,
        }
    }

    fn once(&mut self) {
        let bytes = self.mutated();
        let begun = Instant::now();
        let is_over = || begun.elapsed() > Duration::from_secs(30);
        let meter = Meter::new(BUDGET, &is_over);
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&bytes, &meter)));
        let (took, steps) = (begun.elapsed(), meter.steps());
        self.runs += 1;
        self.slowest = self.slowest.max(took);
        self.most_steps = self.most_steps.max(steps);
        let way = outcome.unwrap_or_else(|_| "panic".to_owned());
        if way == "panic" || steps > BUDGET.steps + 100_000 || took > Duration::from_secs(10) {
            self.wrong += 1;
            let _ = fs::create_dir_all("target/fuzz");
            let path = Path::new("target/fuzz").join(format!("{}.ics", self.runs));
            println!("{way} after {took:?} and {steps} steps: {}", path.display());
            let _ = fs::write(path, &bytes);
        }
        // A new outcome, or ten times the cost of any before, is worth going on from.
        if self
            .seen
            .insert(format!("{way} {}", steps.checked_ilog2().unwrap_or(0)))
            && bytes.len() < 100_000
        {
            self.corpus.push(bytes);
        }
    }

    fn mutated(&mut self) -> Vec<u8> {
        let mut bytes = self
            .corpus
            .choose(&mut self.random)
            .cloned()
            .unwrap_or_default();
        for _ in 0..self.random.random_range(1..=12) {
            let at = self.random.random_range(0..=bytes.len());
            let end = self.random.random_range(at..=bytes.len().min(at + 200));
            match self.random.random_range(0..7) {
                0 => drop(bytes.splice(at..end, [])),
                1 => {
                    let piece = bytes
                        .get(at..end)
                        .unwrap_or_default()
                        .repeat(self.random.random_range(1..200));
                    bytes.splice(at..at, piece);
                }
                2 => {
                    let other = self
                        .corpus
                        .choose(&mut self.random)
                        .cloned()
                        .unwrap_or_default();
                    bytes.splice(at..end, other);
                }
                3 => {
                    let byte: u8 = self.random.random();
                    bytes.splice(at..at, [byte]);
                }
                _ => {
                    let word = WORDS.choose(&mut self.random).copied().unwrap_or_default();
                    bytes.splice(at..at, word.bytes());
                }
            }
            bytes.truncate(2 << 20);
        }
        bytes
    }
}

fn read(bytes: &[u8], meter: &Meter<'_>) -> String {
    let start = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_500);
    let Some(window) = Interval::new(start, start + TimeDelta::days(400)) else {
        return "no window".to_owned();
    };
    match events(bytes, &Zone::utc(), window, meter) {
        Ok(found) => format!(
            "ok {} {}",
            found.events.len().min(20),
            found.skipped.min(20)
        ),
        Err(broken) => format!("{broken:?}"),
    }
}
