//! To security: a grant ended, but the person holds the same as standing access, which jit never takes.

use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let (title, holder) = (&access.request.title, words::holder(access, context));
    Card::new(Tone::Warning, format!("Standing access remains: {title} of {holder}"))
        .text(
            Line::new(format!("{holder} held the same before the grant "))
                .code(access.short.as_str())
                .plain(", so jit did not take it away at the end. If it should not be there, remove it at the system."),
        )
        .facts(words::by_hand(access))
        .context(words::small_print(access))
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::Proof;
    vec![Sample::new("expired", NoticeKind::StandingRemains, sample::expired(Proof::RemainsStanding))]
}
