//! Zone, hours and holidays that are planned for later, when something else changes before.

use super::build::{at, hours, person};
use crate::people::person::{Person, Profile};
use crate::time::hours::WeeklyHours;
use crate::time::zone::Zone;

/// What is in force from each of these days on, as it was recorded last.
fn shown(person: &Person, days: &[&str]) -> Vec<String> {
    let shown = days.iter().map(|day| {
        let profile = person
            .profile(at(&format!("2026-{day}T12:00:00Z")))
            .unwrap();
        let hours = serde_json::to_value(&profile.working_hours).unwrap();
        let start = hours[0]["start"].as_str().unwrap_or("never").to_owned();
        format!("{day} {} {start}", profile.time_zone)
    });
    shown.collect()
}

/// Has `change` hold from a day on; how many versions that takes.
fn change(person: &mut Person, day: &str, recorded: &str, change: impl Fn(&mut Profile)) -> usize {
    let from = at(&format!("2026-{day}T00:00:00Z"));
    let old = person.profile(from).unwrap().clone();
    let mut wanted = Profile {
        effective_from: Some(from),
        recorded_at: Some(at(&format!("2026-{recorded}T00:00:00Z"))),
        ..old.clone()
    };
    change(&mut wanted);
    let made = person.changed(&old, wanted);
    let count = made.len();
    person.profiles.extend(made);
    count
}

fn moves(zone: &str) -> impl Fn(&mut Profile) {
    let zone = Zone::parse(zone).unwrap();
    move |profile: &mut Profile| profile.time_zone = zone.clone()
}

fn works(start: &str) -> impl Fn(&mut Profile) {
    let hours = hours(start, "18:00");
    move |profile: &mut Profile| profile.working_hours = hours.clone()
}

const DAYS: [&str; 4] = ["01-15", "03-15", "07-15", "09-15"];

#[test]
fn what_changes_now_goes_on_after_what_is_planned() {
    let mut ana = person('A', "Europe/London", hours("09:00", "17:00"));
    assert_eq!(
        change(&mut ana, "07-01", "01-10", moves("America/New_York")),
        1
    );
    assert_eq!(change(&mut ana, "09-01", "01-11", works("11:00")), 1);
    // New hours from February on are those of New York, too, until the next that are planned.
    assert_eq!(change(&mut ana, "02-01", "01-12", works("07:00")), 2);
    assert_eq!(
        shown(&ana, &DAYS),
        [
            "01-15 Europe/London 09:00",
            "03-15 Europe/London 07:00",
            "07-15 America/New_York 07:00",
            "09-15 America/New_York 11:00"
        ]
    );
    // Who goes to Paris before goes to New York all the same.
    assert_eq!(change(&mut ana, "03-01", "01-13", moves("Europe/Paris")), 1);
    assert_eq!(
        shown(&ana, &DAYS)[1..3],
        ["03-15 Europe/Paris 07:00", "07-15 America/New_York 07:00"]
    );
    // What was known before is as it was, and of what is planned each instant is there once.
    let known = ana.profile_at(at("2026-07-15T12:00:00Z"), at("2026-01-11T12:00:00Z"));
    assert_eq!(known.unwrap().working_hours, hours("09:00", "17:00"));
    let planned = ana.upcoming(at("2026-01-15T00:00:00Z"));
    let from: Vec<_> = planned
        .iter()
        .filter_map(|one| one.effective_from)
        .collect();
    assert_eq!(
        from,
        ["02-01", "03-01", "07-01", "09-01"].map(|day| at(&format!("2026-{day}T00:00:00Z")))
    );
}

#[test]
fn what_is_planned_becomes_another_by_the_same_day() {
    let mut ana = person('A', "Europe/London", hours("09:00", "17:00"));
    change(&mut ana, "07-01", "01-10", moves("America/New_York"));
    assert_eq!(change(&mut ana, "07-01", "01-11", moves("Asia/Tokyo")), 1);
    assert_eq!(shown(&ana, &["07-15"]), ["07-15 Asia/Tokyo 09:00"]);
    assert_eq!(ana.upcoming(at("2026-01-15T00:00:00Z")).len(), 1);
    // Saying the same again changes nothing, nor does never working less than never.
    assert_eq!(change(&mut ana, "08-01", "01-12", moves("Asia/Tokyo")), 0);
    let never = |profile: &mut Profile| profile.working_hours = WeeklyHours(Vec::new());
    assert_eq!(change(&mut ana, "03-01", "01-13", never), 2);
    assert_eq!(change(&mut ana, "04-01", "01-14", never), 0);
    assert_eq!(shown(&ana, &["07-15"]), ["07-15 Asia/Tokyo never"]);
}
