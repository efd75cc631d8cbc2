//! What messages say: a file for each kind, or for kinds that share their words.
//!
//! Mails become a [`Notice`], which names links and pages but not their addresses; `notify` gives it its look. Who writes
//! it, and when, follows from [`MessageKind::text`]: services write what is queued with its text, the worker what is
//! written as it leaves.
//!
//! [`Notice`]: crate::domain::notifications::notice::Notice
//! [`MessageKind::text`]: crate::domain::notifications::message::MessageKind::text

pub mod address_change;
pub mod calendar_broken;
pub mod chat;
pub mod digest;
pub mod handover_open;
pub mod incident;
pub(super) mod override_ended;
pub(super) mod override_given;
pub mod reminder;
pub mod sign_in;
pub(super) mod swap_accepted;
pub(super) mod swap_declined;
pub(super) mod swap_offered;
pub(super) mod swap_undone;

use crate::domain::handovers::{HandoverId, Item};
use crate::domain::ids::RotationId;
use crate::domain::notifications::notice::Block;
use crate::domain::schedule::timeline::Timeline;
use crate::domain::swaps::Swap;
use crate::domain::time::interval::Timestamp;
use crate::snapshot::Snapshot;

/// What somebody is, for whom, and in which rotation.
struct Role<'a> {
    title: &'a str,
    team: &'a str,
    name: &'a str,
}

impl<'a> Role<'a> {
    /// `None` where the team is gone.
    fn of(snapshot: &'a Snapshot, timeline: &'a Timeline) -> Option<Self> {
        let rotation = timeline.rotation();
        Some(Self {
            title: &rotation.title,
            team: &snapshot.team(rotation.team)?.name,
            name: &rotation.name,
        })
    }
}

/// What of a checklist is not done.
fn open_items(items: &[Item], title: String) -> Option<Block> {
    let open = items.iter().filter(|item| item.done.is_none());
    let open: Vec<String> = open.map(|item| item.text.clone()).collect();
    (!open.is_empty()).then_some(Block::List(title, open))
}

fn handover_page(rotation: RotationId, at: Timestamp) -> String {
    format!("/handovers/{}", HandoverId { rotation, at })
}

fn swap_page(swap: &Swap) -> Block {
    let page = format!("/swaps/{}", swap.id);
    Block::Pages(vec![("See the request".to_owned(), page)])
}
