//! Time off.

use actix_web::{delete, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use super::rotations::{DryRun, OrPreview};
use super::tokens::PageQuery;
use crate::domain::ids::{PersonId, TimeOffId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Body, Id, IfMatch, Page, Problem, Query, Reply};
use crate::service::UnitOfWork;
use crate::service::preview::PreviewView;
use crate::service::swaps::EndedCovers;
use crate::service::time_off::{self, NewTimeOff};
use crate::service::views::{ClashView, TimeOffView};
use crate::service::{Error, access};

/// Time off that was just entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTimeOffView {
    /// All about it.
    #[serde(flatten)]
    time_off: TimeOffView,
    /// The person's shifts that fall into it, over all rotations: the first 200. `GET /clashes` has them all.
    clashes: Vec<ClashView>,
    /// How many there are.
    clashes_total: usize,
    /// There are more than the list has.
    truncated: bool,
}

/// Time off that was just ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedTimeOffView {
    /// All about it.
    #[serde(flatten)]
    time_off: TimeOffView,
    /// What became of the covers that were asked for in it.
    covers: EndedCovers,
}

/// A person's time off.
#[utoipa::path(
    operation_id = "listTimeOff",
    tag = "time off",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of time off.", body = Page<TimeOffView>)),
)]
#[get("/people/{id}/time-off")]
pub async fn list(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let snapshot = caller.app.snapshots.snapshot();
    let person = snapshot.person(id.0).ok_or(Error::NotFound("person"))?;
    let reasons = access::sees_reasons(&caller.actor, id.0, snapshot.teams().map(AsRef::as_ref));
    let page = paging.page(&person.time_off, |off| off.id.to_string());
    Ok(Reply::ok(
        &page.map(|off| TimeOffView::of(id.0, off, reasons)),
    )?)
}

/// Enters time off; answers with the shifts that fall into it.
#[utoipa::path(
    operation_id = "createTimeOff",
    tag = "time off",
    params(("id" = String, Path), DryRun),
    request_body = NewTimeOff,
    responses(
        (status = 201, description = "The new time off, with the shifts that fall into it.", body = NewTimeOffView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/people/{id}/time-off")]
pub async fn create(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<DryRun>,
    body: Body<NewTimeOff>,
) -> Result<Answer, Problem> {
    let Body { value, digest } = body;
    let work = move |uow: &mut UnitOfWork<'_>, caller: &Caller| {
        let (person, off) = time_off::create(uow, id.0, &value)?;
        let snapshot = caller.app.snapshots.snapshot();
        let preview = time_off::preview(&snapshot, person, &off, true);
        Ok::<_, Error>((off, preview))
    };
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, caller| Reply::ok(&work(uow, caller)?.1))
            .await;
    }
    caller
        .change(&digest, move |uow, caller| {
            let (off, preview) = work(uow, caller)?;
            let reply = Reply::created(&NewTimeOffView {
                time_off: TimeOffView::of(id.0, &off, true),
                clashes_total: preview.totals.clashes,
                truncated: preview.totals.clashes > preview.clashes.len(),
                clashes: preview.clashes,
            })?;
            Ok(reply
                .version(off.version())
                .location(format!("/api/v1/time-off/{}", off.id)))
        })
        .await
}

/// Ends time off: from now on where it has begun, all of it where it has not. Covers that were asked for in it are
/// withdrawn; those that were taken stay, and are named.
#[utoipa::path(
    operation_id = "cancelTimeOff",
    tag = "time off",
    params(("id" = String, Path), DryRun, IfMatch),
    responses((status = 200, description = "The ended time off; with `dry_run` what ending it would do.", body = OrPreview<EndedTimeOffView>)),
)]
#[delete("/time-off/{id}")]
pub async fn cancel(
    caller: Caller,
    id: Id<TimeOffId>,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Answer, Problem> {
    let work = move |uow: &mut UnitOfWork<'_>| time_off::cancel(uow.expecting(expected.0), id.0);
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let (person, off, covers) = work(uow)?;
                let snapshot = caller.app.snapshots.snapshot();
                let preview = time_off::preview(&snapshot, person, &off, false);
                Reply::ok(&preview.with_swaps(covers.withdrawn))
            })
            .await;
    }
    caller
        .change(&NO_BODY, move |uow, _| {
            let (person, off, covers) = work(uow)?;
            let reply = Reply::ok(&EndedTimeOffView {
                time_off: TimeOffView::of(person.id, &off, true),
                covers: covers.bounded(),
            })?;
            Ok(reply.version(off.version()))
        })
        .await
}
