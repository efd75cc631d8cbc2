//! Zone, hours and holidays of the visitor, and which mails they want.

use actix_web::{get, post};
use askama::Template;

use crate::domain::duty::Rota as _;
use crate::domain::person::{Person, Role};
use crate::domain::preferences::{Preferences, Topic};
use crate::domain::zone::Zone;
use crate::http::web::{Answer, Fields, Form, Page, Refusal, Section, Visitor, hours};
use crate::service::people::{self, PersonChange};
use crate::service::values::HolidaysInput;
use crate::service::{Error, Expected, input, preferences};

/// The mails that one can have, as forms call them.
const TOPICS: [(&str, Topic); 7] = [
    ("incoming", Topic::Incoming),
    ("outgoing", Topic::Outgoing),
    ("changes", Topic::Changes),
    ("requests", Topic::Requests),
    ("digests", Topic::Digests),
    ("incidents", Topic::Incidents),
    ("calendars", Topic::Calendars),
];

/// What the form calls mails about handovers that come outside of working hours.
const OUTSIDE_HOURS: &str = "handoff_outside_hours";

#[derive(Template)]
#[template(path = "pages/me/settings.html")]
struct Sheet {
    page: Page,
    form: Fields,
    hours: Vec<hours::Row>,
    mails: Fields,
    choices: Vec<(&'static str, String)>,
    coming: Vec<String>,
    may_change: bool,
}

fn me(page: &Page, visitor: &Visitor) -> Result<Person, Refusal> {
    let me = page.roster.person(visitor.id);
    me.map(|me| Person::clone(me))
        .ok_or_else(|| Refusal::no_such("person"))
}

fn filled(page: &Page, me: &Person) -> Fields {
    let mut form = Fields::default()
        .with("name", &me.name)
        .with("time_zone", me.zone(page.now));
    let Some(profile) = me.profile(page.now) else {
        return form;
    };
    if let Some(holidays) = &profile.holidays {
        form = form.with("holidays.country", &holidays.country).with(
            "holidays.region",
            holidays.region.as_deref().unwrap_or_default(),
        );
        if holidays.observe {
            form = form.with("holidays.observe", "yes");
        }
    }
    hours::fill(form, "working_hours", &profile.working_hours)
}

fn sheet(visitor: &Visitor, form: Option<Fields>) -> Answer {
    let page = visitor.page("Settings", Section::Mine)?;
    let me = me(&page, visitor)?;
    let mut mails = Fields::default();
    for (name, topic) in TOPICS {
        if me.preferences.wants(topic) {
            mails = mails.with("mails", name);
        }
    }
    if me.preferences.handoff_outside_hours {
        mails = mails.with("mails", OUTSIDE_HOURS);
    }
    let mut choices: Vec<(&str, String)> = TOPICS
        .iter()
        .map(|(name, topic)| (*name, topic.words().to_owned()))
        .collect();
    choices.push((
        OUTSIDE_HOURS,
        "handovers that take place outside my working hours".to_owned(),
    ));
    let form = form.unwrap_or_else(|| filled(&page, &me));
    let coming = me.upcoming(page.now).into_iter().filter_map(|profile| {
        let day = crate::http::web::when::long(&page.zone, profile.effective_from?);
        Some(format!("From {day} on: {}", profile.time_zone))
    });
    visitor.show(&Sheet {
        coming: coming.collect(),
        hours: hours::rows(&form, "working_hours", 1),
        may_change: visitor.actor.role != Role::Viewer,
        form,
        mails,
        choices,
        page,
    })
}

/// My settings.
#[get("/me/settings")]
pub async fn show(visitor: Visitor) -> Answer {
    sheet(&visitor, None)
}

/// Changes name, zone, hours and holidays.
#[post("/me/settings")]
pub async fn change(visitor: Visitor, mut form: Form) -> Answer {
    let working_hours = hours::read(&mut form, "working_hours");
    let from = match day(&form) {
        Ok(from) => from,
        Err(error) => return sheet(&visitor, Some(form.failed(error)?)),
    };
    let country = form.filled("holidays.country");
    let wanted = PersonChange {
        name: Some(form.get("name").to_owned()),
        time_zone: Some(form.get("time_zone").to_owned()),
        working_hours: Some(working_hours),
        holidays: Some(country.map(|country| HolidaysInput {
            country,
            region: form.filled("holidays.region"),
            observe: form.has("holidays.observe"),
        })),
        effective_from: from,
        ..PersonChange::default()
    };
    let done = visitor
        .change(move |tx, visitor| {
            let any = Expected::any();
            people::change(tx, &visitor.actor, visitor.id, wanted, &any, visitor.now)
        })
        .await;
    match done {
        Ok(_) => Ok(visitor.go_and_say("me/settings", "Saved.")),
        Err(error) => sheet(&visitor, Some(form.failed(error)?)),
    }
}

/// The day from which on it holds: its midnight in the zone that was filled in. None is now.
fn day(form: &Form) -> Result<Option<String>, Error> {
    let Some(day) = form.filled("effective_from") else {
        return Ok(None);
    };
    let day =
        input::date(&day).map_err(|bad| Error::invalid("/effective_from", bad.to_string()))?;
    // What is wrong with the zone is said about the zone.
    let zone = Zone::parse(form.get("time_zone")).unwrap_or_else(|_| Zone::utc());
    let at = zone.to_instant(day.into());
    Ok(Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}

/// Changes which mails come.
#[post("/me/mails")]
pub async fn choose_mails(visitor: Visitor, form: Form) -> Answer {
    let wanted = form.all("mails");
    let wants = |name: &str| wanted.iter().any(|one| one == name);
    let wanted = Preferences {
        incoming: wants("incoming"),
        outgoing: wants("outgoing"),
        changes: wants("changes"),
        requests: wants("requests"),
        digests: wants("digests"),
        incidents: wants("incidents"),
        calendars: wants("calendars"),
        handoff_outside_hours: wants(OUTSIDE_HOURS),
    };
    visitor
        .change(move |tx, visitor| {
            let any = Expected::any();
            preferences::set(tx, &visitor.actor, visitor.id, wanted, &any, visitor.now)
        })
        .await?;
    Ok(visitor.go_and_say("me/settings", "Saved: these mails come from now on."))
}
