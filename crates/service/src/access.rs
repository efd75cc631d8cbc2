//! Who may do what. Every right of the program is here.

use super::{Actor, Error};
use crate::domain::ids::PersonId;
use crate::domain::people::person::Role;
use crate::domain::people::team::{Consent, Team};
use crate::domain::swaps::Party;
use crate::domain::time::interval::Interval;

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
    if actor.is_administrator() || actor.is(person) && actor.role != Role::Viewer {
        Ok(())
    } else if actor.is(person) {
        Err(Error::forbidden(
            "viewers and tokens that only read change nothing",
        ))
    } else {
        Err(Error::forbidden(
            "only the person and administrators may do this",
        ))
    }
}

/// Those whose affair it is change an address of sign-in, but nobody their own by a token: whoever has stolen a token
/// would have the whole account.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn changes_address(actor: &Actor, person: PersonId) -> Result<(), Error> {
    own_affairs(actor, person)?;
    if actor.token.is_some() && actor.is(person) {
        return Err(Error::forbidden(
            "nobody changes their own address by a token: sign in to change it",
        ));
    }
    Ok(())
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
/// administrators. Teams to which the person was added without their consent do not count.
pub fn sees_address<'a>(
    actor: &Actor,
    person: PersonId,
    mut teams: impl Iterator<Item = &'a Team>,
) -> bool {
    let together = |team: &Team| {
        team.knows(person, actor.at) && actor.person.is_some_and(|id| team.has(id, actor.at))
    };
    actor.is_administrator()
        || actor.is(person)
        || actor.role == Role::Member && teams.any(together)
}

/// Whether the actor sees why the person is away: their own reasons, those of teams they manage. Teams to which the
/// person was added without their consent do not count.
pub fn sees_reasons<'a>(
    actor: &Actor,
    person: PersonId,
    mut teams: impl Iterator<Item = &'a Team>,
) -> bool {
    actor.is_administrator()
        || actor.is(person)
        || teams.any(|team| team.knows(person, actor.at) && manages(actor, team))
}

/// What it means for a person's address and reasons that the actor adds them to a team. `teams` are all there are: a
/// manager who sees them already agrees by adding.
pub fn consent<'a>(
    actor: &Actor,
    person: PersonId,
    teams: impl Iterator<Item = &'a Team>,
) -> Consent {
    if actor.is_administrator() {
        Consent::NotNeeded
    } else if sees_reasons(actor, person, teams) {
        Consent::Given {
            by: actor.person,
            at: actor.at,
        }
    } else {
        Consent::Pending {
            added_by: actor.person,
        }
    }
}

