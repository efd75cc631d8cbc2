//! The swap board: what is asked, of the visitor and of others, and what was agreed and is still to come.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

use super::page::TeamChoice;
use super::swaps::{Request, of_visitor};
use super::{Answer, Fields, PageContext, PageError, Section, SignedIn};
use crate::domain::ids::SwapId;
use crate::domain::swaps::State;
use crate::service::schedule_issues;
use crate::service::swaps::{self, Filter, SwapView};

/// So many swaps of each kind are shown.
const SHOWN: u8 = 100;

/// The part of an address that says what is shown.
#[derive(Debug, Default, Deserialize)]
pub struct BoardQuery {
    /// A team's slug; empty: all teams; not there: the visitor's own.
    team: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/board.html")]
struct Board {
    page: PageContext,
    form: Fields,
    teams: TeamChoice,
    /// What the visitor could take.
    takeable: Vec<Request>,
    /// What else concerns the visitor.
    own: Vec<Request>,
    /// What others ask of others.
    others: Vec<Request>,
    /// What others agreed, and still lies ahead.
    agreed: Vec<Request>,
}

/// The board.
#[get("/swaps")]
pub async fn show(visitor: SignedIn, asked: web::Query<BoardQuery>) -> Answer {
    let page = visitor.page("Swaps", Section::Swaps)?;
    let teams = TeamChoice::of(&page, visitor.id, asked.team.as_deref())?;
    let mine = of_visitor(&visitor, &page).await?;
    let known: BTreeSet<String> = mine.iter().map(|one| one.view.id.clone()).collect();
    let (takeable, own) = mine.into_iter().partition(|one| one.can_take);
    let of_team = find(&visitor, &page, &teams).await?;
    let requests = of_team.into_iter().filter(|view| !known.contains(&view.id));
    let requests = requests.filter_map(|view| Request::of(&page, &visitor, view));
    let (agreed, others) = requests.partition(|one: &Request| one.is_closed());
    visitor.show(&Board {
        form: Fields::default().with("team", teams.slug.as_deref().unwrap_or_default()),
        teams,
        takeable,
        own,
        others,
        agreed,
        page,
    })
}

/// What is asked in the teams, and what was taken there and still lies ahead.
async fn find(
    visitor: &SignedIn,
    page: &PageContext,
    teams: &TeamChoice,
) -> Result<Vec<SwapView>, PageError> {
    let (snapshot, now) = (Arc::clone(&page.snapshot), page.now);
    let slug = teams.slug.as_deref();
    let team = slug
        .and_then(|slug| snapshot.team_of_slug(slug))
        .map(|team| team.id);
    let timelines = schedule_issues::of_team(&snapshot, slug)?;
    let overrides = timelines.iter().flat_map(|timeline| timeline.overrides());
    let ahead = overrides.filter(|one| one.in_force().is_some_and(|left| left.end() > now));
    let taken: BTreeSet<SwapId> = ahead.filter_map(|one| one.swap).collect();
    let found = visitor.read(move |db, _| {
        let filter = Filter {
            state: Some((State::Open, now)),
            team,
            ..Filter::default()
        };
        let mut found = swaps::list(db, &snapshot, &filter, SHOWN.into(), now)?;
        for id in taken.into_iter().take(SHOWN.into()) {
            if found.iter().all(|view| view.id != id.to_string()) {
                found.push(swaps::find(db, &snapshot, id, now)?);
            }
        }
        found.sort_by_key(|view| view.start);
        Ok(found)
    });
    Ok(found.await?)
}
