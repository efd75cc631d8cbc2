//! A year of a team of eight: swaps, absences, agreements, pauses and revisions at random (but the same each time), one
//! week after the other; and what holds all along and in the end.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::squad::Squad;
use crate::harness::server::{Answer, instant};

const MORE: [&str; 5] = ["Di", "Ed", "Flo", "Gus", "Hal"];
const EIGHT: [&str; 8] = ["Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"];

/// Numbers that look like chance (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

struct Year {
    squad: Squad,
    rotation: String,
    dice: Dice,
    now: DateTime<Utc>,
    /// How often each kind of thing was done.
    done: BTreeMap<&'static str, usize>,
    /// Who had the duty, as it was said at the end of each week.
    past: Vec<Value>,
}

impl Year {
    fn new() -> Self {
        let squad = Squad::with(&MORE);
        let rotation = squad.weekly("eight", &EIGHT);
        Self {
            squad,
            rotation,
            dice: Dice(8),
            now: instant("2026-03-02T10:00:00Z"),
            done: BTreeMap::new(),
            past: Vec::new(),
        }
    }

    /// Counts what was done; what is refused is refused for a reason.
    fn did(&mut self, what: &'static str, answer: &Answer) -> bool {
        let fine = answer.status < 300;
        assert!(
            fine || matches!(answer.status, 403 | 409 | 422),
            "{what}: {}",
            answer.text
        );
        *self.done.entry(what).or_default() += usize::from(fine);
        fine
    }

    fn layer(&self, layer: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Value {
        let window = format!("from={}&until={}&layer={layer}", text(from), text(until));
        let path = format!("/rotations/{}/shifts?{window}", self.rotation);
        self.squad.server.get(&path).expect(200)
    }

    /// A shift of the next eight weeks that has not begun: whose, and from when to when.
    fn shift(&mut self) -> (String, DateTime<Utc>, DateTime<Utc>) {
        let shifts = self.layer(
            "final",
            self.now + TimeDelta::days(7),
            self.now + TimeDelta::days(56),
        );
        let one = self.dice.pick(shifts["items"].as_array().unwrap());
        let at = |end: &str| instant(one[end].as_str().unwrap());
        let name = one["person"]["name"].as_str().unwrap().to_owned();
        (name, at("start").max(self.now), at("end"))
    }

    /// A part of an interval, by hours.
    fn part(&mut self, start: DateTime<Utc>, end: DateTime<Utc>) -> (String, String) {
        let hours = usize::try_from((end - start).num_hours()).unwrap().max(1);
        let from = i64::try_from(self.dice.roll(hours)).unwrap();
        let long = 1 + i64::try_from(self.dice.roll(96)).unwrap();
        let from = start + TimeDelta::hours(from);
        (
            text(from),
            text(
                (from + TimeDelta::hours(long))
                    .min(end)
                    .max(from + TimeDelta::seconds(1)),
            ),
        )
    }

    fn somebody(&mut self) -> &'static str {
        EIGHT[self.dice.roll(EIGHT.len())]
    }

    /// Somebody goes away, and asks for covers of all of it.
    fn go_away(&mut self) {
        let who = self.somebody();
        let first = self.now + TimeDelta::days(1 + i64::try_from(self.dice.roll(50)).unwrap());
        let last = first + TimeDelta::days(i64::try_from(self.dice.roll(12)).unwrap());
        let days = json!({ "first_day": first.date_naive(), "last_day": last.date_naive() });
        let path = format!("/people/{}/time-off", self.squad.id(who));
        let off = self.squad.post(who, &path, &days).expect(201);
        let path = format!("/time-off/{}/covers", off["id"].as_str().unwrap());
        let covers = self.squad.post(who, &path, &json!({}));
        self.did("covers of an absence", &covers);
        if self.dice.roll(5) == 0 {
            let path = format!("/time-off/{}", off["id"].as_str().unwrap());
            self.squad.delete(who, &path).expect(200);
        }
    }

