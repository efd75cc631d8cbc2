//! `override.ended`: an override was ended or handed back.

use crate::Actor;
use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, Entry, short};
use crate::domain::time::interval::Interval;
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What the mail is about.
pub struct Ended<'a> {
    /// Who ended it.
    pub by: &'a Actor,
    /// Who had taken over; `None`: nobody had the duty.
    pub taker: Option<PersonId>,
    /// Whether that is the recipient.
    pub is_taker: bool,
    /// What was left of it.
    pub left: Interval,
    /// What is the recipient's since.
    pub times: &'a [Interval],
}

impl Ended<'_> {
    /// What it says.
    pub fn text(
        &self,
        notifier: &ChangeNotifier<'_>,
        entries: Vec<Entry>,
        zone: &Zone,
    ) -> MessageText {
        let again = if self.is_taker { &[] } else { self.times };
        let mut blocks = vec![
            Block::Text(self.what(notifier)),
            Block::span(self.left, zone),
        ];
        if !again.is_empty() {
            blocks.push(Block::Text("Yours again:".to_owned()));
            blocks.extend(again.iter().map(|time| Block::span(*time, zone)));
        }
        blocks.push(notifier.page());
        let first = again.first().unwrap_or(&self.left);
        MessageText {
            subject: self.subject(notifier, &short(first.start(), zone)),
            blocks,
            entries,
        }
    }

    fn what(&self, notifier: &ChangeNotifier<'_>) -> String {
        let (role, by) = (notifier.role(), notifier.name(self.by.person));
        match self.taker {
            _ if self.is_taker => {
                format!("{by} has ended it: you no longer take over as {role}.")
            }
            None => format!("{by} has ended it: there is somebody again as {role}."),
            Some(taker) if self.by.is(taker) => format!("{by} has handed it back, as {role}."),
            Some(taker) => {
                let taker = notifier.name(Some(taker));
                format!("{by} has ended it: {taker} no longer takes over as {role}.")
            }
        }
    }

    fn subject(&self, notifier: &ChangeNotifier<'_>, from: &str) -> String {
        let role = notifier.role();
        match self.taker {
            _ if self.is_taker => format!("You no longer take over {role} from {from}"),
            _ if !self.times.is_empty() => format!("You are {role} again from {from}"),
            None => format!("There is somebody as {role} again from {from}"),
            Some(taker) => {
                let taker = notifier.name(Some(taker));
                format!("{taker} no longer takes over {role} from {from}")
            }
        }
    }
}
