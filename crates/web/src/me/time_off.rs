//! When the visitor is away, and which duties that falls into.

use actix_web::{get, post, web};
use askama::Template;
use chrono::SecondsFormat;

use crate::domain::ids::{RotationId, TimeOffId};
use crate::domain::people::person::{Role, TimeOff};
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::{FOREVER, Interval};
use crate::service::UnitOfWork;
use crate::service::swaps::{NewCovers, SwapView, cover_absence};
use crate::service::time_off::{self, NewTimeOff};
use crate::service::views::ClashView;
use crate::service::{Error, input};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn, when};
use crate::{duties, swaps};

#[derive(Template)]
#[template(path = "pages/me/time_off.html")]
struct TimeOffPage {
    page: PageContext,
    form: Fields,
    ahead: Vec<Stretch>,
    past: Vec<Stretch>,
    may_change: bool,
    /// What the stretch that was filled in falls into.
    looked: Option<Vec<Clash>>,
    /// What is changed, where nothing is entered anew.
    changed: Option<TimeOffId>,
}

/// Time off, with the duties it falls into.
struct Stretch {
    id: TimeOffId,
    interval: Interval,
    reason: Option<String>,
    has_begun: bool,
    /// Whether a calendar of theirs says so, which is where it is changed then.
    is_read: bool,
    clashes: Vec<Clash>,
}

/// A duty during time off.
struct Clash {
    rotation: RotationId,
    name: String,
    interval: Interval,
    start: String,
    end: String,
    /// The request by which somebody is looked for already.
    asked: Option<String>,
}

impl Stretch {
    /// Whether nobody was asked yet for a part of it.
    fn is_left(&self) -> bool {
        self.clashes.iter().any(|clash| clash.asked.is_none())
    }
}

fn clash(page: &PageContext, rotation: RotationId, name: &str, interval: Interval) -> Clash {
    Clash {
        rotation,
        name: name.to_owned(),
        start: when::format_datetime_local(&page.zone, interval.start().max(page.now)),
        end: when::format_datetime_local(&page.zone, interval.end()),
        asked: None,
        interval,
    }
}

fn stretch(page: &PageContext, visitor: &SignedIn, off: &TimeOff) -> Option<Stretch> {
    let interval = off.known_at(FOREVER)?;
    let ahead = Interval::new(interval.start().max(page.now), interval.end());
    let found = ahead.map(|ahead| {
        let duties = duties::of(page, visitor.id, ahead);
        let parts = duties.into_iter().filter_map(|duty| {
            let part = duty.shift.interval.intersect(&ahead)?;
            Some(clash(page, duty.rotation, &duty.name, part))
        });
        parts.collect()
    });
    Some(Stretch {
        id: off.id,
        interval,
        reason: off.reason.clone(),
        has_begun: interval.start() <= page.now,
        is_read: off.calendar.is_some(),
        clashes: found.unwrap_or_default(),
    })
}

async fn sheet(
    visitor: &SignedIn,
    changed: Option<TimeOffId>,
    form: Fields,
    looked: Option<&[ClashView]>,
) -> Answer {
    let page = visitor.page("Time off", Section::Mine)?;
    let me = page.snapshot.person(visitor.id).cloned();
    let me = me.ok_or_else(|| PageError::no_such("person"))?;
    let all = me.time_off.iter();
    let mut all: Vec<Stretch> = all.filter_map(|off| stretch(&page, visitor, off)).collect();
    all.sort_by_key(|one| one.interval.start());
    let requests = swaps::of_visitor(visitor, &page).await?;
    let open = requests
        .iter()
        .filter(|one| one.giver == visitor.id && !one.is_closed());
    for request in open {
        let clashes = all.iter_mut().flat_map(|one| one.clashes.iter_mut());
        for clash in clashes.filter(|clash| clash.rotation == request.rotation) {
            if clash.interval.intersect(&request.time).is_some() {
                clash.asked = Some(request.view.id.clone());
            }
        }
    }
    let whole: Vec<Interval> = all.iter().map(|one| one.interval).collect();
    let (ahead, mut past): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|one| one.interval.end() > page.now);
    // What was changed when it had begun is a part of what it became.
    let is_part =
        |one: Interval, other: Interval| one != other && one.intersect(&other) == Some(one);
    past.retain(|one| !whole.iter().any(|other| is_part(one.interval, *other)));
    past.reverse();
    past.truncate(20);
    let looked = looked.map(|clashes| {
        let seen = clashes.iter().filter_map(|one| {
            let rotation: RotationId = one.rotation_id.parse().ok()?;
            let interval = Interval::new(one.start, one.end.unwrap_or(FOREVER))?;
            let name = page.snapshot.timeline(rotation)?.rotation().name.clone();
            Some(clash(&page, rotation, &name, interval))
        });
        seen.collect()
    });
    visitor.show(&TimeOffPage {
        may_change: visitor.actor.role != Role::Viewer,
        form,
        ahead,
        past,
        looked,
        changed,
        page,
    })
}

