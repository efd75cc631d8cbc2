//! Somebody else for some time of a rotation: which time, who, and what that changes, before it is saved.

use actix_web::{get, post, web};
use askama::Template;
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::Line;
use crate::domain::ids::{OverrideId, PersonId};
use crate::domain::people::team::Team;
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::{Layer, Timeline};
use crate::domain::swaps::time_of;
use crate::domain::time::interval::{FOREVER, Interval};
use crate::domain::time::zone::Zone;
use crate::fields::Select;
use crate::page_error::{or_nothing, wait_before_trying};
use crate::service::overrides::{self, NewOverride};
use crate::service::preview::{self, PreviewView};
use crate::service::suggestions;
use crate::service::swaps::{self, NewSwap, TimeInput};
use crate::service::views::ShiftView;
use crate::service::{Error, ValidationErrors, access, input};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn, when};

/// How many shifts can be chosen at a click.
const OFFERED: usize = 6;

/// How many shifts of others can be taken in return at a click.
const RETURNS: usize = 20;

/// They are looked for so far ahead.
const AHEAD: TimeDelta = TimeDelta::days(180);

/// What the choice of somebody says who gives it to nobody.
const NOBODY: &str = "nobody";

#[derive(Template)]
#[template(path = "pages/change.html")]
struct CoverPage {
    page: PageContext,
    form: Fields,
    rotation: String,
    name: String,
    manages: bool,
    /// Shifts that can be chosen at a click: the boxes' values, and words.
    offered: Vec<Offered>,
    /// Who has the chosen time now, piece by piece.
    present: Vec<Line>,
    /// The chosen time, where it is one.
    chosen: Option<Interval>,
    team: Vec<(String, String)>,
    others: Vec<(String, String)>,
    effect: Option<PreviewView>,
    /// Who could take it, best first, with reasons.
    suggestions: Vec<Suggested>,
    /// Whether the chosen time is one person's, who can ask for it to be taken.
    can_ask: bool,
    /// Shifts of others that can be taken in return: which and whose, and words.
    returns: Vec<(String, String)>,
    may_pause: bool,
}

/// Somebody who could take it.
struct Suggested {
    id: PersonId,
    reasons: String,
}

struct Offered {
    start: String,
    end: String,
    line: Line,
}

/// The time that an address names: by days, or to the minute, on the clock of the page's zone.
#[derive(Debug, Default, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
}

impl Chosen {
    /// From when to when.
    fn interval(&self, zone: &Zone) -> Option<Interval> {
        let [start, end] =
            [&self.start, &self.end].map(|text| when::parse_datetime_local(zone, text));
        if let (Ok(start), Ok(end)) = (start, end) {
            return Interval::new(start, end);
        }
        let first = input::date(&self.first).ok()?;
        let last = input::date(&self.last).unwrap_or(first);
        let (first, last): (NaiveDate, NaiveDate) = (first.min(last), first.max(last));
        crate::domain::time::hours::days(zone, first, last)
    }
}

/// What a page about a rotation's time needs.
struct Place {
    page: PageContext,
    timeline: std::sync::Arc<Timeline>,
    team: std::sync::Arc<Team>,
    manages: bool,
}

impl Place {
    fn of(visitor: &SignedIn, id: &str) -> Result<Self, PageError> {
        let mut page = visitor.page("", Section::Teams)?;
        let timeline = page.rotation(id)?;
        let rotation = timeline.rotation();
        page.title = format!("{}: somebody else", rotation.name);
        let team = page.snapshot.team(rotation.team).cloned();
        let team = team.ok_or_else(|| PageError::no_such("team"))?;
        access::gives_time(&visitor.actor, &team)?;
        Ok(Self {
            manages: access::manages(&visitor.actor, &team),
            page,
            timeline,
            team,
        })
    }

    /// What engineers give is theirs: of what was chosen, their own time.
    fn own(&self, me: PersonId, chosen: Interval) -> Interval {
        let ahead = Interval::new(chosen.start().max(self.page.now), chosen.end());
        let chosen = ahead.unwrap_or(chosen);
        if self.manages {
            return chosen;
        }
        let mine = time_of(&self.timeline, me, chosen);
        match mine.as_slice() {
            [] => chosen,
            [first, .., last] => first.hull(last),
            [only] => *only,
        }
    }

