//! What people may ask for on behalf of others: that there is always somebody to agree who is neither of the two.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::reach::{Alike, is_rotation, reachable};
use super::{About, Check, some};
use crate::directory::Person;
use crate::id::{PersonId, RoleName};
use crate::policy::people::{belonging, sponsors};
use crate::policy::quorum::short_step;
use crate::policy::{Place, Rule, Subject};

/// Sponsor and beneficiary.
type Pair = (PersonId, PersonId);

/// Who may ask on whose behalf under a rule.
struct Under<'a> {
    rule: &'a Rule,
    people: BTreeSet<&'a PersonId>,
    sponsors: BTreeSet<&'a PersonId>,
    /// Per step, who could agree, but for the manager of whoever gets it.
    able: Vec<BTreeSet<&'a PersonId>>,
}

/// A step of a rule: where the rule stands, its name, and which step.
type StepOf<'a> = (&'a Place, &'a str, usize);

/// Pairs of whom a step has too few people, and those among them of whom that is worth a warning only.
#[derive(Default)]
struct Found<'a> {
    short: BTreeMap<StepOf<'a>, (BTreeSet<Pair>, BTreeSet<RoleName>)>,
    managed: BTreeMap<(&'a Place, &'a str), BTreeSet<Pair>>,
}

impl<'a> Check<'a> {
    /// For each role, each person who may have it and each who may sponsor them: enough distinct people who are neither of the two.
    ///
    /// A manager who is also the sponsor cannot be asked, which they hear when they ask. That is worth a warning, as long as somebody else
    /// can sponsor that person.
    pub(super) fn sponsored(&mut self, impossible: &HashSet<usize>) {
        let mut found = Found::default();
        for (alike, roles) in self.alike() {
            let positions = alike.rules.iter().filter(|position| !self.rules[**position].rule.steps.is_empty());
            let rules: Vec<(usize, Under<'_>)> =
                positions.map(|position| (*position, self.under(*position, alike.owner))).collect();
            let names: BTreeSet<RoleName> = roles.iter().map(|role| role.name.clone()).collect();
            for (index, (position, under)) in rules.iter().enumerate() {
                if !under.sponsors.is_empty() && !impossible.contains(position) {
                    for who in &under.people {
                        self.sponsors_of(who, (under, &rules[..index]), (&alike, &names), &mut found);
                    }
                }
            }
        }
        for ((place, name, step), (pairs, roles)) in found.short {
            let roles: Vec<_> = roles.into_iter().collect();
            let what = format!(
                "nobody could approve step {} of `{name}` when {} asks for {}: too few people in chat who are neither of the two",
                step + 1,
                some_pairs(&pairs),
                some(&roles)
            );
            self.error(place, &format!("steps.{step}"), what, Some("name more people, or a group".to_owned()));
        }
        for ((place, name), pairs) in found.managed {
            let pairs = some_pairs(&pairs);
            let what = format!("under `{name}`, {pairs} is refused: the sponsor is the manager who has to agree");
            self.warning(place, "sponsors", what, Some("somebody else can sponsor them".to_owned()));
        }
    }

    /// Everybody who may sponsor one person under a rule, and whom no rule before it decides about.
    fn sponsors_of(
        &self,
        who: &'a PersonId,
        (under, before): (&Under<'a>, &[(usize, Under<'a>)]),
        (alike, roles): (&Alike<'a>, &BTreeSet<RoleName>),
        found: &mut Found<'a>,
    ) {
        let rule = under.rule;
        let Some(person) = self.directory.person(who) else { return };
        if !self.directory.has_account(person, alike.connector) {
            return;
        }
        let able = self.able_for(person, under);
        let decided = |id: &PersonId| before.iter().any(|(_, it)| it.people.contains(who) && it.sponsors.contains(id));
        let theirs = under.sponsors.iter().copied().filter(|id| *id != who && !decided(id));
        let (asked, others): (Vec<&PersonId>, Vec<&PersonId>) =
            theirs.partition(|id| able.iter().any(|able| able.contains(*id)));
        // Whoever is asked nowhere makes no difference, so one of those stands for all.
        let tried: Vec<&PersonId> = asked.into_iter().chain(others.first().copied()).collect();
        let without = |sponsor: &PersonId| {
            let rest = |able: &BTreeSet<&'a PersonId>| able.iter().copied().filter(|id| *id != sponsor).collect();
            short_step(&rule.steps, &able.iter().map(rest).collect::<Vec<BTreeSet<&PersonId>>>())
        };
        let short: Vec<(&PersonId, usize)> = tried.iter().filter_map(|id| Some((*id, without(id)?))).collect();
        let somebody_can = short.len() < tried.len();
        for (sponsor, step) in short {
            let pair = (sponsor.clone(), who.clone());
            if somebody_can && person.manager.as_ref() == Some(sponsor) {
                found.managed.entry((&rule.place, &rule.name)).or_default().insert(pair);
                continue;
            }
            let (pairs, of) = found.short.entry((&rule.place, &rule.name, step)).or_default();
            pairs.insert(pair);
            of.extend(roles.iter().cloned());
        }
    }

    /// Per step, who could agree to what this person gets.
    fn able_for(&self, person: &'a Person, under: &Under<'a>) -> Vec<BTreeSet<&'a PersonId>> {
        let reached = |id: &&PersonId| self.directory.active(id).is_some_and(|it| self.directory.in_chat(it));
        let manager = person.manager.as_ref().filter(reached);
        let steps = under.rule.steps.iter().zip(&under.able);
        let step = |(step, able): (&crate::policy::Step, &BTreeSet<&'a PersonId>)| {
            let mut able = able.clone();
            able.extend(manager.filter(|_| step.any.contains(&Subject::Manager)));
            able.remove(&person.id);
            able
        };
        steps.map(step).collect()
    }

    /// Sponsors who are none.
    pub(super) fn idle_sponsors(&mut self, rule: &'a Rule) {
        let nobody = self.sponsors_under(rule).is_empty();
        if nobody && !rule.sponsors.is_empty() && !rule.sponsors.iter().any(is_rotation) {
            let what = format!("nobody can sponsor under `{}`: its `sponsors` are no active employees", rule.name);
            self.warning(&rule.place, "sponsors", what, None);
        }
    }

    fn sponsors_under(&self, rule: &'a Rule) -> BTreeSet<&'a PersonId> {
        let mut able = belonging(&rule.sponsors, self.directory);
        able.retain(|id| self.directory.person(id).is_some_and(|person| sponsors(rule, person)));
        able
    }

    fn under(&self, position: usize, owner: &'a Subject) -> Under<'a> {
        let About { rule, members, .. } = &self.rules[position];
        let able = match rule.sponsors.is_empty() {
            true => Vec::new(),
            false => rule.steps.iter().map(|step| reachable(&step.any, owner, self.directory)).collect(),
        };
        Under { rule, people: members.clone(), sponsors: self.sponsors_under(rule), able }
    }
}

/// `alice` on behalf of `carl`, the first few.
fn some_pairs(pairs: &BTreeSet<Pair>) -> String {
    const MOST: usize = 3;
    let shown = pairs.iter().take(MOST).map(|(sponsor, who)| format!("`{sponsor}` on behalf of `{who}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = pairs.len().saturating_sub(MOST);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
