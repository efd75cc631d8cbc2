//! People.

use actix_web::{HttpResponse, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::wire::people as wire;
use crate::domain::ids::PersonId;
use crate::domain::people::person::Person;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::Answer;
use crate::http::{
    Body, ChangeRequest, Command, Id, IfMatch, Input, Page, Paging, Problem, Query, RawBody, Reply,
};
use crate::service::people::{self, NewPerson};
use crate::service::views::PersonView;
use crate::service::{self, Actor, Error, UnitOfWork, access};
use crate::snapshot::Snapshot;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Only who has this address (and whose address you may see).
    email: Option<String>,
    /// Only members of the team with this slug.
    team: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// People who were added.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    /// In the order of the request.
    items: Vec<PersonView>,
}

fn view(caller: &Caller, snapshot: &Snapshot, person: &Person) -> PersonView {
    PersonView::of(person, sees(&caller.actor, snapshot, person.id), caller.now)
}

fn sees(actor: &Actor, snapshot: &Snapshot, person: PersonId) -> bool {
    access::sees_address(actor, person, snapshot.teams().map(AsRef::as_ref))
}

/// The person as they are after a change, to whoever may make it.
fn changed(uow: &UnitOfWork<'_>, person: &Person) -> Result<Reply, Error> {
    let view = PersonView::of(person, true, uow.now);
    Ok(Reply::ok(&view)?.version(person.version))
}

/// Adds a person.
#[utoipa::path(
    operation_id = "createPerson",
    tag = "people",
    request_body = wire::NewPerson,
    responses((status = 201, description = "The new person.", body = PersonView)),
)]
#[post("/people")]
pub async fn create(
    request: ChangeRequest,
    new: Input<wire::NewPerson>,
) -> Result<Answer, Problem> {
    request
        .run(
            new.0,
            |actor, _, _| access::administrator(actor),
            |uow, new| {
                let person = people::create(uow, new)?;
                let reply = Reply::created(&PersonView::of(&person, true, uow.now))?;
                Ok(reply
                    .version(person.version)
                    .location(format!("/api/v1/people/{}", person.id)))
            },
        )
        .await
}

/// Adds many people at once, all or nothing: a JSON list, or CSV with a header.
#[utoipa::path(
    operation_id = "importPeople",
    tag = "people",
    request_body(content((Vec<wire::NewPerson> = "application/json"), (String = "text/csv"))),
    responses((status = 201, description = "The new people.", body = Imported)),
)]
#[post("/people/import")]
pub async fn import(request: ChangeRequest, raw: RawBody) -> Result<Answer, Problem> {
    request
        .run(
            table(raw).await?,
            |actor, _, _| access::administrator(actor),
            |uow, rows| {
                let added = people::import(uow, rows)?;
                let items = added
                    .iter()
                    .map(|person| PersonView::of(person, true, uow.now))
                    .collect();
                Reply::created(&Imported { items })
            },
        )
        .await
}

/// The people in a table.
async fn table(raw: RawBody) -> Result<Command<Vec<NewPerson>>, Problem> {
    if raw.media_type == "text/csv" {
        let Body { value, digest } = raw.text(|text| Ok(text.to_owned())).await?;
        return Ok(Command::new(&digest, move |context| {
            service::import::read(&value, context.snapshot)
        }));
    }
    let Body { value, digest } = raw.json::<Vec<wire::NewPerson>>().await?;
    Ok(Command::new(&digest, move |context| {
        wire::read_all(&value, context)
    }))
}

/// Everybody.
#[utoipa::path(
    operation_id = "listPeople",
    tag = "people",
    params(PeopleQuery),
    responses((status = 200, description = "A page of people.", body = Page<PersonView>)),
)]
#[get("/people")]
pub async fn list(caller: Caller, query: Query<PeopleQuery>) -> Result<Reply, Problem> {
    let query = query.0;
    let paging = Paging::parse(query.limit.as_deref(), query.cursor.as_deref())?;
    let snapshot = caller.app.snapshots.snapshot();
    let team = match &query.team {
        None => None,
        Some(slug) => Some(snapshot.team_of_slug(slug).ok_or(Error::NotFound("team"))?),
    };
    let chosen = snapshot
        .people()
        .values()
        .filter(|person| team.is_none_or(|team| team.has(person.id, caller.now)))
        .filter(|person| {
            query.email.as_ref().is_none_or(|email| {
                person.email.eq_ignore_ascii_case(email)
                    && sees(&caller.actor, &snapshot, person.id)
            })
        });
    let page = paging.page(chosen, |person| person.id.to_string());
    Ok(Reply::ok(
        &page.map(|person| view(&caller, &snapshot, person)),
    )?)
}

/// A person.
#[utoipa::path(
    operation_id = "getPerson",
    tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, description = "The person.", body = PersonView)),
)]
#[get("/people/{id}")]
pub async fn get(caller: Caller, id: Id<PersonId>) -> Result<HttpResponse, Problem> {
    let snapshot = caller.app.snapshots.current();
    let person = snapshot.person(id.0).ok_or(Error::NotFound("person"))?;
    Ok(Reply::ok(&view(&caller, &snapshot, person))?
        .version(person.version)
        .response())
}

/// Changes a person; zone, hours and holidays from an instant on.
#[utoipa::path(
    operation_id = "changePerson",
    tag = "people",
    params(("id" = String, Path), IfMatch),
    request_body = wire::PersonChange,
    responses((status = 200, description = "The person after the change.", body = PersonView)),
)]
#[patch("/people/{id}")]
pub async fn change(
    request: ChangeRequest,
    id: Id<PersonId>,
    wanted: Input<wire::PersonChange>,
) -> Result<Answer, Problem> {
    let id = id.0;
    request
        .run(
            wanted.0,
            move |actor, snapshot, wanted| {
                people::may_change(actor, people::find(snapshot, id)?, wanted)
            },
            move |uow, wanted| {
                let person = people::change(uow, id, wanted)?;
                changed(uow, &person)
            },
        )
        .await
}

/// Ends a person's part in everything; 409 with `named_by` while rotations or overrides name them.
#[utoipa::path(
    operation_id = "deactivatePerson",
    tag = "people",
    params(("id" = String, Path), IfMatch),
    request_body = Option<wire::Deactivate>,
    responses((status = 200, description = "The person after the change.", body = PersonView)),
)]
#[post("/people/{id}/deactivate")]
pub async fn deactivate(
    request: ChangeRequest,
    id: Id<PersonId>,
    command: Input<wire::Deactivate>,
) -> Result<Answer, Problem> {
    let id = id.0;
    request
        .run(
            command.0,
            move |actor, snapshot, _| {
                access::administrator(actor)?;
                people::find(snapshot, id).map(|_| ())
            },
            move |uow, command| {
                let person = people::deactivate(uow, id, command)?;
                changed(uow, &person)
            },
        )
        .await
}

/// Replaces name and address of somebody deactivated in everything that is kept.
#[utoipa::path(
    operation_id = "erasePerson",
    tag = "people",
    params(("id" = String, Path), IfMatch),
    responses((status = 200, description = "What is left of the person.", body = PersonView)),
)]
#[post("/people/{id}/erase")]
pub async fn erase(request: ChangeRequest, id: Id<PersonId>) -> Result<Answer, Problem> {
    let id = id.0;
    request
        .run(
            Command::none(),
            move |actor, snapshot, _| {
                access::administrator(actor)?;
                people::find(snapshot, id).map(|_| ())
            },
            move |uow, ()| {
                let person = people::erase(uow, id)?;
                changed(uow, &person)
            },
        )
        .await
}