/// My time off.
#[get("/me/time-off")]
pub async fn show(visitor: SignedIn) -> Answer {
    sheet(&visitor, None, Fields::default(), None).await
}

/// Time off of the visitor's that is not over, and that they entered: it can be changed.
fn standing(visitor: &SignedIn, id: &str) -> Result<TimeOff, PageError> {
    let none = || PageError::no_such("time off");
    let id: TimeOffId = id.parse().map_err(|_| none())?;
    let page = visitor.page("Time off", Section::Mine)?;
    let me = page.snapshot.person(visitor.id).ok_or_else(none)?;
    let off = me.time_off.iter().find(|off| off.id == id);
    let known = off.filter(|off| {
        let end = off.known_at(FOREVER).map(|time| time.end());
        off.calendar.is_none() && end.is_some_and(|end| visitor.now < end)
    });
    known.cloned().ok_or_else(none)
}

/// The form with time off that is not over.
#[get("/me/time-off/{id}")]
pub async fn edit(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let off = standing(&visitor, &id)?;
    let page = visitor.page("Time off", Section::Mine)?;
    let form = Fields::default().with("reason", off.reason.as_deref().unwrap_or_default());
    let form = match off.days {
        Some((first, last)) => form.with("first_day", first).with("last_day", last),
        None => form
            .with(
                "start",
                when::format_datetime_local(&page.zone, off.interval.start()),
            )
            .with(
                "end",
                when::format_datetime_local(&page.zone, off.interval.end()),
            ),
    };
    sheet(&visitor, Some(off.id), form, None).await
}

/// Says which duties it falls into as it is now filled in, or changes it.
#[post("/me/time-off/{id}")]
pub async fn change(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let off = standing(&visitor, &id)?;
    note(visitor, Some(off.id), form).await
}

/// Says which duties it falls into, or enters it.
#[post("/me/time-off")]
pub async fn add(visitor: SignedIn, form: Form) -> Answer {
    note(visitor, None, form).await
}

/// Says which duties it falls into; or enters it, in the place of what is changed.
async fn note(visitor: SignedIn, changed: Option<TimeOffId>, form: Form) -> Answer {
    let wanted = match read(&visitor, &form) {
        Ok(wanted) => wanted,
        Err(error) => return sheet(&visitor, changed, form.failed(error)?, None).await,
    };
    let is_look = form.get("do") == "look";
    let work = move |uow: &mut UnitOfWork<'_>, visitor: &SignedIn| {
        let (person, off) = time_off::create(uow, visitor.id, &wanted)?;
        // Afterwards, so that covers stay asked for where they are still away.
        if let Some(old) = changed {
            time_off::cancel(uow, old)?;
        }
        let snapshot = visitor.app.snapshots.snapshot();
        let preview = time_off::preview(&snapshot, person, &off, true);
        Ok((preview.clashes, preview.totals.clashes))
    };
    let done = if is_look {
        visitor.dry_run(work).await
    } else {
        visitor.change(work).await
    };
    match done {
        Err(error) => sheet(&visitor, changed, form.failed(error)?, None).await,
        Ok((clashes, _)) if is_look => {
            sheet(&visitor, changed, form.fields(), Some(&clashes)).await
        }
        Ok((_, count)) => {
            let words = match count {
                0 => "Your time off is noted.".to_owned(),
                1 => "Your time off is noted. It falls into a duty of yours: find somebody for it."
                    .to_owned(),
                many => format!(
                    "Your time off is noted. It falls into {many} duties of yours: find somebody for them."
                ),
            };
            Ok(visitor.redirect_with_flash("me/time-off", &words))
        }
    }
}

