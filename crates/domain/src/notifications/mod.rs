//! What mails and chats are about, and what a mail says before it has a look.

pub mod chat;
pub mod message;
pub mod notice;
