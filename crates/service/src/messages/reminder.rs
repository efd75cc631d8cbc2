//! `reminder.*`: a handoff comes, or shifts are others than somebody was told.

use crate::domain::schedule::rotation::Lead;
use chrono::TimeDelta;

use super::{Role, handover_page, open_items};
use crate::domain::access::link::{Step, SwapStep};
use crate::domain::handovers::{Text, Written};
use crate::domain::notifications::notice::{Block, Entry, Notice, Offer, format_interval, short};
use crate::domain::reminders::{Kind, Reminder};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::timeline::{Cause, Layer, Timeline};
use crate::domain::swaps::LONGEST;
use crate::domain::time::interval::{FOREVER, Interval, Timestamp};
use crate::domain::time::zone::Zone;
use crate::handovers::Brief;
use crate::snapshot::Snapshot;

/// How long a link in a reminder can be used to get a calendar feed.
const FEED: TimeDelta = TimeDelta::days(60);

/// What a reminder says; `None` where the person or the team is gone. `brief` is what there is to say at the handoff.
pub fn notice(
    snapshot: &Snapshot,
    timeline: &Timeline,
    reminder: &Reminder,
    brief: Option<&Brief>,
    now: Timestamp,
) -> Option<Notice> {
    let role = Role::of(snapshot, timeline)?;
    let span = reminder.shift.interval;
    let zone = snapshot.person(reminder.recipient)?.zone(span.start());
    let other = reminder
        .other
        .and_then(|other| snapshot.person(other))
        .map(|other| other.name.as_str());
    let (subject, mut blocks) = match reminder.kind {
        Kind::Incoming => role.taken_over(span, other, &zone, now),
        Kind::Outgoing => role.handed_over(span, other, &zone, now),
        Kind::Changed => role.changed(snapshot, timeline, reminder, &zone),
    };
    if reminder.kind == Kind::Incoming && matches!(reminder.lead, Lead::Days(_)) {
        let text = "If you cannot, there is still time to find somebody else.";
        blocks.push(Block::Text(text.to_owned()));
    }
    if let Some(brief) = brief {
        blocks.extend(handed_on(snapshot, reminder, brief, other, &zone));
    }
    let steps = Block::Steps(offers(timeline, reminder, now));
    let pages = Block::Pages(pages(timeline, reminder, brief));
    // What is to be done next comes first: of who hands over, on a page.
    blocks.extend(match reminder.kind {
        Kind::Outgoing => [pages, steps],
        Kind::Incoming | Kind::Changed => [steps, pages],
    });
    Some(Notice {
        subject,
        topic: reminder.kind.topic(),
        blocks,
        entries: entries(&role, timeline, reminder),
        in_reply_to: reminder.follows.clone(),
    })
}

impl Role<'_> {
    fn taken_over(
        &self,
        span: Interval,
        from: Option<&str>,
        zone: &Zone,
        now: Timestamp,
    ) -> (String, Vec<Block>) {
        let Role { title, team, name } = self;
        let (are, take) = if span.start() <= now {
            ("are now", "took")
        } else {
            ("will be", "take")
        };
        let mut blocks = vec![
            Block::Text(format!("You {are} {title} for {team} ({name}):")),
            Block::span(span, zone),
        ];
        let from = from.map(|other| Block::Text(format!("You {take} over from {other}.")));
        blocks.extend(from);
        let subject = format!(
            "You are {title} for {team} from {}",
            short(span.start(), zone)
        );
        (subject, blocks)
    }

    fn handed_over(
        &self,
        span: Interval,
        to: Option<&str>,
        zone: &Zone,
        now: Timestamp,
    ) -> (String, Vec<Block>) {
        let Role { title, team, name } = self;
        let (ends, hand) = if span.end() <= now {
            ("is over", "handed")
        } else {
            ("ends", "hand")
        };
        let mut blocks = vec![
            Block::Text(format!("Your time as {title} for {team} ({name}) {ends}:")),
            Block::span(span, zone),
        ];
        let to = to.map(|other| Block::Text(format!("You {hand} over to {other}.")));
        blocks.extend(to);
        let subject = format!(
            "You hand over {title} for {team} on {}",
            short(span.end(), zone)
        );
        (subject, blocks)
    }

    /// Something is not as they were told.
    fn changed(
        &self,
        snapshot: &Snapshot,
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
        let mut blocks = vec![Block::Text(format!(
            "Your time as {title} for {team} ({name}) is not as you were told. Times are {}.",
            zone.name()
        ))];
        for lost in &reminder.lost {
            let who = whose(snapshot, timeline, *lost);
            let times = vec![format_interval(*lost, zone)];
            blocks.push(Block::List(format!("No longer yours{who}"), times));
        }
        if !reminder.runs.is_empty() {
            let times = reminder.runs.iter().map(|run| format_interval(*run, zone));
            blocks.push(Block::List("Yours now".to_owned(), times.collect()));
        }
        (subject, blocks)
    }
}

