//! Adding everybody at once, on the first day: a table out of a spreadsheet.

use actix_web::{get, post};
use askama::Template;

use crate::domain::people::person::Person;
use crate::fields::Select;
use crate::service::UnitOfWork;
use crate::service::people::{self, NewPerson};
use crate::service::teams::{self, TeamChange};
use crate::service::{Error, FieldError, access, import};
use crate::snapshot::Snapshot;
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

/// The line of headers, and the index of the first person's line.
const FIRST_LINE: usize = 2;

#[derive(Template)]
#[template(path = "pages/people_import.html")]
struct ImportPage {
    page: PageContext,
    form: Fields,
    teams: Vec<(String, String)>,
    /// Who would be added; `None` where nothing was asked yet.
    added: Option<Vec<Person>>,
}

impl ImportPage {
    fn new(page: PageContext, form: Fields, added: Option<Vec<Person>>) -> Self {
        let mut teams: Vec<(String, String)> = page
            .snapshot
            .teams()
            .map(|team| (team.slug.clone(), team.name.clone()))
            .collect();
        teams.sort_by_key(|(_, name)| name.to_lowercase());
        Self {
            page,
            form,
            teams,
            added,
        }
    }

    fn team(&self) -> Select {
        let none = [(String::new(), "no team yet".to_owned())];
        self.form.select(
            "team",
            "All of them become members of",
            none.into_iter().chain(self.teams.clone()),
        )
    }

    fn zone_of(&self, person: &Person) -> String {
        person.zone(self.page.now).to_string()
    }
}

/// An empty table.
#[get("/people/import")]
pub async fn show(visitor: SignedIn) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add people", Section::People)?;
    let form = Fields::default().with("people", "Name, E-mail, Time zone, Hours\n");
    visitor.show(&ImportPage::new(page, form, None))
}

/// Says who would be added, or what is wrong with which line; or adds them, all or nobody.
#[post("/people/import")]
pub async fn send(visitor: SignedIn, form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add people", Section::People)?;
    let save = form.get("do") == "save";
    let team = form.non_empty("team");
    let done = match read(&form, &page.snapshot) {
        Ok(rows) if save => visitor.change(move |uow, _| add(uow, rows, team)).await,
        Ok(rows) => visitor.dry_run(move |uow, _| add(uow, rows, team)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(added) if save => {
            let words = format!(
                "{} people are added. Each can sign in with their address.",
                added.len()
            );
            Ok(visitor.redirect_with_flash("people", &words))
        }
        Ok(added) => visitor.show(&ImportPage::new(page, form.fields(), Some(added))),
        Err(Error::Invalid(errors)) => {
            let errors = errors
                .into_iter()
                .map(|fault| in_lines(&form, &fault))
                .collect();
            visitor.show(&ImportPage::new(
                page,
                form.fields().with_faults(errors),
                None,
            ))
        }
        Err(error) => visitor.show(&ImportPage::new(page, form.failed(error)?, None)),
    }
}

fn read(form: &Form, known: &Snapshot) -> Result<Vec<NewPerson>, Error> {
    let rows = import::read(form.get("people"), known)?;
    if rows.is_empty() {
        return Err(Error::invalid(
            "",
            "there is nobody below the first line, which says what the columns are",
        ));
    }
    Ok(rows)
}

fn add(
    uow: &mut UnitOfWork<'_>,
    rows: Vec<NewPerson>,
    team: Option<String>,
) -> Result<Vec<Person>, Error> {
    let added = people::import(uow, rows)?;
    if let Some(slug) = team {
        let known = crate::service::locked_rotation::team_of_slug(uow, &slug)?;
        let members = known
            .members(uow.now)
            .chain(added.iter().map(|person| person.id));
        let change = TeamChange {
            members: Some(members.map(|id| id.to_string()).collect()),
            ..TeamChange::default()
        };
        teams::change(uow, &slug, &change)?;
    }
    Ok(added)
}

/// What is wrong, with the line where it is: `/2/email` is in the fourth.
fn in_lines(form: &Form, fault: &FieldError) -> FieldError {
    let mut path = fault.pointer.trim_start_matches('/').splitn(2, '/');
    let index = path.next().and_then(|index| index.parse::<usize>().ok());
    let Some(index) = index else {
        return FieldError {
            pointer: "/people".to_owned(),
            ..fault.clone()
        };
    };
    let line = form
        .get("people")
        .lines()
        .nth(index + 1)
        .unwrap_or_default();
    let who = line
        .split(['\t', ';', ','])
        .next()
        .unwrap_or_default()
        .trim();
    let field = path
        .next()
        .map(|field| format!("{}: ", field.replace(['/', '_'], " ")))
        .unwrap_or_default();
    FieldError {
        pointer: "/people".to_owned(),
        detail: format!(
            "line {} ({who}): {field}{}",
            index + FIRST_LINE,
            fault.detail
        ),
    }
}
