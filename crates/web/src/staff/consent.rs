//! Agreeing that a team sees the address and the reasons of somebody whom a manager added.

use actix_web::{post, web};

use crate::domain::ids::PersonId;
use crate::service::teams::{self, Agree};
use crate::{Answer, Form, PageContext, Section, SignedIn};

/// A team that waits for the visitor's consent.
pub struct Pending {
    /// The team's slug.
    pub slug: String,
    /// The team's name.
    pub team: String,
    /// Who added the visitor.
    pub added_by: Option<PersonId>,
}

impl Pending {
    /// The teams that wait for the consent of `me`.
    pub fn of(page: &PageContext, me: PersonId) -> Vec<Self> {
        let pending = page.snapshot.teams().filter_map(|team| {
            let added_by = team.pending(me, page.now)?;
            Some(Self {
                slug: team.slug.clone(),
                team: team.name.clone(),
                added_by,
            })
        });
        pending.collect()
    }
}

/// Agrees: for oneself, or for somebody whose details one sees already.
#[post("/teams/{slug}/agree")]
pub async fn send(visitor: SignedIn, slug: web::Path<String>, form: Form) -> Answer {
    let page = visitor.page("", Section::Teams)?;
    let person_id = form.get("person_id").to_owned();
    let is_own = person_id == visitor.id.to_string();
    let id: Option<PersonId> = person_id.parse().ok();
    let words = match id {
        Some(id) if !is_own => format!("The team sees the details of {}.", page.name(&id)),
        _ => "The team sees your details.".to_owned(),
    };
    let back = if is_own {
        String::new()
    } else {
        format!("teams/{slug}")
    };
    visitor
        .change(move |uow, _| {
            let command = Agree { person_id };
            teams::agree(uow, &slug, &command)
        })
        .await?;
    Ok(visitor.redirect_with_flash(&back, &words))
}
