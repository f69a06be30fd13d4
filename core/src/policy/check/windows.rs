//! Windows that contradict each other: a role that could never be held under a rule, a window too short for anything, and those about nothing.

use chrono::{DateTime, TimeDelta, Utc};

use super::{About, Check, some};
use crate::id::RoleName;
use crate::policy::{AtWindowEnd, ChangeWindow, Place, Role, RoleMatch, Rule, Times};

impl Check<'_> {
    pub(super) fn windows(&mut self) {
        let policy = self.policy;
        for (position, rule) in policy.rules.iter().enumerate() {
            self.too_short(rule);
            self.never_open(position);
        }
        for blackout in &policy.blackouts {
            self.about_nothing(&blackout.place, &blackout.matches, format!("the blackout `{}`", blackout.name));
        }
        for window in &policy.change_windows {
            self.about_nothing(&window.place, &window.matches, format!("the change window `{}`", window.name));
            self.blacked_out(window);
        }
    }

    fn about_nothing(&mut self, place: &Place, matches: &RoleMatch, what: String) {
        if !self.policy.roles.values().any(|role| matches.holds(role)) {
            self.warning(place, "match", format!("{what} is about no role"), None);
        }
    }

    /// Hours that are over before the least that may be asked for is.
    fn too_short(&mut self, rule: &Rule) {
        let Some(hours) = rule.hours.as_ref().filter(|_| rule.at_window_end == AtWindowEnd::Cut) else { return };
        let least = self.policy.limits.min_duration;
        if hours.length() < least.delta() {
            let what = format!("{hours} is shorter than `min_duration`, {least}: this rule allows nothing");
            self.error(&rule.place, "hours", what, None);
        }
    }

    /// Hours of a rule and change windows of its roles that never are at the same time, or only during a blackout.
    fn never_open(&mut self, position: usize) {
        let About { rule, roles, .. } = &self.rules[position];
        let (rule, roles) = (*rule, roles.iter());
        let never: Vec<&RoleName> = roles.filter(|role| self.never(role, rule)).map(|role| &role.name).collect();
        if !never.is_empty() {
            let path = if rule.place.has("hours") { "hours" } else { "match" };
            let what = format!(
                "under the rule `{}` nobody could ever hold {}: its windows never open together",
                rule.name,
                some(&never)
            );
            let hint = "compare its `hours` with the change windows and blackouts about these roles".to_owned();
            self.error(&rule.place, path, what, Some(hint));
        }
    }

    fn never(&self, role: &Role, rule: &Rule) -> bool {
        let calendar = self.policy.calendar(role, rule);
        if calendar.is_always_open() {
            return false;
        }
        let windows = || self.policy.change_windows.iter().filter(|window| window.matches.holds(role));
        // What comes every week is looked for once all that comes once is over; what comes once, while it lasts.
        let over = self.policy.blackouts.iter().map(|blackout| blackout.during.to).max().unwrap_or(REFERENCE);
        let weekly = windows().all(|window| matches!(window.times, Times::Once(_)));
        let weekly = (!weekly || windows().next().is_none()).then_some((over, over + TimeDelta::days(400)));
        let once = windows().filter_map(|window| match &window.times {
            Times::Once(period) => Some((period.from, period.to)),
            Times::Weekly(_) => None,
        });
        !weekly.into_iter().chain(once).any(|(from, to)| calendar.opens(from).is_some_and(|at| at < to))
    }

    /// A change window that comes once, and lies within a blackout for all its roles.
    fn blacked_out(&mut self, window: &ChangeWindow) {
        let Times::Once(period) = &window.times else { return };
        let roles: Vec<&Role> = self.policy.roles.values().filter(|role| window.matches.holds(role)).collect();
        let covers = |role: &&Role| {
            let about = self.policy.blackouts.iter().filter(|blackout| blackout.matches.holds(role));
            about.into_iter().find(|blackout| blackout.during.from <= period.from && period.to <= blackout.during.to)
        };
        let covering: Vec<_> = roles.iter().filter_map(covers).collect();
        if let Some(first) = covering.first().filter(|_| covering.len() == roles.len()) {
            let what = format!(
                "the change window `{}` never opens: it lies within the blackout `{}`",
                window.name, first.name
            );
            self.error(&window.place, "from", what, None);
        }
    }
}

/// Any moment: weekly windows are the same every year, but for the two days of the change.
const REFERENCE: DateTime<Utc> = DateTime::UNIX_EPOCH;
