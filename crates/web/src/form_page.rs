//! The cycle of a form: shown as things are, filled in, refused with each fault beside its field, or saved.

use std::sync::Arc;

use actix_web::HttpResponse;

use super::fields::Fields;
use super::form::Form;
use super::page::PageContext;
use super::visitor::SignedIn;
use super::{Answer, PageError};
use crate::service::{Error, UnitOfWork, ValidationErrors};

/// What the button asks for that sent a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormAction {
    /// Show the form again, as the button changed it.
    Redraw,
    /// Show what saving would do.
    Preview,
    /// Save it.
    Save,
}

/// A page with a form. The value that implements it is what the form is about: a person, a rotation, or nothing yet.
pub trait FormPage: Send + Sync + Sized + 'static {
    /// What the form says, typed.
    type Command: Send + 'static;
    /// What saving gives, and a dry run.
    type Saved: Send + 'static;

    /// The fields before anybody fills them in.
    fn fields(&self, page: &PageContext, visitor: &SignedIn) -> Fields;

    /// Which action the pressed button is. It may change the form, for example add a row.
    fn action(&self, form: &mut Form) -> FormAction {
        match form.get("do") {
            "look" => FormAction::Preview,
            _ => FormAction::Save,
        }
    }

    /// Whether the visitor may see the form and, once it could be read, send it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    fn authorize(&self, visitor: &SignedIn, command: Option<&Self::Command>) -> Result<(), Error>;

    /// Reads what was filled in; each fault names its field. Rows that were left empty may be taken out of the form.
    fn read(
        &self,
        form: &mut Form,
        errors: &mut ValidationErrors,
        page: &PageContext,
        visitor: &SignedIn,
    ) -> Option<Self::Command>;

    /// The version that the page shows, where the form changes something that has one.
    fn version(&self) -> Option<i64> {
        None
    }

    /// Does it, in a transaction that a dry run rolls back.
    ///
    /// # Errors
    /// Those of the service.
    fn save(&self, uow: &mut UnitOfWork<'_>, command: Self::Command) -> Result<Self::Saved, Error>;

    /// Where the visitor goes once it is saved.
    fn saved(&self, visitor: &SignedIn, saved: Self::Saved) -> HttpResponse;

    /// The page around the form; `preview` is what saving would do, where that was asked.
    async fn render(
        &self,
        page: PageContext,
        visitor: &SignedIn,
        form: Fields,
        preview: Option<Self::Saved>,
    ) -> Answer;
}

/// Shows the form as things are.
pub async fn show<F: FormPage>(visitor: &SignedIn, page: PageContext, subject: F) -> Answer {
    subject.authorize(visitor, None)?;
    let fields = subject.fields(&page, visitor);
    subject.render(page, visitor, fields, None).await
}

/// Takes a form that was sent: shows it again with what is wrong or what it would do, or saves it.
pub async fn send<F: FormPage>(
    visitor: &SignedIn,
    page: PageContext,
    subject: F,
    mut form: Form,
) -> Answer {
    subject.authorize(visitor, None)?;
    let action = subject.action(&mut form);
    if action == FormAction::Redraw {
        return subject.render(page, visitor, form.fields(), None).await;
    }
    let subject = Arc::new(subject);
    match run(&subject, visitor, &page, &mut form, action).await {
        Ok(saved) if action == FormAction::Preview => {
            let fields = form.fields();
            subject.render(page, visitor, fields, Some(saved)).await
        }
        Ok(saved) => Ok(subject.saved(visitor, saved)),
        Err(error) => {
            let fields = refused(subject.version(), form, error)?;
            subject.render(page, visitor, fields, None).await
        }
    }
}

async fn run<F: FormPage>(
    subject: &Arc<F>,
    visitor: &SignedIn,
    page: &PageContext,
    form: &mut Form,
    action: FormAction,
) -> Result<F::Saved, Error> {
    let mut errors = ValidationErrors::new();
    let command = subject.read(form, &mut errors, page, visitor);
    let command = errors.finish_with(command)?;
    subject.authorize(visitor, Some(&command))?;
    let (subject, expected) = (Arc::clone(subject), form.expected());
    let work = move |uow: &mut UnitOfWork<'_>, _: &SignedIn| {
        subject.save(uow.expecting(expected), command)
    };
    match action {
        FormAction::Preview => visitor.dry_run(work).await,
        _ => visitor.change(work).await,
    }
}

/// The form as it was filled in, with what is wrong with it.
fn refused(version: Option<i64>, form: Form, error: Error) -> Result<Fields, PageError> {
    match version {
        Some(version) => form.with_version_conflict(error, version),
        None => form.failed(error),
    }
}
