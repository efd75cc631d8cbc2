//! What a change would do, said before it is done.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::Error;
use super::locked_rotation::LockedRotation;
use super::swaps::{self, SwapView};
use super::views::{ClashView, GapView, OverrideView, PersonRef, ShiftView};
use crate::UnitOfWork;
use crate::domain::ids::{RotationId, TimeOffId};
use crate::domain::people::person::Person;
use crate::domain::schedule::clash::{Clash, clashes};
use crate::domain::schedule::overrides::Override;
use crate::domain::schedule::preview::{self, Preview};
use crate::domain::schedule::rotation::{Plan, Rotation};
use crate::domain::schedule::timeline::{Gap, Layer, Timeline};
use crate::domain::time::interval::{Interval, Timestamp};
use crate::snapshot::{Loaded, Snapshot};
use crate::storage::{Tx, rotations};

/// How far ahead a preview looks, at least and at most: to the end of every override made with it.
const AHEAD: TimeDelta = TimeDelta::days(120);
const FARTHEST: TimeDelta = TimeDelta::days(400);

/// So many rotations are named in a warning.
const NAMED: usize = 5;

/// A list of a preview has at most so many elements: a rotation of hours has thousands in its window.
pub const MOST_LISTED: usize = 200;

/// How many elements each list of a preview would have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewTotals {
    /// Shifts as they are.
    pub before: usize,
    /// Shifts as they would be.
    pub after: usize,
    /// People who gain or lose.
    pub changes: usize,
    /// Shifts gained, over all people.
    pub gains: usize,
    /// Shifts lost, over all people.
    pub loses: usize,
    /// Overrides.
    pub overrides: usize,
    /// Swaps.
    pub swaps: usize,
    /// Clashes as they would be.
    pub clashes: usize,
    /// New clashes.
    pub clashes_made: usize,
    /// Clashes that would be gone.
    pub clashes_mended: usize,
    /// Gaps as they would be.
    pub gaps: usize,
    /// New gaps.
    pub gaps_made: usize,
    /// Gaps that would be gone.
    pub gaps_mended: usize,
}

impl std::ops::AddAssign for PreviewTotals {
    fn add_assign(&mut self, other: Self) {
        self.before += other.before;
        self.after += other.after;
        self.changes += other.changes;
        self.gains += other.gains;
        self.loses += other.loses;
        self.overrides += other.overrides;
        self.swaps += other.swaps;
        self.clashes += other.clashes;
        self.clashes_made += other.clashes_made;
        self.clashes_mended += other.clashes_mended;
        self.gaps += other.gaps;
        self.gaps_made += other.gaps_made;
        self.gaps_mended += other.gaps_mended;
    }
}

/// What one person gains and loses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonChangeView {
    /// Who.
    pub person: PersonRef,
    /// Shifts, as far as they would be newly theirs.
    pub gains: Vec<ShiftView>,
    /// Shifts, as far as they would no longer be theirs.
    pub loses: Vec<ShiftView>,
}

/// What a change would do.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct PreviewView {
    /// The final shifts as they are.
    pub before: Vec<ShiftView>,
    /// The final shifts as they would be.
    pub after: Vec<ShiftView>,
    /// Person by person.
    pub changes: Vec<PersonChangeView>,
    /// Overrides that the change slides under, or makes.
    pub overrides: Vec<OverrideView>,
    /// Swaps that it touches.
    pub swaps: Vec<SwapView>,
    /// Clashes with time off, as they would be.
    pub clashes: Vec<ClashView>,
    /// Those of them that are not there now.
    pub clashes_made: Vec<ClashView>,
    /// Clashes of now that would be gone.
    pub clashes_mended: Vec<ClashView>,
    /// Gaps, as they would be.
    pub gaps: Vec<GapView>,
    /// What of them is not there now.
    pub gaps_made: Vec<GapView>,
    /// What would be gone of the gaps there are now.
    pub gaps_mended: Vec<GapView>,
    /// What to look at before saving.
    pub warnings: Vec<String>,
    /// A list is shorter than `totals` says: it has the first 200 of its elements. Of `gains` and `loses` that is so
    /// over all people.
    pub truncated: bool,
    /// How many elements each list has in all.
    pub totals: PreviewTotals,
}

