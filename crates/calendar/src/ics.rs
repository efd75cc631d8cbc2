//! iCalendar in (RFC 5545 §3.1, §3.6), as other programs write it. A calendar is read as a stream: unpacked, unfolded
//! and split into components piece by piece, keeping only what counts for time off. It takes what is common and
//! wrong (bare line feeds, a byte order mark, bytes that are not UTF-8), and refuses what is no calendar, or not all
//! of one.

use std::collections::HashMap;
use std::io::Read;

use super::broken::Broken;
use super::budget::{Kind, Meter};
use super::lines::{Lines, Wanted};

/// Components are nested at most so deep: a calendar, an event, an alarm, and some air.
const DEEPEST: usize = 8;

/// No component has a longer name.
const LONGEST_NAME: usize = 100;

/// What is kept of an event.
const OF_EVENTS: &[&str] = &[
    "UID",
    "SEQUENCE",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "SUMMARY",
    "STATUS",
    "TRANSP",
    "X-MICROSOFT-CDO-BUSYSTATUS",
];

/// Of these an event may have several; of all others the first counts.
const SEVERAL: [&str; 3] = ["RRULE", "RDATE", "EXDATE"];

/// Parameters that are kept: those that say when something is.
const PARAMETERS: [&str; 2] = ["TZID", "RANGE"];

const OF_ZONES: &[&str] = &["TZID", "X-LIC-LOCATION"];

const OF_STANDARD_TIME: &[&str] = &["TZOFFSETTO"];

/// A property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// In capitals.
    pub(super) name: String,
    /// Those of [`PARAMETERS`], values without quotes.
    pub(super) parameters: Vec<(&'static str, String)>,
    /// As it was written.
    pub(super) value: String,
}

impl Line {
    /// A parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value as a text (§3.3.11).
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut rest = self.value.chars();
        while let Some(c) = rest.next() {
            match (c, rest.clone().next()) {
                ('\\', Some('n' | 'N')) => text.push('\n'),
                ('\\', Some(c)) => text.push(c),
                _ => {
                    text.push(c);
                    continue;
                }
            }
            rest.next();
        }
        text
    }
}

/// The properties of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Component(Vec<Line>);

impl Component {
    /// The first property of this name.
    pub(super) fn line(&self, name: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.name == name)
    }

    /// Every property of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.0.iter().filter(move |line| line.name == name)
    }

    /// The value of a property that is one word, in capitals.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        let line = self.line(name)?;
        Some(line.value.trim().to_ascii_uppercase())
    }
}

/// What counts of an event, as text: that takes a tenth of the memory of parsed lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed(String);

impl Packed {
    /// The properties.
    pub(super) fn open(&self) -> Component {
        Component(self.0.split('\n').filter_map(parse_line).collect())
    }

    /// How many bytes it has.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(text);
    }
}

/// A zone that a calendar defines, as far as it is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ZoneDraft {
    /// What it is really called.
    pub(super) location: Option<String>,
    /// The offset of its standard time, as it is written.
    pub(super) offset: Option<String>,
}

/// What a calendar consists of, told while it is read.
pub(super) trait Parts {
    /// An event.
    fn event(&mut self, event: Packed) -> Option<()>;
    /// The calendar is over: these are the zones that it defines.
    fn end(&mut self, zones: HashMap<String, ZoneDraft>) -> Option<()>;
}

/// Reads the calendars of a file, mostly one.
///
/// # Errors
/// [`Broken`], where it is none or not whole, or a budget is used up.
pub(super) fn read(
    source: impl Read,
    meter: &Meter<'_>,
    parts: &mut impl Parts,
) -> Result<(), Broken> {
    let lines = Lines::new(source, meter)?;
    let mut reader = Reader {
        lines,
        meter,
        open: Vec::new(),
        event: Packed::default(),
        seen: Vec::new(),
        zone: (None, ZoneDraft::default()),
        zones: HashMap::new(),
    };
    reader.run(parts)
}

