//! Declaring an incident.

use std::sync::Arc;

use actix_web::{get, post};
use askama::Template;

use super::{Answer, Error, Fields, Form, PageContext, PageError, Section, SignedIn};
use crate::domain::schedule::rotation::Kind;
use crate::domain::schedule::timeline::Timeline;
use crate::fields::{Checks, Select};
use crate::page_error::wait_before_trying;
use crate::service::access;
use crate::service::incidents::{self, NewIncident};

#[derive(Template)]
#[template(path = "pages/incident_new.html")]
struct DeclareIncidentPage {
    page: PageContext,
    form: Fields,
    /// Rotations that watch: their ids and names.
    watchers: Vec<(String, String)>,
    /// All other rotations, of which one may tell customers.
    others: Vec<(String, String)>,
    severities: Vec<(String, String)>,
    people: Vec<(String, String)>,
}

impl DeclareIncidentPage {
    fn new(visitor: &SignedIn, form: Fields) -> Result<Self, PageError> {
        let page = visitor.page("Declare an incident", Section::Incidents)?;
        let named = |timeline: &Arc<Timeline>| {
            let rotation = timeline.rotation();
            (rotation.id.to_string(), rotation.name.clone())
        };
        let (suns, others): (Vec<_>, Vec<_>) = page
            .snapshot
            .timelines()
            .filter(|timeline| timeline.rotation().archived_at.is_none())
            .partition(|timeline| timeline.rotation().kind == Kind::FollowTheSun);
        let mut severities: Vec<(String, String)> = Vec::new();
        for timeline in &suns {
            let settings = page.snapshot.watch_settings(timeline.rotation().id);
            for one in &settings.severities {
                if !severities.iter().any(|(name, _)| *name == one.name) {
                    severities.push((one.name.clone(), format!("{}: {}", one.name, one.meaning)));
                }
            }
        }
        let people = page.snapshot.people().values();
        let people = people.filter(|person| person.active_at(page.now));
        let mut people: Vec<(String, String)> = people
            .map(|person| (person.id.to_string(), person.name.clone()))
            .collect();
        people.sort_by_key(|(_, name)| name.to_lowercase());
        let sorted = |all: Vec<&Arc<Timeline>>| {
            let mut all: Vec<(String, String)> = all.into_iter().map(named).collect();
            all.sort_by_key(|(_, name)| name.to_lowercase());
            all
        };
        Ok(Self {
            watchers: sorted(suns),
            others: sorted(others),
            severities,
            people,
            page,
            form,
        })
    }

    fn or_none(none: &str, all: &[(String, String)]) -> Vec<(String, String)> {
        let none = [(String::new(), none.to_owned())];
        none.into_iter().chain(all.iter().cloned()).collect()
    }

    fn severity(&self) -> Select {
        let all = Self::or_none("not known yet", &self.severities);
        self.form.select("severity", "How severe it is", all)
    }

    fn rotation(&self) -> Select {
        let label = "Who watches from the support side";
        self.form
            .select("rotation_id", label, self.watchers.clone())
    }

    fn communications(&self) -> Select {
        let all = Self::or_none("the watcher", &self.others);
        self.form
            .select("communications_rotation_id", "Who tells customers", all)
    }

    fn lead(&self) -> Select {
        let all = Self::or_none("not known yet", &self.people);
        self.form.select("lead", "Who leads the work on it", all)
    }

    fn watch(&self) -> Checks {
        let ways = [
            ("", "ask support for a hand"),
            ("self", "I watch it"),
            ("named", "somebody I name:"),
        ];
        self.form.radios("watch", "The watch", ways)
    }

    fn named(&self) -> Select {
        let all = Self::or_none("", &self.people);
        self.form.select("named", "Named", all)
    }
}

/// The form.
#[get("/incidents/new")]
pub async fn show(visitor: SignedIn) -> Answer {
    access::declares(&visitor.actor)?;
    let form = Fields::default().with("watch", "");
    visitor.show(&DeclareIncidentPage::new(&visitor, form)?)
}

/// Declares it.
#[post("/incidents/new")]
pub async fn send(visitor: SignedIn, form: Form) -> Answer {
    let new = NewIncident {
        reference: form.get("reference").to_owned(),
        title: form.get("title").to_owned(),
        severity: form.non_empty("severity"),
        rotation_id: form.get("rotation_id").to_owned(),
        communications_rotation_id: form.non_empty("communications_rotation_id"),
        lead: form.non_empty("lead"),
        channel_url: form.non_empty("channel_url"),
        thread_url: form.non_empty("thread_url"),
        status_page_url: form.non_empty("status_page_url"),
        watch: match form.get("watch") {
            "named" => Some(form.get("named").to_owned()),
            _ => form.non_empty("watch"),
        },
    };
    let done = visitor
        .change(move |uow, _| incidents::declare(uow, &new))
        .await;
    match done {
        Ok(declared) => {
            let words = if declared.is_new {
                "It is declared."
            } else {
                "It was declared already: this is it."
            };
            let path = format!("incidents/{}", declared.view.id);
            Ok(visitor.redirect_with_flash(&path, words))
        }
        Err(error) => {
            // Whoever names nobody, or somebody who cannot, is told so at the list of names.
            let is_named = form.get("watch") == "named";
            let wait = error.retry_after();
            let form = form.failed(at_the_names(error, is_named))?;
            let response = visitor.show(&DeclareIncidentPage::new(&visitor, form)?)?;
            Ok(wait_before_trying(response, wait))
        }
    }
}

fn at_the_names(error: Error, is_named: bool) -> Error {
    match error {
        Error::Invalid(mut errors) if is_named => {
            for fault in errors.iter_mut().filter(|fault| fault.pointer == "/watch") {
                "/named".clone_into(&mut fault.pointer);
            }
            Error::Invalid(errors)
        }
        other => other,
    }
}
