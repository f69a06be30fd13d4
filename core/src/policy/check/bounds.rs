//! Durations and numbers: proven bounds, and limits that contradict each other.

use super::{About, Check, some};
use crate::id::RoleName;
use crate::policy::{PRODUCTION, Risk, Role, Rule, Subject};
use crate::span::Span;

/// The longest that production may be held, whatever the policy says.
const PRODUCTION_AT_MOST: Span = Span::hours(8);

/// What an automatic approval must stay below, unless only people on call may ask.
const AUTO_BELOW: Span = Span::hours(1);

impl Check<'_> {
    pub(super) fn bounds(&mut self) {
        let policy = self.policy;
        let limits = &policy.limits;
        if limits.longest_in(PRODUCTION) > PRODUCTION_AT_MOST {
            let what = format!("`{PRODUCTION}` may be held for at most {PRODUCTION_AT_MOST}");
            self.error(policy.place_of("limits"), &format!("max_duration.{PRODUCTION}"), what, None);
        }
        for (environment, longest) in limits.max_duration.iter().filter(|(_, max)| **max < limits.min_duration) {
            let what = format!("{longest} in `{environment}` is shorter than `min_duration`, {}", limits.min_duration);
            self.error(policy.place_of("limits"), &format!("max_duration.{environment}"), what, None);
        }
        policy.roles.values().for_each(|role| self.role_bounds(role));
        self.shared_bounds();
        for (position, rule) in policy.rules.iter().enumerate() {
            self.rule_bounds(rule);
            self.auto_bounds(rule);
            self.risk(position);
        }
        for emergency in &policy.emergencies {
            let longest = emergency.max_duration;
            let production = policy.roles.values().any(|r| r.environment == PRODUCTION && emergency.matches.holds(r));
            if production && longest > PRODUCTION_AT_MOST {
                let what = format!("{longest} is more than the {PRODUCTION_AT_MOST} of `{PRODUCTION}`");
                self.error(&emergency.place, "max_duration", what, None);
            }
        }
    }

    fn role_bounds(&mut self, role: &Role) {
        let (place, longest) = (&role.place, role.max_duration);
        let of_environment = self.policy.limits.longest_in(&role.environment);
        let least = self.policy.limits.min_duration;
        if longest < least {
            let what = format!("{longest} is shorter than `min_duration`, {least}, so `{}` cannot be had", role.name);
            self.error(place, "max_duration", what, None);
        } else if role.environment == PRODUCTION && longest > PRODUCTION_AT_MOST {
            let what = format!("{longest} is more than the {PRODUCTION_AT_MOST} of `{PRODUCTION}`");
            self.error(place, "max_duration", what, None);
        } else if longest > of_environment {
            let what = format!("{longest} is more than the {of_environment} of `{}`, which holds", role.environment);
            let hint = format!("set `max_duration = {{ {} = \"…\" }}` in [limits] to change that", role.environment);
            self.warning(place, "max_duration", what, Some(hint));
        }
    }

    /// A limit that another one never lets be reached.
    fn shared_bounds(&mut self) {
        let policy = self.policy;
        let Some(total) = policy.limits.max_simultaneous_total else { return };
        let beyond = |max: u32| {
            format!("{max} is more than the {total} of `max_simultaneous_total`, so it can never be reached")
        };
        let place = policy.place_of("limits");
        if policy.limits.max_simultaneous > total && place.has("max_simultaneous") {
            self.error(place, "max_simultaneous", beyond(policy.limits.max_simultaneous), None);
        }
        for role in policy.roles.values() {
            if let Some(max) = role.max_simultaneous.filter(|max| *max > total) {
                self.error(&role.place, "max_simultaneous", beyond(max), None);
            }
        }
    }

    fn rule_bounds(&mut self, rule: &Rule) {
        let least = self.policy.limits.min_duration;
        if let Some(longest) = rule.max_duration.filter(|longest| *longest < least) {
            let what = format!("{longest} is shorter than `min_duration`, {least}: this rule allows nothing");
            self.error(&rule.place, "max_duration", what, None);
        }
        if rule.steps.is_empty() {
            return;
        }
        for (key, after) in [("remind_after", rule.remind_after), ("escalate_after", rule.escalate_after)] {
            if after >= rule.timeout {
                let what = format!("{after} is not before the `timeout` of {}", rule.timeout);
                let path = if rule.place.has(key) { key } else { "timeout" };
                self.error(&rule.place, path, format!("`{key}`: {what}"), None);
            }
        }
    }

    fn auto_bounds(&mut self, rule: &Rule) {
        let Some(auto) = &rule.auto_approve else { return };
        let only_on_call = rule.who.iter().all(|who| matches!(who, Subject::Oncall(_)));
        if auto.up_to >= AUTO_BELOW && !only_on_call {
            let what = format!("automatic approval is for less than {AUTO_BELOW}, not {}", auto.up_to);
            let hint = "only a rule for `oncall:` alone may allow more".to_owned();
            self.error(&rule.place, "auto_approve.up_to", what, Some(hint));
        }
        if let Some(longest) = rule.max_duration.filter(|longest| auto.up_to > *longest) {
            let what = format!("{} is more than the `max_duration` of this rule, {longest}", auto.up_to);
            self.error(&rule.place, "auto_approve.up_to", what, None);
        }
        if auto.up_to < self.policy.limits.min_duration {
            let what = format!("{} is shorter than `min_duration`: nothing is ever approved automatically", auto.up_to);
            self.error(&rule.place, "auto_approve.up_to", what, None);
        }
    }

    /// High risk: never automatic, never one person's decision.
    fn risk(&mut self, position: usize) {
        let About { rule, roles, .. } = &self.rules[position];
        let (rule, roles) = (*rule, roles.iter());
        let high: Vec<&RoleName> = roles.filter(|role| role.risk == Risk::High).map(|role| &role.name).collect();
        let says_high = rule.matches.risk.as_ref().is_some_and(|risks| risks.contains(&Risk::High));
        if rule.auto_approve.is_some() && (says_high || !high.is_empty()) {
            let which = if high.is_empty() { String::new() } else { format!(": it matches {}", some(&high)) };
            let hint = "add `risk = [\"low\", \"medium\"]` to its `match`".to_owned();
            let what = format!("the rule `{}` would approve high risk automatically{which}", rule.name);
            self.error(&rule.place, "auto_approve", what, Some(hint));
        }
        let quorum: u32 = rule.steps.iter().map(|step| step.count).sum();
        if quorum == 1 && !high.is_empty() {
            let what = format!("high risk needs two people, and one decides on {} here", some(&high));
            self.error(&rule.place, "steps", what, Some("add a second step".to_owned()));
        }
    }
}
