//! Timers are a function of the state: the store writes what [`timers`] says after every commit, so that no state can
//! be entered without its timers and none outlives its state.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::access::{Access, Pending, State};
use crate::decide::{CLAIM_LASTS, reminded_at};

/// How often security hears of a revocation that keeps failing (mission E4: hourly).
pub const ALERT_EVERY: TimeDelta = TimeDelta::hours(1);

/// What a timer means when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerKind {
    /// Go by what is known: what had to be looked up was not answered in time.
    ScreeningDeadline,
    /// Remind the approvers who were asked.
    Remind,
    /// Ask further people: the next level.
    Escalate,
    /// Whoever said that they are looking at it has had their time.
    Release,
    /// Give up waiting for approval.
    TimeOut,
    /// An undecided extension ends with the access it extends.
    Lapse,
    /// A later start has come.
    Start,
    /// Give up elevating.
    ElevationDeadline,
    /// Warn the holder of the end.
    Warn,
    /// The end.
    End,
    /// Tell security again that a revocation fails.
    Alert,
    /// Remind security of a bypass that waits for its review.
    ReviewDue,
    /// Nobody reviewed it in time.
    ReviewOverdue,
}

impl TimerKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 13] = [
        Self::ScreeningDeadline,
        Self::Remind,
        Self::Escalate,
        Self::Release,
        Self::TimeOut,
        Self::Lapse,
        Self::Start,
        Self::ElevationDeadline,
        Self::Warn,
        Self::End,
        Self::Alert,
        Self::ReviewDue,
        Self::ReviewOverdue,
    ];

    /// The name in the store and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScreeningDeadline => "screening-deadline",
            Self::Remind => "remind",
            Self::Escalate => "escalate",
            Self::Release => "release",
            Self::TimeOut => "time-out",
            Self::Lapse => "lapse",
            Self::Start => "start",
            Self::ElevationDeadline => "elevation-deadline",
            Self::Warn => "warn",
            Self::End => "end",
            Self::Alert => "alert",
            Self::ReviewDue => "review-due",
            Self::ReviewOverdue => "review-overdue",
        }
    }

    /// Reads [`TimerKind::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One timer of an access; its generation is the access's version when it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What it means.
    pub kind: TimerKind,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The timers that an access must have in its present state.
pub fn timers(access: &Access) -> Vec<Timer> {
    let timer = |kind, due_at| Timer { kind, due_at };
    let route = &access.route;
    let mut timers = match &access.state {
        // Its lead's stand for it: what waits together is decided together.
        State::Screening(_) | State::Pending(_) if access.follows() && access.waits_together() => Vec::new(),
        State::Screening(screening) => vec![timer(TimerKind::ScreeningDeadline, screening.deadline)],
        State::Pending(pending) => {
            let mut timers = vec![timer(TimerKind::TimeOut, gives_up(access, pending))];
            if !pending.reminded {
                timers.push(timer(TimerKind::Remind, pending.since + route.remind_after.delta()));
            }
            if !pending.exhausted && !route.escalate_to.is_empty() {
                let last = pending.escalated_at.unwrap_or(pending.since);
                timers.push(timer(TimerKind::Escalate, last + route.escalate_after.delta()));
            }
            if let Some(since) = pending.claims.iter().map(|claim| claim.since).min() {
                timers.push(timer(TimerKind::Release, since + CLAIM_LASTS));
            }
            if let Some(extends) = &access.request.extends {
                timers.push(timer(TimerKind::Lapse, extends.from));
            }
            timers
        }
        State::Scheduled(scheduled) => vec![timer(TimerKind::Start, scheduled.start)],
        State::Elevating(elevating) => {
            vec![timer(TimerKind::ElevationDeadline, elevating.deadline)]
        }
        State::Active(active) => {
            let mut timers = vec![timer(TimerKind::End, active.until)];
            if !active.warned && !active.spared {
                timers.push(timer(TimerKind::Warn, warn_at(access, active.since, active.until)));
            }
            timers
        }
        State::Revoking(revoking) => {
            revoking.failing.iter().map(|failing| timer(TimerKind::Alert, failing.alerted_at + ALERT_EVERY)).collect()
        }
        State::Closed(_) => Vec::new(),
    };
    if let Some(review) = access.review.as_ref().filter(|review| review.verdict.is_none()) {
        if !review.reminded {
            timers.push(timer(TimerKind::ReviewDue, reminded_at(review, access.requested_at)));
        }
        if !review.overdue {
            timers.push(timer(TimerKind::ReviewOverdue, review.due));
        }
    }
    timers
}

/// When nobody has decided in time; at the latest when the time that was asked for is over.
pub fn gives_up(access: &Access, pending: &Pending) -> DateTime<Utc> {
    let timeout = pending.since + access.route.timeout.delta();
    access.planned().map_or(timeout, |(_, end)| timeout.min(end))
}

/// The warning comes `warn_before` the end; for short accesses at three quarters of their time at the earliest, so that it never
/// comes with the grant itself.
fn warn_at(access: &Access, since: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
    let before = access.route.warn_before.delta().min((until - since) / 4);
    until - before
}
