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
use redis::{AsyncConnectionConfig, ErrorKind, FromRedisValue, Pipeline, RedisError, TlsCertificates};
use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::wakeups::Ring;

/// How long Redis may take to connect and to answer. Lateness while it hangs is at most this, once.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long it is left alone after a failure.
const AWAY: Duration = Duration::from_secs(1);

/// What may wait to be sent; more than that is dropped and filled in from SQL.
const QUEUE: usize = 10_000;

/// The client of an address; nothing is connected. `rediss://` is TLS with the server's certificate always verified: by the machine's
/// authorities, or by those in the PEM file that `?ca_file=/path` names.
pub(crate) fn client(url: &str) -> Result<redis::Client, StoreError> {
    let wrong = |why: String| StoreError::RedisAddress((ErrorKind::InvalidClientConfig, "Redis over TLS", why).into());
    let query = url.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    let encrypted = url.starts_with("rediss:");
    if url.ends_with("#insecure") {
        return Err(wrong(
            "the certificate is always verified: instead of #insecure, name its authority: ?ca_file=/path".to_owned(),
        ));
    }
    match query.split('&').find_map(|pair| pair.strip_prefix("ca_file=")) {
        None => redis::Client::open(url).map_err(StoreError::RedisAddress),
        Some(_) if !encrypted => Err(wrong("ca_file is of use with rediss:// only".to_owned())),
        Some(file) => {
            let pem = std::fs::read(file).map_err(|error| wrong(format!("ca_file {file}: {error}")))?;
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            redis::Client::build_with_tls(url, certificates).map_err(StoreError::RedisAddress)
        }
    }
}

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

    /// For health checks; the error says what is wrong with the certificate or the password.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let Err(error) = self.try_now::<(String,)>(redis::pipe().cmd("PING")).await else { return Ok(()) };
        // The manager tries again by itself until its time is up, and keeps the reason: one attempt without it tells.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let attempt = self.client.get_multiplexed_async_connection_with_config(&config);
        match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(Err(reason)) => Err(reason),
            _ => Err(error),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_used_say_why_without_their_secrets() {
        for (url, why) in [
            ("rediss://:hunter2@127.0.0.1:6379?ca_file=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("redis://:hunter2@127.0.0.1:6379?ca_file=/nowhere/ca.pem", "rediss://"),
            ("http://:hunter2@127.0.0.1:6379", "Redis URL"),
            ("rediss://:hunter2@127.0.0.1:6379/#insecure", "insecure"),
        ] {
            let error = client(url).err().map(|error| format!("{:#}", anyhow::Error::from(error))).unwrap_or_default();
            assert!(error.contains(why) && !error.contains("hunter2"), "{url}: {error}");
        }
        for url in ["redis://127.0.0.1", "rediss://jit:hunter2@redis.example.test:6380/1"] {
            assert!(client(url).is_ok(), "{url}");
        }
    }
}