    /// Shifts to come that can be chosen at a click.
    fn offered(&self, me: PersonId) -> Vec<Offered> {
        let (now, zone) = (self.page.now, &self.page.zone);
        let ahead = Interval::from_start_and_duration(now, AHEAD);
        let shifts = self.timeline.shifts(Layer::Final, ahead);
        let mine =
            |shift: &&crate::domain::schedule::timeline::Shift| self.manages || shift.person == me;
        let lines = shifts.iter().filter(mine).take(OFFERED).map(|shift| {
            let line = Line::of(&self.timeline, shift);
            Offered {
                start: when::format_datetime_local(zone, line.interval.start().max(now)),
                end: when::format_datetime_local(zone, line.interval.end()),
                line,
            }
        });
        lines
            .filter(|one| one.line.interval.end() < FOREVER)
            .collect()
    }

    /// Shifts to come of others in the team that whoever gives this could take in return.
    fn returns(&self, givers: &[PersonId]) -> Vec<(String, String)> {
        let (now, page) = (self.page.now, &self.page);
        let ahead = Interval::from_start_and_duration(now, AHEAD);
        let shifts = self.timeline.shifts(Layer::Final, ahead);
        let others = shifts
            .into_iter()
            .filter(|shift| !givers.contains(&shift.person) && self.team.has(shift.person, now));
        let lines = others.filter_map(|shift| {
            let end = shift.interval.end();
            let time = Interval::new(shift.interval.start().max(now), end)?;
            let (start, until) = (when::to_rfc3339(time.start()), when::to_rfc3339(end));
            let words = format!(
                "{}: {}",
                page.name(&shift.person),
                page.format_interval(&time)
            );
            (end < FOREVER).then(|| (format!("{start}/{until}/{}", shift.person), words))
        });
        lines.take(RETURNS).collect()
    }

    /// Who could take it, best first.
    fn suggestions(&self, chosen: Interval) -> Vec<Suggested> {
        let rotation = self.timeline.rotation().id;
        let found = suggestions::of_rotation(&self.page.snapshot, rotation, chosen);
        let known = or_nothing(found).into_iter().filter_map(|one| {
            Some(Suggested {
                id: one.person.id.parse().ok()?,
                reasons: one.reasons.join("; "),
            })
        });
        known.collect()
    }

    fn sheet(self, visitor: &SignedIn, form: Fields, effect: Option<PreviewView>) -> CoverPage {
        let page = &self.page;
        let chosen = Chosen {
            start: form.value("start").to_owned(),
            end: form.value("end").to_owned(),
            ..Chosen::default()
        };
        let chosen = chosen.interval(&page.zone);
        let present = chosen
            .map(|chosen| self.timeline.shifts(Layer::Final, chosen))
            .unwrap_or_default();
        let line = |shift| {
            let line = Line::of(&self.timeline, shift);
            let part = chosen.and_then(|chosen| line.interval.intersect(&chosen));
            part.map(|interval| Line { interval, ..line })
        };
        let named = |ids: &mut dyn Iterator<Item = PersonId>| {
            let mut all: Vec<(String, String)> = ids
                .filter_map(|id| page.snapshot.people().get(&id))
                .filter(|person| person.active_at(page.now))
                .map(|person| (person.id.to_string(), person.name.clone()))
                .collect();
            all.sort_by_key(|(_, name)| name.to_lowercase());
            all
        };
        let is_me_only = !self.manages;
        let team = named(
            &mut self
                .team
                .members(page.now)
                .filter(|id| !(is_me_only && *id == visitor.id)),
        );
        let others = if self.manages {
            let outside = page.snapshot.people().keys().copied();
            named(&mut outside.filter(|id| !self.team.has(*id, page.now)))
        } else {
            Vec::new()
        };
        let suggestions = chosen.map(|chosen| self.suggestions(chosen));
        let mut holders: Vec<PersonId> = present.iter().map(|shift| shift.person).collect();
        holders.sort_unstable();
        holders.dedup();
        CoverPage {
            suggestions: suggestions.unwrap_or_default(),
            returns: self.returns(&holders),
            may_pause: self.manages && self.timeline.rotation().kind == Kind::Ordered,
            can_ask: holders.len() == 1 && (self.manages || holders.contains(&visitor.id)),
            rotation: self.timeline.rotation().id.to_string(),
            name: self.timeline.rotation().name.clone(),
            manages: self.manages,
            offered: self.offered(visitor.id),
            present: present.iter().filter_map(line).collect(),
            chosen,
            team,
            others,
            effect,
            form,
            page: self.page,
        }
    }
}

