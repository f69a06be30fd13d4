//! When a role may be held under a rule: the rule's hours, the change windows and the blackouts about the role, together.
//!
//! Judged at the beginning of an access: outside it is refused, with when it opens again. What is held ends when the first of them ends,
//! unless the rule says otherwise. An emergency bypass is not bound by any of it. Looks at no clock and no person.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::policy::evaluate::list;
use crate::policy::faults::Fault;
use crate::policy::hours::moment;
use crate::policy::{AtWindowEnd, Blackout, ChangeWindow, Closing, Hours, Policy, Role, Rule, Window};
use crate::refusal::Code;
use crate::span::Span;

/// How far ahead an opening is looked for.
const HORIZON: TimeDelta = TimeDelta::days(400);

/// Everything that says when a role may be held under a rule.
pub(super) struct Calendar<'a> {
    hours: Option<&'a Hours>,
    /// Of several, one that is open is enough.
    windows: Vec<&'a ChangeWindow>,
    blackouts: Vec<&'a Blackout>,
    at_end: AtWindowEnd,
}

/// One thing that keeps it shut.
struct Shut {
    code: Code,
    what: String,
    opens: Option<DateTime<Utc>>,
    zone: Tz,
}

impl Policy {
    /// What is to be kept to for a role under a rule.
    pub(super) fn calendar<'a>(&'a self, role: &Role, rule: &'a Rule) -> Calendar<'a> {
        Calendar {
            hours: rule.hours.as_ref(),
            windows: self.change_windows.iter().filter(|window| window.matches.holds(role)).collect(),
            blackouts: self.blackouts.iter().filter(|blackout| blackout.matches.holds(role)).collect(),
            at_end: rule.at_window_end,
        }
    }
}

