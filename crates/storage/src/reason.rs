//! Why the database could not be used, in words for whoever runs the program.
//!
//! The libraries below tell it in pieces: "db error" on top, what the server said underneath. This is the one place
//! that puts the pieces together, and adds what to set where that is known.

use std::error::Error;
use std::io;

use tokio_postgres::error::{DbError, SqlState};

/// Why a connection could not be made.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The whole chain of an error on one line, each piece once, and what helps against it.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let mut said: Vec<String> = Vec::new();
    for error in chain.clone() {
        let text = words(error);
        if !text.is_empty() && !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    let mut text = said.join(": ");
    if let Some(remedy) = chain.into_iter().find_map(remedy) {
        text.push_str(": ");
        text.push_str(remedy);
    }
    text
}

/// What one error of a chain says by itself.
fn words(error: &(dyn Error + 'static)) -> String {
    if let Some(said) = error.downcast_ref::<DbError>() {
        return of_server(said);
    }
    match error.to_string() {
        // The server's own words come next.
        text if text == "db error" => String::new(),
        text => text,
    }
}

fn of_server(said: &DbError) -> String {
    let code = said.code().code();
    match said.hint() {
        Some(hint) => format!("{} ({code}; {hint})", said.message()),
        None => format!("{} ({code})", said.message()),
    }
}

/// What to set, where an error is of a known kind.
fn remedy(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(said) = error.downcast_ref::<DbError>() {
        return remedy_of_server(said);
    }
    let inside = error.downcast_ref::<io::Error>()?.get_ref()?;
    remedy_of_tls(inside.downcast_ref::<rustls::Error>()?)
}

fn remedy_of_server(said: &DbError) -> Option<&'static str> {
    let is_limit = *said.code() == SqlState::TOO_MANY_CONNECTIONS;
    is_limit.then_some(
        "a server of Dogwatch holds up to 9 connections: raise the CONNECTION LIMIT of the role or the database, or \
         max_connections",
    )
}

fn remedy_of_tls(error: &rustls::Error) -> Option<&'static str> {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(why) = error else {
        return None;
    };
    Some(match why {
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "name the host as its certificate does, with hostaddr=ADDRESS for where it is"
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            "the server needs a new certificate"
        }
        _ => {
            "add ?sslrootcert=FILE to the URL, a PEM file of the authority that signed the server's certificate, or \
             ?sslmode=disable where the network between is trusted"
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Piece {
        said: &'static str,
        #[source]
        below: Option<Box<Piece>>,
    }

    fn chain(said: &[&'static str]) -> Piece {
        let below = said.get(1..).filter(|rest| !rest.is_empty());
        Piece {
            said: said[0],
            below: below.map(|rest| Box::new(chain(rest))),
        }
    }

    #[test]
    fn every_piece_is_said_once() {
        for (pieces, expected) in [
            (&["refused"][..], "refused"),
            (&["connecting", "refused"], "connecting: refused"),
            (&["connecting: refused", "refused"], "connecting: refused"),
            (&["db error", "no such role"], "no such role"),
        ] {
            assert_eq!(reason(&chain(pieces)), expected);
        }
    }

    #[test]
    fn a_private_certificate_says_what_to_set() {
        use rustls::CertificateError as Certificate;
        for (why, enum_to_text) in [
            (Certificate::UnknownIssuer, "sslrootcert="),
            (Certificate::UnknownIssuer, "sslmode=disable"),
            (Certificate::NotValidForName, "hostaddr="),
            (Certificate::Expired, "new certificate"),
        ] {
            let inner = rustls::Error::InvalidCertificate(why);
            let error = io::Error::new(io::ErrorKind::InvalidData, inner);
            let text = reason(&error);
            assert!(text.contains("certificate"), "{text}");
            assert!(text.contains(enum_to_text), "{text}");
        }
    }
}
