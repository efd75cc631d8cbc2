//! Swaps, and whom they are offered to.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{inner, instant, interval, ts};
use super::schema::{memberships, overrides, rotations, swap_people, swaps};
use super::types::{AsEnum, AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::{PersonId, RotationId, SwapId, TeamId};
use crate::domain::swaps::{Offer, State, Swap, Terms};
use crate::domain::time::interval::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = swaps)]
struct SwapRow {
    id: AsText<SwapId>,
    rotation_id: AsText<RotationId>,
    person_id: AsText<PersonId>,
    starts_at: Ts,
    ends_at: Ts,
    return_starts_at: Option<Ts>,
    return_ends_at: Option<Ts>,
    to_team: bool,
    note: Option<String>,
    state: AsEnum<State>,
    expires_at: Ts,
    opened_by: Option<AsText<PersonId>>,
    created_at: Ts,
    decided_at: Option<Ts>,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = swap_people)]
struct PersonRow {
    swap_id: AsText<SwapId>,
    person_id: AsText<PersonId>,
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

fn row(swap: &Swap) -> SwapRow {
    let (given, returned) = (swap.terms.given(), swap.terms.returned());
    SwapRow {
        id: AsText(swap.id),
        rotation_id: AsText(swap.rotation),
        person_id: AsText(swap.giver),
        starts_at: Ts(given.start()),
        ends_at: Ts(given.end()),
        return_starts_at: ts(returned.map(|returned| returned.start())),
        return_ends_at: ts(returned.map(|returned| returned.end())),
        to_team: swap.offer == Offer::Team,
        note: swap.note.clone(),
        state: AsEnum(swap.state),
        expires_at: Ts(swap.terms.expires_at()),
        opened_by: swap.opened_by.map(AsText),
        created_at: Ts(swap.created_at),
        decided_at: ts(swap.decided_at),
        version: swap.version,
    }
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
    let some = |chosen: fn(&PersonRow) -> bool| -> Vec<PersonId> {
        let chosen = people.iter().filter(|one| chosen(one));
        chosen.map(|one| one.person_id.0).collect()
    };
    Ok(Swap {
        id: row.id.0,
        rotation: row.rotation_id.0,
        giver: row.person_id.0,
        terms,
        offer: if row.to_team {
            Offer::Team
        } else {
            Offer::People(some(|one| one.is_named))
        },
        declined: some(|one| one.declined_at.is_some()),
        state: row.state.0,
        note: row.note,
        opened_by: inner(row.opened_by),
        created_at: row.created_at.0,
        decided_at: instant(row.decided_at),
        version: row.version,
    })
}

/// The rows with whom they are offered to.
fn whole(db: &mut Db, rows: Vec<SwapRow>) -> Result<Vec<Swap>, StoreError> {
    let ids: Vec<AsText<SwapId>> = rows.iter().map(|row| row.id).collect();
    let mut people: HashMap<SwapId, Vec<PersonRow>> = HashMap::new();
    let all: Vec<PersonRow> = swap_people::table
        .filter(swap_people::swap_id.eq_any(ids))
        .order(swap_people::person_id)
        .load(db)?;
    for one in all {
        people.entry(one.swap_id.0).or_default().push(one);
    }
    rows.into_iter()
        .map(|row| {
            let people = people.remove(&row.id.0).unwrap_or_default();
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
        .values(row(new))
        .execute(db)?;
    if let Offer::People(people) = &new.offer {
        for person in people {
            let named = PersonRow {
                swap_id: AsText(new.id),
                person_id: AsText(*person),
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
    diesel::update(swaps::table.find(AsText(swap.id)))
        .set((
            swaps::state.eq(AsEnum(swap.state)),
            swaps::decided_at.eq(ts(swap.decided_at)),
            swaps::version.eq(swap.version),
        ))
        .execute(db)?;
    let Some(person) = declined else {
        return Ok(());
    };
    let key = (AsText(swap.id), AsText(person));
    let known = diesel::update(swap_people::table.find(key))
        .set(swap_people::declined_at.eq(Some(Ts(now))))
        .execute(db)?;
    if known == 0 {
        let new = PersonRow {
            swap_id: AsText(swap.id),
            person_id: AsText(person),
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
    let row: Option<SwapRow> = swaps::table.find(AsText(id)).first(db).optional()?;
    Ok(whole(db, row.into_iter().collect())?.pop())
}

/// The rotation of a swap.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn rotation_of(db: &mut Db, id: SwapId) -> Result<Option<RotationId>, StoreError> {
    let found: Option<AsText<RotationId>> = swaps::table
        .find(AsText(id))
        .select(swaps::rotation_id)
        .first(db)
        .optional()?;
    Ok(inner(found))
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
        .filter(swaps::rotation_id.eq(AsText(rotation)))
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
        .filter(swaps::state.eq(AsEnum(State::Open)))
        .filter(swaps::expires_at.gt(Ts(now)))
        .into_boxed();
    if let Some(rotation) = rotation {
        rows = rows.filter(swaps::rotation_id.eq(AsText(rotation)));
    }
    if let Some(person) = person {
        rows = rows.filter(swaps::person_id.eq(AsText(person)));
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
    let open = AsEnum(State::Open);
    let mut rows = swaps::table.into_boxed();
    if let Some((state, now)) = filter.state {
        let is_open = swaps::state.eq(open);
        rows = match state {
            State::Open => rows.filter(is_open.and(swaps::expires_at.gt(Ts(now)))),
            State::Expired => rows.filter(
                swaps::state
                    .eq(AsEnum(State::Expired))
                    .or(is_open.and(swaps::expires_at.le(Ts(now)))),
            ),
            other => rows.filter(swaps::state.eq(AsEnum(other))),
        };
    }
    if let Some(team) = filter.team {
        let of_team = rotations::table
            .filter(rotations::team_id.eq(AsText(team)))
            .select(rotations::id);
        rows = rows.filter(swaps::rotation_id.eq_any(of_team));
    }
    if let Some((person, now)) = filter.person {
        let person = AsText(person);
        let asked = swap_people::table
            .filter(swap_people::person_id.eq(person))
            .select(swap_people::swap_id);
        let taken = overrides::table
            .filter(overrides::person_id.eq(person))
            .filter(overrides::swap_id.is_not_null())
            .select(overrides::swap_id.assume_not_null());
        let of_their_teams = rotations::table
            .inner_join(memberships::table.on(memberships::team_id.eq(rotations::team_id)))
            .filter(memberships::person_id.eq(person))
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
    text.parse().ok()
}

/// Forgets what somebody wrote with the swaps of their time.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn forget_notes(db: &mut Db, person: PersonId) -> Result<(), StoreError> {
    let id = AsText(person);
    let theirs = swaps::person_id
        .eq(id)
        .or(swaps::opened_by.assume_not_null().eq(id));
    diesel::update(swaps::table.filter(theirs))
        .set(swaps::note.eq(None::<String>))
        .execute(db)?;
    Ok(())
}
