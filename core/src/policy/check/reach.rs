//! Who can reach what: roles that nobody may ask for, requests that nobody could approve, rules that never decide.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Check, some};
use crate::directory::Person;
use crate::id::{PersonId, RoleName};
use crate::policy::people::{Parties, eligible, holds};
use crate::policy::quorum::short_step;
use crate::policy::{Place, Role, Rule, Subject};

/// A step that has too few people, and for whom.
#[derive(Default)]
struct Short {
    people: BTreeSet<PersonId>,
    roles: BTreeSet<RoleName>,
}

impl<'a> Check<'a> {
    pub(super) fn reach(&mut self) {
        let mut impossible: HashSet<&str> = HashSet::new();
        for rule in &self.policy.rules {
            if self.impossible_counts(rule) {
                impossible.insert(rule.name.as_str());
            }
        }
        self.approvers(&impossible);
        self.idle_rules();
    }

    /// Steps that ask for more people than there could ever be.
    fn impossible_counts(&mut self, rule: &'a Rule) -> bool {
        let directory = self.directory;
        let nobody = PersonId::new("");
        let most = |any: &[Subject], owner: &Subject| {
            let parties = Parties { requester: &nobody, beneficiary: &nobody, owner };
            eligible(any, parties, directory).len() + usize::from(any.contains(&Subject::Manager))
        };
        let roles: Vec<&Role> = self.roles_of(rule).collect();
        let mut found = false;
        for (index, step) in rule.steps.iter().enumerate() {
            let Some(most) = roles.iter().map(|role| most(&step.any, &role.owner)).max() else { continue };
            if (most as u64) < u64::from(step.count) {
                let any: Vec<String> = step.any.iter().map(|subject| format!("`{subject}`")).collect();
                let what = format!(
                    "step {} asks for {} of {}, and there {} {most}",
                    index + 1,
                    step.count,
                    any.join(", "),
                    if most == 1 { "is" } else { "are" }
                );
                let rotation = step.any.iter().any(is_rotation);
                let hint = "a rotation may be nobody: name people or a group beside it".to_owned();
                self.error(&rule.place, &format!("steps.{index}"), what, rotation.then_some(hint));
                found = true;
            }
        }
        found
    }

    /// For each role and each person who may ask for it: enough distinct people who are not that person.
    fn approvers(&mut self, impossible: &HashSet<&str>) {
        let (policy, directory) = (self.policy, self.directory);
        let people: Vec<&Person> = directory.people().filter(|person| person.active).collect();
        let mut proven: HashSet<(&str, &Subject, &PersonId)> = HashSet::new();
        let mut short: BTreeMap<(&Place, &str, usize), Short> = BTreeMap::new();
        for role in policy.roles.values() {
            let mut anybody = false;
            for person in &people {
                let mut candidates = policy.candidates(role, person, person).peekable();
                anybody |= candidates.peek().is_some();
                let Some(rule) = candidates.find(|rule| !rule.steps.is_empty()) else { continue };
                let can_ask = person.accounts.contains_key(&role.connector);
                let told = impossible.contains(rule.name.as_str());
                if told || !can_ask || !proven.insert((&rule.name, &role.owner, &person.id)) {
                    continue;
                }
                let parties = Parties { requester: &person.id, beneficiary: &person.id, owner: &role.owner };
                let eligible: Vec<_> = rule.steps.iter().map(|s| eligible(&s.any, parties, directory)).collect();
                if let Some(step) = short_step(&rule.steps, &eligible) {
                    let short = short.entry((&rule.place, &rule.name, step)).or_default();
                    short.people.insert(person.id.clone());
                    short.roles.insert(role.name.clone());
                }
            }
            let on_call = policy.rules_of(&role.name).any(|rule| rule.who.iter().any(is_rotation));
            if !anybody && !on_call {
                self.nobody_may_ask(role);
            }
        }
        for ((place, name, step), Short { people, roles }) in short {
            let (people, roles): (Vec<_>, Vec<_>) = (people.into_iter().collect(), roles.into_iter().collect());
            let what = format!(
                "nobody could approve step {} of `{name}` when {} asks for {}: too few people who are not the one who asks",
                step + 1,
                some(&people),
                some(&roles)
            );
            self.error(place, &format!("steps.{step}"), what, Some("name more people, or a group".to_owned()));
        }
    }

    fn nobody_may_ask(&mut self, role: &Role) {
        let what = match self.policy.rules_of(&role.name).next() {
            None => format!("no rule is about `{}`, so nobody may ask for it", role.name),
            Some(rule) => format!("nobody is in `who` of a rule about `{}`, such as `{}`", role.name, rule.name),
        };
        self.warning(&role.place, "name", what, None);
    }

    /// Rules about no role, and rules whose every request another one, further up, decides.
    fn idle_rules(&mut self) {
        let policy = self.policy;
        let members: Vec<BTreeSet<&PersonId>> = policy.rules.iter().map(|rule| self.members(rule)).collect();
        for (position, rule) in policy.rules.iter().enumerate() {
            let roles: Vec<&Role> = self.roles_of(rule).collect();
            if roles.is_empty() {
                self.warning(&rule.place, "match", format!("the rule `{}` is about no role", rule.name), None);
                continue;
            }
            let on_call = rule.who.iter().any(is_rotation);
            if rule.auto_approve.is_some() || on_call || members[position].is_empty() {
                continue;
            }
            let mut deciding: BTreeSet<&str> = BTreeSet::new();
            let shadowed = roles.iter().all(|role| {
                let mut left = members[position].clone();
                for (earlier, above) in policy.rules[..position].iter().enumerate() {
                    if !above.steps.is_empty() && above.matches.holds(role) {
                        let before = left.len();
                        left.retain(|id| !members[earlier].contains(id));
                        if left.len() < before {
                            deciding.insert(&above.name);
                        }
                    }
                }
                left.is_empty()
            });
            if shadowed {
                let by: Vec<&str> = deciding.into_iter().collect();
                let what = format!("the rule `{}` never decides: {} stands before it", rule.name, some(&by));
                self.warning(&rule.place, "name", what, Some("put the narrower rule first".to_owned()));
            }
        }
    }

    /// Active people whom a rule lets ask.
    fn members(&self, rule: &Rule) -> BTreeSet<&'a PersonId> {
        let people = self.directory.people().filter(|person| person.active && holds(&rule.who, person));
        people.map(|person| &person.id).collect()
    }
}

fn is_rotation(subject: &Subject) -> bool {
    matches!(subject, Subject::Oncall(_))
}
