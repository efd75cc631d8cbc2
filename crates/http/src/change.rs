//! Changes that programs ask for: checked first, then made in one transaction.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::command::{Command, Context};
use crate::auth::Caller;
use crate::error::Problem;
use crate::etag::IfMatch;
use crate::idempotency::{self, Answer};
use crate::json::Query;
use crate::reply::Reply;
use crate::service::app::RequestKey;
use crate::service::secrets::hex;
use crate::service::{Actor, App, Error, Expected, UnitOfWork};
use crate::snapshot::Snapshot;

/// The query of a change that can be tried.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// Says what the change would do, and does nothing.
    #[serde(default, deserialize_with = "true_or_false")]
    pub dry_run: bool,
}

/// `true` or `false`. The library's own error does not say which parameter it is about.
fn true_or_false<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(serde::de::Error::custom("`dry_run` must be true or false")),
    }
}

/// A request that changes something: who asks, which version they mean (`If-Match`), by which name they may repeat it
/// (`Idempotency-Key`), and whether it is only tried (`?dry_run=true`).
pub struct ChangeRequest {
    caller: Caller,
    expected: Expected,
    is_dry_run: bool,
}

impl ChangeRequest {
    /// What is asked, for what the work needs beside the transaction.
    #[must_use]
    pub fn app(&self) -> web::Data<App> {
        self.caller.app.clone()
    }

    /// Makes the change, or tries it. Only the last step waits for whoever else is writing:
    ///
    /// 1. A token that may only read is refused, and so is an `Idempotency-Key` that is none.
    /// 2. A repeated request is answered as it was the first time.
    /// 3. `check` says from the snapshot whether the caller may do this: 404 and 403. It has the command where that can
    ///    be read.
    /// 4. A command that cannot be read is refused: 422 with every bad value. (What 3 and 4 refuse is looked at again
    ///    with a snapshot that is up to date.)
    /// 5. `work` runs in a transaction. It checks the same again, since only the transaction knows what is so now.
    ///
    /// # Errors
    /// Those of the steps.
    pub async fn run<C: Send + 'static>(
        self,
        command: Command<C>,
        check: impl Fn(&Actor, &Snapshot, Option<&C>) -> Result<(), Error> + Send + 'static,
        work: impl FnOnce(&mut UnitOfWork<'_>, C) -> Result<Reply, Error> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let Self {
            caller,
            expected,
            is_dry_run,
        } = self;
        caller.must_write()?;
        let key = if is_dry_run { None } else { caller.key()? };
        let hash = hex(command.digest());
        let changing = move |caller: &Caller| {
            let (app, actor, now) = (&caller.app, &caller.actor, caller.now);
            if let Some(key) = &key
                && let Some(first) = app.first_answer(key, &hash, now)?
            {
                return Answer::again(first);
            }
            let command = app.check(|snapshot| {
                let command = command.parse(Context {
                    actor,
                    now,
                    snapshot,
                });
                check(actor, snapshot, command.as_ref().ok())?;
                command
            })?;
            let work = |uow: &mut UnitOfWork<'_>| work(uow.expecting(expected), command);
            if is_dry_run {
                return app.dry_run(actor, now, work).map(Answer::first);
            }
            once(caller, key.as_ref(), &hash, work)
        };
        caller.block(changing).await
    }
}

/// Does the work, unless the same request did so meanwhile.
fn once(
    caller: &Caller,
    key: Option<&RequestKey>,
    hash: &str,
    work: impl FnOnce(&mut UnitOfWork<'_>) -> Result<Reply, Error>,
) -> Result<Answer, Error> {
    let (app, actor, now) = (&caller.app, &caller.actor, caller.now);
    match key {
        None => app.change(actor, now, work).map(Answer::first),
        Some(key) => idempotency::answer(app, key, hash, |tx| {
            work(&mut UnitOfWork::new(tx, actor, now))
        }),
    }
}

impl FromRequest for ChangeRequest {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(read(request, payload))
    }
}

fn read(request: &HttpRequest, payload: &mut Payload) -> Result<ChangeRequest, Problem> {
    let caller = Caller::from_request(request, payload).into_inner()?;
    let query = Query::<DryRun>::from_request(request, payload).into_inner()?;
    let expected = IfMatch::from_request(request, payload).into_inner()?;
    Ok(ChangeRequest {
        caller,
        expected: expected.0,
        is_dry_run: query.0.dry_run,
    })
}
