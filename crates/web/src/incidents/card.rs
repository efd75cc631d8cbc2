//! An incident in short: who watches, what is due, who could be next, and what the visitor can do about it.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::TimeDelta;

use super::clock::{self, Clock};
use crate::domain::ids::PersonId;
use crate::domain::incidents::candidates::SOON;
use crate::domain::incidents::{
    Attendance, Handover, Incident, Notes, Severity, Stage, WatchSettings,
};
use crate::domain::schedule::duty;
use crate::domain::time::interval::Timestamp;
use crate::parts::Who;
use crate::service::incidents::{self, May};
use crate::when::{self, When};
use crate::{Fields, PageContext, SignedIn};

/// Who watches.
pub enum Watching {
    /// Somebody who is there.
    Somebody {
        /// Who.
        who: Who,
        /// Since when.
        since: When,
        /// When they leave, and how long that is.
        leaves: Option<(When, String)>,
        /// The best to follow them.
        next: Option<(Who, String)>,
        /// Whether it is the visitor.
        is_me: bool,
    },
    /// Nobody who is there.
    Nobody {
        /// Since when.
        since: When,
        /// Who has it still, and has left.
        absent: Option<Who>,
        /// Who of support is back first, and when, where nobody is at work.
        back: Option<(Who, When)>,
        /// Who is asked meanwhile, as what.
        fallback: Option<(Who, String)>,
    },
    /// It is over.
    Over(When),
}

/// A handover that waits for an answer.
pub struct Offer {
    /// Its number.
    pub number: u32,
    /// Who offers it.
    pub from: Who,
    /// To whom.
    pub to: Who,
    /// Since when.
    pub since: When,
    /// Whether the visitor may answer.
    pub may_answer: bool,
    /// For whom they would, where it is not offered to them.
    pub instead_of: Option<String>,
}

/// What was written down for whoever is next.
pub struct Note {
    /// By whom.
    pub by: Who,
    /// When.
    pub at: When,
    /// What.
    pub notes: Notes,
}

/// An incident in short, with forms.
#[derive(Template)]
#[template(path = "pages/parts/incident.html")]
pub struct Card {
    id: String,
    reference: String,
    title: String,
    severity: Option<Severity>,
    stage: Stage,
    stage_meaning: String,
    settings: Arc<WatchSettings>,
    links: Vec<(&'static str, String)>,
    lead: Option<Who>,
    watching: Watching,
    /// When customers are told next, by whom, and whether that is past.
    update: Option<(When, Option<Who>, bool)>,
    told: Option<(When, String)>,
    offer: Option<Offer>,
    note: Option<Note>,
    clock: Option<Clock>,
    may: May,
    may_raise: bool,
    /// To whom the watch can be handed over, best first.
    successors: Vec<(String, String)>,
    /// What is read out where it has changed.
    said: String,
    form_token: String,
    back: String,
    /// What the form that could not be accepted holds.
    form: Fields,
    /// Which form that is.
    doing: String,
    /// Whether the page is about this incident only.
    is_alone: bool,
}

impl HtmlSafe for Card {}

impl Card {
    /// As this visitor sees it; `back` is the page to which what they do leads.
    pub fn new(visitor: &SignedIn, page: &PageContext, incident: &Incident, back: String) -> Self {
        let settings = page.snapshot.watch_settings(incident.rotation);
        let may = incidents::may(&page.snapshot, incident, &visitor.actor, page.now);
        let attendance = incident.attendance(page.snapshot.as_ref(), page.now);
        let is_unwatched = incident.is_open() && matches!(attendance, Attendance::Unwatched { .. });
        let watching = watching(visitor, page, incident, attendance);
        let due = incident.next_update(&settings);
        let candidates = if incident.is_open() {
            incident.candidates(page.snapshot.as_ref(), page.now)
        } else {
            Vec::new()
        };
        let severity = incident.severity.as_deref();
        let links = [
            ("channel", &incident.links.channel),
            ("thread", &incident.links.thread),
            ("status page", &incident.links.status_page),
        ];
        let links = links
            .into_iter()
            .filter_map(|(name, link)| Some((name, link.clone()?)));
        Self {
            id: incident.id.to_string(),
            reference: incident.reference.clone(),
            title: incident.title.clone(),
            severity: severity.and_then(|name| settings.severity(name).cloned()),
            stage: incident.stage,
            stage_meaning: meaning(&settings, incident.stage).to_owned(),
            links: links.collect(),
            lead: incident.lead.map(|lead| page.who(&lead)),
            update: due.map(|due| {
                let owner = incident.update_owner(page.snapshot.as_ref(), page.now);
                (
                    page.when(&due),
                    owner.map(|owner| page.who(&owner)),
                    due <= page.now,
                )
            }),
            told: incident
                .updates
                .last()
                .map(|last| (page.when(&last.at), last.text.clone())),
            offer: incident.open_handover().and_then(|open| {
                let to = open.to?;
                Some(Offer {
                    number: open.number,
                    from: page.who(&open.from),
                    to: page.who(&to),
                    since: page.when(&open.offered_at),
                    // Who manages answers for somebody who cannot, but hardly what they offered themselves.
                    may_answer: visitor.id == to || may.manage && visitor.id != open.from,
                    instead_of: (visitor.id != to).then(|| page.name(&to).to_owned()),
                })
            }),
            note: incident
                .latest_notes()
                .filter(|_| incident.is_open())
                .map(|last| note(page, last)),
            clock: Clock::of(page, &candidates),
            may_raise: is_unwatched && may.raise,
            successors: successors(page, incident, attendance),
            said: said(page, incident, is_unwatched),
            form_token: page.form_token.clone(),
            form: Fields::default(),
            doing: String::new(),
            is_alone: false,
            watching,
            settings,
            may,
            back,
        }
    }