    /// Somebody asks for a cover of some of a shift, or for a trade.
    fn ask(&mut self) {
        let (who, start, end) = self.shift();
        let (start, end) = if self.dice.roll(2) == 0 {
            self.part(start, end)
        } else {
            (text(start), text(end))
        };
        let mut body =
            json!({ "rotation_id": self.rotation, "kind": "cover", "start": start, "end": end });
        let (other, from, until) = self.shift();
        let wants_trade = self.dice.roll(3) == 0 && other != who;
        if wants_trade {
            body["kind"] = json!("trade");
            body["in_return"] = json!({ "start": text(from), "end": text(until) });
            body["offered_to"] = json!([self.squad.id(&other)]);
        }
        let opened = self.squad.post(&who, "/swaps", &body);
        if self.did(if wants_trade { "trades" } else { "covers" }, &opened)
            && wants_trade
            && self.dice.roll(3) > 0
        {
            let accepted = self.squad.answer(&other, &opened.json(), "accept");
            self.did("accepted trades", &accepted);
        }
    }

    /// What is open is taken, in whole or in part, declined, or withdrawn.
    fn answer_open(&mut self) {
        let open = self
            .squad
            .get("Ana", "/swaps?state=open&limit=200")
            .expect(200);
        for swap in open["items"].as_array().unwrap() {
            let who = self.somebody();
            match self.dice.roll(6) {
                0 => {
                    let answer = self.squad.answer(who, swap, "decline");
                    self.did("declined", &answer);
                }
                1 => {
                    let giver = swap["person"]["name"].as_str().unwrap();
                    let answer = self.squad.answer(giver, swap, "withdraw");
                    self.did("withdrawn", &answer);
                }
                2 | 3 if swap["kind"] == "cover" => {
                    let at = |end: &str| instant(swap[end].as_str().unwrap());
                    let (start, end) = self.part(at("start").max(self.now), at("end"));
                    let answer = self.squad.take(who, swap, &start, &end);
                    self.did("taken in part", &answer);
                }
                _ => {
                    let answer = self.squad.answer(who, swap, "accept");
                    self.did("taken", &answer);
                }
            }
        }
    }

    /// Some of what was accepted is undone, and then all is as it was before that.
    fn undo_some(&mut self) {
        let accepted = self
            .squad
            .get("Ana", "/swaps?state=accepted&limit=200")
            .expect(200);
        for swap in accepted["items"].as_array().unwrap() {
            if self.dice.roll(12) == 0 {
                let giver = swap["person"]["name"].as_str().unwrap();
                let answer = self.squad.answer(giver, swap, "undo");
                self.did("undone", &answer);
            }
        }
    }

    /// What two agreed on is entered, and sometimes handed back.
    fn agree(&mut self) {
        let (who, start, end) = self.shift();
        let (start, end) = self.part(start, end);
        let to = self.somebody();
        let path = format!("/rotations/{}/overrides", self.rotation);
        let body = json!({ "start": start, "end": end, "person_id": self.squad.id(to) });
        let made = self.squad.post(&who, &path, &body);
        if self.did("agreed", &made) && to != who && self.dice.roll(4) == 0 {
            let path = format!("/overrides/{}", made.json()["id"].as_str().unwrap());
            let back = self.squad.delete(to, &path);
            self.did("handed back", &back);
        }
    }

    /// The manager changes the order, takes somebody out of it, or pauses them.
    fn manage(&mut self) {
        let rotation = format!("/rotations/{}", self.rotation);
        let who = self.somebody();
        let (what, path, body) = match self.dice.roll(3) {
            0 => {
                let mut order = EIGHT.to_vec();
                for index in (1..order.len()).rev() {
                    order.swap(index, self.dice.roll(index + 1));
                }
                (
                    "revisions",
                    "revisions",
                    json!({ "order": self.squad.all(&order) }),
                )
            }
            1 => (
                "taken out",
                "take-out",
                json!({ "person_id": self.squad.id(who) }),
            ),
            _ => {
                let end = text(self.now + TimeDelta::days(40));
                (
                    "pauses",
                    "pause",
                    json!({ "person_id": self.squad.id(who), "end": end }),
                )
            }
        };
        let answer = self.squad.post("Max", &format!("{rotation}/{path}"), &body);
        self.did(what, &answer);
    }

