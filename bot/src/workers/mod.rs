//! The workers: each leases what is to be done, does it, and reports back as ordinary commands. They choose nothing.
//!
//! Every worker sweeps at least once a second, whatever bells were lost; each can be killed between any two steps and started again.

mod absences;
mod children;
mod digest;
mod exceptions;
mod gauges;
mod homes;
mod leavers;
pub mod outbox;
mod presence;
pub mod reconcile;
mod reload;
mod ties;
mod timers;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The longest that a lost bell can delay anything. Source: design, "a sweep of SQL at least every second always runs".
pub(crate) const SWEEP: Duration = Duration::from_secs(1);

/// Starts all of them; they end after the token is cancelled, having finished what they had begun.
pub fn start(app: &App, stop: &CancellationToken) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(presence::run(app.clone(), stop.clone()));
    workers.spawn(timers::run(app.clone(), stop.clone()));
    workers.spawn(children::run(app.clone(), stop.clone()));
    workers.spawn(exceptions::run(app.clone(), stop.clone()));
    workers.spawn(digest::run(app.clone(), stop.clone()));
    workers.spawn(absences::run(app.clone(), stop.clone()));
    workers.spawn(leavers::run(app.clone(), stop.clone()));
    workers.spawn(reconcile::run(app.clone(), stop.clone()));
    outbox::start(app, stop, &mut workers);
    workers.spawn(homes::run(app.clone(), stop.clone()));
    workers.spawn(gauges::run(app.clone(), stop.clone()));
    workers.spawn(reload::run(app.clone(), stop.clone()));
    workers.spawn(crate::oncall::worker::run(app.clone(), stop.clone()));
    workers.spawn(crate::tickets::screening::run(app.clone(), stop.clone()));
    workers.spawn(ties::run(app.clone(), stop.clone()));
    workers.spawn(crate::slack::socket::run(app.clone(), stop.clone()));
    workers
}

/// Starts those that take access back and tell of it, for `jit revoke-all`: beside the service, or while it is down.
pub fn start_revoking(app: &App, stop: &CancellationToken) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(presence::run(app.clone(), stop.clone()));
    workers.spawn(children::run(app.clone(), stop.clone()));
    workers.spawn(reconcile::run(app.clone(), stop.clone()));
    outbox::start(app, stop, &mut workers);
    workers
}

/// Waits for a bell, the sweep, or the end; `false` at the end.
pub(crate) async fn rest(bell: &tokio::sync::Notify, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = bell.notified() => true,
        () = tokio::time::sleep(SWEEP) => true,
    }
}
