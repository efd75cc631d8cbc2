//! What one-step links do about incidents.

use super::{RaisedHand, Tick, answer_handover, raise_hand, tick};
use crate::Error;
use crate::UnitOfWork;
use crate::domain::access::link::IncidentStep;
use crate::domain::ids::IncidentId;
use crate::links::Offered;
use crate::snapshot::Snapshot;

/// Does what the link says; answers in words.
///
/// # Errors
///
/// Those of what it does.
pub(crate) fn follow(
    uow: &mut UnitOfWork<'_>,
    id: IncidentId,
    step: IncidentStep,
) -> Result<String, Error> {
    Ok(match step {
        IncidentStep::RaiseHand => {
            let view = raise_hand(uow, id, &RaisedHand::default())?;
            format!("You watch {} now.", view.reference)
        }
        IncidentStep::Accept(number) => {
            let view = answer_handover(uow, id, number, true)?;
            format!("You watch {} now.", view.reference)
        }
        IncidentStep::Decline(number) => {
            answer_handover(uow, id, number, false)?;
            "Whoever offered it to you watches on, and is told.".to_owned()
        }
        IncidentStep::Tick(item) => {
            tick(uow, id, item, &Tick { done: true })?;
            "It is ticked.".to_owned()
        }
    })
}

/// What a link would do.
pub(crate) fn offered(snapshot: &Snapshot, id: IncidentId, step: IncidentStep) -> Offered {
    let incident = snapshot.incident(id);
    let title = incident.map_or_else(
        || "An incident that is over".to_owned(),
        |incident| format!("{}: {}", incident.reference, incident.title),
    );
    let (text, button) = match step {
        IncidentStep::RaiseHand => (
            "You watch it from now on, until you hand it over.".to_owned(),
            "Raise my hand",
        ),
        IncidentStep::Accept(_) => (
            "You watch it from now on. The notes are in the mail.".to_owned(),
            "Accept the watch",
        ),
        IncidentStep::Decline(_) => (
            "Whoever offers it to you watches on.".to_owned(),
            "Decline the watch",
        ),
        IncidentStep::Tick(number) => {
            let item = incident
                .and_then(|incident| incident.items.iter().find(|item| item.number == number));
            let text = item.map_or_else(String::new, |item| format!("“{}” is done.", item.text));
            (text, "Tick it")
        }
    };
    Offered {
        title,
        text,
        button: Some(button),
    }
}
