//! The service: composition, configuration, HTTP, workers, command line.
//!
//! Doors decode what comes in and answer, by what they share, [`door`]; [`verbs`] turn words into commands; [`dispatch`] is the one path on which anything
//! changes; [`workers`] act on what was decided and report back as commands.

pub mod app;
pub mod cli;
pub mod config;
pub mod conversations;
pub mod demo;
pub mod dispatch;
pub mod door;
pub mod failpoint;
pub mod freeze;
pub mod http;
pub mod logs;
pub mod lookup;
pub mod metrics;
pub mod oncall;
pub mod service;
pub mod slack;
pub mod snapshot;
mod source_file;
pub mod teams;
pub mod tickets;
pub mod verbs;
pub mod workers;

/// Installs the one cryptography provider. First thing in `main` and in every test that opens a connection.
pub fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
