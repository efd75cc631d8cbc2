//! Whoever looks: what their cookies say, and where they are.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::assets;
use super::page::{PageContext, Section};
use super::page_error::PageError;
use crate::cause::Cause;
use crate::domain::access::session::Session;
use crate::domain::schedule::duty::RotationLookup as _;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::http::forwarding;
use crate::http::spans::record_actor;
use crate::service::secrets::new_secret;
use crate::service::{Actor, App, sessions};

/// Who is signed in.
const SESSION: &str = "dogwatch_session";

/// What forms are bound to while nobody is signed in.
const VISIT: &str = "dogwatch_visit";

/// What the next page says once.
const FLASH: &str = "dogwatch_flash";

/// The zone in which times are shown, where it is not the person's own.
const ZONE: &str = "dogwatch_zone";

/// A browser, signed in or not.
#[derive(Clone)]
pub struct WebRequest {
    /// What is asked.
    pub app: web::Data<App>,
    /// When: the same instant for everything in this request.
    pub now: Timestamp,
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub agent: String,
    /// Who is signed in, where somebody is.
    pub signed_in: Option<(Actor, Arc<Session>)>,
    /// Path and query that it asks for.
    pub location: String,
    /// What its forms are bound to.
    key: String,
    /// Whether `key` was made just now.
    is_new: bool,
    /// Whether cookies may go over HTTPS only.
    is_https: bool,
    flash: Option<String>,
    zone: Option<Zone>,
}

impl WebRequest {
    /// The browser of a request.
    ///
    /// # Errors
    /// Where the server was put together without its application.
    pub fn of(request: &HttpRequest) -> Result<Self, PageError> {
        let app = request
            .app_data::<web::Data<App>>()
            .ok_or_else(|| PageError::internal("the server has no application"))?
            .clone();
        let cookie = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let client = forwarding::client(request);
        let address = client.map(|client| client.address);
        let session = cookie(SESSION);
        let signed_in = session
            .as_deref()
            .and_then(|session| app.visitor(session, address));
        if let Some((actor, _)) = &signed_in {
            record_actor(actor);
        }
        let known = if signed_in.is_some() {
            session
        } else {
            cookie(VISIT).filter(|key| !key.is_empty())
        };
        let asked = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok();
        let asked = asked.and_then(|query| {
            let found = query.iter().find(|(name, _)| name == "zone")?;
            Zone::parse(&found.1).ok()
        });
        Ok(Self {
            now: app.clock.now(),
            address,
            agent: request
                .headers()
                .get(header::USER_AGENT)
                .and_then(|agent| agent.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            signed_in,
            location: request
                .uri()
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            is_new: known.is_none(),
            is_https: app.public_url.starts_with("https://")
                || client.is_some_and(|client| client.is_https),
            key: known.unwrap_or_else(|| new_secret("")),
            flash: cookie(FLASH).and_then(|text| {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
                String::from_utf8(bytes).ok()
            }),
            zone: asked.or_else(|| cookie(ZONE).and_then(|name| Zone::parse(&name).ok())),
            app,
        })
    }

    /// Whether a form comes from a page that this browser was shown.
    pub fn is_form_token(&self, given: &str) -> bool {
        !self.is_new && self.app.is_form_token(&self.key, given)
    }

    /// A page for this browser.
    ///
    /// # Errors
    /// Where forms cannot be signed.
    pub fn page(
        &self,
        title: impl Into<String>,
        section: Section,
    ) -> Result<PageContext, PageError> {
        let snapshot = self.app.snapshots.snapshot();
        let actor = self.signed_in.as_ref().map(|(actor, _)| actor.clone());
        let me = actor
            .as_ref()
            .and_then(|actor| actor.person)
            .and_then(|id| snapshot.person(id).cloned());
        let own = me.as_ref().map(|me| me.zone(self.now));
        Ok(PageContext {
            title: title.into(),
            section,
            location: self.location.clone(),
            base: self.base(),
            zone: self.zone.clone().or(own).unwrap_or_else(Zone::utc),
            form_token: self.app.form_token(&self.key)?,
            flash: self.flash.clone(),
            stale_since: self.app.snapshots.stale_since(),
            assets: &assets::VERSION,
            now: self.now,
            snapshot,
            actor,
            me,
        })
    }

    /// What every path begins with: `/`, or more where a proxy puts us under a path of its own.
    pub fn base(&self) -> String {
        let after_scheme = self.app.public_url.split_once("://");
        let path = after_scheme.and_then(|(_, rest)| rest.split_once('/'));
        path.map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}/"))
    }

