//! What connectors answer.

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::end;
use crate::access::{Elevating, EndCause, Outcome, Proof, Revoking};
use crate::entitlement::Handover;
use crate::event::Event;
use crate::notice::NoticeKind;

/// Verified: the clock starts, and ends no later than its window, than what the target was told, or than what it says itself.
pub(super) fn elevated(
    draft: &mut Draft<'_>,
    elevating: &Elevating,
    verified_at: DateTime<Utc>,
    (native_until, handover): (Option<DateTime<Utc>>, Option<Handover>),
) {
    let begin = draft.access.request.extends.as_ref().map_or(verified_at, |extends| extends.from.max(verified_at));
    let until = (begin + elevating.duration.delta()).min(elevating.native_until);
    let closes = draft.access.closing.as_ref().map(|closing| closing.at);
    let until = native_until.into_iter().chain(closes).fold(until, Ord::min);
    draft.event(Event::Elevated { since: verified_at, until, native_until, handover });
    draft.tell_story(NoticeKind::Granted);
    draft.tell_cards();
    draft.tell_announcement();
}

/// Trouble that may pass is shown and tried again; for good, or too late, what may have been given is taken back.
pub(super) fn elevation_failed(draft: &mut Draft<'_>, elevating: &Elevating, error: &str, permanent: bool) {
    if permanent {
        end::start(draft, EndCause::ElevationFailed { error: error.to_owned() });
    } else if elevating.trouble.as_deref() != Some(error) {
        draft.event(Event::ElevationTroubled { error: error.to_owned() });
        draft.tell_cards();
    }
}

/// Inspected after the end: over, with what was found.
pub(super) fn settled(draft: &mut Draft<'_>, revoking: &Revoking, proof: &Proof) {
    let recovered = revoking.failing.is_some();
    let was_active = draft.access.activated_at.is_some();
    draft.event(Event::Closed { outcome: Outcome::Ended { cause: revoking.cause.clone(), proof: proof.clone() } });
    draft.tell_cards();
    if !is_continued(draft, &revoking.cause) {
        draft.tell_ended(was_active);
    }
    if recovered {
        draft.tell_security_failing();
        draft.tell_security_under_failing(NoticeKind::RevocationRecovered);
    }
    if *proof == Proof::RemainsStanding {
        let facts = draft.facts;
        let entitlement = &draft.access.request.entitlement;
        let exception = facts.policy.exception_for(entitlement, facts.directory, draft.now).cloned();
        draft.tell_security(NoticeKind::StandingRemains { exception });
    }
}

/// Ended by running out while its own extension goes on: not worth a word but on its card.
pub(super) fn is_continued(draft: &Draft<'_>, cause: &EndCause) -> bool {
    let id = draft.access.id;
    cause.is_foreseen() && draft.facts.open.iter().any(|open| open.extends == Some(id) && open.state == "active")
}

/// The first failure alerts; later ones are recorded when they say something new. Trying never stops.
pub(super) fn revocation_failed(draft: &mut Draft<'_>, revoking: &Revoking, error: &str) {
    match &revoking.failing {
        None => {
            draft.event(Event::RevocationFailed { error: error.to_owned() });
            draft.tell_security_failing();
            draft.tell_story(NoticeKind::RevocationFailing);
            draft.tell_cards();
            if draft.access.activated_at.is_some() {
                draft.tell_announcement();
            }
        }
        Some(failing) if failing.error != error => {
            draft.event(Event::RevocationFailed { error: error.to_owned() });
            draft.tell_security_failing();
        }
        Some(_) => {}
    }
}
