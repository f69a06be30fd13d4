//! To security: access that policy allowed could not be set up, so somebody has to look at the target or at jit's rights there.

use jit_core::access::{Access, EndCause, Outcome, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let holder = words::holder_of(access, context);
    let card = Card::new(Tone::Refused, format!("Could not be set up: {} for {holder}", access.request.title));
    let card = match cause(access) {
        Some(cause) => card.text(words::cause(cause, context).plain(".")),
        None => card,
    };
    card.text(Line::new(
        "Whatever was given half way is taken back. Others who ask for this meet the same until the target is mended; \
         `jit doctor` tells how it looks from here.",
    ))
    .facts(words::by_hand(access))
    .context(words::small_print(access))
}

fn cause(access: &Access) -> Option<&EndCause> {
    match &access.state {
        State::Revoking(revoking) => Some(&revoking.cause),
        State::Closed(closed) => match &closed.outcome {
            Outcome::Ended { cause, .. } => Some(cause),
            _ => None,
        },
        _ => None,
    }
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, cause| {
        let mut access = sample::revoking(false);
        if let State::Revoking(revoking) = &mut access.state {
            revoking.cause = cause;
        }
        Sample::new(state, NoticeKind::ElevationFailed, access)
    };
    vec![
        of("refused", EndCause::ElevationFailed { error: "role \"app_admin\" does not exist".to_owned() }),
        of("not-in-time", EndCause::ElevationTimedOut { error: Some("connection refused".to_owned()) }),
    ]
}
