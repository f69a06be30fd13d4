//! Home tabs: who has opened theirs, and whose is to be shown anew.
//!
//! What a home shows is not stored: whoever draws it reads what is true then, so the last one wins and any number of changes cost one
//! drawing. Marked when somebody opens it and, in the transaction that notes a delivery, when something of theirs was told. So a home is
//! as durable as the outbox, and commits know nothing of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jit_core::id::PersonId;
use sea_orm::{ConnectionTrait, DbErr};

use crate::clock::{instant, micros};
use crate::error::{Doing, StoreError};
use crate::events::version;
use crate::wakeups::Ring;
use crate::{Store, sql};

/// A home to draw now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueHome {
    /// Whose.
    pub person: PersonId,
    /// How often it was marked, when it was leased: a later mark means drawing it once more.
    marks: u64,
    /// How often it was tried since it was drawn last, this time included.
    pub attempts: u32,
}

/// Something of theirs was told; people who never opened their home have none.
pub(crate) async fn touch<C: ConnectionTrait>(db: &C, person: &PersonId, now_us: i64) -> Result<bool, DbErr> {
    let update = "UPDATE homes SET due_us = $2, marks = marks + 1 WHERE person = $1";
    Ok(sql::execute(db, update, vec![person.as_str().into(), now_us.into()]).await? > 0)
}

impl Store {
    /// Somebody looks at their home.
    pub async fn open_home(&self, person: &PersonId) -> Result<(), StoreError> {
        let upsert = "INSERT INTO homes (person, due_us) VALUES ($1, $2)
                      ON CONFLICT (person) DO UPDATE SET due_us = excluded.due_us, marks = homes.marks + 1";
        let values = vec![person.as_str().into(), micros(self.now()).into()];
        sql::execute(&self.db().writer, upsert, values).await.doing("open a home")?;
        self.ring(Ring { homes: true, ..Ring::default() });
        Ok(())
    }

    /// Leases homes that are to be drawn, those that wait longest first; each belongs to one worker, so that an older drawing never
    /// comes after a newer one.
    pub async fn lease_homes(&self, max: u32, lease: Duration) -> Result<Vec<DueHome>, StoreError> {
        const DOING: &str = "lease homes";
        let now = self.now();
        let update = format!(
            "UPDATE homes SET lease_us = $1, attempts = attempts + 1 WHERE person IN (
                SELECT person FROM homes WHERE due_us <= $2 AND lease_us <= $2 ORDER BY due_us LIMIT $3 {})
             RETURNING person, marks, attempts",
            sql::skip_locked(self.db().backend)
        );
        let values = vec![micros(now + lease).into(), micros(now).into(), i64::from(max).into()];
        let rows = sql::query(&self.db().writer, &update, values).await.doing(DOING)?;
        let read = |row: &sea_orm::QueryResult| -> Result<_, DbErr> {
            Ok(DueHome {
                person: PersonId::new(row.try_get::<String>("", "person")?),
                marks: u64::try_from(row.try_get::<i64>("", "marks")?).unwrap_or(0),
                attempts: u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX),
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().doing(DOING)
    }

    /// It was drawn. What has changed since it was leased stays due.
    pub async fn home_drawn(&self, home: &DueHome) -> Result<(), StoreError> {
        let update =
            "UPDATE homes SET lease_us = 0, attempts = 0, due_us = CASE WHEN marks = $2 THEN NULL ELSE due_us END
                      WHERE person = $1";
        let values = vec![home.person.as_str().into(), version(home.marks).into()];
        sql::execute(&self.db().writer, update, values).await.map(drop).doing("note that a home was drawn")?;
        self.ring(Ring { homes: true, ..Ring::default() });
        Ok(())
    }

    /// It was not; it is tried again then.
    pub async fn retry_home(&self, home: &DueHome, at: DateTime<Utc>) -> Result<(), StoreError> {
        let update = "UPDATE homes SET lease_us = 0, due_us = $2 WHERE person = $1";
        let values = vec![home.person.as_str().into(), micros(at).into()];
        sql::execute(&self.db().writer, update, values).await.map(drop).doing("put a home back")
    }

    /// It can never be drawn as things are; it comes back when they open it again.
    pub async fn forget_home(&self, person: &PersonId) -> Result<(), StoreError> {
        let delete = "DELETE FROM homes WHERE person = $1";
        sql::execute(&self.db().writer, delete, vec![person.as_str().into()]).await.map(drop).doing("forget a home")
    }

    /// When the next home may be drawn (leased ones: when their lease ends); `None`: all are as they should be.
    pub async fn next_home(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const DOING: &str = "look for the next home";
        let select = "SELECT min(CASE WHEN lease_us > due_us THEN lease_us ELSE due_us END) AS next_us FROM homes
                      WHERE due_us IS NOT NULL";
        let row = sql::one(&self.db().reader, select, vec![]).await.doing(DOING)?;
        let next: Option<Option<i64>> = row.map(|row| row.try_get("", "next_us")).transpose().doing(DOING)?;
        Ok(next.flatten().map(instant))
    }
}