/// The rotation as it is, before the change is rehearsed.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such rotation.
pub fn before(tx: &mut Tx<'_>, id: RotationId) -> Result<LockedRotation, Error> {
    LockedRotation::of(tx, id, &[])
}

/// Compares the rotation as it was with what the rehearsed change made of it.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such rotation.
pub fn compare(
    uow: &mut UnitOfWork<'_>,
    was: &LockedRotation,
    from: Timestamp,
) -> Result<PreviewView, Error> {
    let is = LockedRotation::of(uow, was.rotation.id, &[])?;
    let (old, new) = (was.timeline(), is.timeline());
    let made = is
        .overrides
        .iter()
        .filter(|one| was.overrides.iter().all(|other| other.id != one.id));
    let reach = made.map(|one| one.interval.end()).max().unwrap_or(from);
    let until = reach.max(from + AHEAD).min(from + FARTHEST);
    let window = Interval::from_start_and_duration(from, until - from);
    let found = preview::diff(&old, &new, window);
    let mut view = view((&was.snapshot, &is.snapshot), &found, &new, window);
    view.swaps = swaps::touched(uow, &is, &new, &found)?;
    let touched = is
        .overrides
        .iter()
        .filter(|one| one.in_force().is_some_and(|left| left.overlaps(&window)));
    view.overrides = touched
        .map(|one| OverrideView::of(&is.snapshot, &is.rotation, one))
        .collect();
    view.warnings = warnings(&was.rotation, &is.rotation, &view);
    let end = is.rotation.archived_at;
    if let Some(end) = end.filter(|_| end != was.rotation.archived_at) {
        let all = rotations::load(uow.db(), None)?;
        let all = all.iter().map(|(rotation, _)| rotation);
        view.warnings.extend(left_without(is.rotation.id, end, all));
    }
    Ok(view)
}

/// What a revision of a rotation changed, with the overrides of now; `None` where there is no such revision, and for
/// the first, before which there was nothing.
#[must_use]
pub fn of_revision(snapshot: &Snapshot, timeline: &Timeline, number: u32) -> Option<PreviewView> {
    let mut is = Rotation::clone(timeline.rotation());
    while is.newest().number > number {
        is.revisions.pop()?;
    }
    let from = is.newest().effective_from;
    let mut was = is.clone();
    let revision = was.revisions.pop()?;
    if revision.number != number {
        return None;
    }
    let overrides = timeline.overrides();
    Some(between(snapshot, was, is, overrides, from))
}

/// What it means that a rotation ends at an instant.
#[must_use]
pub fn of_archive(snapshot: &Snapshot, timeline: &Timeline, at: Timestamp) -> PreviewView {
    let was = Rotation::clone(timeline.rotation());
    let is = Rotation {
        archived_at: Some(at),
        ..was.clone()
    };
    let mut view = between(snapshot, was, is, timeline.overrides(), at);
    let all = snapshot.timelines().map(|other| other.rotation().as_ref());
    let left = left_without(timeline.rotation().id, at, all);
    view.warnings.extend(left);
    view
}

/// What differs between two states of a rotation from an instant on.
fn between(
    snapshot: &Snapshot,
    was: Rotation,
    is: Rotation,
    overrides: &[Override],
    from: Timestamp,
) -> PreviewView {
    let window = Interval::from_start_and_duration(from, AHEAD);
    let (old, new) = (
        snapshot.imagine(was, overrides.to_vec()),
        snapshot.imagine(is, overrides.to_vec()),
    );
    let found = preview::diff(&old, &new, window);
    let mut view = view((snapshot, snapshot), &found, &new, window);
    let touched = overrides
        .iter()
        .filter(|one| one.in_force().is_some_and(|left| left.overlaps(&window)));
    view.overrides = touched
        .map(|one| OverrideView::of(snapshot, new.rotation(), one))
        .collect();
    view.warnings = warnings(old.rotation(), new.rotation(), &view);
    view
}

