//! Messages to a chat: a webhook that takes `{"text": …}`, as most chats have.

use serde_json::json;

use super::{Outgoing, OutgoingError};

/// Between two characters it keeps chats from reading them together, and is not seen.
const JOINER: char = '\u{2060}';

/// Posts a text to a chat. Blocks; must not be called on an event loop.
///
/// # Errors
/// [`OutgoingError`] where it does not arrive.
pub fn tell_chat(outgoing: &Outgoing, url: &str, text: &str) -> Result<(), OutgoingError> {
    outgoing.post(url, &json!({ "text": harmless(text) }))
}

/// What people wrote must not call everybody in the channel, nor be read as markup: it is written as Slack's format has
/// it, which other chats that take that format know, too. Some of those call people by an `@` alone.
fn harmless(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(harmless_word)
        .collect()
}

fn harmless_word(word: &str) -> String {
    // An address stays as it is, or it would lead nowhere in some chats; nobody is called in one.
    let is_address = word.starts_with("https://") || word.starts_with("http://");
    let word = if is_address {
        word.to_owned()
    } else {
        let word = word.replace('&', "&amp;");
        word.replace('@', &format!("@{JOINER}"))
    };
    word.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_by_a_title() {
        assert_eq!(
            harmless("<!channel> @all\n&lt;!here&gt; R & D"),
            "&lt;!channel&gt; @\u{2060}all\n&amp;lt;!here&amp;gt; R &amp; D"
        );
        assert_eq!(harmless("https://x.y/<!here>"), "https://x.y/&lt;!here&gt;");
    }

    #[test]
    fn addresses_lead_where_they_led() {
        let channel = "https://chat.example.org/l/19:x@thread.tacv2?a=1&b=2";
        assert_eq!(
            harmless(&format!("see {channel}\n")),
            format!("see {channel}\n")
        );
    }
}
