//! The store itself: opening, migrating, health, the clock.
//!
//! Opening starts no work but two things that keep it going: measuring the database's clock, and the link to Redis.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::budget::LocalBudgets;
use crate::clock::{Clock, Record, Running};
use crate::database::Db;
use crate::error::{Doing, StoreError};
use crate::redis_link::{self, RedisLink};
use crate::wakeups::{Ring, Wakeups};
use crate::{bells_redis, presence, sql, timers_redis};

/// How often the database's clock is read.
const CLOCK_EVERY: Duration = Duration::from_secs(10);

/// The database and, where there is one, Redis. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    db: Db,
    name: String,
    clock: Running,
    wakeups: Wakeups,
    redis_client: Option<redis::Client>,
    redis: OnceLock<RedisLink>,
    pub(crate) budgets: LocalBudgets,
}

/// How the servers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The error, where the database does not answer.
    pub database: Result<(), String>,
    /// `None`: no Redis is configured.
    pub redis: Option<Result<(), String>>,
}

impl Store {
    /// Connects to `sqlite://file` or `postgres://…`, and to Redis where given (which may be away). Changes nothing; see
    /// [`Store::migrate`]. Refuses a database that a newer version used.
    pub async fn open(url: &str, redis: Option<&str>, clock: Clock) -> Result<Self, StoreError> {
        let name = presence::name();
        let db = Db::connect(url, &name).await?;
        let unknown = jit_migrations::unknown(&db.reader).await.doing("list migrations")?;
        if !unknown.is_empty() {
            return Err(StoreError::Newer(unknown));
        }
        let measured = db.clock().await.doing("read its clock")?;
        let clock = match (clock, measured) {
            (Clock::Virtual(clock), _) => Running::Virtual(clock),
            (Clock::Record, None) => Running::Local,
            (Clock::Record, Some(reading)) => Running::Record(Record::new(reading)),
        };
        let redis_client = redis.map(redis_link::client).transpose()?;
        let inner = Arc::new(Inner {
            db,
            name,
            clock,
            wakeups: Wakeups::default(),
            redis_client,
            redis: OnceLock::new(),
            budgets: LocalBudgets::default(),
        });
        if matches!(inner.clock, Running::Record(_)) {
            tokio::spawn(keep_time(Arc::downgrade(&inner)));
        }
        let store = Self { inner };
        if store.pending_migrations().await?.is_empty() {
            store.start_redis().await?;
        }
        Ok(store)
    }

    /// Brings the schema to this version; replicas that start together wait for each other.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        jit_migrations::run(&self.db().writer).await.doing("migrate")?;
        self.start_redis().await
    }

    /// Migrations that are still to be run.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        jit_migrations::pending(&self.db().reader).await.doing("list migrations")
    }

    /// Asks the servers how they are.
    pub async fn ping(&self) -> Health {
        let database = sql::one(&self.db().writer, "SELECT 1 AS one", vec![]).await;
        let redis = match (self.redis(), &self.inner.redis_client) {
            (Some(redis), _) => Some(redis.ping().await.map_err(|e| e.to_string())),
            (None, Some(_)) => Some(Err("not connected yet: the database lacks migrations".to_owned())),
            (None, None) => None,
        };
        Health { database: database.map(drop).map_err(|e| e.to_string()), redis }
    }

    /// The database's settings that make commits durable, as this program's connections have them: for `jit doctor`.
    pub async fn durability(&self) -> Result<BTreeMap<String, String>, StoreError> {
        self.db().durability().await.doing("read its settings")
    }

    /// Whether Redis' index of timers is filled and relied on; always `false` without Redis.
    pub fn timers_are_indexed(&self) -> bool {
        self.redis().is_some_and(RedisLink::is_ready)
    }

    /// Now, by the clock of record, in whole milliseconds.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    /// Now, by this machine's own clock: for deadlines that connectors keep here. Nothing that is stored goes by it.
    pub fn local_now(&self) -> DateTime<Utc> {
        self.inner.clock.local()
    }

    /// This process's name among all that share the database: the owner of its leases.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The bells of workers.
    pub fn wakeups(&self) -> &Wakeups {
        &self.inner.wakeups
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn clock(&self) -> &Running {
        &self.inner.clock
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn redis(&self) -> Option<&RedisLink> {
        self.inner.redis.get()
    }

    pub(crate) fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.inner))
    }

    /// Rings here and at the other replicas. Never waits.
    pub(crate) fn ring(&self, ring: Ring) {
        self.inner.wakeups.ring(ring);
        if let Some(redis) = self.redis() {
            redis.ring(ring);
        }
    }

    async fn start_redis(&self) -> Result<(), StoreError> {
        let Some(client) = &self.inner.redis_client else { return Ok(()) };
        if self.inner.redis.get().is_some() {
            return Ok(());
        }
        let row = sql::one(&self.db().reader, "SELECT id FROM deployment", vec![]).await.doing("read its own id")?;
        let id: Option<String> = row.map(|row| row.try_get("", "id")).transpose().doing("read its own id")?;
        let (link, inbox) = RedisLink::new(client.clone(), &id.unwrap_or_default())?;
        if self.inner.redis.set(link).is_ok() {
            timers_redis::spawn(self, inbox);
            bells_redis::spawn(self);
        }
        Ok(())
    }
}

/// A store that background tasks hold: they end when the last real one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct WeakStore(Weak<Inner>);

impl WeakStore {
    pub fn upgrade(&self) -> Option<Store> {
        self.0.upgrade().map(|inner| Store { inner })
    }
}

/// Measures the database's clock as long as the store lives.
async fn keep_time(store: Weak<Inner>) {
    loop {
        tokio::time::sleep(CLOCK_EVERY).await;
        let Some(inner) = store.upgrade() else { return };
        let Running::Record(record) = &inner.clock else { return };
        match inner.db.clock().await {
            Ok(Some(reading)) => record.measure(reading),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the database's clock was not read; the last measurement goes on"),
        }
    }
}
