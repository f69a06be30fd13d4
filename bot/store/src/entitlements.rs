//! Entitlements: the unit of reconciliation, leased to one worker at a time.
//!
//! A row is the write-ahead: it is enough by itself to revoke. Its lease carries a generation, which fences late writes. Marking
//! (a wish to look again) never waits for the lease: it counts, and a release that has seen fewer marks leaves the row due.
//!
//! What the account held before us (`baseline`) is set once, before the first grant, and kept until the last access of the
//! entitlement has closed. So "no baseline" always means "nothing of ours may be there": never call a connector's `grant` before
//! [`Store::set_baseline`] has said yes.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use jit_core::access::Access;
use jit_core::entitlement::{Baseline, Entitlement, EntitlementKey, Target};
use jit_core::id::{AccountName, ConnectorName};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use crate::clock::{instant, micros};
use crate::error::{Doing, StoreError};
use crate::{Store, load, rows, sql};

/// An entitlement to reconcile now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedEntitlement {
    /// What it is.
    pub entitlement: Entitlement,
    /// Its key.
    pub key: EntitlementKey,
    /// Counts leases; every write of this worker must carry it.
    pub generation: u64,
    /// When the lease ends: attempts must end before.
    pub lease_until: DateTime<Utc>,
    /// Until then a call of an earlier owner, who ended in the middle of it or whose lease ran out under way (it was held up, or the
    /// clock leapt), may still take effect: what is found gone before may come back. In the past nearly always.
    pub quiet_at: DateTime<Utc>,
    /// What was there before us; `None`: not recorded, and nothing of ours is there.
    pub baseline: Option<Baseline>,
    /// Failures in a row.
    pub failures: u32,
    /// Every access of it that is elevating, active or being revoked.
    pub accesses: Vec<Access>,
}

/// How many entitlements a worker takes at once, so that a connector that hangs keeps none from the others.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// In all.
    pub max: u32,
    /// Of any one connector.
    pub each: u32,
    /// None of these connectors.
    pub without: &'a [ConnectorName],
}

/// How a worker leaves an entitlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// When to look again by itself; a mark made meanwhile brings it back at once.
    pub next_due: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// The latest error, without secrets.
    pub error: Option<String>,
}

/// Writes the write-ahead and wishes for a look at it, in the commit's transaction.
pub(crate) async fn mark<C: ConnectionTrait>(db: &C, entitlement: &Entitlement, now_us: i64) -> Result<(), StoreError> {
    let upsert = "INSERT INTO entitlements (key, connector, account, target, instance, due_us)
                  VALUES ($1, $2, $3, $4, $5, $6)
                  ON CONFLICT (key) DO UPDATE SET due_us = excluded.due_us, marks = entitlements.marks + 1";
    let values = vec![
        entitlement.key().0.into(),
        entitlement.connector.as_str().into(),
        entitlement.account.as_str().into(),
        rows::document(&entitlement.target, "a target")?.into(),
        entitlement.instance.map(|id| id.to_string()).into(),
        now_us.into(),
    ];
    sql::execute(db, upsert, values).await.map(drop).doing("mark an entitlement")
}

/// After the last access of it has closed, what was there before us is no longer known. The row is locked first, so that an
/// elevation that is just being committed is either seen here or starts without a baseline.
pub(crate) async fn forget_baseline<C: ConnectionTrait>(db: &C, key: &EntitlementKey) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        let lock = "SELECT key FROM entitlements WHERE key = $1 FOR UPDATE";
        sql::query(db, lock, vec![key.0.as_str().into()]).await?;
    }
    let update = "UPDATE entitlements SET baseline = NULL WHERE key = $1 AND NOT EXISTS (
                  SELECT 1 FROM accesses WHERE entitlement = $1 AND state IN ('elevating', 'active', 'revoking'))";
    sql::execute(db, update, vec![key.0.as_str().into()]).await.map(drop)
}

impl Store {
    /// Leases at most `max` entitlements that are due, longest due first.
    pub async fn lease_entitlements(
        &self,
        max: u32,
        owner: &str,
        lease: Duration,
    ) -> Result<Vec<LeasedEntitlement>, StoreError> {
        self.lease_share(Share { max, each: max, without: &[] }, owner, lease).await
    }