    /// A week passes; what it was is written down.
    fn week(&mut self) {
        let before = self.layer("base", self.now, self.now + TimeDelta::days(90));
        for _ in 0..2 {
            self.go_away();
            self.ask();
            self.agree();
        }
        self.answer_open();
        self.undo_some();
        let after = self.layer("base", self.now, self.now + TimeDelta::days(90));
        assert_eq!(before, after, "the order does not move by any of it");
        if self.dice.roll(4) == 0 {
            self.manage();
        }
        let ahead = self.layer("final", self.now, self.now + TimeDelta::days(90));
        assert_eq!(ahead["gaps"], json!([]), "somebody always has it");
        let end = self.now + TimeDelta::days(7);
        let middle = self.now + TimeDelta::hours(i64::try_from(self.dice.roll(168)).unwrap());
        self.squad.server.clock.set(middle);
        self.answer_open();
        self.squad.server.clock.set(end);
        self.past
            .push(told(&self.layer("final", self.now, end), self.now, end));
        self.now = end;
    }
}

/// Who had the duty from when to when, within a window.
fn told(shifts: &Value, from: DateTime<Utc>, until: DateTime<Utc>) -> Value {
    let mut pieces: Vec<(String, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for shift in shifts["items"].as_array().unwrap() {
        let at = |end: &str| instant(shift[end].as_str().unwrap());
        let name = shift["person"]["name"].as_str().unwrap().to_owned();
        let (start, end) = (at("start").max(from), at("end").min(until));
        match pieces.last_mut() {
            Some(last) if last.0 == name && last.2 == start => last.2 = end,
            _ => pieces.push((name, start, end)),
        }
    }
    json!(pieces)
}

#[test]
fn a_year_of_a_team_of_eight() {
    let mut year = Year::new();
    let begin = year.now;
    for _ in 0..52 {
        year.week();
    }
    for (what, least) in [
        ("covers of an absence", 90),
        ("covers", 30),
        ("trades", 10),
        ("accepted trades", 5),
        ("taken", 20),
        ("taken in part", 20),
        ("declined", 5),
        ("withdrawn", 5),
        ("undone", 2),
        ("agreed", 60),
        ("handed back", 5),
        ("revisions", 1),
        ("taken out", 1),
        ("pauses", 1),
    ] {
        let done = year.done.get(what).copied().unwrap_or_default();
        assert!(done >= least, "{what}: {done}; {:?}", year.done);
    }
    // What was, stays as it was said then.
    for (week, was) in year.past.iter().enumerate() {
        let from = begin + TimeDelta::days(7 * i64::try_from(week).unwrap());
        let until = from + TimeDelta::days(7);
        assert_eq!(
            &told(&year.layer("final", from, until), from, until),
            was,
            "week {week}"
        );
    }
    // The report adds up to the hours of the year, and what one gave another took.
    let squad = &year.squad;
    let archive = format!("/rotations/{}/archive", squad.rotation);
    squad
        .post("Ada", &archive, &json!({ "at": text(begin) }))
        .expect(200);
    let path = format!(
        "/reports/load?team=flags&from={}&until={}",
        text(begin),
        text(year.now)
    );
    let report = squad.server.get(&path).expect(200);
    let seconds = (year.now - begin).num_seconds();
    let figure = |one: &Value, path: &str| one.pointer(path).unwrap().as_i64().unwrap();
    let mut sums = BTreeMap::new();
    for person in report["items"].as_array().unwrap() {
        let [base, carried, given, taken] = [
            "/base/seconds",
            "/final/seconds",
            "/covers/given_seconds",
            "/covers/taken_seconds",
        ]
        .map(|path| {
            let seconds = figure(person, path);
            *sums.entry(path).or_insert(0) += seconds;
            seconds
        });
        assert_eq!(carried, base - given + taken, "{person}");
        assert_eq!(figure(person, "/covers/balance_seconds"), taken - given);
    }
    assert_eq!(sums["/base/seconds"], seconds);
    assert_eq!(sums["/final/seconds"], seconds);
    assert_eq!(sums["/covers/given_seconds"], sums["/covers/taken_seconds"]);
    assert_eq!(figure(&report, "/total/final/seconds"), seconds);
    assert!(sums["/covers/given_seconds"] > seconds / 10, "{sums:?}");
    let clashing = squad
        .server
        .get("/audit?action=swap.accept&limit=200")
        .expect(200);
    assert!(clashing["items"].as_array().unwrap().len() > 50);
}
