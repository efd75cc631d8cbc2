//! How a rotation works on incidents: how long it waits, what severities mean, what is to be done.

use actix_web::{get, post, web};
use askama::Template;

use super::Subject;
use crate::domain::incidents::{Severity, StageMeanings, Template as Task, WatchSettings};
use crate::fields::Input;
use crate::service::incidents::{self, SettingsView};
use crate::service::{Error, ValidationErrors};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// More rows than a list may have.
const MOST: usize = 60;

/// Rows in which something can be added.
const EMPTY: usize = 2;

const SEVERITY: [&str; 4] = [
    "name",
    "meaning",
    "first_update_minutes",
    "update_every_minutes",
];
const CHECK: [&str; 2] = ["text", "severities"];
const FOLLOW_UP: [&str; 3] = ["text", "severities", "due_hours"];

#[derive(Template)]
#[template(path = "pages/rotation_incidents.html")]
struct RotationIncidentsPage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    severities: Vec<[Input; 4]>,
    checklist: Vec<[Input; 2]>,
    follow_ups: Vec<[Input; 3]>,
}

impl RotationIncidentsPage {
    fn new(page: PageContext, subject: &Subject, form: Fields) -> Self {
        let label = |part: &str| match part {
            "name" => "Name",
            "meaning" => "When it is one",
            "first_update_minutes" => "First update after, minutes",
            "update_every_minutes" => "Then every, minutes",
            "severities" => "Only at",
            "due_hours" => "Within, hours",
            _ => "What is to be done",
        };
        Self {
            id: subject.rotation().id.to_string(),
            name: subject.rotation().name.clone(),
            severities: shown(&form, "severities", SEVERITY, label),
            checklist: shown(&form, "checklist", CHECK, label),
            follow_ups: shown(&form, "follow_ups", FOLLOW_UP, label),
            page,
            form,
        }
    }
}

fn cell(list: &str, row: usize, part: &str) -> String {
    format!("{list}.{row}.{part}")
}

/// The rows of a list, and some to add more in.
fn shown<const N: usize>(
    form: &Fields,
    list: &str,
    parts: [&str; N],
    label: impl Fn(&str) -> &'static str,
) -> Vec<[Input; N]> {
    let is_there = |row: &usize| {
        let mut all = parts.iter();
        all.any(|part| form.all(&cell(list, *row, part)).next().is_some())
    };
    let filled = (0..MOST).take_while(is_there).count();
    let row = |row: usize| {
        parts.map(|part| {
            let input = form.text(cell(list, row, part), label(part));
            if part.ends_with("minutes") || part.ends_with("hours") {
                input.kind("number")
            } else {
                input
            }
        })
    };
    (0..filled + EMPTY).map(row).collect()
}

/// What was filled in. Rows that were left empty are taken out of the form, so that what is wrong with one is said
/// beside it.
fn rows<const N: usize>(form: &mut Form, list: &str, parts: [&str; N]) -> Vec<[String; N]> {
    let mut found: Vec<[String; N]> = Vec::new();
    for index in 0..MOST {
        let row = parts.map(|part| {
            let taken = form.take(&cell(list, index, part));
            taken
                .first()
                .map(|text| text.trim().to_owned())
                .unwrap_or_default()
        });
        if row.iter().all(String::is_empty) {
            continue;
        }
        for (part, value) in parts.iter().zip(&row) {
            form.put(&cell(list, found.len(), part), std::slice::from_ref(value));
        }
        found.push(row);
    }
    found
}

/// What is in force, as the form holds it.
fn fields_of(view: &SettingsView) -> Fields {
    let settings = &view.settings;
    let number = |number: Option<u32>| number.map(|one| one.to_string()).unwrap_or_default();
    let mut form = Fields::default()
        .with("version", view.version)
        .with("patience_minutes", settings.patience_minutes)
        .with("handover_minutes", settings.handover_minutes)
        .with("update_notice_minutes", settings.update_notice_minutes)
        .with("stages.investigating", &settings.stages.investigating)
        .with("stages.identified", &settings.stages.identified)
        .with("stages.monitoring", &settings.stages.monitoring)
        .with("stages.resolved", &settings.stages.resolved)
        .with(
            "chat_webhook_url",
            settings.chat_webhook_url.as_deref().unwrap_or_default(),
        );
    let mut fill = |list: &str, row: usize, cells: &[(&str, String)]| {
        for (part, value) in cells {
            form = std::mem::take(&mut form).with(&cell(list, row, part), value);
        }
    };
    for (row, one) in settings.severities.iter().enumerate() {
        let cells = [
            ("name", one.name.clone()),
            ("meaning", one.meaning.clone()),
            ("first_update_minutes", number(one.first_update_minutes)),
            ("update_every_minutes", number(one.update_every_minutes)),
        ];
        fill("severities", row, &cells);
    }
    for (list, tasks) in [
        ("checklist", &settings.checklist),
        ("follow_ups", &settings.follow_ups),
    ] {
        for (row, one) in tasks.iter().enumerate() {
            let cells = [
                ("text", one.text.clone()),
                ("severities", one.severities.join(", ")),
                ("due_hours", number(one.due_hours)),
            ];
            fill(list, row, &cells);
        }
    }
    form
}

