//! Chat: what is said, and the platforms that say it.
//!
//! [`cards`] words what the core tells ([`jit_core::notice`]) and answers ([`jit_core::answer`]) into a small tree, [`card`]; [`forms`] are
//! the dialogs; [`slack`] decodes what Slack sends and renders, posts and edits what it shows; [`teams`] does the same for Microsoft Teams. Nothing here decides anything.

pub mod card;
pub mod cards;
pub mod deliver;
pub mod fallback;
pub mod form;
pub mod forms;
pub mod slack;
pub mod teams;
pub mod text;
