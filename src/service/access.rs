//! Who may do what. Every right of the program is here.

use super::{Actor, Error};
use crate::domain::ids::PersonId;
use crate::domain::interval::Interval;
use crate::domain::person::Role;
use crate::domain::swap::Party;
use crate::domain::team::Team;

/// Only administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn administrator(actor: &Actor) -> Result<(), Error> {
    if actor.is_administrator() {
        Ok(())
    } else {
        Err(Error::forbidden("only administrators may do this"))
    }
}

/// Whether the actor manages the team, or everything.
#[must_use]
pub fn manages(actor: &Actor, team: &Team) -> bool {
    let leads = |id| team.is_managed_by(id, actor.at);
    actor.is_administrator() || actor.role == Role::Member && actor.person.is_some_and(leads)
}

/// Managers of the team, and administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn manager(actor: &Actor, team: &Team) -> Result<(), Error> {
    if manages(actor, team) {
        Ok(())
    } else {
        Err(Error::forbidden(format!(
            "only managers of {} and administrators may do this",
            team.name
        )))
    }
}

/// Why somebody may not give the time that they wanted to give.
pub const ONLY_THEIR_OWN_TIME: &str =
    "engineers give only their own time on duty, to a member of the team";

/// Managers of the team, administrators, and members, who may give time of their own: those who may
/// make overrides at all. (Whose time it is, the override has to say.)
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn gives_time(actor: &Actor, team: &Team) -> Result<(), Error> {
    if manages(actor, team) || actor.role == Role::Member {
        Ok(())
    } else {
        Err(Error::forbidden(ONLY_THEIR_OWN_TIME))
    }
}

/// How the actor stands to a swap of a team, which is about `time`; the swap itself says what that allows. Of the team
/// are those who are in it for all of that time. Who only looks takes part in none.
#[must_use]
pub fn party(actor: &Actor, team: &Team, time: Interval) -> Party {
    let person = actor.person.filter(|_| actor.role != Role::Viewer);
    Party {
        person,
        in_team: person.is_some_and(|id| team.has_throughout(id, time)),
        manages: manages(actor, team),
        administrates: actor.is_administrator(),
    }
}

/// The person themselves (viewers change nothing), and administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn own_affairs(actor: &Actor, person: PersonId) -> Result<(), Error> {
    let themselves = actor.is(person) && actor.role != Role::Viewer;
    if actor.is_administrator() || themselves {
        Ok(())
    } else {
        Err(Error::forbidden(
            "only the person and administrators may do this",
        ))
    }
}

/// The person themselves (viewers too), and administrators: to look, not to change.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn sees_own_affairs(actor: &Actor, person: PersonId) -> Result<(), Error> {
    if actor.is(person) || actor.is_administrator() {
        Ok(())
    } else {
        Err(Error::forbidden(
            "only the person and administrators see this",
        ))
    }
}

/// Whether the actor sees the person's address: their own, that of teammates, everybody's for
/// administrators.
pub fn sees_address<'a>(
    actor: &Actor,
    person: PersonId,
    mut teams: impl Iterator<Item = &'a Team>,
) -> bool {
    let together = |team: &Team| {
        team.has(person, actor.at) && actor.person.is_some_and(|id| team.has(id, actor.at))
    };
    actor.is_administrator()
        || actor.is(person)
        || actor.role == Role::Member && teams.any(together)
}

/// Whether the actor sees why the person is away: their own reasons, those of teams they manage.
pub fn sees_reasons<'a>(
    actor: &Actor,
    person: PersonId,
    mut teams: impl Iterator<Item = &'a Team>,
) -> bool {
    actor.is_administrator()
        || actor.is(person)
        || teams.any(|team| team.has(person, actor.at) && manages(actor, team))
}

/// Everybody but those who only look at duties reads what is handed over.
///
/// # Errors
///
/// [`Error::Forbidden`] for those.
pub fn reads_handovers(actor: &Actor) -> Result<(), Error> {
    if actor.role == Role::Viewer {
        Err(Error::forbidden("viewers do not see handovers"))
    } else {
        Ok(())
    }
}

/// Those who hand over and take over, managers of the team, and administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn hands_over(actor: &Actor, team: &Team, both: [PersonId; 2]) -> Result<(), Error> {
    let inside = actor.role != Role::Viewer && actor.person.is_some_and(|id| both.contains(&id));
    if inside || manages(actor, team) {
        Ok(())
    } else {
        Err(Error::forbidden(format!(
            "only who hands over, who takes over, managers of {} and administrators may do this",
            team.name
        )))
    }
}

/// Everybody but those who only look declares an incident.
///
/// # Errors
///
/// [`Error::Forbidden`] for those.
pub fn declares(actor: &Actor) -> Result<(), Error> {
    if actor.role == Role::Viewer {
        Err(Error::forbidden("viewers do not declare incidents"))
    } else {
        Ok(())
    }
}

/// Those who watch a team's incidents, managers of the team, and administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn watches(actor: &Actor, team: &Team, pool: &[PersonId]) -> Result<(), Error> {
    works_on(actor, team, pool).map_err(|_| {
        Error::forbidden(format!(
            "only people of the watcher rotation, managers of {} and administrators may do this",
            team.name
        ))
    })
}

/// Those who work on an incident, managers of the team that watches it, and administrators.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn works_on(actor: &Actor, team: &Team, circle: &[PersonId]) -> Result<(), Error> {
    let inside = actor.role != Role::Viewer && actor.person.is_some_and(|id| circle.contains(&id));
    if inside || manages(actor, team) {
        Ok(())
    } else {
        Err(Error::forbidden(format!(
            "only those who work on the incident, managers of {} and administrators may do this",
            team.name
        )))
    }
}
