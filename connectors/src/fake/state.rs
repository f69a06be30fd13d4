//! The fake's state, and the file it may live in. Plain data; nothing here is late or wrong.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use jit_core::entitlement::{EntitlementKey, Target};
use jit_core::id::{AccessId, AccountName};
use serde::{Deserialize, Serialize};

use super::fault::{Call, Fault};

/// What is true at the target, and what happened there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What is held now, by entitlement key.
    pub held: BTreeMap<String, Held>,
    /// What each entitlement was before its last change.
    pub before: BTreeMap<String, Option<Held>>,
    /// The newest secret of each that has one.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Every session ever opened.
    pub sessions: BTreeMap<u64, SessionRecord>,
    /// Every stretch of holding, in order of their beginnings.
    pub intervals: Vec<Interval>,
    /// Every call, in order.
    pub calls: Vec<CallRecord>,
    /// Each spoils one call.
    pub next_faults: Vec<(Call, Fault)>,
    /// Each spoils every call.
    pub standing_faults: Vec<(Call, Fault)>,
}

/// One thing held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// By whom.
    pub account: AccountName,
    /// What.
    pub target: Target,
    /// The end that the target knows.
    pub until: Option<DateTime<Utc>>,
    /// How often it was granted.
    pub grants: u32,
    /// Given through the connector.
    pub ours: bool,
}

/// A stretch in which an entitlement was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The entitlement's key.
    pub key: String,
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end; none while it is held.
    pub to: Option<DateTime<Utc>>,
}

/// A session at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Whose.
    pub account: AccountName,
    /// The entitlement whose powers it has.
    pub elevated: Option<String>,
    /// When it began.
    pub opened: DateTime<Utc>,
    /// When it was ended.
    pub ended: Option<DateTime<Utc>>,
}

/// One call that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Which.
    pub call: Call,
    /// About what; none for calls that are not about one entitlement.
    pub key: Option<String>,
    /// On behalf of which access.
    pub access: Option<AccessId>,
    /// By which owner of the entitlement.
    pub generation: Option<u64>,
    /// The end asked for.
    pub until: Option<DateTime<Utc>>,
}

impl State {
    /// Holds it from now on; what was held goes on without a gap.
    pub(super) fn put(&mut self, key: String, held: Held, now: DateTime<Utc>) {
        let before = self.held.insert(key.clone(), held);
        if before.is_none() {
            self.intervals.push(Interval { key: key.clone(), from: now, to: None });
        }
        self.before.insert(key, before);
    }

    /// Holds it no longer.
    pub(super) fn take(&mut self, key: &str, at: DateTime<Utc>) {
        if let Some(before) = self.held.remove(key) {
            self.before.insert(key.to_owned(), Some(before));
            let open = self.intervals.iter_mut().rev().find(|interval| interval.key == key && interval.to.is_none());
            if let Some(interval) = open {
                interval.to = Some(at);
            }
        }
    }

    /// Ends what has come to its own end.
    pub(super) fn expire(&mut self, now: DateTime<Utc>) {
        let over = |held: &Held| held.until.filter(|until| *until <= now);
        let due: Vec<_> = self.held.iter().filter_map(|(key, held)| Some((key.clone(), over(held)?))).collect();
        for (key, until) in due {
            self.take(&key, until);
        }
    }

    /// Opens a session.
    pub(super) fn open(&mut self, account: AccountName, elevated: Option<String>, now: DateTime<Utc>) -> u64 {
        let id = self.sessions.len() as u64 + 1;
        self.sessions.insert(id, SessionRecord { account, elevated, opened: now, ended: None });
        id
    }

    /// Ends the open sessions that are meant; how many those were.
    pub(super) fn end(&mut self, meant: impl Fn(&SessionRecord) -> bool, now: DateTime<Utc>) -> u32 {
        let mut ended = 0;
        for session in self.sessions.values_mut().filter(|session| session.ended.is_none() && meant(session)) {
            session.ended = Some(now);
            ended += 1;
        }
        ended
    }

    /// The fault that this call meets.
    pub(super) fn fault(&mut self, call: Call) -> Option<Fault> {
        if let Some(position) = self.next_faults.iter().position(|(of, _)| *of == call) {
            return Some(self.next_faults.remove(position).1);
        }
        self.standing_faults.iter().rev().find(|(of, _)| *of == call).map(|(_, fault)| fault.clone())
    }

    /// Whether an entitlement was held at an instant.
    pub fn was_held(&self, key: &EntitlementKey, at: DateTime<Utc>) -> bool {
        self.intervals.iter().any(|i| i.key == key.0 && i.from <= at && i.to.is_none_or(|to| at < to))
    }
}

/// The state's file while this process has it to itself.
pub(super) struct Locked {
    path: PathBuf,
    _lock: File,
}

impl Locked {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.with_extension("lock"))?;
        lock.lock()?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn read(&self) -> io::Result<State> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(error),
        }
    }

    /// Whole or not at all, so that a process killed here leaves the old state.
    pub(super) fn write(&self, state: &State) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, serde_json::to_vec(state)?)?;
        std::fs::rename(fresh, &self.path)
    }
}
