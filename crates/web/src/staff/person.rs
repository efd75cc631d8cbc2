//! Adding a person, and changing one: administrators anybody, everybody themselves.

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use askama::Template;

use super::{ROLES, person_of, role_code};
use crate::domain::person::{Person, Role};
use crate::fields::Select;
use crate::hours::{self, Row};
use crate::service::people::{self, NewPerson, PersonChange};
use crate::service::values::{self, HoursInput};
use crate::service::{Error, ValidationErrors, access};
use crate::{Answer, Fields, Form, Page, Section, SignedIn, profile};

#[derive(Template)]
#[template(path = "pages/person_edit.html")]
struct PersonEditPage {
    page: Page,
    form: Fields,
    hours: Vec<Row>,
    /// Whom it is about; nobody yet where one is added.
    subject: Option<(String, String)>,
    may_all: bool,
    may_leave: bool,
}

impl PersonEditPage {
    fn new(
        page: Page,
        visitor: &SignedIn,
        subject: Option<&Person>,
        form: Fields,
        more: usize,
    ) -> Self {
        Self {
            hours: hours::rows(&form, profile::HOURS, more),
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
pub async fn add(visitor: SignedIn) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a person", Section::People)?;
    let form = Fields::default().with("role", "member");
    let form = hours::fill(
        form,
        profile::HOURS,
        &crate::domain::hours::WeeklyHours::default(),
    );
    visitor.show(&PersonEditPage::new(page, &visitor, None, form, 0))
}

/// Adds them.
#[post("/people/new")]
pub async fn send_new(visitor: SignedIn, mut form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a person", Section::People)?;
    let working_hours = hours::read(&mut form, profile::HOURS);
    if form.get("do") == "more-hours" {
        return visitor.show(&PersonEditPage::new(page, &visitor, None, form.fields(), 1));
    }
    let mut errors = ValidationErrors::new();
    let new = read_new(&mut errors, &form, &working_hours);
    let known = page.snapshot.people().values().map(AsRef::as_ref);
    people::check_addresses(
        &mut errors,
        known,
        new.iter().map(|new| (String::new(), new)),
    );
    let done = match errors.finish_with(new) {
        Ok(new) => visitor.change(move |uow, _| people::create(uow, new)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(visitor
            .redirect_with_flash("people", &format!("{} is added.", form.get("name").trim()))),
        Err(error) => visitor.show(&PersonEditPage::new(
            page,
            &visitor,
            None,
            form.failed(error)?,
            0,
        )),
    }
}

/// The person that was filled in.
fn read_new(
    errors: &mut ValidationErrors,
    form: &Form,
    working_hours: &[HoursInput],
) -> Option<NewPerson> {
    let name = values::line(errors, "/name", form.get("name"), 200);
    let email = values::email(errors, "/email", form.get("email"));
    let time_zone = values::zone(errors, "/time_zone", form.get("time_zone").trim());
    let working_hours = values::hours(errors, "/working_hours", working_hours);
    let role = match form.filled("role") {
        None => Some(Role::Member),
        Some(role) => values::role(errors, "/role", &role),
    };
    let holidays = profile::holidays(errors, form);
    Some(NewPerson {
        name: name?,
        email: email?,
        time_zone: time_zone?,
        working_hours: working_hours?,
        role: role?,
        holidays,
        external_ids: BTreeMap::new(),
    })
}

/// What was filled in otherwise than it is.
fn read_change(
    form: &Form,
    working_hours: &[HoursInput],
    person: &Person,
    visitor: &SignedIn,
) -> Result<PersonChange, Error> {
    let mut errors = ValidationErrors::new();
    let name = values::line(&mut errors, "/name", form.get("name"), 200);
    let email = values::email(&mut errors, "/email", form.get("email"));
    let role = form.filled("role");
    let role = role.filter(|role| role != role_code(person.role));
    let role = role.and_then(|role| values::role(&mut errors, "/role", &role));
    let change = PersonChange {
        name,
        email,
        role,
        ..profile::changed(&mut errors, form, working_hours, person, visitor)
    };
    errors.finish_with(Some(change))
}

/// The form of a person as they are.
fn fields_of(person: &Person, visitor: &SignedIn) -> Fields {
    let mut form = Fields::default()
        .with("name", &person.name)
        .with("email", &person.email)
        .with("role", role_code(person.role))
        .with("version", person.version);
    form = profile::fill(form, person, visitor.now);
    for (system, id) in &person.external_ids {
        form = form.with("system", system).with("external", id);
    }
    form
}

/// A person's name, address, hours.
#[get("/people/{id}/edit")]
pub async fn edit(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = person_of(&page, &id)?;
    access::own_affairs(&visitor.actor, person.id)?;
    let form = fields_of(&person, &visitor);
    visitor.show(&PersonEditPage::new(page, &visitor, Some(&person), form, 0))
}

/// Changes them. Zone, hours and holidays get a new version only where they are others.
#[post("/people/{id}/edit")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = person_of(&page, &id)?;
    access::own_affairs(&visitor.actor, person.id)?;
    let working_hours = hours::read(&mut form, profile::HOURS);
    if form.get("do") == "more-hours" {
        return visitor.show(&PersonEditPage::new(
            page,
            &visitor,
            Some(&person),
            form.fields(),
            1,
        ));
    }
    let (id, expected) = (person.id, form.expected());
    let done = match read_change(&form, &working_hours, &person, &visitor) {
        Ok(change) => {
            people::may_change(&visitor.actor, &person, Some(&change))?;
            visitor
                .change(move |uow, _| people::change(uow.expecting(expected), id, change))
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash("people", "Saved.")),
        Err(error) => {
            let fields = form.with_version_conflict(error, person.version)?;
            visitor.show(&PersonEditPage::new(
                page,
                &visitor,
                Some(&person),
                fields,
                0,
            ))
        }
    }
}