    /// Leases entitlements that are due, longest due first, within a share.
    pub async fn lease_share(
        &self,
        share: Share<'_>,
        owner: &str,
        lease: Duration,
    ) -> Result<Vec<LeasedEntitlement>, StoreError> {
        const DOING: &str = "lease entitlements";
        let now = self.now();
        let until = now + lease;
        let without = match share.without.len() {
            0 => String::new(),
            n => format!("AND connector NOT IN ({})", sql::list(6, n)),
        };
        let update = format!(
            "UPDATE entitlements SET lease_owner = $1, lease_us = $2, generation = generation + 1, leased_marks = marks,
             quiet_us = CASE WHEN lease_owner IS NULL OR quiet_us > $2 THEN quiet_us ELSE $2 END
             WHERE key IN (SELECT key FROM entitlements WHERE due_us <= $3 AND lease_us <= $3 AND key IN (
                               SELECT key FROM (
                                   SELECT key, row_number() OVER (PARTITION BY connector ORDER BY due_us) AS place
                                   FROM entitlements WHERE due_us <= $3 AND lease_us <= $3 {without}) AS ranked
                               WHERE place <= $5)
                           ORDER BY due_us LIMIT $4 {})
             RETURNING key, connector, account, target, instance, generation, baseline, failures, quiet_us",
            sql::skip_locked(self.db().backend)
        );
        let mut values = vec![owner.into(), micros(until).into(), micros(now).into()];
        values.extend([i64::from(share.max).into(), i64::from(share.each).into()]);
        values.extend(share.without.iter().map(|connector| connector.as_str().into()));
        let rows = sql::query(&self.db().writer, &update, values).await.doing(DOING)?;
        let mut leased: Vec<_> = rows.iter().filter_map(|row| readable(row, until)).collect();
        // Read after the lease: what is committed later marks the row again.
        let mut accesses = self.unsettled(&leased).await?;
        // What cannot be read stays leased, and comes again when that is over: it must not keep the others from being taken back.
        leased.retain(|entry| accesses.contains_key(&entry.key));
        for entry in &mut leased {
            entry.accesses = accesses.remove(&entry.key).unwrap_or_default();
        }
        Ok(leased)
    }

    /// Records what was there before our first grant; or, where standing access was since found gone, that what is given from now on is
    /// ours. What is ours never becomes standing. `false`: the lease is over or the baseline stands; do not grant.
    pub async fn set_baseline(&self, leased: &LeasedEntitlement, baseline: Baseline) -> Result<bool, StoreError> {
        let update = "UPDATE entitlements SET baseline = $4
                      WHERE key = $1 AND generation = $2 AND lease_us > $3
                      AND (baseline IS NULL OR (baseline = 'standing' AND $4 = 'absent'))";
        let text = match baseline {
            Baseline::Absent => "absent",
            Baseline::Standing => "standing",
        };
        let values = vec![
            leased.key.0.as_str().into(),
            crate::events::version(leased.generation).into(),
            micros(self.now()).into(),
            text.into(),
        ];
        Ok(sql::execute(&self.db().writer, update, values).await.doing("record a baseline")? == 1)
    }

    /// Whether the lease is still this worker's.
    pub async fn still_leased(&self, leased: &LeasedEntitlement) -> Result<bool, StoreError> {
        let select = "SELECT 1 AS one FROM entitlements WHERE key = $1 AND generation = $2 AND lease_us > $3";
        let generation = crate::events::version(leased.generation);
        let values = vec![leased.key.0.as_str().into(), generation.into(), micros(self.now()).into()];
        Ok(sql::one(&self.db().reader, select, values).await.doing("check a lease")?.is_some())
    }

    /// Goes on with a lease for this long from now; until when. `None`: it is over and may be another's; call no connector.
    pub async fn renew(
        &self,
        leased: &LeasedEntitlement,
        lease: Duration,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let now = self.now();
        let until = now + lease;
        let update = "UPDATE entitlements SET lease_us = $4 WHERE key = $1 AND generation = $2 AND lease_us > $3";
        let generation = crate::events::version(leased.generation);
        let values = vec![leased.key.0.as_str().into(), generation.into(), micros(now).into(), micros(until).into()];
        let renewed = sql::execute(&self.db().writer, update, values).await.doing("renew a lease")? == 1;
        Ok(renewed.then_some(until))
    }

    /// Gives the lease back. `false`: another worker has taken it since; nothing was written.
    pub async fn release(&self, leased: &LeasedEntitlement, release: &Release) -> Result<bool, StoreError> {
        let update = "UPDATE entitlements SET lease_owner = NULL, lease_us = 0, failures = $3, last_error = $4,
                      due_us = CASE WHEN marks = leased_marks THEN $5 ELSE $6 END
                      WHERE key = $1 AND generation = $2";
        let values = vec![
            leased.key.0.as_str().into(),
            crate::events::version(leased.generation).into(),
            i64::from(release.failures).into(),
            release.error.clone().into(),
            release.next_due.map(micros).into(),
            micros(self.now()).into(),
        ];
        let released = sql::execute(&self.db().writer, update, values).await.doing("release an entitlement")? == 1;
        if released {
            self.ring(crate::wakeups::Ring { entitlements: true, ..Default::default() });
        }
        Ok(released)
    }

