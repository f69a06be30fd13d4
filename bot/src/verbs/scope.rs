//! Who may see what: the parties, the role's owner and security see an access; others no more than policy's visibility.

use jit_core::access::Access;
use jit_core::id::PersonId;
use jit_core::personal::Personal;
use jit_core::policy::{Exception, Holder, Role, Subject, Visibility};

use super::Speaker;
use crate::snapshot::Snapshot;

/// May see it whole.
pub(super) fn sees(snapshot: &Snapshot, person: &PersonId, access: &Access) -> bool {
    let is = |subject: &Subject| snapshot.policy.is_owner(subject, person, &snapshot.directory);
    access.is_party(person)
        || Subject::try_from(access.request.owner.clone()).is_ok_and(|owner| is(&owner))
        || may_vote(snapshot, person, access)
        || may_review(snapshot, person, access)
        || snapshot.policy.security.iter().any(is)
}

/// May see who holds what until when, without why.
pub(super) fn sees_outline(snapshot: &Snapshot) -> bool {
    snapshot.policy.visibility == Visibility::Everyone
}

/// May see that standing access is listed: whoever holds it or answers for it, the role's owner and security; everybody where policy says so.
pub(super) fn sees_exception(snapshot: &Snapshot, speaker: &Speaker, (role, exception): (&Role, &Exception)) -> bool {
    let me = speaker.id();
    let is = |subject: &Subject| snapshot.policy.is_owner(subject, me, &snapshot.directory);
    let mine = match &exception.holder {
        Holder::Person(person) => person == me,
        Holder::Account(account) => speaker.person.accounts.get(&role.connector) == Some(account),
    };
    mine || is(&exception.owner) || is(&role.owner) || snapshot.policy.security.iter().any(is) || sees_outline(snapshot)
}

/// Could decide on it now.
pub(super) fn may_vote(snapshot: &Snapshot, person: &PersonId, access: &Access) -> bool {
    let jit_core::access::State::Pending(pending) = &access.state else { return false };
    let request = &access.request;
    if *person == request.requester || *person == request.beneficiary {
        return false;
    }
    let voted = access.votes.iter().any(|vote| vote.by == *person);
    let escalated = access.asked_in(pending.step).any(|asked| asked.escalated && asked.person == *person);
    let step = access.route.steps.get(pending.step);
    let voter = step.is_some_and(|step| snapshot.policy.voters(step, request, &snapshot.directory).contains(person));
    !voted && snapshot.directory.active(person).is_some() && (voter || escalated)
}

/// Is to say, or could have said, whether a bypass was justified.
pub(super) fn may_review(snapshot: &Snapshot, person: &PersonId, access: &Access) -> bool {
    let review = access.review.as_ref();
    review.is_some_and(|review| {
        jit_core::decide::may_review(access, review, person, &snapshot.policy, &snapshot.directory)
    })
}

/// The access without what only its parties may read.
pub(super) fn outline(mut access: Access) -> Access {
    access.request.justification = Personal::new("", [0; 16]);
    access.request.ticket = None;
    access
}
