//! A handover: notes, and what is to be done before and after it. Nothing that somebody typed is lost where somebody
//! else was quicker, or the handover has moved.

use actix_web::http::StatusCode;
use actix_web::{get, post, web};
use askama::Template;
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::{
    Answer, Asks, Fields, Form, HandoverView, ItemView, PageContext, PageError, Section, SignedIn,
    both,
};
use crate::domain::handovers::{HandoverId, next as next_handover};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::parts::Who;
use crate::service::handovers::{self, HandoverChange, Tick, WatchNotes};
use crate::service::secrets::hex;
use crate::service::{Error, Expected, FieldError, access};
use crate::when::{self, When};

/// The handover that notes go to where theirs has moved is looked for so far ahead.
const AHEAD: TimeDelta = TimeDelta::days(60);

#[derive(Template)]
#[template(path = "pages/handover.html")]
struct HandoverPage {
    page: PageContext,
    view: HandoverView,
    form: Fields,
    name: String,
    role: String,
    team: String,
    from: Who,
    to: Who,
    /// Who wrote the notes that there are, and when.
    written: Option<(String, When)>,
    may_write: bool,
    lists: Vec<List>,
}

/// A checklist.
struct List {
    /// What its fields are called.
    key: &'static str,
    title: String,
    rows: Vec<Row>,
}

/// Something to be done.
struct Row {
    text: String,
    /// Whether it is done.
    is_done: bool,
    /// Whether it is ticked in the form.
    is_ticked: bool,
    /// By whom it was done, and when.
    done: Option<(String, When)>,
    /// The handoff at which it was open already.
    since: Option<When>,
}

impl HandoverPage {
    /// The handover as it is, with what was typed where something is wrong with that.
    fn new(
        visitor: &SignedIn,
        mut page: PageContext,
        view: HandoverView,
        typed: Option<Fields>,
    ) -> Result<Self, PageError> {
        let gone = || PageError::no_such("handover");
        let timeline = page.rotation(&view.rotation_id)?;
        let rotation = timeline.rotation();
        let team = page.team_name(rotation.team).to_owned();
        page.title = format!("{}: handover", rotation.name);
        let (from, to) = both(&view).ok_or_else(gone)?;
        let lists = [
            ("outgoing", format!("{}, before it", view.from.name)),
            ("incoming", format!("{}, after it", view.to.name)),
        ];
        let lists = lists.map(|(key, title)| List {
            rows: rows(&page, items(&view, key), key, typed.as_ref()),
            key,
            title,
        });
        let written = view.written_at.filter(|_| has_notes(&view)).map(|at| {
            let by = view.written_by.as_ref();
            let by = by.map_or("an administrator", |by| by.name.as_str());
            (by.to_owned(), page.when(&at))
        });
        Ok(Self {
            form: typed.unwrap_or_else(|| as_is(&view)),
            name: rotation.name.clone(),
            role: rotation.title.clone(),
            may_write: may_write(visitor, &page, &view).is_ok(),
            team,
            from,
            to,
            written,
            lists: lists.into(),
            view,
            page,
        })
    }

    fn is_light(&self) -> bool {
        self.view.form == Asks::Light
    }

    /// Whether notes by somebody else are there that are not those in the form.
    fn has_others(&self) -> bool {
        self.form.is_bad() && has_notes(&self.view) && !self.is_as_typed()
    }

    fn is_as_typed(&self) -> bool {
        let now = as_is(&self.view);
        let same = |name: &str| now.value(name) == self.form.value(name);
        NOTES.into_iter().all(same)
    }
}

/// The fields of notes, in one piece and in four.
const NOTES: [&str; 5] = [
    "notes",
    "watch_notes.status",
    "watch_notes.ticket_count",
    "watch_notes.key_information",
    "watch_notes.told_to_users",
];

const fn has_notes(view: &HandoverView) -> bool {
    view.notes.is_some() || view.watch_notes.is_some()
}

fn items<'a>(view: &'a HandoverView, key: &str) -> &'a [ItemView] {
    if key == "outgoing" {
        &view.outgoing
    } else {
        &view.incoming
    }
}

/// The form of a handover that nobody has typed into.
fn as_is(view: &HandoverView) -> Fields {
    let fields = Fields::default();
    let fields = match (&view.notes, &view.watch_notes) {
        (Some(notes), _) => fields.with("notes", notes),
        (_, Some(notes)) => fields
            .with("watch_notes.status", &notes.status)
            .with("watch_notes.ticket_count", notes.ticket_count)
            .with("watch_notes.key_information", &notes.key_information)
            .with("watch_notes.told_to_users", &notes.told_to_users),
        (None, None) => fields,
    };
    let seen = stamp(&fields);
    fields.with("seen", seen)
}

