//! Migrations: one file per change of the database, the same for SQLite and PostgreSQL.
//!
//! Called by `jit-store` (`Store::migrate`) and by the tests. A migration that was released never changes; the next
//! change is another file and a line in [`Migrator::migrations`] and in [`seeds`]. Each brings a [`Seed`]: rows as that
//! version wrote them, which must still be there, meaning the same, after every later migration.
//!
//! Conventions of the schema: ids and JSON are text, instants are microseconds since 1970 in UTC (`…_us`, 64 bits), a lease is
//! free when its `lease_us` is not in the future. So both databases compare and sort alike.

mod m20261121_000001_initial;
mod m20261127_000002_platforms;
mod m20261128_000004_members;
mod m20261128_000005_tied;
mod sql;

use std::collections::BTreeSet;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Two replicas that start at once migrate one after the other; the number is `jit` in ASCII.
const LOCK: i64 = 0x6a_69_74;

/// The list of all migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_initial::Migration),
            Box::new(m20261127_000002_platforms::Migration),
            Box::new(m20261128_000004_members::Migration),
            Box::new(m20261128_000005_tied::Migration),
        ]
    }
}

/// Rows of one version that every later version must keep.
pub struct Seed {
    /// The migration right after which `insert` is run.
    pub migration: &'static str,
    /// Statements that write rows as that version did.
    pub insert: &'static [&'static str],
    /// Queries at the newest version; each must give exactly one row.
    pub check: &'static [&'static str],
}

impl Seed {
    /// Writes the rows.
    pub async fn plant(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        sql::run(db, self.insert).await
    }

    /// The checks that do not give exactly one row.
    pub async fn missing(&self, db: &DatabaseConnection) -> Result<Vec<&'static str>, DbErr> {
        let backend = db.get_database_backend();
        let mut missing = Vec::new();
        for check in self.check {
            let rows = db.query_all_raw(Statement::from_string(backend, sql::dialect(backend, check))).await?;
            if rows.len() != 1 {
                missing.push(*check);
            }
        }
        Ok(missing)
    }
}

/// The seeds of all migrations, oldest first; as many as migrations.
pub fn seeds() -> Vec<Seed> {
    vec![
        m20261121_000001_initial::SEED,
        m20261127_000002_platforms::SEED,
        m20261128_000004_members::SEED,
        m20261128_000005_tied::SEED,
    ]
}

/// Brings the database to this version, in one transaction and under a lock.
pub async fn run(db: &DatabaseConnection) -> Result<(), DbErr> {
    run_steps(db, None).await
}

/// Like [`run`], but at most so many migrations: for the tests that put seeds between them.
pub async fn run_steps(db: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let transaction = locked(db).await?;
    Migrator::up(&transaction, steps).await?;
    transaction.commit().await
}

/// A transaction that no other replica's migration can overlap.
async fn locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(immediate).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        // The other replica may be at it for long, so neither time-out of the connection holds here.
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(transaction)
}

/// Migrations that the database has and this binary does not know: it was used by a newer version.
pub async fn unknown(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let known: BTreeSet<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    Ok(applied(db).await?.into_iter().filter(|name| !known.contains(name)).collect())
}

/// Migrations that the database still lacks.
pub async fn pending(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let applied: BTreeSet<String> = applied(db).await?.into_iter().collect();
    let all = Migrator::migrations();
    Ok(all.iter().map(|m| m.name().to_owned()).filter(|name| !applied.contains(name)).collect())
}

async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let backend = db.get_database_backend();
    let exists = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
        _ => {
            "SELECT table_name FROM information_schema.tables
              WHERE table_name = 'seaql_migrations' AND table_schema = current_schema()"
        }
    };
    if db.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let names = Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version");
    db.query_all_raw(names).await?.iter().map(|row| row.try_get("", "version")).collect()
}
