//! Counts for the metrics: a few grouped queries, run when somebody scrapes.

use std::collections::BTreeMap;

use sea_orm::DbErr;

use crate::error::{Doing, StoreError};
use crate::{Store, sql};

/// How much there is of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accesses by [`jit_core::access::Access::state_name`]; closed ones left out.
    pub accesses: BTreeMap<String, u64>,
    /// Revocations that fail.
    pub revocations_failing: u64,
    /// Notices not yet delivered.
    pub outbox_pending: u64,
    /// Notices that cannot be delivered.
    pub outbox_parked: u64,
    /// Timers set.
    pub timers: u64,
    /// Entitlements that are due, leased or waiting for another attempt.
    pub entitlements_due: u64,
}

impl Store {
    /// Counts everything that `/metrics` shows.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let select = "
            SELECT 'state' AS what, state AS name, count(*) AS n FROM accesses WHERE state <> 'closed' GROUP BY state
            UNION ALL SELECT 'failing', '', count(*) FROM accesses WHERE state = 'revoking' AND state <> 'closed' AND failing
            UNION ALL SELECT 'outbox', state, count(*) FROM outbox WHERE state IN ('queued', 'parked') GROUP BY state
            UNION ALL SELECT 'timers', '', count(*) FROM timers
            UNION ALL SELECT 'entitlements', '', count(*) FROM entitlements WHERE due_us IS NOT NULL";
        let rows = sql::query(&self.db().reader, select, vec![]).await.doing("count")?;
        let mut counts = Counts::default();
        for row in rows {
            let columns = || -> Result<(String, String, i64), DbErr> {
                Ok((row.try_get("", "what")?, row.try_get("", "name")?, row.try_get("", "n")?))
            };
            let (what, name, n) = columns().doing("count")?;
            let n = u64::try_from(n).unwrap_or(0);
            match (what.as_str(), name.as_str()) {
                ("state", _) => drop(counts.accesses.insert(name, n)),
                ("failing", _) => counts.revocations_failing = n,
                ("outbox", "parked") => counts.outbox_parked = n,
                ("outbox", _) => counts.outbox_pending = n,
                ("timers", _) => counts.timers = n,
                _ => counts.entitlements_due = n,
            }
        }
        Ok(counts)
    }

    /// How much is to be done right now: what is due and what some worker is at, seen in one instant.
    pub async fn unfinished(&self) -> Result<u64, StoreError> {
        let select = "SELECT (SELECT count(*) FROM timers WHERE lease_us > $1 OR due_us <= $1)
                      + (SELECT count(*) FROM outbox WHERE state = 'queued' AND (lease_us > $1 OR due_us <= $1 AND NOT EXISTS (
                            SELECT 1 FROM outbox AS head WHERE head.state = 'queued' AND head.platform = outbox.platform
                            AND head.recipient = outbox.recipient AND head.id < outbox.id)))
                      + (SELECT count(*) FROM homes WHERE due_us IS NOT NULL AND (lease_us > $1 OR due_us <= $1))
                      + (SELECT count(*) FROM entitlements WHERE lease_us > $1 OR due_us <= $1) AS n";
        let now = crate::clock::micros(self.now());
        let row = sql::one(&self.db().reader, select, vec![now.into()]).await.doing("count what is to be done")?;
        let count: Option<i64> = row.map(|row| row.try_get("", "n")).transpose().doing("count what is to be done")?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}
