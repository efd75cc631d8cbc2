//! iCalendar in (RFC 5545 §3.1, §3.6), as other programs write it: lines, their parameters, and the
//! components that they make. It takes what is common and wrong (bare line feeds, a byte order mark, bytes
//! that are not UTF-8), and refuses what is no calendar, or not all of one.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// A calendar that comes compressed has at most so many bytes.
const LARGEST: u64 = 20 << 20;

/// Components are nested at most so deep: a calendar, an event, an alarm, and some air.
const DEEPEST: usize = 8;

/// What is wrong with a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A page that asks for a password, mostly.
    #[error("it is not a calendar")]
    NoCalendar,
    /// It was cut off on the way.
    #[error("it ends too early")]
    CutOff,
    /// It has more bytes than are read.
    #[error("it is too large")]
    TooLarge,
    /// What ends is not what began.
    #[error("its parts do not fit together")]
    Tangled,
}

/// A property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// In capitals.
    pub name: String,
    /// Names in capitals, values without quotes.
    pub parameters: Vec<(String, String)>,
    /// As it was written.
    pub value: String,
}

/// A calendar, or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// `VEVENT`, say.
    pub name: String,
    /// Its properties.
    pub lines: Vec<Line>,
    /// Its parts.
    pub parts: Vec<Component>,
}

impl Line {
    /// A parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value as a text (§3.3.11).
    #[must_use]
    pub fn text(&self) -> String {
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

impl Component {
    /// The first property of this name.
    #[must_use]
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Every property of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    /// The value of a property that is one word, in capitals.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<String> {
        let line = self.line(name)?;
        Some(line.value.trim().to_ascii_uppercase())
    }

    /// Every part of this name, those of parts not included.
    pub fn parts_called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.parts.iter().filter(move |part| part.name == name)
    }
}

/// The calendars of a file, mostly one.
///
/// # Errors
///
/// [`Broken`], where it is none or not whole.
pub fn parse(bytes: &[u8]) -> Result<Vec<Component>, Broken> {
    let bytes = unpack(bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = text
        .get(..15)
        .is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:VCALENDAR"));
    if !begins {
        return Err(Broken::NoCalendar);
    }
    let mut calendars = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for line in unfold(text).iter().filter_map(|line| read(line)) {
        match line.name.as_str() {
            "BEGIN" if open.len() >= DEEPEST => return Err(Broken::Tangled),
            "BEGIN" => open.push(Component {
                name: line.value.trim().to_ascii_uppercase(),
                ..Component::default()
            }),
            "END" => {
                let ended = open.pop().ok_or(Broken::Tangled)?;
                if !line.value.trim().eq_ignore_ascii_case(&ended.name) {
                    return Err(Broken::Tangled);
                }
                match open.last_mut() {
                    Some(whole) => whole.parts.push(ended),
                    None => calendars.push(ended),
                }
            }
            // What stands between two calendars belongs to none.
            _ => {
                if let Some(part) = open.last_mut() {
                    part.lines.push(line);
                }
            }
        }
    }
    if open.is_empty() {
        Ok(calendars)
    } else {
        Err(Broken::CutOff)
    }
}

/// Some servers compress without being asked.
fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Broken> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes)
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked);
    match read.ok().and_then(|count| u64::try_from(count).ok()) {
        None => Err(Broken::CutOff),
        Some(count) if count > LARGEST => Err(Broken::TooLarge),
        Some(_) => Ok(Cow::Owned(unpacked)),
    }
}

/// Lines that begin with a space or a tab go on with the one before.
fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `NAME;PARAMETER="a:b";OTHER=c:value`; nothing where it is no property.
fn read(line: &str) -> Option<Line> {
    let mut quoted = false;
    let mut cuts = Vec::new();
    let mut colon = None;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => cuts.push(at),
            ':' if !quoted => {
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
        .map(|(name, value)| {
            let value = value.trim().trim_matches('"');
            (name.trim().to_ascii_uppercase(), value.to_owned())
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

    #[test]
    fn lines_have_names_parameters_and_values() {
        let line = read("dtstart;TZID=\"Europe/London;x:y\";value=DATE:2026:03;02").unwrap();
        assert_eq!(
            (line.name.as_str(), line.value.as_str()),
            ("DTSTART", "2026:03;02")
        );
        assert_eq!(line.parameter("TZID"), Some("Europe/London;x:y"));
        assert_eq!(line.parameter("VALUE"), Some("DATE"));
        assert_eq!(read("nothing at all"), None);
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
                "SUMMARY:a",
                " b",
                "\tc",
                "END:VEVENT",
                "END:VCALENDAR",
                "",
            ];
            let found = parse(lines.join(end).as_bytes()).unwrap();
            let event = found[0].parts_called("VEVENT").next().unwrap();
            assert_eq!(event.line("SUMMARY").unwrap().text(), "abc");
            assert_eq!(found[0].lines.len(), 1);
        }
    }

    #[test]
    fn what_is_no_calendar_or_not_whole_is_refused() {
        for (text, wrong) in [
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
            assert_eq!(parse(text.as_bytes()), Err(wrong), "{text}");
        }
        let packed = |text: &[u8]| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, text).unwrap();
            encoder.finish().unwrap()
        };
        let good = packed(b"BEGIN:VCALENDAR\nEND:VCALENDAR");
        assert_eq!(parse(&good).unwrap().len(), 1);
        assert_eq!(parse(&good[..good.len() - 9]), Err(Broken::CutOff));
        assert_eq!(
            parse(&packed(&vec![b' '; 21 << 20])),
            Err(Broken::TooLarge),
            "a bomb"
        );
        let deep = "BEGIN:VCALENDAR\n".repeat(100);
        assert_eq!(parse(deep.as_bytes()), Err(Broken::Tangled));
        assert!(parse(b"BEGIN:VCALENDAR\nSUMMARY:\xff\xfe\nEND:VCALENDAR").is_ok());
    }
}
