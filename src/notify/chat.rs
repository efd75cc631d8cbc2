//! Messages to a chat: a webhook that takes `{"text": …}`, as most chats have.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::json;

/// A chat that says nothing for so long is down.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a message did not arrive. The address, which is a secret, is not in it.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// Not this time.
    #[error("the chat did not take it: {0}")]
    Away(String),
    /// Not ever.
    #[error("the chat refused it: {0}")]
    Refused(StatusCode),
}

/// Posts messages.
#[derive(Debug, Default)]
pub struct Chat {
    client: OnceLock<Client>,
}

impl Chat {
    /// Posts a text. Blocks; must not be called on an event loop.
    ///
    /// # Errors
    /// [`ChatError`] where it does not arrive.
    pub fn post(&self, url: &str, text: &str) -> Result<(), ChatError> {
        let away = |error: reqwest::Error| ChatError::Away(error.without_url().to_string());
        let client = match self.client.get() {
            Some(client) => client,
            None => {
                // A webhook that moves elsewhere is told so by whoever configured it.
                let client = Client::builder()
                    .timeout(PATIENCE)
                    .redirect(Policy::none())
                    .build()
                    .map_err(away)?;
                self.client.get_or_init(|| client)
            }
        };
        let answer = client
            .post(url)
            .json(&json!({ "text": harmless(text) }))
            .send()
            .map_err(away)?;
        let status = answer.status();
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        if status.is_success() {
            Ok(())
        } else if status.is_server_error() || later.contains(&status) {
            Err(ChatError::Away(status.to_string()))
        } else {
            Err(ChatError::Refused(status))
        }
    }
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

    #[test]
    fn the_address_is_not_in_what_went_wrong() {
        crate::startup::install_tls();
        let refused = Chat::default().post("http://127.0.0.1:9/secret", "hello");
        let said = refused.unwrap_err().to_string();
        assert!(!said.contains("secret"), "{said}");
    }
}
