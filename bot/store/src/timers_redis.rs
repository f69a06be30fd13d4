//! Timers in Redis: an index of what SQL holds, for precision and for spreading the work over replicas.
//!
//! Data structures, `D` being the deployment's id and `S` one of [`SHARDS`] shards, by the access's id. The braces make a
//! shard's keys live on one node of a cluster:
//!
//! ```text
//! jit:D:{S}:due          sorted set   member "<access>/<kind>", score: microseconds when due, or until when claimed
//! jit:D:{S}:generations  hash         access -> the generation that its members are of
//! jit:D:{S}:filled       string       "1" once the shard was filled from SQL; missing means: do not rely on it
//! ```
//!
//! Scripts: *schedule* sets an access's members to those of a generation, an older generation loses, and the same generation
//! leaves claims alone; *fill* adds single members under the same rule; *claim* takes at most N due members, whose score
//! becomes the lease; *acknowledge* removes a member if the score is still mine.
//!
//! SQL stays the truth: a claim here is only a hint which rows to claim there. The reconciler ([`spawn`]) fills the index at the start,
//! every minute, when something could not be told, and as soon as the mark `filled` or the server's run id has changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use jit_core::id::AccessId;
use jit_core::timer::{Timer, TimerKind};
use redis::{Cmd, Pipeline, RedisError};
use tokio::sync::mpsc;

use crate::clock::micros;
use crate::redis_link::{Op, RedisLink};
use crate::store::WeakStore;
use crate::wakeups::{Ring, Wakeups};
use crate::{Store, bells_redis, timers_sql};

/// Sorted sets that the timers are spread over.
const SHARDS: u128 = 8;
/// How often the index is compared with its mark and the server's run id, and how often it is filled in any case.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const FILL_EVERY: Duration = Duration::from_secs(60);
/// Timers per page of a fill, and queued operations per round trip.
const PAGE: usize = 1000;
const BATCH: usize = 256;

/// KEYS due, generations; ARGV number of kinds, then per access: id, generation, and per kind: kind, score or "-".
const SCHEDULE: &str = r"
local kinds = tonumber(ARGV[1])
for at = 2, #ARGV, 2 + 2 * kinds do
  local access, generation = ARGV[at], tonumber(ARGV[at + 1])
  local known = tonumber(redis.call('HGET', KEYS[2], access) or '0')
  if generation >= known then
    local any = false
    for i = at + 2, at + 2 * kinds, 2 do
      local member = access .. '/' .. ARGV[i]
      if ARGV[i + 1] == '-' then
        redis.call('ZREM', KEYS[1], member)
      else
        any = true
        if generation > known then redis.call('ZADD', KEYS[1], ARGV[i + 1], member)
        else redis.call('ZADD', KEYS[1], 'NX', ARGV[i + 1], member) end
      end
    end
    if any then redis.call('HSET', KEYS[2], access, ARGV[at + 1]) else redis.call('HDEL', KEYS[2], access) end
  end
end
return 1";

/// KEYS due, generations; ARGV per timer: access, generation, kind, score.
const FILL: &str = r"
for at = 1, #ARGV, 4 do
  local known = tonumber(redis.call('HGET', KEYS[2], ARGV[at]) or '0')
  local generation = tonumber(ARGV[at + 1])
  local member = ARGV[at] .. '/' .. ARGV[at + 2]
  if generation > known then
    redis.call('ZADD', KEYS[1], ARGV[at + 3], member)
    redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  elseif generation == known then
    redis.call('ZADD', KEYS[1], 'NX', ARGV[at + 3], member)
  end
end
return 1";

/// KEYS due, filled; ARGV now, lease, most. Gives "1" if filled, the next score or "", and the members claimed.
const CLAIM: &str = r"
if redis.call('EXISTS', KEYS[2]) == 0 then return {'0', ''} end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, tonumber(ARGV[3]))
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], 'XX', ARGV[2], member) end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local answer = {'1', next[2] or ''}
for _, member in ipairs(due) do answer[#answer + 1] = member end
return answer";

/// KEYS due; ARGV lease, members.
const ACKNOWLEDGE: &str = r"
for i = 2, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1";

/// What a claim found.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    /// Access and kind; to be claimed in SQL.
    pub members: Vec<(String, String)>,
    /// When the next one is due, in microseconds.
    pub next_us: Option<i64>,
}

