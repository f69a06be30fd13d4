//! Whether something between us and PostgreSQL shares sessions among clients, or forgets what we asked of ours. Called by `database.rs`
//! when it has connected.
//!
//! A session of one's own is what presence is (`presence.rs`), what prepared statements live in, and what carries our time-outs and
//! durability. A pooler in transaction mode gives another session with each transaction: leases would be taken for those of processes
//! that are gone. So that is refused, and so are lost settings. Asked in the simple protocol, which every pooler passes on.

use std::collections::BTreeMap;

use sea_orm::sqlx::{self, PgPool, Row};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

use crate::error::{Doing, StoreError};

/// How often the sessions are compared: a pooler may by chance hand out different ones.
const ROUNDS: usize = 4;

const DOING: &str = "tell whether a pooler is in between";

/// Refuses sessions that are not ours alone, or that lack a setting that was asked for.
pub(crate) async fn check(
    pool: &DatabaseConnection,
    presence: &DatabaseConnection,
    asked: &BTreeMap<&str, String>,
) -> Result<(), StoreError> {
    let (pool, presence) = (pool.get_postgres_connection_pool(), presence.get_postgres_connection_pool());
    let ours = session(presence).await.doing(DOING)?;
    for _ in 0..ROUNDS {
        let (other, again) = (session(pool).await.doing(DOING)?, session(presence).await.doing(DOING)?);
        if other == ours || again != ours {
            return Err(StoreError::Pooler("it gives one session to several connections".to_owned()));
        }
    }
    for pool in [pool, presence] {
        let set = settings(pool).await.doing(DOING)?;
        let differs = |(name, value): &(&&str, &String)| set.get(**name) != Some(*value);
        let lost: Vec<_> = asked.iter().filter(differs).map(|(name, value)| format!("{name} = {value}")).collect();
        if !lost.is_empty() {
            return Err(StoreError::Pooler(format!("it does not pass on {}", lost.join(", "))));
        }
    }
    Ok(())
}

/// An error of connecting that only poolers give.
pub(crate) fn refused(error: DbErr) -> StoreError {
    let (DbErr::Conn(RuntimeErr::SqlxError(sqlx)) | DbErr::Query(RuntimeErr::SqlxError(sqlx))) = &error else {
        return StoreError::Database { doing: "connect to PostgreSQL", source: error };
    };
    // Source: PgBouncer, "ignore_startup_parameters".
    let told = sqlx.as_database_error().map(|error| error.message().to_owned());
    match told.filter(|told| told.contains("unsupported startup parameter")) {
        Some(told) => StoreError::Pooler(format!("it says `{told}`")),
        None => StoreError::Database { doing: "connect to PostgreSQL", source: error },
    }
}

/// The process at the server that serves this connection.
async fn session(pool: &PgPool) -> Result<i32, DbErr> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(pool).await.map_err(failed)?;
    row.try_get_unchecked::<i32, _>(0).map_err(failed)
}

async fn settings(pool: &PgPool) -> Result<BTreeMap<String, String>, DbErr> {
    let rows = sqlx::raw_sql("SELECT name, setting FROM pg_settings").fetch_all(pool).await.map_err(failed)?;
    rows.iter()
        .map(|row| Ok((row.try_get_unchecked(0).map_err(failed)?, row.try_get_unchecked(1).map_err(failed)?)))
        .collect()
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
