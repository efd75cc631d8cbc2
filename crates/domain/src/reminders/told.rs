//! What people were told of their shifts, and what has become of it since.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::when::when_told;
use super::{Kind, Lead, Reminder};
use crate::ids::PersonId;
use crate::people::person::People;
use crate::schedule::rotation::Kind as RotationKind;
use crate::schedule::runs::Run;
use crate::schedule::timeline::{Cause, Shift, Timeline};
use crate::time::interval::{Interval, IntervalSet, Timestamp};

/// What a mail told somebody of their shifts of one rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentNotice {
    /// The mail's id.
    pub mail: String,
    /// Whom it told.
    pub person: PersonId,
    /// When it was sent.
    pub at: Timestamp,
    /// What is theirs.
    pub has: Vec<Interval>,
    /// What is theirs no longer.
    pub lost: Vec<Interval>,
    /// Whether what is theirs goes on beyond what could be seen then.
    pub open: bool,
    /// Whether it said all that a reminder says. What only tells of a swap, or of an override, need not be told again,
    /// but is no reminder.
    pub reminds: bool,
}

/// What somebody knows of one rotation.
#[derive(Debug, Default)]
pub(super) struct Knowledge<'a> {
    /// What they take to be theirs, and the mail that said so last.
    pieces: Vec<(Interval, &'a SentNotice)>,
    /// The mails that took something away.
    losses: Vec<&'a SentNotice>,
    /// All of them, in order.
    mails: Vec<&'a SentNotice>,
}

/// What everybody knows.
pub(super) fn knowledge(told: &[SentNotice]) -> BTreeMap<PersonId, Knowledge<'_>> {
    let mut in_order: Vec<&SentNotice> = told.iter().collect();
    in_order.sort_by(|a, b| (a.at, &a.mail).cmp(&(b.at, &b.mail)));
    let mut all: BTreeMap<PersonId, Knowledge<'_>> = BTreeMap::new();
    for one in in_order {
        all.entry(one.person).or_default().learn(one);
    }
    all
}

impl<'a> Knowledge<'a> {
    fn learn(&mut self, told: &'a SentNotice) {
        let news: IntervalSet = told.has.iter().chain(&told.lost).copied().collect();
        let mut kept = Vec::with_capacity(self.pieces.len() + told.has.len());
        for (piece, by) in self.pieces.drain(..) {
            let rest = IntervalSet::from_iter([piece]).subtract(&news);
            kept.extend(rest.as_slice().iter().map(|rest| (*rest, by)));
        }
        kept.extend(told.has.iter().map(|piece| (*piece, told)));
        self.pieces = kept;
        if !told.lost.is_empty() {
            self.losses.push(told);
        }
        self.mails.push(told);
    }

    /// The first mail that told them of some of this, or else the last of all.
    pub(super) fn first_of(&self, some: &[Interval]) -> Option<&'a SentNotice> {
        let tells = |told: &&&SentNotice| {
            let mut has = told.has.iter();
            has.any(|has| some.iter().any(|one| one.overlaps(has)))
        };
        let first = self.mails.iter().find(tells);
        first.or(self.mails.last()).copied()
    }

    /// Whether a mail since `at` reminded them of some of this.
    pub(super) fn was_told_since(&self, at: Timestamp, of: &[Interval]) -> bool {
        self.pieces.iter().any(|(piece, by)| {
            by.reminds && by.at >= at && of.iter().any(|one| one.overlaps(piece))
        })
    }

    /// The last mail that took some of this away: what it announces again is another announcement.
    pub(super) fn taken_away_by(&self, of: &[Interval]) -> Option<&'a str> {
        let took = |told: &&&SentNotice| {
            let mut lost = told.lost.iter();
            lost.any(|lost| of.iter().any(|one| one.overlaps(lost)))
        };
        self.losses
            .iter()
            .rev()
            .find(took)
            .map(|told| told.mail.as_str())
    }

    /// What they have now of the shifts of which they gained or lost a part.
    fn told_anew<'r>(
        &self,
        runs: &[&'r Run],
        lost: &[Interval],
        gained: &[Interval],
    ) -> Vec<&'r Run> {
        let meet = |some: &[Interval], others: &[Interval]| {
            some.iter()
                .any(|one| others.iter().any(|other| one.overlaps(other)))
        };
        let told_with_it = |piece: Interval| {
            let by = self.pieces.iter().filter(|(one, _)| one.overlaps(&piece));
            by.flat_map(|(_, by)| by.has.iter().copied()).collect()
        };
        let context: Vec<Interval> = lost
            .iter()
            .copied()
            .flat_map::<Vec<_>, _>(told_with_it)
            .collect();
        runs.iter()
            .filter(|run| meet(&run.pieces, gained) || meet(&run.pieces, &context))
            .copied()
            .collect()
    }

    /// What of it began where nothing of theirs begins any more: what they lost, and what has become a part of something
    /// else.
    fn gone(&self, lost: &[Interval], anew: &[&Run]) -> Vec<Interval> {
        let starts = |at: Timestamp| {
            let mut pieces = anew.iter().flat_map(|run| &run.pieces);
            pieces.any(|piece| piece.start() == at)
        };
        let within = |piece: &Interval| {
            let mut pieces = anew.iter().flat_map(|run| &run.pieces);
            pieces.any(|one| one.overlaps(piece))
        };
        let known = self.pieces.iter().map(|(piece, _)| *piece);
        let mut gone: Vec<Interval> = known.filter(within).chain(lost.iter().copied()).collect();
        gone.retain(|piece| !starts(piece.start()));
        gone.sort_unstable();
        gone.dedup_by_key(|piece| piece.start());
        gone
    }

    fn set(&self) -> IntervalSet {
        self.pieces.iter().map(|(piece, _)| *piece).collect()
    }

    /// The same, where what went on beyond what could be seen goes on for ever.
    fn open_set(&self) -> IntervalSet {
        let pieces = self.pieces.iter().map(|(piece, by)| {
            let last = by.has.iter().map(Interval::end).max();
            if by.open && last == Some(piece.end()) {
                Interval::starting_at(piece.start())
            } else {
                *piece
            }
        });
        pieces.collect()
    }
}

