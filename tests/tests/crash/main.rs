//! Crashes: the built service as a process of its own, ended at named points and at random moments, and without its Redis. What is true is
//! read at the targets, never from our own tables. Those that measure time take turns.

#![expect(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod failpoints;
mod kill;
mod names;
mod redis_loss;
mod site;

use tokio::sync::RwLock;

/// Written by each test that measures time, which then has the machine to itself; read by the others.
static TURN: RwLock<()> = RwLock::const_new(());

/// How long anything is waited for before a test fails.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
