//! Whom a policy means: subjects resolved on today's directory. Called by [`super::evaluate`], by decisions at every
//! vote, and by the checks. An unknown fact (a rotation that could not be
//! looked up) is nobody.

use std::collections::BTreeSet;

use crate::access::Request;
use crate::directory::{Directory, Person};
use crate::id::PersonId;
use crate::policy::{EscalateTo, Policy, Role, Rule, Step, Subject};

/// The two who must have no say: who asked, and who gets it.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub requester: &'a PersonId,
    pub beneficiary: &'a PersonId,
    pub owner: &'a Subject,
}

impl Policy {
    /// Who may vote on a step: resolved on today's directory, active people only, never requester or beneficiary.
    ///
    /// `owner` is the role's owner today; the one recorded with the request when the role is gone from the policy.
    pub fn voters(&self, step: &Step, request: &Request, directory: &Directory) -> BTreeSet<PersonId> {
        let owner = self.owner_of(request);
        let Some(owner) = owner.as_ref() else { return BTreeSet::new() };
        let parties = Parties { requester: &request.requester, beneficiary: &request.beneficiary, owner };
        eligible(&step.any, parties, directory).into_iter().cloned().collect()
    }

    /// Whom an escalation adds, given who was asked; never one of those, requester, beneficiary or a disabled person.
    ///
    /// `manager-of-approver` climbs past managers who cannot decide, up to the first who can.
    pub fn escalation(
        &self,
        to: &[EscalateTo],
        asked: &[PersonId],
        request: &Request,
        directory: &Directory,
    ) -> BTreeSet<PersonId> {
        let owner = self.owner_of(request);
        let Some(owner) = owner.as_ref() else { return BTreeSet::new() };
        let parties = Parties { requester: &request.requester, beneficiary: &request.beneficiary, owner };
        let mut added = BTreeSet::new();
        for to in to {
            match to {
                EscalateTo::Subject(subject) => {
                    added.extend(eligible(std::slice::from_ref(subject), parties, directory));
                }
                EscalateTo::ManagerOfApprover => {
                    added.extend(asked.iter().filter_map(|id| supervisor(id, asked, parties, directory)));
                }
            }
        }
        added.into_iter().filter(|id| !asked.contains(id)).cloned().collect()
    }

    /// Whether a rule lets this person have this role at all, on today's policy and directory.
    pub fn permits(&self, role: &Role, person: &Person, directory: &Directory) -> bool {
        let Some(person) = directory.active(&person.id) else { return false };
        self.rules_of(&role.name).any(|rule| holds(&rule.who, person))
    }

    /// The roles that this person may ask for, in order of name. They may lack an account there still.
    pub fn requestable<'a>(&'a self, person: &Person, directory: &Directory) -> Vec<&'a Role> {
        self.roles.values().filter(|role| self.permits(role, person, directory)).collect()
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

    fn owner_of(&self, request: &Request) -> Option<Subject> {
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

/// Active people of these subjects, without the two parties.
pub(super) fn eligible<'a>(
    any: &'a [Subject],
    parties: Parties<'a>,
    directory: &'a Directory,
) -> BTreeSet<&'a PersonId> {
    let mut people = BTreeSet::new();
    for subject in any {
        match subject {
            Subject::Owner => add(parties.owner, directory, &mut people),
            Subject::Manager => {
                let manager = directory.person(parties.beneficiary).and_then(|person| person.manager.as_ref());
                people.extend(manager);
            }
            subject => add(subject, directory, &mut people),
        }
    }
    people.retain(|id| may_decide(id, parties, directory));
    people
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

/// The nearest manager above an approver who can decide and was not asked yet.
fn supervisor<'a>(
    approver: &'a PersonId,
    asked: &[PersonId],
    parties: Parties<'_>,
    directory: &'a Directory,
) -> Option<&'a PersonId> {
    let mut seen = BTreeSet::from([approver]);
    let mut next = directory.person(approver)?.manager.as_ref();
    while let Some(id) = next.filter(|id| seen.insert(id)) {
        if may_decide(id, parties, directory) && !asked.contains(id) {
            return Some(id);
        }
        next = directory.person(id)?.manager.as_ref();
    }
    None
}