/// Everybody who was told of shifts that are others now.
pub(super) fn changes(
    timeline: &Timeline,
    people: &People,
    runs: &[Run],
    known: &BTreeMap<PersonId, Knowledge<'_>>,
    window: Interval,
    now: Timestamp,
) -> Vec<Reminder> {
    let of_person = |(person, known): (&PersonId, &Knowledge<'_>)| {
        let recipient = people.get(person).filter(|one| one.active_at(now))?;
        let latest = known.mails.last()?;
        let theirs: Vec<&Run> = runs
            .iter()
            .filter(|run| run.first.person == *person)
            .collect();
        let has: IntervalSet = theirs
            .iter()
            .flat_map(|run| run.pieces.iter().copied())
            .collect();
        let visible = IntervalSet::from_iter([window]);
        let lost = ahead(&known.set().intersect(&visible).subtract(&has), now);
        let open = known.open_set();
        let announced = |run: &&Run| {
            // What working hours give is not announced.
            let given = timeline.rotation().kind == RotationKind::Ordered
                || matches!(run.first.cause, Cause::Override { .. });
            let pieces: IntervalSet = run.pieces.iter().copied().collect();
            given && !pieces.intersect(&open).is_empty()
        };
        let announced: Vec<&Run> = theirs.into_iter().filter(announced).collect();
        let grown: IntervalSet = announced
            .iter()
            .flat_map(|run| run.pieces.iter().copied())
            .collect();
        let gained = ahead(&grown.subtract(&open), now);
        let affected: IntervalSet = lost.iter().chain(&gained).copied().collect();
        let begins = affected.as_slice().first()?.start();
        let ends = affected.as_slice().last()?.end();
        let whole = Interval::new(begins, ends)?;
        let anew = known.told_anew(&announced, &lost, &gained);
        let has: Vec<Interval> = anew
            .iter()
            .flat_map(|run| run.pieces.iter().copied())
            .collect();
        let about: Vec<Interval> = lost.iter().chain(&has).copied().collect();
        Some(Reminder {
            key: key(timeline, *person, &latest.mail, &lost, &gained),
            kind: Kind::Changed,
            lead: Lead::Handoff,
            recipient: *person,
            shift: Shift {
                interval: whole,
                person: *person,
                cause: Cause::Turn {
                    began: whole.start(),
                },
            },
            other: None,
            due_at: when_told(recipient, now, (begins, begins), ends, now),
            not_after: whole.end(),
            open: false,
            gone: known.gone(&lost, &anew),
            runs: anew.iter().map(|run| run.whole()).collect(),
            has,
            lost,
            follows: known.first_of(&about).map(|first| first.mail.clone()),
        })
    };
    known.iter().filter_map(of_person).collect()
}

/// What of it is not over, uncut: what is under way is told with its beginning.
fn ahead(all: &IntervalSet, now: Timestamp) -> Vec<Interval> {
    let all = all.as_slice().iter().copied();
    all.filter(|one| one.end() > now).collect()
}

fn key(
    timeline: &Timeline,
    person: PersonId,
    after: &str,
    lost: &[Interval],
    gained: &[Interval],
) -> String {
    let spans = |all: &[Interval]| {
        let all = all.iter().map(|one| {
            let length: TimeDelta = one.end() - one.start();
            format!("{}+{}", one.start().timestamp(), length.num_seconds())
        });
        all.collect::<Vec<_>>().join(",")
    };
    format!(
        "change/{}/{person}/{after}/-{}/+{}",
        timeline.rotation().id,
        spans(lost),
        spans(gained)
    )
}
