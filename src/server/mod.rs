//! The HTTP server: its routes, what wraps every request, and the paths outside of API and pages.

pub mod connections;
pub mod feeds;
pub mod health;
pub mod links;
pub mod listen;
pub mod middleware;
pub mod routes;
pub mod webhooks;
