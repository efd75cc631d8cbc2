//! What the pages and the API share: who asks, bodies, entity tags, paging, errors.

use dogwatch_domain as domain;
use dogwatch_service as service;
use dogwatch_service::snapshot;
use dogwatch_system::cause;
use dogwatch_system::panics;

pub mod auth;
pub mod blocking;
pub mod body;
pub mod change;
pub mod command;
pub mod error;
pub mod etag;
pub mod forwarding;
pub mod idempotency;
pub mod json;
pub mod limits;
pub mod objects;
pub mod openapi;
pub mod paging;
pub mod reply;
pub mod shape;
pub mod spans;

pub use auth::Caller;
pub use change::{ChangeRequest, DryRun};
pub use command::{Command, Input, Wire};
pub use error::Problem;
pub use etag::IfMatch;
pub use idempotency::{Answer, NO_BODY};
pub use json::{Body, BodyOrDefault, Id, Number, Query, RawBody, Slug};
pub use paging::{Page, Paging};
pub use reply::Reply;
