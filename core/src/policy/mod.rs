//! Policy: who may have which role, for how long, and who must agree.
//!
//! [`model`] is what a loaded policy is, [`parse`] reads it from TOML with positions, [`check`] proves what must hold before it is
//! loaded, [`evaluate`] judges one request, [`explain`] words why.

pub mod model;

pub use model::*;
