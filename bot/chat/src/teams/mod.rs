//! Microsoft Teams: what it sends, believed and decoded; what we say, rendered as Adaptive Cards and dialogs.
//!
//! [`verify`] says whether a request comes from the Bot Framework's connector, [`decode`] what somebody did. [`render`] turns cards into messages, [`dialog`] forms into
//! dialogs; [`actions`] is what their buttons carry, both ways. Nothing here knows a rule or a word of the product.

pub mod actions;
mod buttons;
pub mod decode;
pub mod dialog;
pub mod keys;
pub mod limits;
mod lines;
pub mod opener;
pub mod reference;
pub mod render;
mod room;
mod rsa;
pub mod text;
pub mod verify;
