//! The program as others see it: the real server, the real commands, each test with a database of its own.
//!
//! The database is SQLite, or PostgreSQL where `DOGWATCH_TEST_POSTGRES` names a server on which databases may be made.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that cannot go on fails"
)]

mod ahead;
mod bad_input;
mod browser;
mod calendars;
mod chat;
mod clocks;
mod command_line;
mod communications;
mod contract;
mod conventions;
mod delivery;
mod digests;
mod docs;
mod edge;
mod every_fault;
mod faults;
mod feeds;
mod first_start;
mod flooding;
mod handovers;
mod harness;
mod holidays;
mod incident_webhooks;
mod incidents;
mod incidents_told;
mod large_answers;
mod limits;
mod links;
mod load;
mod log;
mod mail;
mod mails;
mod memberships;
mod newer;
mod old_mails;
mod openapi;
mod outages_pg;
mod pages;
mod postgres_servers;
mod relay;
mod reminders;
mod repeats;
mod replicas;
mod rights;
mod spans;
mod storage_pg;
mod swaps;
mod time_off;
mod true_when_sent;
mod unwanted;
mod zone_data;
