//! Mail: how it looks, and how it leaves; and messages to a chat.

mod calendar;
mod chat;
mod message;
mod transport;

pub use chat::{Chat, ChatError};
pub use message::{Letter, Piece};
pub use transport::{MailError, Mailer, masked};
