//! Microsoft Teams: what it sends, believed and decoded; what we say, rendered, posted and edited.
//!
//! [`verify`] says whether a request comes from the Bot Framework's connector. [`api`] speaks to it, [`deliver`] is the outbox worker's way
//! there, and [`reference`] is where one can speak. Nothing here knows a rule or a word of the product.

pub mod api;
pub mod assertion;
pub mod deliver;
pub mod keys;
pub mod reference;
mod rsa;
pub mod token;
pub mod verify;
