//! To security, under the alert: taking back succeeded after all.

use jit_core::access::{Outcome, Proof, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let (title, holder) = (&access.request.title, words::holder_of(access, context));
    let found = match &access.state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::Ended { proof, .. } => words::proof(proof, access),
            _ => Line::default(),
        },
        _ => Line::new("The latest try went through; the target is being inspected."),
    };
    Card::line(Tone::Success, format!("Revocation no longer failing: {title} of {holder}"))
        .text(found.plain(" Nothing is left to do for this access."))
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, proof| Sample::new(state, NoticeKind::RevocationRecovered, sample::expired(proof));
    vec![
        of("gone", Proof::Gone { sessions_ended: 0 }),
        of("remains-under", Proof::RemainsUnder { short: sample::extension(sample::active()).short }),
    ]
}
