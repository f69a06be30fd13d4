//! Connectors: how access is given and taken back in real systems.
//!
//! [`contract`] is what each keeps, [`testkit`] proves it, [`registry`] builds them from the configuration. Nothing here decides
//! anything: `jit_core::reconcile` does.

pub mod contract;
mod durable;
pub mod fake;
mod machine;
pub mod postgres;
pub mod registry;
mod secret;
pub mod ssh_ca;
pub mod sudoers;
mod target;
pub mod testkit;