/// Whether they may write and tick.
fn may_write(visitor: &SignedIn, page: &PageContext, view: &HandoverView) -> Result<(), Error> {
    let gone = || Error::NotFound("handover");
    let [from, to] = [&view.from, &view.to].map(|one| one.id.parse().ok());
    let both = from.zip(to).ok_or_else(gone)?;
    let rotation = view.rotation_id.parse().map_err(|_| gone())?;
    let timeline = page.snapshot.timeline(rotation).ok_or_else(gone)?;
    let team = page.snapshot.team(timeline.rotation().team);
    access::hands_over(&visitor.actor, team.ok_or_else(gone)?, both.into())
}

/// What tells notes from what they become later.
fn stamp(fields: &Fields) -> String {
    let mut all = Sha256::new();
    for name in NOTES {
        all.update(fields.value(name));
        all.update([0]);
    }
    hex(&all.finalize()).chars().take(16).collect()
}

/// A list as it is now, with what was ticked in the form.
fn rows(page: &PageContext, items: &[ItemView], key: &str, typed: Option<&Fields>) -> Vec<Row> {
    let row = |item: &ItemView| {
        let holds = |field: &str| {
            let name = format!("{key}.{field}");
            typed.is_some_and(|typed| typed.holds(&name, &item.text))
        };
        let is_ticked = match (holds("was"), holds("done")) {
            // They left it as it was.
            (true, true) | (false, false) => item.done,
            (_, is_ticked) => is_ticked,
        };
        Row {
            text: item.text.clone(),
            is_done: item.done,
            is_ticked,
            done: item.done_at.map(|at| {
                let by = item.done_by.as_ref().map(|by| by.name.clone());
                (by.unwrap_or_default(), page.at(&at))
            }),
            since: item.open_since.map(|since| page.at(&since)),
        }
    };
    items.iter().map(row).collect()
}

fn id_of(text: &str) -> Result<HandoverId, PageError> {
    text.parse().map_err(|_| PageError::no_such("handover"))
}

async fn find(
    visitor: &SignedIn,
    page: &PageContext,
    id: HandoverId,
) -> Result<HandoverView, Error> {
    let snapshot = page.snapshot.clone();
    visitor
        .read(move |db, visitor| handovers::get(db, &visitor.actor, &snapshot, id))
        .await
}