fn shard(access: AccessId) -> u128 {
    access.0.as_u128() % SHARDS
}

fn due_key(link: &RedisLink, shard: u128) -> String {
    link.key(&format!("{{{shard}}}:due"))
}

fn generations_key(link: &RedisLink, shard: u128) -> String {
    link.key(&format!("{{{shard}}}:generations"))
}

fn filled_key(link: &RedisLink, shard: u128) -> String {
    link.key(&format!("{{{shard}}}:filled"))
}

fn eval(script: &str, keys: &[String]) -> Cmd {
    let mut cmd = redis::cmd("EVAL");
    cmd.arg(script).arg(keys.len()).arg(keys);
    cmd
}

/// Claims about `max` due members, as many of each shard. `None`: some shard is not filled.
pub(crate) async fn claim(
    link: &RedisLink,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    max: usize,
) -> Result<Option<Claimed>, RedisError> {
    let mut pipeline = Pipeline::new();
    let each = max.div_ceil(SHARDS as usize);
    for shard in 0..SHARDS {
        let mut cmd = eval(CLAIM, &[due_key(link, shard), filled_key(link, shard)]);
        cmd.arg(micros(now)).arg(micros(until)).arg(each);
        pipeline.add_command(cmd);
    }
    let answers: Vec<Vec<String>> = link.run(&pipeline).await?;
    let mut claimed = Claimed::default();
    for answer in answers {
        let mut words = answer.into_iter();
        if words.next().as_deref() != Some("1") {
            link.set_stale();
            return Ok(None);
        }
        #[expect(clippy::cast_possible_truncation, reason = "scores are microseconds, whole numbers below 2^53")]
        let next = words.next().and_then(|score| score.parse::<f64>().ok()).map(|score| score as i64);
        claimed.next_us = claimed.next_us.into_iter().chain(next).min();
        claimed.members.extend(words.filter_map(|m| m.split_once('/').map(|(a, k)| (a.to_owned(), k.to_owned()))));
    }
    Ok(Some(claimed))
}

/// Takes members out that SQL does not know (any more), if the claim is still ours.
pub(crate) async fn acknowledge(
    link: &RedisLink,
    members: &[(String, String)],
    until: DateTime<Utc>,
) -> Result<(), RedisError> {
    let mut by_shard: BTreeMap<u128, Vec<String>> = BTreeMap::new();
    for (access, kind) in members {
        let Ok(id) = access.parse() else { continue };
        by_shard.entry(shard(AccessId(id))).or_default().push(format!("{access}/{kind}"));
    }
    let mut pipeline = Pipeline::new();
    for (shard, members) in by_shard {
        let mut cmd = eval(ACKNOWLEDGE, &[due_key(link, shard)]);
        cmd.arg(micros(until)).arg(members);
        pipeline.add_command(cmd).ignore();
    }
    link.run::<()>(&pipeline).await
}

/// Starts the task that keeps the index; it ends with the store.
pub(crate) fn spawn(store: &Store, inbox: mpsc::Receiver<Op>) {
    tokio::spawn(keep_index(store.downgrade(), inbox));
}

/// Tells Redis what was committed, and fills it when it must be.
async fn keep_index(store: WeakStore, mut inbox: mpsc::Receiver<Op>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ops = Vec::with_capacity(BATCH);
    let mut server = Server::default();
    loop {
        tokio::select! {
            biased;
            count = inbox.recv_many(&mut ops, BATCH) => if count == 0 { return },
            _ = look.tick() => {}
        }
        let Some(store) = store.upgrade() else { return };
        let Some(link) = store.redis() else { return };
        if !ops.is_empty() {
            tell(link, store.wakeups(), std::mem::take(&mut ops)).await;
        }
        if let Err(error) = server.look(&store, link).await {
            tracing::debug!(%error, "Redis is away; timers run from the database alone");
        }
    }
}

