//! Names that the policy uses and somebody else defines: people, groups, rotations, connectors, roles,
//! environments, tags.

use std::collections::BTreeSet;

use super::Check;
use crate::document::{did_you_mean, spelled};
use crate::id::{ConnectorName, RoleName};
use crate::nearest::nearest;
use crate::policy::model::fitting;
use crate::policy::{EscalateTo, Holder, Listed, PRODUCTION, Place, RoleMatch, Rule, Subject};

/// What roles have, and a `match` can name.
struct Known<'a> {
    environments: BTreeSet<&'a str>,
    tags: BTreeSet<&'a str>,
}

impl Check<'_> {
    pub(super) fn names(&mut self) {
        let policy = self.policy;
        let roles = policy.roles.values();
        let environments: BTreeSet<&str> = roles.clone().map(|role| role.environment.as_str()).collect();
        let tags: BTreeSet<&str> = roles.clone().flat_map(|role| &role.tags).map(String::as_str).collect();
        let known = Known { environments, tags };
        for role in roles {
            if !self.connectors.contains(&role.connector) {
                let hint = did_you_mean(role.connector.as_str(), self.connectors.iter().map(ConnectorName::as_str));
                self.error(&role.place, "connector", format!("there is no connector `{}`", role.connector), hint);
            }
            self.subject(&role.place, "owner", &role.owner);
        }
        for rule in &policy.rules {
            self.matches(&rule.place, &rule.matches, &known);
            self.subjects(&rule.place, "who", &rule.who);
            self.services(rule);
            for (index, step) in rule.steps.iter().enumerate() {
                self.subjects(&rule.place, &format!("steps.{index}.any"), &step.any);
            }
            for (index, to) in rule.escalate_to.iter().enumerate() {
                if let EscalateTo::Subject(subject) = to {
                    self.subject(&rule.place, &format!("escalate_to.{index}"), subject);
                }
            }
        }
        for emergency in &policy.emergencies {
            self.matches(&emergency.place, &emergency.matches, &known);
            self.subjects(&emergency.place, "who", &emergency.who);
            self.subjects(&emergency.place, "review.by", &emergency.review.by);
        }
        for blackout in &policy.blackouts {
            self.matches(&blackout.place, &blackout.matches, &known);
        }
        for window in &policy.change_windows {
            self.matches(&window.place, &window.matches, &known);
        }
        for conflict in &policy.conflicts {
            self.role_patterns(&conflict.place, "roles", &conflict.roles);
        }
        self.exceptions();
        self.subjects(policy.place_of("security"), "who", &policy.security);
        self.limited_environments(&known.environments);
    }

    fn subjects(&mut self, place: &Place, path: &str, subjects: &[Subject]) {
        for (index, subject) in subjects.iter().enumerate() {
            self.subject(place, &format!("{path}.{index}"), subject);
        }
    }

    fn subject(&mut self, place: &Place, path: &str, subject: &Subject) {
        let directory = self.directory;
        match subject {
            Subject::Person(id) => match directory.person(id) {
                None => {
                    let hint = did_you_mean(id.as_str(), directory.people().map(|person| person.id.as_str()));
                    self.error(place, path, format!("there is no person `{}`", spelled(id.as_str())), hint);
                }
                Some(person) if !person.active => {
                    self.warning(place, path, format!("the account of `{id}` is disabled"), None);
                }
                Some(_) => {}
            },
            Subject::Group(name) => match directory.group(name) {
                None => {
                    let hint = did_you_mean(name, directory.groups()).map(|hint| hint.replacen('`', "`group:", 1));
                    self.error(place, path, format!("there is no group `{}`", spelled(name)), hint);
                }
                Some(members) if members.iter().all(|id| directory.active(id).is_none()) => {
                    self.warning(place, path, format!("the group `{name}` has no active member"), None);
                }
                Some(_) => {}
            },
            Subject::Oncall(rotation) => self.rotation(place, path, rotation),
            Subject::Manager | Subject::Owner => {}
        }
    }

    /// Who is on a rotation is not known here; that it has a source, and what that source calls it, is.
    fn rotation(&mut self, place: &Place, path: &str, rotation: &str) {
        let sources = self.directory.oncall_sources();
        let Some((source, schedule)) = rotation.split_once('/').filter(|(_, schedule)| !schedule.is_empty()) else {
            let hint = "write it like `oncall:pagerduty/PSCHEDULE`".to_owned();
            return self.error(place, path, format!("`oncall:{rotation}` names no schedule"), Some(hint));
        };
        match sources.get(source) {
            None => {
                let near = nearest(source, sources.keys().map(String::as_str));
                let hint = near.map_or_else(
                    || format!("add [oncall.{source}] to jit.toml"),
                    |near| format!("did you mean `oncall:{near}/{schedule}`?"),
                );
                self.error(place, path, format!("there is no source of rotations `{source}`"), Some(hint));
            }
            Some(Some(known)) if !known.contains(schedule) => {
                let hint = did_you_mean(schedule, known.iter().map(String::as_str));
                self.error(place, path, format!("`{source}` has no rotation `{schedule}`"), hint);
            }
            Some(_) => {}
        }
    }

    /// Which incidents there are is not known here; that their service has a source is.
    fn services(&mut self, rule: &Rule) {
        let Some(services) = rule.auto_approve.as_ref().and_then(|auto| auto.require_incident.as_ref()) else { return };
        let sources = self.directory.oncall_sources();
        for (index, service) in services.iter().enumerate() {
            let path = format!("auto_approve.require_incident.{index}");
            let Some((source, id)) = service.split_once('/').filter(|(_, id)| !id.is_empty()) else {
                let hint = "write it like `pagerduty/PSERVICE`".to_owned();
                self.error(&rule.place, &path, format!("`{service}` names no service"), Some(hint));
                continue;
            };
            if !sources.contains_key(source) {
                let near = nearest(source, sources.keys().map(String::as_str));
                let hint = near.map_or_else(
                    || format!("add [oncall.{source}] to jit.toml"),
                    |near| format!("did you mean `{near}/{id}`?"),
                );
                let what = format!("there is no source of incidents `{source}`");
                self.error(&rule.place, &path, what, Some(hint));
            }
        }
    }

    fn matches(&mut self, place: &Place, matches: &RoleMatch, known: &Known<'_>) {
        if let Some(patterns) = &matches.roles {
            self.role_patterns(place, "match.roles", patterns);
        }
        self.known(place, "environment", matches.environment.as_deref(), &known.environments);
        self.known(place, "tags", matches.tags.as_deref(), &known.tags);
    }

    fn known(&mut self, place: &Place, key: &str, names: Option<&[String]>, known: &BTreeSet<&str>) {
        for (index, name) in names.unwrap_or_default().iter().enumerate().filter(|(_, n)| !known.contains(n.as_str())) {
            let hint = did_you_mean(name, known.iter().copied());
            self.warning(place, &format!("match.{key}.{index}"), format!("no role has the {key} `{name}`"), hint);
        }
    }

    /// A whole name must exist; a pattern had better match something.
    fn role_patterns(&mut self, place: &Place, path: &str, patterns: &[String]) {
        let policy = self.policy;
        for (index, pattern) in patterns.iter().enumerate() {
            if fitting(pattern, &policy.roles).next().is_some() {
                continue;
            }
            let path = format!("{path}.{index}");
            if pattern.contains('*') {
                self.warning(place, &path, format!("no role's name fits `{pattern}`"), None);
            } else {
                let hint = did_you_mean(pattern, policy.roles.keys().map(RoleName::as_str));
                self.error(place, &path, format!("there is no role `{pattern}`"), hint);
            }
        }
    }

    /// Whom an exception is about may have left: that is told, and keeps neither policy nor people from being read.
    fn exceptions(&mut self) {
        let (policy, directory) = (self.policy, self.directory);
        for (index, Listed { exception, place }) in policy.exceptions.iter().enumerate() {
            let Some(role) = policy.role(&exception.role) else {
                let hint = did_you_mean(exception.role.as_str(), policy.roles.keys().map(RoleName::as_str));
                self.error(place, "role", format!("there is no role `{}`", exception.role), hint);
                continue;
            };
            self.subject(place, "owner", &exception.owner);
            if let Holder::Person(id) = &exception.holder {
                let what = match directory.person(id) {
                    None => Some(format!("there is no person `{id}`; the exception is about nobody")),
                    Some(person) if !person.active => {
                        Some(format!("the account of `{id}` is disabled; take the access away at the system"))
                    }
                    Some(person) if !person.accounts.contains_key(&role.connector) => {
                        Some(format!("`{id}` has no account in `{}`; the exception is about nobody", role.connector))
                    }
                    Some(_) => None,
                };
                let names = directory.people().map(|person| person.id.as_str());
                let hint = directory.person(id).is_none().then(|| did_you_mean(id.as_str(), names)).flatten();
                what.into_iter().for_each(|what| self.warning(place, "person", what, hint.clone()));
            }
            let same = |other: &&Listed| {
                (&other.exception.role, &other.exception.holder) == (&exception.role, &exception.holder)
            };
            if let Some(first) = policy.exceptions[..index].iter().find(same) {
                let what = format!("the same exception stands already at {}:{}", first.place.file, first.place.line);
                self.warning(place, "role", what, None);
            }
        }
    }

    fn limited_environments(&mut self, environments: &BTreeSet<&str>) {
        let policy = self.policy;
        for name in policy.limits.max_duration.keys().filter(|name| *name != PRODUCTION) {
            if !environments.contains(name.as_str()) {
                let hint = did_you_mean(name, environments.iter().copied().chain([PRODUCTION]));
                let what = format!("no role has the environment `{name}`");
                self.warning(policy.place_of("limits"), &format!("max_duration.{name}"), what, hint);
            }
        }
    }
}
