//! Dedupe keys: what came in is answered once; a replay gets the same answer and does nothing.
//!
//! A key is stored in the same transaction as what it brought about ([`Store::commit`]), or alone where nothing was.

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::{Store, sql};

/// How long keys are kept; platforms send again within minutes.
const KEPT: TimeDelta = TimeDelta::days(1);

/// Takes a key; `false`: it was taken before. Waits for a transaction that is just taking it.
pub(crate) async fn take<C: ConnectionTrait>(
    db: &C,
    key: &str,
    answer: Option<&Value>,
    now_us: i64,
) -> Result<bool, DbErr> {
    let insert = "INSERT INTO replays (key, answer, at_us) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING";
    let values = vec![key.into(), answer.map(Value::to_string).into(), now_us.into()];
    Ok(sql::execute(db, insert, values).await? == 1)
}

/// What was answered to a key: `None`, never seen; `Some(None)`, seen, no answer kept.
pub(crate) async fn answer<C: ConnectionTrait>(db: &C, key: &str) -> Result<Option<Option<Value>>, StoreError> {
    let row = sql::one(db, "SELECT answer FROM replays WHERE key = $1", vec![key.into()]);
    let Some(row) = row.await.doing("look up a dedupe key")? else { return Ok(None) };
    let text: Option<String> = row.try_get("", "answer").doing("look up a dedupe key")?;
    let read = |text: String| {
        serde_json::from_str(&text)
            .map_err(|source| StoreError::Corrupt { what: format!("the answer to {key}"), source })
    };
    Ok(Some(text.map(read).transpose()?))
}

impl Store {
    /// What was answered to this key before: `None` if it was never seen, `Some(None)` if no answer was kept.
    pub async fn seen(&self, key: &str) -> Result<Option<Option<Value>>, StoreError> {
        answer(&self.db().reader, key).await
    }

    /// Keeps the answer of something that committed nothing; `false` if the key was there before.
    pub async fn remember(&self, key: &str, given: Option<&Value>) -> Result<bool, StoreError> {
        take(&self.db().writer, key, given, micros(self.now())).await.doing("store a dedupe key")
    }

    /// Forgets keys of more than a day ago; how many. For a worker, now and then.
    pub async fn prune_replays(&self) -> Result<u64, StoreError> {
        let before = micros(self.now() - KEPT);
        sql::execute(&self.db().writer, "DELETE FROM replays WHERE at_us < $1", vec![before.into()])
            .await
            .doing("prune dedupe keys")
    }
}
