//! Security's digest of what policy gave because somebody was on call: at which time of the day it is told, and what it says of an access.
//!
//! Nobody decides on such access beforehand, so somebody is to see afterwards what the rotations brought about. Read with the policy; told
//! by a worker of the shell, once for all replicas.

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::access::{Access, State};
use crate::document::Table;
use crate::id::{PersonId, ShortId};
use crate::policy::hours::instant;
use crate::policy::parse_hours::time;

/// `digest = { at = "09:00", zone = "Europe/Berlin" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The local time of each day.
    pub at: NaiveTime,
    /// IANA zone.
    pub zone: Tz,
}

/// An access that policy gave because somebody was on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What people see.
    pub access: ShortId,
    /// Who got it.
    pub person: PersonId,
    /// What: the role's title.
    pub title: String,
    /// The rotation (`source/schedule`) that they were on.
    pub rotation: String,
    /// What people call the incident that it was for, where the rule demanded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// From when they had it.
    pub since: DateTime<Utc>,
    /// Until when they had it, or have it.
    pub until: DateTime<Utc>,
    /// They have it still.
    pub live: bool,
}

impl Digest {
    /// The latest time of the digest that is not after an instant. A time that the clocks skip is told when they are put forward.
    pub fn due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = now.with_timezone(&self.zone).date_naive();
        let days = (0..3).filter_map(|back| today.checked_sub_days(Days::new(back)));
        days.filter_map(|day| instant(self.zone, day.and_time(self.at))).find(|due| *due <= now)
    }
}

impl Given {
    /// What is said of an access; nothing of one that policy did not give by itself to somebody on call, or that gave nothing.
    pub fn of(access: &Access) -> Option<Self> {
        // Of a bundle that people agreed to it says only why this one would have needed nobody.
        let oncall = access.route.oncall.as_ref().filter(|_| access.route.is_auto())?;
        let since = access.activated_at?;
        access.entitlement()?;
        let (until, live) = match &access.state {
            State::Active(active) => (active.until, true),
            State::Revoking(revoking) => (revoking.since, true),
            State::Closed(closed) => (closed.at, false),
            State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => return None,
        };
        Some(Self {
            access: access.short.clone(),
            person: access.request.beneficiary.clone(),
            title: access.request.title.clone(),
            rotation: oncall.rotation.clone(),
            incident: oncall.incident.as_ref().map(|incident| incident.title.clone()),
            since,
            until,
            live,
        })
    }
}

pub(super) fn digest(mut table: Table<'_, '_>) -> Option<Digest> {
    let at = table.need_text("at").and_then(|text| time(&table, "at", &text, false));
    let zone = table.need_zone("zone");
    table.finish();
    Some(Digest { at: at?, zone: zone? })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn digest(hour: u32, minute: u32) -> Digest {
        Digest { at: NaiveTime::from_hms_opt(hour, minute, 0).unwrap(), zone: Berlin }
    }

    #[test]
    fn it_is_due_once_a_local_day() {
        for (now, due) in [
            ("2026-11-23T07:59:59Z", "2026-11-22T08:00:00Z"),
            ("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T22:30:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T23:30:00Z", "2026-11-23T08:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-01T07:00:00Z"),
        ] {
            assert_eq!(digest(9, 0).due(at(now)), Some(at(due)), "{now}");
        }
        // 02:30 is skipped on 29 March, and comes twice on 25 October.
        assert_eq!(digest(2, 30).due(at("2026-03-29T12:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(digest(2, 30).due(at("2026-10-25T01:30:00Z")), Some(at("2026-10-25T00:30:00Z")));
    }

    proptest! {
        /// Whoever looks now and then misses none and sees none twice: the due times are in order, a day apart but for the clocks.
        #[test]
        fn the_due_times_follow_each_other(hour in 0u32..24, minute in 0u32..60, second in 0i64..2 * 366 * 86_400, zone in 0usize..600) {
            let zones = chrono_tz::TZ_VARIANTS;
            let digest = Digest { zone: zones[zone % zones.len()], ..digest(hour, minute) };
            let now = at("2026-01-01T00:00:00Z") + chrono::TimeDelta::seconds(second);
            let due = digest.due(now).unwrap();
            prop_assert!(due <= now && now - due <= chrono::TimeDelta::hours(26), "{due} {now}");
            prop_assert_eq!(digest.due(due), Some(due), "it is due at its own time");
            let before = digest.due(due - chrono::TimeDelta::seconds(1)).unwrap();
            prop_assert!(before < due && due - before <= chrono::TimeDelta::hours(26), "{before} {due}");
        }
    }
}
