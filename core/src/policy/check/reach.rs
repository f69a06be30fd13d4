//! Who can reach what: roles that nobody may ask for, requests that nobody could approve, rules that never decide.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Check, some};
use crate::directory::{Directory, Person};
use crate::id::{ConnectorName, PersonId, RoleName};
use crate::policy::people::{Parties, belonging, eligible, sponsors};
use crate::policy::quorum::short_step;
use crate::policy::{Place, Role, Rule, Subject};

/// A step that has too few people, and for whom.
#[derive(Default)]
struct Short {
    people: BTreeSet<PersonId>,
    /// Sponsor and beneficiary.
    pairs: BTreeSet<(PersonId, PersonId)>,
    roles: BTreeSet<RoleName>,
}

/// Who may ask on whose behalf under a rule.
struct Sponsored<'a> {
    rule: &'a Rule,
    people: BTreeSet<&'a PersonId>,
    sponsors: BTreeSet<&'a PersonId>,
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
        self.sponsored(&impossible);
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
        for ((place, name, step), Short { people, roles, .. }) in short {
            let (people, roles): (Vec<_>, Vec<_>) = (people.into_iter().collect(), roles.into_iter().collect());
            let what = format!(
                "nobody could approve step {} of `{name}` when {} asks for {}: too few people in Slack who are not the one who asks",
                step + 1,
                some(&people),
                some(&roles)
            );
            self.error(place, &format!("steps.{step}"), what, Some("name more people, or a group".to_owned()));
        }
    }

    /// The same of what people ask for on behalf of others: enough distinct people who are neither of the two.
    ///
    /// A contractor's manager who is also their sponsor cannot be asked, which they hear when they ask. That is worth a warning, as long as
    /// somebody else can sponsor that contractor.
    fn sponsored(&mut self, impossible: &HashSet<&str>) {
        let directory = self.directory;
        let mut found: BTreeMap<(&Place, &str, usize), Short> = BTreeMap::new();
        let mut managed: BTreeMap<(&Place, &str), BTreeSet<(PersonId, PersonId)>> = BTreeMap::new();
        for (alike, roles) in self.alike() {
            let with_steps: Vec<Sponsored<'_>> = alike
                .rules
                .iter()
                .filter(|rule| !rule.steps.is_empty())
                .map(|rule| self.sponsored_under(rule))
                .collect();
            for (position, under) in with_steps.iter().enumerate() {
                let rule = under.rule;
                if under.sponsors.is_empty() || impossible.contains(rule.name.as_str()) {
                    continue;
                }
                let before = &with_steps[..position];
                let decides = |who: &PersonId, sponsor: &PersonId| {
                    !before.iter().any(|it| it.people.contains(who) && it.sponsors.contains(sponsor))
                };
                for who in &under.people {
                    let Some(person) = directory.person(who) else { continue };
                    if !person.accounts.contains_key(alike.connector) {
                        continue;
                    }
                    let parties = Parties { requester: who, beneficiary: who, owner: alike.owner };
                    let able: Vec<_> = rule.steps.iter().map(|s| reachable(&s.any, parties, directory)).collect();
                    let short_without = |sponsor: &PersonId| {
                        let able: Vec<BTreeSet<&PersonId>> = able
                            .iter()
                            .map(|able| able.iter().copied().filter(|id| *id != sponsor).collect())
                            .collect();
                        short_step(&rule.steps, &able)
                    };
                    let theirs = || under.sponsors.iter().copied().filter(|id| id != who && decides(who, id));
                    // Whoever is asked nowhere makes no difference, so one of those stands for all.
                    let concerned = |id: &&PersonId| able.iter().any(|able| able.contains(*id));
                    let others = theirs().find(|id| !concerned(id));
                    let mut short: Vec<(&PersonId, usize)> = theirs()
                        .filter(concerned)
                        .chain(others)
                        .filter_map(|id| Some((id, short_without(id)?)))
                        .collect();
                    let all_fail = short.len() == theirs().filter(concerned).count() + usize::from(others.is_some());
                    let manager = person.manager.as_ref().filter(|_| !all_fail);
                    if let Some((sponsor, _)) = short.iter().find(|(id, _)| Some(*id) == manager) {
                        let pair = ((*sponsor).clone(), (*who).clone());
                        managed.entry((&rule.place, &rule.name)).or_default().insert(pair);
                    }
                    short.retain(|(id, _)| Some(*id) != manager);
                    for (sponsor, step) in short {
                        let short = found.entry((&rule.place, &rule.name, step)).or_default();
                        short.pairs.insert((sponsor.clone(), (*who).clone()));
                        short.roles.extend(roles.iter().map(|role| role.name.clone()));
                    }
                }
            }
        }
        for ((place, name, step), Short { pairs, roles, .. }) in found {
            let roles: Vec<_> = roles.into_iter().collect();
            let what = format!(
                "nobody could approve step {} of `{name}` when {} asks for {}: too few people in Slack who are neither of the two",
                step + 1,
                some_pairs(&pairs),
                some(&roles)
            );
            self.error(place, &format!("steps.{step}"), what, Some("name more people, or a group".to_owned()));
        }
        for ((place, name), pairs) in managed {
            let what = format!(
                "under `{name}`, {} is refused: the sponsor is the manager who has to agree",
                some_pairs(&pairs)
            );
            self.warning(place, "sponsors", what, Some("somebody else can sponsor them".to_owned()));
        }
    }

    fn sponsored_under(&self, rule: &'a Rule) -> Sponsored<'a> {
        let mut sponsors_of = belonging(&rule.sponsors, self.directory);
        sponsors_of.retain(|id| self.directory.person(id).is_some_and(|person| sponsors(rule, person)));
        Sponsored { rule, people: self.members(rule), sponsors: sponsors_of }
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
            let nobody = self.sponsored_under(rule).sponsors.is_empty();
            if nobody && !rule.sponsors.is_empty() && !rule.sponsors.iter().any(is_rotation) {
                let what = format!("nobody can sponsor under `{}`: its `sponsors` are no active employees", rule.name);
                self.warning(&rule.place, "sponsors", what, None);
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
    people.retain(|id| directory.person(id).is_some_and(Person::in_chat));
    people
}

/// `alice` on behalf of `carl`, the first few.
fn some_pairs(pairs: &BTreeSet<(PersonId, PersonId)>) -> String {
    const MOST: usize = 3;
    let shown = pairs.iter().take(MOST).map(|(sponsor, who)| format!("`{sponsor}` on behalf of `{who}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = pairs.len().saturating_sub(MOST);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn is_rotation(subject: &Subject) -> bool {
    matches!(subject, Subject::Oncall(_))
}