/// What changes in `window` between two rosters for one rotation, whose timeline is then `new`.
fn view(
    (was, snapshot): (&Snapshot, &Snapshot),
    found: &Preview,
    new: &Timeline,
    window: Interval,
) -> PreviewView {
    let show = |shifts: &[crate::domain::schedule::timeline::Shift]| -> Vec<ShiftView> {
        shifts
            .iter()
            .map(|shift| ShiftView::of(snapshot, shift))
            .collect()
    };
    let gaps = |gaps: &[Gap]| gaps.iter().map(GapView::from).collect();
    let id = new.rotation().id;
    let were = clashes(id, &found.before, was.people());
    let are = clashes(id, &found.after, snapshot.people());
    // The shift may be another: what counts is who is away, and when, while they have the duty.
    let what_counts = |clash: &Clash| (clash.person, clash.time_off, clash.overlap);
    let told = |clashes: &[Clash], others: &[Clash]| {
        let others: HashSet<_> = others.iter().map(what_counts).collect();
        let new = clashes
            .iter()
            .filter(|clash| !others.contains(&what_counts(clash)));
        new.map(|clash| ClashView::of(snapshot, clash)).collect()
    };
    PreviewView {
        before: show(&found.before),
        after: show(&found.after),
        changes: found
            .changes
            .iter()
            .map(|change| PersonChangeView {
                person: PersonRef::of(snapshot, change.person, window.start()),
                gains: show(&change.gains),
                loses: show(&change.loses),
            })
            .collect(),
        clashes: told(&are, &[]),
        clashes_made: told(&are, &were),
        clashes_mended: told(&were, &are),
        gaps: gaps(&new.gaps(Layer::Final, window)),
        gaps_made: gaps(&found.gaps_made),
        gaps_mended: gaps(&found.gaps_mended),
        ..PreviewView::default()
    }
}

/// What other hours or time off of somebody would do, over all rotations: plans that follow the sun go
/// round it, and turns of ordered rotations clash with it. Of the clashes as they would be only those with `this`
/// count, where it is given. It is bounded already ([`PreviewView::bounded`]).
#[must_use]
pub fn of_person(
    snapshot: &Snapshot,
    person: Person,
    window: Interval,
    this: Option<TimeOffId>,
) -> PreviewView {
    let id = person.id.to_string();
    let this = this.map(|this| this.to_string());
    let loaded = Loaded {
        people: vec![person],
        ..Loaded::default()
    };
    let imagined = snapshot.with(loaded, snapshot.version());
    let mut whole = PreviewView::default();
    let mut changes: BTreeMap<String, PersonChangeView> = BTreeMap::new();
    for (old, new) in snapshot.timelines().zip(imagined.timelines()) {
        let found = preview::diff(old, new, window);
        let mut one = view((snapshot, &imagined), &found, new, window);
        if one.changes.is_empty() && one.after.iter().all(|shift| shift.person.id != id) {
            continue;
        }
        one.keep_clashes_of(&id, this.as_deref());
        one.of_rotation(new.rotation().id);
        for change in std::mem::take(&mut one.changes) {
            whole.totals.gains += change.gains.len();
            whole.totals.loses += change.loses.len();
            add_change(&mut changes, change);
        }
        whole.append(one);
    }
    whole.totals.changes = changes.len();
    whole.changes = changes.into_values().collect();
    whole.sort();
    whole.cut();
    whole
}

