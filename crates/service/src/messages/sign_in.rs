//! `sign_in`: a link by which somebody signs in.

use serde::{Deserialize, Serialize};

use crate::domain::ids::SignInId;
use crate::notify::Piece;
use crate::sessions::MAILED;

/// What the outbox keeps of it.
#[derive(Serialize, Deserialize)]
pub struct Payload {
    /// The link, whose secret is made when the mail is written.
    pub sign_in_id: SignInId,
}

/// Its subject.
pub const SUBJECT: &str = "Sign in to Dogwatch";

/// What it says.
#[must_use]
pub fn body(link: String) -> Vec<Piece> {
    let minutes = MAILED.num_minutes();
    vec![
        Piece::Text("Somebody asked to sign in to Dogwatch with your address:".to_owned()),
        Piece::Links(vec![("Sign in".to_owned(), link)]),
        Piece::Text(format!(
            "This works once, within {minutes} minutes of your asking. If you did not ask, do nothing: nobody \
             is signed in without this mail."
        )),
    ]
}
