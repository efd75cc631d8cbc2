//! `swap.declined`: everybody who was asked has said no.

use super::swap_page;
use crate::domain::ids::PersonId;
use crate::domain::notifications::notice::{Block, short};
use crate::domain::swaps::Swap;
use crate::domain::time::zone::Zone;
use crate::post::{ChangeNotifier, MessageText};

/// What it says to `to`.
pub fn text(notifier: &ChangeNotifier<'_>, swap: &Swap, to: PersonId, zone: &Zone) -> MessageText {
    let (role, given) = (notifier.role(), swap.terms.given());
    let whose = if to == swap.giver {
        "yours".to_owned()
    } else {
        format!("{}’s", notifier.name(Some(swap.giver)))
    };
    MessageText {
        subject: format!(
            "Nobody who was asked takes over {role} on {}",
            short(given.start(), zone)
        ),
        blocks: vec![
            Block::Text(format!(
                "Everybody who was asked has said no. This is still {whose}, as {role}:"
            )),
            Block::span(given, zone),
            Block::Text("Somebody else can be asked, or the whole team.".to_owned()),
            swap_page(swap),
        ],
        entries: Vec::new(),
    }
}
