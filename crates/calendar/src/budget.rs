//! What reading one calendar may cost. Whoever gives a calendar writes all of it, so each thing that can be
//! written without end is counted, and reading stops where a count is used up (decision 0620).

use std::cell::Cell;

/// A thing that a calendar has too much of. The text goes to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Bytes, unpacked.
    #[error("it is too large: more than {} MB unpacked", BUDGET.bytes >> 20)]
    Bytes,
    /// Gzip members, one after the other.
    #[error("it is compressed in more than {} pieces", BUDGET.members)]
    Members,
    /// Lines, before they are unfolded.
    #[error("it has more than {} lines", BUDGET.lines)]
    Lines,
    /// Bytes in a line that counts.
    #[error("one of its lines is longer than {} kB", BUDGET.line_bytes >> 10)]
    Line,
    /// Bytes of what counts in an event.
    #[error("one of its events is larger than {} kB", BUDGET.event_bytes >> 10)]
    Event,
    /// Events.
    #[error("it has more than {} events", BUDGET.events)]
    Events,
    /// Bytes of what counts for time off.
    #[error("its events ahead are too large: more than {} MB", BUDGET.kept_bytes >> 20)]
    Kept,
    /// Time zones that it defines or names.
    #[error("it has more than {} time zones", BUDGET.zones)]
    Zones,
    /// Steps of working out when its events happen.
    #[error("its recurring events take more than {} steps to work out", BUDGET.steps)]
    Steps,
    /// Time in all.
    #[error("reading it takes too long")]
    Time,
}

/// How much of each a calendar may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Gzip members.
    pub members: u64,
    /// Lines, before they are unfolded.
    pub lines: u64,
    /// Bytes in one unfolded line that counts for time off; others (an attached picture) are passed over.
    pub line_bytes: u64,
    /// Bytes of what counts in one event.
    pub event_bytes: u64,
    /// Events.
    pub events: u64,
    /// Bytes that are kept until the calendar ends: those of events that may be in the window.
    pub kept_bytes: u64,
    /// Time zones, those defined and those named apart.
    pub zones: u64,
    /// A step is a day that is looked at for a rule, a time that comes of one, or something as cheap.
    pub steps: u64,
}

/// The budget of every calendar.
pub const BUDGET: Budget = Budget {
    bytes: 20 << 20,
    members: 100,
    lines: 1_000_000,
    line_bytes: 256 << 10,
    event_bytes: 512 << 10,
    events: 40_000,
    kept_bytes: 8 << 20,
    zones: 1_000,
    steps: 3_000_000,
};

/// The clock is looked at once in so many units spent, whatever they are.
const LOOK_EVERY: u64 = 512;

/// Counts what reading a calendar costs. Once a budget is used up it stays so, and all reading ends.
pub struct Meter<'a> {
    budget: Budget,
    is_over: &'a dyn Fn() -> bool,
    spent: [Cell<u64>; KINDS],
    looked: Cell<u64>,
    exceeded: Cell<Option<Exceeded>>,
}

const KINDS: usize = 7;

/// What is counted across the whole calendar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Bytes,
    Members,
    Lines,
    Events,
    Kept,
    Zones,
    Steps,
}

impl<'a> Meter<'a> {
    /// A meter of this budget; `is_over` says that the time for it is over, or that nobody wants it any more.
    #[must_use]
    pub fn new(budget: Budget, is_over: &'a dyn Fn() -> bool) -> Self {
        Self {
            budget,
            is_over,
            spent: Default::default(),
            looked: Cell::new(0),
            exceeded: Cell::new(None),
        }
    }

    /// Which budget was used up.
    #[must_use]
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded.get()
    }

    /// How many steps were spent.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let [.., steps] = &self.spent;
        steps.get()
    }

    /// Spends so much; `None` where it is more than there is, from then on for everything.
    pub(super) fn spend(&self, kind: Kind, count: u64) -> Option<()> {
        let [bytes, members, lines, events, kept, zones, steps] = &self.spent;
        let budget = &self.budget;
        let (spent, most, exceeded) = match kind {
            Kind::Bytes => (bytes, budget.bytes, Exceeded::Bytes),
            Kind::Members => (members, budget.members, Exceeded::Members),
            Kind::Lines => (lines, budget.lines, Exceeded::Lines),
            Kind::Events => (events, budget.events, Exceeded::Events),
            Kind::Kept => (kept, budget.kept_bytes, Exceeded::Kept),
            Kind::Zones => (zones, budget.zones, Exceeded::Zones),
            Kind::Steps => (steps, budget.steps, Exceeded::Steps),
        };
        spent.set(spent.get().saturating_add(count));
        if spent.get() > most {
            self.fail(exceeded);
        }
        self.look();
        self.exceeded.get().is_none().then_some(())
    }

    /// Spends steps.
    pub(super) fn step(&self, count: u64) -> Option<()> {
        self.spend(Kind::Steps, count)
    }

    /// Whether a line may have so many bytes.
    pub(super) fn fits_line(&self, bytes: usize) -> Option<()> {
        self.fits(bytes, self.budget.line_bytes, Exceeded::Line)
    }

    /// Whether what counts of an event may have so many bytes.
    pub(super) fn fits_event(&self, bytes: usize) -> Option<()> {
        self.fits(bytes, self.budget.event_bytes, Exceeded::Event)
    }

    fn fits(&self, bytes: usize, most: u64, exceeded: Exceeded) -> Option<()> {
        let fits = u64::try_from(bytes).is_ok_and(|bytes| bytes <= most);
        if !fits {
            self.fail(exceeded);
        }
        fits.then_some(())
    }

    /// The first that is used up is the one that is told.
    fn fail(&self, exceeded: Exceeded) {
        self.exceeded.set(self.exceeded.get().or(Some(exceeded)));
    }

    fn look(&self) {
        self.looked.set(self.looked.get().wrapping_add(1));
        if self.looked.get().is_multiple_of(LOOK_EVERY) && (self.is_over)() {
            self.fail(Exceeded::Time);
        }
    }
}
