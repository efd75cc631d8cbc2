//! Tests of the engine as a whole: worked examples, the defects of others, properties.

mod build;
mod examples;
mod properties;
