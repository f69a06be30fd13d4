//! Commit: everything that a decision brought, in one transaction. Called by the shell's dispatch after `decide`.
//!
//! Rows are locked in one order (dedupe key, person, access, the rest), so that transactions do not wait in circles. Redis and
//! bells come after the commit ([`Store::announce`]) and are never waited for.

use std::collections::{BTreeMap, BTreeSet};

use jit_core::access::{Access, Platform, State};
use jit_core::directory::Directory;
use jit_core::effect::{Effect, Tell};
use jit_core::event::EventRecord;
use jit_core::id::AccessId;
use jit_core::timer::{Timer, timers};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use serde_json::Value;

use crate::clock::micros;
use crate::error::{CommitError, Doing, StoreError, lost_to_another};
use crate::events::version;
use crate::wakeups::Ring;
use crate::{Store, entitlements, events, outbox, replays, rows, sql, timers_sql};

/// What a decision brought.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// What has become of the access that it is about, and of the others of its bundle where it is about them too. All of one beneficiary.
    pub changes: &'a [Change<'a>],
    /// Says on which platforms each notice is told.
    pub directory: &'a Directory,
    /// The version that came with the facts about the beneficiary ([`Store::open_of`]), where the decision used them; compared
    /// and set. `None`: set only, since others' decisions may have used this access.
    pub person_version: Option<u64>,
    /// The versions that came with counts of what all people hold ([`Store::in_use`]), where the decision used them; compared and set.
    pub shared_versions: &'a [(String, u64)],
    /// What came in; the same key is committed once.
    pub dedupe: Option<&'a str>,
    /// What is answered, kept with the dedupe key for replays.
    pub answer: Option<&'a Value>,
}

/// What has become of one access.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// As it was loaded; `None`: it is new.
    pub before: Option<&'a Access>,
    /// As the events make it.
    pub after: &'a Access,
    /// The events.
    pub records: &'a [EventRecord],
    /// The effects.
    pub effects: &'a [Effect],
}

impl Change<'_> {
    fn has(&self, effect: &Effect) -> bool {
        self.effects.contains(effect)
    }
}

/// What was committed, to be announced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "workers look at once only for what is announced"]
pub struct Committed {
    /// Notices queued.
    pub tells: usize,
    /// Each access, its version now, and its timers.
    timers: Vec<(AccessId, u64, Vec<Timer>)>,
    ring: Ring,
}

impl Store {
    /// Stores all of it or nothing. Whatever ends this process before [`Store::announce`] costs a second, until the next sweep.
    pub async fn commit(&self, commit: Commit<'_>) -> Result<Committed, CommitError> {
        let now_us = micros(self.now());
        let timers: Vec<_> =
            commit.changes.iter().map(|Change { after, .. }| (after.id, after.version, timers(after))).collect();
        let transaction = self.db().begin().await.doing("begin a commit")?;
        let done = write(&transaction, &commit, &timers, now_us).await.map_err(conflict_if_lost);
        let queued = match done {
            Ok(queued) => queued,
            Err(error) => {
                // Rolled back when dropped as well; said aloud so that the connection is free at once.
                transaction.rollback().await.doing("roll a commit back")?;
                return Err(error);
            }
        };
        transaction.commit().await.doing("commit").map_err(CommitError::from).map_err(conflict_if_lost)?;
        let has = |effect: &Effect| commit.changes.iter().any(|change| change.has(effect));
        let ring = Ring {
            timers: timers.iter().any(|(_, _, timers)| !timers.is_empty()),
            entitlements: has(&Effect::Reconcile),
            children: has(&Effect::EndChildren),
            homes: false,
            screenings: has(&Effect::Screen),
            ..Ring::outbox(&queued)
        };
        Ok(Committed { tells: queued.len(), timers, ring })
    }

    /// Rings the bells for what was committed, and tells the index in Redis. Never waits.
    pub fn announce(&self, committed: &Committed) {
        if let Some(redis) = self.redis() {
            committed.timers.iter().for_each(|(access, version, timers)| redis.schedule(*access, *version, timers));
        }
        self.ring(committed.ring);
    }
}

