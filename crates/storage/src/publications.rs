//! What calendars were told.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rows::{instant, interval, ts};
use super::schema::publications;
use super::types::{AsText, Ts};
use super::{Db, StoreError};
use crate::domain::ids::RotationId;
use crate::domain::schedule::publication::Publication;
use crate::domain::time::interval::Interval;

/// How many rotations or origins a statement names at most.
const CHUNK: usize = 500;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = publications, treat_none_as_null = true)]
struct Row {
    uid: String,
    rotation_id: AsText<RotationId>,
    origin: String,
    segment: i64,
    starts_at: Ts,
    ends_at: Ts,
    digest: String,
    sequence: i64,
    modified_at: Ts,
    withdrawn_at: Option<Ts>,
}

/// What was told of some rotations: in this window, and (whenever it was) of these origins.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn load(
    db: &mut Db,
    rotations: &[RotationId],
    window: Interval,
    origins: &[&str],
) -> Result<HashMap<RotationId, Vec<Publication>>, StoreError> {
    let ids: Vec<AsText<RotationId>> = rotations.iter().copied().map(AsText).collect();
    let mut rows: Vec<Row> = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let inside = publications::table
            .filter(publications::rotation_id.eq_any(ids))
            .filter(publications::ends_at.gt(Ts(window.start())))
            .filter(publications::starts_at.lt(Ts(window.end())));
        rows.extend(inside.load::<Row>(db)?);
        for origins in origins.chunks(CHUNK) {
            let before = publications::ends_at.le(Ts(window.start()));
            let after = publications::starts_at.ge(Ts(window.end()));
            let outside = publications::table
                .filter(publications::rotation_id.eq_any(ids))
                .filter(publications::origin.eq_any(origins))
                .filter(before.or(after));
            rows.extend(outside.load::<Row>(db)?);
        }
    }
    let mut told: HashMap<RotationId, Vec<Publication>> = HashMap::new();
    for row in rows {
        let rotation = row.rotation_id.0;
        told.entry(rotation).or_default().push(publication(row)?);
    }
    Ok(told)
}

fn publication(row: Row) -> Result<Publication, StoreError> {
    Ok(Publication {
        uid: row.uid,
        origin: row.origin,
        segment: row.segment,
        interval: interval(row.starts_at, row.ends_at)?,
        digest: row.digest,
        sequence: row.sequence,
        modified_at: row.modified_at.0,
        withdrawn_at: instant(row.withdrawn_at),
    })
}

/// Remembers what was told of a rotation.
///
/// # Errors
///
/// [`StoreError`] when the database is away.
pub fn keep(db: &mut Db, rotation: RotationId, told: &[Publication]) -> Result<(), StoreError> {
    for one in told {
        let row = Row {
            uid: one.uid.clone(),
            rotation_id: AsText(rotation),
            origin: one.origin.clone(),
            segment: one.segment,
            starts_at: Ts(one.interval.start()),
            ends_at: Ts(one.interval.end()),
            digest: one.digest.clone(),
            sequence: one.sequence,
            modified_at: Ts(one.modified_at),
            withdrawn_at: ts(one.withdrawn_at),
        };
        let known = diesel::update(publications::table.find(&one.uid))
            .set(&row)
            .execute(db)?;
        if known == 0 {
            diesel::insert_into(publications::table)
                .values(&row)
                .execute(db)?;
        }
    }
    Ok(())
}
