//! Which mails a person wants.

use actix_web::{HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::ids::PersonId;
use crate::domain::people::preferences::Preferences;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{Body, Id, IfMatch, Problem, Reply};
use crate::service::{Error, access, preferences};

/// Which mails a person wants; what is left out is wanted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent choices, each with its name in the contract"
)]
pub struct PreferencesView {
    /// Of shifts to come.
    incoming: bool,
    /// Of shifts to hand over.
    outgoing: bool,
    /// Of shifts that became others after they were told of them.
    changes: bool,
    /// Of what others ask of them, or of their team.
    requests: bool,
    /// Of gaps and clashes ahead, and of what is left open at handovers, for managers.
    digests: bool,
    /// Of incidents: who watches, who hands over, what is due.
    incidents: bool,
    /// Of their own calendars that cannot be read any more.
    calendars: bool,
    /// The reminder at the handoff itself, also outside their working hours.
    handoff_outside_hours: bool,
}

impl Default for PreferencesView {
    fn default() -> Self {
        Preferences::default().into()
    }
}

impl From<Preferences> for PreferencesView {
    fn from(wants: Preferences) -> Self {
        Self {
            incoming: wants.incoming,
            outgoing: wants.outgoing,
            changes: wants.changes,
            requests: wants.requests,
            digests: wants.digests,
            incidents: wants.incidents,
            calendars: wants.calendars,
            handoff_outside_hours: wants.handoff_outside_hours,
        }
    }
}

impl From<&PreferencesView> for Preferences {
    fn from(view: &PreferencesView) -> Self {
        Self {
            incoming: view.incoming,
            outgoing: view.outgoing,
            changes: view.changes,
            requests: view.requests,
            digests: view.digests,
            incidents: view.incidents,
            calendars: view.calendars,
            handoff_outside_hours: view.handoff_outside_hours,
        }
    }
}

/// Which mails a person wants: for the person and administrators.
#[utoipa::path(
    operation_id = "getPreferences",
    tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, description = "The preferences.", body = PreferencesView)),
)]
#[get("/people/{id}/preferences")]
pub async fn get(caller: Caller, id: Id<PersonId>) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.current();
    let person = snapshot.person(id.0).ok_or(Error::NotFound("person"))?;
    access::sees_own_affairs(&caller.actor, person.id)?;
    Ok(Reply::ok(&PreferencesView::from(person.preferences))?
        .version(person.version)
        .response())
}

/// Says which mails a person wants; what is left out is wanted.
#[utoipa::path(
    operation_id = "putPreferences",
    tag = "people",
    params(("id" = String, Path), IfMatch),
    request_body = PreferencesView,
    responses((status = 200, description = "The preferences after the change.", body = PreferencesView)),
)]
#[put("/people/{id}/preferences")]
pub async fn set(
    caller: Caller,
    id: Id<PersonId>,
    expected: IfMatch,
    body: Body<PreferencesView>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, _| {
            let person = preferences::set(
                uow.expecting(expected.0),
                id.0,
                Preferences::from(&body.value),
            )?;
            Ok(Reply::ok(&PreferencesView::from(person.preferences))?.version(person.version))
        })
        .await
}
