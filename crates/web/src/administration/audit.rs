//! Who did what, when, from where; and what it was before and after.

use std::collections::HashSet;

use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;

use super::audit_text::{self, AuditRow, Change};
use crate::domain::access::audit::AuditAction;
use crate::domain::ids::PersonId;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::fields::Select;
use crate::parts::Who;
use crate::service::audit::{self, AuditView, Filter};
use crate::service::{ValidationErrors, access, input};
use crate::{Answer, Fields, PageContext, Section, SignedIn};

/// Entries on a page.
const ON_A_PAGE: usize = 50;

/// What is looked for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    actor: String,
    action: String,
    subject: String,
    from: String,
    until: String,
    /// Only older ones than the entry of this id.
    before: String,
}

#[derive(Template)]
#[template(path = "pages/audit.html")]
struct AuditPage {
    page: PageContext,
    form: Fields,
    everybody: Vec<(PersonId, String)>,
    entries: Vec<Entry>,
    /// The query of the next page.
    older: Option<String>,
}

/// An entry of the log.
struct Entry {
    at: Timestamp,
    who: Option<Who>,
    /// Who did it where that is nobody of ours, in words.
    otherwise: &'static str,
    by_token: bool,
    address: Option<String>,
    deed: AuditRow,
    action: String,
    subject: String,
    changes: Vec<Change>,
}

impl AuditPage {
    fn actor(&self) -> Select {
        let anybody = [(String::new(), "anybody".to_owned())];
        let everybody = self
            .everybody
            .iter()
            .map(|(id, name)| (id.to_string(), name.clone()));
        self.form
            .select("actor", "Who", anybody.into_iter().chain(everybody))
    }
}

/// The log, the newest first.
#[get("/administration/audit")]
pub async fn show(visitor: SignedIn, wanted: web::Query<AuditQuery>) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Audit log", Section::Administration)?;
    let wanted = wanted.into_inner();
    let form = fields(&wanted);
    let (filter, form) = match filter(&wanted, &page) {
        Ok(filter) => (filter, form),
        Err(errors) => (
            Filter {
                newest_first: true,
                ..Filter::default()
            },
            form.with_faults(errors),
        ),
    };
    let limit = i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX);
    let mut rows = visitor
        .read(move |db, _| audit::list(db, &filter, limit))
        .await?;
    let more = rows.len() > ON_A_PAGE;
    rows.truncate(ON_A_PAGE);
    let older = rows.last().filter(|_| more).map(|last| {
        query(&AuditQuery {
            before: last.id.clone(),
            ..wanted
        })
    });
    let mut everybody: Vec<(PersonId, String)> = page
        .snapshot
        .people()
        .values()
        .map(|person| (person.id, person.name.clone()))
        .collect();
    everybody.sort_by_key(|(_, name)| name.to_lowercase());
    let programs = by_programs(&rows);
    let entries = rows.iter().map(|row| entry(&page, row, &programs));
    let entries = entries.collect();
    visitor.show(&AuditPage {
        page,
        form,
        everybody,
        entries,
        older,
    })
}

fn fields(wanted: &AuditQuery) -> Fields {
    Fields::default()
        .with("actor", &wanted.actor)
        .with("action", &wanted.action)
        .with("subject", &wanted.subject)
        .with("from", &wanted.from)
        .with("until", &wanted.until)
}

fn query(wanted: &AuditQuery) -> String {
    let pairs = [
        ("actor", &wanted.actor),
        ("action", &wanted.action),
        ("subject", &wanted.subject),
        ("from", &wanted.from),
        ("until", &wanted.until),
        ("before", &wanted.before),
    ];
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filled)
        .finish()
}

/// Days are those of the zone in which times are shown; `until` is included.
fn filter(
    wanted: &AuditQuery,
    page: &PageContext,
) -> Result<Filter, Vec<crate::service::FieldError>> {
    let mut errors = ValidationErrors::new();
    let mut midnight = |name: &str, text: &str, days: u64| {
        let given = Some(text).filter(|text| !text.is_empty())?;
        let day = errors.check(format!("/{name}"), input::date(given))?;
        let day = day.checked_add_days(chrono::Days::new(days))?;
        Some(page.zone.to_instant(day.and_time(chrono::NaiveTime::MIN)))
    };
    let (from, until) = (
        midnight("from", &wanted.from, 0),
        midnight("until", &wanted.until, 1),
    );
    if let Err(crate::service::Error::Invalid(found)) = errors.finish() {
        return Err(found);
    }
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Filter {
        actor: some(&wanted.actor),
        action: some(&wanted.action),
        subject: some(&wanted.subject),
        from,
        until,
        newest_first: true,
        after: some(&wanted.before),
    })
}

/// What was done, where this version knows it.
fn action(row: &AuditView) -> Option<AuditAction> {
    row.action.parse().ok()
}

/// Ids of entries about what programs declared through webhooks.
fn by_programs(rows: &[AuditView]) -> HashSet<&str> {
    let deliveries = rows
        .iter()
        .filter(|row| action(row) == Some(AuditAction::WebhookDeclare));
    let declared: HashSet<&str> = deliveries
        .filter_map(|row| row.after.get("incident_id")?.as_str())
        .collect();
    let theirs = rows.iter().filter(|row| match action(row) {
        Some(AuditAction::WebhookDeclare) => true,
        Some(AuditAction::IncidentDeclare) => declared.contains(row.subject_id.as_str()),
        _ => false,
    });
    theirs.map(|row| row.id.as_str()).collect()
}

fn entry(page: &PageContext, row: &AuditView, programs: &HashSet<&str>) -> Entry {
    let who = row
        .actor_id
        .as_ref()
        .and_then(|id| id.parse::<PersonId>().ok());
    Entry {
        at: row.at,
        who: who
            .filter(|id| page.snapshot.person(*id).is_some())
            .map(|id| page.who(&id)),
        otherwise: if programs.contains(row.id.as_str()) {
            "a program"
        } else {
            "the operator, or Dogwatch itself,"
        },
        by_token: row.token_id.is_some(),
        address: row.address.clone(),
        deed: AuditRow::of(page, row),
        action: row.action.clone(),
        subject: row.subject_id.clone(),
        changes: audit_text::changes(page, row),
    }
}