    /// Wishes for a look at an entitlement outside a commit (drift repair, `doctor`).
    pub async fn mark_entitlement(&self, entitlement: &Entitlement) -> Result<(), StoreError> {
        mark(&self.db().writer, entitlement, micros(self.now())).await?;
        self.ring(crate::wakeups::Ring { entitlements: true, ..Default::default() });
        Ok(())
    }

    /// When the next entitlement is due, leased ones when their lease ends; `None`: nothing waits.
    pub async fn next_entitlement(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const DOING: &str = "look for the next entitlement";
        let select = "SELECT min(CASE WHEN lease_us > due_us THEN lease_us ELSE due_us END) AS next_us
                      FROM entitlements WHERE due_us IS NOT NULL";
        let row = sql::one(&self.db().reader, select, vec![]).await.doing(DOING)?;
        let next: Option<Option<i64>> = row.map(|row| row.try_get("", "next_us")).transpose().doing(DOING)?;
        Ok(next.flatten().map(instant))
    }

    /// The unsettled accesses of leased entitlements, by key; those that cannot be read are left out.
    async fn unsettled(&self, of: &[LeasedEntitlement]) -> Result<HashMap<EntitlementKey, Vec<Access>>, StoreError> {
        let mut by_key: HashMap<EntitlementKey, Vec<Access>> = HashMap::with_capacity(of.len());
        for chunk in of.chunks(sql::CHUNK) {
            match self.unsettled_of(chunk).await {
                Ok(accesses) => add(&mut by_key, chunk, accesses),
                Err(StoreError::Corrupt { .. }) => {
                    for one in chunk.chunks(1) {
                        match self.unsettled_of(one).await {
                            Ok(accesses) => add(&mut by_key, one, accesses),
                            Err(error @ StoreError::Corrupt { .. }) => {
                                tracing::error!(entitlement = one[0].key.0, %error, "cannot be reconciled");
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(by_key)
    }

    async fn unsettled_of(&self, of: &[LeasedEntitlement]) -> Result<Vec<Access>, StoreError> {
        let rest = format!(
            "WHERE entitlement IN ({}) AND state IN ('elevating', 'active', 'revoking') ORDER BY requested_us, id",
            sql::list(1, of.len())
        );
        let keys = of.iter().map(|entry| entry.key.0.as_str().into()).collect();
        load::accesses(&self.db().reader, &rest, keys).await
    }
}

/// Sorts accesses to their entitlements; each of these has an entry then.
fn add(by_key: &mut HashMap<EntitlementKey, Vec<Access>>, of: &[LeasedEntitlement], accesses: Vec<Access>) {
    for entry in of {
        by_key.entry(entry.key.clone()).or_default();
    }
    for access in accesses {
        by_key.entry(access.request.entitlement.key()).or_default().push(access);
    }
}

/// What cannot be read stays leased, and comes again when that is over: it must not keep the others from being taken back.
fn readable(row: &QueryResult, lease_until: DateTime<Utc>) -> Option<LeasedEntitlement> {
    let unreadable = |error: &DbErr| {
        let key = row.try_get::<String>("", "key").unwrap_or_default();
        tracing::error!(entitlement = key, %error, "cannot be read, so it cannot be reconciled");
    };
    read(row, lease_until).inspect_err(unreadable).ok()
}

fn read(row: &QueryResult, lease_until: DateTime<Utc>) -> Result<LeasedEntitlement, DbErr> {
    let target: String = row.try_get("", "target")?;
    let target: Target = serde_json::from_str(&target).map_err(|e| DbErr::Type(e.to_string()))?;
    let instance: Option<String> = row.try_get("", "instance")?;
    let baseline: Option<String> = row.try_get("", "baseline")?;
    Ok(LeasedEntitlement {
        entitlement: Entitlement {
            connector: ConnectorName::new(row.try_get::<String>("", "connector")?),
            account: AccountName::new(row.try_get::<String>("", "account")?),
            target,
            instance: instance.as_deref().map(rows::parse_id).transpose()?,
        },
        key: EntitlementKey(row.try_get("", "key")?),
        generation: u64::try_from(row.try_get::<i64>("", "generation")?).unwrap_or(0),
        lease_until,
        quiet_at: instant(row.try_get("", "quiet_us")?),
        baseline: match baseline.as_deref() {
            None => None,
            Some("absent") => Some(Baseline::Absent),
            Some("standing") => Some(Baseline::Standing),
            Some(other) => return Err(DbErr::Type(format!("`{other}` is no baseline"))),
        },
        failures: u32::try_from(row.try_get::<i64>("", "failures")?).unwrap_or(u32::MAX),
        accesses: Vec::new(),
    })
}
