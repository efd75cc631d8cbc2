//! When a rotation reminds people, and what is to be done at its handovers.

use crate::domain::schedule::rotation::{HandoverSide, LONGEST_LEAD, Lead, ReminderSettings};
use actix_web::{get, post, web};
use askama::Template;
use serde_json::Value;

use super::Subject;
use crate::domain::schedule::rotation::Rotation;
use crate::domain::time::interval::Timestamp;
use crate::fields::{Checks, Input};
use crate::service::rotations::{ChecklistsInput, RemindersInput, set_reminders};
use crate::service::{Error, FieldError, ValidationErrors};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn};

/// What the choice says where a rotation has times or a list of its own.
const OWN: &str = "own";

/// What the choice says where it goes by the length of its turns.
const USUAL: &str = "usual";

/// Lead times that are no number of days.
const MOMENTS: [(&str, &str); 2] = [
    (
        "last_working_day",
        "at the start of their last working day before",
    ),
    ("handoff", "at the handover"),
];

/// Who is reminded: what fields are called, and words.
const SIDES: [(&str, &str, HandoverSide); 2] = [
    ("incoming", "Whoever takes over", HandoverSide::Incoming),
    ("outgoing", "Whoever hands over", HandoverSide::Outgoing),
];

#[derive(Template)]
#[template(path = "pages/rotation_reminders.html")]
struct RotationRemindersPage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    sides: Vec<Side>,
}

/// What is asked about one of the two.
struct Side {
    key: &'static str,
    title: &'static str,
    when: Checks,
    moments: Checks,
    days: Input,
    which: Checks,
    items: Input,
}

impl RotationRemindersPage {
    fn new(page: PageContext, subject: &Subject, form: Fields) -> Self {
        let rotation = subject.rotation();
        // As it would be if it said nothing of its own.
        let usual = Rotation {
            reminders: ReminderSettings::default(),
            ..rotation.clone()
        };
        let sides = SIDES.map(|(key, title, side)| {
            let leads = in_words(&usual.lead_times(side, page.now));
            let items = usual.checklist(side, page.now).len();
            Side {
                key,
                title,
                when: form.radios(
                    &format!("{key}.when"),
                    "Mails",
                    [
                        (USUAL, format!("as goes with turns of this length: {leads}")),
                        (OWN, "at times of its own".to_owned()),
                    ],
                ),
                moments: form.checks(format!("{key}.moments"), "When", MOMENTS),
                days: form
                    .text(format!("{key}.days"), "Days before")
                    .hint("Numbers, such as 7, 2. Nothing here and nothing ticked: no reminder."),
                which: form.radios(
                    &format!("checklists.{key}.which"),
                    "Checklist",
                    [
                        (
                            USUAL,
                            match items {
                                0 => "none, as goes with turns of this length".to_owned(),
                                many => format!("that of a Support Hero, with {many} things"),
                            },
                        ),
                        (OWN, "a list of its own".to_owned()),
                    ],
                ),
                items: form
                    .area(&format!("checklists.{key}"), "What is to be done", 8)
                    .hint("One thing on each line."),
            }
        });
        Self {
            id: rotation.id.to_string(),
            name: rotation.name.clone(),
            sides: sides.into(),
            page,
            form,
        }
    }
}

