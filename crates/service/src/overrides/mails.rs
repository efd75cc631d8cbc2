//! What people are told about overrides: whoever takes over, and, when it is handed back or ended, those whose time
//! it is again.

use std::collections::BTreeMap;

use crate::UnitOfWork;
use crate::domain::ids::PersonId;
use crate::domain::notifications::message::MessageKind;
use crate::domain::notifications::notice::News;
use crate::domain::people::preferences::Topic;
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::swaps::time_of;
use crate::domain::time::interval::IntervalSet;
use crate::locked_rotation::LockedRotation;
use crate::messages::override_ended::Ended;
use crate::messages::override_given;
use crate::post::{ChangeNotifier, MessageMeta};
use crate::{Error, outbox};

/// The key of the mail to whoever takes over.
fn key(one: &Override) -> String {
    format!("override/{}/given", one.id)
}

/// What holds the mails about it together.
fn thread(one: &Override) -> String {
    format!("override-{}", one.id)
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
    let span = made.interval;
    let envelope = MessageMeta {
        kind: MessageKind::OverrideGiven,
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
        override_given::text(&post, actor.person, made, entries, zone)
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
            kind: MessageKind::OverrideEnded,
            key: format!("override/{}/ended/{to}", one.id),
            topic: Topic::Changes,
            about: left,
            news: News::new(times, if had { &whole } else { &[] }),
            thread: thread(one),
        };
        let entries = post.entries(to, (&before, &locked_rotation.overrides), one.interval);
        let message = Ended {
            by: actor,
            taker: one.person,
            is_taker: had,
            left,
            times,
        };
        post.send(uow, to, envelope, |zone| message.text(&post, entries, zone))?;
    }
    Ok(())
}
