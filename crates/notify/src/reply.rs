//! What a mail server's refusal is about: the mail, our settings, or just this moment.
//!
//! The stage of the conversation decides first, then the enhanced status code (RFC 3463), and words only where servers
//! give neither: many put off what they have against the client or the sender until they know the recipient.

/// How far a conversation had come when the server refused to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Greeting, EHLO, STARTTLS.
    Connect,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before any of the content.
    Data,
    /// After the content.
    Content,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// This recipient, or what this mail says: trying again does not help.
    Mail,
    /// Our name, login or sender, or that we may not relay: every mail is refused until somebody changes that.
    Settings,
    /// The recipient, or relaying: some servers say the same of both.
    Unclear,
    /// Nothing that lasts.
    Moment,
}

/// A refusal, with the two addresses that servers like to repeat.
pub(super) struct Reply<'a> {
    pub(super) stage: Stage,
    pub(super) code: u16,
    pub(super) text: &'a str,
    pub(super) sender: &'a str,
    pub(super) recipient: &'a str,
}

/// Words about the client or the sender.
const OURS: [&str; 17] = [
    "helo",
    "ehlo",
    "sender",
    "sendas",
    "relay",
    "rcpthosts",
    "authenticat",
    "login",
    "client host",
    "ip address",
    "ptr record",
    "blocked using",
    "not verified",
    "spf",
    "dkim",
    "dmarc",
    "permission",
];

/// Replies to whoever has not logged in, or must encrypt first (RFC 4954 §6, RFC 3207 §4).
const LOGIN: [u16; 4] = [530, 534, 535, 538];

impl Reply<'_> {
    pub(super) fn subject(&self) -> Subject {
        if self.code < 500 {
            return self.passing();
        }
        match self.stage {
            Stage::Connect | Stage::Login | Stage::Sender | Stage::Data => Subject::Settings,
            _ if LOGIN.contains(&self.code) => Subject::Settings,
            Stage::Recipient => self.at_recipient(),
            Stage::Content => self.at_content(),
        }
    }

    /// Which setting a refusal is about.
    pub(super) fn setting(&self) -> &'static str {
        let text = self.words();
        let names_helo = text.contains("helo") || text.contains("ehlo");
        if names_helo {
            "DOGWATCH_SMTP_HELO"
        } else if LOGIN.contains(&self.code) || matches!(self.stage, Stage::Connect | Stage::Login)
        {
            "DOGWATCH_SMTP_URL"
        } else if self.stage == Stage::Sender || self.is_about_sender(&text) {
            "DOGWATCH_MAIL_FROM"
        } else {
            "DOGWATCH_SMTP_URL"
        }
    }

    /// Greylisting and overload pass by themselves. A name or a sender that is not believed does not, nor does relaying
    /// that is not allowed, even where the server says "later" (as Postfix does unless it is told otherwise).
    fn passing(&self) -> Subject {
        let text = self.words();
        let rejected = text.contains("rejected") && !text.contains("greylist");
        let names_us = text.contains("helo") || self.is_about_sender(&text);
        if rejected && names_us || text.contains("relay access denied") {
            Subject::Settings
        } else {
            Subject::Moment
        }
    }

    fn at_recipient(&self) -> Subject {
        let text = self.words();
        let is_ours = self.is_ours(&text);
        match enhanced(self.text) {
            Some((1, 1..=6 | 10)) if !self.is_about_sender(&text) => Subject::Mail,
            Some((2 | 4 | 6, _)) if !is_ours => Subject::Mail,
            Some((3 | 5 | 7, 1..)) => Subject::Settings,
            _ if is_ours => Subject::Settings,
            _ => Subject::Unclear,
        }
    }

    fn at_content(&self) -> Subject {
        if self.is_ours(&self.words()) {
            Subject::Settings
        } else {
            Subject::Mail
        }
    }

    fn is_ours(&self, text: &str) -> bool {
        self.is_about_sender(text) || OURS.iter().any(|word| text.contains(word))
    }

    fn is_about_sender(&self, text: &str) -> bool {
        let by_code = matches!(enhanced(self.text), Some((1, 7 | 8)));
        let named =
            self.sender != self.recipient && text.contains(self.sender.to_lowercase().as_str());
        by_code || named || text.contains("sender")
    }

    /// What it says, without the recipient's address, which may have any words in it.
    fn words(&self) -> String {
        let text = self.text.to_lowercase();
        text.replace(self.recipient.to_lowercase().as_str(), "")
    }
}

