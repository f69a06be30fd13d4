//! The command line as its users meet it: the built `jit`, a configuration on disk, a playground for Slack in this process. What is
//! held is read from the targets, never from what a command says.

#![expect(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod configuration;
mod demo;
mod doctor;
mod doctor_teams;
mod freeze;
mod manifest;
mod operators;
mod policy;
mod policy_replay;
mod policy_test;
mod program;
mod refused_files;
mod revoke_all;
mod shutdown;
mod site;

use std::time::Duration;

/// How long a condition is waited for in real time before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
