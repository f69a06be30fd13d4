//! Which buttons would do something for whom. For showing them only: what a press does is judged when it comes.

use jit_chat::card::Verb;
use jit_core::access::{Access, Platform, State};
use jit_core::decide;
use jit_core::event::Actor;
use jit_core::id::PersonId;
use jit_core::policy::Subject;
use jit_core::refusal::Refusal;

use super::scope;
use crate::snapshot::Snapshot;

/// Whether a button would do something for this person now.
pub fn may_press(snapshot: &Snapshot, person: &PersonId, access: &Access, verb: Verb) -> bool {
    let unreviewed = access.review.as_ref().is_some_and(|review| review.verdict.is_none());
    match verb {
        Verb::Show => scope::sees(snapshot, person, access),
        Verb::Justified | Verb::Misuse => unreviewed && scope::may_review(snapshot, person, access),
        Verb::ApproveShorter | Verb::Claim | Verb::Ask => {
            matches!(access.state, State::Pending(_)) && scope::may_vote(snapshot, person, access)
        }
        Verb::Reply => access.request.requester == *person,
        Verb::Reveal => reveals(snapshot, person, access).is_ok(),
        Verb::Approve | Verb::Deny | Verb::Extend | Verb::Done | Verb::Revoke | Verb::Cancel => {
            may(snapshot, person, access).contains(&verb.as_str())
        }
    }
}

/// Whether a person may have the secret of an access now, and why not.
pub(crate) fn reveals(snapshot: &Snapshot, person: &PersonId, access: &Access) -> Result<(), Refusal> {
    decide::may_reveal(access, person, &snapshot.facts(&Actor::Timer, &[]))
}

/// Everybody on a platform for whom one of these buttons would do something now, in order of id.
pub fn who_may_press(snapshot: &Snapshot, access: &Access, verbs: &[Verb], on: Platform) -> Vec<PersonId> {
    if verbs.is_empty() {
        return Vec::new();
    }
    let directory = &snapshot.directory;
    let here = directory.people().filter(|person| person.identity(on).is_some());
    let here = here.filter(|person| directory.active(&person.id).is_some());
    let may = |id: &PersonId| verbs.iter().any(|verb| may_press(snapshot, id, access, *verb));
    here.map(|person| person.id.clone()).filter(may).collect()
}

/// The verbs that would do something for this person now.
pub(super) fn may(snapshot: &Snapshot, person: &PersonId, access: &Access) -> Vec<&'static str> {
    let request = &access.request;
    let holder = request.requester == *person || request.beneficiary == *person;
    let is = |subject: &Subject| snapshot.policy.is_owner(subject, person, &snapshot.directory);
    let over = Subject::try_from(request.owner.clone()).is_ok_and(|owner| is(&owner))
        || snapshot.policy.security.iter().any(is);
    let verbs: &[&str] = match &access.state {
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) if holder => &["cancel"],
        State::Pending(_) if scope::may_vote(snapshot, person, access) => &["approve", "deny"],
        State::Elevating(_) if holder => &["cancel"],
        State::Active(_) if request.is_own() && holder => &["extend", "done"],
        State::Active(_) if request.requester == *person => &["extend", "end"],
        State::Active(_) if holder => &["done"],
        State::Revoking(_) | State::Closed(_) => &[],
        _ if over => &["revoke"],
        _ => &[],
    };
    verbs.to_vec()
}
