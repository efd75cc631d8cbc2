//! An incident that goes on, in a line; and a watch that is offered.

use super::{PageContext, open};
use crate::domain::ids::{PersonId, RotationId};
use crate::domain::incidents::{Attendance, Incident};
use crate::parts::Who;
use crate::when::When;

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

/// A watch that is offered to somebody.
pub struct Offered {
    /// The incident's id.
    pub id: String,
    /// What it is called.
    pub reference: String,
    /// What it is.
    pub title: String,
    /// Who offers it.
    pub from: Who,
    /// Since when.
    pub since: When,
}

impl Offered {
    /// Those that wait for the answer of this person.
    pub fn to(page: &PageContext, person: PersonId) -> Vec<Self> {
        let offered = open(page).into_iter().filter_map(|incident| {
            let offer = incident.open_handover()?;
            (offer.to == Some(person)).then(|| Self {
                id: incident.id.to_string(),
                reference: incident.reference.clone(),
                title: incident.title.clone(),
                from: page.who(&offer.from),
                since: page.when(&offer.offered_at),
            })
        });
        offered.collect()
    }
}

impl Line {
    /// Those that go on; those that nobody watches come first.
    pub fn all(page: &PageContext) -> Vec<Self> {
        open(page)
            .into_iter()
            .map(|incident| Self::of(page, incident))
            .collect()
    }

    fn of(page: &PageContext, incident: &Incident) -> Self {
        let settings = page.snapshot.watch_settings(incident.rotation);
        let due = incident.next_update(&settings);
        let watched = match incident.attendance(page.snapshot.as_ref(), page.now) {
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
