//! Who did what, when, from where; and what it was before and after.

use actix_web::{get, web};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::duty::Rota as _;
use crate::domain::ids::{PersonId, RotationId, TeamId};
use crate::domain::interval::Instant;
use crate::http::web::fields::Select;
use crate::http::web::parts::Who;
use crate::http::web::{Answer, Fields, Page, Section, Visitor};
use crate::service::audit::{self, AuditView, Filter};
use crate::service::{Faults, access, input};

/// Entries on a page.
const ON_A_PAGE: usize = 50;

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 160;

/// What is looked for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Wanted {
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
struct Sheet {
    page: Page,
    form: Fields,
    everybody: Vec<(PersonId, String)>,
    entries: Vec<Entry>,
    /// The query of the next page.
    older: Option<String>,
}

/// An entry of the log.
struct Entry {
    at: Instant,
    who: Option<Who>,
    by_token: bool,
    address: Option<String>,
    action: String,
    subject: Subject,
    changes: Vec<Change>,
}

/// What it was done to.
struct Subject {
    id: String,
    words: String,
    /// A page of ours about it.
    path: Option<String>,
}

/// A member that became another.
struct Change {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

impl Sheet {
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
pub async fn show(visitor: Visitor, wanted: web::Query<Wanted>) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Audit log", Section::Administration)?;
    let wanted = wanted.into_inner();
    let form = fields(&wanted);
    let (filter, form) = match filter(&wanted, &page) {
        Ok(filter) => (filter, form),
        Err(faults) => (
            Filter {
                newest_first: true,
                ..Filter::default()
            },
            form.with_faults(faults),
        ),
    };
    let limit = i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX);
    let mut rows = visitor
        .read(move |db, _| audit::list(db, &filter, limit))
        .await?;
    let more = rows.len() > ON_A_PAGE;
    rows.truncate(ON_A_PAGE);
    let older = rows.last().filter(|_| more).map(|last| {
        query(&Wanted {
            before: last.id.clone(),
            ..wanted
        })
    });
    let mut everybody: Vec<(PersonId, String)> = page
        .roster
        .people()
        .values()
        .map(|person| (person.id, person.name.clone()))
        .collect();
    everybody.sort_by_key(|(_, name)| name.to_lowercase());
    let entries = rows.iter().map(|row| entry(&page, row)).collect();
    visitor.show(&Sheet {
        page,
        form,
        everybody,
        entries,
        older,
    })
}

fn fields(wanted: &Wanted) -> Fields {
    Fields::default()
        .with("actor", &wanted.actor)
        .with("action", &wanted.action)
        .with("subject", &wanted.subject)
        .with("from", &wanted.from)
        .with("until", &wanted.until)
}

fn query(wanted: &Wanted) -> String {
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
fn filter(wanted: &Wanted, page: &Page) -> Result<Filter, Vec<crate::service::Fault>> {
    let mut faults = Faults::new();
    let mut midnight = |name: &str, text: &str, days: u64| {
        let given = Some(text).filter(|text| !text.is_empty())?;
        let day = faults.check(format!("/{name}"), input::date(given))?;
        let day = day.checked_add_days(chrono::Days::new(days))?;
        Some(page.zone.to_instant(day.and_time(chrono::NaiveTime::MIN)))
    };
    let (from, until) = (
        midnight("from", &wanted.from, 0),
        midnight("until", &wanted.until, 1),
    );
    if let Err(crate::service::Error::Invalid(found)) = faults.finish() {
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

fn entry(page: &Page, row: &AuditView) -> Entry {
    let who = row
        .actor_id
        .as_ref()
        .and_then(|id| id.parse::<PersonId>().ok());
    Entry {
        at: row.at,
        who: who
            .filter(|id| page.roster.person(*id).is_some())
            .map(|id| page.who(&id)),
        by_token: row.token_id.is_some(),
        address: row.address.clone(),
        action: row.action.clone(),
        subject: subject(page, row),
        changes: changes(&row.before, &row.after),
    }
}

fn subject(page: &Page, row: &AuditView) -> Subject {
    let id = &row.subject_id;
    let found = match row.subject_kind.as_str() {
        "person" => id
            .parse::<PersonId>()
            .ok()
            .and_then(|id| page.roster.person(id))
            .map(|person| {
                (
                    person.name.clone(),
                    Some(format!("people/{}/edit", person.id)),
                )
            }),
        "team" => id
            .parse::<TeamId>()
            .ok()
            .and_then(|id| page.roster.team(id))
            .map(|team| (team.name.clone(), Some(format!("teams/{}", team.slug)))),
        "rotation" => id
            .parse::<RotationId>()
            .ok()
            .and_then(|id| page.roster.timeline(id))
            .map(|timeline| {
                (
                    timeline.rotation().name.clone(),
                    Some(format!("rotations/{id}")),
                )
            }),
        _ => None,
    };
    let (words, path) = found.unwrap_or_else(|| (row.subject_kind.replace('_', " "), None));
    Subject {
        id: id.clone(),
        words,
        path,
    }
}

/// Which members became others; of what is new or gone, all of them.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let (Value::Object(_) | Value::Null, Value::Object(_) | Value::Null) = (before, after) else {
        return Vec::new();
    };
    let members = |value: &Value| {
        value
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect::<Vec<_>>()
    };
    let mut names = members(before);
    names.extend(members(after));
    names.sort_unstable();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "id" | "version"))
        .filter_map(|name| {
            let (was, is) = (before.get(&name), after.get(&name));
            let empty = |value: Option<&Value>| value.is_none_or(Value::is_null);
            if was == is || empty(was) && empty(is) {
                return None;
            }
            let (was, is) = (
                was.filter(|value| !value.is_null()),
                is.filter(|value| !value.is_null()),
            );
            Some(Change {
                name,
                before: was.map(short),
                after: is.map(short),
            })
        });
    changed.collect()
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_became_another_is_shown() {
        let found = |before, after| {
            let all = changes(&before, &after).into_iter();
            all.map(|one| format!("{}: {:?} {:?}", one.name, one.before, one.after))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(
                json!({"id": 1, "name": "a", "zone": "UTC", "version": 1}),
                json!({"id": 1, "name": "b", "zone": "UTC", "version": 2})
            ),
            ["name: Some(\"a\") Some(\"b\")"]
        );
        assert_eq!(
            found(Value::Null, json!({"name": "a", "end": null})),
            ["name: None Some(\"a\")"]
        );
        assert_eq!(
            found(json!({"order": ["x"]}), Value::Null),
            ["order: Some(\"[\\\"x\\\"]\") None"]
        );
        assert!(found(json!("text"), json!(1)).is_empty());
    }
}