/// Lead times, as people say them.
fn in_words(leads: &[Lead]) -> String {
    if leads.is_empty() {
        return "none".to_owned();
    }
    let words = leads.iter().map(|lead| match lead {
        Lead::Days(1) => "a day before".to_owned(),
        Lead::Days(7) => "a week before".to_owned(),
        Lead::Days(days) => format!("{days} days before"),
        Lead::LastWorkingDay => MOMENTS[0].1.to_owned(),
        Lead::Handoff => MOMENTS[1].1.to_owned(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What a rotation has, as the form holds it: what is in force stands there to be changed.
fn fields_of(rotation: &Rotation, now: Timestamp) -> Fields {
    let own = &rotation.reminders;
    let choice = |is_own: bool| if is_own { OWN } else { USUAL };
    let mut form = Fields::default().with("version", rotation.version);
    for (key, _, side) in SIDES {
        let (leads, items) = match side {
            HandoverSide::Incoming => (&own.incoming, &own.checklists.incoming),
            HandoverSide::Outgoing => (&own.outgoing, &own.checklists.outgoing),
        };
        form = form
            .with(&format!("{key}.when"), choice(leads.is_some()))
            .with(&format!("checklists.{key}.which"), choice(items.is_some()));
        let mut days = Vec::new();
        for lead in rotation.lead_times(side, now) {
            match lead {
                Lead::Days(count) => days.push(count.to_string()),
                Lead::LastWorkingDay => {
                    form = form.with(&format!("{key}.moments"), MOMENTS[0].0);
                }
                Lead::Handoff => form = form.with(&format!("{key}.moments"), MOMENTS[1].0),
            }
        }
        let items = rotation.checklist(side, now).join("\n");
        form = form
            .with(&format!("{key}.days"), days.join(", "))
            .with(&format!("checklists.{key}"), items);
    }
    form
}

/// What was filled in, as the service takes it.
fn read(form: &Form) -> Result<RemindersInput, Error> {
    let mut errors = ValidationErrors::new();
    let mut leads = |key: &str| {
        if form.get(&format!("{key}.when")) != OWN {
            return None;
        }
        let days = form.get(&format!("{key}.days"));
        let days = days.split([',', ';', ' ']).filter(|text| !text.is_empty());
        let mut all = Vec::new();
        for text in days {
            match text.parse::<u16>() {
                Ok(count) if (1..=LONGEST_LEAD).contains(&count) => all.push(Value::from(count)),
                _ => errors.add(
                    format!("/{key}/days"),
                    format!("must be numbers from 1 to {LONGEST_LEAD}, such as 7, 2"),
                ),
            }
        }
        all.extend(
            form.all(&format!("{key}.moments"))
                .into_iter()
                .map(Value::from),
        );
        Some(all)
    };
    let (incoming, outgoing) = (leads("incoming"), leads("outgoing"));
    errors.finish()?;
    let items = |key: &str| {
        let lines = form.get(&format!("checklists.{key}")).lines();
        let items = lines
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned);
        (form.get(&format!("checklists.{key}.which")) == OWN).then(|| items.collect())
    };
    Ok(RemindersInput {
        incoming,
        outgoing,
        checklists: ChecklistsInput {
            incoming: items("incoming"),
            outgoing: items("outgoing"),
        },
    })
}

/// What is wrong with a lead time stands beside the box for days, which is the only one that people fill in.
fn beside_days(error: Error) -> Error {
    let Error::Invalid(errors) = error else {
        return error;
    };
    let moved = errors.into_iter().map(|fault| {
        let side = SIDES
            .iter()
            .find(|(key, ..)| fault.pointer.starts_with(&format!("/{key}")));
        match side {
            Some((key, ..)) => FieldError {
                pointer: format!("/{key}/days"),
                ..fault
            },
            None => fault,
        }
    });
    Error::Invalid(moved.collect())
}

/// The reminders as they are.
#[get("/rotations/{id}/reminders")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Reminders of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let form = fields_of(subject.rotation(), page.now);
    visitor.show(&RotationRemindersPage::new(page, &subject, form))
}

/// Changes them.
#[post("/rotations/{id}/reminders")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Reminders of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let (id, version) = (subject.rotation().id, subject.rotation().version);
    let wanted = match read(&form) {
        Ok(wanted) => wanted,
        Err(error) => {
            return visitor.show(&RotationRemindersPage::new(
                page,
                &subject,
                form.failed(error)?,
            ));
        }
    };
    let expected = form.expected();
    let done = visitor
        .change(move |uow, _| set_reminders(uow.expecting(expected), id, &wanted))
        .await;
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash(
            &format!("rotations/{id}/reminders"),
            "Saved. Reminders and checklists go by this from now on.",
        )),
        Err(error) => {
            let form = form.with_version_conflict(beside_days(error), version)?;
            visitor.show(&RotationRemindersPage::new(page, &subject, form))
        }
    }
}
