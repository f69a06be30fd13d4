//! To the requester, in their thread: nobody has answered yet, and these were asked too.

use jit_core::id::PersonId;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, to: &[PersonId], _context: &Context) -> Card {
    let access = &notice.access;
    let card = Card::line(Tone::Pending, format!("No answer yet: {}", words::what(access)));
    if to.is_empty() {
        return card.text(Line::new(
            "There is nobody else who could be asked. You can cancel and ask again, or talk to those who were asked.",
        ));
    }
    card.text(Line::new("So these were asked too: ").then(words::mentions(to)).plain(". You need not do anything."))
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, to: &[&str]| {
        let to = to.iter().map(|id| PersonId::new(*id)).collect();
        Sample::new(state, NoticeKind::Escalated { to }, sample::pending())
    };
    vec![of("two", &["dana", "erin"]), of("nobody", &[])]
}
