//! What is done about an incident, each in one step. Afterwards one is where one was; what cannot be is said on the
//! incident's page, with what was typed.

use actix_web::{post, web};

use super::show::IncidentPage;
use super::{Answer, Error, Form, Section, SignedIn, find};
use crate::domain::ids::IncidentId;
use crate::domain::time::zone::Zone;
use crate::service::UnitOfWork;
use crate::service::incidents::{
    self, IncidentChange, IncidentView, NewHandover, NewUpdate, RaisedHand, Resolve, Stay, Tick,
};
use crate::when;

/// Does it, and goes back; or shows the form called `doing` again, with what is wrong.
async fn act(
    visitor: SignedIn,
    id: &str,
    form: Form,
    doing: &str,
    words: &str,
    work: impl FnOnce(&mut UnitOfWork<'_>, IncidentId) -> Result<IncidentView, Error> + Send + 'static,
) -> Answer {
    let page = visitor.page("Incident", Section::Incidents)?;
    let incident = find(&visitor, &page, id).await?;
    let id = incident.id;
    let done = visitor.change(move |uow, _| work(uow, id)).await;
    match done {
        Ok(_) => {
            let back = crate::service::sessions::own_path(form.get("back"));
            Ok(visitor.redirect_with_flash(back.trim_start_matches('/'), words))
        }
        Err(error) => {
            let form = form.failed(error)?;
            // As it is now: somebody may have been quicker.
            let page = visitor.page("Incident", Section::Incidents)?;
            let incident = find(&visitor, &page, &id.to_string()).await?;
            visitor.show(&IncidentPage::new(
                &visitor,
                &incident,
                Some((doing, form)),
            )?)
        }
    }
}

/// Raises the visitor's hand.
#[post("/incidents/{id}/raise-hand")]
pub async fn raise_hand(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    act(visitor, &id, form, "", "You watch it now.", |uow, id| {
        let hand = RaisedHand::default();
        incidents::raise_hand(uow, id, &hand)
    })
    .await
}

/// Offers the watch to somebody, or leaves it for whoever is next.
#[post("/incidents/{id}/hand-over")]
pub async fn hand_over(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let ticket_count = form.get("ticket_count").trim().parse();
    let new = NewHandover {
        to: Some(form.non_empty("to")),
        status: form.get("status").replace("\r\n", "\n"),
        ticket_count: Some(ticket_count.clone().unwrap_or_default()),
        key_information: form.get("key_information").replace("\r\n", "\n"),
        told_to_users: form.get("told_to_users").replace("\r\n", "\n"),
    };
    let words = if new.to.iter().flatten().next().is_some() {
        "It is offered. You watch until it is accepted."
    } else {
        "Thank you. The notes wait for whoever is next."
    };
    act(visitor, &id, form, "hand-over", words, move |uow, id| {
        ticket_count.map_err(|_| Error::invalid("/ticket_count", "must be a number, roughly"))?;
        incidents::hand_over(uow, id, &new)
    })
    .await
}

/// Accepts or declines a handover.
#[post("/incidents/{id}/handovers/{n}/{answer}")]
pub async fn answer(
    visitor: SignedIn,
    path: web::Path<(String, u32, String)>,
    form: Form,
) -> Answer {
    let (id, number, answer) = path.into_inner();
    let accepts = match answer.as_str() {
        "accept" => true,
        "decline" => false,
        _ => return Err(super::PageError::no_such_page()),
    };
    let words = if accepts {
        "You watch it now."
    } else {
        "Whoever offered it watches on, and is told."
    };
    act(visitor, &id, form, "", words, move |uow, id| {
        incidents::answer_handover(uow, id, number, accepts)
    })
    .await
}

/// Logs what customers were told.
#[post("/incidents/{id}/update")]
pub async fn tell(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let update = NewUpdate {
        text: form.get("text").replace("\r\n", "\n"),
    };
    act(
        visitor,
        &id,
        form,
        "update",
        "It is logged.",
        move |uow, id| incidents::tell(uow, id, &update),
    )
    .await
}

/// The watcher leaves early, or stays on: until the next time that their clock shows this.
#[post("/incidents/{id}/stay")]
pub async fn stay(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let zone = visitor.page("", Section::Incidents)?.zone;
    let until = next_time(&zone, form.get("until"), visitor.now);
    act(visitor, &id, form, "stay", "Noted.", move |uow, id| {
        let until =
            until.ok_or_else(|| Error::invalid("/until", "is not a time of day like 17:30"))?;
        let stay = Stay {
            until: when::to_rfc3339(until),
        };
        incidents::stay(uow, id, &stay)
    })
    .await
}

/// The next instant at which a clock in this zone shows this.
fn next_time(
    zone: &Zone,
    text: &str,
    now: crate::domain::time::interval::Timestamp,
) -> Option<crate::domain::time::interval::Timestamp> {
    let time = chrono::NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()?;
    let today = zone.to_local(now).date();
    [today, today.succ_opt()?]
        .into_iter()
        .map(|date| zone.to_instant(date.and_time(time)))
        .find(|at| *at > now)
}

/// Another stage, or another severity. What was left as it was shown is not sent: somebody may have changed it since.
#[post("/incidents/{id}/change")]
pub async fn change(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let chosen = |name: &str| {
        let was = form.get(&format!("{name}.was"));
        form.non_empty(name).filter(|value| value != was)
    };
    let change = IncidentChange {
        stage: chosen("stage"),
        severity: chosen("severity"),
        ..IncidentChange::default()
    };
    let page = visitor.page("Incident", Section::Incidents)?;
    let incident = find(&visitor, &page, &id).await?;
    let may = incidents::may(&page.snapshot, &incident, &visitor.actor, visitor.now);
    if may.work && change.stage.is_none() && change.severity.is_none() {
        let back = crate::service::sessions::own_path(form.get("back"));
        return Ok(visitor.redirect_with_flash(back.trim_start_matches('/'), "It stays as it is."));
    }
    act(visitor, &id, form, "change", "Saved.", move |uow, id| {
        incidents::change(uow, id, &change)
    })
    .await
}

/// Ticks something, or takes the tick away.
#[post("/incidents/{id}/items/{n}")]
pub async fn tick(visitor: SignedIn, path: web::Path<(String, u32)>, form: Form) -> Answer {
    let (id, item) = path.into_inner();
    let tick = Tick {
        done: form.get("done") == "yes",
    };
    let words = if tick.done {
        "Done."
    } else {
        "To be done again."
    };
    act(visitor, &id, form, "", words, move |uow, id| {
        incidents::tick(uow, id, item, &tick)
    })
    .await
}

/// Ends it.
#[post("/incidents/{id}/resolve")]
pub async fn resolve(visitor: SignedIn, id: web::Path<String>, form: Form) -> Answer {
    let end = Resolve {
        text: form
            .non_empty("text")
            .map(|text| text.replace("\r\n", "\n")),
    };
    let words = "It is over. What is left to be done is listed here.";
    act(visitor, &id, form, "resolve", words, move |uow, id| {
        incidents::resolve(uow, id, &end)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_time_is_today_or_tomorrow() {
        let zone = Zone::parse("Europe/London").unwrap();
        let at = |text: &str| text.parse().unwrap();
        let next = |text| next_time(&zone, text, at("2026-03-28T16:00:00Z"));
        assert_eq!(next("17:30"), Some(at("2026-03-28T17:30:00Z")));
        assert_eq!(next(" 16:00 "), Some(at("2026-03-29T15:00:00Z")));
        assert_eq!(next("25:00"), None);
    }
}
