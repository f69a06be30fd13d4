//! To security, hourly, under the first alert: it still fails.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, revocation_failing, words};
use crate::card::{Card, Line, Tone};
use crate::fallback;

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let (title, holder) = (&access.request.title, words::holder_of(access, context));
    let State::Revoking(revoking) = &access.state else {
        return Card::line(Tone::Over, format!("Taken back since: {title} of {holder}"));
    };
    let since = revoking.failing.as_ref().map_or(revoking.since, |failing| failing.since);
    let length = fallback::rough(notice.at - since);
    Card::line(Tone::Danger, format!("Revocation still failing after {length}: {title} of {holder}"))
        .facts(revocation_failing::error(access).into_iter().collect())
        .text(Line::new("The access may still be there. It is tried again without end; you hear of it every hour."))
}

pub fn samples() -> Vec<Sample> {
    vec![Sample::new("twenty-minutes", NoticeKind::RevocationStillFailing, sample::revoking(true))]
}
