//! The past as it was: which events lie in a stretch of time, and what was open when it began. For `jit policy replay`. Reads only.

use chrono::{DateTime, Utc};
use jit_core::access::Access;
use jit_core::id::AccessId;
use sea_orm::{DbErr, QueryResult};

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::events::StoredEvent;
use crate::{Store, load, rows, sql};

const DOING: &str = "look into the past";

/// Positions of events, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first event at or after the instant that was asked for. Later ones may be a little older: see [`crate::StoredEvent`].
    pub first: i64,
    /// The last event there was when it was asked.
    pub last: i64,
}

/// An address with what makes every session of it one that only reads: whatever would write fails.
///
/// Source: SQLite, "URI filenames" (`mode`); PostgreSQL, "Client Connection Defaults" (`default_transaction_read_only`).
pub fn reading(url: &str) -> String {
    let only = if url.starts_with("sqlite:") { "mode=ro" } else { "options=-c%20default_transaction_read_only%3Don" };
    format!("{url}{}{only}", if url.contains('?') { '&' } else { '?' })
}

impl Store {
    /// The events from an instant until now; `None` when there were none.
    pub async fn stretch(&self, since: DateTime<Utc>) -> Result<Option<Stretch>, StoreError> {
        let select = "SELECT MIN(position) AS first, (SELECT MAX(position) FROM events) AS last
                      FROM events WHERE at_us >= $1";
        let row = sql::one(&self.db().reader, select, vec![micros(since).into()]).await.doing(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let read = |row: &QueryResult| -> Result<_, DbErr> {
            Ok((row.try_get::<Option<i64>>("", "first")?, row.try_get::<Option<i64>>("", "last")?))
        };
        let (first, last) = read(&row).doing(DOING)?;
        Ok(first.zip(last).map(|(first, last)| Stretch { first, last }))
    }

    /// What had been asked for, and was not over, right before an event; oldest first.
    pub async fn open_before(&self, position: i64) -> Result<Vec<AccessId>, StoreError> {
        // What is open now, or was closed since, and had begun.
        let select = "SELECT a.id, a.requested_us FROM accesses a
                      WHERE (a.state <> 'closed'
                             OR a.id IN (SELECT access FROM events WHERE kind = 'closed' AND position >= $1))
                        AND EXISTS (SELECT 1 FROM events b WHERE b.access = a.id AND b.version = 1 AND b.position < $1)
                      ORDER BY a.requested_us, a.id";
        let found = sql::query(&self.db().reader, select, vec![position.into()]).await.doing(DOING)?;
        found.iter().map(|row| rows::id(row, "id")).collect::<Result<_, _>>().doing(DOING)
    }

    /// What happened to these accesses before an event, in order; any number of them.
    pub async fn histories_before(&self, accesses: &[AccessId], position: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = Vec::new();
        for chunk in accesses.chunks(sql::CHUNK) {
            let select = format!(
                "SELECT position, bytes, sha256 FROM events WHERE position < $1 AND access IN ({}) ORDER BY position",
                sql::list(2, chunk.len())
            );
            let ids = chunk.iter().map(|id| id.to_string().into());
            events.extend(self.read_events(&select, std::iter::once(position.into()).chain(ids).collect()).await?);
        }
        Ok(events)
    }

    /// These accesses as they are now, in no order; those that are not there are left out.
    pub async fn accesses_of(&self, ids: &[AccessId]) -> Result<Vec<Access>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(sql::CHUNK) {
            let rest = format!("WHERE id IN ({})", sql::list(1, chunk.len()));
            let values = chunk.iter().map(|id| id.to_string().into()).collect();
            found.extend(load::accesses(&self.db().reader, &rest, values).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::reading;

    #[test]
    fn what_an_address_says_already_stays() {
        assert_eq!(reading("sqlite:///srv/jit.db"), "sqlite:///srv/jit.db?mode=ro");
        assert_eq!(reading("sqlite:///srv/jit.db?mode=rwc"), "sqlite:///srv/jit.db?mode=rwc&mode=ro");
        let only = "options=-c%20default_transaction_read_only%3Don";
        assert_eq!(reading("postgres://jit@db/jit"), format!("postgres://jit@db/jit?{only}"));
        let tls = "postgres://jit@db/jit?sslmode=require";
        assert_eq!(reading(tls), format!("{tls}&{only}"));
    }
}
