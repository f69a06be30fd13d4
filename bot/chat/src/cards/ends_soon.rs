//! To the announcement channel, under the grant: the end is near.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let card =
        Card::line(Tone::Warning, format!("Ends soon: {} of {}", access.request.title, words::holder(access, context)));
    match &access.state {
        State::Active(active) => {
            card.text(Line::new("It ends ").at_and_left(active.until).plain(" unless it is extended."))
        }
        _ => card,
    }
}

pub fn samples() -> Vec<Sample> {
    vec![Sample::new("active", NoticeKind::EndsSoon, sample::active())]
}