/// Days, where days were filled in; else from when to when, on the clock of the page's zone.
fn read(visitor: &SignedIn, form: &Form) -> Result<NewTimeOff, Error> {
    let reason = form.non_empty("reason");
    let (start, end) = (form.non_empty("start"), form.non_empty("end"));
    if start.is_none() && end.is_none() {
        let first = form.non_empty("first_day");
        let first = first.ok_or_else(|| Error::invalid("/first_day", "choose the first day"))?;
        return Ok(NewTimeOff {
            last_day: form.non_empty("last_day").or_else(|| Some(first.clone())),
            first_day: Some(first),
            reason,
            ..NewTimeOff::default()
        });
    }
    let zone = visitor.page("", Section::Mine).map_err(Error::from)?.zone;
    let mut errors = crate::service::ValidationErrors::new();
    let mut read = |name: &str, text: Option<String>| {
        let local = input::local(&text.unwrap_or_default());
        let local = local.map_err(|_| "needs a date and a time");
        errors.check(format!("/{name}"), local).map(|local| {
            zone.to_instant(local)
                .to_rfc3339_opts(SecondsFormat::Secs, true)
        })
    };
    let both = (read("start", start), read("end", end));
    errors.finish()?;
    Ok(NewTimeOff {
        start: both.0,
        end: both.1,
        reason,
        ..NewTimeOff::default()
    })
}

/// Asks for a cover of each duty that it falls into, unless that is asked for already.
#[post("/me/time-off/{id}/covers")]
pub async fn cover(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id: TimeOffId = id.parse().map_err(|_| PageError::no_such("time off"))?;
    let made = visitor
        .change(move |uow, visitor| {
            let (snapshot, new) = (visitor.app.snapshots.snapshot(), NewCovers::default());
            cover_absence(uow, &snapshot, id, &new)
        })
        .await?;
    let words = match made.items.len() {
        0 => "Nothing was left to be asked for.".to_owned(),
        1 => "Your team is asked. You hear of it when somebody takes it.".to_owned(),
        many => format!("{many} covers are asked for. You hear of it when somebody takes one."),
    };
    Ok(visitor.redirect_with_flash("me/time-off", &words))
}

/// Ends time off, or takes it back.
#[post("/me/time-off/{id}/end")]
pub async fn end_it(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id: TimeOffId = id.parse().map_err(|_| PageError::no_such("time off"))?;
    let (_, _, covers) = visitor
        .change(move |uow, _| time_off::cancel(uow, id))
        .await?;
    let page = visitor.page("Time off", Section::Mine)?;
    let mut words = "You are not away then any more.".to_owned();
    if !covers.withdrawn.is_empty() {
        words.push_str(" Nobody is asked any longer to take over your duty meanwhile.");
    }
    for swap in &covers.taken {
        words.push_str(&still_taken(&page, swap));
    }
    Ok(visitor.redirect_with_flash("me/time-off", &words))
}

/// What somebody else took, and keeps.
fn still_taken(page: &PageContext, swap: &SwapView) -> String {
    let rotation = swap.rotation_id.parse().ok();
    let timeline = rotation.and_then(|id: RotationId| page.snapshot.timeline(id));
    let name = timeline.map_or("it", |timeline| timeline.rotation().name.as_str());
    let pieces = swap.taken.iter().filter(|one| page.now < one.end);
    let pieces = pieces.filter_map(|one| {
        let who = &one.person.as_ref()?.name;
        let time = Interval::new(one.start, one.end)?;
        let when = page.format_interval(&time);
        Some(format!(
            " {who} still has {name}, {when}, unless one of you undoes that."
        ))
    });
    pieces.collect()
}
