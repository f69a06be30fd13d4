//! Chat: what is said, and the platforms that say it.
//!
//! [`cards`] words what the core tells ([`jit_core::notice`]) and answers ([`jit_core::answer`]) into a small tree, [`card`]; [`forms`] are
//! the dialogs; [`inbound`] is what somebody did; [`slack`] and [`teams`] decode what the platforms send, and render, post and edit what they
//! show. Nothing here decides anything.

pub mod card;
pub mod cards;
pub mod deliver;
pub mod fallback;
pub mod form;
pub mod forms;
pub mod inbound;
pub mod slack;
pub mod teams;
pub mod text;
mod wire;
