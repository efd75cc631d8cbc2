//! An incident that goes on, in a line.

use super::{Page, open};
use crate::domain::ids::RotationId;
use crate::domain::incident::{Attendance, Incident};
use crate::http::web::parts::Who;
use crate::http::web::when::When;

/// An incident in a line.
pub struct Line {
    /// The rotation that watches it.
    pub rotation: RotationId,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub reference: String,
    /// What it is.
    pub title: String,
    /// How bad it is.
    pub severity: Option<String>,
    /// Who watches, since when.
    pub watched: Option<(Who, When)>,
    /// When customers are told next, and whether that is past.
    pub update: Option<(When, bool)>,
}

impl Line {
    /// Those that go on; those that nobody watches come first.
    pub fn all(page: &Page) -> Vec<Self> {
        open(page)
            .into_iter()
            .map(|incident| Self::of(page, incident))
            .collect()
    }

    fn of(page: &Page, incident: &Incident) -> Self {
        let settings = page.roster.watch_settings(incident.rotation);
        let due = incident.next_update(&settings);
        let watched = match incident.attendance(page.roster.as_ref(), page.now) {
            Attendance::Watched { by, .. } => {
                let watch = incident.watch();
                let since = watch.map_or(incident.declared_at, |watch| watch.from);
                Some((page.who(&by), page.at(&since)))
            }
            Attendance::Unwatched { .. } => None,
        };
        Self {
            rotation: incident.rotation,
            id: incident.id.to_string(),
            reference: incident.reference.clone(),
            title: incident.title.clone(),
            severity: incident.severity.clone(),
            update: due.map(|due| (page.when(&due), due <= page.now)),
            watched,
        }
    }
}
