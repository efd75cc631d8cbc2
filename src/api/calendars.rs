//! Calendars of people, which say when they are away.

use actix_web::{delete, get, patch, post};

use super::tokens::PageQuery;
use crate::domain::ids::{CalendarId, PersonId};
use crate::http::auth::Caller;
use crate::http::idempotency::{Answer, NO_BODY};
use crate::http::{Body, Id, IfMatch, Page, Problem, Query, Reply};
use crate::service::calendars::{self, CalendarChange, CalendarView, NewCalendar};

/// A person's calendars: when they were read, and why they could not be.
#[utoipa::path(
    operation_id = "listCalendars",
    tag = "calendars",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of calendars.", body = Page<CalendarView>)),
)]
#[get("/people/{id}/calendars")]
pub async fn list(
    caller: Caller,
    id: Id<PersonId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let paging = query.0.paging()?;
    let all = caller
        .read(move |db, caller| calendars::list(db, &caller.actor, id.0))
        .await?;
    let page = paging.page(&all, |calendar| calendar.id.to_string());
    Ok(Reply::ok(&page.map(CalendarView::from))?)
}

/// Gives a calendar to be read for time off; it is read within seconds, and from then on every half hour.
#[utoipa::path(
    operation_id = "createCalendar",
    tag = "calendars",
    params(("id" = String, Path)),
    request_body = NewCalendar,
    responses((status = 201, description = "The new calendar.", body = CalendarView)),
)]
#[post("/people/{id}/calendars")]
pub async fn create(
    caller: Caller,
    id: Id<PersonId>,
    body: Body<NewCalendar>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, _| {
            let made = calendars::create(uow, id.0, &body.value)?;
            Ok(Reply::created(&CalendarView::from(&made))?.version(made.version))
        })
        .await
}

/// Changes a calendar, or (with nothing to change) asks for it to be read now.
#[utoipa::path(
    operation_id = "changeCalendar",
    tag = "calendars",
    params(("id" = String, Path), IfMatch),
    request_body = CalendarChange,
    responses((status = 200, description = "The calendar after the change.", body = CalendarView)),
)]
#[patch("/calendars/{id}")]
pub async fn change(
    caller: Caller,
    id: Id<CalendarId>,
    expected: IfMatch,
    body: Body<CalendarChange>,
) -> Result<Answer, Problem> {
    caller
        .change(&body.digest, move |uow, _| {
            let changed = calendars::change(uow.expecting(expected.0), id.0, &body.value)?;
            Ok(Reply::ok(&CalendarView::from(&changed))?.version(changed.version))
        })
        .await
}

/// Takes a calendar back, and with it the time off ahead that comes from it.
#[utoipa::path(
    operation_id = "deleteCalendar",
    tag = "calendars",
    params(("id" = String, Path), IfMatch),
    responses((status = 204, description = "The calendar is gone.")),
)]
#[delete("/calendars/{id}")]
pub async fn remove(
    caller: Caller,
    id: Id<CalendarId>,
    expected: IfMatch,
) -> Result<Answer, Problem> {
    caller
        .change(&NO_BODY, move |uow, _| {
            calendars::remove(uow.expecting(expected.0), id.0)?;
            Ok(Reply::no_content())
        })
        .await
}
