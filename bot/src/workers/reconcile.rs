//! Reconciliation: makes each target hold what the database says, and reports what an inspection proved.
//!
//! One owner at a time per entitlement, by lease and generation. `jit_core::reconcile` chooses; here it is carried out in the order
//! of the contract: grant, inspect; or revoke, end sessions, inspect. Nothing is reported that was not inspected.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jit_connectors::contract::{Attempt, Connector, ConnectorError};
use jit_core::access::{Access, Proof, State};
use jit_core::command::Command;
use jit_core::entitlement::{Baseline, Holding};
use jit_core::event::Actor;
use jit_core::id::{AccessId, ConnectorName};
use jit_core::reconcile::{Action, Desired, backoff, reconcile};
use jit_store::{LeasedEntitlement, Release, Share};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::metrics;

/// How long an owner has an entitlement to itself.
pub const LEASE: Duration = Duration::from_secs(15);
/// How long one call may take: less than the lease, so that the next owner never overlaps.
const CALL: TimeDelta = TimeDelta::seconds(10);
/// What is left of a lease when a call begins, beside the call's own time; else the lease is renewed first.
const MARGIN: TimeDelta = TimeDelta::seconds(2);
/// The longest wait for another try, whatever the target asks for: a revoke is not put off by what it would take from.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);
/// How often what was given too late is tried to be taken back.
const TAKE_BACK: u32 = 20;
/// Entitlements at once: so many that sixteen targets which hang together leave room for the others. Each is a task that mostly waits.
const AT_ONCE: usize = 512;
/// No more of a target are begun while so many of it are under way, nor are more than these taken at a time.
const PER_TARGET: u32 = 32;

