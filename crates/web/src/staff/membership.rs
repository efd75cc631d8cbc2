//! Who joins a team, and who leaves it, from a day on.

use actix_web::{post, web};
use chrono::{NaiveTime, SecondsFormat};

use super::deactivate::{NamedReference, named_by};
use super::team::{TeamEditPage, team_of};
use crate::domain::ids::PersonId;
use crate::domain::people::team::Team;
use crate::domain::time::interval::Timestamp;
use crate::parts::Who;
use crate::service::teams::{self, Join, Leave};
use crate::service::{Error, input};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

/// What is planned for a team, and the form that plans more.
pub(super) struct Plans {
    /// What changes, in order of time.
    pub ahead: Vec<Planned>,
    /// Whom the form is about, and from when on.
    pub form: Fields,
    /// Everybody who could join or leave.
    pub people: Vec<(PersonId, String)>,
    /// What still names whoever is to leave.
    pub named_by: Vec<NamedReference>,
    /// The days of the form are days there.
    pub zone: String,
}

/// Somebody joins, or leaves.
pub(super) struct Planned {
    pub id: PersonId,
    pub who: Who,
    pub joins: bool,
    pub at: Timestamp,
}

impl Planned {
    /// When, as the form that takes it back sends it.
    pub fn instant(&self) -> String {
        written(self.at)
    }
}

impl Plans {
    /// What is planned for a team.
    pub fn of(
        page: &PageContext,
        team: &Team,
        form: Fields,
        named_by: Vec<NamedReference>,
    ) -> Self {
        let mut ahead = Vec::new();
        for one in &team.memberships {
            for (at, joins) in [(one.from, true), (one.until, false)] {
                ahead.extend(at.filter(|at| *at > page.now).map(|at| Planned {
                    id: one.person,
                    who: page.who(&one.person),
                    joins,
                    at,
                }));
            }
        }
        ahead.sort_by_key(|one| (one.at, one.joins, one.id));
        let people = page.snapshot.people().values();
        let mut people: Vec<(PersonId, String)> = people
            .filter(|person| person.active_at(page.now))
            .map(|person| (person.id, person.name.clone()))
            .collect();
        people.sort_by_key(|(_, name)| name.to_lowercase());
        Self {
            ahead,
            form,
            people,
            named_by,
            zone: team.time_zone.to_string(),
        }
    }
}

fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Plans that somebody joins or leaves, or takes that back.
#[post("/teams/{slug}/memberships")]
pub async fn send(visitor: SignedIn, slug: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Change a team", Section::Teams)?;
    let team = team_of(&visitor, &page, &slug)?;
    let words = said(&page, &team, &form);
    let done = match from(&form, &team, visitor.now) {
        Err(error) => Err(error),
        Ok(effective_from) => {
            let person_id = form.get("person_id").to_owned();
            let remove_from_rotations = form.non_empty("orders").map(|orders| orders == "go-on");
            let (slug, expected) = (team.slug.clone(), form.expected());
            let joins = form.get("do") == "join";
            visitor
                .change(move |uow, _| {
                    if joins {
                        let command = Join {
                            person_id,
                            effective_from,
                            manages: false,
                        };
                        teams::join(uow.expecting(expected), &slug, &command)
                    } else {
                        let command = Leave {
                            person_id,
                            effective_from,
                            remove_from_rotations,
                        };
                        teams::leave(uow.expecting(expected), &slug, &command)
                    }
                })
                .await
        }
    };
    match done {
        Ok(team) => Ok(visitor.redirect_with_flash(&format!("teams/{}/edit", team.slug), &words)),
        Err(error) => {
            let named_by = still_named(&page, &team, &form, &error);
            let fields = form.with_version_conflict(error, team.version)?;
            let plans = Plans::of(&page, &team, fields, named_by);
            visitor.show(&TeamEditPage::of(page, &visitor, &team, plans))
        }
    }
}

/// What still names whoever was to leave, where that is why they cannot.
fn still_named(page: &PageContext, team: &Team, form: &Form, error: &Error) -> Vec<NamedReference> {
    let leaves = form.get("do") != "join" && matches!(error, Error::Conflict { .. });
    let person: Option<PersonId> = form.get("person_id").parse().ok();
    let Some(person) = person.filter(|_| leaves) else {
        return Vec::new();
    };
    let from = from(form, team, page.now).ok().flatten();
    let from = from.and_then(|from| input::instant(&from).ok());
    named_by(page, person, Some(team.id), from.unwrap_or(page.now))
}

/// What is done, in words.
fn said(page: &PageContext, team: &Team, form: &Form) -> String {
    let id: Option<PersonId> = form.get("person_id").parse().ok();
    let who = id.map_or("", |id| page.name(&id));
    let joins = form.get("do") == "join";
    if form.non_empty("at").is_some() {
        let what = if joins { "stays" } else { "does not join" };
        return format!("It is taken back: {who} {what}.");
    }
    let what = if joins { "joins" } else { "leaves" };
    let when = form.non_empty("effective_from").map_or_else(
        || "now".to_owned(),
        |day| input::date(&day).map_or(day, |day| format!("on {}", day.format("%a %-d %b %Y"))),
    );
    format!("{who} {what} {} {when}.", team.name)
}

/// From when on: the beginning of a day on the team's clock, nothing for today, or the instant of what is taken back.
fn from(form: &Form, team: &Team, now: Timestamp) -> Result<Option<String>, Error> {
    if let Some(instant) = form.non_empty("at") {
        return Ok(Some(instant));
    }
    let Some(text) = form.non_empty("effective_from") else {
        return Ok(None);
    };
    let day = input::date(&text);
    let day = day.map_err(|_| Error::invalid("/effective_from", "must be a day"))?;
    let today = team.time_zone.to_local(now).date();
    let midnight = team.time_zone.to_instant(day.and_time(NaiveTime::MIN));
    Ok((day != today).then(|| written(midnight)))
}
