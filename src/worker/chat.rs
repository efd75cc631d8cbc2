//! What the chats of teams and rotations are told: handoffs, covers that are looked for, the week ahead.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::handovers::in_window;
use crate::cause::chain;
use crate::clock::new_id;
use crate::domain::chat::{Chat, Place};
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::{PersonId, RotationId, SwapId};
use crate::domain::interval::{FOREVER, Interval, Timestamp};
use crate::domain::notice::short;
use crate::domain::swap::{Offer, State, Swap, Terms};
use crate::domain::team::Team;
use crate::domain::timeline::{Layer, Timeline};
use crate::domain::zone::Zone;
use crate::notify::{Outgoing, tell_chat};
use crate::service::App;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome, Planned};
use crate::storage::swaps::Filter;
use crate::storage::types::Json;
use crate::storage::{StoreError, chats, swaps};

/// What every kind of message begins with.
pub(super) const KIND: &str = "chat.";

/// A handoff is news for so long.
const NEWS: TimeDelta = TimeDelta::hours(1);

/// The week ahead is told so long after the midnight before Monday, on the team's clock, and for so long after that.
const MORNING: TimeDelta = TimeDelta::hours(9);
const MONDAY: TimeDelta = TimeDelta::hours(12);

/// How long it is.
const WEEK: TimeDelta = TimeDelta::days(7);

/// So many covers are looked at.
const MOST: i64 = 1_000;

/// What a message is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum About {
    /// Somebody hands over.
    Handoff(RotationId, Timestamp),
    /// Somebody looks for a cover.
    Cover(SwapId),
    /// The week that begins then.
    Week(Timestamp),
}

