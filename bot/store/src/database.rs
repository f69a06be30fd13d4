//! Connections: SQLite as one writer and several readers, PostgreSQL as one pool; both with durable commits.
//!
//! Called by `store.rs`. Must not run migrations.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::clock::{Reading, instant};
use crate::error::{Doing, StoreError};
use crate::{pooler, sql};

/// Connections of one replica to PostgreSQL, and readers of SQLite.
const POSTGRES_CONNECTIONS: u32 = 16;
const SQLITE_READERS: u32 = 4;

/// How long a statement may wait for a connection or a lock before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// The two ways in. With PostgreSQL they are the same pool.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
    pub backend: DbBackend,
    /// One session of PostgreSQL under this process's own name, as long as the process lives; see `presence.rs`.
    pub presence: Option<DatabaseConnection>,
}

impl Db {
    /// Connects as the process of that name; for SQLite the file is made if it is not there.
    pub async fn connect(url: &str, name: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            // The writer comes first: it makes the file and turns on write-ahead logging.
            let writer = sqlite(url, 1).await.doing("open the SQLite file")?;
            let reader = sqlite(url, SQLITE_READERS).await.doing("open the SQLite file")?;
            Ok(Self { writer, reader, backend: DbBackend::Sqlite, presence: None })
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = postgres(url, "jit", POSTGRES_CONNECTIONS).await.map_err(pooler::refused)?;
            let presence = postgres(url, name, 1).await.map_err(pooler::refused)?;
            pooler::check(&pool, &presence, &postgres_settings()).await?;
            Ok(Self { writer: pool.clone(), reader: pool, backend: DbBackend::Postgres, presence: Some(presence) })
        } else {
            Err(StoreError::Address)
        }
    }

    /// Begins a transaction that will write. Dropped without a commit, it is rolled back.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(immediate).await
    }

    /// The settings that make commits durable, by name.
    pub async fn durability(&self) -> Result<BTreeMap<String, String>, DbErr> {
        let select = match self.backend {
            DbBackend::Sqlite => {
                "SELECT 'journal_mode' AS name, CAST(journal_mode AS TEXT) AS setting FROM pragma_journal_mode
                 UNION ALL SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous
                 UNION ALL SELECT 'foreign_keys', CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys"
            }
            _ => {
                "SELECT name, setting FROM pg_settings
                 WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes', 'transaction_isolation')"
            }
        };
        let rows = sql::query(&self.writer, select, vec![]).await?;
        rows.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "setting")?))).collect()
    }

    /// What the server's clock shows; `None` for SQLite, which has no clock of its own.
    pub async fn clock(&self) -> Result<Option<Reading>, DbErr> {
        if self.backend == DbBackend::Sqlite {
            return Ok(None);
        }
        // A connection of our own first: waiting for one must not count as time on the way.
        let session = self.reader.begin().await?;
        let select = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us";
        let asked = Instant::now();
        let row = sql::one(&session, select, vec![]).await?;
        let answered = Instant::now();
        session.rollback().await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the clock".into()))?;
        Ok(Some(Reading { asked, answered, shown: instant(row.try_get("", "now_us")?) }))
    }
}

async fn sqlite(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    common(&mut options, connections);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
    });
    Database::connect(options).await
}

async fn postgres(url: &str, name: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    common(&mut options, connections);
    if connections == 1 {
        // Kept open for good: its being there is what it is for.
        options.idle_timeout(None).max_lifetime(None);
    }
    let name = name.to_owned();
    options.map_sqlx_postgres_opts(move |options| options.application_name(&name).options(postgres_settings()));
    Database::connect(options).await
}

/// What every session of ours has: durable commits, and nothing that waits for ever.
fn postgres_settings() -> BTreeMap<&'static str, String> {
    let patience = PATIENCE.as_millis().to_string();
    BTreeMap::from([
        ("synchronous_commit", "on".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
        ("lock_timeout", patience.clone()),
        ("statement_timeout", patience.clone()),
        ("idle_in_transaction_session_timeout", patience),
    ])
}

fn common(options: &mut ConnectOptions, connections: u32) {
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(PATIENCE)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
}
