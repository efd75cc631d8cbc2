//! What a reminder says.

use askama::Template;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};

use super::{MailError, calendar};
use crate::domain::interval::{FOREVER, Instant, Interval};
use crate::domain::reminder::Kind;
use crate::domain::zone::Zone;

/// Everything that a reminder says.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Whom it is to.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Which side of the handoff they are on.
    pub kind: Kind,
    /// What the role is called.
    pub title: String,
    /// What the team is called.
    pub team: String,
    /// What the rotation is called.
    pub rotation: String,
    /// From when to when.
    pub shift: Interval,
    /// The zone in which times are told.
    pub zone: Zone,
    /// Whom they take over from or hand over to.
    pub other: Option<String>,
    /// Where there is more.
    pub link: String,
    /// The same for every mail about this shift.
    pub uid: String,
    /// The same for every attempt, without the angle brackets.
    pub message_id: String,
}

/// The words of a letter, as templates have them.
struct Words<'a> {
    name: &'a str,
    title: &'a str,
    team: &'a str,
    rotation: &'a str,
    incoming: bool,
    from: String,
    until: Option<String>,
    zone: &'a str,
    other: Option<&'a str>,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "mail/reminder.txt")]
struct Plain<'a> {
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/reminder.html")]
struct Html<'a> {
    words: &'a Words<'a>,
}

impl Letter {
    /// The subject: the day and the time are those of the recipient.
    #[must_use]
    pub fn subject(&self) -> String {
        let short = |at: Instant| self.zone.to_local(at).format("%a %-d %b %H:%M");
        match self.kind {
            Kind::Incoming => format!(
                "You are {} for {} from {}",
                self.title,
                self.team,
                short(self.shift.start())
            ),
            Kind::Outgoing => format!(
                "You hand over {} for {} on {}",
                self.title,
                self.team,
                short(self.shift.end())
            ),
        }
    }

    /// The whole message.
    ///
    /// # Errors
    /// Where the address is none, or a template fails.
    pub fn message(&self, from: &Mailbox, now: Instant) -> Result<Message, MailError> {
        let failed = |error: &dyn std::fmt::Display| MailError::Message(error.to_string());
        let long = |at: Instant| {
            let local = self.zone.to_local(at);
            local.format("%A %-d %B %Y, %H:%M").to_string()
        };
        let words = Words {
            name: &self.name,
            title: &self.title,
            team: &self.team,
            rotation: &self.rotation,
            incoming: self.kind == Kind::Incoming,
            from: long(self.shift.start()),
            until: (self.shift.end() < FOREVER).then(|| long(self.shift.end())),
            zone: self.zone.name(),
            other: self.other.as_deref(),
            link: &self.link,
        };
        let plain = Plain { words: &words }
            .render()
            .map_err(|error| failed(&error))?;
        let html = Html { words: &words }
            .render()
            .map_err(|error| failed(&error))?;
        let calendar = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH")
            .map_err(|error| failed(&error))?;
        let address = self.email.parse().map_err(|error| failed(&error))?;
        // Vacation replies are for people.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(Some(self.name.clone()), address))
            .subject(self.subject())
            .date(now.into())
            .message_id(Some(format!("<{}>", self.message_id)))
            .raw_header(automatic)
            .multipart(
                MultiPart::mixed()
                    .multipart(MultiPart::alternative_plain_html(plain, html))
                    .singlepart(
                        Attachment::new("shift.ics".to_owned())
                            .body(calendar::entry(self, now), calendar),
                    ),
            )
            .map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn letter(kind: Kind) -> Letter {
        Letter {
            name: "Ana <b>".to_owned(),
            email: "ana@example.com".to_owned(),
            kind,
            title: "Support Hero".to_owned(),
            team: "Feature Flags".to_owned(),
            rotation: "Feature Flags hero".to_owned(),
            shift: Interval::new(at("2026-03-02T10:00:00Z"), at("2026-03-09T10:00:00Z")).unwrap(),
            zone: Zone::parse("Europe/Berlin").unwrap(),
            other: Some("Bo".to_owned()),
            link: "http://localhost/".to_owned(),
            uid: "shift@example.com".to_owned(),
            message_id: "7@example.com".to_owned(),
        }
    }

    #[test]
    fn times_are_those_of_the_recipient() {
        assert_eq!(
            letter(Kind::Incoming).subject(),
            "You are Support Hero for Feature Flags from Mon 2 Mar 11:00"
        );
        assert_eq!(
            letter(Kind::Outgoing).subject(),
            "You hand over Support Hero for Feature Flags on Mon 9 Mar 11:00"
        );
    }

    #[test]
    fn a_message_has_all_its_parts() {
        let from: Mailbox = "Dogwatch <dogwatch@example.com>".parse().unwrap();
        let message = letter(Kind::Incoming)
            .message(&from, at("2026-02-27T09:00:00Z"))
            .unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        for part in [
            "Message-ID: <7@example.com>",
            "Auto-Submitted: auto-generated",
            "multipart/mixed",
            "multipart/alternative",
            "Monday 2 March 2026, 11:00",
            "Europe/Berlin",
            "text/calendar; charset=utf-8; method=PUBLISH",
            "DTSTART:20260302T100000Z",
            "DTEND:20260309T100000Z",
            "take over from Bo",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("<strong>Ana <b>"), "{text}");
    }
}
