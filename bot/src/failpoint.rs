//! Fail points: named places between two steps, where the crash tests end the process or give up the task.
//!
//! Without a plan they cost one atomic load. The list is [`ALL`]; a test asserts that each is hit, and `docs/ARCHITECTURE.md` lists them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Every fail point, in the order of an access's life.
pub const ALL: &[&str] = &[
    "dispatch-before-commit",
    "dispatch-after-commit",
    "dispatch-after-bells",
    "reconcile-before-first-inspect",
    "reconcile-after-baseline",
    "reconcile-before-grant",
    "reconcile-after-grant",
    "reconcile-before-report",
    "reconcile-before-revoke",
    "reconcile-after-revoke",
    "reconcile-after-end-sessions",
    "reconcile-before-release",
    "outbox-before-send",
    "outbox-after-send",
    "timer-before-command",
    "timer-after-command",
    "children-before-command",
    "children-before-settled",
    "leavers-before-command",
    "screening-before-command",
    "ties-before-command",
];

static ARMED: AtomicBool = AtomicBool::new(false);
static PLAN: Mutex<Plan> = Mutex::new(Plan { crash_at: BTreeMap::new(), hits: BTreeMap::new() });

struct Plan {
    /// Point to the number of the hit at which it crashes, from 1.
    crash_at: BTreeMap<&'static str, u64>,
    hits: BTreeMap<&'static str, u64>,
}

/// Begins to count hits, and crashes the process at the given hit of each named point.
pub fn arm(crash_at: impl IntoIterator<Item = (&'static str, u64)>) {
    let mut plan = PLAN.lock().unwrap_or_else(PoisonError::into_inner);
    plan.crash_at = crash_at.into_iter().collect();
    plan.hits.clear();
    ARMED.store(true, Ordering::SeqCst);
}

/// How often each point was hit since [`arm`].
pub fn hits() -> BTreeMap<&'static str, u64> {
    PLAN.lock().unwrap_or_else(PoisonError::into_inner).hits.clone()
}

/// Arms from `JIT_FAILPOINT=name[:hit]`, for the crash tests' child process.
pub fn arm_from_environment() {
    let Ok(wish) = std::env::var("JIT_FAILPOINT") else { return };
    let (name, hit) = wish.split_once(':').unwrap_or((&wish, "1"));
    if let (Some(name), Ok(hit)) = (ALL.iter().find(|known| **known == name), hit.parse()) {
        arm([(*name, hit)]);
    }
}

/// Passes the point, or ends the process there as a power cut would: no destructor, no flush.
pub fn pass(name: &'static str) {
    if !ARMED.load(Ordering::Relaxed) {
        return;
    }
    let mut plan = PLAN.lock().unwrap_or_else(PoisonError::into_inner);
    let hits = plan.hits.entry(name).or_default();
    *hits += 1;
    let hit = *hits;
    if plan.crash_at.get(name) == Some(&hit) {
        std::process::abort();
    }
}

macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint::pass($name)
    };
}

pub(crate) use failpoint;