/// What is handed on, as far as the recipient needs it at that time.
fn handed_on(
    snapshot: &Snapshot,
    reminder: &Reminder,
    brief: &Brief,
    other: Option<&str>,
    zone: &Zone,
) -> Vec<Block> {
    let mut blocks: Vec<Block> = brief
        .written
        .as_ref()
        .map(|written| notes(snapshot, written, zone))
        .into_iter()
        .collect();
    let other = other.unwrap_or("the one before");
    match reminder.kind {
        Kind::Outgoing => {
            if brief.written.is_none() && reminder.lead != Lead::Handoff {
                blocks.push(Block::Text("You have written no notes yet.".to_owned()));
            }
            let to_do = if reminder.lead == Lead::Handoff {
                "Left open by you"
            } else {
                "To be done before you hand over"
            };
            blocks.extend(open_items(&brief.outgoing, to_do.to_owned()));
        }
        Kind::Incoming => {
            if reminder.lead == Lead::Handoff {
                blocks.extend(open_items(&brief.outgoing, format!("Left open by {other}")));
            }
            blocks.extend(open_items(
                &brief.incoming,
                "For you to do as you take over".to_owned(),
            ));
        }
        Kind::Changed => {}
    }
    blocks
}

/// What somebody wrote.
fn notes(snapshot: &Snapshot, written: &Written, zone: &Zone) -> Block {
    let by = written.by.and_then(|by| snapshot.person(by));
    let by = by.map(|by| format!(" by {}", by.name)).unwrap_or_default();
    let at = short(written.written_at, zone);
    match &written.notes {
        Text::Plain(text) => Block::Quote(format!("Notes{by}, {at}"), text.clone()),
        Text::Watch(notes) => Block::Facts(vec![
            ("notes".to_owned(), format!("{at}{by}")),
            ("status".to_owned(), notes.status.clone()),
            (
                "tickets, roughly".to_owned(),
                notes.ticket_count.to_string(),
            ),
            ("to know".to_owned(), notes.key_information.clone()),
            ("told to users".to_owned(), notes.told_to_users.clone()),
        ]),
    }
}

/// Who has the duty in an interval, as the end of a phrase.
fn whose(snapshot: &Snapshot, timeline: &Timeline, span: Interval) -> String {
    let mut names: Vec<&str> = timeline
        .shifts(Layer::Final, span)
        .iter()
        .filter_map(|shift| snapshot.person(shift.person))
        .map(|person| person.name.as_str())
        .collect();
    names.dedup();
    if names.is_empty() {
        ", and nobody’s".to_owned()
    } else {
        format!(", but {}’s", names.join(", "))
    }
}

/// The shifts in the recipient's calendar, as they are; and what was there and is gone, out of it.
fn entries(role: &Role<'_>, timeline: &Timeline, reminder: &Reminder) -> Vec<Entry> {
    let entry = |span: &Interval, cancelled: bool| Entry {
        uid: format!(
            "{}-{}-{}",
            timeline.rotation().id,
            reminder.recipient,
            span.start().timestamp()
        ),
        summary: format!("{} ({})", role.title, role.team),
        start: span.start(),
        end: (span.end() < FOREVER).then(|| span.end()),
        cancelled,
    };
    let gone = reminder.gone.iter().map(|gone| entry(gone, true));
    let here = reminder.runs.iter().map(|run| entry(run, false));
    gone.chain(here).collect()
}

/// What can be done about it in one step: somebody else can be asked for until it begins, and what somebody else gave
/// them can be handed back.
fn offers(timeline: &Timeline, reminder: &Reminder, now: Timestamp) -> Vec<Offer> {
    let mut offers = Vec::new();
    let span = reminder.shift.interval;
    let begins = span.start();
    if reminder.kind == Kind::Incoming && begins > now {
        if let Cause::Override { id, swap } = reminder.shift.cause {
            offers.push(Offer {
                label: "Hand it back".to_owned(),
                step: swap.map_or(Step::HandBack(id), |swap| Step::Swap(swap, SwapStep::Undo)),
                until: begins,
            });
        }
        // With gaps in between it is more than one request, and what never ends is none.
        if reminder.has.as_slice() == [span] && span.end() - begins <= LONGEST {
            offers.push(Offer {
                label: "Ask the team to take it over".to_owned(),
                step: Step::Cover(timeline.rotation().id, begins, span.end()),
                until: begins,
            });
        }
    }
    offers.push(Offer {
        label: "Get your shifts into your calendar".to_owned(),
        step: Step::Subscribe,
        until: now + FEED,
    });
    offers
}

/// Where there is more to see and to do.
fn pages(timeline: &Timeline, reminder: &Reminder, brief: Option<&Brief>) -> Vec<(String, String)> {
    let id = timeline.rotation().id;
    let handover = brief.map(|brief| {
        let label = match reminder.kind {
            Kind::Outgoing => "Write notes and tick what is done",
            _ => "Notes and checklists",
        };
        (label.to_owned(), handover_page(id, brief.at))
    });
    let rotation = ("See who is next".to_owned(), format!("/rotations/{id}"));
    handover.into_iter().chain([rotation]).collect()
}
