//! Reconciliation: makes each target hold what the database says, and reports what an inspection proved.
//!
//! One owner at a time per entitlement, by lease and generation. `jit_core::reconcile` chooses; here it is carried out in the order
//! of the contract: grant, inspect; or revoke, end sessions, inspect. Nothing is reported that was not inspected.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use jit_connectors::contract::{Attempt, Connector, ConnectorError};
use jit_core::access::{Access, Proof, State};
use jit_core::command::Command;
use jit_core::entitlement::{Baseline, Entitlement, Holding};
use jit_core::event::Actor;
use jit_core::reconcile::{Action, Desired, backoff, reconcile};
use jit_store::{LeasedEntitlement, Release};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::metrics;

/// How long an owner has an entitlement to itself.
pub const LEASE: Duration = Duration::from_secs(15);
/// How long its calls may take: less than the lease, so that the next owner never overlaps.
const CALLS: TimeDelta = TimeDelta::seconds(10);
/// Entitlements at once.
const AT_ONCE: u32 = 32;

/// Runs until stopped; what is under way is finished first.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
        if free > 0 {
            match app.dispatch.store.lease_entitlements(free, &app.instance, LEASE).await {
                Ok(leased) => {
                    for leased in leased {
                        let (app, slots) = (app.clone(), Arc::clone(&slots));
                        under_way.spawn(async move {
                            let _slot = slots.acquire_owned().await;
                            settle(&app, leased).await;
                        });
                    }
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "entitlements could not be leased; trying again");
                }
            }
        }
        if !super::rest(&app.dispatch.store.wakeups().entitlements, &stop).await {
            break;
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// One owner's turn, from inspection to reports; then the entitlement is given back with the time of its next turn.
pub async fn settle(app: &App, leased: LeasedEntitlement) {
    let outcome = turn(app, &leased).await;
    let now = app.dispatch.store.now();
    let release = match &outcome {
        Ok(()) => {
            // An earlier owner ended in the middle of a call: look once more when that can no longer take effect.
            let next_due = (leased.quiet_at > now).then_some(leased.quiet_at);
            Release { next_due, failures: 0, error: None }
        }
        Err(error) => {
            let failures = leased.failures + 1;
            let wait = error.after().unwrap_or_else(|| backoff(failures, error.is_permanent()));
            tracing::warn!(entitlement = %leased.entitlement.key(), failures, error = %error, "a target resists; trying again");
            Release { next_due: Some(now + wait), failures, error: Some(error.to_string()) }
        }
    };
    failpoint!("reconcile-before-release");
    if let Err(error) = app.dispatch.store.release(&leased, &release).await {
        tracing::error!(entitlement = %leased.entitlement.key(), error = format!("{error:#}"), "could not be given back");
    }
}

/// What went wrong in a turn.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    #[error("the configuration has no connector `{0}`")]
    NoConnector(String),
    #[error("{0}")]
    NotAsTold(&'static str),
    #[error("{0:#}")]
    Store(#[from] anyhow::Error),
}

impl TurnError {
    fn is_permanent(&self) -> bool {
        match self {
            Self::Connector(error) => error.is_permanent(),
            Self::NoConnector(_) => true,
            Self::NotAsTold(_) | Self::Store(_) => false,
        }
    }

    fn after(&self) -> Option<TimeDelta> {
        match self {
            Self::Connector(ConnectorError::Retry { after: Some(after), .. }) => TimeDelta::from_std(*after).ok(),
            _ => None,
        }
    }
}

/// The accesses of an entitlement, by what they want of it.
struct Wanted<'a> {
    elevating: Vec<&'a Access>,
    revoking: Vec<&'a Access>,
    keeper: Option<&'a Access>,
    desired: Desired,
}

fn wanted(accesses: &[Access]) -> Wanted<'_> {
    let keeper = accesses.iter().filter(|access| access.holds().is_some()).max_by_key(|access| access.holds());
    let revoking: Vec<_> = accesses.iter().filter(|a| matches!(a.state, State::Revoking(_))).collect();
    Wanted {
        elevating: accesses.iter().filter(|a| matches!(a.state, State::Elevating(_))).collect(),
        desired: Desired { until: keeper.and_then(Access::holds), ending: !revoking.is_empty() },
        revoking,
        keeper,
    }
}

