//! Many at once: one acceptance, no time lost, no time given twice. On PostgreSQL two replicas are asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use reqwest::Method;
use serde_json::{Value, json};

use super::squad::Squad;
use crate::harness::Server;
use crate::harness::server::{Answer, send};

const CROWD: [&str; 5] = ["Di", "Ed", "Flo", "Gus", "Hal"];

/// Another replica, where the database allows one.
fn replica(squad: &Squad) -> Option<Server> {
    let database = Arc::clone(&squad.server.database);
    database.address()?;
    Some(Server::start_on(database, &[]))
}

/// Sends all requests at the same moment.
fn at_once(
    squad: &Squad,
    replica: Option<&Server>,
    asked: &[(&str, String, Value)],
) -> Vec<Answer> {
    let together = Barrier::new(asked.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = asked
            .iter()
            .enumerate()
            .map(|(index, (who, path, body))| {
                let together = &together;
                scope.spawn(move || {
                    let request = match replica.filter(|_| index % 2 == 1) {
                        None => squad.request(who, Method::POST, path),
                        Some(other) => other.with_token(squad.token_of(who), Method::POST, path),
                    };
                    together.wait();
                    send(request.json(body))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn count(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut found = BTreeMap::new();
    for answer in answers {
        assert!(
            matches!(answer.status, 200 | 201 | 403 | 409),
            "{}",
            answer.text
        );
        *found.entry(answer.status).or_default() += 1;
    }
    found
}

#[test]
fn of_many_who_accept_at_once_one_does() {
    let squad = Squad::with(&CROWD);
    let other = replica(&squad);
    let everybody: Vec<&str> = CROWD.iter().chain(&["Bo", "Cy", "Max"]).copied().collect();
    for day in 3..8 {
        let (start, end) = (
            format!("2026-03-{day:02}T00:00:00Z"),
            format!("2026-03-{:02}T00:00:00Z", day + 1),
        );
        let swap = squad.open("Ana", &squad.cover(&start, &end, &[]));
        let path = format!("/swaps/{}/accept", swap["id"].as_str().unwrap());
        let asked: Vec<_> = everybody
            .iter()
            .map(|who| (*who, path.clone(), json!({})))
            .collect();
        let answers = at_once(&squad, other.as_ref(), &asked);
        assert_eq!(
            count(&answers),
            BTreeMap::from([(200, 1), (409, everybody.len() - 1)])
        );
        let found = squad.swap(&swap);
        assert_eq!(found["state"], "accepted");
        assert_eq!(found["version"], 2);
        let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(winner.json()["taken"], found["taken"]);
        assert_eq!(found["taken"].as_array().unwrap().len(), 1);
    }
    assert_eq!(squad.overrides(&squad.rotation).len(), 5);
}

#[test]
fn of_overlapping_parts_no_hour_is_taken_twice() {
    let squad = Squad::with(&CROWD);
    let other = replica(&squad);
    let swap = squad.open(
        "Ana",
        &squad.cover("2026-03-03T00:00:00Z", "2026-03-08T00:00:00Z", &[]),
    );
    let path = format!("/swaps/{}/accept", swap["id"].as_str().unwrap());
    let asked: Vec<_> = CROWD
        .iter()
        .enumerate()
        .map(|(index, who)| {
            let part = json!({
                "start": format!("2026-03-{:02}T00:00:00Z", 3 + index.min(3)),
                "end": format!("2026-03-{:02}T00:00:00Z", 5 + index.min(3)),
            });
            (*who, path.clone(), part)
        })
        .collect();
    let answers = at_once(&squad, other.as_ref(), &asked);
    let won = count(&answers)[&200];
    let found = squad.swap(&swap);
    let taken = found["taken"].as_array().unwrap();
    assert_eq!(taken.len(), won);
    let mut spans: Vec<_> = taken
        .iter()
        .map(|one| (one["start"].as_str(), one["end"].as_str()))
        .collect();
    spans.sort_unstable();
    assert!(
        spans.windows(2).all(|two| two[0].1 <= two[1].0),
        "{spans:?}"
    );
    let rest = squad.answer("Bo", &swap, "accept").expect(200);
    assert_eq!(rest["state"], "accepted");
    let gaps = &squad.timeline(&squad.rotation, "final")["gaps"];
    assert_eq!(gaps[0]["reason"], "not_started");
    assert_eq!(gaps.as_array().unwrap().len(), 1);
}

#[test]
fn whatever_happens_at_once_the_time_on_duty_stays_whole() {
    let squad = Squad::with(&CROWD);
    let other = replica(&squad);
    let base = squad.timeline(&squad.rotation, "base");
    let mut seen = BTreeMap::new();
    for round in 0..6 {
        let day = 3 + round;
        let (start, end) = (
            format!("2026-03-{day:02}T00:00:00Z"),
            format!("2026-03-{:02}T00:00:00Z", day + 1),
        );
        let open = |body: &Value| squad.open("Ana", body)["id"].as_str().unwrap().to_owned();
        let cover = open(&squad.cover(&start, &end, &[]));
        let trade = open(&squad.trade(
            [&start, &end],
            [
                &format!("2026-03-{:02}T11:00:00Z", 9 + round),
                &format!("2026-03-{:02}T12:00:00Z", 9 + round),
            ],
            "Bo",
        ));
        let agreed = json!({ "start": start, "end": end, "person_id": squad.id("Cy") });
        let swap = |id: &str, action: &str| format!("/swaps/{id}/{action}");
        let asked = [
            ("Di", swap(&cover, "accept"), json!({})),
            ("Bo", swap(&trade, "accept"), json!({})),
            (
                "Ana",
                format!("/rotations/{}/overrides", squad.rotation),
                agreed,
            ),
            ("Ed", swap(&cover, "accept"), json!({})),
            ("Ana", swap(&cover, "withdraw"), json!(null)),
            ("Di", swap(&cover, "undo"), json!(null)),
        ];
        let answers = at_once(&squad, other.as_ref(), &asked);
        count(&answers);
        for (answer, (who, path, _)) in answers.iter().zip(&asked) {
            let action = path.rsplit('/').next().unwrap();
            *seen
                .entry((*who, action.to_owned(), answer.status))
                .or_insert(0) += 1;
        }
        // Whoever has it, it is one person, and each swap says what became of it.
        let shifts = squad.shifts(&squad.rotation, &start, &end);
        assert_eq!(shifts.len(), 1, "{shifts:?}");
        for id in [cover, trade] {
            let swap = squad.server.get(&format!("/swaps/{id}")).expect(200);
            let taken = swap["taken"].as_array().unwrap().len();
            let expected = match (
                swap["state"].as_str().unwrap(),
                swap["kind"].as_str().unwrap(),
            ) {
                ("accepted", "trade") => 2,
                ("accepted", _) => 1,
                _ => 0,
            };
            assert_eq!(taken, expected, "{swap}");
        }
    }
    assert_eq!(squad.timeline(&squad.rotation, "base"), base);
    let after = squad.timeline(&squad.rotation, "final");
    assert_eq!(after["gaps"].as_array().unwrap().len(), 1, "{seen:?}");
}