/// Runs until stopped; what is under way is finished first.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut under_way = JoinSet::new();
    // A token per target; each turn at it holds a clone, which is dropped even if the turn panics.
    let mut turns: BTreeMap<ConnectorName, Arc<()>> = BTreeMap::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let busy = |turns: &Arc<()>| Arc::strong_count(turns) > PER_TARGET as usize;
        let without: Vec<_> = turns.iter().filter(|(_, turns)| busy(turns)).map(|(name, _)| name.clone()).collect();
        let max = u32::try_from(AT_ONCE.saturating_sub(under_way.len())).unwrap_or(PER_TARGET);
        let mut more = max == 0 || !without.is_empty();
        if max > 0 {
            let share = Share { max, each: PER_TARGET, without: &without };
            match app.dispatch.store.lease_share(share, &app.instance, LEASE).await {
                Ok(leased) => {
                    more |= leased.len() >= max.min(PER_TARGET) as usize;
                    for leased in leased {
                        let turn = Arc::clone(turns.entry(leased.entitlement.connector.clone()).or_default());
                        let app = app.clone();
                        under_way.spawn(async move {
                            settle(&app, leased).await;
                            drop(turn);
                        });
                    }
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "entitlements could not be leased; trying again");
                }
            }
        }
        // Where more may be due than could be taken, whoever ends makes room.
        let on = tokio::select! {
            on = super::rest(&app.dispatch.store.wakeups().entitlements, &stop) => on,
            Some(_) = under_way.join_next(), if more => true,
        };
        if !on {
            break;
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// One owner's turn, from inspection to reports; then the entitlement is given back with the time of its next turn.
pub async fn settle(app: &App, leased: LeasedEntitlement) {
    let begun = app.dispatch.store.now();
    let outcome = turn(app, &leased).await;
    let now = app.dispatch.store.now();
    let release = match &outcome {
        Ok(()) => {
            // An earlier owner ended in the middle of a call: look once more when that can no longer take effect. Whether this turn has
            // looked after that is not asked: what it began before may have ended after.
            let next_due = (leased.quiet_at > begun).then_some(leased.quiet_at);
            Release { next_due, failures: 0, error: None }
        }
        Err(error) => {
            let failures = leased.failures + 1;
            let wait = error.after().unwrap_or_else(|| backoff(failures, error.is_permanent())).min(LONGEST_WAIT);
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
    /// An extension of what was ended early is live still: it is about to be ended as well, and keeps nothing.
    doomed: bool,
}

/// What is past its end keeps nothing and is not given any more, also before its timer has said so.
fn is_live(access: &Access, now: DateTime<Utc>) -> bool {
    match &access.state {
        State::Elevating(elevating) => now < elevating.native_until,
        State::Active(active) => now < active.until,
        _ => false,
    }
}

fn wanted(accesses: &[Access], now: DateTime<Utc>) -> Wanted<'_> {
    let live = |access: &&Access| is_live(access, now) && !is_doomed(access, accesses);
    let keeper = accesses.iter().filter(live).max_by_key(|access| access.holds());
    let revoking: Vec<_> = accesses.iter().filter(|a| matches!(a.state, State::Revoking(_))).collect();
    Wanted {
        elevating: accesses.iter().filter(live).filter(|a| matches!(a.state, State::Elevating(_))).collect(),
        desired: Desired { until: keeper.and_then(Access::holds), ending: !revoking.is_empty() },
        revoking,
        keeper,
        doomed: accesses.iter().any(|access| is_live(access, now) && is_doomed(access, accesses)),
    }
}

/// Whether an access extends, at whatever remove, one of these that was ended early.
fn is_doomed(access: &Access, accesses: &[Access]) -> bool {
    let parent = |of: &Access| {
        let extends = of.request.extends.as_ref()?;
        accesses.iter().find(|access| access.id == extends.parent)
    };
    let early = |access: &Access| matches!(&access.state, State::Revoking(revoking) if !revoking.cause.is_foreseen());
    std::iter::successors(parent(access), |access| parent(access)).take(accesses.len()).any(early)
}

async fn turn(app: &App, leased: &LeasedEntitlement) -> Result<(), TurnError> {
    let wanted = wanted(&leased.accesses, app.dispatch.store.now());
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
    let until = leased.lease_until;
    let mut calls = Calls { app, leased, connector: connector.as_ref(), access: on_behalf(wanted), until };
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
            // The look may have taken long.
            let now = app.dispatch.store.now();
            if !wanted.keeper.is_some_and(|keeper| is_live(keeper, now)) {
                return Err(TurnError::NotAsTold("its time was over before it could be given"));
            }
            if baseline == Baseline::Standing {
                // What they held before is gone; what we give now is ours to take.
                remember(app, leased, Baseline::Absent).await?;
            }
            failpoint!("reconcile-before-grant");
            calls.grant(until).await?;
            failpoint!("reconcile-after-grant");
            found = calls.inspect().await?;
            if found == Holding::Gone {
                return Err(TurnError::NotAsTold("the target took the grant but does not show it"));
            }
        }
        Action::Revoke => {
            failpoint!("reconcile-before-revoke");
            calls.revoke().await?;
            failpoint!("reconcile-after-revoke");
            return end(app, &mut calls, wanted).await;
        }
        Action::EndSessions => return end(app, &mut calls, wanted).await,
        Action::LeaveStanding => return report_end(app, wanted, &Proof::RemainsStanding).await,
    }
    failpoint!("reconcile-before-report");
    report_held(app, wanted, &found).await
}

