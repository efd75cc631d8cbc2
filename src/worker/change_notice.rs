//! What services queued for people: it is sent as it was written, where that is still so.

use chrono::TimeDelta;

use super::deliver::payload;
use crate::domain::access::link::{Step, SwapStep};
use crate::domain::ids::{PersonId, SwapId};
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::{Block, News, Notice};
use crate::domain::reminders::when_at_work;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::swaps::{State, Swap, Terms, time_of};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::service::App;
use crate::service::outbox::NEWS;
use crate::snapshot::Snapshot;
use crate::storage::outbox::{Mail, Outcome};
use crate::storage::{StoreError, swaps};

/// A mail that leaves so long after it was due is late.
const LATE: TimeDelta = TimeDelta::hours(1);

/// What a mail says, if there is use for it now.
pub(super) fn notice(
    app: &App,
    snapshot: &Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Notice, Outcome> {
    let notice: Notice = payload(mail)?;
    let timeline = mail.rotation_id.and_then(|id| snapshot.timeline_of(id));
    let (Some(timeline), Some(person)) = (timeline, mail.person_id) else {
        return Ok(notice);
    };
    let begins = match mail.kind.known() {
        Some(MessageKind::OverrideGiven) => given(mail, timeline, person, now)?,
        Some(MessageKind::SwapOffered) => match swap_of(&notice) {
            Some(swap) => Some(offered(app, swap, timeline, person, now)?),
            None => None,
        },
        _ => None,
    };
    match by_day(snapshot, mail, person, begins, now) {
        Some(morning) => Err(Outcome::Postponed(morning)),
        None => Ok(notice),
    }
}

/// When an override that is still theirs, or some of it, begins.
fn given(
    mail: &Mail,
    timeline: &Timeline,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<Timestamp>, Outcome> {
    let news = mail.payload.get(NEWS).cloned();
    // What no version of this program wrote promises nothing.
    let news: Option<News> = news.and_then(|news| serde_json::from_value(news).ok());
    let has = news.map(|news| news.has()).unwrap_or_default();
    let theirs = |piece: &Interval| {
        let ahead = piece.ahead(now);
        ahead.is_some_and(|ahead| !time_of(timeline, person, ahead).is_empty())
    };
    if has.is_empty() || has.iter().any(theirs) {
        Ok(has.first().map(Interval::start))
    } else {
        Err(Outcome::Dropped("it is no longer theirs"))
    }
}

/// The swap that a mail offers, which its button accepts.
fn swap_of(notice: &Notice) -> Option<SwapId> {
    let steps = notice.blocks.iter().filter_map(|block| match block {
        Block::Steps(offers) => Some(offers),
        _ => None,
    });
    steps.flatten().find_map(|offer| match offer.step {
        Step::Swap(swap, SwapStep::Accept) => Some(swap),
        _ => None,
    })
}

/// When what they are asked to take begins.
fn offered(
    app: &App,
    id: SwapId,
    timeline: &Timeline,
    person: PersonId,
    now: Timestamp,
) -> Result<Timestamp, Outcome> {
    let found = app
        .store
        .read(|db| swaps::find(db, id))
        .map_err(|error: StoreError| Outcome::Failed(error.to_string()))?;
    let swap = found
        .filter(|swap| swap.state_at(now) == State::Open)
        .ok_or(Outcome::Dropped("nobody is asked any more"))?;
    if swap.declined.contains(&person) {
        return Err(Outcome::Dropped("they have said no already"));
    }
    if can_be_taken(&swap, timeline, person, now) {
        Ok(swap.terms.given().start())
    } else {
        Err(Outcome::Dropped("nothing of it is left to be taken"))
    }
}

fn can_be_taken(swap: &Swap, timeline: &Timeline, by: PersonId, now: Timestamp) -> bool {
    match swap.terms {
        Terms::Cover(_) => !swap.left(timeline, now).is_empty(),
        Terms::Trade { .. } => {
            let checked = swap.terms.check(timeline, swap.giver, Some(by), now);
            checked.is_ok()
        }
    }
}

/// When they are at work again, where they were when the mail was due and it could not leave, and that is early enough:
/// before what it is about begins, or is over.
fn by_day(
    snapshot: &Snapshot,
    mail: &Mail,
    person: PersonId,
    begins: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let person = snapshot.person(person)?;
    let due = mail.due_at;
    if now - due < LATE || person.available_at(due, now).is_none() {
        return None;
    }
    let latest = begins.unwrap_or(mail.not_after);
    let morning = when_at_work(person, due, latest, now);
    (now < morning && morning < latest).then_some(morning)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mail as the outbox has it since November 2026.
    const OFFERED: &str = r#"{
        "subject": "Can you take over Hero for Flags from Ana on Wed 4 Mar 10:00?",
        "topic": "requests",
        "blocks": [
            { "text": "Ana asks you to take over as Hero for Flags:" },
            { "facts": [["from", "Wednesday 4 March 2026, 10:00"], ["times are", "Europe/London"]] },
            { "quote": ["They write", "Dentist"] },
            { "steps": [
                { "label": "Take it over", "until": "2026-03-05T00:00:00Z",
                  "step": { "swap": ["01a1ff3f-73be-747b-985a-000000000001", "accept"] } },
                { "label": "Say no", "until": "2026-03-05T00:00:00Z",
                  "step": { "swap": ["01a1ff3f-73be-747b-985a-000000000001", "decline"] } }
            ] },
            { "pages": [["See the request", "/swaps/01a1ff3f-73be-747b-985a-000000000001"]] }
        ],
        "entries": [],
        "in_reply_to": "swap-01a1ff3f-73be-747b-985a-000000000001"
    }"#;

    #[test]
    fn a_mail_that_was_queued_earlier_names_the_swap_that_it_offers() {
        let notice: Notice = serde_json::from_str(OFFERED).unwrap();
        let swap = "01a1ff3f-73be-747b-985a-000000000001".parse().unwrap();
        assert_eq!(swap_of(&notice), Some(swap));
    }
}
