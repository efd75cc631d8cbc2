//! Adding a person, and changing one: administrators anybody, everybody themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use askama::Template;

use super::{ROLES, person_of, role_code};
use crate::domain::people::person::{Person, Role};
use crate::domain::time::hours::WeeklyHours;
use crate::fields::Select;
use crate::form_page::{self, FormAction, FormPage};
use crate::hours::{self, Row};
use crate::service::people::{self, NewPerson, PersonChange};
use crate::service::values;
use crate::service::{Error, UnitOfWork, ValidationErrors, access};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn, profile};

#[derive(Template)]
#[template(path = "pages/person_edit.html")]
struct PersonEditPage {
    page: PageContext,
    form: Fields,
    hours: Vec<Row>,
    /// Whom it is about; nobody yet where one is added.
    subject: Option<(String, String)>,
    may_all: bool,
    may_leave: bool,
}

impl PersonEditPage {
    fn new(page: PageContext, visitor: &SignedIn, subject: Option<&Person>, form: Fields) -> Self {
        Self {
            hours: profile::rows(&form),
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

/// Adding a person.
struct AddPerson;

impl FormPage for AddPerson {
    type Command = NewPerson;
    type Saved = Person;

    fn fields(&self, _: &PageContext, _: &SignedIn) -> Fields {
        let form = Fields::default().with("role", "member");
        hours::fill(form, profile::HOURS, &WeeklyHours::default())
    }

    fn action(&self, form: &mut Form) -> FormAction {
        profile::action(form)
    }

    fn authorize(&self, visitor: &SignedIn, _: Option<&NewPerson>) -> Result<(), Error> {
        access::administrator(&visitor.actor)
    }

    fn read(
        &self,
        form: &mut Form,
        errors: &mut ValidationErrors,
        page: &PageContext,
        _: &SignedIn,
    ) -> Option<NewPerson> {
        let new = read_new(form, errors);
        let known = page.snapshot.people().values().map(AsRef::as_ref);
        let one = new.iter().map(|new| (String::new(), new));
        people::check_addresses(errors, known, one);
        new
    }

    fn save(&self, uow: &mut UnitOfWork<'_>, new: NewPerson) -> Result<Person, Error> {
        people::create(uow, new)
    }

    fn saved(&self, visitor: &SignedIn, person: Person) -> HttpResponse {
        visitor.redirect_with_flash("people", &format!("{} is added.", person.name))
    }

    async fn render(
        &self,
        page: PageContext,
        visitor: &SignedIn,
        form: Fields,
        _: Option<Person>,
    ) -> Answer {
        visitor.show(&PersonEditPage::new(page, visitor, None, form))
    }
}

fn read_new(form: &mut Form, errors: &mut ValidationErrors) -> Option<NewPerson> {
    let working_hours = hours::read(form, profile::HOURS);
    let name = values::line(errors, "/name", form.get("name"), 200);
    let email = values::email(errors, "/email", form.get("email"));
    let time_zone = values::zone(errors, "/time_zone", form.get("time_zone").trim());
    let working_hours = values::hours(errors, "/working_hours", &working_hours);
    let role = match form.non_empty("role") {
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

/// Changing a person. Zone, hours and holidays get a new version only where the form says something else.
struct EditPerson(Arc<Person>);

impl FormPage for EditPerson {
    type Command = PersonChange;
    type Saved = Person;

    fn fields(&self, _: &PageContext, visitor: &SignedIn) -> Fields {
        let person = &self.0;
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

    fn action(&self, form: &mut Form) -> FormAction {
        profile::action(form)
    }

    fn authorize(&self, visitor: &SignedIn, change: Option<&PersonChange>) -> Result<(), Error> {
        people::may_change(&visitor.actor, &self.0, change)
    }

    fn read(
        &self,
        form: &mut Form,
        errors: &mut ValidationErrors,
        _: &PageContext,
        visitor: &SignedIn,
    ) -> Option<PersonChange> {
        let working_hours = hours::read(form, profile::HOURS);
        let name = values::line(errors, "/name", form.get("name"), 200);
        let email = values::email(errors, "/email", form.get("email"));
        let role = form.non_empty("role");
        let role = role.filter(|role| role != role_code(self.0.role));
        let role = role.and_then(|role| values::role(errors, "/role", &role));
        Some(PersonChange {
            name,
            email,
            role,
            ..profile::changed(errors, form, &working_hours, &self.0, visitor)
        })
    }

    fn version(&self) -> Option<i64> {
        Some(self.0.version)
    }

    fn save(&self, uow: &mut UnitOfWork<'_>, change: PersonChange) -> Result<Person, Error> {
        people::change(uow, self.0.id, change)
    }

    fn saved(&self, visitor: &SignedIn, _: Person) -> HttpResponse {
        visitor.redirect_with_flash("people", "Saved.")
    }

    async fn render(
        &self,
        page: PageContext,
        visitor: &SignedIn,
        form: Fields,
        _: Option<Person>,
    ) -> Answer {
        visitor.show(&PersonEditPage::new(page, visitor, Some(&self.0), form))
    }
}

/// An empty form.
#[get("/people/new")]
pub async fn add(visitor: SignedIn) -> Answer {
    let page = visitor.page("Add a person", Section::People)?;
    form_page::show(&visitor, page, AddPerson).await
}

/// Adds a person.
#[post("/people/new")]
pub async fn send_new(visitor: SignedIn, form: Form) -> Answer {
    let page = visitor.page("Add a person", Section::People)?;
    form_page::send(&visitor, page, AddPerson, form).await
}

/// A person's name, address, hours.
#[get("/people/{id}/edit")]
pub async fn edit(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = EditPerson(person_of(&page, &id)?);
    form_page::show(&visitor, page, person).await
}

/// Changes a person.
#[post("/people/{id}/edit")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Change a person", Section::People)?;
    let person = EditPerson(person_of(&page, &id)?);
    form_page::send(&visitor, page, person, form).await
}
