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

/// What people wrote must not call everybody in the channel, nor be read as markup. Slack's own way to write `<`, `>`
/// and `&` is not used, since other chats would show it.
fn harmless(text: &str) -> String {
    let plain = text.replace('<', "‹").replace('>', "›");
    let words = plain.split_inclusive(char::is_whitespace);
    words.map(harmless_word).collect()
}

fn harmless_word(word: &str) -> String {
    // An address stays as it is, or it would lead nowhere; nobody is called in one.
    if word.starts_with("https://") || word.starts_with("http://") {
        return word.to_owned();
    }
    let mut said = word.replace('@', &format!("@{JOINER}"));
    for entity in ["amp;", "lt;", "gt;"] {
        said = said.replace(&format!("&{entity}"), &format!("&{JOINER}{entity}"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_by_a_title() {
        assert_eq!(
            harmless("<!channel> @all\n&lt;!here&gt; R & D"),
            "‹!channel› @\u{2060}all\n&\u{2060}lt;!here&\u{2060}gt; R & D"
        );
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
