//! Mail: what it says, and how it leaves.

mod calendar;
mod message;
mod transport;

pub use message::Letter;
pub use transport::{MailError, Mailer, masked};
