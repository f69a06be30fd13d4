//! Test harness: real servers, the production wiring, journeys in a user's words.

pub mod servers;
pub mod site;
pub mod world;

#[cfg(test)]
mod structure;
