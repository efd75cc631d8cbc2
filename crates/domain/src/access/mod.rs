//! Who asks, how they show who they are, and what the audit log calls what they do.

pub mod actor;
pub mod address_change;
pub mod audit;
pub mod link;
pub mod session;
pub mod token;
