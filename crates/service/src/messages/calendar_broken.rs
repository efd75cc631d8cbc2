//! `calendar.broken`: a calendar of somebody's absences cannot be read any more.

use serde::{Deserialize, Serialize};

use crate::calendars::CalendarView;
use crate::domain::ids::CalendarId;
use crate::domain::notifications::notice::{Block, Notice, long, short};
use crate::domain::people::calendar::Calendar;
use crate::domain::people::preferences::Topic;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;

/// What the outbox keeps of it.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The calendar.
    pub calendar: CalendarId,
    /// Since when it cannot be read.
    pub since: Timestamp,
}

/// What it says, on the owner's clock.
#[must_use]
pub fn notice(calendar: &Calendar, since: Timestamp, zone: &Zone) -> Notice {
    let view = CalendarView::from(calendar);
    let (name, host) = (&view.name, &view.host);
    let mut facts = vec![
        ("calendar".to_owned(), format!("{name} (on {host})")),
        ("not read since".to_owned(), long(since, zone)),
        ("times are".to_owned(), zone.name().to_owned()),
    ];
    facts.extend(view.problem.map(|why| ("because".to_owned(), why)));
    Notice {
        subject: format!(
            "Your calendar “{name}” has not been readable since {}",
            short(since, zone)
        ),
        topic: Topic::Calendars,
        blocks: vec![
            Block::Text(
                "Dogwatch reads a calendar of yours to know when you are away, and cannot do so any more:"
                    .to_owned(),
            ),
            Block::Facts(facts),
            Block::Text(
                "The absences that it had by then still count. New ones are not seen: nobody is told that you are \
                 away in a shift of yours. Please give it its new address, share it again, or take it back."
                    .to_owned(),
            ),
            Block::Text(
                "It is tried again and again. You hear of this once, and again only if it works and then breaks another time."
                    .to_owned(),
            ),
            Block::Pages(vec![(
                "Calendars of your absences".to_owned(),
                "/me/time-off/calendars".to_owned(),
            )]),
        ],
        entries: Vec::new(),
        in_reply_to: None,
    }
}
