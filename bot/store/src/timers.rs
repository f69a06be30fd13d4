//! Timers: one place that waits until something is due, whether Redis is there or not.
//!
//! Called by the shell's timer worker: [`Timers::next`], then a command for each; the commit of whatever it brings about replaces the
//! timers. A crash in between costs the lease's time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use jit_core::id::AccessId;
use jit_core::timer::TimerKind;

use crate::clock::{Running, instant};
use crate::timers_sql::Lease;
use crate::{Store, StoreError, timers_redis};

/// SQL is looked through at least so often, whatever Redis says.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A timer that is due, leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub access: AccessId,
    /// Which.
    pub kind: TimerKind,
    /// The access's version when it was set; the access has moved on if it has another one now.
    pub generation: u64,
    /// When it was due.
    pub due_at: DateTime<Utc>,
}

/// Waits for due timers and claims them, for one worker.
#[derive(Debug)]
pub struct Timers {
    store: Store,
    owner: String,
    lease: Duration,
    swept: Mutex<Option<Instant>>,
}

/// What a look found.
enum Look {
    Due(Vec<Due>),
    /// Nothing; the next may be due then.
    Next(Option<DateTime<Utc>>),
}

impl Store {
    /// Timers for a worker, each leased for so long.
    pub fn timers(&self, owner: &str, lease: Duration) -> Timers {
        Timers { store: self.clone(), owner: owner.to_owned(), lease, swept: Mutex::new(None) }
    }

    /// Claims what is due now without waiting, from SQL: for tests and for a last look before stopping.
    pub async fn due_timers(&self, max: usize, owner: &str, lease: Duration) -> Result<Vec<Due>, StoreError> {
        let now = self.now();
        self.claim_due(max, Lease { owner, now, until: now + lease }).await
    }
}

impl Timers {
    /// Waits until something is due; at least one and at most `max`, or one of each of Redis' shards more. Dropping the future loses nothing: what it claimed comes back after the lease.
    pub async fn next(&self, max: usize) -> Vec<Due> {
        let mut moves = match self.store.clock() {
            Running::Virtual(clock) => Some(clock.moves()),
            Running::Local | Running::Record(_) => None,
        };
        let mut failing = false;
        loop {
            let next = match self.look(max).await {
                Ok(Look::Due(due)) => return due,
                Ok(Look::Next(next)) => {
                    failing = false;
                    next
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "timers cannot be read; trying every second");
                    }
                    None
                }
            };
            let moved = async {
                match &mut moves {
                    Some(moves) => drop(moves.changed().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(self.pause(next)) => {}
                () = self.store.wakeups().timers.notified() => {}
                () = moved => {}
            }
        }
    }

    /// How long to sleep: until the next one, a millisecond for the clock's grain, at most until the next sweep.
    fn pause(&self, next: Option<DateTime<Utc>>) -> Duration {
        let sweep = self.swept().map_or(SWEEP_EVERY, |swept| SWEEP_EVERY.saturating_sub(swept.elapsed()));
        let until = next.map(|next| (next - self.store.now()).to_std().unwrap_or_default());
        until.map_or(sweep, |until| until.min(sweep)).max(Duration::from_millis(1))
    }

    /// Redis first; SQL too when Redis is no help, and once per sweep in any case.
    async fn look(&self, max: usize) -> Result<Look, StoreError> {
        let sweep = self.swept().is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY);
        let from_redis = match self.look_in_redis(max).await? {
            Some(Look::Next(next)) if sweep => next,
            Some(found) => return Ok(found),
            None => None,
        };
        Ok(match self.look_in_sql(max).await? {
            Look::Next(from_sql) => Look::Next(from_redis.into_iter().chain(from_sql).min()),
            due => due,
        })
    }

    async fn look_in_sql(&self, max: usize) -> Result<Look, StoreError> {
        let due = self.store.claim_due(max, self.lease_from(self.store.now())).await?;
        // A full answer means that there may be more: the next look comes at once.
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = (due.len() < max).then(Instant::now);
        if !due.is_empty() {
            return Ok(Look::Due(due));
        }
        self.store.next_due().await.map(Look::Next)
    }

    /// What Redis says is due, claimed in SQL; `None`: it is away or not filled, or not configured.
    async fn look_in_redis(&self, max: usize) -> Result<Option<Look>, StoreError> {
        let Some(link) = self.store.redis().filter(|link| link.is_ready()) else { return Ok(None) };
        let lease = self.lease_from(self.store.now());
        let claimed = match timers_redis::claim(link, lease.now, lease.until, max).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::debug!(%error, "Redis did not answer; timers run from the database");
                return Ok(None);
            }
        };
        let next = claimed.next_us.map(instant);
        if claimed.members.is_empty() {
            return Ok(Some(Look::Next(next)));
        }
        let due = self.store.claim_these(&claimed.members, lease).await?;
        let stale: Vec<_> = claimed.members.into_iter().filter(|(a, k)| !is_among(&due, a, k)).collect();
        if !stale.is_empty() {
            // If this fails, they come back when the claim ends, and are found stale again.
            drop(timers_redis::acknowledge(link, &stale, lease.until).await);
        }
        Ok(Some(if due.is_empty() { Look::Next(next) } else { Look::Due(due) }))
    }

    fn lease_from(&self, now: DateTime<Utc>) -> Lease<'_> {
        Lease { owner: &self.owner, now, until: now + self.lease }
    }

    fn swept(&self) -> Option<Instant> {
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_among(due: &[Due], access: &str, kind: &str) -> bool {
    due.iter().any(|due| due.kind.as_str() == kind && due.access.to_string() == access)
}
