//! Reminders, in words.

use chrono::TimeDelta;

use crate::domain::duty::Rota as _;
use crate::domain::interval::{FOREVER, Instant, Interval};
use crate::domain::link::Step;
use crate::domain::notice::{Block, Entry, Notice, Offer, short};
use crate::domain::reminder::{Kind, Reminder};
use crate::domain::timeline::{Cause, Layer, Timeline};
use crate::domain::zone::Zone;
use crate::roster::Roster;

/// How long a link in a reminder can be used to get a calendar feed.
const FEED: TimeDelta = TimeDelta::days(60);

/// What a reminder says; `None` where the person or the team is gone.
pub(super) fn notice(
    roster: &Roster,
    timeline: &Timeline,
    reminder: &Reminder,
    now: Instant,
) -> Option<Notice> {
    let role = Role {
        title: &timeline.rotation().title,
        team: &roster.team(timeline.rotation().team)?.name,
        name: &timeline.rotation().name,
    };
    let span = reminder.shift.interval;
    let zone = roster.person(reminder.recipient)?.zone(span.start());
    let other = reminder
        .other
        .and_then(|other| roster.person(other))
        .map(|other| other.name.as_str());
    let (subject, mut blocks) = match reminder.kind {
        Kind::Incoming => role.taken_over(span, other, &zone),
        Kind::Outgoing => role.handed_over(span, other, &zone),
        Kind::Changed => role.changed(roster, timeline, reminder, &zone),
    };
    blocks.push(Block::Steps(offers(timeline, reminder, now)));
    Some(Notice {
        subject,
        topic: reminder.kind.topic(),
        blocks,
        shift: entry(&role, timeline, reminder),
        in_reply_to: reminder.follows.clone(),
    })
}

/// What somebody is, for whom, and in which rotation.
struct Role<'a> {
    title: &'a str,
    team: &'a str,
    name: &'a str,
}

impl Role<'_> {
    fn taken_over(&self, span: Interval, from: Option<&str>, zone: &Zone) -> (String, Vec<Block>) {
        let Role { title, team, name } = self;
        let mut blocks = vec![
            Block::Text(format!("you are {title} for {team} ({name}):")),
            Block::span(span, zone),
        ];
        blocks.extend(from.map(|other| Block::Text(format!("You take over from {other}."))));
        let subject = format!(
            "You are {title} for {team} from {}",
            short(span.start(), zone)
        );
        (subject, blocks)
    }

    fn handed_over(&self, span: Interval, to: Option<&str>, zone: &Zone) -> (String, Vec<Block>) {
        let Role { title, team, name } = self;
        let mut blocks = vec![
            Block::Text(format!("your time as {title} for {team} ({name}) ends:")),
            Block::span(span, zone),
        ];
        blocks.extend(to.map(|other| Block::Text(format!("You hand over to {other}."))));
        let subject = format!(
            "You hand over {title} for {team} on {}",
            short(span.end(), zone)
        );
        (subject, blocks)
    }

    /// Something is not as they were told.
    fn changed(
        &self,
        roster: &Roster,
        timeline: &Timeline,
        reminder: &Reminder,
        zone: &Zone,
    ) -> (String, Vec<Block>) {
        let Role { title, team, name } = self;
        let from = short(reminder.shift.interval.start(), zone);
        let subject = if reminder.has.is_empty() {
            format!("You are no longer {title} for {team} from {from}")
        } else {
            format!("Your time as {title} for {team} has changed from {from}")
        };
        let first = format!("your time as {title} for {team} ({name}) is not as you were told.");
        let mut blocks = vec![Block::Text(first)];
        for lost in &reminder.lost {
            let who = whose(roster, timeline, *lost);
            blocks.push(Block::Text(format!("No longer yours{who}:")));
            blocks.push(Block::span(*lost, zone));
        }
        for now in &reminder.has {
            blocks.push(Block::Text("Yours now:".to_owned()));
            blocks.push(Block::span(*now, zone));
        }
        (subject, blocks)
    }
}

/// Who has the duty in an interval, as the end of a phrase.
fn whose(roster: &Roster, timeline: &Timeline, span: Interval) -> String {
    let mut names: Vec<&str> = timeline
        .shifts(Layer::Final, span)
        .iter()
        .filter_map(|shift| roster.person(shift.person))
        .map(|person| person.name.as_str())
        .collect();
    names.dedup();
    if names.is_empty() {
        ", and nobody’s".to_owned()
    } else {
        format!(", but {}’s", names.join(", "))
    }
}

/// The shift in the recipient's calendar: as it is, or taken out where all of it is gone.
fn entry(role: &Role<'_>, timeline: &Timeline, reminder: &Reminder) -> Option<Entry> {
    let span = reminder.shift.interval;
    let changed = reminder.kind == Kind::Changed;
    let gone = reminder.has.is_empty() && reminder.lost.len() == 1;
    (!changed || gone).then(|| Entry {
        uid: format!(
            "{}-{}-{}",
            timeline.rotation().id,
            reminder.recipient,
            span.start().timestamp()
        ),
        summary: format!("{} ({})", role.title, role.team),
        start: span.start(),
        end: (span.end() < FOREVER).then(|| span.end()),
        cancelled: changed,
    })
}

/// What can be done about it: a shift that somebody else gave them can be handed back until it begins.
fn offers(timeline: &Timeline, reminder: &Reminder, now: Instant) -> Vec<Offer> {
    let mut offers = Vec::new();
    let begins = reminder.shift.interval.start();
    if reminder.kind == Kind::Incoming
        && begins > now
        && let Cause::Override { id, .. } = reminder.shift.cause
        && timeline
            .overrides()
            .iter()
            .any(|one| one.id == id && one.swap.is_none())
    {
        offers.push(Offer {
            label: "Hand it back".to_owned(),
            step: Step::HandBack(id),
            until: begins,
        });
    }
    offers.push(Offer {
        label: "Get your shifts into your calendar".to_owned(),
        step: Step::Subscribe,
        until: now + FEED,
    });
    offers
}
