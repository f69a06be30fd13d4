//! Whom a policy means: subjects resolved on today's directory. Called by [`super::evaluate`], by decisions at every
//! vote, and by the checks. An unknown fact (a rotation that could not be
//! looked up) is nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Request, Unasked};
use crate::directory::{Absence, Directory, Person};
use crate::id::{PersonId, RoleName};
use crate::policy::{EscalateTo, Policy, Role, Rule, Step, Subject};

/// The two who must have no say: who asked, and who gets it.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub requester: &'a PersonId,
    pub beneficiary: &'a PersonId,
    pub owner: &'a Subject,
}

/// Who of a step can be asked now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Who, and for whom where they stand in for somebody who is away.
    pub people: BTreeMap<PersonId, Option<PersonId>>,
    /// Whom the step names and who cannot be asked, and why; of groups only those who belong to them still.
    pub skipped: BTreeMap<PersonId, Unasked>,
}

impl Policy {
    /// Who may vote on a step and can be asked now: resolved on today's directory, never requester or beneficiary. In place of
    /// those who are away their delegates, where the step permits it.
    ///
    /// `owner` is the role's owner today; the one recorded with the request when the role is gone from the policy.
    pub fn asking(&self, step: &Step, request: &Request, directory: &Directory) -> Asking {
        self.among(request, |parties| asking(step, parties, directory))
    }

    /// Who may vote on a step now.
    pub fn voters(&self, step: &Step, request: &Request, directory: &Directory) -> BTreeSet<PersonId> {
        self.asking(step, request, directory).people.into_keys().collect()
    }

    /// Whom a step names, reachable or not: whose vote stands once it was given. Active people only, never requester or beneficiary.
    pub fn named(&self, step: &Step, request: &Request, directory: &Directory) -> BTreeSet<PersonId> {
        self.among(request, |parties| eligible(&step.any, parties, directory).into_iter().cloned().collect())
    }

    /// Whom the next escalation adds, given whom it climbs from; never one of those, requester, beneficiary, or somebody who cannot be asked.
    ///
    /// `manager-of-approver` climbs past managers who cannot decide, up to the first who can.
    pub fn escalation(
        &self,
        to: &[EscalateTo],
        asked: &[PersonId],
        request: &Request,
        directory: &Directory,
    ) -> BTreeSet<PersonId> {
        self.among(request, |parties| escalation(to, asked, parties, directory))
    }

    /// Everybody whom any escalation could add, reachable or not: whose vote counts once they were added.
    pub fn above(
        &self,
        to: &[EscalateTo],
        asked: &[PersonId],
        request: &Request,
        directory: &Directory,
    ) -> BTreeSet<PersonId> {
        self.among(request, |parties| {
            let mut above = BTreeSet::new();
            for to in to {
                match to {
                    EscalateTo::Subject(subject) => {
                        above.extend(eligible(std::slice::from_ref(subject), parties, directory));
                    }
                    EscalateTo::ManagerOfApprover => {
                        let chain = asked.iter().flat_map(|id| managers(id, directory));
                        above.extend(chain.filter(|id| may_decide(id, parties, directory)));
                    }
                }
            }
            above.into_iter().cloned().collect()
        })
    }

    /// Whether a rule lets this person have this role at all, on today's policy and directory.
    pub fn permits(&self, role: &Role, person: &Person, directory: &Directory) -> bool {
        let Some(person) = directory.active(&person.id) else { return false };
        self.rules_of(&role.name).any(|rule| holds(&rule.who, person))
    }