/// Sends queued operations in one round trip. What cannot be sent is filled in later.
async fn tell(link: &RedisLink, wakeups: &Wakeups, ops: Vec<Op>) {
    if !link.available() {
        link.set_stale();
        return;
    }
    let mut pipeline = Pipeline::new();
    let mut schedules: BTreeMap<u128, Cmd> = BTreeMap::new();
    let mut rung = Ring::default();
    for op in ops {
        match op {
            Op::Schedule { access, generation, timers } => {
                let shard = shard(access);
                let cmd = schedules.entry(shard).or_insert_with(|| {
                    let mut cmd = eval(SCHEDULE, &[due_key(link, shard), generations_key(link, shard)]);
                    cmd.arg(TimerKind::ALL.len());
                    cmd
                });
                schedule(cmd, access, generation, &timers);
            }
            Op::Ring(ring) => rung = rung.and(ring),
        }
    }
    for cmd in schedules.into_values() {
        pipeline.add_command(cmd).ignore();
    }
    // Last, so that whoever hears it finds the timers there.
    if rung != Ring::default() {
        pipeline.add_command(bells_redis::publish(link, rung)).ignore();
    }
    match link.run::<()>(&pipeline).await {
        Ok(()) if rung.timers => wakeups.timers.notify_one(),
        Ok(()) => {}
        Err(error) => tracing::debug!(%error, "Redis was not told of a commit; it will be filled again"),
    }
}

/// One access's block of [`SCHEDULE`]'s arguments.
fn schedule(cmd: &mut Cmd, access: AccessId, generation: u64, timers: &[Timer]) {
    cmd.arg(access.to_string()).arg(generation);
    for kind in TimerKind::ALL {
        cmd.arg(kind.as_str());
        match timers.iter().find(|timer| timer.kind == kind) {
            Some(timer) => cmd.arg(micros(timer.due_at)),
            None => cmd.arg("-"),
        };
    }
}

/// What is known of the server at the other end.
#[derive(Debug, Default)]
struct Server {
    looked: Option<Instant>,
    filled: Option<Instant>,
    run_id: String,
}

impl Server {
    /// Fills the index if it must be; at most so often.
    async fn look(&mut self, store: &Store, link: &RedisLink) -> Result<(), RedisError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY / 2) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let mut pipeline = Pipeline::new();
        pipeline.cmd("INFO").arg("server");
        (0..SHARDS).for_each(|shard| {
            pipeline.cmd("EXISTS").arg(filled_key(link, shard));
        });
        let mut answers: Vec<redis::Value> = link.try_now(&pipeline).await?;
        let info: String = redis::from_redis_value(answers.remove(0))?;
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim().to_owned();
        let marked = answers.into_iter().all(|answer| matches!(answer, redis::Value::Int(1)));
        let old = self.filled.is_none_or(|filled| filled.elapsed() >= FILL_EVERY);
        let lost = link.take_stale() || !marked || run_id != self.run_id;
        if lost || old {
            // Bells may have been lost as well.
            let ring = if lost { Ring::ALL } else { Ring::default() };
            if let Err(error) = fill(store, link, ring).await {
                link.set_stale();
                tracing::warn!(%error, "the index of timers in Redis was not filled; timers run from the database");
                return Ok(());
            }
            self.filled = Some(Instant::now());
            self.run_id = run_id;
            link.set_ready();
            store.wakeups().timers.notify_one();
        }
        Ok(())
    }
}

/// Why a fill ended early.
#[derive(Debug, thiserror::Error)]
enum FillError {
    #[error(transparent)]
    Store(#[from] crate::StoreError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// Puts every timer of SQL into the index, page by page, and then the marks; at last the other replicas are rung.
async fn fill(store: &Store, link: &RedisLink, ring: Ring) -> Result<(), FillError> {
    let mut last = (String::new(), String::new());
    loop {
        let page = store.timers_after(&last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = timers_sql::key(end.access, end.kind);
        let mut by_shard: BTreeMap<u128, Cmd> = BTreeMap::new();
        for timer in &page {
            let shard = shard(timer.access);
            let cmd = by_shard
                .entry(shard)
                .or_insert_with(|| eval(FILL, &[due_key(link, shard), generations_key(link, shard)]));
            cmd.arg(timer.access.to_string()).arg(timer.generation).arg(timer.kind.as_str()).arg(micros(timer.due_at));
        }
        let mut pipeline = Pipeline::new();
        for cmd in by_shard.into_values() {
            pipeline.add_command(cmd).ignore();
        }
        link.run::<()>(&pipeline).await?;
        if page.len() < PAGE {
            break;
        }
    }
    let mut pipeline = Pipeline::new();
    for shard in 0..SHARDS {
        pipeline.cmd("SET").arg(filled_key(link, shard)).arg("1").ignore();
    }
    pipeline.add_command(bells_redis::publish(link, ring)).ignore();
    Ok(link.run::<()>(&pipeline).await?)
}
