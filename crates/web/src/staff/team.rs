//! Adding a team, and changing one: administrators everything, its managers who is in it.

use std::sync::Arc;

use actix_web::{get, post, web};
use askama::Template;

use super::membership::Plans;
use crate::domain::ids::PersonId;
use crate::domain::people::team::Team;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::parts::Who;
use crate::service::access;
use crate::service::teams::{self, NewTeam, TeamChange};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/team_edit.html")]
pub(super) struct TeamEditPage {
    page: PageContext,
    form: Fields,
    /// Slug and name; nothing yet where one is added.
    subject: Option<(String, String)>,
    members: Vec<Member>,
    others: Vec<(PersonId, String)>,
    may_all: bool,
    /// Who comes and goes; nothing where a team is added.
    plans: Option<Plans>,
}

/// Somebody of the team.
struct Member {
    id: PersonId,
    name: String,
    who: Who,
    manages: bool,
}

impl TeamEditPage {
    /// A team as it is, with what is planned for it.
    pub(super) fn of(page: PageContext, visitor: &SignedIn, team: &Team, plans: Plans) -> Self {
        let mut form = Fields::default()
            .with("name", &team.name)
            .with("time_zone", team.time_zone.name())
            .with("version", team.version);
        for id in team.members(visitor.now) {
            form = form.with("members", id);
        }
        for id in team.managers(visitor.now) {
            form = form.with("managers", id);
        }
        Self {
            plans: Some(plans),
            ..Self::new(page, visitor, Some(team), form)
        }
    }

    fn new(page: PageContext, visitor: &SignedIn, team: Option<&Team>, form: Fields) -> Self {
        let plans = team.map(|team| {
            let form = Fields::default().with("version", team.version);
            Plans::of(&page, team, form, Vec::new())
        });
        let ids = form
            .all("members")
            .filter_map(|id| id.parse::<PersonId>().ok());
        let known = ids.filter(|id| page.snapshot.person(*id).is_some());
        let mut members: Vec<Member> = known
            .map(|id| Member {
                id,
                name: page.name(&id).to_owned(),
                who: page.who(&id),
                manages: form.holds("managers", &id.to_string()),
            })
            .collect();
        members.sort_by_key(|member| member.name.to_lowercase());
        members.dedup_by_key(|member| member.id);
        let mut others: Vec<(PersonId, String)> = page
            .snapshot
            .people()
            .values()
            .filter(|person| {
                person.active_at(page.now) && members.iter().all(|member| member.id != person.id)
            })
            .map(|person| (person.id, person.name.clone()))
            .collect();
        others.sort_by_key(|(_, name)| name.to_lowercase());
        Self {
            subject: team.map(|team| (team.slug.clone(), team.name.clone())),
            may_all: visitor.actor.is_administrator(),
            page,
            form,
            members,
            others,
            plans,
        }
    }
}

/// Does to the form what the button says that sent it, and whether it is to be saved.
fn apply_action(form: &mut Form) -> bool {
    let button = form.get("do").to_owned();
    let added = form.take("add");
    form.put("members", &added);
    if let Some(id) = button.strip_prefix("remove:") {
        for field in ["members", "managers"] {
            let mut ids = form.take(field);
            ids.retain(|other| other != id);
            form.put(field, &ids);
        }
    }
    button == "save"
}

/// A short name for a team that has none.
fn slug_of(form: &Form) -> String {
    let given = form.get("slug").trim();
    if !given.is_empty() {
        return given.to_owned();
    }
    let name = form.get("name").to_lowercase();
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// An empty form.
#[get("/new-team")]
pub async fn add(visitor: SignedIn) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a team", Section::Teams)?;
    let form = Fields::default().with("time_zone", page.zone.name());
    visitor.show(&TeamEditPage::new(page, &visitor, None, form))
}

/// Adds it.
#[post("/new-team")]
pub async fn send_new(visitor: SignedIn, mut form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Add a team", Section::Teams)?;
    if !apply_action(&mut form) {
        return visitor.show(&TeamEditPage::new(page, &visitor, None, form.fields()));
    }
    let new = NewTeam {
        slug: slug_of(&form),
        name: form.get("name").to_owned(),
        time_zone: form.get("time_zone").trim().to_owned(),
        members: form.all("members"),
        managers: form.all("managers"),
    };
    let done = visitor.change(move |uow, _| teams::create(uow, &new)).await;
    match done {
        Ok(team) => {
            let words = format!("{} is added. Who takes turns, and when?", team.name);
            Ok(visitor.redirect_with_flash(&format!("teams/{}/rotations/new", team.slug), &words))
        }
        Err(error) => visitor.show(&TeamEditPage::new(
            page,
            &visitor,
            None,
            form.failed(error)?,
        )),
    }
}

pub(super) fn team_of(
    visitor: &SignedIn,
    page: &PageContext,
    slug: &str,
) -> Result<Arc<Team>, PageError> {
    let team = page
        .snapshot
        .team_of_slug(slug)
        .ok_or_else(|| PageError::no_such("team"))?;
    access::manager(&visitor.actor, team)?;
    Ok(Arc::clone(team))
}

/// The team as it is.
#[get("/teams/{slug}/edit")]
pub async fn edit(visitor: SignedIn, slug: web::Path<String>) -> Answer {
    let page = visitor.page("Change a team", Section::Teams)?;
    let team = team_of(&visitor, &page, &slug)?;
    let form = Fields::default().with("version", team.version);
    let plans = Plans::of(&page, &team, form, Vec::new());
    visitor.show(&TeamEditPage::of(page, &visitor, &team, plans))
}

/// Changes it.
#[post("/teams/{slug}/edit")]
pub async fn send(visitor: SignedIn, slug: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("Change a team", Section::Teams)?;
    let team = team_of(&visitor, &page, &slug)?;
    if !apply_action(&mut form) {
        return visitor.show(&TeamEditPage::new(
            page,
            &visitor,
            Some(&team),
            form.fields(),
        ));
    }
    let may_all = visitor.actor.is_administrator();
    let change = TeamChange {
        name: may_all.then(|| form.get("name").to_owned()),
        time_zone: may_all.then(|| form.get("time_zone").trim().to_owned()),
        members: Some(form.all("members")),
        managers: may_all.then(|| form.all("managers")),
    };
    let (slug, expected) = (team.slug.clone(), form.expected());
    let done = visitor
        .change(move |uow, _| teams::change(uow.expecting(expected), &slug, &change))
        .await;
    match done {
        Ok(team) => Ok(visitor.redirect_with_flash(&format!("teams/{}", team.slug), "Saved.")),
        Err(error) => {
            let fields = form.with_version_conflict(error, team.version)?;
            visitor.show(&TeamEditPage::new(page, &visitor, Some(&team), fields))
        }
    }
}
