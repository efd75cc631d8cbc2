//! The lines of a calendar, unpacked and unfolded while they are read. Of a line whose property does not count no
//! more is held than its beginning, however long it is.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::broken::Broken;
use super::budget::{Kind, Meter};
use crate::cause::Cause;

/// So much of a line is looked at for the name of its property.
const NAME: u64 = 64;

/// The names of properties that count; `BEGIN` and `END` always do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted(pub(super) &'static [&'static str]);

impl Wanted {
    /// Whether the beginning of a line belongs to a line that counts; `None` where it does not show yet.
    fn takes(&self, start: &[u8]) -> Option<bool> {
        let end = start.iter().position(|byte| matches!(byte, b':' | b';'));
        let Some(name) = end.and_then(|end| start.get(..end)) else {
            let may_come = u64::try_from(start.len()).is_ok_and(|length| length < NAME);
            return (!may_come).then_some(false);
        };
        let name = name.trim_ascii();
        let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        Some(["BEGIN", "END"].iter().any(is) || self.0.iter().any(is))
    }
}

/// Reads lines.
pub(super) struct Lines<'a, R: Read> {
    input: BufReader<Counted<'a, Unpacked<'a, R>>>,
    meter: &'a Meter<'a>,
    line: Vec<u8>,
    /// The line has been read, and was not given out yet.
    is_first: bool,
}

impl<'a, R: Read> Lines<'a, R> {
    /// The lines of a calendar, from its first on.
    pub(super) fn new(source: R, meter: &'a Meter<'a>) -> Result<Self, Broken> {
        let unpacked = Unpacked::new(source, meter).map_err(|error| broken(meter, &error))?;
        let mut lines = Self {
            input: BufReader::with_capacity(PIECE, Counted(unpacked, meter)),
            meter,
            line: Vec::new(),
            is_first: true,
        };
        let first = lines.skip_blanks().and_then(|()| lines.unfold(Wanted(&[])));
        first.map_err(|error| broken(meter, &error))?;
        let start = lines.line.get(..FIRST.len()).unwrap_or_default();
        if start.eq_ignore_ascii_case(FIRST) {
            Ok(lines)
        } else {
            Err(Broken::NoCalendar)
        }
    }

    /// The next line that counts, unfolded; nothing at the end.
    pub(super) fn next(&mut self, wanted: Wanted) -> Result<Option<String>, Broken> {
        loop {
            let goes_on = std::mem::take(&mut self.is_first)
                || self
                    .unfold(wanted)
                    .map_err(|error| broken(self.meter, &error))?;
            if !goes_on {
                return Ok(None);
            }
            if !self.line.is_empty() {
                return Ok(Some(String::from_utf8_lossy(&self.line).into_owned()));
            }
        }
    }

    /// A byte order mark and empty lines may come before a calendar.
    fn skip_blanks(&mut self) -> io::Result<()> {
        loop {
            let piece = self.input.fill_buf()?;
            let is_blank = |byte: &&u8| byte.is_ascii_whitespace() || MARK.contains(byte);
            let blank = piece.iter().take_while(is_blank).count();
            let goes_on = blank > 0 && blank == piece.len();
            self.input.consume(blank);
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Reads a line with those that go on with it, which begin with a space or a tab; `false` at the end. Leaves
    /// nothing of a line that does not count.
    fn unfold(&mut self, wanted: Wanted) -> io::Result<bool> {
        self.line.clear();
        let mut takes = None;
        if !self.read_on(wanted, &mut takes)? {
            return Ok(false);
        }
        while matches!(self.input.fill_buf()?.first(), Some(b' ' | b'\t')) {
            self.input.consume(1);
            self.read_on(wanted, &mut takes)?;
        }
        if takes != Some(true) {
            self.line.clear();
        }
        Ok(true)
    }

    /// Reads to the end of a line; `takes` says whether it counts, once that is known. `false` where nothing is left.
    fn read_on(&mut self, wanted: Wanted, takes: &mut Option<bool>) -> io::Result<bool> {
        spent(self.meter.spend(Kind::Lines, 1))?;
        let mut is_there = false;
        while *takes != Some(false) {
            let most = if takes.is_none() { NAME } else { PIECE_OF_LINE };
            let count = (&mut self.input)
                .take(most)
                .read_until(b'\n', &mut self.line)?;
            is_there |= count > 0;
            let is_whole = count == 0 || self.line.last() == Some(&b'\n');
            if is_whole {
                for end in [b'\n', b'\r'] {
                    self.line.pop_if(|byte| *byte == end);
                }
            }
            *takes = takes.or_else(|| wanted.takes(&self.line));
            spent(self.meter.fits_line(self.line.len()))?;
            if is_whole {
                return Ok(is_there);
            }
        }
        self.line.clear();
        Ok(self.input.skip_until(b'\n')? > 0 || is_there)
    }
}

/// What a calendar begins with.
const FIRST: &[u8] = b"BEGIN:VCALENDAR";

/// The bytes of a byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// So many bytes are read at a time.
const PIECE: usize = 32 << 10;

/// A line grows by no more before its length is looked at.
const PIECE_OF_LINE: u64 = 32 << 10;

fn spent(done: Option<()>) -> io::Result<()> {
    done.ok_or_else(|| io::Error::other("a budget is used up"))
}

/// What ended the reading: a budget, what the source says, or what was not compressed as it should be.
fn broken(meter: &Meter<'_>, error: &io::Error) -> Broken {
    let source = error.get_ref().and_then(|cause| cause.downcast_ref());
    match (meter.exceeded(), source) {
        (Some(exceeded), _) => exceeded.into(),
        (None, Some(SourceError(cause))) => Broken::Source(cause.clone()),
        (None, None) => Broken::CutOff,
    }
}

/// Where a calendar comes from: what it says is told from what a decoder says.
struct Source<R>(R);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SourceError(#[source] Cause);

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(SourceError(Cause::of(error))),
        })
    }
}

/// Counts what is unpacked.
struct Counted<'a, R>(R, &'a Meter<'a>);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        spent(self.1.spend(Kind::Bytes, bytes))?;
        Ok(count)
    }
}

/// The first two bytes, and the rest.
type Whole<R> = io::Chain<io::Cursor<Vec<u8>>, BufReader<Source<R>>>;

/// Some servers compress without being asked. (`MultiGzDecoder` does not count the members.)
enum Unpacked<'a, R: Read> {
    Plain(Whole<R>),
    /// Nothing after the last member.
    Gzip(Option<GzDecoder<Whole<R>>>, &'a Meter<'a>),
}

impl<'a, R: Read> Unpacked<'a, R> {
    fn new(source: R, meter: &'a Meter<'a>) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(PIECE, Source(source));
        let mut start = Vec::new();
        (&mut source).take(2).read_to_end(&mut start)?;
        let is_gzip = start == [0x1f, 0x8b];
        let whole = io::Cursor::new(start).chain(source);
        Ok(if is_gzip {
            Self::Gzip(Some(GzDecoder::new(whole)), meter)
        } else {
            Self::Plain(whole)
        })
    }
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (member, meter) = match self {
            Self::Plain(whole) => return whole.read(buffer),
            Self::Gzip(member, meter) => (member, meter),
        };
        while let Some(decoder) = member {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            spent(meter.spend(Kind::Members, 1))?;
            let mut rest = member.take().map(GzDecoder::into_inner);
            let goes_on = match &mut rest {
                Some(rest) => !rest.fill_buf()?.is_empty(),
                None => false,
            };
            *member = rest.filter(|_| goes_on).map(GzDecoder::new);
        }
        Ok(0)
    }
}
