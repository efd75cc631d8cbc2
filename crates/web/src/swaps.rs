//! Requests to take somebody's time on duty, or to trade it: how they are shown, and how they are answered.

use actix_web::{get, post, web};
use askama::Template;

use super::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn, when};
use crate::domain::ids::{PersonId, RotationId, SwapId};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::swaps::State;
use crate::domain::time::interval::Interval;
use crate::service::swaps::{self, Filter, Part, SwapView};
use crate::service::{Error, ValidationErrors, access};

/// How many requests of each kind are looked at.
const MOST: i64 = 100;

/// What is said of a trade that is agreed.
const TRADED: &str = "It is agreed: each of you has the other’s time now.";

/// A request, and what the one who looks can do about it.
pub struct Request {
    /// The swap.
    pub view: SwapView,
    /// The rotation.
    pub rotation: RotationId,
    /// What it is called.
    pub name: String,
    /// Whose time it is.
    pub giver: PersonId,
    /// The time.
    pub time: Interval,
    /// What is wanted for it.
    pub returned: Option<Interval>,
    /// What can still be taken, where that is not all.
    pub left: Vec<Interval>,
    /// Who took what.
    pub taken: Vec<(PersonId, Interval)>,
    /// Who is asked by name, and who of them said no.
    pub asked: Vec<(PersonId, bool)>,
    /// Who said no though nobody is asked by name.
    pub declined: Vec<PersonId>,
    /// The one who looks.
    me: PersonId,
    /// Whether they can take it.
    pub can_take: bool,
    /// Whether they can take it back.
    pub can_withdraw: bool,
    /// Whether they can give back what was taken.
    pub can_undo: bool,
}

#[derive(Template)]
#[template(path = "pages/swap.html")]
struct SwapPage {
    page: PageContext,
    request: Request,
    form: Fields,
}

impl Request {
    /// The swap, as the one who looks sees it; `None` where its rotation is gone.
    pub fn of(page: &PageContext, visitor: &SignedIn, view: SwapView) -> Option<Self> {
        let rotation: RotationId = view.rotation_id.parse().ok()?;
        let timeline = page.snapshot.timeline(rotation)?;
        let team = page.snapshot.team(timeline.rotation().team)?;
        let time = Interval::new(view.start, view.end)?;
        let ahead = time.ahead(page.now).unwrap_or(time);
        let party = access::party(&visitor.actor, team, ahead);
        let me = visitor.id.to_string();
        let giver: PersonId = view.person.id.parse().ok()?;
        let is_mine = giver == visitor.id;
        let is_open = view.state == State::Open.as_str();
        let offered = if view.offered_to.is_empty() {
            party.in_team
        } else {
            view.offered_to.contains(&me)
        };
        let remaining = view
            .remaining
            .iter()
            .filter_map(|left| Interval::new(left.start, left.end));
        let left: Vec<Interval> = remaining.collect();
        let taken: Vec<(PersonId, Interval)> = view
            .taken
            .iter()
            .filter_map(|one| {
                let person = one.person.as_ref()?.id.parse().ok()?;
                Some((person, Interval::new(one.start, one.end)?))
            })
            .collect();
        let takes_part = is_mine || taken.iter().any(|(person, _)| *person == visitor.id);
        let ahead = taken.iter().any(|(_, time)| time.start() > page.now);
        let open_to_me = offered && !view.declined_by.contains(&me);
        let people = |ids: &[String]| -> Vec<PersonId> {
            ids.iter().filter_map(|id| id.parse().ok()).collect()
        };
        let declined = people(&view.declined_by);
        let asked: Vec<(PersonId, bool)> = people(&view.offered_to)
            .into_iter()
            .map(|person| (person, declined.contains(&person)))
            .collect();
        Some(Self {
            name: timeline.rotation().name.clone(),
            can_take: is_open && open_to_me && party.person.is_some() && !is_mine,
            can_withdraw: is_open && (is_mine && party.person.is_some() || party.manages),
            can_undo: ahead && (takes_part && party.person.is_some() || party.manages),
            returned: view
                .in_return
                .and_then(|returned| Interval::new(returned.start, returned.end)),
            left: if left == [time] { Vec::new() } else { left },
            declined: if asked.is_empty() {
                declined
            } else {
                Vec::new()
            },
            asked,
            me: visitor.id,
            rotation,
            giver,
            time,
            taken,
            view,
        })
    }

    /// Whether the one who looks gives it.
    pub fn is_mine(&self) -> bool {
        self.giver == self.me
    }

