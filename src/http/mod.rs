//! The driver for the outside world: requests in, answers out.

pub mod api;
pub mod auth;
pub mod blocking;
pub mod body;
pub mod change;
pub mod command;
pub mod connections;
pub mod error;
pub mod etag;
pub mod feeds;
pub mod forwarding;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod limits;
pub mod links;
pub mod middleware;
pub mod objects;
pub mod openapi;
pub mod paging;
pub mod reply;
pub mod routes;
pub mod server;
#[allow(dead_code, reason = "pages that use the rest of it are being added")]
mod web;
pub mod webhooks;

pub use auth::Caller;
pub use change::{ChangeRequest, DryRun};
pub use command::{Command, FromWire};
pub use error::Problem;
pub use etag::IfMatch;
pub use idempotency::{Answer, NO_BODY};
pub use json::{Body, BodyOrDefault, Id, Number, Query, RawBody, Slug};
pub use paging::{Page, Paging};
pub use reply::Reply;
