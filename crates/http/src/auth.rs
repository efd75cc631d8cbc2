//! Who asks: bearer tokens.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use super::blocking;
use super::error::Problem;
use super::forwarding::address;
use super::idempotency;
use super::limits::{Limits, together};
use super::openapi::RequestShape;
use super::reply::Reply;
use super::spans::record_actor;
use crate::domain::time::interval::Timestamp;
use crate::service::app::RequestKey;
use crate::service::{Actor, App, Db, Error, UnitOfWork};
use crate::snapshot::Snapshot;

/// A request by somebody known.
#[derive(Clone)]
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// When: the same instant for everything in this request.
    pub now: Timestamp,
    /// What is asked.
    pub app: web::Data<App>,
    once: Result<Option<RequestKey>, &'static str>,
}

impl Caller {
    /// Changes something, in one transaction; a request with an `Idempotency-Key` that was answered before is
    /// answered the same again. `digest` tells the bodies apart.
    ///
    /// # Errors
    /// Those of `work`, 403 for a token that may only read, and those of the key.
    pub async fn change(
        self,
        digest: &[u8],
        work: impl FnOnce(&mut UnitOfWork<'_>, &Self) -> Result<Reply, Error> + Send + 'static,
    ) -> Result<idempotency::Answer, Problem> {
        self.must_write()?;
        let once = self.key()?;
        let hash = crate::service::secrets::hex(digest);
        self.block(move |caller| match once {
            None => caller
                .app
                .change(&caller.actor, caller.now, |uow| work(uow, caller))
                .map(idempotency::Answer::first),
            Some(key) => idempotency::answer(&caller.app, &key, &hash, |tx| {
                work(&mut UnitOfWork::new(tx, &caller.actor, caller.now), caller)
            }),
        })
        .await
    }

    /// Does what a change would do and takes it back (`?dry_run=true`).
    ///
    /// # Errors
    /// Those of `work`, and 403 for a token that may only read.
    pub async fn dry_run(
        self,
        work: impl FnOnce(&mut UnitOfWork<'_>, &Self) -> Result<Reply, Error> + Send + 'static,
    ) -> Result<idempotency::Answer, Problem> {
        self.must_write()?;
        self.block(move |caller| {
            caller
                .app
                .dry_run(&caller.actor, caller.now, |uow| work(uow, caller))
                .map(idempotency::Answer::first)
        })
        .await
    }

    /// Reads from the database.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Db, &Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.block(move |caller| caller.app.read(|db| work(db, caller)))
            .await
    }

    /// Reads from the database, and from the roster that goes with it.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read_with_roster<T: Send + 'static>(
        self,
        work: impl Fn(&mut Db, &Snapshot, &Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.block(move |caller| {
            let app = &caller.app;
            app.read_with_roster(|db, snapshot| work(db, snapshot, caller))
        })
        .await
    }

    /// The name by which the request may be repeated, where it has one.
    pub(super) fn key(&self) -> Result<Option<RequestKey>, Error> {
        self.once.clone().map_err(|bad| Error::invalid("", bad))
    }

    pub(super) fn must_write(&self) -> Result<(), Error> {
        if self.actor.may_write() {
            Ok(())
        } else {
            Err(Error::forbidden("this token may only read"))
        }
    }

    /// Does `work` on another thread: the event loop must not wait for the database, nor for what takes long.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn block<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        blocking::run(move || work(&self))
            .await
            .map_err(Problem::from)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request))
    }
}

fn identify(request: &HttpRequest) -> Result<Caller, Problem> {
    let Some(app) = request.app_data::<web::Data<App>>() else {
        return Err(Error::internal("the server has no application").into());
    };
    let token = bearer(request)?;
    let address = address(request);
    let Some(actor) = app.actor(token, address) else {
        return Err(refuse(request, app, address));
    };
    record_actor(&actor);
    let now = app.clock.now();
    without_query(request, now)?;
    let once = if request.method() == Method::POST {
        idempotency::key(request, &actor)
    } else {
        Ok(None)
    };
    Ok(Caller {
        actor,
        now,
        app: app.clone(),
        once,
    })
}

/// Refuses a query where there is nothing to ask: `dry_run` must not be taken for done, nor what is done for a rehearsal.
fn without_query(request: &HttpRequest, now: Timestamp) -> Result<(), Problem> {
    let query = request.query_string();
    if query.is_empty() {
        return Ok(());
    }
    let shape = RequestShape::of(request);
    let Some(shape) = shape.as_ref().and_then(RequestShape::get) else {
        return Err(Problem::invalid("", "nothing can be asked here"));
    };
    if shape.takes_query() {
        return Ok(());
    }
    Err(Error::Invalid(shape.check_query(query, now)).into())
}

/// Whoever guesses is slowed down; a good token never comes here.
fn refuse(request: &HttpRequest, app: &App, address: Option<IpAddr>) -> Problem {
    let counted = request
        .app_data::<web::Data<Limits>>()
        .map_or(Ok(()), |limits| {
            limits.wrong_tokens.take(together(address), app.clock.now())
        });
    match counted {
        Ok(()) => Problem::unauthorized("this token is unknown, expired or revoked"),
        Err(wait) => Problem::too_many("wrong tokens", wait),
    }
}

fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let missing = || Problem::unauthorized("an access token is needed: `Authorization: Bearer …`");
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or_else(missing)?;
    let (scheme, token) = given
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(missing())
    }
}
