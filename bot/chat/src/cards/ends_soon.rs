//! To the announcement channel, under the grant: the end is near. Edited when it ends.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let what = format!("{} of {}", access.request.title, words::holder_of(access, context));
    match &access.state {
        State::Active(active) => Card::line(Tone::Warning, format!("Ends soon: {what}"))
            .text(Line::new("It ends ").at_and_left(active.until).plain(" unless it is extended.")),
        _ => Card::line(Tone::Over, format!("Its end has come: {what}")),
    }
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, access| Sample::new(state, NoticeKind::EndsSoon, access);
    vec![of("active", sample::active()), of("revoking", sample::revoking(false))]
}
