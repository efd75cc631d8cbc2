//! Swaps.

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::rotations::{DryRun, OrPreview};
use crate::domain::ids::{PersonId, SwapId, TimeOffId};
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer as Replayed, NO_BODY};
use crate::http::{Body, BodyOrDefault, Id, IfMatch, Page, Paging, Problem, Query, Reply};
use crate::service::preview::{self, PreviewView};
use crate::service::swaps::{self, Answer, CoversView, Filter, NewCovers, NewSwap, Part, SwapView};
use crate::service::{Error, ValidationErrors};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SwapsQuery {
    /// Only `open`, `accepted`, `declined`, `withdrawn`, `expired` or `undone` ones.
    state: Option<String>,
    /// Only of rotations of the team with this slug.
    team: Option<String>,
    /// Only those that concern this person: of their time, offered to them or their team, or taken by them.
    person: Option<String>,
    /// How many, 1 to 200; by default 50.
    limit: Option<String>,
    /// From an earlier page.
    cursor: Option<String>,
}

/// Opens a swap.
#[utoipa::path(
    operation_id = "createSwap",
    tag = "swaps",
    params(DryRun),
    request_body = NewSwap,
    responses(
        (status = 201, description = "The new swap.", body = SwapView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/swaps")]
pub async fn open(
    caller: Caller,
    query: Query<DryRun>,
    body: Body<NewSwap>,
) -> Result<Replayed, Problem> {
    let Body { value, digest } = body;
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let swap = swaps::open(uow, &value)?;
                let rotation = swap.rotation_id.parse();
                let rotation = rotation.map_err(|_| Error::NotFound("rotation"))?;
                let before = preview::before(uow, rotation)?;
                let mut view = preview::compare(uow, &before, caller.now)?;
                view.swaps = vec![swap];
                Reply::ok(&view.bounded())
            })
            .await;
    }
    caller
        .change(&digest, move |uow, _| {
            let swap = swaps::open(uow, &value)?;
            let reply = Reply::created(&swap)?.version(swap.version);
            Ok(reply.location(format!("/api/v1/swaps/{}", swap.id)))
        })
        .await
}

/// Asks for covers of everything on duty that falls into somebody's time off, over all rotations; what is asked for
/// already is left out.
#[utoipa::path(
    operation_id = "createCovers",
    tag = "time off",
    params(("id" = String, Path), DryRun),
    request_body = Option<NewCovers>,
    responses(
        (status = 201, description = "The covers that were asked for, and how many are left to ask for.", body = CoversView),
        (status = 200, description = "What it would do, with `dry_run`.", body = PreviewView),
    ),
)]
#[post("/time-off/{id}/covers")]
pub async fn cover_absence(
    caller: Caller,
    id: Id<TimeOffId>,
    query: Query<DryRun>,
    body: BodyOrDefault<NewCovers>,
) -> Result<Replayed, Problem> {
    let Body { value, digest } = body.0;
    let snapshot = caller.app.snapshots.snapshot();
    if query.0.dry_run {
        return caller
            .dry_run(move |uow, _| {
                let made = swaps::cover_absence(uow, &snapshot, id.0, &value)?;
                Reply::ok(&PreviewView::default().with_swaps(made.items))
            })
            .await;
    }
    caller
        .change(&digest, move |uow, _| {
            let made = swaps::cover_absence(uow, &snapshot, id.0, &value)?;
            Reply::created(&made)
        })
        .await
}

/// Swaps, in the order in which they were opened.
#[utoipa::path(
    operation_id = "listSwaps",
    tag = "swaps",
    params(SwapsQuery),
    responses((status = 200, description = "A page of swaps.", body = Page<SwapView>)),
)]
#[get("/swaps")]
pub async fn list(caller: Caller, query: Query<SwapsQuery>) -> Result<Reply, Problem> {
    let query = query.0;
    let now = caller.now;
    let snapshot = caller.app.snapshots.snapshot();
    let mut errors = ValidationErrors::new();
    let paging = Paging::check(&mut errors, query.limit.as_deref(), query.cursor.as_deref());
    let state = errors.check_some("/state", query.state.as_deref(), |text| {
        swaps::state_of(text)
            .ok_or("must be open, accepted, declined, withdrawn, expired or undone")
    });
    let person = errors.check_some("/person", query.person.as_deref(), |text| {
        let id: Option<PersonId> = text.parse().ok();
        id.filter(|id| snapshot.people().contains_key(id))
            .ok_or("there is no such person")
    });
    let (paging, (state, person)) = errors.finish_with(paging.zip(state.zip(person)))?;
    let team = match &query.team {
        None => None,
        Some(slug) => Some(
            snapshot
                .team_of_slug(slug)
                .ok_or(Error::NotFound("team"))?
                .id,
        ),
    };
    let filter = Filter {
        state: state.map(|state| (state, now)),
        team,
        person: person.map(|person| (person, now)),
        after: paging.after.clone(),
    };
    let limit = i64::try_from(paging.limit + 1).unwrap_or(i64::MAX);
    let rows = caller
        .read_with_roster(move |db, snapshot, _| swaps::list(db, snapshot, &filter, limit, now))
        .await?;
    Ok(Reply::ok(&paging.page_of_rows(rows, |row| row.id.clone()))?)
}