async fn turn(app: &App, leased: &LeasedEntitlement) -> Result<(), TurnError> {
    let wanted = wanted(&leased.accesses);
    if wanted.keeper.is_none() && wanted.revoking.is_empty() {
        return Ok(());
    }
    let done = carry_out(app, leased, &wanted).await;
    if let Err(error) = &done {
        report_failure(app, &wanted, error).await?;
    }
    done
}

/// Looks, acts, looks again, reports.
async fn carry_out(app: &App, leased: &LeasedEntitlement, wanted: &Wanted<'_>) -> Result<(), TurnError> {
    let e = &leased.entitlement;
    let connector = app.registry.get(&e.connector).ok_or_else(|| TurnError::NoConnector(e.connector.to_string()))?;
    let can = connector.capabilities();
    let calls =
        Calls { connector: connector.as_ref(), e, attempt: attempt(app, leased, wanted), began: Instant::now() };
    failpoint!("reconcile-before-first-inspect");
    let mut found = calls.inspect().await?;
    let baseline = match leased.baseline {
        Some(baseline) => baseline,
        None => {
            let standing = can.standing_possible && matches!(found, Holding::Held { .. });
            let baseline = if standing { Baseline::Standing } else { Baseline::Absent };
            remember(app, leased, baseline).await?;
            baseline
        }
    };
    match reconcile(wanted.desired, &found, baseline, can) {
        Action::Keep => {}
        Action::Grant { until } => {
            if baseline == Baseline::Standing {
                // What they held before is gone; what we give now is ours to take.
                remember(app, leased, Baseline::Absent).await?;
            }
            failpoint!("reconcile-before-grant");
            still_ours(app, leased).await?;
            calls.grant(until).await?;
            failpoint!("reconcile-after-grant");
            found = calls.inspect().await?;
            if found == Holding::Gone {
                return Err(TurnError::NotAsTold("the target took the grant but does not show it"));
            }
        }
        Action::Revoke => {
            failpoint!("reconcile-before-revoke");
            still_ours(app, leased).await?;
            calls.revoke().await?;
            failpoint!("reconcile-after-revoke");
            return end(app, &calls, leased, wanted).await;
        }
        Action::EndSessions => return end(app, &calls, leased, wanted).await,
        Action::LeaveStanding => return report_end(app, wanted, &Proof::RemainsStanding).await,
    }
    failpoint!("reconcile-before-report");
    report_held(app, wanted, &found).await
}

/// Ends sessions, inspects, and reports "gone" only when the inspection says so and nothing can bring it back.
async fn end(app: &App, calls: &Calls<'_>, leased: &LeasedEntitlement, wanted: &Wanted<'_>) -> Result<(), TurnError> {
    let sessions = calls.end_sessions().await?;
    failpoint!("reconcile-after-end-sessions");
    match calls.inspect().await? {
        Holding::Gone if app.dispatch.store.now() < leased.quiet_at => Ok(()),
        Holding::Gone => {
            failpoint!("reconcile-before-report");
            report_end(app, wanted, &Proof::Gone { sessions_ended: sessions }).await
        }
        Holding::Held { .. } => Err(TurnError::NotAsTold("the target took the revoke but still shows the access")),
    }
}

async fn remember(app: &App, leased: &LeasedEntitlement, baseline: Baseline) -> Result<(), TurnError> {
    if !app.dispatch.store.set_baseline(leased, baseline).await.map_err(anyhow::Error::from)? {
        return Err(TurnError::NotAsTold("another owner has taken over"));
    }
    failpoint!("reconcile-after-baseline");
    Ok(())
}

/// A process that was paused may find that another owner has taken over.
async fn still_ours(app: &App, leased: &LeasedEntitlement) -> Result<(), TurnError> {
    match app.dispatch.store.still_leased(leased).await.map_err(anyhow::Error::from)? {
        true => Ok(()),
        false => Err(TurnError::NotAsTold("another owner has taken over")),
    }
}