/// A handover. What is no longer one leads to those that there are.
#[get("/handovers/{id}")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let id = id_of(&id)?;
    let page = visitor.page("", Section::Teams)?;
    match find(&visitor, &page, id).await {
        Ok(view) => visitor.show(&HandoverPage::new(&visitor, page, view, None)?),
        Err(Error::NotFound(_)) if page.snapshot.timeline(id.rotation).is_some() => {
            let list = format!("rotations/{}/handovers", id.rotation);
            let when = when::dated(&page.zone, id.at, page.now);
            let words = format!("Nobody hands over {when} any more. These handovers there are.");
            Ok(visitor.redirect_with_flash(&list, &words))
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what was written and ticked.
#[post("/handovers/{id}")]
pub async fn save(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let id = id_of(&id)?;
    let page = visitor.page("", Section::Teams)?;
    let view = match find(&visitor, &page, id).await {
        Err(Error::NotFound(_)) => return moved(&visitor, page, id, form).await,
        found => found?,
    };
    let allowed = may_write(&visitor, &page, &view);
    let change = match allowed.and_then(|()| read(&view, &form)) {
        Ok(change) => change,
        Err(error) => return again(&visitor, page, view, form, error),
    };
    let expected = Expected::one_of(vec![view.version]);
    let snapshot = page.snapshot.clone();
    let saved = visitor
        .change(move |uow, _| handovers::change(uow.expecting(expected), &snapshot, id, &change))
        .await;
    match saved {
        Ok(_) => Ok(visitor.redirect_with_flash(&format!("handovers/{id}"), "Saved.")),
        Err(Error::NotFound(_)) => moved(&visitor, page, id, form).await,
        Err(error) => {
            let view = find(&visitor, &page, id).await?;
            again(&visitor, page, view, form, error)
        }
    }
}

/// The page again, with what was typed and what is wrong with it; saved once more, it is meant.
fn again(
    visitor: &SignedIn,
    page: PageContext,
    view: HandoverView,
    mut form: Form,
    error: Error,
) -> Answer {
    let status = match error {
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    };
    let error = match error {
        Error::Stale => Error::conflict("somebody else saved something meanwhile. Save once more"),
        Error::Forbidden(why) => Error::conflict(format!("{why}: this is not saved")),
        Error::Invalid(errors) => Error::Invalid(errors.into_iter().map(of_added).collect()),
        other => other,
    };
    form.take("seen");
    form.put("seen", &[as_is(&view).value("seen")]);
    let fields = form.failed(error)?;
    visitor.show_as(
        status,
        &HandoverPage::new(visitor, page, view, Some(fields))?,
    )
}

/// Only what was added to a list can be wrong with it.
fn of_added(fault: FieldError) -> FieldError {
    let list = ["/outgoing", "/incoming"]
        .into_iter()
        .find(|list| fault.pointer.starts_with(list));
    match list {
        Some(list) => FieldError {
            pointer: format!("{list}/add"),
            ..fault
        },
        None => fault,
    }
}

/// Their handover is no more: what was typed stands on the page of the one that comes instead.
async fn moved(visitor: &SignedIn, page: PageContext, id: HandoverId, form: Form) -> Answer {
    let timeline = page.rotation(&id.rotation.to_string())?;
    let instead = next_handover(&timeline, id.at, AHEAD);
    let instead = instead.ok_or_else(|| PageError::no_such("handover"))?;
    let next = HandoverId {
        at: instead.at,
        ..id
    };
    let view = find(visitor, &page, next).await?;
    let words = format!(
        "nobody hands over {} any more, and this is the handover that comes instead. \
         Save what you wrote if it is right for this one",
        when::dated(&page.zone, id.at, page.now)
    );
    again(visitor, page, view, form, Error::conflict(words))
}

/// What was filled in, as far as it is another than what there is.
fn read(view: &HandoverView, form: &Form) -> Result<HandoverChange, Error> {
    let mut change = HandoverChange {
        outgoing: ticks(&view.outgoing, form, "outgoing"),
        incoming: ticks(&view.incoming, form, "incoming"),
        ..HandoverChange::default()
    };
    let now = as_is(view);
    if NOTES
        .into_iter()
        .all(|name| now.value(name) == written(form, name))
    {
        return Ok(change);
    }
    if form.get("seen") != now.value("seen") {
        let by = view.written_by.as_ref();
        let by = by.map_or("somebody", |by| by.name.as_str());
        return Err(Error::conflict(format!(
            "{by} changed the notes while you wrote; they stand below yours. Save once more, and yours take their place"
        )));
    }
    let notes = Some(written(form, "notes")).filter(|text| !text.is_empty());
    if view.form == Asks::Watch {
        change.watch_notes = Some(watch_notes(form)?);
    } else {
        change.notes = Some(notes);
    }
    Ok(change)
}

/// What was typed, as it is kept.
fn written(form: &Form, name: &str) -> String {
    form.get(name).trim().replace("\r\n", "\n")
}

/// The notes of those who watch incidents; `None` where nothing was filled in.
fn watch_notes(form: &Form) -> Result<Option<WatchNotes>, Error> {
    if NOTES.into_iter().all(|name| written(form, name).is_empty()) {
        return Ok(None);
    }
    let ticket_count = written(form, "watch_notes.ticket_count")
        .parse()
        .map_err(|_| Error::invalid("/watch_notes/ticket_count", "must be a number, roughly"))?;
    Ok(Some(WatchNotes {
        status: written(form, "watch_notes.status"),
        ticket_count,
        key_information: written(form, "watch_notes.key_information"),
        told_to_users: written(form, "watch_notes.told_to_users"),
    }))
}

/// What was ticked, was no longer ticked, and was added: what others do meanwhile stays.
fn ticks(items: &[ItemView], form: &Form, key: &str) -> Vec<Tick> {
    let of = |field: &str| form.all(&format!("{key}.{field}"));
    let (was, done) = (of("was"), of("done"));
    let changed = |text: &&String| was.contains(text) != done.contains(text);
    let ticked = done.iter().filter(changed).map(|text| (text, true));
    let unticked = was.iter().filter(changed).map(|text| (text, false));
    let mut ticks: Vec<Tick> = ticked
        .chain(unticked)
        .map(|(text, done)| Tick {
            text: text.clone(),
            done,
        })
        .collect();
    let added = form.get(&format!("{key}.add")).lines().map(str::trim);
    for text in added.filter(|text| !text.is_empty()) {
        let is_there = items.iter().any(|item| item.text == text);
        if !is_there && ticks.iter().all(|tick| tick.text != text) {
            ticks.push(Tick {
                text: text.to_owned(),
                done: false,
            });
        }
    }
    ticks
}
