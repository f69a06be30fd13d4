//! Timers in SQL: the truth. Replaced by every commit; claimed by lease, so that replicas share them.
//!
//! Called by commit, by the `Timers` facade and by the reconciler that fills Redis.

use chrono::{DateTime, Utc};
use jit_core::access::Access;
use jit_core::id::AccessId;
use jit_core::timer::{Timer, TimerKind};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::clock::{instant, micros};
use crate::error::{Doing, StoreError};
use crate::events::version;
use crate::timers::Due;
use crate::{Store, rows, sql};

const DOING: &str = "claim timers";

/// A claim's terms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease<'a> {
    pub owner: &'a str,
    pub now: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Sets an access's timers to these, in the commit's transaction.
pub(crate) async fn replace<C: ConnectionTrait>(
    db: &C,
    existed: bool,
    access: &Access,
    timers: &[Timer],
) -> Result<(), DbErr> {
    let id = access.id.to_string();
    if existed {
        sql::execute(db, "DELETE FROM timers WHERE access = $1", vec![id.as_str().into()]).await?;
    }
    if timers.is_empty() {
        return Ok(());
    }
    let value = |timer: &Timer| -> [Value; 4] {
        let (kind, due_us) = (timer.kind.as_str(), micros(timer.due_at));
        [id.as_str().into(), kind.into(), version(access.version).into(), due_us.into()]
    };
    let insert = format!("INSERT INTO timers (access, kind, generation, due_us) VALUES {}", sql::rows(timers.len(), 4));
    sql::execute(db, &insert, timers.iter().flat_map(value).collect()).await.map(drop)
}

impl Store {
    /// Claims at most `max` due timers, longest due first.
    pub(crate) async fn claim_due(&self, max: usize, lease: Lease<'_>) -> Result<Vec<Due>, StoreError> {
        let update = format!(
            "UPDATE timers SET lease_owner = $1, lease_us = $2 WHERE (access, kind) IN (
                SELECT access, kind FROM timers WHERE due_us <= $3 AND lease_us <= $3 ORDER BY due_us LIMIT $4 {})
             RETURNING access, kind, generation, due_us",
            sql::skip_locked(self.db().backend)
        );
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let values = vec![lease.owner.into(), micros(lease.until).into(), micros(lease.now).into(), max.into()];
        self.claim(&update, values).await
    }

    /// Claims those of these timers (that Redis says are due) which are indeed due and free.
    pub(crate) async fn claim_these(
        &self,
        these: &[(String, String)],
        lease: Lease<'_>,
    ) -> Result<Vec<Due>, StoreError> {
        if these.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Value> = these.iter().flat_map(|(a, k)| [a.as_str().into(), k.as_str().into()]).collect();
        let n = values.len();
        values.extend([lease.owner.into(), micros(lease.until).into(), micros(lease.now).into()]);
        let update = format!(
            "UPDATE timers SET lease_owner = ${}, lease_us = ${} WHERE (access, kind) IN (
                SELECT access, kind FROM timers WHERE due_us <= ${now} AND lease_us <= ${now}
                AND (access, kind) IN (VALUES {}) {})
             RETURNING access, kind, generation, due_us",
            n + 1,
            n + 2,
            sql::rows(these.len(), 2),
            sql::skip_locked(self.db().backend),
            now = n + 3,
        );
        self.claim(&update, values).await
    }

    async fn claim(&self, update: &str, values: Vec<Value>) -> Result<Vec<Due>, StoreError> {
        let rows = sql::query(&self.db().writer, update, values).await.doing(DOING)?;
        // What cannot be read stays leased, and comes again when that is over: it must not keep the others from firing.
        let unreadable = |error: &DbErr| tracing::error!(%error, "a timer cannot be read");
        let mut due: Vec<_> = rows.iter().filter_map(|row| read(row).inspect_err(unreadable).ok()).collect();
        due.sort_by_key(|due| (due.due_at, due.access, due.kind));
        Ok(due)
    }

    /// When the next timer is due; `None`: there is none. Leased ones come back by the sweep.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const DOING: &str = "look for the next timer";
        let select = "SELECT due_us FROM timers WHERE lease_us <= $1 ORDER BY due_us LIMIT 1";
        let row = sql::one(&self.db().reader, select, vec![micros(self.now()).into()]).await.doing(DOING)?;
        let next: Option<i64> = row.map(|row| row.try_get("", "due_us")).transpose().doing(DOING)?;
        Ok(next.map(instant))
    }

    /// A page of all timers by key, for filling Redis.
    pub(crate) async fn timers_after(&self, last: &(String, String), max: usize) -> Result<Vec<Due>, StoreError> {
        let select = "SELECT access, kind, generation, due_us FROM timers WHERE (access, kind) > ($1, $2)
                      ORDER BY access, kind LIMIT $3";
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let values = vec![last.0.as_str().into(), last.1.as_str().into(), max.into()];
        let rows = sql::query(&self.db().reader, select, values).await.doing("load timers")?;
        rows.iter().map(read).collect::<Result<_, _>>().doing("load timers")
    }
}

fn read(row: &QueryResult) -> Result<Due, DbErr> {
    let kind: String = row.try_get("", "kind")?;
    Ok(Due {
        access: rows::id(row, "access")?,
        kind: TimerKind::parse(&kind).ok_or_else(|| DbErr::Type(format!("`{kind}` is no kind of timer")))?,
        generation: u64::try_from(row.try_get::<i64>("", "generation")?).unwrap_or(0),
        due_at: instant(row.try_get("", "due_us")?),
    })
}

/// An access id as Redis and SQL hold it.
pub(crate) fn key(access: AccessId, kind: TimerKind) -> (String, String) {
    (access.to_string(), kind.as_str().to_owned())
}
