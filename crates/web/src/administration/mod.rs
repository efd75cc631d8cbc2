//! For administrators: who did what, what became of mails, who may come in.

pub mod access;
pub mod audit;
mod audit_text;
pub mod outbox;