/// The person, administrators, and managers who see the person's address and reasons already: they agree that a team
/// does, too.
///
/// # Errors
///
/// [`Error::Forbidden`] for everybody else.
pub fn agrees<'a>(
    actor: &Actor,
    person: PersonId,
    teams: impl Iterator<Item = &'a Team>,
) -> Result<(), Error> {
    if sees_reasons(actor, person, teams) {
        Ok(())
    } else {
        Err(Error::forbidden(
            "only the person, administrators and managers who see their details already may agree",
        ))
    }
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;
    use crate::domain::access::actor::Scope;
    use crate::domain::ids::{TeamId, TokenId};
    use crate::domain::people::team::Membership;
    use crate::domain::time::interval::Timestamp;
    use crate::domain::time::zone::Zone;

    const NOW: Timestamp = DateTime::UNIX_EPOCH;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(number))
    }

    fn actor(number: u128, role: Role) -> Actor {
        Actor {
            person: Some(person(number)),
            role,
            scope: Scope::Write,
            token: None,
            address: None,
            at: NOW,
        }
    }

    fn by_token(number: u128, role: Role) -> Actor {
        Actor {
            token: Some(TokenId::from_uuid(Uuid::from_u128(9))),
            ..actor(number, role)
        }
    }

    /// A team that `manager` manages.
    fn team(manager: u128, others: &[Membership]) -> Team {
        let lead = Membership {
            manages: true,
            ..Membership::of(person(manager))
        };
        Team {
            id: TeamId::from_uuid(Uuid::from_u128(manager)),
            slug: String::new(),
            name: String::new(),
            time_zone: Zone::utc(),
            memberships: [&[lead], others].concat(),
            version: 1,
        }
    }

    fn pending(number: u128) -> Membership {
        Membership {
            consent: Consent::Pending { added_by: None },
            ..Membership::of(person(number))
        }
    }

    /// What an actor sees of person 5: the address, the reasons, and whether they may agree.
    fn seen(actor: &Actor, teams: &[Team]) -> [bool; 3] {
        let other = person(5);
        [
            sees_address(actor, other, teams.iter()),
            sees_reasons(actor, other, teams.iter()),
            agrees(actor, other, teams.iter()).is_ok(),
        ]
    }

    #[test]
    fn pending_members_share_nothing_with_the_team() {
        let mate = Membership::of(person(2));
        let asked = [team(1, &[mate, pending(5)])];
        let agreed = [team(1, &[mate, Membership::of(person(5))])];
        for (number, role, before, after) in [
            (1, Role::Member, [false; 3], [true; 3]),
            (2, Role::Member, [false; 3], [true, false, false]),
            (3, Role::Member, [false; 3], [false; 3]),
            (2, Role::Viewer, [false; 3], [false; 3]),
            // A manager who may only look, by role or by token, is no manager.
            (1, Role::Viewer, [false; 3], [false; 3]),
            (4, Role::Administrator, [true; 3], [true; 3]),
            (5, Role::Member, [true; 3], [true; 3]),
            (5, Role::Viewer, [true; 3], [true; 3]),
        ] {
            let actor = actor(number, role);
            assert_eq!(seen(&actor, &asked), before, "{number} {role:?}");
            assert_eq!(seen(&actor, &agreed), after, "{number} {role:?}");
        }
    }

    #[test]
    fn past_and_future_memberships_share_nothing() {
        let day = TimeDelta::days(1);
        let past = Membership {
            until: Some(NOW),
            ..Membership::of(person(5))
        };
        let future = Membership {
            from: Some(NOW + day),
            ..Membership::of(person(5))
        };
        let teams = [team(1, &[past, future])];
        let mut manager = actor(1, Role::Member);
        assert_eq!(seen(&manager, &teams), [false; 3]);
        manager.at = NOW + day;
        assert_eq!(seen(&manager, &teams), [true; 3]);
    }

    #[test]
    fn adding_somebody_is_consent_only_for_those_who_see_them() {
        let teams = [
            team(1, &[pending(5)]),
            team(2, &[Membership::of(person(5))]),
        ];
        let by = |actor: &Actor| consent(actor, person(5), teams.iter());
        let (first, second) = (actor(1, Role::Member), actor(2, Role::Member));
        assert!(by(&first).is_pending());
        assert_eq!(
            by(&second),
            Consent::Given {
                by: second.person,
                at: NOW
            }
        );
        assert_eq!(by(&actor(3, Role::Administrator)), Consent::NotNeeded);
        assert_eq!(by(&Actor::operator()), Consent::NotNeeded);
    }

    #[test]
    fn nobody_changes_their_own_address_by_a_token() {
        let may = |actor: &Actor| changes_address(actor, person(5)).is_ok();
        for (actor, expected) in [
            (actor(5, Role::Member), true),
            (by_token(5, Role::Member), false),
            (actor(5, Role::Viewer), false),
            (actor(5, Role::Administrator), true),
            (by_token(5, Role::Administrator), false),
            (by_token(1, Role::Administrator), true),
            (by_token(1, Role::Member), false),
            (actor(1, Role::Member), false),
            (Actor::bootstrap(None), true),
        ] {
            assert_eq!(may(&actor), expected, "{actor:?}");
        }
    }
}
