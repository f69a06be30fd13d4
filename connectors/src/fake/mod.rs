//! A target in memory, or in a file that survives a crash: truthful by default, faulty and dishonest on request.
//!
//! Tests keep the [`FakeTarget`] and read the truth from it; the workers get [`FakeTarget::connector`] and see what a real connector
//! would let them see. The conformance kit's own tests run it with each [`Flaw`] and expect to be told.

mod connector;
mod fault;
mod state;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, EntitlementKey};
use jit_core::id::AccountName;
use jit_core::span::Span;
use serde::Deserialize;

pub use connector::Fake;
#[cfg(test)]
pub(crate) use connector::SECRET;
pub use fault::{Call, Fault, Flaw};
use state::Held;
pub use state::{CallRecord, Interval, SessionRecord, State};

/// `[connectors.NAME]` with `kind = "fake"`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Keeps the state there, so that it survives the process.
    #[serde(default)]
    pub state_file: Option<PathBuf>,
    /// Whether the target ends access by itself.
    #[serde(default)]
    pub native_expiry: bool,
    /// How long every call takes.
    #[serde(default)]
    pub latency: Option<Span>,
}

/// Tells the time; tests pass their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The handle on the truth. Clones share it.
#[derive(Clone)]
pub struct FakeTarget {
    inner: Arc<Inner>,
}

struct Inner {
    capabilities: Capabilities,
    clock: Clock,
    latency: Duration,
    file: Option<PathBuf>,
    state: Mutex<State>,
    flaws: Mutex<BTreeSet<Flaw>>,
}

impl FakeTarget {
    /// What a fake can do unless told otherwise: all but expire access by itself.
    pub const CAPABILITIES: Capabilities = Capabilities {
        native_expiry: false,
        ends_sessions: true,
        composes: true,
        lists_holders: true,
        standing_possible: true,
        makes_accounts: false,
    };

    /// An empty target in memory.
    pub fn new(capabilities: Capabilities, clock: Clock) -> Self {
        Self::made(capabilities, clock, Duration::ZERO, None)
    }

    /// A target whose state is in a file; several processes may use it at once.
    pub fn persisted(capabilities: Capabilities, clock: Clock, file: PathBuf) -> Self {
        Self::made(capabilities, clock, Duration::ZERO, Some(file))
    }

    /// The target of a configuration, on the machine's clock.
    pub fn configured(config: &Config) -> Result<Self, String> {
        if let Some(folder) = config.state_file.as_deref().and_then(std::path::Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(format!("`state_file`: the folder {} does not exist", folder.display()));
        }
        let capabilities = Capabilities { native_expiry: config.native_expiry, ..Self::CAPABILITIES };
        let latency = Duration::from_secs(config.latency.unwrap_or_default().as_seconds());
        Ok(Self::made(capabilities, Arc::new(Utc::now), latency, config.state_file.clone()))
    }

    fn made(capabilities: Capabilities, clock: Clock, latency: Duration, file: Option<PathBuf>) -> Self {
        let (state, flaws) = (Mutex::new(State::default()), Mutex::new(BTreeSet::new()));
        Self { inner: Arc::new(Inner { capabilities, clock, latency, file, state, flaws }) }
    }

    /// A connector to it.
    pub fn connector(&self) -> Fake {
        Fake { target: self.clone() }
    }

    /// The truth now. Access that expired by itself is gone from it.
    pub fn state(&self) -> State {
        self.with(|state| state.clone())
    }

    /// Whether access really works now.
    pub fn works(&self, e: &Entitlement) -> bool {
        self.with(|state| state.held.contains_key(&e.key().0))
    }

    /// Whether one signs in with a secret now.
    pub fn signs_in(&self, e: &Entitlement, secret: &str) -> bool {
        let key = e.key().0;
        self.with(|state| {
            state.held.contains_key(&key) && state.secrets.get(&key).is_some_and(|newest| newest == secret)
        })
    }

    /// Every stretch in which an entitlement was held, open ones without an end.
    pub fn intervals(&self, key: &EntitlementKey) -> Vec<Interval> {
        self.with(|state| state.intervals.iter().filter(|interval| interval.key == key.0).cloned().collect())
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.with(|state| state.calls.clone())
    }

    /// Gives it behind our back, as an administrator would: standing access without an end.
    pub fn hold(&self, e: &Entitlement) {
        let held = Held { account: e.account.clone(), target: e.target.clone(), until: None, grants: 1, ours: false };
        self.with(|state| state.put(e.key().0.clone(), held, self.now()));
    }

    /// Takes it behind our back.
    pub fn drop_behind(&self, e: &Entitlement) {
        self.with(|state| state.take(&e.key().0, self.now()));
    }

    /// Opens a session; an elevated one keeps its powers until it is ended, even when the entitlement goes, as real ones do.
    pub fn open_session(&self, account: &AccountName, elevated: Option<&Entitlement>) -> u64 {
        let key = elevated.map(|e| e.key().0);
        self.with(|state| state.open(account.clone(), key, self.now()))
    }

    /// Whether a session is still open.
    pub fn session_is_open(&self, id: u64) -> bool {
        self.with(|state| state.sessions.get(&id).is_some_and(|session| session.ended.is_none()))
    }

    /// The next call of this kind goes wrong; several of them queue up.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.with(|state| state.next_faults.push((call, fault)));
    }

    /// Every call of this kind goes wrong until [`FakeTarget::heal`].
    pub fn fail_always(&self, call: Call, fault: Fault) {
        self.with(|state| state.standing_faults.push((call, fault)));
    }

    /// No call goes wrong any more.
    pub fn heal(&self) {
        self.with(|state| {
            state.next_faults.clear();
            state.standing_faults.clear();
        });
    }

    /// Makes the connector dishonest for good, for tests of the kit.
    pub fn flawed(self, flaw: Flaw) -> Self {
        self.inner.flaws.lock().unwrap_or_else(PoisonError::into_inner).insert(flaw);
        self
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.inner.flaws.lock().unwrap_or_else(PoisonError::into_inner).contains(&flaw)
    }

    fn now(&self) -> DateTime<Utc> {
        (self.inner.clock)()
    }

    /// Works on the state: in the file, under its lock, where there is one.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.locked();
        let file = self
            .inner
            .file
            .as_deref()
            .map(|path| state::Locked::open(path).expect("the fake's state file is readable"));
        if let Some(file) = &file {
            *state = file.read().expect("the fake's state file holds what it wrote");
        }
        if self.inner.capabilities.native_expiry && !self.has(Flaw::NeverExpires) {
            state.expire(self.now());
        }
        let done = work(&mut state);
        if let Some(file) = &file {
            file.write(&state).expect("the fake's state file is writable");
        }
        done
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