    /// The same on a page of its own.
    pub fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// The same with a form that could not be accepted.
    pub fn with_form(mut self, doing: &str, form: Fields) -> Self {
        doing.clone_into(&mut self.doing);
        self.form = form;
        self
    }

    fn is_doing(&self, what: &str) -> bool {
        self.doing == what
    }

    fn is_open(&self) -> bool {
        !matches!(self.watching, Watching::Over(_))
    }

    fn is_unwatched(&self) -> bool {
        matches!(self.watching, Watching::Nobody { .. })
    }

    fn has_watcher(&self) -> bool {
        match &self.watching {
            Watching::Somebody { .. } => true,
            Watching::Nobody { absent, .. } => absent.is_some(),
            Watching::Over(_) => false,
        }
    }

    /// Where the work can go, and what that means.
    fn stages(&self) -> Vec<(&'static str, &str)> {
        [Stage::Investigating, Stage::Identified, Stage::Monitoring]
            .into_iter()
            .map(|stage| (stage_name(stage), meaning(&self.settings, stage)))
            .collect()
    }

    fn stage_name(&self) -> &'static str {
        stage_name(self.stage)
    }
}

/// What a stage is called.
pub const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "investigating",
        Stage::Identified => "identified",
        Stage::Monitoring => "monitoring",
        Stage::Resolved => "resolved",
    }
}

fn meaning(settings: &WatchSettings, stage: Stage) -> &str {
    match stage {
        Stage::Investigating => &settings.stages.investigating,
        Stage::Identified => &settings.stages.identified,
        Stage::Monitoring => &settings.stages.monitoring,
        Stage::Resolved => &settings.stages.resolved,
    }
}

fn note(page: &PageContext, handover: &Handover) -> Note {
    Note {
        by: page.who(&handover.from),
        at: page.when(&handover.offered_at),
        notes: handover.notes.clone(),
    }
}

