//! People.

use actix_web::{HttpResponse, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::PersonId;
use crate::domain::person::Person;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Body, BodyOrDefault, Id, IfMatch, Page, Paging, Problem, Query, RawBody, Reply};
use crate::service::people::{self, Deactivate, NewPerson, PersonChange};
use crate::service::views::PersonView;
use crate::service::{Actor, Error, access};
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

/// Adds a person.
#[utoipa::path(
    operation_id = "createPerson",
    tag = "people",
    request_body = NewPerson,
    responses((status = 201, description = "The new person.", body = PersonView)),
)]
#[post("/people")]
pub async fn create(caller: Caller, body: Body<NewPerson>) -> Result<Answer, Problem> {
    let new = body.value;
    caller
        .change(&body.digest, move |uow, caller| {
            let added = people::create(uow, vec![(String::new(), new)])?;
            let person = added
                .first()
                .ok_or_else(|| Error::internal("nobody was added"))?;
            let reply = Reply::created(&PersonView::of(person, true, caller.now))?;
            Ok(reply
                .version(person.version)
                .location(format!("/api/v1/people/{}", person.id)))
        })
        .await
}

/// Adds many people at once, all or nothing: a JSON list, or CSV with a header.
#[utoipa::path(
    operation_id = "importPeople",
    tag = "people",
    request_body(content((Vec<NewPerson> = "application/json"), (String = "text/csv"))),
    responses((status = 201, description = "The new people.", body = Imported)),
)]
#[post("/people/import")]
pub async fn import(caller: Caller, raw: RawBody) -> Result<Answer, Problem> {
    let Body {
        value: rows,
        digest,
    } = if raw.media_type == "text/csv" {
        raw.text(|text| Ok(crate::service::import::read(text)?))
            .await?
    } else {
        raw.json::<Vec<NewPerson>>().await?
    };
    caller
        .change(&digest, move |uow, caller| {
            let rows = rows
                .into_iter()
                .enumerate()
                .map(|(index, row)| (format!("/{index}"), row))
                .collect();
            let added = people::create(uow, rows)?;
            let items = added
                .iter()
                .map(|person| PersonView::of(person, true, caller.now))
                .collect();
            Reply::created(&Imported { items })
        })
        .await
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
    request_body = PersonChange,
    responses((status = 200, description = "The person after the change.", body = PersonView)),
)]
#[patch("/people/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<PersonId>,
    expected: IfMatch,
    body: Body<PersonChange>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, caller| {
            let person = people::change(uow.expecting(expected.0), id.0, body.value)?;
            Ok(Reply::ok(&PersonView::of(&person, true, caller.now))?.version(person.version))
        })
        .await
}

/// Ends a person's part in everything; 409 with `named_by` while rotations or overrides name them.
#[utoipa::path(
    operation_id = "deactivatePerson",
    tag = "people",
    params(("id" = String, Path), IfMatch),
    request_body = Option<Deactivate>,
    responses((status = 200, description = "The person after the change.", body = PersonView)),
)]
#[post("/people/{id}/deactivate")]
pub async fn deactivate(
    caller: Caller,
    id: Id<PersonId>,
    expected: IfMatch,
    body: BodyOrDefault<Deactivate>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body.0;
    caller
        .change(&digest, move |uow, caller| {
            let person = people::deactivate(uow.expecting(expected.0), id.0, &value)?;
            Ok(Reply::ok(&PersonView::of(&person, true, caller.now))?.version(person.version))
        })
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
pub async fn erase(caller: Caller, id: Id<PersonId>, expected: IfMatch) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, caller| {
            let person = people::erase(uow.expecting(expected.0), id.0)?;
            Ok(Reply::ok(&PersonView::of(&person, true, caller.now))?.version(person.version))
        })
        .await
}
