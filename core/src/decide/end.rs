//! Ending: every way out goes through Revoking once a connector may have been called.

use super::connector;
use super::draft::Draft;
use crate::access::{Access, EndCause, Outcome, Proof, Revoker, State};
use crate::effect::Effect;
use crate::event::Event;
use crate::facts::Facts;
use crate::id::PersonId;
use crate::incident::IncidentId;
use crate::notice::NoticeKind;
use crate::personal::Personal;
use crate::policy::Subject;
use crate::refusal::{Code, Refusal};

/// Takes a request back before anything was given.
pub(super) fn cancel(draft: &mut Draft<'_>, by: &PersonId) -> Result<(), Refusal> {
    holder(&draft.access, by)?;
    close(draft, Outcome::Cancelled { by: by.clone() });
    Ok(())
}

/// The holder ends it.
pub(super) fn by_holder(draft: &mut Draft<'_>, by: &PersonId, cause: EndCause) -> Result<(), Refusal> {
    holder(&draft.access, by)?;
    start(draft, cause);
    Ok(())
}

/// The owner, security, or an operator takes it back; holders may as well.
pub(super) fn revoke(draft: &mut Draft<'_>, by: &Revoker, reason: &Personal) -> Result<(), Refusal> {
    may_revoke(draft, by, reason)?;
    start(draft, EndCause::Revoked { by: by.clone(), reason: reason.clone() });
    Ok(())
}

/// A request that must not go on.
pub(super) fn revoke_pending(draft: &mut Draft<'_>, by: &Revoker, reason: &Personal) -> Result<(), Refusal> {
    may_revoke(draft, by, reason)?;
    close(draft, Outcome::Withdrawn { by: by.clone(), reason: reason.clone() });
    Ok(())
}

/// Closes what was never given, and tells everybody concerned.
pub(super) fn close(draft: &mut Draft<'_>, outcome: Outcome) {
    draft.event(Event::Closed { outcome });
    draft.tell_story(NoticeKind::Ended);
    draft.tell_cards();
    draft.tell_open_questions();
}

/// Starts taking back. Extensions end with what they extend, unless it ends by running out. Of a rehearsal nothing has to be taken back, so
/// it is over.
pub(super) fn start(draft: &mut Draft<'_>, cause: EndCause) {
    let warned = matches!(&draft.access.state, State::Active(active) if active.warned);
    let early = !matches!(cause, EndCause::Expired);
    let failed = matches!(cause, EndCause::ElevationFailed { .. } | EndCause::ElevationTimedOut { .. });
    let over = draft.access.entitlement().is_none();
    let continued = connector::is_continued(draft, &cause);
    if over {
        draft.event(Event::Closed { outcome: Outcome::Ended { cause, proof: Proof::Untouched } });
    } else {
        draft.event(Event::RevocationStarted { cause });
        draft.effect(Effect::Reconcile);
    }
    if early {
        draft.effect(Effect::EndChildren);
    }
    draft.tell_cards();
    if warned {
        draft.tell_warning();
        draft.tell_under_announcement(NoticeKind::EndsSoon);
    }
    if failed {
        draft.tell_security(NoticeKind::ElevationFailed);
    }
    if over && !continued {
        draft.tell_ended(true);
    }
}

/// The incident is resolved: what was given for it ends, where its rule said so.
pub(super) fn with_incident(draft: &mut Draft<'_>, resolved: &IncidentId) {
    let oncall = draft.access.route.oncall.as_ref().filter(|oncall| oncall.ends_with() == Some(resolved));
    if let Some(incident) = oncall.and_then(|oncall| oncall.incident.as_ref()) {
        let title = incident.title.clone();
        start(draft, EndCause::IncidentResolved { title });
    }
}

/// Whoever of those an access depends on is disabled or no longer in the directory: the one who holds it, or the one who asked for it.
pub(super) fn leaver(access: &Access, facts: &Facts<'_>) -> Option<PersonId> {
    let people = [&access.request.beneficiary, &access.request.requester];
    people.into_iter().find(|person| facts.directory.active(person).is_none()).cloned()
}

/// Too late for the holder.
pub(super) fn over_for_holder(access: &Access, by: &PersonId) -> Refusal {
    holder(access, by).err().unwrap_or_else(|| over(access))
}

/// Too late to revoke; whoever could not have revoked it learns nothing of where it stands.
pub(super) fn over_for_revoker(draft: &Draft<'_>, by: &Revoker) -> Refusal {
    revoker(draft, by).err().unwrap_or_else(|| over(&draft.access))
}

/// Nothing is left to end.
fn over(access: &Access) -> Refusal {
    let what = match &access.state {
        State::Revoking(revoking) if revoking.failing.is_some() => {
            format!("{} is being taken back; the target resists, and it is tried without end.", access.short)
        }
        State::Revoking(_) => format!("{} is being taken back already.", access.short),
        _ => format!("{} is over already.", access.short),
    };
    Refusal::new(Code::WrongState, what, format!("`/jit show {}` tells its story.", access.short))
}

pub(super) fn holder(access: &Access, by: &PersonId) -> Result<(), Refusal> {
    if *by == access.request.requester || *by == access.request.beneficiary {
        return Ok(());
    }
    Err(Refusal::new(
        Code::NotPermitted,
        format!("{} is not yours.", access.short),
        format!("The role's owner and security can `/jit revoke {} because …`.", access.short),
    ))
}

pub(super) fn may_revoke(draft: &Draft<'_>, by: &Revoker, reason: &Personal) -> Result<(), Refusal> {
    revoker(draft, by)?;
    if reason.text().trim().is_empty() {
        return Err(Refusal::new(Code::Justification, "A revocation needs a reason.", "Say in a few words why."));
    }
    Ok(())
}

/// The holder, the role's owner (today's, and the one when it was asked), security, or an operator.
fn revoker(draft: &Draft<'_>, by: &Revoker) -> Result<(), Refusal> {
    let Revoker::Person(person) = by else { return Ok(()) };
    let (request, facts) = (&draft.access.request, draft.facts);
    let is = |subject: &Subject| facts.policy.is_owner(subject, person, facts.directory);
    let owner_then = Subject::try_from(request.owner.clone()).is_ok_and(|owner| is(&owner));
    let owner_now = facts.policy.role(&request.role).is_some_and(|role| is(&role.owner));
    let holds = holder(&draft.access, person).is_ok();
    let permitted = owner_then || owner_now || holds || facts.policy.security.iter().any(is);
    if permitted && facts.directory.active(person).is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        Code::NotPermitted,
        format!("You cannot revoke {}.", draft.access.short),
        "Its holder, the role's owner and security can.",
    )
    .by_rule(format!("role {}", request.role))
    .ask(request.owner.clone()))
}