/// Subject and detail of the enhanced status code, wherever it stands: some put it in brackets at the end.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let is_edge = |c: char| !c.is_ascii_digit() && c != '.';
    text.split(is_edge).find_map(|word| {
        let mut numbers = word.split('.');
        let class = numbers.next()?;
        let mut number = || numbers.next()?.parse::<u16>().ok();
        let code = (number()?, number()?);
        (matches!(class, "4" | "5") && numbers.next().is_none()).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::Stage::{Connect, Content, Data, Login, Recipient, Sender};
    use super::Subject::{Mail, Moment, Settings, Unclear};
    use super::*;

    const HELO: &str = "DOGWATCH_SMTP_HELO";
    const URL: &str = "DOGWATCH_SMTP_URL";
    const FROM: &str = "DOGWATCH_MAIL_FROM";

    /// What servers say, as they word it, to `bo@example.com` from `dogwatch@example.org`.
    #[rustfmt::skip]
    const ANSWERS: &[(&str, Stage, u16, &str, Subject)] = &[
        ("Postfix", Recipient, 504, "5.5.2 <node1>: Helo command rejected: need fully-qualified hostname", Settings),
        ("Postfix", Recipient, 450, "4.7.1 <node1.example>: Helo command rejected: Host not found", Settings),
        ("Postfix", Recipient, 501, "5.5.2 <a_b>: Helo command rejected: Invalid name", Settings),
        ("Postfix", Recipient, 554, "5.7.1 <bo@example.com>: Relay access denied", Settings),
        ("Postfix", Recipient, 454, "4.7.1 <bo@example.com>: Relay access denied", Settings),
        ("Postfix", Recipient, 553, "5.7.1 <dogwatch@example.org>: Sender address rejected: not logged in", Settings),
        ("Postfix", Recipient, 550, "5.1.0 <dogwatch@example.org>: Sender address rejected: User unknown in virtual mailbox table", Settings),
        ("Postfix", Recipient, 550, "5.1.8 <dogwatch@example.org>: Sender address rejected: Domain not found", Settings),
        ("Postfix", Recipient, 450, "4.1.8 <dogwatch@example.org>: Sender address rejected: Domain not found", Settings),
        ("Postfix", Recipient, 554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Settings),
        ("Postfix", Recipient, 550, "5.1.1 <bo@example.com>: Recipient address rejected: User unknown in relay recipient table", Mail),
        ("Postfix", Recipient, 550, "5.1.2 <bo@example.com>: Recipient address rejected: Domain not found", Mail),
        ("Postfix", Recipient, 450, "4.2.0 <bo@example.com>: Recipient address rejected: Greylisted", Moment),
        ("Postfix", Recipient, 550, "5.7.23 <bo@example.com>: Recipient address rejected: Message rejected due to: SPF fail", Settings),
        ("Postfix", Recipient, 452, "4.3.1 Insufficient system storage", Moment),
        ("Postfix", Login, 535, "5.7.8 Error: authentication failed: UGFzc3dvcmQ6", Settings),
        ("Postfix", Content, 552, "5.3.4 Error: message file too big", Mail),
        ("Postfix", Content, 550, "5.7.1 message content rejected", Mail),
        ("Exim", Recipient, 550, "relay not permitted", Settings),
        ("Exim", Recipient, 550, "Sender verify failed", Settings),
        ("Exim", Recipient, 550, "Unrouteable address", Unclear),
        ("Exim", Recipient, 550, "Administrative prohibition", Unclear),
        ("Exim", Connect, 501, "Syntactically invalid HELO argument(s)", Settings),
        ("Exim", Connect, 554, "SMTP synchronization error", Settings),
        ("Exim", Data, 503, "valid RCPT command must precede DATA", Settings),
        ("OpenSMTPD", Recipient, 550, "Invalid recipient: <bo@example.com>", Unclear),
        ("OpenSMTPD", Recipient, 524, "5.2.4 Mailing list expansion problem: <bo@example.com>", Mail),
        ("OpenSMTPD", Sender, 530, "5.5.1 Invalid command: Must issue an AUTH command first", Settings),
        ("OpenSMTPD", Connect, 421, "Too many connections", Moment),
        ("qmail", Recipient, 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", Settings),
        ("qmail", Recipient, 511, "sorry, no mailbox here by that name (#5.1.1 - chkuser)", Mail),
        ("Exchange", Recipient, 550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Settings),
        ("Exchange", Recipient, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bo@example.com not found by SMTP address lookup", Mail),
        ("Exchange", Recipient, 550, "5.4.1 Recipient address rejected: Access denied.", Mail),
        ("Exchange", Sender, 530, "5.7.57 Client not authenticated to send mail.", Settings),
        ("Exchange", Content, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", Settings),
        ("Exchange", Content, 554, "5.2.252 SendAsDenied; dogwatch@example.org not allowed to send as team@example.org", Settings),
        ("Outlook.com", Recipient, 550, "5.5.0 Requested action not taken: mailbox unavailable.", Unclear),
        ("Gmail", Recipient, 550, "5.1.1 The email account that you tried to reach does not exist.", Mail),
        ("Gmail", Recipient, 552, "5.2.2 The recipient's inbox is out of storage space.", Mail),
        ("Gmail", Recipient, 550, "5.7.1 Invalid credentials for relay [192.0.2.1].", Settings),
        ("Gmail", Login, 534, "5.7.9 Application-specific password required.", Settings),
        ("Gmail", Content, 550, "5.7.26 Your email has been blocked because the sender is unauthenticated.", Settings),
        ("Gmail", Content, 550, "5.7.1 This message is likely unsolicited mail and has been blocked.", Mail),
        ("Gmail", Content, 552, "5.7.0 This message was blocked because its content presents a potential security issue.", Mail),
        ("SES", Content, 554, "Message rejected: Email address is not verified.", Settings),
        ("SES", Login, 535, "Authentication Credentials Invalid", Settings),
        ("SES", Content, 454, "Throttling failure: Maximum sending rate exceeded.", Moment),
    ];

    fn reply(stage: Stage, code: u16, text: &'static str) -> Reply<'static> {
        Reply {
            stage,
            code,
            text,
            sender: "dogwatch@example.org",
            recipient: "bo@example.com",
        }
    }

    #[test]
    fn what_servers_really_say_is_understood() {
        for (server, stage, code, text, expected) in ANSWERS {
            let subject = reply(*stage, *code, text).subject();
            assert_eq!(subject, *expected, "{server}: {code} {text}");
        }
    }

    #[test]
    fn nothing_before_the_recipient_is_about_a_mail() {
        for stage in [Connect, Login, Sender, Data] {
            for text in ["5.1.1 User unknown", "no", ""] {
                assert_eq!(reply(stage, 550, text).subject(), Settings, "{text}");
            }
        }
    }

    #[test]
    fn words_in_the_recipients_address_mean_nothing() {
        let of = |text, recipient| Reply {
            recipient,
            ..reply(Recipient, 550, text)
        };
        let relay = of(
            "5.2.1 <relay@example.com>: mailbox disabled",
            "relay@example.com",
        );
        assert_eq!(relay.subject(), Mail);
        // A check sends to the sender's own address.
        let own = of(
            "5.1.1 <dogwatch@example.org>: User unknown",
            "dogwatch@example.org",
        );
        assert_eq!(own.subject(), Mail);
    }

    #[test]
    fn the_setting_is_named() {
        for (stage, code, text, setting) in [
            (Recipient, 504, "5.5.2 <node1>: Helo command rejected", HELO),
            (Connect, 501, "Syntactically invalid HELO argument(s)", HELO),
            (Connect, 554, "5.7.1 no service for you", URL),
            (Login, 535, "5.7.8 authentication failed", URL),
            (Sender, 530, "5.7.0 Authentication required", URL),
            (Sender, 550, "5.1.8 not you", FROM),
            (
                Recipient,
                553,
                "5.7.1 <dogwatch@example.org>: not owned by user",
                FROM,
            ),
            (
                Recipient,
                554,
                "5.7.1 <bo@example.com>: Relay access denied",
                URL,
            ),
        ] {
            assert_eq!(reply(stage, code, text).setting(), setting, "{text}");
        }
    }

    #[test]
    fn status_codes_are_no_addresses() {
        assert_eq!(enhanced("5.7.1 no"), Some((7, 1)));
        assert_eq!(enhanced("no (#5.1.10)"), Some((1, 10)));
        assert_eq!(enhanced("[5.6.7.8] is blocked"), None);
        assert_eq!(enhanced("version 3.5.1"), None);
        assert_eq!(enhanced(""), None);
    }
}
