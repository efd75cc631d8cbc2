//! Time off.

use actix_web::{delete, get, post};
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::rotations::DryRun;
use super::tokens::PageQuery;
use crate::domain::clash;
use crate::domain::duty::Rota as _;
use crate::domain::ids::{PersonId, TimeOffId};
use crate::domain::interval::{Instant, Interval};
use crate::domain::person::{People, Person, TimeOff};
use crate::domain::timeline::{Layer, Shift};
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Body, Id, Page, Problem, Query, Reply};
use crate::roster::Roster;
use crate::service::preview::PreviewView;
use crate::service::time_off::{self, NewTimeOff};
use crate::service::views::{ClashView, ShiftView, TimeOffView};
use crate::service::{Error, access};

/// Shifts are looked through this far ahead.
const AHEAD: TimeDelta = TimeDelta::days(400);

/// Time off that was just entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTimeOffView {
    /// All about it.
    #[serde(flatten)]
    time_off: TimeOffView,
    /// The person's shifts that fall into it, over all rotations.
    clashes: Vec<ClashView>,
}

/// A person's time off.
#[utoipa::path(tag = "time off", params(("id" = String, Path), PageQuery), responses((status = 200, body = Page<TimeOffView>)))]
#[get("/people/{id}/time-off")]
pub async fn list(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let roster = caller.app.keeper.snapshot();
    let person = roster.person(id.0).ok_or(Error::NotFound("person"))?;
    let reasons = access::sees_reasons(&caller.actor, id.0, roster.teams().map(AsRef::as_ref));
    let page = paging.page(&person.time_off, |off| off.id.to_string());
    Ok(Reply::ok(
        &page.map(|off| TimeOffView::of(id.0, off, reasons)),
    )?)
}

/// Enters time off; answers with the shifts that fall into it.
#[utoipa::path(tag = "time off", params(("id" = String, Path), DryRun), request_body = NewTimeOff, responses((status = 201, body = NewTimeOffView)))]
#[post("/people/{id}/time-off")]
pub async fn create(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<DryRun>,
    body: Body<NewTimeOff>,
) -> Result<Answer, Problem> {
    if query.0.dry_run {
        return caller
            .rehearse(move |tx, caller| {
                let (person, off) =
                    time_off::create(tx, &caller.actor, id.0, &body.value, caller.now)?;
                let roster = caller.app.keeper.snapshot();
                let (before, clashes) = affected(&roster, &person, &off, caller.now);
                let after = before.clone();
                Reply::ok(&PreviewView {
                    before,
                    after,
                    clashes,
                    ..PreviewView::default()
                })
            })
            .await;
    }
    caller
        .change(&body.digest, move |tx, caller| {
            let (person, off) = time_off::create(tx, &caller.actor, id.0, &body.value, caller.now)?;
            let roster = caller.app.keeper.snapshot();
            let (_, clashes) = affected(&roster, &person, &off, caller.now);
            Reply::created(&NewTimeOffView {
                time_off: TimeOffView::of(id.0, &off, true),
                clashes,
            })
        })
        .await
}

/// The person's shifts while they are away, over all rotations, and the clashes that they are.
/// A plan that follows the sun goes round time off by itself, and has none.
fn affected(
    roster: &Roster,
    person: &Person,
    off: &TimeOff,
    now: Instant,
) -> (Vec<ShiftView>, Vec<ClashView>) {
    let only = TimeOff {
        id: off.id,
        ..off.clone()
    };
    let away = Person {
        time_off: vec![only],
        ..person.clone()
    };
    let people = People::from([(person.id, std::sync::Arc::new(away))]);
    let end = off.interval.end().min(off.interval.start() + AHEAD);
    let Some(window) = Interval::new(off.interval.start(), end) else {
        return Default::default();
    };
    let (mut shifts, mut clashes) = (Vec::new(), Vec::new());
    for timeline in roster.timelines() {
        let rotation = timeline.rotation();
        let plans_round = rotation.kind == crate::domain::rotation::Kind::FollowTheSun;
        let mine: Vec<Shift> = timeline
            .shifts(Layer::Final, window)
            .into_iter()
            .filter(|shift| shift.person == person.id)
            .filter(|shift| {
                !plans_round
                    || !matches!(shift.cause, crate::domain::timeline::Cause::Turn { .. })
                    || off.interval.start() < now
            })
            .collect();
        let rotation_id = Some(rotation.id.to_string());
        shifts.extend(mine.iter().map(|shift| ShiftView {
            rotation_id: rotation_id.clone(),
            ..ShiftView::of(roster, shift)
        }));
        clashes.extend(
            clash::clashes(rotation.id, &mine, &people)
                .iter()
                .map(|clash| ClashView::of(roster, clash)),
        );
    }
    shifts.sort_by_key(|shift| shift.start);
    clashes.sort_by_key(|clash| clash.start);
    (shifts, clashes)
}

/// Ends time off: from now on where it has begun, all of it where it has not.
#[utoipa::path(tag = "time off", params(("id" = String, Path)), responses((status = 200, body = TimeOffView)))]
#[delete("/time-off/{id}")]
pub async fn cancel(caller: Caller, id: Id<TimeOffId>) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |tx, caller| {
            let (person, off) = time_off::cancel(tx, &caller.actor, id.0, caller.now)?;
            Reply::ok(&TimeOffView::of(person, &off, true))
        })
        .await
}
