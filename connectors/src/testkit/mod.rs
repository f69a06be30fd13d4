//! The conformance kit: proves of a connector what the contract demands and what its capabilities declare, against the real system.
//! Called by tests, with a [`Subject`] for each system; a connector that breaks its word in one point fails by that point's name.
//!
//! What is believed is what the subject's probes see: whether access works, whether a session lives. The connector's own word is only
//! compared with that.

mod checks;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};
use jit_core::id::AccessId;
use secrecy::SecretString;

use crate::contract::{Attempt, Connector, ConnectorError, Ended, Granted};

/// A real system to prove a connector against, and the probes that tell the truth about it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A new connector to the system, as after a restart of the service.
    async fn connect(&self) -> Arc<dyn Connector>;

    /// The same kind of connector, configured for a system that is not reached.
    async fn unreachable(&self) -> Arc<dyn Connector>;

    /// An entitlement that nobody holds: a new account, or a new instance where the connector makes something once per access. All
    /// have one target, but for what differs from person to person.
    async fn entitlement(&self) -> Entitlement;

    /// The target as a policy names it, for `holders`.
    fn target(&self) -> Target;

    /// Whether access works now, tried for real; with what was handed over, where there was something.
    async fn works(&self, e: &Entitlement, with: Option<&Handover>) -> bool;

    /// Whether one signs in with this secret and nothing else now. Called only where accounts are made.
    async fn signs_in(&self, _e: &Entitlement, _secret: &SecretString) -> bool {
        false
    }

    /// Opens a session that uses the access, and goes on using it.
    async fn elevated_session(&self, e: &Entitlement, with: Option<&Handover>) -> Box<dyn Session>;

    /// Opens a session that must survive the end of the access.
    async fn other_session(&self, e: &Entitlement) -> Box<dyn Session>;

    /// Gives it as an administrator would, past the connector. Called only where standing access is possible.
    async fn give_behind(&self, e: &Entitlement);

    /// Takes that again.
    async fn take_behind(&self, e: &Entitlement);

    /// Targets that the connector must refuse.
    fn bad_targets(&self) -> Vec<Target>;

    /// Texts that no error may hold.
    fn secrets(&self) -> Vec<String>;

    /// The system's time.
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    /// Returns when the system's time has come.
    async fn wait_until(&self, then: DateTime<Utc>) {
        tokio::time::sleep((then - Utc::now()).to_std().unwrap_or_default()).await;
    }
}

/// An open session.
#[async_trait]
pub trait Session: Send {
    /// Whether it can still do now what it was opened for, tried for real.
    async fn works(&mut self) -> bool;
}

/// A broken word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check that found it.
    pub check: &'static str,
    /// What was found.
    pub what: String,
}

/// Proves everything. The names of the checks that were made, or every word that was broken.
pub async fn conformance(subject: &dyn Subject) -> Result<Vec<&'static str>, Vec<Violation>> {
    let connector = subject.connect().await;
    let kit = Kit { subject, can: connector.capabilities(), connector };
    let (mut made, mut broken) = (Vec::new(), Vec::new());
    for (check, applies, run) in checks::ALL {
        if !applies(kit.can) {
            continue;
        }
        match run(&kit).await {
            Ok(()) => made.push(*check),
            Err(what) => broken.push(Violation { check, what }),
        }
    }
    if broken.is_empty() { Ok(made) } else { Err(broken) }
}

/// What a check is: its name, for which capabilities it is made, and the check itself.
type Check = (&'static str, fn(Capabilities) -> bool, for<'k> fn(&'k Kit<'k>) -> Outcome<'k>);
type Outcome<'k> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'k>>;

/// How long a call may take.
const CALL: TimeDelta = TimeDelta::seconds(10);

/// How often a call that may pass is tried.
const TRIES: usize = 8;

/// One run.
struct Kit<'s> {
    subject: &'s dyn Subject,
    can: Capabilities,
    connector: Arc<dyn Connector>,
}

/// An entitlement and all that was ever handed over for it.
struct Case {
    e: Entitlement,
    handed: Vec<Handover>,
}

impl Kit<'_> {
    async fn case(&self) -> Case {
        Case { e: self.subject.entitlement().await, handed: Vec::new() }
    }

    fn attempt(&self) -> Attempt {
        self.attempt_until(self.subject.now() + CALL)
    }

    fn attempt_until(&self, deadline: DateTime<Utc>) -> Attempt {
        Attempt { access: AccessId(Default::default()), generation: 1, deadline }
    }

    /// An end so far away, in whole seconds, as targets know them.
    fn end(&self, away: TimeDelta) -> DateTime<Utc> {
        (self.subject.now() + away).trunc_subsecs(0)
    }

    async fn grant(&self, case: &mut Case, until: DateTime<Utc>) -> Result<Granted, String> {
        let e = &case.e;
        let granted = patiently("grant", || async { self.connector.grant(e, until, &self.attempt()).await }).await?;
        for handover in granted.handover.iter().filter(|handover| !case.handed.contains(handover)).collect::<Vec<_>>() {
            case.handed.push(handover.clone());
        }
        Ok(granted)
    }

    async fn revoke(&self, case: &Case) -> Result<(), String> {
        patiently("revoke", || async { self.connector.revoke(&case.e, &self.attempt()).await }).await
    }

    async fn end_sessions(&self, case: &Case) -> Result<Ended, String> {
        patiently("end_sessions", || async { self.connector.end_sessions(&case.e, &self.attempt()).await }).await
    }

    async fn inspect(&self, case: &Case) -> Result<Holding, String> {
        patiently("inspect", || self.connector.inspect(&case.e)).await
    }

    /// Whether anything that was ever handed over still works.
    async fn works(&self, case: &Case) -> bool {
        if case.handed.is_empty() {
            return self.subject.works(&case.e, None).await;
        }
        for handover in &case.handed {
            if self.subject.works(&case.e, Some(handover)).await {
                return true;
            }
        }
        false
    }

    /// That it works, and that an inspection says so, with the end that the target ought to know.
    async fn holds(&self, case: &Case, until: DateTime<Utc>) -> Result<(), String> {
        ensure(self.works(case).await, "granted, and it does not work")?;
        match self.inspect(case).await? {
            Holding::Gone => Err("it works, and an inspection says gone".to_owned()),
            Holding::Held { native_until, .. } => {
                let expected = self.can.native_expiry.then_some(until);
                ensure(native_until == expected, &format!("the target's end is {native_until:?}, not {expected:?}"))
            }
        }
    }

    /// That it does not work, and that an inspection says gone.
    async fn is_gone(&self, case: &Case) -> Result<(), String> {
        ensure(!self.works(case).await, "taken back, and it still works")?;
        let holding = self.inspect(case).await?;
        ensure(holding == Holding::Gone, &format!("taken back, and an inspection says {holding:?}"))
    }
}

/// Makes a call until it succeeds: what may pass is given time to.
async fn patiently<T, F>(what: &str, call: impl Fn() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, ConnectorError>>,
{
    let mut last = String::new();
    for _ in 0..TRIES {
        let wait = match call().await {
            Ok(done) => return Ok(done),
            Err(ConnectorError::Permanent { what: why }) => return Err(format!("{what} fails for good: {why}")),
            Err(ConnectorError::Retry { what: why, after }) => {
                last = why;
                after.unwrap_or(Duration::from_millis(20))
            }
        };
        tokio::time::sleep(wait).await;
    }
    Err(format!("{what} fails again and again: {last}"))
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
