//! What forms send: read once, from our own pages only.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::browser::WebRequest;
use super::fields::Fields;
use super::page_error::{PageError, sentence};
use super::when;
use crate::domain::time::interval::Timestamp;
use crate::domain::time::zone::Zone;
use crate::http::body::{self, LARGEST_BODY, LARGEST_SMALL_BODY, Sender};
use crate::service::{Error, Expected, FieldError, ValidationErrors};

/// The field that shows that a form comes from a page of ours.
pub const TOKEN: &str = "form_token";

/// Browsers tell here which site's page made them ask.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Names and values, in the order of the form, as they were typed.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A field's value; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// Whether a field was sent at all, filled in or not.
    pub fn sends(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A field's value without blanks around it; `None` where nothing was filled in.
    pub fn non_empty(&self, name: &str) -> Option<String> {
        let value = self.get(name).trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The moment in a box for date and time, on the clock of a zone; what is wrong with it is added to `errors`.
    pub fn moment(
        &self,
        errors: &mut ValidationErrors,
        zone: &Zone,
        name: &str,
    ) -> Option<Timestamp> {
        let pointer = format!("/{}", name.replace('.', "/"));
        errors.check(pointer, when::parse_datetime_local(zone, self.get(name)))
    }

    /// Whether a box was ticked, or a button pressed.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Every value of a field that is there more than once; none that are empty.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(key, _)| key == name);
        values
            .filter(|(_, value)| !value.is_empty())
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// A form with these names and values.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Takes every value of a field out of the form.
    pub fn take(&mut self, name: &str) -> Vec<String> {
        let (taken, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(key, _)| key == name);
        self.0 = rest;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Adds values to a field.
    pub fn put<V: AsRef<str>>(&mut self, name: &str, values: &[V]) {
        self.0.extend(
            values
                .iter()
                .map(|value| (name.to_owned(), value.as_ref().to_owned())),
        );
    }

    /// The form as it was filled in, to be shown again.
    pub fn fields(self) -> Fields {
        Fields::new(self.0)
    }

    /// The same with what is wrong with it; what is not the form's fault is refused.
    ///
    /// # Errors
    /// Where the form cannot help it.
    pub fn failed(self, error: Error) -> Result<Fields, PageError> {
        let errors = match error {
            Error::Invalid(errors) => errors,
            Error::Conflict { detail, .. } => vec![FieldError {
                pointer: String::new(),
                detail: sentence(&detail),
            }],
            error @ Error::TooMany { .. } => vec![FieldError {
                pointer: String::new(),
                detail: sentence(&error.to_string()),
            }],
            other => return Err(other.into()),
        };
        Ok(self.fields().with_faults(errors))
    }
}

impl Form {
    /// The version that the form was filled in for.
    pub fn expected(&self) -> Expected {
        let version = self.get("version").parse();
        version.map_or_else(
            |_| Expected::any(),
            |version| Expected::one_of(vec![version]),
        )
    }

    /// The form with what is wrong with it. Where somebody else was quicker it says so, and the next time it is meant.
    ///
    /// # Errors
    /// Where the form cannot help it.
    pub fn with_version_conflict(
        mut self,
        error: Error,
        version: i64,
    ) -> Result<Fields, PageError> {
        if error != Error::Stale {
            return self.failed(error);
        }
        self.take("version");
        self.put("version", &[version.to_string()]);
        let words = "somebody else changed it while you did; look at what it is now in another window. \
            If you save once more, what you see here takes the place of that";
        self.failed(Error::conflict(words))
    }
}

impl FromRequest for Form {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let browser = WebRequest::of(request);
        let elsewhere = request
            .headers()
            .get(SITE)
            .is_some_and(|site| site != "same-origin" && site != "none");
        let (sender, largest) = match &browser {
            Ok(browser) if browser.signed_in.is_some() => (Sender::SignedIn, LARGEST_BODY),
            _ => (Sender::Stranger, LARGEST_SMALL_BODY),
        };
        let body = body::read(request, payload, sender, largest);
        Box::pin(async move {
            let browser = browser?;
            let body = body.await.map_err(|problem| PageError::of_body(&problem))?;
            let parse =
                |bytes: &[u8]| Ok(url::form_urlencoded::parse(bytes).into_owned().collect());
            let form = body.parsed(parse).await.map(Self);
            let form = form.map_err(|problem| PageError::of_body(&problem))?;
            if elsewhere || !browser.is_form_token(form.get(TOKEN)) {
                let words = "This form is out of date, or was not sent from a page of Dogwatch. \
                    Go back, load the page again, and send it once more.";
                return Err(PageError::new(StatusCode::FORBIDDEN, words));
            }
            Ok(form)
        })
    }
}
