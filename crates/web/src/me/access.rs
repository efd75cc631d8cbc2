//! Tokens of the visitor, and the browsers in which they are signed in.

use actix_web::{get, post, web};
use askama::Template;

use crate::confirm::ConfirmPage;
use crate::domain::access::session::Session;
use crate::domain::access::token::Token;
use crate::domain::ids::{SessionId, TokenId};
use crate::domain::people::person::Role;
use crate::domain::time::interval::Timestamp;
use crate::http::limits::Limits;
use crate::service::tokens::{self, NewToken};
use crate::service::{Error, Scope, input, sessions};
use crate::{Answer, Fields, Form, PageContext, PageError, Section, SignedIn};

/// What becomes of a token that is revoked.
pub const REVOKED: &str = "Programs that use it are refused from then on, and so is whatever was made with it: tokens, and calendar feeds. This cannot be taken back: they need a new one.";

#[derive(Template)]
#[template(path = "pages/me/access.html")]
struct MyAccessPage {
    page: PageContext,
    form: Fields,
    tokens: Vec<Token>,
    sessions: Vec<Signed>,
    may_change: bool,
    scopes: [(&'static str, &'static str); 2],
    /// A token that was made just now: it is shown this once.
    made: Option<(String, String)>,
}

/// A browser.
struct Signed {
    id: SessionId,
    agent: String,
    address: Option<String>,
    since: Timestamp,
    is_this: bool,
}

fn sheet(visitor: &SignedIn, form: Fields, made: Option<(String, String)>) -> Answer {
    let page = visitor.page("Access", Section::Mine)?;
    let good = |token: &Token| page.snapshot.is_token_good(token, page.now);
    let tokens = page.snapshot.tokens_of(visitor.id);
    let mut tokens: Vec<Token> = tokens.map(|one| Token::clone(one)).filter(good).collect();
    tokens.sort_by_key(|token| std::cmp::Reverse(token.created_at));
    let all = page.snapshot.sessions_of(visitor.id);
    let mut sessions: Vec<Signed> = all
        .filter(|session| session.is_good(page.now))
        .map(|session: &std::sync::Arc<Session>| Signed {
            id: session.id,
            agent: browser(&session.agent),
            address: session.address.clone(),
            since: session.created_at,
            is_this: session.id == visitor.session.id,
        })
        .collect();
    sessions.sort_by_key(|one| (!one.is_this, std::cmp::Reverse(one.since)));
    visitor.show(&MyAccessPage {
        may_change: visitor.actor.role != Role::Viewer,
        scopes: [("read", "looking"), ("write", "all that I may do")],
        page,
        form,
        tokens,
        sessions,
        made,
    })
}

/// A browser's name, out of the long text that it calls itself.
fn browser(agent: &str) -> String {
    let named = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |all: &[(&str, &'static str)]| {
        let found = all.iter().find(|(part, _)| agent.contains(part));
        found.map(|(_, name)| *name)
    };
    match (find(&named), find(&systems)) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ if agent.is_empty() => "A browser".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

/// My tokens and sessions.
#[get("/me/access")]
pub async fn show(visitor: SignedIn) -> Answer {
    sheet(&visitor, Fields::default().with("scope", "read"), None)
}

/// Makes a token.
#[post("/me/tokens")]
pub async fn make(visitor: SignedIn, limits: web::Data<Limits>, form: Form) -> Answer {
    limits
        .new_secrets
        .take(Some(visitor.id), visitor.now)
        .map_err(PageError::too_many)?;
    let expires_at = match last_day(&visitor, &form) {
        Ok(at) => at,
        Err(error) => return sheet(&visitor, form.failed(error)?, None),
    };
    let new = NewToken {
        name: form.get("name").to_owned(),
        scope: form.get("scope").to_owned(),
        expires_at,
    };
    let made = visitor
        .change(move |uow, visitor| tokens::create(uow, visitor.id, &new))
        .await;
    match made {
        Ok((token, secret)) => {
            let form = Fields::default().with("scope", "read");
            sheet(&visitor, form, Some((token.name, secret)))
        }
        Err(error) => sheet(&visitor, form.failed(error)?, None),
    }
}

/// The midnight after the last day on which a token is good.
fn last_day(visitor: &SignedIn, form: &Form) -> Result<Option<String>, Error> {
    let Some(day) = form.non_empty("expires_at") else {
        return Ok(None);
    };
    let bad = |what: String| Error::invalid("/expires_at", what);
    let day = input::date(&day).map_err(|error| bad(error.to_string()))?;
    let next = day
        .succ_opt()
        .ok_or_else(|| bad("is too far ahead".to_owned()))?;
    let page = visitor.page("", Section::Mine).map_err(Error::from)?;
    let at = page.zone.to_instant(next.into());
    Ok(Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}

/// Asks whether a token is to be revoked.
#[get("/me/tokens/{id}/revoke")]
pub async fn ask_to_revoke(visitor: SignedIn, id: web::Path<String>) -> Answer {
    let page = visitor.page("", Section::Mine)?;
    let id: TokenId = id.parse().map_err(|_| PageError::no_such("token"))?;
    let token = page.snapshot.tokens_of(visitor.id).find(|one| one.id == id);
    let token = token.ok_or_else(|| PageError::no_such("token"))?;
    let title = format!("Revoke the token “{}”", token.name);
    visitor.show(&ConfirmPage {
        page: PageContext { title, ..page },
        words: REVOKED,
        button: "Revoke this token",
        back: "me/access".to_owned(),
    })
}

/// Revokes a token.
#[post("/me/tokens/{id}/revoke")]
pub async fn revoke(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id: TokenId = id.parse().map_err(|_| PageError::no_such("token"))?;
    visitor
        .change(move |uow, _| tokens::revoke(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash("me/access", "That token is of no use any more."))
}

/// Signs another browser out.
#[post("/me/sessions/{id}/end")]
pub async fn sign_out(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    let id: SessionId = id.parse().map_err(|_| PageError::no_such("session"))?;
    visitor
        .change(move |uow, _| sessions::leave(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash("me/access", "That browser is signed out."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_names() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(browser(firefox), "Firefox on Linux");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1";
        assert_eq!(browser(safari), "Safari on iPhone");
        assert_eq!(browser(""), "A browser");
        assert_eq!(browser("curl/8"), "curl/8");
        assert_eq!(Scope::parse("read"), Some(Scope::Read));
    }
}