    /// The roles that this person may ask for, in order of name. They may lack an account there still.
    pub fn requestable<'a>(&'a self, person: &'a Person, directory: &'a Directory) -> impl Iterator<Item = &'a Role> {
        self.roles.values().filter(move |role| self.permits(role, person, directory))
    }

    /// Every rotation (`source/schedule`) that the policy names.
    pub fn rotations(&self) -> BTreeSet<String> {
        let of_rules = self.rules.iter().flat_map(|rule| {
            let added = rule.escalate_to.iter().filter_map(|to| match to {
                EscalateTo::Subject(subject) => Some(subject),
                EscalateTo::ManagerOfApprover => None,
            });
            rule.subjects().chain(added)
        });
        let of_emergencies = self.emergencies.iter().flat_map(|it| it.who.iter().chain(&it.review.by));
        let owners = self.roles.values().map(|role| &role.owner);
        let all = of_rules.chain(of_emergencies).chain(&self.security).chain(owners);
        all.filter_map(Subject::rotation).map(str::to_owned).collect()
    }

    /// The rotations and the services that it asks about a role: who may have it, and who must agree.
    pub fn asks_about(&self, role: &RoleName) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let of_rules = self.rules_of(role).flat_map(Rule::subjects);
        let bypasses = self.role(role).into_iter().flat_map(|role| {
            let about = self.emergencies.iter().filter(|emergency| emergency.matches.holds(role));
            about.flat_map(|emergency| &emergency.who)
        });
        let autos = self.rules_of(role).filter_map(|rule| rule.auto_approve.as_ref());
        let services = autos.flat_map(|auto| auto.require_incident.iter().flatten());
        (of_rules.chain(bypasses).filter_map(Subject::rotation).collect(), services.map(String::as_str).collect())
    }

    /// Every service (`source/service`) of whose incidents the policy asks.
    pub fn services(&self) -> BTreeSet<String> {
        let autos = self.rules.iter().filter_map(|rule| rule.auto_approve.as_ref());
        autos.flat_map(|auto| auto.require_incident.iter().flatten().cloned()).collect()
    }

    /// Whether this person is, or belongs to, an owner; active people only.
    pub fn is_owner(&self, owner: &Subject, person: &PersonId, directory: &Directory) -> bool {
        directory.active(person).is_some_and(|person| held_by(owner, person))
    }

    /// The candidates: rules about the role whose `who` holds both requester and beneficiary.
    pub(super) fn candidates<'a>(
        &'a self,
        role: &Role,
        requester: &'a Person,
        beneficiary: &'a Person,
    ) -> impl Iterator<Item = &'a Rule> {
        let asks_for_another = requester.id != beneficiary.id;
        self.rules_of(&role.name)
            .filter(move |rule| holds(&rule.who, beneficiary) && (!asks_for_another || holds(&rule.who, requester)))
    }

    /// What is found among the parties of a request; nothing where its role is gone and its owner cannot be read.
    fn among<T: Default>(&self, request: &Request, find: impl FnOnce(Parties<'_>) -> T) -> T {
        let Request { requester, beneficiary, .. } = request;
        self.owner_of(request).map(|owner| find(Parties { requester, beneficiary, owner: &owner })).unwrap_or_default()
    }

    /// The role's owner today; the one recorded with the request when the role is gone.
    pub(super) fn owner_of(&self, request: &Request) -> Option<Subject> {
        match self.role(&request.role) {
            Some(role) => Some(role.owner.clone()),
            None => Subject::try_from(request.owner.clone()).ok(),
        }
    }
}

/// Whether `who` holds a person.
pub(super) fn holds(who: &[Subject], person: &Person) -> bool {
    who.iter().any(|subject| held_by(subject, person))
}

/// Whether one subject holds a person.
pub(super) fn held_by(subject: &Subject, person: &Person) -> bool {
    match subject {
        Subject::Person(id) => *id == person.id,
        Subject::Group(name) => person.groups.contains(name),
        Subject::Oncall(rotation) => person.oncall.contains(rotation),
        // The relations say nothing without a request.
        Subject::Manager | Subject::Owner => false,
    }
}

/// Whom these subjects name, disabled people included, without the two parties; and whether by name and not only as one of a group.
fn named<'a>(any: &'a [Subject], parties: Parties<'a>, directory: &'a Directory) -> BTreeMap<&'a PersonId, bool> {
    let mut named = BTreeMap::new();
    for subject in any {
        let subject = if *subject == Subject::Owner { parties.owner } else { subject };
        let mut people = BTreeSet::new();
        match subject {
            Subject::Manager => {
                let manager = directory.person(parties.beneficiary).and_then(|person| person.manager.as_ref());
                people.extend(manager);
            }
            subject => add(subject, directory, &mut people),
        }
        let by_name = matches!(subject, Subject::Person(_) | Subject::Manager);
        for person in people {
            *named.entry(person).or_default() |= by_name;
        }
    }
    named.retain(|id, _| *id != parties.requester && *id != parties.beneficiary);
    named
}

