//! Every state, every action, everybody.

use std::cell::Cell;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;

use super::squad::Squad;
use crate::harness::server::{instant, send};

const STATES: [&str; 6] = [
    "open",
    "accepted",
    "declined",
    "withdrawn",
    "undone",
    "expired",
];

const ACTIONS: [&str; 4] = ["accept", "decline", "withdraw", "undo"];

/// What is asked for, by Ana.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    CoverByTheTeam,
    CoverByBo,
    TradeWithBo,
}

/// Whoever may do it at all, whatever the state.
fn may(who: &str, action: &str, kind: Kind, state: &str) -> bool {
    let to_team = kind == Kind::CoverByTheTeam;
    match action {
        "accept" => matches!(who, "Bo" | "Ada") || to_team && matches!(who, "Cy" | "Max"),
        "decline" => who == "Bo" || to_team && matches!(who, "Cy" | "Max"),
        "withdraw" => matches!(who, "Ana" | "Max" | "Ada"),
        _ => matches!(who, "Ana" | "Max" | "Ada") || who == "Bo" && state == "accepted",
    }
}

/// The state that comes of it; `None` where the state does not allow it.
fn becomes(who: &str, action: &str, kind: Kind, state: &str) -> Option<&'static str> {
    match (action, state) {
        // It is another's time that an administrator would have to give.
        ("accept", "open") => (kind != Kind::TradeWithBo || who == "Bo").then_some("accepted"),
        ("decline", "open") if kind == Kind::CoverByTheTeam => Some("open"),
        ("decline", "open") => Some("declined"),
        ("withdraw", "open") => Some("withdrawn"),
        ("undo", "accepted") => Some("undone"),
        _ => None,
    }
}

struct Bench {
    squad: Squad,
    slots: Cell<i64>,
}

impl Bench {
    /// Half an hour, another one each time.
    fn slot(&self, from: &str) -> [String; 2] {
        let number = self.slots.get();
        self.slots.set(number + 1);
        let start = instant(from) + TimeDelta::minutes(30 * number);
        [start, start + TimeDelta::minutes(30)]
            .map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    fn opened(&self, kind: Kind, from: &str) -> Value {
        let [start, end] = self.slot(from);
        let squad = &self.squad;
        let body = match kind {
            Kind::CoverByTheTeam => squad.cover(&start, &end, &[]),
            Kind::CoverByBo => squad.cover(&start, &end, &["Bo"]),
            Kind::TradeWithBo => {
                let [first, last] = self.slot("2026-03-30T10:00:00Z");
                squad.trade([&start, &end], [&first, &last], "Bo")
            }
        };
        squad.open("Ana", &body)
    }

    /// A swap of Ana's that is in this state.
    fn in_state(&self, kind: Kind, state: &str) -> Value {
        let swap = self.opened(kind, "2026-03-23T10:00:00Z");
        let squad = &self.squad;
        let done = |who: &str, action: &str| squad.answer(who, &swap, action).expect(200);
        match state {
            "accepted" => done("Bo", "accept"),
            "declined" => done("Bo", "decline"),
            "withdrawn" => done("Ana", "withdraw"),
            "undone" => {
                done("Bo", "accept");
                done("Ana", "undo")
            }
            _ => swap,
        }
    }

    /// Everybody tries everything; a swap that is changed by it is replaced by another.
    fn try_all(&self, kind: Kind, state: &str, first: Value, another: impl Fn() -> Value) {
        let reading = self.squad.reading_token("Ana");
        let mut swap = first;
        for action in ACTIONS {
            for who in ["Ana", "Bo", "Cy", "Max", "Sam", "Vic", "Ada"] {
                let answer = self.squad.answer(who, &swap, action);
                let what = format!("{who}: {action}, {kind:?}, {state}: {}", answer.text);
                if !may(who, action, kind, state) {
                    assert_eq!(answer.status, 403, "{what}");
                    continue;
                }
                let Some(expected) = becomes(who, action, kind, state) else {
                    assert_eq!(answer.status, 409, "{what}");
                    continue;
                };
                assert_eq!(answer.status, 200, "{what}");
                assert_eq!(answer.json()["state"], expected, "{what}");
                assert_eq!(self.squad.swap(&swap)["state"], expected, "{what}");
                swap = another();
            }
            let path = format!("/swaps/{}/{action}", swap["id"].as_str().unwrap());
            let server = &self.squad.server;
            send(server.with_token(&reading, Method::POST, &path)).problem(403);
            let bare = server.bare(Method::POST, &format!("/api/v1{path}"));
            send(bare).problem(401);
        }
        let found = self.squad.swap(&swap);
        assert_eq!(found["state"], state, "what was refused changed nothing");
        assert_eq!(found["version"], swap["version"]);
    }
}

#[test]
fn every_state_every_action_every_role() {
    let bench = Bench {
        squad: Squad::new(),
        slots: Cell::new(0),
    };
    let base = bench.squad.timeline(&bench.squad.rotation, "base");
    let kinds = [Kind::CoverByTheTeam, Kind::CoverByBo, Kind::TradeWithBo];
    for kind in kinds {
        for state in STATES {
            // An offer to the team is never declined as a whole; time is for the last.
            if state == "expired" || state == "declined" && kind == Kind::CoverByTheTeam {
                continue;
            }
            let another = || bench.in_state(kind, state);
            bench.try_all(kind, state, another(), another);
        }
    }
    let soon = kinds.map(|kind| {
        bench.slots.set(0);
        bench.opened(kind, "2026-03-02T10:00:00Z")
    });
    bench.squad.server.at("2026-03-02T12:00:00Z");
    for (kind, swap) in kinds.into_iter().zip(soon) {
        let expired = bench.squad.swap(&swap);
        assert_eq!(expired["state"], "expired");
        bench.try_all(kind, "expired", expired, || {
            unreachable!("it stays expired")
        });
    }
    assert_eq!(bench.squad.timeline(&bench.squad.rotation, "base"), base);
}
