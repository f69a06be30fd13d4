//! Microsoft Teams: what it sends, believed and decoded; what we say, rendered.
//!
//! [`verify`] says whether a request comes from the Bot Framework's connector. Nothing here knows a rule or a word of the product.

pub mod keys;
mod rsa;
pub mod verify;
