//! Who can reach what: roles that nobody may ask for, requests that nobody could approve, rules that never decide.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{About, Check, some};
use crate::directory::{Directory, Person};
use crate::id::{ConnectorName, PersonId, RoleName};
use crate::policy::people::belonging;
use crate::policy::quorum::short_step;
use crate::policy::{Place, Role, Rule, Step, Subject};

/// A step that has too few people, and for whom.
#[derive(Default)]
struct Short {
    people: BTreeSet<PersonId>,
    roles: BTreeSet<RoleName>,
}

/// What decides who may ask for a role and who has to agree.
pub(super) struct Alike<'a> {
    /// By position.
    pub rules: &'a [usize],
    pub owner: &'a Subject,
    pub connector: &'a ConnectorName,
}

impl<'a> Check<'a> {
    pub(super) fn reach(&mut self) {
        let impossible: HashSet<usize> =
            (0..self.rules.len()).filter(|position| self.impossible_counts(*position)).collect();
        self.approvers(&impossible);
        self.sponsored(&impossible);
        (0..self.rules.len()).for_each(|position| self.idle(position));
    }

    /// Steps that ask for more people than there could ever be.
    fn impossible_counts(&mut self, position: usize) -> bool {
        let (rule, directory) = (self.rules[position].rule, self.directory);
        // Of the roles only the owners matter.
        let owners: HashSet<&Subject> = self.rules[position].roles.iter().map(|role| &role.owner).collect();
        let most = |any: &'a [Subject], owner: &'a Subject| {
            reachable(any, owner, directory).len() + usize::from(any.contains(&Subject::Manager))
        };
        let mut found = false;
        for (index, step) in rule.steps.iter().enumerate() {
            let Some(most) = owners.iter().map(|owner| most(&step.any, owner)).max() else { continue };
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
    fn approvers(&mut self, impossible: &HashSet<usize>) {
        let directory = self.directory;
        let mut short: BTreeMap<(&Place, &str, usize), Short> = BTreeMap::new();
        let mut unasked = Vec::new();
        for (alike, roles) in self.alike() {
            let mut decided: HashSet<&PersonId> = HashSet::new();
            for position in alike.rules {
                let About { rule, members, .. } = &self.rules[*position];
                if rule.steps.is_empty() {
                    continue;
                }
                let deciders = Deciders::new(rule, alike.owner, directory);
                for id in members.iter().copied().filter(|id| decided.insert(id)) {
                    let can_ask = directory.person(id).filter(|it| directory.has_account(it, alike.connector));
                    let Some(person) = can_ask.filter(|_| !impossible.contains(position)) else { continue };
                    if let Some(step) = short_step(&rule.steps, &deciders.of(person, directory)) {
                        let short = short.entry((&rule.place, &rule.name, step)).or_default();
                        short.people.insert(id.clone());
                        short.roles.extend(roles.iter().map(|role| role.name.clone()));
                    }
                }
            }
            let somebody = |position: &usize| {
                let About { rule, members, .. } = &self.rules[*position];
                rule.who.iter().any(is_rotation) || !members.is_empty()
            };
            if !alike.rules.iter().any(somebody) {
                unasked.extend(roles);
            }
        }
        unasked.into_iter().for_each(|role| self.nobody_may_ask(role));
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
    pub(super) fn alike(&self) -> Vec<(Alike<'a>, Vec<&'a Role>)> {
        let policy = self.policy;
        let mut all: Vec<(Alike<'a>, Vec<&'a Role>)> = Vec::new();
        let mut places: HashMap<(&[usize], &Subject, &ConnectorName), usize> = HashMap::new();
        for role in policy.roles.values() {
            let (rules, owner, connector) = (policy.positions_of(&role.name), &role.owner, &role.connector);
            let place = *places.entry((rules, owner, connector)).or_insert_with(|| {
                all.push((Alike { rules, owner, connector }, Vec::new()));
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

    /// A rule about no role, or one whose every request another one, further up, decides.
    fn idle(&mut self, position: usize) {
        let About { rule, roles, .. } = &self.rules[position];
        let rule = *rule;
        if roles.is_empty() {
            self.warning(&rule.place, "match", format!("the rule `{}` is about no role", rule.name), None);
            return;
        }
        self.idle_sponsors(rule);
        let About { rule, roles, members } = &self.rules[position];
        let rule = *rule;
        let on_call = rule.who.iter().any(is_rotation);
        if rule.auto_approve.is_some() || on_call || members.is_empty() {
            return;
        }
        // Roles below the same rules are alike.
        let above = |role: &&Role| {
            let positions = self.policy.positions_of(&role.name).iter().copied();
            positions.take_while(|above| *above != position).collect::<Vec<_>>()
        };
        let ways: HashSet<Vec<usize>> = roles.iter().map(above).collect();
        let mut deciding: BTreeSet<&str> = BTreeSet::new();
        let shadowed = ways.iter().all(|way| {
            let mut left = members.clone();
            for above in way.iter().map(|above| &self.rules[*above]).filter(|above| !above.rule.steps.is_empty()) {
                let before = left.len();
                left.retain(|id| !above.members.contains(id));
                if left.len() < before {
                    deciding.insert(&above.rule.name);
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

/// Who could agree to a rule's steps, whoever asks: found once for all who may.
struct Deciders<'a> {
    steps: Vec<(BTreeSet<&'a PersonId>, bool)>,
}

impl<'a> Deciders<'a> {
    fn new(rule: &'a Rule, owner: &'a Subject, directory: &'a Directory) -> Self {
        // One more than all votes: whoever asks, a step with so many people never runs short.
        let enough = rule.steps.iter().map(|step| step.count as usize).sum::<usize>() + 1;
        let step = |step: &'a Step| {
            let people = reachable(&step.any, owner, directory).into_iter().take(enough).collect();
            (people, step.any.contains(&Subject::Manager))
        };
        Self { steps: rule.steps.iter().map(step).collect() }
    }

    /// The same without whoever asks, and with their manager.
    fn of(&self, person: &'a Person, directory: &Directory) -> Vec<BTreeSet<&'a PersonId>> {
        let manager = person.manager.as_ref();
        let manager = manager.filter(|id| directory.active(id).is_some_and(|manager| directory.in_chat(manager)));
        let step = |(people, by_manager): &(BTreeSet<&'a PersonId>, bool)| {
            let mut people = people.clone();
            people.extend(manager.filter(|_| *by_manager));
            people.remove(&person.id);
            people
        };
        self.steps.iter().map(step).collect()
    }
}

/// Who of these can be asked at all, but for the manager of whoever asks; who is away today is a matter of today.
pub(super) fn reachable<'a>(
    any: &'a [Subject],
    owner: &'a Subject,
    directory: &'a Directory,
) -> BTreeSet<&'a PersonId> {
    let whom = |subject: &'a Subject| if *subject == Subject::Owner { owner } else { subject };
    let mut people: BTreeSet<&PersonId> =
        any.iter().flat_map(|subject| belonging(std::slice::from_ref(whom(subject)), directory)).collect();
    people.retain(|id| directory.person(id).is_some_and(|person| directory.in_chat(person)));
    people
}

pub(super) fn is_rotation(subject: &Subject) -> bool {
    matches!(subject, Subject::Oncall(_))
}
