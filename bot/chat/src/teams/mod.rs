//! Microsoft Teams: what we say, rendered as Adaptive Cards and dialogs; what its cards carry, read back.
//!
//! [`render`] turns cards into messages, [`dialog`] forms into dialogs; [`actions`] is what their buttons carry, both ways. Nothing here
//! knows a rule or a word of the product.

pub mod actions;
mod buttons;
pub mod dialog;
pub mod limits;
mod lines;
pub mod render;
mod room;
pub mod text;
