//! Digests: what is wrong ahead is told to the managers of a team, once, and again as it nears.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::mailbox::{Mailed, mailed, pass};
use crate::harness::server::send;

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Ana and Bo take weekly turns from 2 March 10:00 on; the managers only look after them.
struct LockedRotation {
    server: Server,
    managers: Vec<String>,
    people: Vec<String>,
    rotation: String,
}

impl LockedRotation {
    fn new(managers: &[&str]) -> Self {
        let server = Server::start_still(&[]);
        let person = |name: &&str| {
            let body = json!({
                "name": name, "email": format!("{name}@example.com"), "time_zone": "Europe/London",
            });
            id(&server.post("/people", &body).expect(201))
        };
        let managers: Vec<String> = managers.iter().map(person).collect();
        let people: Vec<String> = ["Ana", "Bo"].iter().map(person).collect();
        let members: Vec<&String> = managers.iter().chain(&people).collect();
        let team = json!({
            "slug": "flags", "name": "Flags", "time_zone": "Europe/London",
            "members": members, "managers": managers,
        });
        server.post("/teams", &team).expect(201);
        let rotation = json!({
            "name": "hero", "title": "Support Hero", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": { "start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY" }, "order": people,
        });
        let rotation = id(&server.post("/teams/flags/rotations", &rotation).expect(201));
        Self {
            server,
            managers,
            people,
            rotation,
        }
    }

    /// Nobody has it for a while.
    fn gap(&self, start: &str, end: &str) -> String {
        let nobody = json!({ "start": start, "end": end, "person_id": null });
        let path = format!("/rotations/{}/overrides", self.rotation);
        id(&self.server.post(&path, &nobody).expect(201))
    }

    /// Bo is away on a day.
    fn away(&self, day: &str) {
        let off = json!({ "first_day": day, "last_day": day });
        let path = format!("/people/{}/time-off", self.people[1]);
        self.server.post(&path, &off).expect(201);
    }

    /// Every digest, after what a program that has just started does.
    fn digests(&self) -> Vec<Mailed> {
        pass(&self.server, &self.server.another_worker());
        let mut all = mailed(&self.server);
        all.retain(|mail| mail.whole.contains("gaps, clashes and open handovers"));
        all.retain(|mail| !mail.subject.contains("left open"));
        all
    }

    /// The only digest that is new.
    #[track_caller]
    fn new_one(&self, known: &mut Vec<Mailed>) -> Mailed {
        // The second time nothing is new.
        self.digests();
        let all = self.digests();
        let is_new = |mail: &&Mailed| known.iter().all(|old| old.whole != mail.whole);
        let new: Vec<&Mailed> = all.iter().filter(is_new).collect();
        let [new] = new.as_slice() else {
            panic!("{} are new: {new:?}", new.len());
        };
        let new = (*new).clone();
        *known = all;
        new
    }
}

#[test]
fn trouble_is_told_at_work_once_and_again_as_it_nears() {
    let locked_rotation = LockedRotation::new(&["Mia"]);
    let server = &locked_rotation.server;
    server.at("2026-03-03T03:00:00Z");
    let gap = locked_rotation.gap("2026-03-16T10:00:00Z", "2026-03-18T10:00:00Z");
    locked_rotation.away("2026-03-24");
    let mut known = locked_rotation.digests();
    assert!(known.is_empty(), "nobody is woken: {known:?}");
    server.at("2026-03-03T09:00:00Z");
    let first = locked_rotation.new_one(&mut known);
    assert!(first.to.contains("Mia"), "{}", first.to);
    assert_eq!(
        first.subject,
        "Flags: 1 clash and 1 gap ahead, first nobody is Support Hero from Mon 16 Mar 10:00"
    );
    for part in [
        "hero: nobody is Support Hero from Mon 16 Mar 10:00 until Wed 18 Mar 10:00:",
        "hero: Bo is Support Hero and away from Tue 24 Mar 00:00 until Wed 25 Mar 00:00:",
        "  - Ana could: at work for 8 h of it",
        "Europe/London",
        &format!("{}/ahead?team=flags", server.url),
        "Stop mails about gaps, clashes and open handovers",
    ] {
        assert!(first.whole.contains(part), "{part} in {}", first.whole);
    }

    // What is new is told by itself.
    server.at("2026-03-04T10:00:00Z");
    locked_rotation.away("2026-03-27");
    let second = locked_rotation.new_one(&mut known);
    assert_eq!(
        second.subject,
        "Flags: Bo is Support Hero and away from Fri 27 Mar 00:00"
    );
    // So is what nears: within a week, and, as that is on a Saturday, on the Monday of the gap.
    server.at("2026-03-09T09:59:59Z");
    assert_eq!(locked_rotation.digests().len(), known.len());
    server.at("2026-03-09T10:00:00Z");
    let week = locked_rotation.new_one(&mut known);
    assert_eq!(
        week.subject,
        "Flags: nobody is Support Hero from Mon 16 Mar 10:00"
    );
    assert!(
        week.whole.contains("10:00, within a week:"),
        "{}",
        week.whole
    );
    server.at("2026-03-14T12:00:00Z");
    assert_eq!(locked_rotation.digests().len(), known.len());
    let waits = server.get("/outbox?state=pending").expect(200);
    let waits = waits["items"].as_array().unwrap().iter();
    let mut waits = waits.filter(|mail| mail["kind"] == "digest");
    assert_eq!(waits.next().unwrap()["due_at"], "2026-03-16T09:00:00Z");
    // By then it is mended.
    server.delete(&format!("/overrides/{gap}"));
    server.at("2026-03-16T09:00:00Z");
    assert_eq!(locked_rotation.digests().len(), known.len());
    let dropped = server.get("/outbox?state=dropped").expect(200);
    let dropped = dropped["items"].as_array().unwrap().iter();
    let mut dropped = dropped.filter(|mail| mail["kind"] == "digest");
    let why = dropped.next().unwrap()["last_error"].clone();
    assert_eq!(why, "it is mended, or another digest has it");
}

#[test]
fn who_does_not_want_digests_gets_none_and_all_that_is_ahead_when_they_do() {
    let locked_rotation = LockedRotation::new(&["Mia"]);
    let path = format!("/people/{}/preferences", locked_rotation.managers[0]);
    let digests = |wanted: bool| {
        let body = json!({ "digests": wanted });
        send(
            locked_rotation
                .server
                .request(Method::PUT, &path)
                .json(&body),
        )
        .expect(200)
    };
    digests(false);
    locked_rotation.gap("2026-03-16T10:00:00Z", "2026-03-18T10:00:00Z");
    assert!(locked_rotation.digests().is_empty());
    digests(true);
    assert_eq!(locked_rotation.digests().len(), 1);
    digests(false);
    locked_rotation.away("2026-03-24");
    digests(true);
    assert_eq!(locked_rotation.digests().len(), 2);
}

#[test]
fn replicas_tell_each_manager_once() {
    let names = ["Mia", "Max", "Moe", "Mei", "May"];
    let locked_rotation = LockedRotation::new(&names);
    for round in 1..=2 {
        locked_rotation.away(&format!("2026-03-1{round}"));
        let workers = [(); 2].map(|()| locked_rotation.server.another_worker());
        std::thread::scope(|scope| {
            for worker in &workers {
                scope.spawn(|| worker.pass(|| false).unwrap());
            }
        });
        let all = locked_rotation.digests();
        for name in names {
            let hers = all.iter().filter(|mail| mail.to.contains(name));
            assert_eq!(hers.count(), round, "{name}");
        }
        assert_eq!(all.len(), round * names.len());
    }
}
