//! Who is away: one row a person, with its event in one transaction. Rows of absences that are over are left until the person goes away again.

use std::collections::BTreeMap;

use chrono::DateTime;
use jit_core::directory::{Absence, Absences};
use jit_core::event::EventRecord;
use jit_core::id::PersonId;
use sea_orm::{DbErr, QueryResult};

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::{Store, events, sql};

impl Store {
    /// Who is away now.
    pub async fn absences(&self) -> Result<Absences, StoreError> {
        const DOING: &str = "load who is away";
        let select = "SELECT person, until_us, delegate FROM absences WHERE until_us > $1";
        let rows = sql::query(&self.db().reader, select, vec![micros(self.now()).into()]).await.doing(DOING)?;
        rows.iter().map(absence).collect::<Result<BTreeMap<_, _>, _>>().doing(DOING)
    }

    /// Somebody is away until then, in place of what they said before.
    pub async fn go_away(&self, person: &PersonId, absence: &Absence, record: EventRecord) -> Result<(), StoreError> {
        const DOING: &str = "store that somebody is away";
        let transaction = self.db().begin().await.doing(DOING)?;
        let insert = "INSERT INTO absences (person, until_us, delegate) VALUES ($1, $2, $3)
                      ON CONFLICT (person) DO UPDATE SET until_us = excluded.until_us, delegate = excluded.delegate";
        let delegate = absence.delegate.as_ref().map(|delegate| delegate.as_str().to_owned());
        let values = vec![person.as_str().into(), micros(absence.until).into(), delegate.into()];
        sql::execute(&transaction, insert, values).await.doing(DOING)?;
        events::append(&transaction, std::slice::from_ref(&record)).await?;
        transaction.commit().await.doing(DOING)
    }

    /// Somebody is back. `false`: they were not away; nothing was done.
    pub async fn come_back(&self, person: &PersonId, record: EventRecord) -> Result<bool, StoreError> {
        const DOING: &str = "store that somebody is back";
        let transaction = self.db().begin().await.doing(DOING)?;
        let delete = "DELETE FROM absences WHERE person = $1 AND until_us > $2";
        let values = vec![person.as_str().into(), micros(self.now()).into()];
        if sql::execute(&transaction, delete, values).await.doing(DOING)? == 0 {
            transaction.rollback().await.doing(DOING)?;
            return Ok(false);
        }
        events::append(&transaction, std::slice::from_ref(&record)).await?;
        transaction.commit().await.doing(DOING)?;
        Ok(true)
    }
}

fn absence(row: &QueryResult) -> Result<(PersonId, Absence), DbErr> {
    let person: String = row.try_get("", "person")?;
    let until_us: i64 = row.try_get("", "until_us")?;
    let delegate: Option<String> = row.try_get("", "delegate")?;
    let until = DateTime::from_timestamp_micros(until_us)
        .ok_or_else(|| DbErr::Type(format!("{until_us} is no time of `absences`")))?;
    Ok((PersonId::new(person), Absence { until, delegate: delegate.map(PersonId::new) }))
}