/// A swap.
#[utoipa::path(
    operation_id = "getSwap",
    tag = "swaps",
    params(("id" = String, Path)),
    responses((status = 200, description = "The swap.", body = SwapView)),
)]
#[get("/swaps/{id}")]
pub async fn get(caller: Caller, id: Id<SwapId>) -> Result<HttpResponse, Problem> {
    let view = caller
        .read_with_roster(move |db, snapshot, caller| swaps::find(db, snapshot, id.0, caller.now))
        .await?;
    Ok(Reply::ok(&view)?.version(view.version).response())
}

/// An answer to a swap, for real or rehearsed.
async fn answer(
    caller: Caller,
    id: SwapId,
    expected: IfMatch,
    dry_run: bool,
    digest: &[u8],
    answer: Answer,
) -> Result<Replayed, Problem> {
    if dry_run {
        return caller
            .dry_run(move |uow, caller| {
                let before = swaps::before(uow, id)?;
                let swap = swaps::answer(uow.expecting(expected.0), id, &answer)?;
                let from = swap.start.max(caller.now);
                let from = swap.in_return.map_or(from, |time| from.min(time.start));
                Reply::ok(&preview::compare(uow, &before, from)?.bounded())
            })
            .await;
    }
    caller
        .change(digest, move |uow, _| {
            let swap = swaps::answer(uow.expecting(expected.0), id, &answer)?;
            Ok(Reply::ok(&swap)?.version(swap.version))
        })
        .await
}

/// Accepts a swap; of a cover also a part, and the rest stays open. Of two who do so at once one gets 409.
#[utoipa::path(
    operation_id = "acceptSwap",
    tag = "swaps",
    params(("id" = String, Path), DryRun, IfMatch),
    request_body = Option<Part>,
    responses((status = 200, description = "The swap after the answer; with `dry_run` what the answer would do.", body = OrPreview<SwapView>)),
)]
#[post("/swaps/{id}/accept")]
pub async fn accept(
    caller: Caller,
    id: Id<SwapId>,
    expected: IfMatch,
    query: Query<DryRun>,
    body: BodyOrDefault<Part>,
) -> Result<Replayed, Problem> {
    let Body { value, digest } = body.0;
    let part = Answer::Accept(value);
    answer(caller, id.0, expected, query.0.dry_run, &digest, part).await
}

/// Declines a swap; when all who are named have done so it is declined.
#[utoipa::path(
    operation_id = "declineSwap",
    tag = "swaps",
    params(("id" = String, Path), DryRun, IfMatch),
    responses((status = 200, description = "The swap after the answer; with `dry_run` what the answer would do.", body = OrPreview<SwapView>)),
)]
#[post("/swaps/{id}/decline")]
pub async fn decline(
    caller: Caller,
    id: Id<SwapId>,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Replayed, Problem> {
    let said = Answer::Decline;
    answer(caller, id.0, expected, query.0.dry_run, &NO_BODY, said).await
}

/// Withdraws what is still open of a swap.
#[utoipa::path(
    operation_id = "withdrawSwap",
    tag = "swaps",
    params(("id" = String, Path), DryRun, IfMatch),
    responses((status = 200, description = "The swap after the change; with `dry_run` what the change would do.", body = OrPreview<SwapView>)),
)]
#[post("/swaps/{id}/withdraw")]
pub async fn withdraw(
    caller: Caller,
    id: Id<SwapId>,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Replayed, Problem> {
    let said = Answer::Withdraw;
    answer(caller, id.0, expected, query.0.dry_run, &NO_BODY, said).await
}

/// Undoes what was accepted, until it begins. Who took a part of a cover gives back that part.
#[utoipa::path(
    operation_id = "undoSwap",
    tag = "swaps",
    params(("id" = String, Path), DryRun, IfMatch),
    responses((status = 200, description = "The swap after the change; with `dry_run` what the change would do.", body = OrPreview<SwapView>)),
)]
#[post("/swaps/{id}/undo")]
pub async fn undo(
    caller: Caller,
    id: Id<SwapId>,
    expected: IfMatch,
    query: Query<DryRun>,
) -> Result<Replayed, Problem> {
    let said = Answer::Undo;
    answer(caller, id.0, expected, query.0.dry_run, &NO_BODY, said).await
}