impl Calendar<'_> {
    /// Nothing is to be kept to.
    pub fn is_always_open(&self) -> bool {
        self.hours.is_none() && self.windows.is_empty() && self.blackouts.is_empty()
    }

    /// The first moment, from an instant on, at which it is open; `None` where there is none within a year.
    pub fn opens(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut at = from;
        while at - from < HORIZON {
            let shut = self.shut(at);
            if shut.is_empty() {
                return Some(at);
            }
            for shut in shut {
                at = at.max(shut.opens?);
            }
        }
        None
    }

    /// When what begins at an instant is taken back, where that comes before `enough`. The beginning lies within.
    pub fn closing(&self, from: DateTime<Utc>, enough: DateTime<Utc>) -> Option<Closing> {
        if self.at_end == AtWindowEnd::Keep {
            return None;
        }
        let hours = self.hours.and_then(|hours| {
            let at = until(from, enough, |at| hours.closes(at))?;
            Some(Closing { at, zone: hours.zone, window: Window::Hours { hours: hours.to_string() } })
        });
        let open = |at| {
            self.windows.iter().filter_map(|window| Some((window.times.closes(at)?, *window))).max_by_key(|it| it.0)
        };
        let window = self.windows.first().and_then(|_| {
            let at = until(from, enough, |at| Some(open(at)?.0))?;
            let (_, last) = open(at - TimeDelta::seconds(1))?;
            Some(Closing { at, zone: last.times.zone(), window: Window::ChangeWindow { name: last.name.clone() } })
        });
        let coming = self.blackouts.iter().filter(|it| from < it.during.from && it.during.from < enough);
        let blackout = coming.min_by_key(|blackout| blackout.during.from).map(|blackout| {
            let window = Window::Blackout { name: blackout.name.clone() };
            Closing { at: blackout.during.from, zone: blackout.during.zone, window }
        });
        [hours, window, blackout].into_iter().flatten().min_by_key(|closing| closing.at)
    }

    /// What stands in the way of beginning at `start`, told at `now`: shut, or open for less than the least that can be asked for.
    pub fn fault(&self, start: DateTime<Utc>, now: DateTime<Utc>, least: Span) -> Option<Fault> {
        let shut = self.shut(start);
        let (code, what, zone, after) = match shut.first() {
            Some(first) => {
                let whats: Vec<&str> = shut.iter().map(|shut| shut.what.as_str()).collect();
                (first.code, whats.join(", and "), first.zone, start)
            }
            None => {
                let closing = self.closing(start, start + least.delta())?;
                let left = Span::seconds((closing.at - start).num_seconds().max(0).unsigned_abs());
                let what =
                    format!("it would be taken back after {left}, when {}, and the least is {least}", closing.window);
                (Code::Hours, what, closing.zone, closing.at)
            }
        };
        let next = match self.opens(after) {
            Some(at) => format!("it opens again {}", moment(at, zone, now)),
            None => "ask the role's owner for other windows".to_owned(),
        };
        Some(Fault::new(code, what, next))
    }

    /// What one has to keep to, in clauses; blackouts that are over are left out.
    pub fn words(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.hours.map(|hours| format!("only {hours}")));
        if !self.windows.is_empty() {
            words.push(format!("only in {}", self.named_windows()));
        }
        let to_come = self.blackouts.iter().filter(|blackout| now < blackout.during.to);
        words.extend(to_come.map(|blackout| format!("not during {blackout}")));
        words
    }

    /// What happens at the end of a window.
    pub fn at_end(&self) -> &'static str {
        match self.at_end {
            AtWindowEnd::Cut => "What is held then is taken back when that ends.",
            AtWindowEnd::Keep => "What began then may run on past the end of that.",
        }
    }

    fn shut(&self, at: DateTime<Utc>) -> Vec<Shut> {
        let verb = if self.at_end == AtWindowEnd::Cut { "held" } else { "begun" };
        let mut shut = Vec::new();
        if let Some(hours) = self.hours.filter(|hours| hours.closes(at).is_none()) {
            let what = format!("it may be {verb} only {hours}");
            shut.push(Shut { code: Code::Hours, what, opens: hours.opens(at), zone: hours.zone });
        }
        if let Some(first) = self.windows.first()
            && self.windows.iter().all(|window| window.times.closes(at).is_none())
        {
            let what = format!("it may be {verb} only in {}", self.named_windows());
            let opens = self.windows.iter().filter_map(|window| window.times.opens(at)).min();
            shut.push(Shut { code: Code::ChangeWindow, what, opens, zone: first.times.zone() });
        }
        for blackout in self.blackouts.iter().filter(|blackout| blackout.during.contains(at)) {
            let what = format!("nobody may hold it during {blackout}");
            let (opens, zone) = (Some(blackout.during.to), blackout.during.zone);
            shut.push(Shut { code: Code::Blackout, what, opens, zone });
        }
        shut
    }

    fn named_windows(&self) -> String {
        list(&self.windows.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

/// Follows windows from one into the next, as long as one is open: the end of the last, where that comes before `enough`.
fn until(
    from: DateTime<Utc>,
    enough: DateTime<Utc>,
    closes: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let mut at = from;
    while at < enough {
        match closes(at) {
            Some(end) => at = end,
            None => return Some(at),
        }
    }
    None
}

impl fmt::Display for Blackout {
    /// ``the blackout `year end`, 24 Dec 2026 00:00 to 2 Jan 2027 00:00 (Europe/Berlin)``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the blackout `{}`, {}", self.name, self.during)
    }
}

impl fmt::Display for ChangeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the change window `{}`, {}", self.name, self.times)
    }
}

impl fmt::Display for Window {
    /// What happens at that moment, as a clause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hours { hours } => write!(f, "the hours {hours} end"),
            Self::ChangeWindow { name } => write!(f, "the change window `{name}` closes"),
            Self::Blackout { name } => write!(f, "the blackout `{name}` begins"),
            Self::Contract { name } => write!(f, "the contract of {name} ends"),
        }
    }
}

impl Closing {
    /// The moment, in the zone of its window: `Mon 20:00 Europe/Berlin`.
    pub fn moment(&self, now: DateTime<Utc>) -> String {
        moment(self.at, self.zone, now)
    }
}
