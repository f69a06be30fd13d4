//! Bulletins and the kill switch: events about the service itself, with whom to tell, in one transaction.
//!
//! Called by the shell's `freeze` and `reload`. Freezes are few: all of them are loaded with the facts of every request and approval.

use jit_core::directory::Directory;
use jit_core::effect::Tell;
use jit_core::event::EventRecord;
use jit_core::freeze::{Freeze, Scope};
use jit_core::id::AccessId;
use sea_orm::{DatabaseTransaction, QueryResult};

use crate::clock::micros;
use crate::error::{CommitError, Doing, StoreError};
use crate::wakeups::Ring;
use crate::{Store, events, outbox, replays, rows, sql, texts};

const DOING: &str = "load what is frozen";

impl Store {
    /// What is frozen, the oldest first.
    pub async fn freezes(&self) -> Result<Vec<Freeze>, StoreError> {
        let db = &self.db().reader;
        let rows = sql::query(db, "SELECT scope, body FROM freezes", vec![]).await.doing(DOING)?;
        let unreadable = |source| StoreError::Corrupt { what: "a freeze".into(), source };
        let body = |row: &QueryResult| row.try_get::<String>("", "body");
        let bodies = rows.iter().map(body).collect::<Result<Vec<_>, _>>().doing(DOING)?;
        let documents = bodies.iter().map(|body| serde_json::from_str(body)).collect::<Result<Vec<_>, _>>();
        let mut documents = documents.map_err(unreadable)?;
        texts::hydrate(db, &mut documents).await.doing(DOING)?;
        let freezes = documents.into_iter().map(serde_json::from_value).collect::<Result<Vec<Freeze>, _>>();
        let mut freezes = freezes.map_err(unreadable)?;
        freezes.sort_by_key(|freeze| freeze.since);
        Ok(freezes)
    }

    /// Freezes, records and tells it. `false`: that scope is frozen already; nothing was done.
    pub async fn freeze(
        &self,
        freeze: &Freeze,
        record: EventRecord,
        tells: (&[Tell], &Directory),
    ) -> Result<bool, StoreError> {
        const DOING: &str = "freeze";
        let transaction = self.db().begin().await.doing(DOING)?;
        let insert = "INSERT INTO freezes (scope, body) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let values = vec![freeze.scope.key().into(), rows::document(freeze, "a freeze")?.into()];
        if sql::execute(&transaction, insert, values).await.doing(DOING)? == 0 {
            transaction.rollback().await.doing(DOING)?;
            return Ok(false);
        }
        self.announced(transaction, record, tells, Some(AccessId(freeze.id))).await?;
        Ok(true)
    }

    /// Lifts a freeze, records and tells it. `false`: it is not in force any more; nothing was done.
    pub async fn unfreeze(
        &self,
        scope: &Scope,
        record: EventRecord,
        tells: (&[Tell], &Directory),
    ) -> Result<bool, StoreError> {
        const DOING: &str = "lift a freeze";
        let transaction = self.db().begin().await.doing(DOING)?;
        let delete = "DELETE FROM freezes WHERE scope = $1";
        if sql::execute(&transaction, delete, vec![scope.key().into()]).await.doing(DOING)? == 0 {
            transaction.rollback().await.doing(DOING)?;
            return Ok(false);
        }
        self.announced(transaction, record, tells, None).await?;
        Ok(true)
    }

    /// Records an event about no access and tells of it, once per dedupe key; [`CommitError::Duplicate`] otherwise.
    pub async fn publish(
        &self,
        record: EventRecord,
        tells: (&[Tell], &Directory),
        dedupe: Option<&str>,
    ) -> Result<(), CommitError> {
        const DOING: &str = "record an event";
        let transaction = self.db().begin().await.doing(DOING)?;
        if let Some(key) = dedupe
            && !replays::take(&transaction, key, None, micros(self.now())).await.doing(DOING)?
        {
            return Err(CommitError::Duplicate { answer: replays::answer(&transaction, key).await?.flatten() });
        }
        Ok(self.announced(transaction, record, tells, None).await?)
    }

    /// Records an event about no access and tells of it, once and for all under this key. `false`: it was told before.
    pub async fn remind(
        &self,
        key: &str,
        record: EventRecord,
        tells: (&[Tell], &Directory),
    ) -> Result<bool, StoreError> {
        const DOING: &str = "remind of something";
        let transaction = self.db().begin().await.doing(DOING)?;
        let insert = "INSERT INTO reminders (key, at_us) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        if sql::execute(&transaction, insert, vec![key.into(), micros(self.now()).into()]).await.doing(DOING)? == 0 {
            transaction.rollback().await.doing(DOING)?;
            return Ok(false);
        }
        self.announced(transaction, record, tells, None).await?;
        Ok(true)
    }

    /// Notes that there was nothing to remind of under this key.
    pub async fn nothing_to_remind(&self, key: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO reminders (key, at_us) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let values = vec![key.into(), micros(self.now()).into()];
        sql::execute(&self.db().writer, insert, values).await.map(drop).doing("remind of nothing")
    }

    /// The greatest of all keys that begin so, letter by letter, of what was reminded of.
    pub async fn last_reminder(&self, begin: &str) -> Result<Option<String>, StoreError> {
        const DOING: &str = "look what was reminded of";
        let select = "SELECT MAX(key) AS last FROM reminders WHERE key LIKE $1";
        let row = sql::one(&self.db().reader, select, vec![format!("{begin}%").into()]).await.doing(DOING)?;
        Ok(row.map(|row| row.try_get("", "last")).transpose().doing(DOING)?.flatten())
    }

    /// Event and notices, and the end of the transaction. `new`: nothing was told under this key before.
    async fn announced(
        &self,
        transaction: DatabaseTransaction,
        record: EventRecord,
        (tells, directory): (&[Tell], &Directory),
        new: Option<AccessId>,
    ) -> Result<(), StoreError> {
        const DOING: &str = "record an event";
        events::append(&transaction, std::slice::from_ref(&record)).await?;
        let tells: Vec<&Tell> = tells.iter().collect();
        let new = new.into_iter().collect();
        let queued = outbox::enqueue(&transaction, (&tells, directory), &new, micros(self.now())).await?;
        transaction.commit().await.doing(DOING)?;
        self.ring(Ring::outbox(&queued));
        Ok(())
    }
}
