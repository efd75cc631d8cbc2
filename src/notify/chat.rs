//! Messages to a chat: a webhook that takes `{"text": …}`, as most chats have.

use serde_json::json;

use super::{Outgoing, OutgoingError};

/// Posts a text to a chat. Blocks; must not be called on an event loop.
///
/// # Errors
/// [`OutgoingError`] where it does not arrive.
pub fn tell_chat(outgoing: &Outgoing, url: &str, text: &str) -> Result<(), OutgoingError> {
    outgoing.post(url, &json!({ "text": harmless(text) }))
}

/// What people wrote must not call everybody in the channel, nor be read as markup.
fn harmless(text: &str) -> String {
    text.replace('<', "‹")
        .replace('>', "›")
        .replace('@', "@\u{2060}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_by_a_title() {
        assert_eq!(harmless("<!channel> @all"), "‹!channel› @\u{2060}all");
    }
}
