//! Who may come in: browsers that are signed in, and tokens.

use std::sync::Arc;

use actix_web::{get, post, web};
use askama::Template;

use crate::confirm::ConfirmPage;
use crate::domain::access::session::Session;
use crate::domain::access::token::Token;
use crate::domain::ids::{SessionId, TokenId};
use crate::me::access::REVOKED;
use crate::service::{access, sessions, tokens};
use crate::{Answer, Form, PageContext, PageError, Section, SignedIn};

#[derive(Template)]
#[template(path = "pages/access.html")]
struct AccessPage {
    page: PageContext,
    own: SessionId,
    sessions: Vec<Arc<Session>>,
    tokens: Vec<Arc<Token>>,
}

/// Everything that lets somebody in now, the newest first.
#[get("/administration/access")]
pub async fn show(visitor: SignedIn) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("Sessions and tokens", Section::Administration)?;
    let now = page.now;
    let mut sessions: Vec<Arc<Session>> = page
        .snapshot
        .sessions()
        .filter(|session| session.is_good(now))
        .cloned()
        .collect();
    sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
    let is_good = |token: &&Arc<Token>| page.snapshot.is_token_good(token, now);
    let mut tokens: Vec<Arc<Token>> = page.snapshot.tokens().filter(is_good).cloned().collect();
    tokens.sort_by_key(|token| std::cmp::Reverse((token.created_at, token.id)));
    let own = visitor.session.id;
    visitor.show(&AccessPage {
        page,
        own,
        sessions,
        tokens,
    })
}

/// Signs a browser out.
#[post("/administration/sessions/{id}/end")]
pub async fn end_session(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let id: SessionId = id.parse().map_err(|_| PageError::no_such("session"))?;
    visitor
        .change(move |uow, _| sessions::leave(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash("administration/access", "That browser is signed out."))
}

/// Asks whether a token is to be revoked.
#[get("/administration/tokens/{id}/revoke")]
pub async fn ask_to_revoke_token(visitor: SignedIn, id: web::Path<String>) -> Answer {
    access::administrator(&visitor.actor)?;
    let page = visitor.page("", Section::Administration)?;
    let id: TokenId = id.parse().map_err(|_| PageError::no_such("token"))?;
    let token = page.snapshot.tokens().find(|one| one.id == id);
    let token = token.ok_or_else(|| PageError::no_such("token"))?;
    let whose = page.name(&token.person);
    let title = format!("Revoke the token “{}” of {whose}", token.name);
    visitor.show(&ConfirmPage {
        page: PageContext { title, ..page },
        words: REVOKED,
        button: "Revoke this token",
        back: "administration/access".to_owned(),
    })
}

/// Revokes a token.
#[post("/administration/tokens/{id}/revoke")]
pub async fn revoke_token(visitor: SignedIn, id: web::Path<String>, _form: Form) -> Answer {
    access::administrator(&visitor.actor)?;
    let id: TokenId = id.parse().map_err(|_| PageError::no_such("token"))?;
    visitor
        .change(move |uow, _| tokens::revoke(uow, id))
        .await?;
    Ok(visitor.redirect_with_flash("administration/access", "That token is revoked."))
}
