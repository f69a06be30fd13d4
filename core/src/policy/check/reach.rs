//! Who can reach what: roles that nobody may ask for, requests that nobody could approve, rules that never decide.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Check, some};
use crate::directory::Directory;
use crate::id::{ConnectorName, PersonId, RoleName};
use crate::policy::people::{Parties, belonging, eligible};
use crate::policy::quorum::short_step;
use crate::policy::{Place, Role, Rule, Subject};

/// A step that has too few people, and for whom.
#[derive(Default)]
struct Short {
    people: BTreeSet<PersonId>,
    roles: BTreeSet<RoleName>,
}

/// What decides who may ask for a role and who has to agree.
struct Alike<'a> {
    rules: Vec<&'a Rule>,
    owner: &'a Subject,
    connector: &'a ConnectorName,
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
            reachable(any, parties, directory).len() + usize::from(any.contains(&Subject::Manager))
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
        let members: HashMap<&str, BTreeSet<&PersonId>> =
            policy.rules.iter().map(|rule| (rule.name.as_str(), self.members(rule))).collect();
        let mut short: BTreeMap<(&Place, &str, usize), Short> = BTreeMap::new();
        for (alike, roles) in self.alike() {
            let mut decided: HashSet<&PersonId> = HashSet::new();
            for rule in alike.rules.iter().filter(|rule| !rule.steps.is_empty()) {
                for id in members[rule.name.as_str()].iter().copied().filter(|id| decided.insert(id)) {
                    let can_ask = directory.person(id).is_some_and(|it| it.accounts.contains_key(alike.connector));
                    if !can_ask || impossible.contains(rule.name.as_str()) {
                        continue;
                    }
                    let parties = Parties { requester: id, beneficiary: id, owner: alike.owner };
                    let able: Vec<_> = rule.steps.iter().map(|s| reachable(&s.any, parties, directory)).collect();
                    if let Some(step) = short_step(&rule.steps, &able) {
                        let short = short.entry((&rule.place, &rule.name, step)).or_default();
                        short.people.insert(id.clone());
                        short.roles.extend(roles.iter().map(|role| role.name.clone()));
                    }
                }
            }
            let somebody = |rule: &&Rule| rule.who.iter().any(is_rotation) || !members[rule.name.as_str()].is_empty();
            if !alike.rules.iter().any(somebody) {
                roles.into_iter().for_each(|role| self.nobody_may_ask(role));
            }
        }
        for ((place, name, step), Short { people, roles }) in short {
            let (people, roles): (Vec<_>, Vec<_>) = (people.into_iter().collect(), roles.into_iter().collect());
            let what = format!(
                "nobody could approve step {} of `{name}` when {} asks for {}: too few people in chat who are not the one who asks",
                step + 1,
                some(&people),
                some(&roles)
            );
            self.error(place, &format!("steps.{step}"), what, Some("name more people, or a group".to_owned()));
        }
    }

    /// The roles of which the same is to be proven, together.
    fn alike(&self) -> Vec<(Alike<'a>, Vec<&'a Role>)> {
        let mut all: Vec<(Alike<'a>, Vec<&'a Role>)> = Vec::new();
        let mut places: HashMap<(Vec<&str>, &Subject, &ConnectorName), usize> = HashMap::new();
        for role in self.policy.roles.values() {
            let rules: Vec<&Rule> = self.policy.rules_of(&role.name).collect();
            let names = rules.iter().map(|rule| rule.name.as_str()).collect();
            let place = *places.entry((names, &role.owner, &role.connector)).or_insert_with(|| {
                all.push((Alike { rules, owner: &role.owner, connector: &role.connector }, Vec::new()));
                all.len() - 1
            });
            all[place].1.push(role);
        }
        all
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
    fn members(&self, rule: &'a Rule) -> BTreeSet<&'a PersonId> {
        belonging(&rule.who, self.directory)
    }
}

/// Who of these can be asked at all; who is away today is a matter of today.
fn reachable<'a>(any: &'a [Subject], parties: Parties<'a>, directory: &'a Directory) -> BTreeSet<&'a PersonId> {
    let mut people = eligible(any, parties, directory);
    people.retain(|id| directory.person(id).is_some_and(|person| directory.in_chat(person)));
    people
}

fn is_rotation(subject: &Subject) -> bool {
    matches!(subject, Subject::Oncall(_))
}