fn add_change(changes: &mut BTreeMap<String, PersonChangeView>, change: PersonChangeView) {
    match changes.entry(change.person.id.clone()) {
        Entry::Vacant(none) => {
            none.insert(change);
        }
        Entry::Occupied(mut known) => {
            // More of somebody is not shown of any rotation.
            let known = known.get_mut();
            let room = |list: &Vec<ShiftView>| MOST_LISTED.saturating_sub(list.len());
            known
                .gains
                .extend(change.gains.into_iter().take(room(&known.gains)));
            known
                .loses
                .extend(change.loses.into_iter().take(room(&known.loses)));
        }
    }
}

impl PreviewView {
    /// The same with lists of at most [`MOST_LISTED`] elements, and the totals that they had.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.totals = self.lengths();
        self.cut();
        self
    }

    /// The same with these swaps, where it is bounded already.
    #[must_use]
    pub fn with_swaps(mut self, swaps: Vec<SwapView>) -> Self {
        self.totals.swaps = swaps.len();
        self.swaps = swaps;
        self.cut();
        self
    }

    fn lengths(&self) -> PreviewTotals {
        PreviewTotals {
            before: self.before.len(),
            after: self.after.len(),
            changes: self.changes.len(),
            gains: self.changes.iter().map(|one| one.gains.len()).sum(),
            loses: self.changes.iter().map(|one| one.loses.len()).sum(),
            overrides: self.overrides.len(),
            swaps: self.swaps.len(),
            clashes: self.clashes.len(),
            clashes_made: self.clashes_made.len(),
            clashes_mended: self.clashes_mended.len(),
            gaps: self.gaps.len(),
            gaps_made: self.gaps_made.len(),
            gaps_mended: self.gaps_mended.len(),
        }
    }

    fn cut(&mut self) {
        self.before.truncate(MOST_LISTED);
        self.after.truncate(MOST_LISTED);
        self.changes.truncate(MOST_LISTED);
        let (mut gains, mut loses) = (MOST_LISTED, MOST_LISTED);
        for one in &mut self.changes {
            one.gains.truncate(gains);
            one.loses.truncate(loses);
            gains -= one.gains.len();
            loses -= one.loses.len();
        }
        self.overrides.truncate(MOST_LISTED);
        self.swaps.truncate(MOST_LISTED);
        for clashes in [
            &mut self.clashes,
            &mut self.clashes_made,
            &mut self.clashes_mended,
        ] {
            clashes.truncate(MOST_LISTED);
        }
        for gaps in [&mut self.gaps, &mut self.gaps_made, &mut self.gaps_mended] {
            gaps.truncate(MOST_LISTED);
        }
        self.truncated = self.lengths() != self.totals;
    }

    /// In order of start.
    fn sort(&mut self) {
        self.before.sort_by_key(|shift| shift.start);
        self.after.sort_by_key(|shift| shift.start);
        for clashes in [
            &mut self.clashes,
            &mut self.clashes_made,
            &mut self.clashes_mended,
        ] {
            clashes.sort_by_key(|clash| clash.start);
        }
        for gaps in [&mut self.gaps, &mut self.gaps_made, &mut self.gaps_mended] {
            gaps.sort_by_key(|gap| gap.start);
        }
    }

    /// Adds what another rotation has of it, but for who gains and loses: of each rotation no more is held than can be
    /// shown.
    fn append(&mut self, mut one: Self) {
        let totals = one.lengths();
        self.totals += totals;
        one.sort();
        one.cut();
        self.before.append(&mut one.before);
        self.after.append(&mut one.after);
        self.gaps.append(&mut one.gaps);
        self.gaps_made.append(&mut one.gaps_made);
        self.gaps_mended.append(&mut one.gaps_mended);
        self.clashes.append(&mut one.clashes);
        self.clashes_made.append(&mut one.clashes_made);
        self.clashes_mended.append(&mut one.clashes_mended);
    }

    fn keep_clashes_of(&mut self, person: &str, time_off: Option<&str>) {
        for clashes in [
            &mut self.clashes,
            &mut self.clashes_made,
            &mut self.clashes_mended,
        ] {
            clashes.retain(|clash| clash.person.id == person);
        }
        let is_this = |clash: &ClashView| time_off.is_none_or(|this| clash.time_off_id == this);
        self.clashes.retain(is_this);
    }

    /// Says of each shift and gap which rotation it is of, where there are several.
    fn of_rotation(&mut self, id: RotationId) {
        let id = Some(id.to_string());
        let changed = self.changes.iter_mut();
        let moved = changed.flat_map(|one| one.gains.iter_mut().chain(&mut one.loses));
        for shift in self.before.iter_mut().chain(&mut self.after).chain(moved) {
            shift.rotation_id.clone_from(&id);
        }
        let made = self.gaps_made.iter_mut().chain(&mut self.gaps_mended);
        for gap in self.gaps.iter_mut().chain(made) {
            gap.rotation_id.clone_from(&id);
        }
    }
}

