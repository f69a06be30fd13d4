//! To an approver, under their card: it still waits.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it. Said once; nothing is left to say when it was decided meanwhile.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let asker = words::asker(access, context);
    let State::Pending(state) = &access.state else {
        return Card::line(Tone::Neutral, format!("No longer waiting: {} for {asker}", words::what(access)));
    };
    Card::line(Tone::Pending, format!("{asker} still waits for you: {}", words::what(access))).text(
        Line::new("Asked ")
            .at_and_left(state.since)
            .plain(". If nobody decides, it times out ")
            .at_and_left(words::gives_up(access, state))
            .plain(". The buttons are on the card above."),
    )
}

pub fn samples() -> Vec<Sample> {
    vec![
        Sample::new("pending", NoticeKind::Reminder, sample::pending()),
        Sample::new("decided", NoticeKind::Reminder, sample::denied()),
    ]
}