impl CoverPage {
    fn in_return(&self) -> Select {
        let none = [(String::new(), "Choose…".to_owned())];
        let all = none.into_iter().chain(self.returns.iter().cloned());
        self.form
            .select("in_return.shift", "A whole shift of theirs", all)
    }

    /// What somebody gains or loses, in words.
    fn words(&self, shift: &ShiftView) -> String {
        let interval = Interval::new(shift.start, shift.end.unwrap_or(FOREVER));
        interval
            .map(|interval| self.page.format_interval(&interval))
            .unwrap_or_default()
    }

    /// A clash's time, in words.
    fn overlap(&self, clash: &crate::service::views::ClashView) -> String {
        let interval = Interval::new(clash.start, clash.end.unwrap_or(FOREVER));
        interval
            .map(|interval| self.page.format_interval(&interval))
            .unwrap_or_default()
    }
}

/// Which time, and who.
#[get("/rotations/{id}/change")]
pub async fn choose(
    visitor: SignedIn,
    id: web::Path<String>,
    chosen: web::Query<Chosen>,
) -> Answer {
    let place = Place::of(&visitor, &id)?;
    let zone = place.page.zone.clone();
    let form = match chosen.interval(&zone) {
        Some(interval) => {
            let own = place.own(visitor.id, interval);
            Fields::default()
                .with("start", when::format_datetime_local(&zone, own.start()))
                .with("end", when::format_datetime_local(&zone, own.end()))
        }
        None => Fields::default()
            .with("start", &chosen.start)
            .with("end", &chosen.end),
    };
    visitor.show(&place.sheet(&visitor, form, None))
}

/// Says what it changes, or does it.
#[post("/rotations/{id}/change")]
pub async fn make(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let place = Place::of(&visitor, &id)?;
    let rotation = place.timeline.rotation().id;
    let wanted = match read(&place, &visitor, &form) {
        Ok(wanted) => wanted,
        Err(error) => return visitor.show(&place.sheet(&visitor, form.failed(error)?, None)),
    };
    if form.get("do") == "look" {
        let looked = visitor
            .dry_run(move |uow, _| {
                let before = preview::before(uow, rotation)?;
                let made = overrides::create(uow, rotation, &wanted)?;
                preview::compare(uow, &before, made.start)
            })
            .await;
        return match looked {
            Ok(effect) => visitor.show(&place.sheet(&visitor, form.fields(), Some(effect))),
            Err(error) => visitor.show(&place.sheet(&visitor, form.failed(error)?, None)),
        };
    }
    let made = visitor
        .change(move |uow, _| overrides::create(uow, rotation, &wanted))
        .await;
    let made = match made {
        Ok(made) => made,
        Err(error) => return visitor.show(&place.sheet(&visitor, form.failed(error)?, None)),
    };
    let who = made.person.map_or("Nobody".to_owned(), |who| who.name);
    let when = Interval::new(made.start, made.end).map(|time| place.page.format_interval(&time));
    let words = format!("{who} has it: {}.", when.unwrap_or_default());
    let week = place.page.zone.to_local(made.start).date();
    let shown = week.week(chrono::Weekday::Mon).first_day();
    Ok(visitor.redirect_with_flash(&format!("rotations/{rotation}?from={shown}"), &words))
}

