//! Test harness: real servers, the production wiring, journeys in a user's words.

pub mod servers;

#[cfg(test)]
mod structure;
