//! Handovers: those of a rotation, those of whoever looks, and each with its notes and checklists.

pub mod list;
mod mine;
pub mod sheet;

pub use mine::{Mine, of_visitor};

use super::parts::Who;
use super::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};
use crate::domain::handovers::Form as Asks;
use crate::domain::time::interval::Timestamp;
use crate::service::handovers::{HandoverView, ItemView};

/// Whoever hands over, and whoever takes over.
fn both(view: &HandoverView) -> Option<(Who, Who)> {
    Some((Who::of(&view.from)?, Who::of(&view.to)?))
}

/// What there is so far, in words: `notes by Ana · 2 of 5 done`.
fn state(view: &HandoverView, now: Timestamp) -> String {
    let is_written = view.notes.is_some() || view.watch_notes.is_some();
    let mut words = match &view.written_by {
        Some(by) if is_written => format!("notes by {}", by.name),
        _ if is_written => "notes".to_owned(),
        _ if view.at < now => "no notes".to_owned(),
        _ => "no notes yet".to_owned(),
    };
    let items = || view.outgoing.iter().chain(&view.incoming);
    let (all, done) = (items().count(), items().filter(|item| item.done).count());
    if all > 0 {
        words = format!("{words} · {done} of {all} done");
    }
    words
}

/// How much of a list is to be done.
fn left(items: &[ItemView]) -> usize {
    items.iter().filter(|item| !item.done).count()
}