fn attempt(app: &App, leased: &LeasedEntitlement, wanted: &Wanted<'_>) -> Attempt {
    let first = wanted.elevating.first().or(wanted.revoking.first()).copied().or(wanted.keeper);
    Attempt {
        access: first.map_or(jit_core::id::AccessId(uuid::Uuid::nil()), |access| access.id),
        generation: leased.generation,
        deadline: app.dispatch.store.now() + CALLS,
    }
}

/// One attempt's calls, each bounded by the deadline and counted.
struct Calls<'a> {
    connector: &'a dyn Connector,
    e: &'a Entitlement,
    attempt: Attempt,
    began: Instant,
}

impl Calls<'_> {
    async fn inspect(&self) -> Result<Holding, ConnectorError> {
        self.call("inspect", self.connector.inspect(self.e)).await
    }

    async fn grant(&self, until: DateTime<Utc>) -> Result<(), ConnectorError> {
        self.call("grant", self.connector.grant(self.e, until, &self.attempt)).await.map(drop)
    }

    async fn revoke(&self) -> Result<(), ConnectorError> {
        self.call("revoke", self.connector.revoke(self.e, &self.attempt)).await
    }

    async fn end_sessions(&self) -> Result<u32, ConnectorError> {
        self.call("end-sessions", self.connector.end_sessions(self.e, &self.attempt)).await.map(|ended| ended.sessions)
    }

    async fn call<T>(
        &self,
        call: &'static str,
        doing: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Result<T, ConnectorError> {
        // All calls of a turn share its time, so that none is under way when the lease ends.
        let left = CALLS.to_std().unwrap_or(LEASE).saturating_sub(self.began.elapsed());
        let result = tokio::time::timeout(left, doing).await.unwrap_or_else(|_| {
            let (connector, seconds) = (&self.e.connector, CALLS.num_seconds());
            Err(ConnectorError::retry(format!("{call} at `{connector}` was not done within {seconds} s")))
        });
        let outcome = match &result {
            Ok(_) => "ok",
            Err(ConnectorError::Retry { .. }) => "retry",
            Err(ConnectorError::Permanent { .. }) => "permanent",
        };
        metrics::connector_call(self.e.connector.as_str(), call, outcome);
        result
    }
}

/// Verified held: the elevating ones are live, and what ends meanwhile remains under what keeps it.
async fn report_held(app: &App, wanted: &Wanted<'_>, found: &Holding) -> Result<(), TurnError> {
    let Holding::Held { native_until, handover } = found else { return Ok(()) };
    let verified_at = app.dispatch.store.now();
    for access in &wanted.elevating {
        let command = Command::Elevated { verified_at, native_until: *native_until, handover: handover.clone() };
        if report(app, access, command).await? {
            metrics::time_to_access(verified_at - access.requested_at);
        }
    }
    if let Some(keeper) = wanted.keeper {
        let proof = Proof::RemainsUnder { short: keeper.short.clone() };
        return report_end(app, wanted, &proof).await;
    }
    Ok(())
}

async fn report_end(app: &App, wanted: &Wanted<'_>, proof: &Proof) -> Result<(), TurnError> {
    for access in &wanted.revoking {
        if report(app, access, Command::Settled { proof: proof.clone() }).await?
            && let State::Revoking(revoking) = &access.state
        {
            metrics::revoke_lateness(app.dispatch.store.now() - revoking.since);
        }
    }
    Ok(())
}

async fn report_failure(app: &App, wanted: &Wanted<'_>, error: &TurnError) -> Result<(), TurnError> {
    let permanent = error.is_permanent();
    for access in &wanted.elevating {
        report(app, access, Command::ElevationFailed { error: error.to_string(), permanent }).await?;
    }
    for access in &wanted.revoking {
        report(app, access, Command::RevocationFailed { error: error.to_string() }).await?;
    }
    Ok(())
}

async fn report(app: &App, access: &Access, command: Command) -> Result<bool, TurnError> {
    match app.dispatch.act(access.id, command, &Actor::Connector, None).await {
        Ok(acted) => Ok(acted.changed),
        Err(error) => Err(TurnError::Store(anyhow::anyhow!("{error}"))),
    }
}
