//! To security, under the card of a bypass: nobody reviewed it in time.

use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let holder = words::holder(access, context);
    let card = Card::line(Tone::Danger, format!("Review overdue: {} of {holder}", access.request.title));
    match access.review_due() {
        Some(due) => card.text(
            Line::new("It was to be reviewed by ")
                .at(due)
                .plain(match access.request.rehearsal {
                    None => format!(". Until it is, {holder} is refused the next emergency bypass."),
                    Some(_) => format!(". Until it is, {holder} is refused the next rehearsal; real access is not."),
                }),
        ),
        None => card.text(Line::new("It has been reviewed since.")),
    }
}

pub fn samples() -> Vec<Sample> {
    vec![Sample::new("overdue", NoticeKind::ReviewOverdue, sample::overdue(sample::active()))]
}
