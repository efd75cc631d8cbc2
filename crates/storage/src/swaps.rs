//! Swaps, and whom they are offered to.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{enum_from_text, enum_to_text, instant, interval, parse, parse_some, ts};
use super::schema::{memberships, overrides, rotations, swap_people, swaps};
use super::types::Ts;
use super::{Db, StoreError};
use crate::domain::ids::{PersonId, RotationId, SwapId, TeamId};
use crate::domain::interval::Timestamp;
use crate::domain::swap::{Offer, State, Swap, Terms};

#[derive(Queryable, Insertable)]
#[diesel(table_name = swaps)]
struct SwapRow {
    id: String,
    rotation_id: String,
    person_id: String,
    starts_at: Ts,
    ends_at: Ts,
    return_starts_at: Option<Ts>,
    return_ends_at: Option<Ts>,
    to_team: bool,
    note: Option<String>,
    state: String,
    expires_at: Ts,
    opened_by: Option<String>,
    created_at: Ts,
    decided_at: Option<Ts>,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = swap_people)]
struct PersonRow {
    swap_id: String,
    person_id: String,
    is_named: bool,
    declined_at: Option<Ts>,
}

/// Which swaps are looked for; those that are in all that is given.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state, at the instant.
    pub state: Option<(State, Timestamp)>,
    /// Of rotations of this team.
    pub team: Option<TeamId>,
    /// That concern this person: their time, offered to them, taken by them, or (while it is open at the instant)
    /// offered to a team in which they are, or will be.
    pub person: Option<(PersonId, Timestamp)>,
    /// After the one of this id.
    pub after: Option<String>,
}

fn row(swap: &Swap) -> Result<SwapRow, StoreError> {
    let (given, returned) = (swap.terms.given(), swap.terms.returned());
    Ok(SwapRow {
        id: swap.id.to_string(),
        rotation_id: swap.rotation.to_string(),
        person_id: swap.giver.to_string(),
        starts_at: Ts(given.start()),
        ends_at: Ts(given.end()),
        return_starts_at: ts(returned.map(|returned| returned.start())),
        return_ends_at: ts(returned.map(|returned| returned.end())),
        to_team: swap.offer == Offer::Team,
        note: swap.note.clone(),
        state: enum_to_text(swap.state)?,
        expires_at: Ts(swap.terms.expires_at()),
        opened_by: swap.opened_by.map(|id| id.to_string()),
        created_at: Ts(swap.created_at),
        decided_at: ts(swap.decided_at),
        version: swap.version,
    })
}

fn swap(row: SwapRow, people: &[PersonRow]) -> Result<Swap, StoreError> {
    let given = interval(row.starts_at, row.ends_at)?;
    let terms = match (row.return_starts_at, row.return_ends_at) {
        (Some(start), Some(end)) => Terms::Trade {
            given,
            returned: interval(start, end)?,
        },
        _ => Terms::Cover(given),
    };
    let some = |chosen: fn(&PersonRow) -> bool| -> Result<Vec<PersonId>, StoreError> {
        let chosen = people.iter().filter(|one| chosen(one));
        chosen.map(|one| parse(&one.person_id)).collect()
    };
    Ok(Swap {
        id: parse(&row.id)?,
        rotation: parse(&row.rotation_id)?,
        giver: parse(&row.person_id)?,
        terms,
        offer: if row.to_team {
            Offer::Team
        } else {
            Offer::People(some(|one| one.is_named)?)
        },
        declined: some(|one| one.declined_at.is_some())?,
        state: enum_from_text(row.state)?,
        note: row.note,
        opened_by: parse_some(row.opened_by.as_deref())?,
        created_at: row.created_at.0,
        decided_at: instant(row.decided_at),
        version: row.version,
    })
}

/// The rows with whom they are offered to.
fn whole(db: &mut Db, rows: Vec<SwapRow>) -> Result<Vec<Swap>, StoreError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut people: HashMap<String, Vec<PersonRow>> = HashMap::new();
    let all: Vec<PersonRow> = swap_people::table
        .filter(swap_people::swap_id.eq_any(ids))
        .order(swap_people::person_id)
        .load(db)?;
    for one in all {
        people.entry(one.swap_id.clone()).or_default().push(one);
    }
    rows.into_iter()
        .map(|row| {
            let people = people.remove(&row.id).unwrap_or_default();
            swap(row, &people)
        })
        .collect()
}

/// Adds a swap.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn insert(db: &mut Db, new: &Swap) -> Result<(), StoreError> {
    diesel::insert_into(swaps::table)
        .values(row(new)?)
        .execute(db)?;
    if let Offer::People(people) = &new.offer {
        for person in people {
            let named = PersonRow {
                swap_id: new.id.to_string(),
                person_id: person.to_string(),
                is_named: true,
                declined_at: None,
            };
            diesel::insert_into(swap_people::table)
                .values(named)
                .execute(db)?;
        }
    }
    Ok(())
}

/// Writes what was decided: the state, and who has declined by it.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn decide(
    db: &mut Db,
    swap: &Swap,
    declined: Option<PersonId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(swaps::table.find(swap.id.to_string()))
        .set((
            swaps::state.eq(enum_to_text(swap.state)?),
            swaps::decided_at.eq(ts(swap.decided_at)),
            swaps::version.eq(swap.version),
        ))
        .execute(db)?;
    let Some(person) = declined else {
        return Ok(());
    };
    let key = (swap.id.to_string(), person.to_string());
    let known = diesel::update(swap_people::table.find(key))
        .set(swap_people::declined_at.eq(Some(Ts(now))))
        .execute(db)?;
    if known == 0 {
        let new = PersonRow {
            swap_id: swap.id.to_string(),
            person_id: person.to_string(),
            is_named: false,
            declined_at: Some(Ts(now)),
        };
        diesel::insert_into(swap_people::table)
            .values(new)
            .execute(db)?;
    }
    Ok(())
}

