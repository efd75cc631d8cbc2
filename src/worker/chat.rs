//! What the chats of teams and rotations are told: handoffs, covers that are looked for, the week ahead.

use chrono::{NaiveTime, TimeDelta, Weekday};
use serde_json::json;

use super::deliver::payload;
use super::handovers::in_window;
use crate::cause::chain;
use crate::clock::new_id;
use crate::domain::notifications::chat::{Chat, Place};
use crate::domain::notifications::message::MessageKind;
use crate::domain::schedule::timeline::Layer;
use crate::domain::swaps::{Offer, State, Swap, Terms};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::notify::{Outgoing, tell_chat};
use crate::service::App;
use crate::service::messages::chat::{self as message, About, Payload, WEEK, told_about};
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome, Planned};
use crate::storage::swaps::Filter;
use crate::storage::{StoreError, chats, swaps};

/// A handoff is news for so long.
const NEWS: TimeDelta = TimeDelta::hours(1);

/// The week ahead is told so long after the midnight before Monday, on the team's clock, and for so long after that.
const MORNING: TimeDelta = TimeDelta::hours(9);
const MONDAY: TimeDelta = TimeDelta::hours(12);

/// So many covers are looked at.
const MOST: i64 = 1_000;

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
    if chat.settings.handoffs {
        let lately = Interval::second_at(now).widened(NEWS, TimeDelta::zero());
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
        let week = Interval::from_start_and_duration(monday, WEEK);
        let has_any = || {
            let mut all = timelines.iter();
            all.any(|one| !one.shifts(Layer::Final, week).is_empty())
        };
        if monday <= now && now < monday + MONDAY && has_any() {
            found.push(planned(chat, About::Week(monday), monday, monday + MONDAY));
        }
    }
    found
}

/// The morning of this week's Monday.
fn this_monday(zone: &Zone, now: Timestamp) -> Timestamp {
    let monday = zone.to_local(now).date().week(Weekday::Mon).first_day();
    zone.to_instant(monday.and_time(NaiveTime::MIN) + MORNING)
}

fn planned(chat: &Chat, about: About, due_at: Timestamp, not_after: Timestamp) -> Planned {
    let (kind, name, what) = match about {
        About::Handoff(rotation, at) => (
            MessageKind::ChatHandoff,
            "handoff",
            format!("{rotation}/{}", at.timestamp()),
        ),
        About::Cover(swap) => (MessageKind::ChatCover, "cover", swap.to_string()),
        About::Week(at) => (MessageKind::ChatWeek, "week", at.timestamp().to_string()),
    };
    let rotation = match chat.place {
        Place::Rotation(id) => Some(id),
        Place::Team(_) => None,
    };
    let place = chat.place.id();
    Planned {
        id: new_id().to_string(),
        key: format!("chat/{place}/{name}/{what}"),
        kind: kind.into(),
        person_id: None,
        rotation_id: rotation,
        payload: json!(Payload { chat: place, about }),
        due_at,
        not_after,
    }
}

/// Posts a message, if it is still true.
pub(super) fn post(app: &App, outgoing: &Outgoing, mail: &Mail, now: Timestamp) -> Outcome {
    let snapshot = app.snapshots.snapshot();
    let Payload { chat: id, about } = match payload(mail) {
        Ok(payload) => payload,
        Err(outcome) => return outcome,
    };
    let found = app.store.read::<_, StoreError>(|db| {
        let chat = chats::load(db)?
            .into_iter()
            .find(|chat| chat.place.id() == id);
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
    let text = message::text(
        &app.public_url,
        &snapshot,
        chat.place,
        about,
        swap.as_ref(),
        now,
    );
    let Some(text) = text else {
        return Outcome::Dropped("it is no longer so");
    };
    match tell_chat(outgoing, &url, &text) {
        Ok(()) => Outcome::Sent(mail.payload.clone()),
        Err(error) if error.is_final() => Outcome::Refused(format!("the chat: {error}")),
        Err(error) => Outcome::Failed(format!("the chat: {error}")),
    }
}
