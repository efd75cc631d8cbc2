//! Mail: how it looks, and how it leaves.

mod calendar;
mod message;
mod transport;

pub use message::{Letter, Piece};
pub use transport::{MailError, Mailer, masked};