    /// Whether the one who looks is asked by name, as the other side of a trade is.
    pub fn is_to_me(&self) -> bool {
        self.asked.iter().any(|(person, _)| *person == self.me)
    }

    /// Whether it is no longer open.
    pub fn is_closed(&self) -> bool {
        self.view.state != State::Open.as_str()
    }
}

/// The requests that concern the one who looks, and about which something can still be done.
///
/// # Errors
/// Where the database is away.
pub async fn of_visitor(visitor: &SignedIn, page: &PageContext) -> Result<Vec<Request>, Error> {
    let snapshot = page.snapshot.clone();
    let all = visitor
        .read(move |db, visitor| {
            let (me, now) = (visitor.id, visitor.now);
            let mut found = Vec::new();
            for state in [State::Open, State::Accepted] {
                let filter = Filter {
                    state: Some((state, now)),
                    person: Some((me, now)),
                    ..Filter::default()
                };
                found.extend(swaps::list(db, &snapshot, &filter, MOST, now)?);
            }
            Ok(found)
        })
        .await?;
    let shown = all
        .into_iter()
        .filter_map(|view| Request::of(page, visitor, view))
        .filter(|one| one.can_take || one.can_withdraw || one.can_undo)
        .filter(|one| one.can_take || one.giver == visitor.id || one.taken_by(visitor.id));
    Ok(shown.collect())
}

impl Request {
    fn taken_by(&self, person: PersonId) -> bool {
        self.taken.iter().any(|(taker, _)| *taker == person)
    }
}

async fn sheet(visitor: &SignedIn, id: SwapId, form: Option<Fields>) -> Answer {
    let mut page = visitor.page("", Section::Mine)?;
    let snapshot = page.snapshot.clone();
    let view = visitor
        .read(move |db, visitor| swaps::find(db, &snapshot, id, visitor.now))
        .await?;
    let request = Request::of(&page, visitor, view).ok_or_else(|| PageError::no_such("swap"))?;
    page.title = format!("{}: a request", request.name);
    let open = request.left.first().copied().unwrap_or(request.time);
    let form = form.unwrap_or_else(|| {
        let start = open.start().max(page.now);
        Fields::default()
            .with("start", when::format_datetime_local(&page.zone, start))
            .with("end", when::format_datetime_local(&page.zone, open.end()))
    });
    visitor.show(&SwapPage {
        page,
        request,
        form,
    })
}

fn id_of(text: &str) -> Result<SwapId, PageError> {
    text.parse().map_err(|_| PageError::no_such("swap"))
}

/// A request.
#[get("/swaps/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    sheet(&visitor, id_of(&id)?, None).await
}

/// Takes it or a part of it, says no, takes it back, or undoes it.
#[post("/swaps/{id}")]
pub async fn answer(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let id = id_of(&id)?;
    let (answer, words) = match form.get("do") {
        "take" => (
            swaps::Answer::Accept(Part::default()),
            "Thank you: it is yours.",
        ),
        "part" => match part(&visitor, &form) {
            Ok(part) => (
                swaps::Answer::Accept(part),
                "Thank you: that part is yours.",
            ),
            Err(error) => return sheet(&visitor, id, Some(form.failed(error)?)).await,
        },
        "decline" => (swaps::Answer::Decline, "You said no to it."),
        "withdraw" => (swaps::Answer::Withdraw, "Nobody is asked any longer."),
        "undo" => (swaps::Answer::Undo, "It goes as before again."),
        _ => return Err(PageError::no_such_page()),
    };
    let done = visitor
        .change(move |uow, _| swaps::answer(uow, id, &answer))
        .await;
    match done {
        Ok(view) => {
            let is_agreed = view.kind == "trade" && view.state == State::Accepted.as_str();
            let words = if is_agreed { TRADED } else { words };
            let back = form
                .non_empty("back")
                .unwrap_or_else(|| format!("/swaps/{id}"));
            Ok(visitor.redirect_with_flash(
                crate::service::sessions::own_path(&back).trim_start_matches('/'),
                words,
            ))
        }
        Err(error) => sheet(&visitor, id, Some(form.failed(error)?)).await,
    }
}

fn part(visitor: &SignedIn, form: &Form) -> Result<Part, Error> {
    let page = visitor.page("", Section::Mine).map_err(Error::from)?;
    let mut errors = ValidationErrors::new();
    let mut read = |name: &str| {
        let at = form.moment(&mut errors, &page.zone, name);
        at.map(when::to_rfc3339)
    };
    let part = Part {
        start: read("start"),
        end: read("end"),
    };
    errors.finish()?;
    Ok(part)
}