/// Everything that the chats are to be told.
pub(super) fn plan(
    app: &App,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Vec<Planned>, StoreError> {
    let (all, open) = app.store.read::<_, StoreError>(|db| {
        let mut all = chats::load(db)?;
        all.retain(|chat| chat.settings.webhook_url.is_some());
        let filter = Filter {
            state: Some((State::Open, now)),
            ..Filter::default()
        };
        let wanted = all.iter().any(|chat| chat.settings.covers);
        let open = if wanted {
            swaps::list(db, &filter, MOST)?
        } else {
            Vec::new()
        };
        Ok((all, open))
    })?;
    Ok(all
        .iter()
        .flat_map(|chat| messages(snapshot, chat, &open, now))
        .collect())
}

fn messages(snapshot: &Snapshot, chat: &Chat, open: &[Swap], now: Timestamp) -> Vec<Planned> {
    let Some((team, timelines)) = told_about(snapshot, chat.place) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let lately = Interval::new(now - NEWS, now + TimeDelta::seconds(1));
    if let Some(lately) = lately.filter(|_| chat.settings.handoffs) {
        for timeline in &timelines {
            let id = timeline.rotation().id;
            for one in in_window(timeline, lately) {
                found.push(planned(
                    chat,
                    About::Handoff(id, one.at),
                    one.at,
                    one.at + NEWS,
                ));
            }
        }
    }
    if chat.settings.covers {
        let ours = |swap: &&Swap| {
            let of_team = timelines
                .iter()
                .any(|one| one.rotation().id == swap.rotation);
            of_team && swap.offer == Offer::Team && matches!(swap.terms, Terms::Cover(_))
        };
        for swap in open.iter().filter(ours) {
            let until = swap.terms.expires_at();
            found.push(planned(chat, About::Cover(swap.id), swap.created_at, until));
        }
    }
    if chat.settings.week_ahead {
        let monday = this_monday(&team.time_zone, now);
        // Of a week in which nobody has anything there is nothing to be said.
        let week = Interval::new(monday, monday + WEEK);
        let has_any = || {
            let mut all = timelines.iter();
            week.is_some_and(|week| all.any(|one| !one.shifts(Layer::Final, week).is_empty()))
        };
        if monday <= now && now < monday + MONDAY && has_any() {
            found.push(planned(chat, About::Week(monday), monday, monday + MONDAY));
        }
    }
    found
}

/// The team, and the rotations, that a chat is told about; `None` where they are gone.
fn told_about(snapshot: &Snapshot, place: Place) -> Option<(&Arc<Team>, Vec<&Arc<Timeline>>)> {
    match place {
        Place::Team(id) => Some((snapshot.team(id)?, snapshot.timelines_in(id).collect())),
        Place::Rotation(id) => {
            let timeline = snapshot.timeline_of(id)?;
            Some((snapshot.team(timeline.rotation().team)?, vec![timeline]))
        }
    }
}

/// The morning of this week's Monday.
fn this_monday(zone: &Zone, now: Timestamp) -> Timestamp {
    let monday = zone.to_local(now).date().week(Weekday::Mon).first_day();
    zone.to_instant(monday.and_time(NaiveTime::MIN) + MORNING)
}

fn planned(chat: &Chat, about: About, due_at: Timestamp, not_after: Timestamp) -> Planned {
    let (kind, what) = match about {
        About::Handoff(rotation, at) => ("handoff", format!("{rotation}/{}", at.timestamp())),
        About::Cover(swap) => ("cover", swap.to_string()),
        About::Week(at) => ("week", at.timestamp().to_string()),
    };
    let rotation = match chat.place {
        Place::Rotation(id) => Some(id),
        Place::Team(_) => None,
    };
    Planned {
        id: new_id().to_string(),
        key: format!("chat/{}/{kind}/{what}", chat.place.id()),
        kind: format!("{KIND}{kind}"),
        person_id: None,
        rotation_id: rotation.map(|id| id.to_string()),
        payload: Json(json!({ "chat": chat.place.id(), "about": about })),
        due_at,
        not_after,
    }
}

/// Posts a message, if it is still true.
pub(super) fn post(app: &App, outgoing: &Outgoing, mail: &Mail, now: Timestamp) -> Outcome {
    let snapshot = app.snapshots.snapshot();
    let about = mail.payload.0.get("about").cloned();
    let Some(about) = about.and_then(|about| serde_json::from_value::<About>(about).ok()) else {
        return Outcome::Refused("it cannot be read".to_owned());
    };
    let id = mail.payload.0.get("chat").and_then(|id| id.as_str());
    let found = app.store.read::<_, StoreError>(|db| {
        let chat = chats::load(db)?
            .into_iter()
            .find(|chat| Some(chat.place.id().as_str()) == id);
        let swap = match about {
            About::Cover(id) => swaps::find(db, id)?,
            _ => None,
        };
        Ok((chat, swap))
    });
    let (chat, swap) = match found {
        Ok(found) => found,
        Err(error) => return Outcome::Failed(chain(&error)),
    };
    let Some((chat, url)) = chat.and_then(|chat| {
        let url = chat.settings.webhook_url.clone()?;
        Some((chat, url))
    }) else {
        return Outcome::Dropped("there is no chat any more");
    };
    let Some(text) = message(&snapshot, &chat, about, swap.as_ref(), now) else {
        return Outcome::Dropped("it is no longer so");
    };
    let text = match about {
        About::Cover(id) => format!("{text}\n{}/swaps/{id}", app.public_url),
        About::Handoff(..) | About::Week(_) => text,
    };
    match tell_chat(outgoing, &url, &text) {
        Ok(()) => Outcome::Sent(mail.payload.clone()),
        Err(error) if error.is_final() => Outcome::Refused(format!("the chat: {error}")),
        Err(error) => Outcome::Failed(format!("the chat: {error}")),
    }
}

/// What is said; `None` where it is no longer so.
fn message(
    snapshot: &Snapshot,
    chat: &Chat,
    about: About,
    swap: Option<&Swap>,
    now: Timestamp,
) -> Option<String> {
    let (team, timelines) = told_about(snapshot, chat.place)?;
    let zone = &team.time_zone;
    let name = |id: PersonId| {
        snapshot
            .person(id)
            .map_or("somebody", |one| one.name.as_str())
    };
    let of = |id| timelines.iter().find(|one| one.rotation().id == id);
    let role = |timeline: &Timeline| format!("{} for {}", timeline.rotation().title, team.name);
    match about {
        About::Handoff(id, at) => {
            let timeline = of(id)?;
            let moment = Interval::new(at, at + TimeDelta::seconds(1))?;
            let one = in_window(timeline, moment).pop()?;
            let (from, to) = (name(one.from), name(one.to));
            Some(format!("{}: {from} hands over to {to}.", role(timeline)))
        }
        About::Cover(_) => {
            let swap = swap.filter(|swap| swap.state_at(now) == State::Open)?;
            let timeline = of(swap.rotation)?;
            let left = swap.left(timeline, now);
            let first = *left.as_slice().first()?;
            let is_taken_in_part = swap.taken(timeline.overrides()).next().is_some();
            let given = if is_taken_in_part {
                first
            } else {
                swap.terms.given()
            };
            let note = swap.note.as_ref().map(|note| format!("\n{note}"));
            Some(format!(
                "{}: {} is looking for somebody to take over from {} until {} ({}).{}",
                role(timeline),
                name(swap.giver),
                short(given.start(), zone),
                short(given.end(), zone),
                zone.name(),
                note.unwrap_or_default()
            ))
        }
        About::Week(monday) => {
            let week = Interval::new(monday, monday + WEEK)?;
            let lines: Vec<String> = timelines
                .iter()
                .filter_map(|timeline| {
                    let shifts = timeline.shifts(Layer::Final, week);
                    let turns: Vec<String> = crate::domain::runs::runs(shifts)
                        .iter()
                        .map(|run| until(name(run.first.person), run.whole(), week, zone))
                        .collect();
                    (!turns.is_empty())
                        .then(|| format!("• {}: {}", role(timeline), turns.join(", then ")))
                })
                .collect();
            (!lines.is_empty()).then(|| {
                let title = format!("The week ahead (times are {}):", zone.name());
                format!("{title}\n{}", lines.join("\n"))
            })
        }
    }
}

/// Somebody, and until when, where that is within the week.
fn until(name: &str, whole: Interval, week: Interval, zone: &Zone) -> String {
    if whole.end() < week.end() && whole.end() < FOREVER {
        format!("{name} until {}", short(whole.end(), zone))
    } else {
        name.to_owned()
    }
}
