//! Calendars that the visitor subscribed to.

use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::ids::FeedId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::schedule::feed::{Feed, Scope};
use crate::domain::time::interval::Timestamp;
use crate::duty_summary::runs;
use crate::http::limits::Limits;
use crate::page_error::wait_before_trying;
use crate::service::feeds::{self, NewFeed, Options, ScopeInput};
use crate::service::{Error, ValidationErrors};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// What can be ticked: what fields are called, and words.
pub(super) const CHOICES: [(&str, &str); 4] = [
    ("block_time", "Others see me as busy"),
    (
        "working_days",
        "One event for each working day, instead of one for the whole shift",
    ),
    ("gaps", "Show when nobody is on duty (not for one person)"),
    (
        "local_times",
        "Times in my time zone instead of UTC (for Outlook, where it shows “Coordinated Universal Time”)",
    ),
];

/// When an alarm rings, in minutes before an event, and words.
pub(super) const ALARMS: [(&str, &str); 6] = [
    ("", "None"),
    ("0", "When it begins"),
    ("15", "15 minutes before"),
    ("60", "An hour before"),
    ("1440", "A day before"),
    ("10080", "A week before"),
];

#[derive(Template)]
#[template(path = "pages/me/feeds.html")]
struct FeedsPage {
    page: PageContext,
    form: Fields,
    teams: Vec<(String, String)>,
    rotations: Vec<(String, String)>,
    feeds: Vec<Entry>,
    made: Option<Made>,
}

/// A calendar that is read.
struct Entry {
    id: FeedId,
    words: String,
    created_at: Timestamp,
    last_fetched_at: Option<Timestamp>,
}

/// A calendar that was made just now: its address is shown this once.
struct Made {
    words: String,
    url: String,
    webcal: String,
    google: String,
    outlook: String,
}

/// What is chosen beforehand.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    scope: String,
}

/// What a calendar shows, in words.
pub(super) fn words(page: &PageContext, scope: Scope) -> String {
    match scope {
        Scope::Person(id) if page.me.as_ref().is_some_and(|me| me.id == id) => {
            "My duties".to_owned()
        }
        Scope::Person(id) => format!("Duties of {}", page.name(&id)),
        Scope::Rotation(id) => page
            .snapshot
            .timeline(id)
            .map_or_else(String::new, |one| one.rotation().name.clone()),
        Scope::Team(id) => format!("All of {}", page.team_name(id)),
        Scope::All => "All duties of everybody".to_owned(),
    }
}

fn sheet(visitor: &SignedIn, form: Fields, made: Option<(Feed, String)>) -> Answer {
    let page = visitor.page("Calendars", Section::Mine)?;
    let mut teams: Vec<(String, String)> = page
        .snapshot
        .teams()
        .map(|team| (format!("team:{}", team.slug), team.name.clone()))
        .collect();
    teams.sort_by_key(|(_, name)| name.to_lowercase());
    let running = page.snapshot.timelines().filter(|one| runs(one, page.now));
    let mut rotations: Vec<(String, String)> = running
        .map(|one| {
            let rotation = one.rotation();
            (format!("rotation:{}", rotation.id), rotation.name.clone())
        })
        .collect();
    rotations.sort_by_key(|(_, name)| name.to_lowercase());
    let mine = page
        .snapshot
        .feeds()
        .filter(|feed| feed.owner == Some(visitor.id));
    let mut feeds: Vec<Entry> = mine
        .filter(|feed| feeds::is_live(&page.snapshot, feed, page.now))
        .map(|feed| Entry {
            id: feed.id,
            words: words(&page, feed.scope),
            created_at: feed.created_at,
            last_fetched_at: feeds::last_fetched(&visitor.app, feed).map(|(at, _)| at),
        })
        .collect();
    feeds.sort_by_key(|feed| std::cmp::Reverse(feed.created_at));
    let made = made.map(|(feed, secret)| addresses(visitor, words(&page, feed.scope), &secret));
    visitor.show(&FeedsPage {
        page,
        form,
        teams,
        rotations,
        feeds,
        made,
    })
}

/// Where calendar programs take a new calendar.
fn addresses(visitor: &SignedIn, words: String, secret: &str) -> Made {
    let url = format!("{}/feeds/{secret}/dogwatch.ics", visitor.app.public_url);
    let (_, rest) = url.split_once("://").unwrap_or(("", &url));
    let webcal = format!("webcal://{rest}");
    let quoted =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    Made {
        google: format!(
            "https://calendar.google.com/calendar/render?cid={}",
            quoted(&webcal)
        ),
        outlook: format!(
            "https://outlook.office.com/calendar/0/addfromweb?url={}&name={}",
            quoted(&url),
            quoted(&words)
        ),
        words,
        webcal,
        url,
    }
}

/// My calendars.
#[get("/me/calendars")]
pub async fn show(visitor: SignedIn, wanted: web::Query<Wanted>) -> Answer {
    let scope = if wanted.scope.is_empty() {
        "me"
    } else {
        &wanted.scope
    };
    sheet(&visitor, Fields::default().with("scope", scope), None)
}

/// Makes one.
#[post("/me/calendars")]
pub async fn make(visitor: SignedIn, limits: web::Data<Limits>, form: Form) -> Answer {
    limits
        .new_secrets
        .take(Some(visitor.id), visitor.now)
        .map_err(PageError::too_many)?;
    let mut scope = ScopeInput::default();
    match form.get("scope").split_once(':') {
        Some(("team", slug)) => scope.team = Some(slug.to_owned()),
        Some(("rotation", id)) => scope.rotation_id = Some(id.to_owned()),
        _ if form.get("scope") == "all" => scope.all = Some(true),
        _ if form.get("scope") == "me" => scope.person_id = Some(visitor.id.to_string()),
        _ => {
            let error = Error::invalid("/scope", "choose what it shows");
            return sheet(&visitor, form.failed(error)?, None);
        }
    }
    let options = match options(&form) {
        Ok(options) => options,
        Err(error) => return sheet(&visitor, form.failed(error)?, None),
    };
    let new = NewFeed { scope, options };
    let made = visitor
        .change(move |uow, visitor| {
            let snapshot = visitor.app.snapshots.snapshot();
            feeds::create(uow, &snapshot, &new)
        })
        .await;
    match made {
        Ok(made) => sheet(&visitor, form.fields(), Some(made)),
        Err(error) => {
            let wait = error.retry_after();
            let response = sheet(&visitor, form.failed(error)?, None)?;
            Ok(wait_before_trying(response, wait))
        }
    }
}

/// What was chosen, all of it; the service says which numbers there are.
pub(super) fn options(form: &Form) -> Result<Options, Error> {
    let chosen = form.all("choices");
    let ticked = |name: &str| Some(chosen.iter().any(|one| one == name));
    let mut errors = ValidationErrors::new();
    let mut number = |name: &str| {
        let Some(text) = form.non_empty(&format!("options.{name}")) else {
            return Some(None);
        };
        let read = text.parse::<i64>().map_err(|_| "must be a number");
        errors.check(format!("/options/{name}"), read).map(Some)
    };
    let options = Options {
        block_time: ticked("block_time"),
        alarm_minutes: number("alarm_minutes"),
        gaps: ticked("gaps"),
        working_days: ticked("working_days"),
        local_times: ticked("local_times"),
        past_days: number("past_days"),
        future_days: number("future_days"),
    };
    errors.finish()?;
    Ok(options)
}
