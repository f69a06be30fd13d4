//! To security, under the card of a bypass: its review still waits.

use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let what = format!("{} of {}", access.request.title, words::holder(access, context));
    let card = Card::line(Tone::Warning, format!("Still to be reviewed: {what}"));
    match access.review_due() {
        Some(due) => card
            .text(Line::new("Somebody has to say by ").at_and_left(due).plain(" whether this bypass was justified.")),
        None => card.text(Line::new("It has been reviewed since.")),
    }
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, access| Sample::new(state, NoticeKind::ReviewDue, access);
    vec![of("waits", sample::bypass(sample::active(), None)), of("done", sample::bypass(sample::active(), Some(false)))]
}