/// Who of a step can be asked now.
pub(super) fn asking(step: &Step, parties: Parties<'_>, directory: &Directory) -> Asking {
    let mut asking = Asking::default();
    let mut away = Vec::new();
    for (id, by_name) in named(&step.any, parties, directory) {
        let unasked = match directory.active(id) {
            None if !by_name => continue,
            None => Unasked::Disabled,
            Some(person) if !directory.in_chat(person) => Unasked::NotInChat,
            Some(_) => match directory.absence(id) {
                Some(absence) => {
                    away.push((id, absence));
                    continue;
                }
                None => {
                    asking.people.insert(id.clone(), None);
                    continue;
                }
            },
        };
        asking.skipped.insert(id.clone(), unasked);
    }
    for (id, Absence { until, delegate }) in away {
        let free = |id: &PersonId| {
            !asking.people.contains_key(id) && directory.reachable(id) && may_decide(id, parties, directory)
        };
        let delegate = delegate.clone().filter(|delegate| step.delegation && free(delegate));
        asking.skipped.insert(id.clone(), Unasked::Away { until: *until, delegate: delegate.clone() });
        asking.people.extend(delegate.map(|delegate| (delegate, Some(id.clone()))));
    }
    asking
}

/// Whom the next escalation adds.
pub(super) fn escalation(
    to: &[EscalateTo],
    asked: &[PersonId],
    parties: Parties<'_>,
    directory: &Directory,
) -> BTreeSet<PersonId> {
    let free = |id: &&PersonId| !asked.contains(id) && directory.reachable(id) && may_decide(id, parties, directory);
    let mut added = BTreeSet::new();
    for to in to {
        match to {
            EscalateTo::Subject(subject) => {
                added.extend(eligible(std::slice::from_ref(subject), parties, directory).into_iter().filter(free));
            }
            EscalateTo::ManagerOfApprover => {
                added.extend(asked.iter().filter_map(|id| managers(id, directory).find(free)));
            }
        }
    }
    added.into_iter().cloned().collect()
}

/// Active people of these subjects, without the two parties.
pub(super) fn eligible<'a>(
    any: &'a [Subject],
    parties: Parties<'a>,
    directory: &'a Directory,
) -> BTreeSet<&'a PersonId> {
    let named = named(any, parties, directory).into_keys();
    named.filter(|id| directory.active(id).is_some()).collect()
}

/// Active people who are, or belong to, one of these: everybody whom [`holds`] holds.
pub(super) fn belonging<'a>(who: &'a [Subject], directory: &'a Directory) -> BTreeSet<&'a PersonId> {
    let mut people = BTreeSet::new();
    who.iter().for_each(|subject| add(subject, directory, &mut people));
    people.retain(|id| directory.active(id).is_some());
    people
}

/// People whom a subject names without a request at hand.
fn add<'a>(subject: &'a Subject, directory: &'a Directory, people: &mut BTreeSet<&'a PersonId>) {
    match subject {
        Subject::Person(id) => people.extend([id]),
        Subject::Group(name) => people.extend(directory.group(name).into_iter().flatten()),
        Subject::Oncall(rotation) => people.extend(directory.rotation(rotation).into_iter().flatten()),
        Subject::Manager | Subject::Owner => {}
    }
}

fn may_decide(id: &PersonId, parties: Parties<'_>, directory: &Directory) -> bool {
    id != parties.requester && id != parties.beneficiary && directory.active(id).is_some()
}

/// Everybody above somebody, the nearest first.
fn managers<'a>(person: &'a PersonId, directory: &'a Directory) -> impl Iterator<Item = &'a PersonId> {
    let mut seen = BTreeSet::from([person]);
    let manager = |id: &PersonId| directory.person(id).and_then(|person| person.manager.as_ref());
    std::iter::successors(manager(person), move |id| manager(id)).take_while(move |id| seen.insert(id))
}