/// The swap of this id.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn find(db: &mut Db, id: SwapId) -> Result<Option<Swap>, StoreError> {
    let row: Option<SwapRow> = swaps::table.find(id.to_string()).first(db).optional()?;
    Ok(whole(db, row.into_iter().collect())?.pop())
}

/// The rotation of a swap.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn rotation_of(db: &mut Db, id: SwapId) -> Result<Option<RotationId>, StoreError> {
    let found: Option<String> = swaps::table
        .find(id.to_string())
        .select(swaps::rotation_id)
        .first(db)
        .optional()?;
    parse_some(found.as_deref())
}

/// The swaps of a rotation of which some time lies ahead of `now`, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn standing(
    db: &mut Db,
    rotation: RotationId,
    now: Timestamp,
) -> Result<Vec<Swap>, StoreError> {
    let returned = swaps::return_ends_at
        .is_not_null()
        .and(swaps::return_ends_at.assume_not_null().gt(Ts(now)));
    let rows = swaps::table
        .filter(swaps::rotation_id.eq(rotation.to_string()))
        .filter(swaps::ends_at.gt(Ts(now)).or(returned))
        .order(swaps::id)
        .load(db)?;
    whole(db, rows)
}

/// Every swap, or those of a person's time, that is open at `now`, in order of their ids.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn open(
    db: &mut Db,
    rotation: Option<RotationId>,
    person: Option<PersonId>,
    now: Timestamp,
) -> Result<Vec<Swap>, StoreError> {
    let mut rows = swaps::table
        .filter(swaps::state.eq(enum_to_text(State::Open)?))
        .filter(swaps::expires_at.gt(Ts(now)))
        .into_boxed();
    if let Some(rotation) = rotation {
        rows = rows.filter(swaps::rotation_id.eq(rotation.to_string()));
    }
    if let Some(person) = person {
        rows = rows.filter(swaps::person_id.eq(person.to_string()));
    }
    let rows = rows.order(swaps::id).load(db)?;
    whole(db, rows)
}

/// Swaps in the order in which they were opened.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn list(db: &mut Db, filter: &Filter, limit: i64) -> Result<Vec<Swap>, StoreError> {
    let open = enum_to_text(State::Open)?;
    let mut rows = swaps::table.into_boxed();
    if let Some((state, now)) = filter.state {
        let is_open = swaps::state.eq(open.clone());
        rows = match state {
            State::Open => rows.filter(is_open.and(swaps::expires_at.gt(Ts(now)))),
            State::Expired => rows.filter(
                swaps::state
                    .eq(enum_to_text(State::Expired)?)
                    .or(is_open.and(swaps::expires_at.le(Ts(now)))),
            ),
            other => rows.filter(swaps::state.eq(enum_to_text(other)?)),
        };
    }
    if let Some(team) = filter.team {
        let of_team = rotations::table
            .filter(rotations::team_id.eq(team.to_string()))
            .select(rotations::id);
        rows = rows.filter(swaps::rotation_id.eq_any(of_team));
    }
    if let Some((person, now)) = filter.person {
        let person = person.to_string();
        let asked = swap_people::table
            .filter(swap_people::person_id.eq(person.clone()))
            .select(swap_people::swap_id);
        let taken = overrides::table
            .filter(overrides::person_id.eq(person.clone()))
            .filter(overrides::swap_id.is_not_null())
            .select(overrides::swap_id.assume_not_null());
        let of_their_teams = rotations::table
            .inner_join(memberships::table.on(memberships::team_id.eq(rotations::team_id)))
            .filter(memberships::person_id.eq(person.clone()))
            .filter(
                memberships::ends_at
                    .is_null()
                    .or(memberships::ends_at.assume_not_null().gt(Ts(now))),
            )
            .select(rotations::id);
        let offered = swaps::to_team
            .eq(true)
            .and(swaps::state.eq(open))
            .and(swaps::expires_at.gt(Ts(now)))
            .and(swaps::rotation_id.eq_any(of_their_teams));
        rows = rows.filter(
            swaps::person_id
                .eq(person)
                .or(swaps::id.eq_any(asked))
                .or(swaps::id.eq_any(taken))
                .or(offered),
        );
    }
    if let Some(after) = &filter.after {
        rows = rows.filter(swaps::id.gt(after.clone()));
    }
    let rows = rows.order(swaps::id).limit(limit).load(db)?;
    whole(db, rows)
}

/// The state of this name.
#[must_use]
pub fn state_of(text: &str) -> Option<State> {
    enum_from_text(text.to_owned()).ok()
}

/// Forgets what somebody wrote with the swaps of their time.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_notes(db: &mut Db, person: PersonId) -> Result<(), StoreError> {
    let id = person.to_string();
    let theirs = swaps::person_id
        .eq(id.clone())
        .or(swaps::opened_by.assume_not_null().eq(id));
    diesel::update(swaps::table.filter(theirs))
        .set(swaps::note.eq(None::<String>))
        .execute(db)?;
    Ok(())
}
