//! Connectors: how access is given and taken back in real systems.
//!
//! [`contract`] is what each keeps, the conformance kit proves it. Nothing here decides anything: `jit_core::reconcile` does.

pub mod contract;
