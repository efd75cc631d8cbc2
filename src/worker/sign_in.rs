//! The mail with a link by which somebody signs in.

use crate::cause::chain;
use crate::domain::duty::RotationLookup as _;
use crate::domain::ids::SignInId;
use crate::domain::interval::Timestamp;
use crate::notify::{Letter, Piece};
use crate::service::outbox::message_id;
use crate::service::{App, sessions};
use crate::storage::outbox::{Mail, Outcome};

/// The mail; its link's secret is made here, and again where it has to be sent again.
pub(super) fn letter(app: &App, mail: &Mail, now: Timestamp) -> Result<Letter, Outcome> {
    let snapshot = app.snapshots.snapshot();
    let person = mail
        .person_id
        .as_ref()
        .and_then(|id| snapshot.person(id.parse().ok()?))
        .filter(|person| person.active_at(now))
        .ok_or(Outcome::Dropped("the person is gone"))?;
    let id: SignInId = mail
        .payload
        .0
        .get("sign_in_id")
        .and_then(|id| id.as_str()?.parse().ok())
        .ok_or_else(|| Outcome::Refused("it names no link".to_owned()))?;
    let secret = app
        .write(|tx| sessions::arm(tx, id, now))
        .map_err(|error| Outcome::Failed(chain(&error)))?
        .ok_or(Outcome::Dropped("the link was used, or its time is over"))?;
    let link = format!("{}/sign-in/{secret}", app.public_url);
    let minutes = sessions::MAILED.num_minutes();
    Ok(Letter {
        name: person.name.clone(),
        email: person.email.clone(),
        subject: "Sign in to Dogwatch".to_owned(),
        body: vec![
            Piece::Text("Somebody asked to sign in to Dogwatch with your address:".to_owned()),
            Piece::Links(vec![("Sign in".to_owned(), link)]),
            Piece::Text(format!(
                "This works once, within {minutes} minutes of your asking. If you did not ask, do nothing: nobody \
                 is signed in without this mail."
            )),
        ],
        footer: Vec::new(),
        entries: Vec::new(),
        message_id: message_id(&mail.message_id, &app.mail_domain),
        in_reply_to: None,
        unsubscribe: None,
    })
}
