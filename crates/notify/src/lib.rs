//! Mail: how it looks, and how it leaves; messages to a chat; and whatever else is asked of addresses that people
//! have entered.

use dogwatch_config as config;
use dogwatch_domain as domain;
use dogwatch_system::cause;
use dogwatch_system::files;

mod calendar;
mod chat;
mod message;
mod outgoing;
mod reply;
mod smtp;
mod transport;

pub use chat::tell_chat;
pub use message::{Letter, Piece};
pub use outgoing::{Fetched, Guard, Outgoing, OutgoingError};
pub use transport::{MAIL_FOLDER, MailError, Mailer, Urgency, masked};