/// Asks who can take it, or whether somebody trades.
#[post("/rotations/{id}/ask")]
pub async fn ask(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let place = Place::of(&visitor, &id)?;
    let wanted = match read_request(&place, &visitor, &form) {
        Ok(wanted) => wanted,
        Err(error) => return visitor.show(&place.sheet(&visitor, form.failed(error)?, None)),
    };
    let made = visitor
        .change(move |uow, _| swaps::open(uow, &wanted))
        .await;
    match made {
        Ok(made) => Ok(visitor.redirect_with_flash(
            &format!("swaps/{}", made.id),
            "They are asked. You hear of it when somebody takes it.",
        )),
        Err(error) => {
            let wait = error.retry_after();
            let response = visitor.show(&place.sheet(&visitor, form.failed(error)?, None))?;
            Ok(wait_before_trying(response, wait))
        }
    }
}

/// What was filled in, as the service takes it.
fn read(place: &Place, visitor: &SignedIn, form: &Form) -> Result<NewOverride, Error> {
    let mut errors = ValidationErrors::new();
    let zone = &place.page.zone;
    let start = form.moment(&mut errors, zone, "start");
    let end = form.moment(&mut errors, zone, "end");
    let person = form.get("person_id");
    if person.is_empty() {
        errors.add("/person_id", "choose somebody");
    }
    let (start, end) = errors.finish_with(start.zip(end))?;
    // A page stays open for a while: what has begun meanwhile begins now.
    let begun = start < visitor.now && !visitor.actor.is_administrator();
    Ok(NewOverride {
        start: (!begun).then(|| when::to_rfc3339(start)),
        end: when::to_rfc3339(end),
        person_id: Some(Some(person.to_owned()).filter(|who| who != NOBODY)),
        reason: form.non_empty("reason"),
    })
}

/// The same for a request.
fn read_request(place: &Place, visitor: &SignedIn, form: &Form) -> Result<NewSwap, Error> {
    let mut errors = ValidationErrors::new();
    let zone = &place.page.zone;
    let start = form.moment(&mut errors, zone, "start");
    let end = form.moment(&mut errors, zone, "end");
    let trades = form
        .non_empty("in_return.start")
        .or_else(|| form.non_empty("in_return.end"));
    let in_return = trades.map(|_| {
        let start = form.moment(&mut errors, zone, "in_return.start");
        let end = form.moment(&mut errors, zone, "in_return.end");
        start.zip(end)
    });
    let mut offered_to = form.all("offered_to");
    let shift = form.non_empty("in_return.shift");
    let shift = shift.as_deref().and_then(|shift| {
        let (time, person) = shift.rsplit_once('/')?;
        let (start, end) = time.split_once('/')?;
        if offered_to.is_empty() {
            offered_to.push(person.to_owned());
        }
        Some(TimeInput {
            start: start.to_owned(),
            end: end.to_owned(),
        })
    });
    if (in_return.is_some() || shift.is_some()) && offered_to.len() != 1 {
        errors.add("/offered_to", "choose the one person you trade with");
    }
    let (start, end) = errors.finish_with(start.zip(end))?;
    let part = in_return.flatten().map(|(start, end)| TimeInput {
        start: when::to_rfc3339(start),
        end: when::to_rfc3339(end),
    });
    let in_return = part.or(shift);
    Ok(NewSwap {
        rotation_id: place.timeline.rotation().id.to_string(),
        kind: if in_return.is_some() {
            "trade"
        } else {
            "cover"
        }
        .to_owned(),
        start: when::to_rfc3339(start.max(visitor.now)),
        end: when::to_rfc3339(end),
        in_return,
        offered_to: Some(offered_to).filter(|named| !named.is_empty()),
        note: form.non_empty("note"),
        person_id: None,
    })
}

/// Ends an override.
#[post("/overrides/{id}/end")]
pub async fn end_it(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let id: OverrideId = id.parse().map_err(|_| PageError::no_such("override"))?;
    visitor
        .change(move |uow, _| overrides::cancel(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash(
        form.get("back").trim_start_matches('/'),
        "It goes by the order again.",
    ))
}
