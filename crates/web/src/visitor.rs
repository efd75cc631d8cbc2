//! Somebody who is signed in.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::browser::WebRequest;
use super::page_error::PageError;
use crate::domain::access::session::Session;
use crate::domain::ids::PersonId;
use crate::http::blocking;
use crate::service::{Actor, Db, Error, UnitOfWork};

/// A browser in which somebody is signed in. Whoever is not is sent to sign in first, and back afterwards.
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub id: PersonId,
    /// With what rights.
    pub actor: Actor,
    /// Since when.
    pub session: Arc<Session>,
    browser: WebRequest,
}

impl SignedIn {
    /// Changes something, in one transaction.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut UnitOfWork<'_>, &Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.block(move |visitor| {
            visitor
                .app
                .change(&visitor.actor, visitor.now, |uow| work(uow, visitor))
        })
        .await
    }

    /// Does what a change would do, and takes it back.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn dry_run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut UnitOfWork<'_>, &Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.block(move |visitor| {
            visitor
                .app
                .dry_run(&visitor.actor, visitor.now, |uow| work(uow, visitor))
        })
        .await
    }

    /// Reads from the database.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db, &Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.block(move |visitor| visitor.app.read(|db| work(db, visitor)))
            .await
    }

    /// The database must not be waited for on the event loop.
    async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let visitor = self.clone();
        blocking::run(move || work(&visitor)).await
    }
}

impl Deref for SignedIn {
    type Target = WebRequest;

    fn deref(&self) -> &WebRequest {
        &self.browser
    }
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(WebRequest::of(request).and_then(|browser| {
            let signed_in = browser.signed_in.clone();
            let found =
                signed_in.and_then(|(actor, session)| Some((actor.person?, actor, session)));
            match found {
                Some((id, actor, session)) => Ok(Self {
                    id,
                    actor,
                    session,
                    browser,
                }),
                None => Err(PageError::sign_in_first(request)),
            }
        }))
    }
}