struct Reader<'a, R: Read> {
    lines: Lines<'a, R>,
    meter: &'a Meter<'a>,
    /// The names of components that have begun and not ended.
    open: Vec<String>,
    event: Packed,
    /// The properties that the event has so far, but for [`SEVERAL`].
    seen: Vec<String>,
    zone: (Option<String>, ZoneDraft),
    zones: HashMap<String, ZoneDraft>,
}

impl<R: Read> Reader<'_, R> {
    fn run(&mut self, parts: &mut impl Parts) -> Result<(), Broken> {
        while let Some(text) = self.lines.next(self.wanted())? {
            let Some(line) = parse_line(&text) else {
                continue;
            };
            let done = match line.name.as_str() {
                "BEGIN" => self.begin(&line)?,
                "END" => {
                    self.end(&line)?;
                    self.ended(&line, parts)
                }
                _ => self.property(line, &text),
            };
            if done.is_none() {
                return Err(self
                    .meter
                    .exceeded()
                    .map_or(Broken::CutOff, Broken::Exceeded));
            }
        }
        if self.open.is_empty() {
            Ok(())
        } else {
            Err(Broken::CutOff)
        }
    }

    /// Which properties count where it stands.
    fn wanted(&self) -> Wanted {
        let open: Vec<&str> = self.open.iter().skip(1).map(String::as_str).collect();
        Wanted(match open.as_slice() {
            ["VEVENT"] => OF_EVENTS,
            ["VTIMEZONE"] => OF_ZONES,
            ["VTIMEZONE", "STANDARD"] => OF_STANDARD_TIME,
            _ => &[],
        })
    }

    fn begin(&mut self, line: &Line) -> Result<Option<()>, Broken> {
        let name = line.value.trim();
        if self.open.len() >= DEEPEST || name.len() > LONGEST_NAME {
            return Err(Broken::Tangled);
        }
        self.open.push(name.to_ascii_uppercase());
        let counted = match (self.open.len(), self.open.last().map(String::as_str)) {
            (2, Some("VEVENT")) => self.meter.spend(Kind::Events, 1),
            (2, Some("VTIMEZONE")) => self.meter.spend(Kind::Zones, 1),
            // The last of them counts.
            (3, Some("STANDARD")) => {
                self.zone.1.offset = None;
                Some(())
            }
            _ => Some(()),
        };
        Ok(counted)
    }

    fn end(&mut self, line: &Line) -> Result<(), Broken> {
        let ended = self.open.pop().ok_or(Broken::Tangled)?;
        if line.value.trim().eq_ignore_ascii_case(&ended) {
            Ok(())
        } else {
            Err(Broken::Tangled)
        }
    }

    fn ended(&mut self, line: &Line, parts: &mut impl Parts) -> Option<()> {
        let name = line.value.trim().to_ascii_uppercase();
        match (self.open.len(), name.as_str()) {
            (0, _) => parts.end(std::mem::take(&mut self.zones)),
            (1, "VEVENT") => {
                self.seen.clear();
                let mut event = std::mem::take(&mut self.event);
                event.0.shrink_to_fit();
                parts.event(event)
            }
            (1, "VTIMEZONE") => {
                let (id, zone) = std::mem::take(&mut self.zone);
                if let Some(id) = id {
                    self.zones.entry(id).or_insert(zone);
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn property(&mut self, line: Line, text: &str) -> Option<()> {
        let (id, zone) = &mut self.zone;
        match (self.open.len(), line.name.as_str()) {
            (2, "TZID") => *id = id.take().or_else(|| Some(line.value.trim().to_owned())),
            (2, "X-LIC-LOCATION") => zone.location = zone.location.take().or(Some(line.value)),
            (3, "TZOFFSETTO") => zone.offset = zone.offset.take().or(Some(line.value)),
            _ if self.seen.contains(&line.name) => {}
            (_, name) => {
                if !SEVERAL.contains(&name) {
                    self.seen.push(line.name);
                }
                self.meter.fits_event(self.event.len() + text.len())?;
                self.event.add(text);
            }
        }
        Some(())
    }
}

/// `NAME;PARAMETER="a:b";OTHER=c:value`; nothing where it is no property.
fn parse_line(line: &str) -> Option<Line> {
    let mut quoted = false;
    let mut cuts = Vec::new();
    let mut colon = None;
    for (at, c) in line.bytes().enumerate() {
        match c {
            b'"' => quoted = !quoted,
            b';' if !quoted => cuts.push(at),
            b':' if !quoted => {
                colon = Some(at);
                break;
            }
            _ => {}
        }
    }
    let colon = colon?;
    let mut ends = cuts.iter().copied().chain([colon]);
    let name = line.get(..ends.next()?)?.trim().to_ascii_uppercase();
    let starts = cuts.iter().map(|cut| cut + 1);
    let parameters = starts
        .zip(ends)
        .filter_map(|(start, end)| line.get(start..end)?.split_once('='))
        .filter_map(|(name, value)| {
            let value = value.trim().trim_matches('"');
            let name = PARAMETERS
                .into_iter()
                .find(|known| name.trim().eq_ignore_ascii_case(known))?;
            Some((name, value.to_owned()))
        });
    Some(Line {
        name,
        parameters: parameters.collect(),
        value: line.get(colon + 1..)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::BUDGET;
    use crate::budget::Exceeded;

    /// Keeps everything.
    #[derive(Default)]
    struct All {
        events: Vec<Component>,
        calendars: usize,
        zones: HashMap<String, ZoneDraft>,
    }

    impl Parts for All {
        fn event(&mut self, event: Packed) -> Option<()> {
            self.events.push(event.open());
            Some(())
        }

        fn end(&mut self, zones: HashMap<String, ZoneDraft>) -> Option<()> {
            self.calendars += 1;
            self.zones.extend(zones);
            Some(())
        }
    }

    /// Gives a byte at a time, as a slow network does.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (Some((first, rest)), Some(place)) = (self.0.split_first(), buffer.first_mut())
            else {
                return Ok(0);
            };
            *place = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn parse(bytes: &[u8]) -> Result<All, Broken> {
        let read = |source: &mut dyn Read| {
            let meter = Meter::new(BUDGET, &|| false);
            let mut all = All::default();
            super::read(source, &meter, &mut all).map(|()| all)
        };
        if bytes.len() < 1000 {
            let (whole, dripped) = (read(&mut &*bytes), read(&mut Drip(bytes)));
            assert_eq!(
                whole.map(|all| all.events),
                dripped.map(|all| all.events),
                "however it comes"
            );
        }
        read(&mut &*bytes)
    }

    fn wrong(bytes: &[u8]) -> Option<Broken> {
        parse(bytes).err()
    }

    #[test]
    fn lines_have_names_parameters_and_values() {
        let line = parse_line("dtstart;TZID=\"Europe/London;x:y\";range=A:2026:03;02").unwrap();
        assert_eq!(
            (line.name.as_str(), line.value.as_str()),
            ("DTSTART", "2026:03;02")
        );
        assert_eq!(line.parameter("TZID"), Some("Europe/London;x:y"));
        assert_eq!(line.parameter("RANGE"), Some("A"));
        assert_eq!(parse_line("nothing at all"), None);
        let text = Line {
            value: "a\\, b\\; c\\\\d\\ne\\".to_owned(),
            ..Line::default()
        };
        assert_eq!(text.text(), "a, b; c\\d\ne\\");
    }

    #[test]
    fn calendars_are_read_however_their_lines_end() {
        for end in ["\r\n", "\n"] {
            let lines = [
                "\u{feff}BEGIN:VCALENDAR",
                "X:1",
                "begin:vevent",
                "SUMM",
                " ARY:a",
                " b",
                "\tc",
                "SUMMARY:another",
                "DESCRIPTION:d",
                " e",
                "BEGIN:VALARM",
                "SUMMARY:not of the event",
                "END:VALARM",
                "END:VEVENT",
                "BEGIN:VTIMEZONE",
                "TZID:Mine",
                "BEGIN:STANDARD",
                "TZOFFSETTO:+0100",
                "END:STANDARD",
                "BEGIN:STANDARD",
                "TZOFFSETTO:+0200",
                "END:STANDARD",
                "END:VTIMEZONE",
                "END:VCALENDAR",
                "",
            ];
            let found = parse(lines.join(end).as_bytes()).unwrap();
            let event = &found.events[0];
            assert_eq!(event.line("SUMMARY").unwrap().text(), "abc");
            assert_eq!(event.0.len(), 1);
            assert_eq!(found.zones["Mine"].offset.as_deref(), Some("+0200"));
        }
    }

    #[test]
    fn what_is_no_calendar_or_not_whole_is_refused() {
        for (text, broken) in [
            ("", Broken::NoCalendar),
            ("<!DOCTYPE html><title>Sign in</title>", Broken::NoCalendar),
            ("BEGIN:VCARD\nEND:VCARD", Broken::NoCalendar),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x", Broken::CutOff),
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
                Broken::Tangled,
            ),
            (
                "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR",
                Broken::Tangled,
            ),
        ] {
            assert_eq!(wrong(text.as_bytes()), Some(broken), "{text}");
        }
        let good = packed(b"BEGIN:VCALENDAR\nEND:VCALENDAR");
        assert_eq!(parse(&good).unwrap().calendars, 1);
        assert_eq!(wrong(&good[..good.len() - 9]), Some(Broken::CutOff));
        let deep = "BEGIN:VCALENDAR\n".repeat(100);
        assert_eq!(wrong(deep.as_bytes()), Some(Broken::Tangled));
        assert!(parse(b"BEGIN:VCALENDAR\nSUMMARY:\xff\xfe\nEND:VCALENDAR").is_ok());
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_budget_of_reading_ends_it() {
        let around = |inside: &str| format!("BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n");
        let event = |inside: &str| around(&format!("BEGIN:VEVENT\n{inside}END:VEVENT\n"));
        let zone = "BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n";
        for (text, exceeded) in [
            (around(&"\n".repeat(1_000_001)), Exceeded::Lines),
            (around(&" \n".repeat(1_000_001)), Exceeded::Lines),
            (
                event(&format!("UID:{}\n", "x".repeat(300_000))),
                Exceeded::Line,
            ),
            (
                event(&format!("UID:x\n{}", " yyyyyyyy\n".repeat(40_000))),
                Exceeded::Line,
            ),
            (
                event(&format!("EXDATE:{}\n", "1".repeat(200_000)).repeat(3)),
                Exceeded::Event,
            ),
            (
                around(&"BEGIN:VEVENT\nEND:VEVENT\n".repeat(40_001)),
                Exceeded::Events,
            ),
            (around(&zone.repeat(1001)), Exceeded::Zones),
        ] {
            assert_eq!(wrong(text.as_bytes()), Some(exceeded.into()), "{exceeded}");
        }
        let bomb = packed(&vec![b' '; 21 << 20]);
        assert_eq!(wrong(&bomb), Some(Exceeded::Bytes.into()));
        let pieces = packed(b"").repeat(101);
        assert_eq!(wrong(&pieces), Some(Exceeded::Members.into()));
        let pieces = [packed(b"BEGIN:VCALENDAR\n"), packed(b"END:VCALENDAR")].concat();
        assert!(parse(&pieces).is_ok());
    }

    #[test]
    fn what_does_not_count_is_passed_over_however_large_it_is() {
        let large = "x".repeat(2 << 20);
        let text = format!(
            "BEGIN:VCALENDAR\n{large}:1\nBEGIN:VEVENT\nATTACH;VALUE=BINARY:{large}\n {large}\nUID:u\n\
             {large}\nBEGIN:VALARM\nUID:{large}\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let found = parse(text.as_bytes()).unwrap();
        assert_eq!(found.events[0].0.len(), 1);
        let nameless = format!("BEGIN:VCALENDAR\nBEGIN:{large}\n");
        assert!(wrong(nameless.as_bytes()).is_some());
    }

    #[test]
    fn time_that_is_over_ends_it() {
        let text = format!("BEGIN:VCALENDAR\n{}", "X:1\n".repeat(5000));
        let meter = Meter::new(BUDGET, &|| true);
        let read = super::read(text.as_bytes(), &meter, &mut All::default());
        assert_eq!(read, Err(Exceeded::Time.into()));
    }
}
