//! In which zone times are shown.

use std::collections::BTreeSet;

use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

use super::{Answer, Fields, Form, PageContext, Section, SignedIn};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::zone::Zone;
use crate::service::Error;
use crate::service::sessions::own_path;

#[derive(Template)]
#[template(path = "pages/zone.html")]
struct Choose {
    page: PageContext,
    form: Fields,
    own: String,
    near: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Where {
    #[serde(default)]
    back: String,
}

fn choices(visitor: &SignedIn, form: Fields) -> Result<Choose, super::PageError> {
    let page = visitor.page("Time zone", Section::Other)?;
    let mine = |team: &&std::sync::Arc<crate::domain::people::team::Team>| {
        team.has(visitor.id, visitor.now)
    };
    let mut near = BTreeSet::from(["UTC".to_owned()]);
    for team in page.snapshot.teams().filter(mine) {
        near.insert(team.time_zone.name().to_owned());
        let members = team.members(visitor.now);
        let members = members.filter_map(|id| page.snapshot.person(id));
        near.extend(members.map(|person| person.zone(visitor.now).name().to_owned()));
    }
    let own = page.me.as_ref().map(|me| me.zone(visitor.now).to_string());
    Ok(Choose {
        page,
        form,
        own: own.unwrap_or_default(),
        near,
    })
}

/// Asks which zone.
#[get("/zone")]
pub async fn choose(visitor: SignedIn, query: web::Query<Where>) -> Answer {
    let form = Fields::default().with("back", own_path(&query.back));
    visitor.show(&choices(&visitor, form)?)
}

/// Keeps the choice in a cookie: it is this browser's, not the person's.
#[post("/zone")]
pub async fn keep(visitor: SignedIn, form: Form) -> Answer {
    let back = form.get("back").to_owned();
    let Some(name) = form.non_empty("zone") else {
        return Ok(visitor.go_back_in_zone(&back, None));
    };
    match Zone::parse(&name) {
        Ok(zone) => Ok(visitor.go_back_in_zone(&back, Some(&zone))),
        Err(error) => {
            let form = form.failed(Error::invalid("/zone", error.to_string()))?;
            visitor.show(&choices(&visitor, form)?)
        }
    }
}
