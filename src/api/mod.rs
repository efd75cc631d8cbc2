//! `/api/v1`: requests become commands, results become JSON. What is decided is decided in the
//! services.

mod ahead;
mod audit;
mod calendars;
mod chats;
mod duties;
mod feeds;
mod handovers;
mod incidents;
pub mod openapi;
mod outbox;
mod overrides;
mod people;
mod preferences;
mod reminders;
mod reports;
mod rotations;
mod swaps;
mod teams;
mod time_off;
mod tokens;
mod wire;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::ServiceConfig;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig as Described;

/// What takes routes: the server, which does not need their descriptions (each of its threads would make them, and
/// throw megabytes away), and the document, which is made of those.
pub trait Routes {
    /// Takes a route.
    fn service(&mut self, route: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self;
}

impl Routes for ServiceConfig {
    fn service(&mut self, route: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, route)
    }
}

impl Routes for Described<'_> {
    fn service(&mut self, route: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        Self::service(self, route)
    }
}

/// Every route under `/api/v1`; those that are asked most come first.
pub fn routes(config: &mut impl Routes) {
    config
        .service(duties::of_rotation)
        .service(duties::of_all)
        .service(duties::shifts)
        .service(duties::person_shifts)
        .service(duties::candidates)
        .service(ahead::gaps)
        .service(ahead::clashes)
        .service(ahead::suggest)
        .service(reports::load)
        .service(people::create)
        .service(people::import)
        .service(people::list)
        .service(people::get)
        .service(people::change)
        .service(people::deactivate)
        .service(people::erase)
        .service(preferences::get)
        .service(preferences::set)
        .service(tokens::list)
        .service(tokens::create)
        .service(tokens::revoke)
        .service(time_off::list)
        .service(time_off::create)
        .service(time_off::cancel)
        .service(calendars::list)
        .service(calendars::create)
        .service(calendars::change)
        .service(calendars::remove)
        .service(teams::create)
        .service(teams::list)
        .service(teams::get)
        .service(teams::change)
        .service(teams::join)
        .service(teams::leave)
        .service(teams::agree)
        .service(rotations::create)
        .service(rotations::list)
        .service(rotations::get)
        .service(rotations::change)
        .service(reminders::get)
        .service(reminders::set)
        .service(rotations::revisions)
        .service(rotations::revise)
        .service(rotations::withdraw)
        .service(rotations::archive)
        .service(rotations::take_out)
        .service(overrides::create)
        .service(overrides::list)
        .service(overrides::cancel)
        .service(overrides::pause)
        .service(swaps::open)
        .service(swaps::list)
        .service(swaps::get)
        .service(swaps::accept)
        .service(swaps::decline)
        .service(swaps::withdraw)
        .service(swaps::undo)
        .service(swaps::cover_absence)
        .service(feeds::list)
        .service(feeds::create)
        .service(feeds::change)
        .service(feeds::revoke)
        .service(chats::of_team)
        .service(chats::of_rotation)
        .service(chats::put_of_team)
        .service(chats::put_of_rotation)
        .service(handovers::list)
        .service(handovers::get)
        .service(handovers::change)
        .service(incidents::declare)
        .service(incidents::list)
        .service(incidents::get)
        .service(incidents::change)
        .service(incidents::raise_hand)
        .service(incidents::hand_over)
        .service(incidents::accept)
        .service(incidents::decline)
        .service(incidents::stay)
        .service(incidents::tell)
        .service(incidents::tick)
        .service(incidents::resolve)
        .service(incidents::settings)
        .service(incidents::put_settings)
        .service(incidents::create_webhook)
        .service(incidents::webhooks)
        .service(incidents::revoke_webhook)
        .service(audit::list)
        .service(outbox::list)
        .service(outbox::retry);
}
