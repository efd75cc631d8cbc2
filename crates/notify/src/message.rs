//! A mail, as it is sent.

use askama::Template;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::{Address, Message};

use super::{MailError, calendar};
use crate::cause::Cause;
use crate::domain::notifications::notice::Entry;
use crate::domain::people::email;
use crate::domain::time::interval::Timestamp;

/// Everything about a mail but its look.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Whom it is to.
    pub name: String,
    /// Their address.
    pub email: String,
    /// All of it in one line.
    pub subject: String,
    /// What follows the greeting.
    pub body: Vec<Piece>,
    /// What stands small at the end: labels and addresses.
    pub footer: Vec<(String, String)>,
    /// Shifts for their calendar, or out of it.
    pub entries: Vec<Entry>,
    /// The same for every attempt, without the angle brackets.
    pub message_id: String,
    /// The id of the mail that it follows on, likewise.
    pub in_reply_to: Option<String>,
    /// Where they say that they want no more of these, by one POST (RFC 8058); none for what they asked for.
    pub unsubscribe: Option<String>,
}

/// A part of a mail, with addresses where it has links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A paragraph.
    Text(String),
    /// Labels and values.
    Facts(Vec<(String, String)>),
    /// Items under a title.
    List(String, Vec<String>),
    /// What somebody wrote, under a title, with its line breaks.
    Quote(String, String),
    /// Labels and addresses.
    Links(Vec<(String, String)>),
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Plain<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    letter: &'a Letter,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Message(Cause::of(error))
}

impl Letter {
    /// The recipient's address, as mail servers take it.
    ///
    /// # Errors
    /// Where it has no such form.
    pub fn address(&self) -> Result<Address, MailError> {
        let ascii = email::to_ascii(&self.email).ok_or_else(|| {
            MailError::Message("the part of the address before the @ is not ASCII".into())
        })?;
        ascii.parse().map_err(failed)
    }

    /// The whole message.
    ///
    /// # Errors
    /// Where the address is none, or a template fails.
    pub fn message(&self, from: &Mailbox, now: Timestamp) -> Result<Message, MailError> {
        let address = self.address()?;
        let mut message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(Some(self.name.clone()), address))
            .subject(&self.subject)
            .date(now.into())
            .message_id(Some(format!("<{}>", self.message_id)));
        if let Some(earlier) = &self.in_reply_to {
            message = message
                .in_reply_to(format!("<{earlier}>"))
                .references(format!("<{earlier}>"));
        }
        // Vacation replies are for people (RFC 3834).
        let mut headers = vec![("Auto-Submitted", "auto-generated".to_owned())];
        if let Some(unsubscribe) = &self.unsubscribe {
            headers.push(("List-Unsubscribe", format!("<{unsubscribe}>")));
            let one_click = "List-Unsubscribe=One-Click".to_owned();
            headers.push(("List-Unsubscribe-Post", one_click));
        }
        for (name, value) in headers {
            // These are of ASCII alone, and must not be folded within the address.
            let name = HeaderName::new_from_ascii_str(name);
            message = message.raw_header(HeaderValue::dangerous_new_pre_encoded(
                name,
                value.clone(),
                value,
            ));
        }
        let (plain, html) = self.text()?;
        let text = MultiPart::alternative_plain_html(plain, html);
        if self.entries.is_empty() {
            return message.multipart(text).map_err(failed);
        }
        let method = calendar::method(&self.entries);
        let kind = format!("text/calendar; charset=utf-8; method={method}");
        let entries = Attachment::new("shift.ics".to_owned()).body(
            calendar::calendar(&self.entries, from, now),
            ContentType::parse(&kind).map_err(failed)?,
        );
        let whole = MultiPart::mixed().multipart(text).singlepart(entries);
        message.multipart(whole).map_err(failed)
    }

    /// Both texts, which say the same.
    fn text(&self) -> Result<(String, String), MailError> {
        let plain = Plain { letter: self }.render().map_err(failed)?;
        let html = Html { letter: self }.render().map_err(failed)?;
        Ok((plain, html))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_there_in_both_parts_and_nothing_is_markup() {
        let notes = "Restart it.\n\nAsk <support> & wait.";
        let letter = Letter {
            name: "Ana".to_owned(),
            email: "ana@example.com".to_owned(),
            subject: "You are Hero".to_owned(),
            body: vec![
                Piece::Quote("Notes".to_owned(), notes.to_owned()),
                Piece::Facts(vec![("to know".to_owned(), "One\ntwo".to_owned())]),
            ],
            footer: Vec::new(),
            entries: Vec::new(),
            message_id: "1@example.com".to_owned(),
            in_reply_to: None,
            unsubscribe: None,
        };
        let (plain, html) = letter.text().unwrap();
        assert!(
            plain.contains("Notes:\n  Restart it.\n  \n  Ask <support> & wait.\n"),
            "{plain}"
        );
        assert!(plain.contains("  to know: One\n    two\n"), "{plain}");
        let quoted = "Restart it.<br><br>Ask &#60;support&#62; &#38; wait.</blockquote>";
        assert!(html.contains(quoted), "{html}");
        assert!(html.contains("<strong>One<br>two</strong>"), "{html}");
    }
}