    /// A page, sent.
    ///
    /// # Errors
    /// Where its template fails.
    pub fn show(&self, template: &impl askama::Template) -> Result<HttpResponse, PageError> {
        self.show_as(actix_web::http::StatusCode::OK, template)
    }

    /// The same with another status.
    ///
    /// # Errors
    /// Where its template fails.
    pub fn show_as(
        &self,
        status: actix_web::http::StatusCode,
        template: &impl askama::Template,
    ) -> Result<HttpResponse, PageError> {
        let text = template
            .render()
            .map_err(|error| PageError::internal(Cause::of(error)))?;
        let mut response = HttpResponse::build(status);
        response.content_type("text/html; charset=utf-8");
        if self.is_new {
            response.cookie(self.cookie(VISIT, self.key.clone()));
        }
        if self.flash.is_some() {
            response.cookie(self.no_cookie(FLASH));
        }
        Ok(response.body(text))
    }

    /// On to another page of ours; `path` has no slash at its beginning.
    pub fn go(&self, path: &str) -> HttpResponse {
        self.see_other(path).finish()
    }

    /// The same; that page then says `words` once.
    pub fn redirect_with_flash(&self, path: &str, words: &str) -> HttpResponse {
        let words = URL_SAFE_NO_PAD.encode(words);
        self.see_other(path)
            .cookie(self.cookie(FLASH, words))
            .finish()
    }

    /// On to a path that was handed to us, which begins with a slash; never to another site.
    pub fn go_back(&self, path: &str) -> HttpResponse {
        self.go(sessions::own_path(path).trim_start_matches('/'))
    }

    /// Back to where they were, with times in that zone from now on; in their own where there is none.
    pub fn go_back_in_zone(&self, path: &str, zone: Option<&Zone>) -> HttpResponse {
        let cookie = match zone {
            Some(zone) => {
                let mut cookie = self.cookie(ZONE, zone.name().to_owned());
                cookie.set_max_age(Duration::days(365));
                cookie
            }
            None => self.no_cookie(ZONE),
        };
        let path = sessions::own_path(path).trim_start_matches('/');
        self.see_other(path).cookie(cookie).finish()
    }

    /// Signed in: on to where they wanted to go.
    pub fn go_signed_in(&self, entered: &sessions::Entered) -> HttpResponse {
        let mut cookie = self.cookie(SESSION, entered.secret.clone());
        cookie.set_max_age(Duration::seconds(sessions::SESSION.num_seconds()));
        self.see_other(sessions::own_path(&entered.next).trim_start_matches('/'))
            .cookie(cookie)
            .cookie(self.no_cookie(VISIT))
            .finish()
    }

    /// Signed out.
    pub fn go_signed_out(&self) -> HttpResponse {
        let words = URL_SAFE_NO_PAD.encode("You are signed out.");
        self.see_other("sign-in")
            .cookie(self.no_cookie(SESSION))
            .cookie(self.cookie(FLASH, words))
            .finish()
    }

    fn see_other(&self, path: &str) -> actix_web::HttpResponseBuilder {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((header::LOCATION, format!("{}{path}", self.base())));
        response
    }

    fn cookie(&self, name: &'static str, value: String) -> Cookie<'static> {
        Cookie::build(name, value)
            .path(self.base())
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_https)
            .finish()
    }

    fn no_cookie(&self, name: &'static str) -> Cookie<'static> {
        let mut cookie = self.cookie(name, String::new());
        cookie.make_removal();
        cookie
    }
}

impl FromRequest for WebRequest {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