/// Ends sessions, inspects, and reports "gone" only when the inspection says so and nothing can bring it back.
async fn end(app: &App, calls: &mut Calls<'_>, wanted: &Wanted<'_>) -> Result<(), TurnError> {
    let sessions = calls.end_sessions().await?;
    failpoint!("reconcile-after-end-sessions");
    // What is found tells of the time before the answer: the look must have begun after everything of earlier owners.
    let asked = app.dispatch.store.now();
    match calls.inspect().await? {
        Holding::Gone if asked < calls.leased.quiet_at => Ok(()),
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

/// The access that calls are made for.
fn on_behalf(wanted: &Wanted<'_>) -> AccessId {
    let first = wanted.elevating.first().or(wanted.revoking.first()).copied().or(wanted.keeper);
    first.map_or(AccessId(uuid::Uuid::nil()), |access| access.id)
}

/// One turn's calls, each bounded and counted, and each within the lease.
struct Calls<'a> {
    app: &'a App,
    leased: &'a LeasedEntitlement,
    connector: &'a dyn Connector,
    access: AccessId,
    /// The lease's end.
    until: DateTime<Utc>,
}

impl Calls<'_> {
    async fn inspect(&mut self) -> Result<Holding, TurnError> {
        self.attempt().await?;
        self.call("inspect", self.connector.inspect(&self.leased.entitlement)).await
    }

    async fn grant(&mut self, until: DateTime<Utc>) -> Result<(), TurnError> {
        let attempt = self.attempt().await?;
        let given = self.call("grant", self.connector.grant(&self.leased.entitlement, until, &attempt)).await;
        let store = &self.app.dispatch.store;
        if store.still_leased(self.leased).await.map_err(anyhow::Error::from)? {
            return given.map(drop);
        }
        // The next owner's look may have come before this landed, and it may say that nothing is to be held.
        self.take_back().await;
        store.mark_entitlement(&self.leased.entitlement).await.map_err(anyhow::Error::from)?;
        Err(TurnError::NotAsTold("another owner had taken over when it was given; it was taken back"))
    }

    /// Takes what this owner gave too late. Whoever is to hold it all the same gets it again by the look that is wished for then.
    async fn take_back(&mut self) {
        for failures in 1..=TAKE_BACK {
            let deadline = self.app.dispatch.store.local_now() + CALL;
            let attempt = Attempt { access: self.access, generation: self.leased.generation, deadline };
            let revoked = self.call("revoke", self.connector.revoke(&self.leased.entitlement, &attempt)).await;
            let ended = self.connector.end_sessions(&self.leased.entitlement, &attempt);
            let ended = self.call("end-sessions", ended).await;
            let Err(error) = revoked.and(ended) else { return };
            tracing::error!(entitlement = %self.leased.entitlement.key(), %error, "given too late and not taken back; trying again");
            tokio::time::sleep(backoff(failures, error.is_permanent()).to_std().unwrap_or(LEASE)).await;
        }
    }

    async fn revoke(&mut self) -> Result<(), TurnError> {
        let attempt = self.attempt().await?;
        self.call("revoke", self.connector.revoke(&self.leased.entitlement, &attempt)).await
    }

    async fn end_sessions(&mut self) -> Result<u32, TurnError> {
        let attempt = self.attempt().await?;
        let ended = self.connector.end_sessions(&self.leased.entitlement, &attempt);
        self.call("end-sessions", ended).await.map(|ended| ended.sessions)
    }

    /// The terms of the next call. A lease that slow calls have used up is renewed first, so that a slow target gets there in the end;
    /// where it is another's by now (this process was held up for long), nothing is called: a grant that landed after the next
    /// owner's look would stay unseen.
    ///
    /// The deadline is kept by connectors on this machine, so it goes by this machine's clock.
    async fn attempt(&mut self) -> Result<Attempt, TurnError> {
        let store = &self.app.dispatch.store;
        if self.until - store.now() < CALL + MARGIN {
            let renewed = store.renew(self.leased, LEASE).await.map_err(anyhow::Error::from)?;
            self.until = renewed.ok_or(TurnError::NotAsTold("another owner has taken over"))?;
        }
        Ok(Attempt { access: self.access, generation: self.leased.generation, deadline: store.local_now() + CALL })
    }

    async fn call<T>(
        &self,
        call: &'static str,
        doing: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Result<T, TurnError> {
        let connector = self.leased.entitlement.connector.as_str();
        let bound = CALL.to_std().unwrap_or(LEASE);
        let result = tokio::time::timeout(bound, doing).await.unwrap_or_else(|_| {
            let within = bound.as_secs();
            Err(ConnectorError::retry(format!("{call} at `{connector}` did not answer within {within} s")))
        });
        let outcome = match &result {
            Ok(_) => "ok",
            Err(ConnectorError::Retry { .. }) => "retry",
            Err(ConnectorError::Permanent { .. }) => "permanent",
        };
        metrics::connector_call(connector, call, outcome);
        result.map_err(TurnError::from)
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
    if wanted.doomed {
        // Taken already; told of when the extension has ended too, whose commit brings the next look. Until then it must not look as if
        // something else kept it, nor be given again.
        return Ok(());
    }
    for access in &wanted.revoking {
        if report(app, access, Command::Settled { proof: proof.clone() }).await?
            && let State::Revoking(revoking) = &access.state
        {
            metrics::revoke_lateness(app.dispatch.store.now() - end_of(access, revoking.since));
        }
    }
    Ok(())
}

/// When it had to end: its own end when that came first, else when somebody ended it.
fn end_of(access: &Access, revoking_since: DateTime<Utc>) -> DateTime<Utc> {
    let begun =
        access.activated_at.map(|at| access.request.extends.as_ref().map_or(at, |extends| extends.from.max(at)));
    begun.map_or(revoking_since, |begun| (begun + access.duration().delta()).min(revoking_since))
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
