//! What a request asks for, as the services take it: typed, or with everything that is wrong with it.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::domain::time::interval::Timestamp;
use crate::error::Problem;
use crate::json::{Body, BodyOrDefault, RawBody};
use crate::service::{Actor, Error, ValidationErrors};
use crate::snapshot::Snapshot;

/// What a command is read against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// When.
    pub now: Timestamp,
    /// What is known: whom ids and addresses name.
    pub snapshot: &'a Snapshot,
}

/// The shape of a JSON body that a command is read from.
pub trait Wire: DeserializeOwned + Send + 'static {
    /// What the services take.
    type Command: Send + 'static;

    /// Whether the request may come without a body, which then stands for `{}`.
    const BODY_IS_OPTIONAL: bool = false;

    /// The command; what is wrong with it is added to `errors`. `None` only where something was added.
    fn read(&self, errors: &mut ValidationErrors, context: Context<'_>) -> Option<Self::Command>;
}

type Parse<C> = Box<dyn Fn(Context<'_>) -> Result<C, Error> + Send>;

/// A command that is still to be read. JSON that does not fit is refused at once; what is wrong with the values is said
/// once it is known that the caller may make the change at all (see `ChangeRequest::run`).
pub struct Command<C> {
    parse: Parse<C>,
    digest: Vec<u8>,
}

impl<C> Command<C> {
    /// A command that is read from something else than a JSON object; `digest` tells bodies apart.
    pub fn new(
        digest: &[u8],
        parse: impl Fn(Context<'_>) -> Result<C, Error> + Send + 'static,
    ) -> Self {
        Self {
            parse: Box::new(parse),
            digest: digest.to_vec(),
        }
    }

    /// What tells bodies apart.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// The command.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every bad value.
    pub fn parse(&self, context: Context<'_>) -> Result<C, Error> {
        (self.parse)(context)
    }
}

impl Command<()> {
    /// Of a request that has no body.
    #[must_use]
    pub fn none() -> Self {
        Self::new(&[], |_| Ok(()))
    }
}

/// The command in a request's body of this shape.
pub struct Input<W: Wire>(pub Command<W::Command>);

impl<W: Wire> From<Body<W>> for Input<W> {
    fn from(body: Body<W>) -> Self {
        let wire = body.value;
        Self(Command::new(&body.digest, move |context| {
            let mut errors = ValidationErrors::new();
            let command = wire.read(&mut errors, context);
            errors.finish_with(command)
        }))
    }
}

impl<W: Wire> FromRequest for Input<W> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if W::BODY_IS_OPTIONAL {
            let body = BodyOrDefault::<W>::from_request(request, payload);
            Box::pin(async move { Ok(body.await?.0.into()) })
        } else {
            let raw = RawBody::from_request(request, payload);
            Box::pin(async move { Ok(raw.await?.json::<W>().await?.into()) })
        }
    }
}
