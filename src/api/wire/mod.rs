//! What programs send, as the OpenAPI document describes it, and how it becomes the commands of the services.
//!
//! Every member is read as it comes and checked here, so that all that is wrong with a request is said at once.

#![expect(
    clippy::option_option,
    reason = "a member that is left out, one that is null and a value are three things"
)]

pub mod people;
