//! The link to Redis: short time-outs, a breaker, and a queue for what nobody waits for.
//!
//! Called by commit (never inside its transaction, never waiting) and by the `Timers` facade. While Redis is away every call fails at
//! once, and the store lives from SQL alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jit_core::id::AccessId;
use jit_core::timer::Timer;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ErrorKind, FromRedisValue, Pipeline, RedisError};
use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::wakeups::Ring;

/// How long Redis may take to connect and to answer. Lateness while it hangs is at most this, once.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long it is left alone after a failure.
const AWAY: Duration = Duration::from_secs(1);

/// What may wait to be sent; more than that is dropped and filled in from SQL.
const QUEUE: usize = 10_000;

/// Something to be told to Redis after a commit.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// An access's timers are these now.
    Schedule { access: AccessId, generation: u64, timers: Vec<Timer> },
    /// Other replicas' bells.
    Ring(Ring),
}

/// See the module.
pub(crate) struct RedisLink {
    client: redis::Client,
    manager: ConnectionManager,
    deployment: String,
    /// Which replica, so that it does not hear its own bells.
    replica: String,
    ops: mpsc::Sender<Op>,
    away_until: Mutex<Option<Instant>>,
    /// The index is filled and may be relied on for precision.
    ready: AtomicBool,
    /// Something was not told: fill again.
    stale: AtomicBool,
}

impl std::fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLink").field("deployment", &self.deployment).finish_non_exhaustive()
    }
}

impl RedisLink {
    /// Connects at the first call; what is queued comes out of the receiver.
    pub fn new(client: redis::Client, deployment: &str) -> Result<(Self, mpsc::Receiver<Op>), StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let manager =
            ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(StoreError::RedisAddress)?;
        let (ops, inbox) = mpsc::channel(QUEUE);
        let link = Self {
            client,
            manager,
            deployment: deployment.to_owned(),
            replica: format!("{:016x}", rand::random::<u64>()),
            ops,
            away_until: Mutex::new(None),
            ready: AtomicBool::new(false),
            stale: AtomicBool::new(true),
        };
        Ok((link, inbox))
    }

    /// Runs a pipeline; fails at once while Redis is away.
    pub async fn run<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisError> {
        if !self.available() {
            return Err(RedisError::from((ErrorKind::Io, "Redis is away")));
        }
        self.try_now(pipeline).await
    }

    /// Runs a pipeline even while Redis is thought to be away.
    pub async fn try_now<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        let answer = tokio::time::timeout(PATIENCE * 2, pipeline.query_async(&mut manager)).await;
        let answer = answer.unwrap_or_else(|_| Err(RedisError::from((ErrorKind::Io, "Redis did not answer in time"))));
        *self.away() = answer.is_err().then(|| Instant::now() + AWAY);
        if answer.is_err() {
            self.ready.store(false, Ordering::Release);
            self.stale.store(true, Ordering::Release);
        }
        answer
    }

    /// For health checks.
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.try_now::<(String,)>(redis::pipe().cmd("PING")).await.map(drop)
    }

    /// It answered when last asked.
    pub fn available(&self) -> bool {
        self.away().is_none_or(|until| until <= Instant::now())
    }

    /// The index may be relied on for precision.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The index was filled.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// The index was found empty, or another server.
    pub fn set_stale(&self) {
        self.ready.store(false, Ordering::Release);
        self.stale.store(true, Ordering::Release);
    }

    /// Whether the index must be filled; asking takes the wish.
    pub fn take_stale(&self) -> bool {
        self.stale.swap(false, Ordering::AcqRel)
    }

    /// Queues the timers of an access.
    pub fn schedule(&self, access: AccessId, generation: u64, timers: &[Timer]) {
        self.queue(Op::Schedule { access, generation, timers: timers.to_vec() });
    }

    /// Queues other replicas' bells.
    pub fn ring(&self, ring: Ring) {
        if ring != Ring::default() {
            self.queue(Op::Ring(ring));
        }
    }

    fn queue(&self, op: Op) {
        if self.ops.try_send(op).is_err() {
            self.stale.store(true, Ordering::Release);
        }
    }

    /// `jit:<deployment>:<rest>`; what belongs together shares a `{tag}` in the rest.
    pub fn key(&self, rest: &str) -> String {
        format!("jit:{}:{rest}", self.deployment)
    }

    /// This replica's name among the others.
    pub fn replica(&self) -> &str {
        &self.replica
    }

    /// For connections of their own (subscriptions).
    pub fn client(&self) -> &redis::Client {
        &self.client
    }

    fn away(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
