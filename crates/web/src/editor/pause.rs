//! Pausing somebody: they keep their turn, and others cover for them; who, is shown before.

use actix_web::{get, post, web};
use askama::Template;

use super::{Subject, name_of};
use crate::domain::ids::PersonId;
use crate::domain::schedule::rotation::Kind;
use crate::domain::time::hours;
use crate::domain::time::interval::Interval;
use crate::fields::{Checks, Select};
use crate::service::UnitOfWork;
use crate::service::overrides::{self, Pause, PauseView};
use crate::service::{Error, ValidationErrors, input};
use crate::{Answer, Fields, Form, PageContext, Section, SignedIn, when};

#[derive(Template)]
#[template(path = "pages/rotation_pause.html")]
struct RotationPausePage {
    page: PageContext,
    id: String,
    name: String,
    form: Fields,
    is_ordered: bool,
    /// Who is in the order now.
    order: Vec<(PersonId, String)>,
    /// Who can cover: the order, and the team.
    others: Vec<(PersonId, String)>,
    effect: Option<Effect>,
}

/// What a pause comes to.
struct Effect {
    /// Who covers what.
    covers: Vec<(String, String)>,
    /// What stays theirs, as nobody is free.
    uncovered: Vec<String>,
}

impl Effect {
    fn of(page: &PageContext, made: PauseView) -> Self {
        let words = |start, end| Some(page.format_interval(&Interval::new(start, end)?));
        let covers = made.items.into_iter().filter_map(|one| {
            let who = one.person.map(|person| person.name)?;
            Some((who, words(one.start, one.end)?))
        });
        let left = made.uncovered.iter();
        Self {
            covers: covers.collect(),
            uncovered: left
                .filter_map(|time| words(time.start, time.end))
                .collect(),
        }
    }

    /// The same as a sentence.
    fn sentence(&self, who: &str) -> String {
        let covers = self.covers.iter();
        let covers = covers.map(|(other, time)| format!(" {other} covers {time}."));
        let left = self.uncovered.iter();
        let left = left.map(|time| format!(" Nobody is free {time}: it stays theirs."));
        std::iter::once(format!("{who} is paused."))
            .chain(covers)
            .chain(left)
            .collect()
    }
}

impl RotationPausePage {
    fn new(page: PageContext, subject: &Subject, form: Fields, effect: Option<Effect>) -> Self {
        let rotation = subject.rotation();
        let current = rotation.revision_at(page.now);
        let current = current.unwrap_or(rotation.newest());
        let mut order: Vec<(PersonId, String)> = Vec::new();
        for id in current.order.iter().copied() {
            if order.iter().all(|(other, _)| *other != id) {
                order.push((id, name_of(&page, id)));
            }
        }
        let mut others = order.clone();
        for id in subject.team.members(page.now) {
            if others.iter().all(|(other, _)| *other != id) {
                others.push((id, name_of(&page, id)));
            }
        }
        others.retain(|(id, _)| !form.holds("person_id", &id.to_string()));
        Self {
            id: rotation.id.to_string(),
            name: rotation.name.clone(),
            is_ordered: rotation.kind == Kind::Ordered,
            order,
            others,
            effect,
            page,
            form,
        }
    }

    fn person(&self) -> Select {
        let none = [(String::new(), "Choose…".to_owned())];
        let order = self.order.iter();
        let order = order.map(|(id, name)| (id.to_string(), name.clone()));
        self.form
            .select("person_id", "Who", none.into_iter().chain(order))
    }

    fn covered_by(&self) -> Checks {
        let others = self.others.iter().cloned();
        self.form
            .checks("covered_by", "Covered by", others)
            .hint("Nobody chosen: the others of the order, in turn. Whoever is away is left out.")
    }
}

/// What was filled in, as the service takes it.
fn read(page: &PageContext, form: &Form) -> Result<Pause, Error> {
    let mut errors = ValidationErrors::new();
    let mut day = |name: &str| {
        let given = input::date(form.get(name)).map_err(|_| "choose a day");
        errors.check(format!("/{name}"), given)
    };
    let (first, last) = (day("first_day"), day("last_day"));
    if form.get("person_id").is_empty() {
        errors.add("/person_id", "choose somebody");
    }
    let (first, last) = errors.finish_with(first.zip(last))?;
    let time = hours::days(&page.zone, first, last);
    let time = time.ok_or_else(|| Error::invalid("/last_day", "must not lie before the first"))?;
    Ok(Pause {
        person_id: form.get("person_id").to_owned(),
        start: (time.start() > page.now).then(|| when::to_rfc3339(time.start())),
        end: when::to_rfc3339(time.end()),
        covered_by: Some(form.all("covered_by")).filter(|named| !named.is_empty()),
        reason: form.non_empty("reason"),
    })
}

/// Whom, and for how long.
#[get("/rotations/{id}/pause")]
pub async fn show(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("Pause somebody", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    visitor.show(&RotationPausePage::new(
        page,
        &subject,
        Fields::default(),
        None,
    ))
}

/// Says who would cover; or pauses them.
#[post("/rotations/{id}/pause")]
pub async fn send(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("Pause somebody", Section::Teams)?;
    let subject = Subject::of(&visitor, &page, &id)?;
    let wanted = match read(&page, &form) {
        Ok(wanted) => wanted,
        Err(error) => {
            let form = form.failed(error)?;
            return visitor.show(&RotationPausePage::new(page, &subject, form, None));
        }
    };
    let who = wanted.person_id.parse().map(|id| name_of(&page, id));
    let id = subject.rotation().id;
    let work = move |uow: &mut UnitOfWork<'_>, _: &SignedIn| overrides::pause(uow, id, &wanted);
    let is_look = form.get("do") == "look";
    let done = if is_look {
        visitor.dry_run(work).await
    } else {
        visitor.change(work).await
    };
    match done {
        Err(error) => {
            let form = form.failed(error)?;
            visitor.show(&RotationPausePage::new(page, &subject, form, None))
        }
        Ok(made) if is_look => {
            let effect = Effect::of(&page, made);
            visitor.show(&RotationPausePage::new(
                page,
                &subject,
                form.fields(),
                Some(effect),
            ))
        }
        Ok(made) => {
            let words = Effect::of(&page, made).sentence(&who.unwrap_or_default());
            Ok(visitor.redirect_with_flash(&format!("rotations/{id}"), &words))
        }
    }
}
