//! The contract that every connector keeps, and that the conformance kit proves.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use jit_core::id::{AccessId, AccountName};
use secrecy::SecretString;

/// One system in which access is given and taken back. Every call is idempotent: repeated, late and overlapping calls end where one
/// call would.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What this connector can do, as the conformance kit has proved.
    fn capabilities(&self) -> Capabilities;

    /// Makes the account hold the target until the given instant; where the target can expire it by itself, in the same operation.
    /// Called again with another `until`, it moves the end. Targets know whole seconds: a fraction of one is cut off.
    async fn grant(&self, e: &Entitlement, until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError>;

    /// Takes it back. What is not there is no error.
    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError>;

    /// Ends the sessions in which the entitlement still works after the revoke.
    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError>;

    /// Reads from the target whether the account holds it. A failed look-up is an error, never `Gone`.
    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError>;

    /// Everybody who holds a target now, whoever gave it.
    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError>;

    /// Sets what the holder signs in with anew, and tells it to them alone: whatever was revealed before no longer works. Only where the
    /// connector makes accounts. The secret is in nothing that is stored or logged.
    async fn reveal(&self, e: &Entitlement, _a: &Attempt) -> Result<Credentials, ConnectorError> {
        Err(ConnectorError::permanent(format!("there is nothing to reveal in `{}`", e.connector)))
    }

    /// Whether a role's target is one this connector understands: unknown keys, missing keys, impossible values.
    fn check_target(&self, target: &Target) -> Result<(), String>;

    /// Reaches the system and tells what is wrong with the configuration or our rights there, and how to mend it.
    async fn probe(&self) -> Result<(), ConnectorError>;
}

/// One try by one owner of the entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// On behalf of which access, for the target's own records.
    pub access: AccessId,
    /// Rises with every owner; targets that can fence by it do.
    pub generation: u64,
    /// Calls must have ended by then; shorter than the owner's lease.
    pub deadline: DateTime<Utc>,
}

impl Attempt {
    /// The time left for this call; none left is a failure that may pass.
    pub fn remaining(&self) -> Result<Duration, ConnectorError> {
        let left = (self.deadline - Utc::now()).to_std().unwrap_or_default();
        if left.is_zero() {
            return Err(ConnectorError::retry("the deadline of this try has passed before the call began"));
        }
        Ok(left)
    }
}

/// What a grant did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// The end that the target itself knows.
    pub native_until: Option<DateTime<Utc>>,
    /// What the holder uses it with; never a secret.
    pub handover: Option<Handover>,
}

/// What the holder of an account that was made for them signs in with. Never printed.
pub struct Credentials {
    /// Where and as whom: a label and a value each, for people.
    pub facts: Vec<(&'static str, String)>,
    /// How, in one line, without the secret.
    pub how: String,
    /// The password.
    pub secret: SecretString,
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions or processes.
    pub sessions: u32,
}

/// One holder of a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The account there.
    pub account: AccountName,
    /// Its end there, where it has one.
    pub until: Option<DateTime<Utc>>,
}

/// A call that failed. The text names the operation and its subject, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// May work later.
    #[error("{what}")]
    Retry {
        /// What failed.
        what: String,
        /// When the target asked to be left alone until.
        after: Option<Duration>,
    },
    /// Will not work until somebody mends something.
    #[error("{what}")]
    Permanent {
        /// What failed and how to mend it.
        what: String,
    },
}

impl ConnectorError {
    /// A failure that may pass.
    pub fn retry(what: impl Into<String>) -> Self {
        Self::Retry { what: what.into(), after: None }
    }

    /// A failure that stays until somebody mends something.
    pub fn permanent(what: impl Into<String>) -> Self {
        Self::Permanent { what: what.into() }
    }

    /// Whether trying again is of no use before somebody mends something.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent { .. })
    }
}
