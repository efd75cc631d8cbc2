//! Adding a person, and changing one: administrators anybody, everybody themselves.

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use askama::Template;

use super::{ROLES, person_of, role_code};
use crate::domain::person::{Holidays, Person};
use crate::http::web::fields::Select;
use crate::http::web::hours::{self, Row};
use crate::http::web::{Answer, Fields, Form, Page, Section, Visitor};
use crate::service::people::{self, NewPerson, PersonChange};
use crate::service::values::HolidaysInput;
use crate::service::{Error, access};

/// The name of the working hours in the form.
const HOURS: &str = "working_hours";

/// The names of the parts of public holidays.
const HOLIDAYS: [&str; 3] = ["holidays.country", "holidays.region", "holidays.observe"];

#[derive(Template)]
#[template(path = "pages/person_edit.html")]
struct Sheet {
    page: Page,
    form: Fields,
    hours: Vec<Row>,
    /// Whom it is about; nobody yet where one is added.
    subject: Option<(String, String)>,
    may_all: bool,
    may_leave: bool,
}

impl Sheet {
    fn new(
        page: Page,
        visitor: &Visitor,
        subject: Option<&Person>,
        form: Fields,
        more: usize,
    ) -> Self {
        Self {
            hours: hours::rows(&form, HOURS, more),
            subject: subject.map(|person| (person.id.to_string(), person.name.clone())),
            may_all: visitor.actor.is_administrator(),
            may_leave: visitor.actor.is_administrator() && subject.is_some(),
            page,
            form,
        }
    }

    fn role(&self) -> Select {
        self.form.select("role", "Role", ROLES)
    }
}

/// An empty form.
#[get("/people/new")]
pub async fn add(visitor: Visitor) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a person", Section::People)?;
    let form = Fields::default().with("role", "member");
    let form = hours::fill(form, HOURS, &crate::domain::hours::WeeklyHours::default());
    visitor.show(&Sheet::new(page, &visitor, None, form, 0))
}

/// Adds them.
#[post("/people/new")]
pub async fn send_new(visitor: Visitor, mut form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a person", Section::People)?;
    let working_hours = hours::read(&mut form, HOURS);
    if form.get("do") == "more-hours" {
        return visitor.show(&Sheet::new(page, &visitor, None, form.fields(), 1));
    }
    let new = NewPerson {
        name: form.get("name").to_owned(),
        email: form.get("email").to_owned(),
        time_zone: form.get("time_zone").trim().to_owned(),
        working_hours: Some(working_hours),
        role: form.filled("role"),
        holidays: holidays(&form),
        external_ids: None,
    };
    let done = visitor
        .change(move |tx, visitor| {
            people::create(tx, &visitor.actor, vec![(String::new(), new)], visitor.now)
        })
        .await;
    match done {
        Ok(_) => {
            Ok(visitor.go_and_say("people", &format!("{} is added.", form.get("name").trim())))
        }
        Err(error) => visitor.show(&Sheet::new(page, &visitor, None, form.failed(error)?, 0)),
    }
}

fn holidays(form: &Form) -> Option<HolidaysInput> {
    Some(HolidaysInput {
        country: form.filled("holidays.country")?,
        region: form.filled("holidays.region"),
        observe: form.has("holidays.observe"),
    })
}

/// The form of a person as they are.
fn fields_of(person: &Person, visitor: &Visitor) -> Fields {
    let mut form = Fields::default()
        .with("name", &person.name)
        .with("email", &person.email)
        .with("role", role_code(person.role))
        .with("version", person.version);
    if let Some(profile) = person.profile(visitor.now) {
        form = hours::fill(form, HOURS, &profile.working_hours)
            .with("time_zone", profile.time_zone.name());
        if let Some(holidays) = &profile.holidays {
            form = with_holidays(form, holidays);
        }
    }
    for (system, id) in &person.external_ids {
        form = form.with("system", system).with("external", id);
    }
    form
}

fn with_holidays(form: Fields, holidays: &Holidays) -> Fields {
    let form = form.with("holidays.country", &holidays.country).with(
        "holidays.region",
        holidays.region.as_deref().unwrap_or_default(),
    );
    if holidays.observe {
        form.with("holidays.observe", "yes")
    } else {
        form
    }
}

/// A person's name, address, hours.
#[get("/people/{id}/edit")]
pub async fn edit(visitor: Visitor, id: web::Path<String>) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = person_of(&page, &id)?;
    access::own_affairs(&visitor.actor, person.id)?;
    let form = fields_of(&person, &visitor);
    visitor.show(&Sheet::new(page, &visitor, Some(&person), form, 0))
}

/// Changes them. Zone, hours and holidays get a new version only where they are others.
#[post("/people/{id}/edit")]
pub async fn send(visitor: Visitor, id: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = person_of(&page, &id)?;
    access::own_affairs(&visitor.actor, person.id)?;
    let working_hours = hours::read(&mut form, HOURS);
    if form.get("do") == "more-hours" {
        return visitor.show(&Sheet::new(page, &visitor, Some(&person), form.fields(), 1));
    }
    let before = fields_of(&person, &visitor);
    let mut was = Form::of(before.pairs());
    let had_hours = hours::read(&mut was, HOURS);
    let is_other = |name: &str| {
        let given = form.all(name);
        let had = before.all(name).filter(|value| !value.is_empty());
        !given.iter().map(String::as_str).eq(had)
    };
    let holidays_changed = HOLIDAYS.iter().any(|name| is_other(name));
    let change = PersonChange {
        name: Some(form.get("name").to_owned()),
        email: Some(form.get("email").to_owned()),
        time_zone: is_other("time_zone").then(|| form.get("time_zone").trim().to_owned()),
        working_hours: (!hours::are_same(&had_hours, &working_hours)).then_some(working_hours),
        role: form
            .filled("role")
            .filter(|role| role != role_code(person.role)),
        holidays: holidays_changed.then(|| holidays(&form)),
        external_ids: None::<BTreeMap<String, String>>,
        effective_from: None,
    };
    let (id, expected) = (person.id, form.expected());
    let done = match effective_from(&form, &change, &page) {
        Ok(effective_from) => {
            let change = PersonChange {
                effective_from,
                ..change
            };
            visitor
                .change(move |tx, visitor| {
                    people::change(tx, &visitor.actor, id, change, &expected, visitor.now)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(visitor.go_and_say("people", "Saved.")),
        Err(error) => {
            let fields = form.failed_at(error, person.version)?;
            visitor.show(&Sheet::new(page, &visitor, Some(&person), fields, 0))
        }
    }
}

/// From when on other hours hold: midnight of the day that was filled in, where the person is then.
fn effective_from(
    form: &Form,
    change: &PersonChange,
    page: &Page,
) -> Result<Option<String>, Error> {
    let Some(day) = form.filled("effective_from") else {
        return Ok(None);
    };
    let bad = |detail: String| Error::invalid("/effective_from", detail);
    let day = crate::service::input::date(&day).map_err(|error| bad(error.to_string()))?;
    let name = change
        .time_zone
        .as_deref()
        .unwrap_or_else(|| form.get("time_zone").trim());
    let zone = crate::domain::zone::Zone::parse(name);
    let zone = zone.map_err(|error| Error::invalid("/time_zone", error.to_string()))?;
    let at = zone.to_instant(day.and_time(chrono::NaiveTime::MIN));
    // Today is now: whatever was so far stays as it was.
    let at = if at <= page.now && zone.to_local(page.now).date() == day {
        page.now
    } else {
        at
    };
    Ok(Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}
