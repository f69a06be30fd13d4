//! To security and the requester: taking back fails, and is tried without end. Says what to look at by hand.

use jit_core::access::{Access, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let (title, holder) = (&access.request.title, words::holder_of(access, context));
    let card = match &access.state {
        State::Revoking(revoking) => Card::new(Tone::Danger, format!("Revocation failing: {title} of {holder}"))
            .text(words::failing(access))
            .facts(facts(access, words::cause(&revoking.cause, context)))
            .text(Line::new(
                "If it cannot wait, take it away at the system by hand; jit sees that at its next try and says so here.",
            )),
        _ => Card::new(Tone::Over, format!("Revocation was failing: {title} of {holder}"))
            .text(Line::new("That is over; what was found stands below.")),
    };
    card.context(words::small_print(access))
}

/// Why it was to end, what the target says, and where to look by hand.
fn facts(access: &Access, cause: Line) -> Vec<(String, Vec<crate::card::Inline>)> {
    let why = words::fact("Why it ends", cause);
    [why].into_iter().chain(error(access)).chain(words::by_hand(access)).collect()
}

/// The latest error, in the target's own words.
pub(super) fn error(access: &Access) -> Option<(String, Vec<crate::card::Inline>)> {
    let State::Revoking(revoking) = &access.state else { return None };
    let failing = revoking.failing.as_ref()?;
    Some(words::fact("Latest error", Line::default().code(&failing.error)))
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::Proof;
    let of = |state: &str, access| Sample::new(state, NoticeKind::RevocationFailing, access);
    vec![of("expired", sample::revoking(true)), of("recovered", sample::expired(Proof::Gone { sessions_ended: 0 }))]
}
