//! Microsoft Teams: what it sends, believed and decoded; what we say, rendered as Adaptive Cards and dialogs, posted and edited.
//!
//! [`verify`] says whether a request comes from the Bot Framework's connector, [`decode`] what somebody did. [`render`] turns cards into
//! messages, [`dialog`] forms into dialogs; [`actions`] is what their buttons carry, both ways. [`api`] speaks to the connector, [`deliver`] is
//! the outbox worker's way there, and [`mod@reference`] is where one can speak; [`manifest`] is the app package. Nothing here knows a rule or a word of the product.

pub mod actions;
pub mod api;
pub mod assertion;
mod buttons;
pub mod decode;
pub mod deliver;
pub mod dialog;
pub mod keys;
pub mod limits;
mod lines;
pub mod manifest;
pub mod opener;
pub mod reference;
pub mod render;
mod room;
mod rsa;
pub mod samples;
pub mod text;
pub mod token;
pub mod verify;
