//! What whoever looks hands over, and takes over.

use super::{HandoverView, PageContext, SignedIn, Who, left, state};
use crate::domain::ids::RotationId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Interval;
use crate::service::{Error, access, handovers};

/// A handover of whoever looks.
pub struct Mine {
    /// All about it.
    pub view: HandoverView,
    /// The rotation's name.
    pub name: String,
    /// Who is on the other side of it.
    pub other: Who,
    /// Whether they hand over: otherwise they take over.
    pub gives: bool,
    /// What there is so far, in words.
    pub state: String,
}

impl Mine {
    fn of(page: &PageContext, visitor: &SignedIn, view: HandoverView) -> Option<Self> {
        let rotation: RotationId = view.rotation_id.parse().ok()?;
        let gives = view.from.id == visitor.id.to_string();
        Some(Self {
            name: page.snapshot.timeline(rotation)?.rotation().name.clone(),
            other: Who::of(if gives { &view.to } else { &view.from })?,
            gives,
            state: state(&view, page.now),
            view,
        })
    }

    /// Whether they have something to write, to do, or to read.
    pub fn asks_for_something(&self) -> bool {
        if self.gives {
            self.view.notes.is_none() || left(&self.view.outgoing) > 0
        } else {
            self.view.notes.is_some() || left(&self.view.incoming) > 0
        }
    }
}

/// The handovers of whoever looks in a window, soonest first, `most` of them. Those who watch incidents pass on their
/// notes with the incidents.
///
/// # Errors
/// Where the database is away.
pub async fn of_visitor(
    visitor: &SignedIn,
    page: &PageContext,
    window: Interval,
    most: usize,
) -> Result<Vec<Mine>, Error> {
    if access::reads_handovers(&visitor.actor).is_err() {
        return Ok(Vec::new());
    }
    let snapshot = page.snapshot.clone();
    let found = visitor
        .read(move |db, visitor| handovers::of_person(db, &snapshot, visitor.id, window, most))
        .await?;
    let mine = found.into_iter();
    Ok(mine
        .filter_map(|view| Mine::of(page, visitor, view))
        .collect())
}
