//! To the holder, by name so that they are notified: the end is near, with Extend and Done. Edited when it ends, so that no stale button stays.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, button};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, _: &Context) -> Card {
    let access = &notice.access;
    let title = &access.request.title;
    match &access.state {
        State::Active(active) => Card::line(Tone::Warning, format!("Ends soon: {title}"))
            .text(
                Line::default()
                    .person(&access.request.requester)
                    .plain(", it ends ")
                    .at_and_left(active.until)
                    .plain(if access.request.rehearsal.is_some() {
                        "."
                    } else {
                        ". Save your work: open sessions end with it."
                    }),
            )
            .text(Line::new(
                "“Extend” asks for more time and is judged like a new request; “I'm done” gives it back now.",
            ))
            .actions(button::of_the_holder(access)),
        // The story is told beside it; here only the buttons have to go.
        State::Revoking(_) | State::Closed(_) => Card::line(Tone::Over, format!("Its end has come: {title}")),
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => Card::line(Tone::Neutral, format!("Not live yet: {title}")),
    }
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::Proof;
    let of = |state: &str, access| Sample::new(state, NoticeKind::Warning, access);
    let mut near = sample::active();
    if let State::Active(active) = &mut near.state {
        (active.since, active.until, active.warned) = (sample::minutes(-45), sample::minutes(15), true);
    }
    vec![
        of("near", near),
        of("revoking", sample::revoking(false)),
        of("failing", sample::revoking(true)),
        of("gone", sample::expired(Proof::Gone { sessions_ended: 0 })),
    ]
}
