//! Advice for whoever decides: what stands out about a request, and a score of it that can be explained.
//!
//! Made when a step is opened, kept with it as evidence of what its approvers saw. Advice, never authority: nothing in
//! [`crate::decide`] or in the policy reads it, and every decision is the same without it.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Request;
use crate::facts::{Facts, beside};
use crate::id::ShortId;
use crate::policy::TicketNeed;
use crate::span::Span;

/// What is called lately: uses are counted and misuse is remembered for so long.
pub const LATELY: TimeDelta = TimeDelta::days(90);
/// How many of the latest uses and requests are looked at.
pub const LOOKED_AT: usize = 20;
/// Fewer earlier requests say nothing about when somebody usually asks.
const HABIT: usize = 8;
/// A request so long before or after the time of day of every earlier one is at an odd hour.
const USUAL_WITHIN: TimeDelta = TimeDelta::hours(3);
/// Shorter is never called long.
const LONG: Span = Span::hours(2);
/// The highest score.
pub const HIGHEST: u8 = 100;
/// From here on a request stands out.
pub const HIGH: u8 = 50;

/// What is known of the beneficiary's past, at most [`LOOKED_AT`] of each, the latest first. Loaded by the shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When they held this role, extensions and rehearsals not counted.
    pub uses: Vec<DateTime<Utc>>,
    /// When they asked for any role, this request not counted.
    pub asked: Vec<DateTime<Utc>>,
    /// When a review found that they misused a bypass; drills not counted.
    pub misuse: Vec<DateTime<Utc>>,
}

/// What an approver is shown beside the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// How often they held this role lately; [`LOOKED_AT`] means so often or more.
    pub uses: usize,
    /// When they held it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_use: Option<DateTime<Utc>>,
    /// What else they hold.
    pub holds: Vec<Held>,
    /// The rotations they are on now; `None` where no rotation is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oncall: Option<Vec<String>>,
    /// What stands out, the gravest first.
    pub signals: Vec<Signal>,
}

/// Something that the beneficiary holds already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The id people see.
    pub short: ShortId,
    /// The role's title.
    pub title: String,
    /// Its end, where it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// One reason to look twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "kebab-case")]
pub enum Signal {
    /// A review found misuse of a bypass lately.
    Misuse {
        /// When.
        at: DateTime<Utc>,
    },
    /// They never held this role.
    FirstTime,
    /// None of their latest requests was made near this time of day.
    OddHour,
    /// Three quarters or more of the longest there is.
    Long {
        /// The longest there is.
        longest: Span,
    },
    /// The rule takes a ticket, and none is named.
    NoTicket,
}

impl Signal {
    /// What it adds to the score.
    pub fn weight(&self) -> u8 {
        match self {
            Self::Misuse { .. } => 40,
            Self::FirstTime | Self::OddHour => 20,
            Self::Long { .. } | Self::NoTicket => 15,
        }
    }
}

impl Advice {
    /// 0 when nothing stands out, at most [`HIGHEST`]: the sum of what the signals weigh.
    pub fn score(&self) -> u8 {
        self.signals.iter().fold(0, |score: u8, signal| score.saturating_add(signal.weight())).min(HIGHEST)
    }
}

/// Looks at a request; `None` where its past was not loaded.
pub(crate) fn advise(request: &Request, rule: &str, facts: &Facts<'_>, now: DateTime<Utc>) -> Option<Advice> {
    let past = facts.past?;
    let held = |state: &str| matches!(state, "elevating" | "active" | "revoking");
    let open = beside(facts.open, request.rehearsal.is_some());
    let other = open.iter().filter(|open| held(&open.state) && open.role != request.role);
    let holds = other.map(|open| Held {
        short: open.short.clone(),
        title: facts.policy.role(&open.role).map_or_else(|| open.role.to_string(), |role| role.title.clone()),
        until: open.until,
    });
    let rotations = facts.directory.oncall();
    let person = facts.directory.person(&request.beneficiary);
    let oncall = person.filter(|_| !rotations.is_empty()).map(|person| person.oncall.iter().cloned().collect());
    Some(Advice {
        uses: past.uses.iter().filter(|at| now - **at <= LATELY).count(),
        last_use: past.uses.first().copied(),
        holds: holds.collect(),
        oncall,
        signals: signals(request, rule, (facts, past), now),
    })
}

fn signals(request: &Request, rule: &str, (facts, past): (&Facts<'_>, &Past), now: DateTime<Utc>) -> Vec<Signal> {
    let mut signals = Vec::new();
    signals.extend(past.misuse.first().filter(|at| now - **at <= LATELY).map(|at| Signal::Misuse { at: *at }));
    if past.uses.is_empty() && request.extends.is_none() {
        signals.push(Signal::FirstTime);
    }
    if past.asked.len() >= HABIT && !past.asked.iter().any(|at| apart(*at, now) <= USUAL_WITHIN) {
        signals.push(Signal::OddHour);
    }
    if let Some(longest) = facts.policy.role(&request.role).map(|role| facts.policy.longest(role)) {
        let long = request.duration.as_seconds() * 4 >= longest.as_seconds() * 3;
        if long && request.duration >= LONG {
            signals.push(Signal::Long { longest });
        }
    }
    let takes_ticket = facts.policy.rules.iter().any(|one| one.name == rule && one.ticket != TicketNeed::None);
    if takes_ticket && request.ticket.is_none() {
        signals.push(Signal::NoTicket);
    }
    signals
}

/// How far two instants are apart by the time of day, the shorter way round the clock.
fn apart(a: DateTime<Utc>, b: DateTime<Utc>) -> TimeDelta {
    let second = |at: DateTime<Utc>| i64::from(at.num_seconds_from_midnight());
    let between = (second(a) - second(b)).abs();
    TimeDelta::seconds(between.min(86_400 - between))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn times_of_day_are_compared_round_the_clock() {
        let late = at("2026-11-22T23:30:00Z");
        assert_eq!(apart(late, at("2026-11-25T00:30:00Z")), TimeDelta::hours(1));
        assert_eq!(apart(at("2026-11-25T00:30:00Z"), late), TimeDelta::hours(1));
        assert_eq!(apart(late, at("2026-11-22T11:30:00Z")), TimeDelta::hours(12));
    }

    #[test]
    fn a_score_is_the_sum_of_its_signals_and_never_beyond_the_highest() {
        let all = vec![
            Signal::Misuse { at: at("2026-11-22T12:00:00Z") },
            Signal::FirstTime,
            Signal::OddHour,
            Signal::Long { longest: Span::hours(4) },
            Signal::NoTicket,
        ];
        let score = |signals: &[Signal]| Advice { signals: signals.to_vec(), ..Advice::default() }.score();
        assert_eq!(score(&[]), 0);
        assert_eq!(score(&all[1..2]), 20);
        assert_eq!(score(&all[1..]), 70);
        assert_eq!(score(&all), HIGHEST);
        assert!(score(&all[..1]) < HIGH && score(&all[..2]) >= HIGH, "one signal alone never makes it stand out");
    }
}