/// What was filled in, as the service takes it.
fn read(form: &mut Form) -> Result<WatchSettings, Error> {
    let mut errors = ValidationErrors::new();
    let severities = rows(form, "severities", SEVERITY);
    let checklist = rows(form, "checklist", CHECK);
    let follow_ups = rows(form, "follow_ups", FOLLOW_UP);
    let mut number = |name: &str, text: &str| {
        let read = text.trim().parse::<u32>();
        let pointer = format!("/{}", name.replace('.', "/"));
        errors.check(pointer, read.map_err(|_| "must be a whole number"))
    };
    let mut minutes = |name: &str| number(name, form.get(name)).unwrap_or_default();
    let (patience_minutes, handover_minutes, update_notice_minutes) = (
        minutes("patience_minutes"),
        minutes("handover_minutes"),
        minutes("update_notice_minutes"),
    );
    let mut optional = |list: &str, row: usize, part: &str, text: &str| {
        let given = Some(text).filter(|text| !text.is_empty())?;
        number(&cell(list, row, part), given)
    };
    let severities = severities
        .into_iter()
        .enumerate()
        .map(|(row, [name, meaning, first, every])| Severity {
            name,
            meaning,
            first_update_minutes: optional("severities", row, "first_update_minutes", &first),
            update_every_minutes: optional("severities", row, "update_every_minutes", &every),
        })
        .collect();
    let checklist = checklist
        .into_iter()
        .map(|[text, severities]| task(text, &severities, None))
        .collect();
    let follow_ups = follow_ups
        .into_iter()
        .enumerate()
        .map(|(row, [text, severities, due])| {
            let due = optional("follow_ups", row, "due_hours", &due);
            task(text, &severities, due)
        })
        .collect();
    errors.finish()?;
    let stage = |name: &str| form.get(&format!("stages.{name}")).trim().to_owned();
    Ok(WatchSettings {
        patience_minutes,
        handover_minutes,
        update_notice_minutes,
        severities,
        stages: StageMeanings {
            investigating: stage("investigating"),
            identified: stage("identified"),
            monitoring: stage("monitoring"),
            resolved: stage("resolved"),
        },
        checklist,
        follow_ups,
        chat_webhook_url: form.non_empty("chat_webhook_url"),
    })
}

fn task(text: String, severities: &str, due_hours: Option<u32>) -> Task {
    let names = severities.split(',').map(str::trim);
    Task {
        text,
        severities: names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        due_hours,
    }
}

async fn view_of(visitor: &SignedIn, subject: &Subject) -> Result<SettingsView, PageError> {
    let id = subject.rotation().id;
    let found = visitor.read(move |db, visitor| {
        let snapshot = visitor.app.snapshots.snapshot();
        incidents::settings(db, &visitor.actor, &snapshot, id)
    });
    Ok(found.await?)
}

/// How it works on incidents.
#[get("/rotations/{id}/incidents")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Incidents of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let form = fields_of(&view_of(&visitor, &subject).await?);
    visitor.show(&RotationIncidentsPage::new(page, &subject, form))
}

/// Changes that.
#[post("/rotations/{id}/incidents")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, mut form: Form) -> Answer {
    let page = visitor.page("Incidents of a rotation", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let (id, expected) = (subject.rotation().id, form.expected());
    let done = match read(&mut form) {
        Ok(wanted) => {
            visitor
                .change(move |uow, visitor| {
                    let guard = &visitor.app.guard;
                    incidents::put_settings(uow.expecting(expected), id, &wanted, guard)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(visitor.redirect_with_flash(
            &format!("rotations/{id}/incidents"),
            "Saved. Incidents go by this from now on, also those that are open.",
        )),
        Err(error) => {
            let version = view_of(&visitor, &subject).await?.version;
            let form = form.with_version_conflict(error, version)?;
            visitor.show(&RotationIncidentsPage::new(page, &subject, form))
        }
    }
}