async fn write(
    db: &DatabaseTransaction,
    commit: &Commit<'_>,
    timers: &[(AccessId, u64, Vec<Timer>)],
    now_us: i64,
) -> Result<Vec<Platform>, CommitError> {
    const DOING: &str = "commit";
    if let Some(key) = commit.dedupe
        && !replays::take(db, key, commit.answer, now_us).await.doing(DOING)?
    {
        return Err(CommitError::Duplicate { answer: replays::answer(db, key).await?.flatten() });
    }
    // One beneficiary, whose row is taken first: no two transactions hold accesses of one person at a time.
    let beneficiaries: BTreeSet<_> = commit.changes.iter().map(|change| &change.after.request.beneficiary).collect();
    for beneficiary in beneficiaries {
        if !raise(db, beneficiary.as_str(), commit.person_version).await.doing(DOING)? {
            return Err(CommitError::Conflict);
        }
    }
    for (key, expected) in commit.shared_versions {
        if !raise(db, key, Some(*expected)).await.doing(DOING)? {
            return Err(CommitError::Conflict);
        }
    }
    for change in commit.changes {
        access(db, change).await?;
        events::append(db, change.records).await?;
    }
    let new = commit.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after.id).collect();
    let tells = tells(commit.changes.iter().flat_map(|change| change.effects));
    let queued = outbox::enqueue(db, (&tells, commit.directory), &new, now_us).await?;
    for (change, (_, _, timers)) in commit.changes.iter().zip(timers) {
        timers_sql::replace(db, change.before.is_some(), change.after, timers).await.doing(DOING)?;
        entitlement(db, change, now_us).await?;
    }
    Ok(queued)
}

/// The write-ahead of one access, due now where a target is concerned.
async fn entitlement<C: ConnectionTrait>(db: &C, change: &Change<'_>, now_us: i64) -> Result<(), CommitError> {
    let Some(entitlement) = change.after.entitlement() else { return Ok(()) };
    if change.has(&Effect::Reconcile) {
        entitlements::mark(db, entitlement, now_us).await?;
    }
    if matches!(change.after.state, State::Closed(_)) && change.before.is_some_and(unsettled) {
        entitlements::forget_baseline(db, &entitlement.key()).await.doing("commit")?;
    }
    Ok(())
}

/// Connectors may have been called for it, and it is not yet proven gone.
fn unsettled(access: &Access) -> bool {
    matches!(access.state, State::Elevating(_) | State::Active(_) | State::Revoking(_))
}

/// Sets a version, the beneficiary's or one that all people share, and compares it where the decision used it.
async fn raise<C: ConnectionTrait>(db: &C, id: &str, expected: Option<u64>) -> Result<bool, DbErr> {
    let (sql, values) = match expected {
        Some(0) => ("INSERT INTO persons (id, version) VALUES ($1, 1) ON CONFLICT DO NOTHING", vec![id.into()]),
        Some(expected) => (
            "UPDATE persons SET version = version + 1 WHERE id = $1 AND version = $2",
            vec![id.into(), version(expected).into()],
        ),
        None => (
            "INSERT INTO persons (id, version) VALUES ($1, 1)
             ON CONFLICT (id) DO UPDATE SET version = persons.version + 1",
            vec![id.into()],
        ),
    };
    Ok(sql::execute(db, sql, values).await? == 1)
}

/// Writes the access's row by compare-and-set.
async fn access<C: ConnectionTrait>(db: &C, change: &Change<'_>) -> Result<(), CommitError> {
    const DOING: &str = "write an access";
    let after = change.after;
    let end_children = change.has(&Effect::EndChildren);
    let body = rows::document(after, "an access")?;
    if let Some(before) = change.before {
        let same = rows::update(db, (before, after), end_children, body).await.doing(DOING)?;
        return if same { Ok(()) } else { Err(CommitError::Conflict) };
    }
    if rows::insert(db, after, end_children, body).await.doing(DOING)? {
        return Ok(());
    }
    let same_id = sql::one(db, "SELECT 1 AS one FROM accesses WHERE id = $1", vec![after.id.to_string().into()]);
    let taken = same_id.await.doing(DOING)?.is_none();
    Err(if taken { CommitError::ShortIdTaken } else { CommitError::Conflict })
}

/// The notices of a decision; of several to one slot the last content, at the first one's place.
fn tells<'a>(effects: impl Iterator<Item = &'a Effect>) -> Vec<&'a Tell> {
    let mut places = BTreeMap::new();
    let mut tells: Vec<&Tell> = Vec::new();
    for effect in effects {
        let Effect::Tell(tell) = effect else { continue };
        let tell = tell.as_ref();
        match places.get(&(&tell.to, &tell.slot)) {
            Some(place) => tells[*place] = tell,
            None => {
                places.insert((&tell.to, &tell.slot), tells.len());
                tells.push(tell);
            }
        }
    }
    tells
}

/// What was rolled back because another transaction won is decided again.
fn conflict_if_lost(error: CommitError) -> CommitError {
    match &error {
        CommitError::Store(StoreError::Database { source, .. }) if lost_to_another(source) => CommitError::Conflict,
        _ => error,
    }
}
