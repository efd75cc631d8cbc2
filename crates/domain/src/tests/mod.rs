//! Tests of the engine as a whole: worked examples, the defects of others, properties.

mod build;
mod digests;
mod duties;
mod examples;
mod handovers;
mod holidays;
mod incident_absences;
mod incident_properties;
mod incidents;
mod loads;
mod model;
mod pauses;
mod planned;
mod plans;
mod properties;
mod publications;
mod pure;
mod reminders;
mod rules;
mod suggestions;
mod swap_properties;
mod swaps;
mod teams;
mod zones;
