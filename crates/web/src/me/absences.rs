//! The visitor's own calendars that are read for when they are away.

use actix_web::{get, post, web};
use askama::Template;

use crate::domain::ids::CalendarId;
use crate::domain::people::person::Role;
use crate::service::calendars::{
    self, CalendarChange, CalendarView, NewCalendar, RuleInput, RuleView,
};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// Where this page is.
const HERE: &str = "me/time-off/calendars";

#[derive(Template)]
#[template(path = "pages/me/absences.html")]
struct AbsencesPage {
    page: PageContext,
    form: Fields,
    calendars: Vec<CalendarView>,
    may_change: bool,
}

impl AbsencesPage {
    /// What counts as away, in words.
    fn rule(rule: &RuleView) -> String {
        let marked = "Events count that are marked as out of office, or whose title says so";
        let first = match rule.titles.as_slice() {
            _ if rule.everything => "Every event that takes time counts".to_owned(),
            [] => marked.to_owned(),
            titles => format!("{marked} or has one of “{}”", titles.join("”, “")),
        };
        let name = rule.only_with.iter();
        let mut words = vec![first];
        words.extend(name.map(|name| format!("only those whose title has “{name}”")));
        words.extend(rule.tentative.then(|| "tentative ones too".to_owned()));
        words.join("; ") + "."
    }
}

async fn sheet(visitor: &SignedIn, form: Fields) -> Answer {
    let calendars = visitor
        .read(|db, visitor| calendars::list(db, &visitor.actor, visitor.id))
        .await?;
    visitor.show(&AbsencesPage {
        page: visitor.page("Time off from calendars", Section::Mine)?,
        form,
        calendars: calendars.iter().map(CalendarView::from).collect(),
        may_change: visitor.actor.role != Role::Viewer,
    })
}

/// My calendars that are read.
#[get("/me/time-off/calendars")]
pub async fn show(visitor: SignedIn) -> Answer {
    sheet(&visitor, Fields::default()).await
}

/// Gives one to be read.
#[post("/me/time-off/calendars")]
pub async fn add(visitor: SignedIn, form: Form) -> Answer {
    let titles = form.get("rule.titles").split(',').map(str::trim);
    let titles = titles.filter(|title| !title.is_empty());
    let new = NewCalendar {
        url: form.get("url").to_owned(),
        name: form.non_empty("name"),
        rule: RuleInput {
            everything: Some(form.has("rule.everything")),
            titles: Some(titles.map(str::to_owned).collect()),
            only_with: Some(form.non_empty("rule.only_with")),
            tentative: Some(form.has("rule.tentative")),
        },
    };
    let made = visitor
        .change(move |uow, visitor| calendars::create(uow, visitor.id, &new))
        .await;
    match made {
        Ok(_) => Ok(visitor.redirect_with_flash(HERE, "It is read within seconds.")),
        Err(error) => sheet(&visitor, form.failed(error)?).await,
    }
}

fn id(text: &str) -> Result<CalendarId, PageError> {
    text.parse().map_err(|_| PageError::no_such("calendar"))
}

/// Has one read at once.
#[post("/me/time-off/calendars/{id}/read")]
pub async fn read(visitor: SignedIn, path: web::Path<String>, _form: Form) -> Answer {
    let id = id(&path)?;
    let nothing = CalendarChange::default();
    visitor
        .change(move |uow, _| calendars::change(uow, id, &nothing))
        .await?;
    Ok(visitor.redirect_with_flash(HERE, "It is read within seconds."))
}

/// Takes one back.
#[post("/me/time-off/calendars/{id}/remove")]
pub async fn remove(visitor: SignedIn, path: web::Path<String>, _form: Form) -> Answer {
    let id = id(&path)?;
    visitor
        .change(move |uow, _| calendars::remove(uow, id))
        .await?;
    let words = "It is read no more, and the time off ahead that it told of is gone.";
    Ok(visitor.redirect_with_flash(HERE, words))
}
