//! Events: append-only, stored as the exact canonical bytes with their SHA-256, ready to be sealed into a log.
//!
//! `position` is unique and grows, but two transactions may commit in the other order than their positions: whoever seals asks
//! for what is not sealed yet, and never for "everything after the last one seen".

use chrono::{DateTime, Utc};
use jit_core::canonical::canonical;
use jit_core::directory::Directory;
use jit_core::event::{Actor, EventRecord};
use jit_core::id::AccessId;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::clock::micros;
use crate::error::{CommitError, Doing, StoreError};
use crate::{Store, sql, texts};

/// An event as it is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Unique, growing.
    pub position: i64,
    /// What it says, with the texts that were not erased.
    pub record: EventRecord,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub sha256: Vec<u8>,
}

/// Appends records and their texts.
pub(crate) async fn append<C: ConnectionTrait>(db: &C, records: &[EventRecord]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let mut values: Vec<sea_orm::Value> = Vec::with_capacity(records.len() * 7);
    for record in records {
        let canonical = canonical(record).map_err(|source| StoreError::Corrupt { what: "an event".into(), source })?;
        let person = match &record.actor {
            Actor::Person { id, .. } => Some(id.as_str().to_owned()),
            _ => None,
        };
        values.extend([
            record.access.map(|id| id.to_string()).into(),
            version(record.version).into(),
            micros(record.at).into(),
            record.event.kind().into(),
            person.into(),
            canonical.bytes.into(),
            canonical.sha256.to_vec().into(),
        ]);
    }
    let rows = sql::rows(records.len(), 7);
    let insert = format!("INSERT INTO events (access, version, at_us, kind, person, bytes, sha256) VALUES {rows}");
    sql::execute(db, &insert, values).await.doing("append events")?;
    texts::insert(db, records).await.doing("store texts")
}

/// Versions count events, so they fit.
pub(crate) fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl Store {
    /// Records an event about no access (a refusal, another policy), once per dedupe key; [`CommitError::Duplicate`] otherwise.
    pub async fn record(&self, record: EventRecord, dedupe: Option<&str>) -> Result<(), CommitError> {
        self.publish(record, (&[], &Directory::default()), dedupe).await
    }

    /// Everything that happened to an access, in order.
    pub async fn history(&self, access: AccessId) -> Result<Vec<StoredEvent>, StoreError> {
        let select = "SELECT position, bytes, sha256 FROM events WHERE access = $1 ORDER BY version";
        self.read_events(select, vec![access.to_string().into()]).await
    }

    /// Events from a position on, at most so many, in order of position. For exports; see the module on order.
    pub async fn events_from(&self, position: i64, max: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let select = "SELECT position, bytes, sha256 FROM events WHERE position >= $1 ORDER BY position LIMIT $2";
        self.read_events(select, vec![position.into(), i64::from(max).into()]).await
    }

    /// The latest event of a kind ([`jit_core::event::Event::kind`]) and when it was.
    pub async fn latest(&self, kind: &str) -> Result<Option<(DateTime<Utc>, EventRecord)>, StoreError> {
        let select = "SELECT position, bytes, sha256 FROM events WHERE kind = $1 ORDER BY position DESC LIMIT 1";
        let latest = self.read_events(select, vec![kind.into()]).await?.pop();
        Ok(latest.map(|event| (event.record.at, event.record)))
    }

    pub(crate) async fn read_events(
        &self,
        select: &str,
        values: Vec<sea_orm::Value>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        const DOING: &str = "load events";
        let db = &self.db().reader;
        let stored = sql::query(db, select, values).await.doing(DOING)?;
        let stored: Vec<(i64, Vec<u8>, Vec<u8>)> = stored.iter().map(columns).collect::<Result<_, _>>().doing(DOING)?;
        let unreadable = |position: i64| {
            move |source| StoreError::Corrupt { what: format!("the event at position {position}"), source }
        };
        let mut documents = Vec::with_capacity(stored.len());
        for (position, bytes, _) in &stored {
            documents.push(serde_json::from_slice(bytes).map_err(unreadable(*position))?);
        }
        texts::hydrate(db, &mut documents).await.doing(DOING)?;
        let event = |((position, bytes, sha256), document)| {
            let record = serde_json::from_value(document).map_err(unreadable(position))?;
            Ok(StoredEvent { position, record, bytes, sha256 })
        };
        stored.into_iter().zip(documents).map(event).collect()
    }
}

fn columns(row: &QueryResult) -> Result<(i64, Vec<u8>, Vec<u8>), sea_orm::DbErr> {
    Ok((row.try_get("", "position")?, row.try_get("", "bytes")?, row.try_get("", "sha256")?))
}
