//! What people are told about overrides: whoever takes over, and, when it is handed back or ended, those whose time
//! it is again.

use std::collections::BTreeMap;

use crate::UnitOfWork;
use crate::domain::ids::PersonId;
use crate::domain::interval::IntervalSet;
use crate::domain::link::Step;
use crate::domain::notice::{Block, News, Offer, short};
use crate::domain::overrides::Override;
use crate::domain::preferences::Topic;
use crate::domain::swap::time_of;
use crate::domain::timeline::{Layer, Timeline};
use crate::locked_rotation::LockedRotation;
use crate::post::{ChangeNotifier, MessageMeta, MessageText};
use crate::{Error, outbox};

/// The key of the mail to whoever takes over.
fn key(one: &Override) -> String {
    format!("override/{}/given", one.id)
}

/// What holds the mails about it together.
fn thread(one: &Override) -> String {
    format!("override-{}", one.id)
}

/// Where there is more to see.
fn page(locked_rotation: &LockedRotation) -> Block {
    let rotation = format!("/rotations/{}", locked_rotation.rotation.id);
    Block::Pages(vec![("See who has which shift".to_owned(), rotation)])
}

/// Tells whoever takes over, unless they entered it themselves or it is over. `locked_rotation` is as it was before.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(super) fn given(
    uow: &mut UnitOfWork<'_>,
    locked_rotation: &LockedRotation,
    made: &Override,
) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    let to = made.person.filter(|to| !actor.is(*to));
    let Some(to) = to.filter(|_| made.interval.end() > now) else {
        return Ok(());
    };
    let post = ChangeNotifier {
        locked_rotation,
        now,
    };
    let (role, by, span) = (post.role(), post.name(actor.person), made.interval);
    let envelope = MessageMeta {
        kind: "override.given",
        key: key(made),
        topic: Topic::Changes,
        about: span,
        news: News::new(&[span], &[]),
        thread: thread(made),
    };
    let after: Vec<Override> = locked_rotation
        .overrides
        .iter()
        .chain([made])
        .cloned()
        .collect();
    let entries = post.entries(to, (&locked_rotation.overrides, &after), span);
    post.send(uow, to, envelope, |zone| {
        let mut blocks = vec![
            Block::Text(format!("{by} has entered that you take over as {role}:")),
            Block::span(span, zone),
        ];
        let reason = made.reason.as_ref();
        blocks.extend(reason.map(|reason| Block::Quote("They write".to_owned(), reason.clone())));
        if span.start() > now {
            blocks.push(Block::Steps(vec![Offer {
                label: "Hand it back".to_owned(),
                step: Step::HandBack(made.id),
                until: span.start(),
            }]));
        }
        blocks.push(page(locked_rotation));
        MessageText {
            subject: format!("You take over {role} from {}", short(span.start(), zone)),
            blocks,
            entries,
        }
    })
}

/// Tells of an override that was ended: whoever had taken over, those whose time it is again, and whoever had made
/// it. `was` is as it was before, `locked_rotation` as it is since.
///
/// # Errors
///
/// [`Error::Unavailable`] when the database is away.
pub(super) fn ended(
    uow: &mut UnitOfWork<'_>,
    was: &Timeline,
    locked_rotation: &LockedRotation,
    one: &Override,
) -> Result<(), Error> {
    let (actor, now) = (uow.actor, uow.now);
    outbox::withdraw(uow, &key(one), "it was ended")?;
    let left = one.interval.ahead(now);
    let Some(left) = left else { return Ok(()) };
    let is = locked_rotation.timeline();
    let mut again: BTreeMap<PersonId, IntervalSet> = BTreeMap::new();
    for shift in is.shifts(Layer::Final, left) {
        let theirs = time_of(&is, shift.person, left);
        // What another override gives them was theirs all along.
        let anew = theirs.subtract(&time_of(was, shift.person, left));
        if !anew.is_empty() {
            again.insert(shift.person, anew);
        }
    }
    for concerned in [one.person, one.created_by].into_iter().flatten() {
        again.entry(concerned).or_default();
    }
    if let Some(person) = one.person {
        again.insert(person, time_of(&is, person, left));
    }
    let post = ChangeNotifier {
        locked_rotation,
        now,
    };
    let (role, by) = (post.role(), post.name(actor.person));
    let whole = [left];
    let before: Vec<Override> = locked_rotation
        .overrides
        .iter()
        .map(|now| if now.id == one.id { one } else { now })
        .cloned()
        .collect();
    for (to, times) in again {
        let times = times.as_slice();
        if actor.is(to) {
            continue;
        }
        let had = one.person == Some(to);
        let envelope = MessageMeta {
            kind: "override.ended",
            key: format!("override/{}/ended/{to}", one.id),
            topic: Topic::Changes,
            about: left,
            news: News::new(times, if had { &whole } else { &[] }),
            thread: thread(one),
        };
        let entries = post.entries(to, (&before, &locked_rotation.overrides), one.interval);
        post.send(uow, to, envelope, |zone| {
            let what = match one.person {
                _ if had => format!("{by} has ended it: you no longer take over as {role}."),
                None => format!("{by} has ended it: there is somebody again as {role}."),
                Some(who) if actor.is(who) => format!("{by} has handed it back, as {role}."),
                Some(who) => {
                    let who = post.name(Some(who));
                    format!("{by} has ended it: {who} no longer takes over as {role}.")
                }
            };
            let mut blocks = vec![Block::Text(what), Block::span(left, zone)];
            if !times.is_empty() && !had {
                blocks.push(Block::Text("Yours again:".to_owned()));
                blocks.extend(times.iter().map(|time| Block::span(*time, zone)));
            }
            let first = times.first().filter(|_| !had).unwrap_or(&left);
            let from = short(first.start(), zone);
            let subject = match one.person {
                _ if had => format!("You no longer take over {role} from {from}"),
                _ if !times.is_empty() => format!("You are {role} again from {from}"),
                None => format!("There is somebody as {role} again from {from}"),
                Some(who) => {
                    let who = post.name(Some(who));
                    format!("{who} no longer takes over {role} from {from}")
                }
            };
            blocks.push(page(locked_rotation));
            MessageText {
                subject,
                blocks,
                entries,
            }
        })?;
    }
    Ok(())
}