/// Whether a turn of this plan is under way at `at`, and does not begin there.
fn cuts_a_turn(plan: &Plan, at: Timestamp) -> bool {
    let Plan::Ordered { handoff, .. } = plan else {
        return false;
    };
    let running = handoff.count_through(at).checked_sub(1);
    let turn = running.and_then(|index| handoff.turn(index));
    turn.is_some_and(|turn| turn.start() < at && at < turn.end())
}

fn warnings(was: &Rotation, is: &Rotation, view: &PreviewView) -> Vec<String> {
    let mut warnings = Vec::new();
    let revised = is.revisions.len() > was.revisions.len();
    let (old, new) = (was.newest(), is.newest());
    if revised {
        let at = new.effective_from;
        if cuts_a_turn(&old.plan, at) || cuts_a_turn(&new.plan, at) {
            warnings.push(
                "it takes effect in the middle of a turn: somebody gets a part of one".to_owned(),
            );
        }
        let moved = view
            .changes
            .iter()
            .filter(|change| !change.loses.is_empty())
            .count();
        if moved > 0 && old.order != new.order {
            warnings.push(format!("announced shifts of {moved} people move"));
        }
    }
    if !view.clashes.is_empty() {
        warnings.push(format!("{} shifts fall into time off", view.clashes.len()));
    }
    warnings
}

/// Says which of `all` go on and fall back to a rotation that ends at `end`.
fn left_without<'a>(
    id: RotationId,
    end: Timestamp,
    all: impl Iterator<Item = &'a Rotation>,
) -> Option<String> {
    let left: Vec<&str> = all
        .filter(|other| other.fallback == Some(id))
        .filter(|other| other.archived_at.is_none_or(|at| at > end))
        .map(|other| other.name.as_str())
        .collect();
    let (named, others) = left.split_at_checked(NAMED).unwrap_or((&left, &[]));
    let more = match others.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    (!left.is_empty()).then(|| {
        let named = named.join(", ");
        format!("other rotations fall back to it, where nobody answers from then on: {named}{more}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::rotation::Handoff;
    use crate::domain::time::zone::Zone;

    #[test]
    fn a_turn_is_cut_where_one_is_under_way() {
        let start = "2026-03-02T10:00:00".parse().unwrap();
        let handoff = Handoff::parse(start, "FREQ=WEEKLY;COUNT=2", &Zone::utc()).unwrap();
        let plan = Plan::Ordered { handoff, first: 0 };
        for (at, cut) in [
            ("2026-03-01T00:00:00Z", false),
            ("2026-03-02T10:00:00Z", false),
            ("2026-03-02T10:00:01Z", true),
            ("2026-03-09T10:00:00Z", false),
            ("2026-03-16T09:59:59Z", true),
            ("2026-03-16T10:00:00Z", false),
            ("2026-05-01T00:00:00Z", false),
        ] {
            assert_eq!(cuts_a_turn(&plan, at.parse().unwrap()), cut, "{at}");
        }
        assert!(!cuts_a_turn(&Plan::FollowTheSun, Timestamp::UNIX_EPOCH));
    }
}
