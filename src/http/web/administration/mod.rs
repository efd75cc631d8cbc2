//! For administrators: who did what, what became of mails, who may come in.

pub mod access;
pub mod audit;
mod deeds;
pub mod outbox;
