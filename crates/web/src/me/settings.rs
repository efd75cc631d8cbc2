//! Zone, hours and holidays of the visitor, and which mails they want.

use actix_web::{get, post};
use askama::Template;

use crate::domain::people::person::{Person, Role};
use crate::domain::people::preferences::{Preferences, Topic};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::service::people::{self, PersonChange};
use crate::service::values::{self, HoursInput};
use crate::service::{Error, ValidationErrors, preferences};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn, hours, profile};

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
struct SettingsPage {
    page: PageContext,
    form: Fields,
    hours: Vec<hours::Row>,
    mails: Fields,
    choices: Vec<(&'static str, String)>,
    coming: Vec<String>,
    may_change: bool,
}

fn me(page: &PageContext, visitor: &SignedIn) -> Result<Person, PageError> {
    let me = page.snapshot.person(visitor.id);
    me.map(|me| Person::clone(me))
        .ok_or_else(|| PageError::no_such("person"))
}

fn filled(page: &PageContext, me: &Person) -> Fields {
    let form = Fields::default()
        .with("name", &me.name)
        .with("email", &me.email)
        .with("version", me.version);
    profile::fill(form, me, page.now)
}

fn sheet(visitor: &SignedIn, form: Option<Fields>) -> Answer {
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
        let day = crate::when::long(&page.zone, profile.effective_from?);
        Some(format!("From {day} on: {}", profile.time_zone))
    });
    visitor.show(&SettingsPage {
        coming: coming.collect(),
        hours: hours::rows(&form, profile::HOURS, 1),
        may_change: visitor.actor.role != Role::Viewer,
        form,
        mails,
        choices,
        page,
    })
}

/// My settings.
#[get("/me/settings")]
pub async fn show(visitor: SignedIn) -> Answer {
    sheet(&visitor, None)
}

/// Changes name, address, zone, hours and holidays.
#[post("/me/settings")]
pub async fn change(visitor: SignedIn, mut form: Form) -> Answer {
    let page = visitor.page("Settings", Section::Mine)?;
    let me = me(&page, &visitor)?;
    let (version, expected) = (me.version, form.expected());
    let working_hours = hours::read(&mut form, profile::HOURS);
    let done = match read(&form, &working_hours, &me, &visitor) {
        Ok(change) => {
            people::may_change(&visitor.actor, &me, Some(&change))?;
            visitor
                .change(move |uow, visitor| {
                    people::change(uow.expecting(expected), visitor.id, change)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(changed) if changed.email != me.email => Ok(visitor.redirect_with_flash(
            "me/settings",
            "Saved. The old and the new address are told of the change.",
        )),
        Ok(_) => Ok(visitor.redirect_with_flash("me/settings", "Saved.")),
        Err(error) => sheet(&visitor, Some(form.with_version_conflict(error, version)?)),
    }
}

/// What was filled in otherwise than it is.
fn read(
    form: &Form,
    working_hours: &[HoursInput],
    me: &Person,
    visitor: &SignedIn,
) -> Result<PersonChange, Error> {
    let mut errors = ValidationErrors::new();
    let name = values::line(&mut errors, "/name", form.get("name"), 200);
    let email = form.non_empty("email");
    if email.is_none() && form.sends("email") {
        errors.add("/email", "is needed");
    }
    let email = email.and_then(|email| values::email(&mut errors, "/email", &email));
    let wanted = PersonChange {
        name,
        email,
        ..profile::changed(&mut errors, form, working_hours, me, visitor)
    };
    errors.finish_with(Some(wanted))
}

/// Changes which mails come.
#[post("/me/mails")]
pub async fn choose_mails(visitor: SignedIn, form: Form) -> Answer {
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
        .change(move |uow, visitor| preferences::set(uow, visitor.id, wanted))
        .await?;
    Ok(visitor.redirect_with_flash("me/settings", "Saved: these mails come from now on."))
}
