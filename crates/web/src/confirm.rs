//! The question before something that cannot be taken back. The page's own address takes the answer.

use askama::Template;

use super::{PageContext, Section};

/// The page.
#[derive(Template)]
#[template(path = "pages/confirm.html")]
pub struct ConfirmPage {
    /// Its title says what is asked.
    pub page: PageContext,
    /// What becomes of it.
    pub words: &'static str,
    /// What the button says.
    pub button: &'static str,
    /// Where one goes who would rather not.
    pub back: String,
}
