//! What to do about one entitlement: desired against found. Pure; the worker acts on the answer and chooses nothing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::entitlement::{Baseline, Capabilities, Holding};

/// What the database says that the target must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Held until the latest end among the live grants; `None`: not held.
    pub until: Option<DateTime<Utc>>,
    /// Some access of it is being taken back, so that sessions are to be ended once nothing keeps it.
    pub ending: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give it (or move its own end at the target) until then, and inspect again.
    Grant {
        /// For the target's own expiry.
        until: DateTime<Utc>,
    },
    /// It is held as it should be.
    Keep,
    /// Take it, end sessions, and inspect again.
    Revoke,
    /// It is gone already; end sessions that outlived it, and inspect again.
    EndSessions,
    /// The person held it before us: it stays, and security hears.
    LeaveStanding,
}

/// Targets keep ends in whole seconds; an end within a second of the desired one is not moved, or it would be for ever.
const PRECISION: TimeDelta = TimeDelta::seconds(1);

/// Compares what must be with what is.
pub fn reconcile(desired: Desired, found: &Holding, baseline: Baseline, can: Capabilities) -> Action {
    match (desired.until, found, baseline) {
        (Some(until), Holding::Gone, _) => Action::Grant { until },
        (Some(_), Holding::Held { .. }, Baseline::Standing) => Action::Keep,
        (Some(until), Holding::Held { native_until, .. }, Baseline::Absent) => {
            let kept = native_until.is_some_and(|native| (native - until).abs() < PRECISION);
            let moved = can.native_expiry && !kept;
            if moved { Action::Grant { until } } else { Action::Keep }
        }
        (None, Holding::Held { .. }, Baseline::Absent) => Action::Revoke,
        (None, Holding::Held { .. }, Baseline::Standing) => Action::LeaveStanding,
        (None, Holding::Gone, _) => Action::EndSessions,
    }
}

/// How long to wait before the next attempt, after so many failures in a row: 1 s, doubling to 5 min; permanent
/// errors start at a minute, since trying at once is of no use, but never stop.
pub fn backoff(failures: u32, permanent: bool) -> TimeDelta {
    let first = if permanent { 60 } else { 1 };
    TimeDelta::seconds((first << failures.saturating_sub(1).min(9)).min(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Capabilities = Capabilities {
        native_expiry: false,
        ends_sessions: true,
        composes: true,
        lists_holders: true,
        standing_possible: true,
        makes_accounts: false,
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_whole_table() {
        let held = |until: Option<i64>| Holding::Held { native_until: until.map(at), handover: None };
        let wants = |until: Option<i64>| Desired { until: until.map(at), ending: false };
        let expires = Capabilities { native_expiry: true, ..PLAIN };
        use Action::{EndSessions, Grant, Keep, LeaveStanding, Revoke};
        use Baseline::{Absent, Standing};
        for (desired, found, baseline, can, expected) in [
            (wants(Some(9)), Holding::Gone, Absent, PLAIN, Grant { until: at(9) }),
            (wants(Some(9)), Holding::Gone, Standing, PLAIN, Grant { until: at(9) }),
            (wants(Some(9)), held(None), Absent, PLAIN, Keep),
            (wants(Some(9)), held(None), Standing, expires, Keep),
            (wants(Some(9)), held(Some(5)), Absent, expires, Grant { until: at(9) }),
            (wants(Some(5)), held(Some(9)), Absent, expires, Grant { until: at(5) }),
            (wants(Some(9)), held(Some(9)), Absent, expires, Keep),
            (wants(None), held(None), Absent, PLAIN, Revoke),
            (wants(None), held(None), Standing, PLAIN, LeaveStanding),
            (wants(None), Holding::Gone, Absent, PLAIN, EndSessions),
            (wants(None), Holding::Gone, Standing, PLAIN, EndSessions),
        ] {
            assert_eq!(reconcile(desired, &found, baseline, can), expected, "{desired:?} {found:?} {baseline:?}");
        }
    }

    #[test]
    fn an_end_kept_in_whole_seconds_is_not_moved_for_ever() {
        let until = at(9) + TimeDelta::microseconds(700_123);
        let expires = Capabilities { native_expiry: true, ..PLAIN };
        let kept = |native| {
            let found = Holding::Held { native_until: Some(native), handover: None };
            reconcile(Desired { until: Some(until), ending: false }, &found, Baseline::Absent, expires) == Action::Keep
        };
        assert!(kept(at(9)) && kept(at(10)));
        assert!(!kept(at(8)) && !kept(at(11)));
    }

    #[test]
    fn backoff_doubles_and_never_stops() {
        let seconds = |n, permanent| backoff(n, permanent).num_seconds();
        assert_eq!([1, 2, 3, 4].map(|n| seconds(n, false)), [1, 2, 4, 8]);
        assert_eq!([1, 2, 3, 4].map(|n| seconds(n, true)), [60, 120, 240, 300]);
        assert_eq!(seconds(u32::MAX, false), 300);
    }
}
