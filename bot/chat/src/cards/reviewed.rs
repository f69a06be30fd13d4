//! To the one who took an emergency bypass, in their thread: how it was reviewed.

use jit_core::notice::{Notice, NoticeKind};

use super::Context;
use super::sample::{self, Sample};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let title = &access.request.title;
    let Some(verdict) = access.review.as_ref().and_then(|review| review.verdict.as_ref()) else {
        return Card::line(Tone::Neutral, format!("Not reviewed yet: {title}"));
    };
    let by = context.name(&verdict.by);
    let card = match verdict.misuse {
        true => Card::line(Tone::Danger, format!("Reviewed as misuse: {title}")),
        false => Card::line(Tone::Success, format!("Reviewed as justified: {title}")),
    };
    card.text(
        Line::default().person(&access.request.requester).plain(format!(", {by} writes: ")).quote(verdict.note.text()),
    )
}

pub fn samples() -> Vec<Sample> {
    let of =
        |state: &str, misuse| Sample::new(state, NoticeKind::Reviewed, sample::bypass(sample::active(), Some(misuse)));
    vec![of("justified", false), of("misuse", true)]
}