fn watching(
    visitor: &SignedIn,
    page: &PageContext,
    incident: &Incident,
    attendance: Attendance,
) -> Watching {
    let snapshot = page.snapshot.as_ref();
    if let Some(at) = incident.resolved_at {
        return Watching::Over(page.when(&at));
    }
    match attendance {
        Attendance::Watched { by, until } => Watching::Somebody {
            who: page.who(&by),
            since: page.at(&incident
                .watch()
                .map_or(incident.declared_at, |watch| watch.from)),
            leaves: until.map(|until| (page.at(&until), page.left(&until))),
            next: until.and_then(|until| {
                let best = incident.successor(snapshot, until)?;
                let ahead = TimeDelta::seconds(best.working_seconds_left);
                Some((page.who(&best.person), when::span(ahead)))
            }),
            is_me: by == visitor.id,
        },
        Attendance::Unwatched { since } => {
            let candidates = incident.candidates(snapshot, page.now);
            let nobody = candidates.iter().all(|one| one.available_from.is_some());
            let back = candidates
                .iter()
                .filter_map(|one| Some((one.available_from?, one.person)))
                .min()
                .filter(|_| nobody);
            Watching::Nobody {
                since: page.when(&since),
                absent: incident.watcher().map(|id| page.who(&id)),
                back: back.map(|(at, id)| (page.who(&id), page.when(&at))),
                fallback: fallback(page, incident, page.now).filter(|_| nobody),
            }
        }
    }
}

/// Who is asked while nobody of support is at work.
fn fallback(page: &PageContext, incident: &Incident, now: Timestamp) -> Option<(Who, String)> {
    let snapshot = page.snapshot.as_ref();
    let fallback = snapshot
        .timeline_of(incident.rotation)?
        .rotation()
        .fallback?;
    let duty = duty::answer(snapshot, fallback, now)?;
    let title = snapshot
        .timeline_of(duty.answered_by)?
        .rotation()
        .title
        .clone();
    Some((page.who(&duty.person?), title))
}

/// To whom the watch can be handed over: whoever is at work when the watcher leaves, best first, and whoever is now.
fn successors(
    page: &PageContext,
    incident: &Incident,
    attendance: Attendance,
) -> Vec<(String, String)> {
    let snapshot = page.snapshot.as_ref();
    let leaves = match attendance {
        Attendance::Watched { until, .. } => until.unwrap_or(page.now),
        Attendance::Unwatched { .. } => page.now,
    };
    let mut found: Vec<(PersonId, String)> = Vec::new();
    for at in [leaves, page.now] {
        for one in incident.candidates(snapshot, at) {
            let soon = one.available_from.is_none_or(|from| from <= at + SOON);
            if soon && !found.iter().any(|(id, _)| *id == one.person) {
                let ahead = when::span(TimeDelta::seconds(one.working_seconds_left));
                let name = page.name(&one.person);
                let when = if at == leaves && leaves > page.now {
                    format!("{name}: {ahead} ahead when the watcher leaves")
                } else {
                    format!("{name}: {}", clock::words(page, &one))
                };
                found.push((one.person, when));
            }
        }
    }
    let nobody = "nobody yet: the notes wait for whoever is next, and the watch ends now";
    found
        .into_iter()
        .map(|(id, words)| (id.to_string(), words))
        .chain([(String::new(), nobody.to_owned())])
        .collect()
}

/// The state in a line, for whoever cannot see that it has changed.
fn said(page: &PageContext, incident: &Incident, is_unwatched: bool) -> String {
    let reference = &incident.reference;
    let stage = stage_name(incident.stage);
    let watcher = incident.watcher().map(|id| page.name(&id));
    let who = match (incident.is_open(), is_unwatched, watcher) {
        (false, ..) => "it is over".to_owned(),
        (true, false, Some(name)) => format!("{name} watches, {stage}"),
        _ => format!("nobody watches, {stage}"),
    };
    let offered = incident.open_handover().and_then(|open| open.to);
    let offered = offered.map_or_else(String::new, |to| format!(", offered to {}", page.name(&to)));
    let told = incident.updates.len();
    format!("{reference}: {who}{offered}, {told} updates.")
}
