//! The conformance kit against the real systems, and what each system has taught beyond the contract. A file per system.

#![expect(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod postgres;
mod shell;
mod ssh;
mod sudo;

use chrono::{TimeDelta, Utc};
use jit_connectors::contract::Attempt;
use jit_connectors::testkit::{Subject, conformance};
use jit_core::entitlement::Target;
use jit_core::id::AccessId;
use uuid::Uuid;

/// Runs the kit; every broken word in one message.
async fn conforms(subject: &dyn Subject, checks: usize) {
    match conformance(subject).await {
        Ok(made) => assert_eq!(made.len(), checks, "{made:#?}"),
        Err(broken) => panic!("{broken:#?}"),
    }
}

fn target(value: serde_json::Value) -> Target {
    serde_json::from_value(value).unwrap()
}

/// An attempt with so much time.
fn within(time: TimeDelta) -> Attempt {
    Attempt { access: AccessId(Uuid::now_v7()), generation: 1, deadline: Utc::now() + time }
}

fn attempt() -> Attempt {
    within(TimeDelta::seconds(10))
}
