//! The pages: what people see. A page is a handler in a file of its own, and a template of the same name in
//! `crates/web/templates/pages`. Handlers call the same services as the API, with the same [`crate::service::Actor`].
//!
//! Everything works as plain forms; `crates/web/assets/` adds comfort. Whatever changes something is a POST whose `Form`
//! refuses what does not come from a page of ours.

use dogwatch_domain as domain;
use dogwatch_http as http;
use dogwatch_service as service;
use dogwatch_service::snapshot;
use dogwatch_system::cause;

mod administration;
mod ahead;
mod assets;
mod board;
mod browser;
mod chart;
mod chat;
mod confirm;
mod duties;
mod duty_summary;
mod editor;
mod fields;
mod form;
mod form_page;
mod handovers;
mod hours;
mod incidents;
mod load;
mod me;
mod now;
mod page;
mod page_error;
mod parts;
mod person;
mod profile;
mod rotation;
mod sign_in;
mod staff;
mod swaps;
mod teams;
mod timeline_chart;
mod track;
mod visitor;
mod when;
mod zone;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::Compress;
use actix_web::web;

use browser::WebRequest;
use fields::Fields;
use form::Form;
use page::{PageContext, Section};
pub use page_error::nothing_here;
use page_error::{PageError, finish};
use visitor::SignedIn;

/// What a handler of a page answers.
type Answer = Result<actix_web::HttpResponse, PageError>;

/// Every page.
pub fn pages() -> impl HttpServiceFactory {
    web::scope("")
        .wrap_fn(finish)
        .wrap(Compress::default())
        .service(assets::serve)
        .service(ahead::show)
        .service(load::show)
        .service(load::file)
        .service(now::show)
        .service(sign_in::ask)
        .service(sign_in::mail)
        .service(sign_in::confirm)
        .service(sign_in::enter)
        .service(sign_in::leave)
        .configure(me::pages)
        // What is called `new` or `import` is nobody's id.
        .service(administration::access::show)
        .service(administration::access::end_session)
        .service(administration::access::ask_to_revoke_token)
        .service(administration::access::revoke_token)
        .service(administration::audit::show)
        .service(administration::outbox::show)
        .service(administration::outbox::retry)
        .service(staff::consent::send)
        .service(staff::deactivate::show)
        .service(staff::deactivate::send)
        .service(staff::deactivate::erase)
        .service(staff::import::show)
        .service(staff::import::send)
        .service(staff::list::show)
        .service(staff::membership::send)
        .service(staff::person::add)
        .service(staff::person::send_new)
        .service(staff::person::edit)
        .service(staff::person::send)
        .service(staff::team::add)
        .service(staff::team::send_new)
        .service(staff::team::edit)
        .service(staff::team::send)
        .service(person::show)
        .service(rotation::show)
        .service(rotation::change::ask)
        .service(rotation::change::choose)
        .service(rotation::change::make)
        .service(rotation::change::end_it)
        .service(board::show)
        .service(chat::of_rotation)
        .service(chat::of_team)
        .service(chat::put_of_rotation)
        .service(chat::put_of_team)
        .service(swaps::show)
        .service(swaps::answer)
        .service(teams::list)
        .service(teams::show)
        .service(editor::archive::show)
        .service(editor::archive::send)
        .service(editor::create::show)
        .service(editor::create::send)
        .service(editor::edit::show)
        .service(editor::edit::send)
        .service(editor::incidents::show)
        .service(editor::incidents::send)
        .service(editor::pause::show)
        .service(editor::pause::send)
        .service(editor::reminders::show)
        .service(editor::reminders::send)
        .service(editor::revision::show)
        .service(editor::revision::withdraw)
        .service(editor::settings::show)
        .service(editor::settings::send)
        .service(editor::webhooks::show)
        .service(editor::webhooks::make)
        .service(editor::webhooks::ask_to_revoke)
        .service(editor::webhooks::revoke)
        .service(handovers::list::show)
        .service(handovers::sheet::save)
        .service(handovers::sheet::show)
        .service(incidents::board::show)
        .service(incidents::declare::show)
        .service(incidents::declare::send)
        .service(incidents::past::show)
        .service(incidents::show::show)
        .service(incidents::act::raise_hand)
        .service(incidents::act::hand_over)
        .service(incidents::act::answer)
        .service(incidents::act::tell)
        .service(incidents::act::stay)
        .service(incidents::act::change)
        .service(incidents::act::tick)
        .service(incidents::act::resolve)
        .service(zone::choose)
        .service(zone::keep)
}
