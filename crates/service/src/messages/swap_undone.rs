//! `swap.undone`: what was taken was given back, or taken back.

use super::swap_page;
use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, Entry, short};
use crate::domain::swaps::Swap;
use crate::domain::time::interval::Interval;
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What the mail is about.
pub struct Undone<'a> {
    /// Who undid it.
    pub by: Option<PersonId>,
    /// From the start to the end of what is another for the recipient.
    pub about: Interval,
    /// What is theirs again.
    pub back: &'a [Interval],
    /// What is theirs no longer.
    pub lost: &'a [Interval],
}

impl Undone<'_> {
    /// What it says.
    pub fn text(
        &self,
        notifier: &ChangeNotifier<'_>,
        swap: &Swap,
        entries: Vec<Entry>,
        zone: &Zone,
    ) -> MessageText {
        let (role, by) = (notifier.role(), notifier.name(self.by));
        let mut blocks = vec![Block::Text(format!("{by} has undone a swap, as {role}."))];
        for (times, what) in [(self.back, "Yours again:"), (self.lost, "No longer yours:")] {
            if !times.is_empty() {
                blocks.push(Block::Text(what.to_owned()));
            }
            blocks.extend(times.iter().map(|time| Block::span(*time, zone)));
        }
        blocks.push(swap_page(swap));
        let when = short(self.about.start(), zone);
        let subject = match (self.back.first(), self.lost.first()) {
            (Some(_), None) => {
                format!("{by} has undone a swap: you are {role} again from {when}")
            }
            (None, Some(_)) => {
                format!("{by} has undone a swap: you are not {role} from {when}")
            }
            _ => format!("{by} has undone a trade: {role} from {when}"),
        };
        MessageText {
            subject,
            blocks,
            entries,
        }
    }
}
