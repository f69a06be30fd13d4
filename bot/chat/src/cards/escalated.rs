//! To the requester, in their thread: nobody has answered yet, or too few can be asked, and these were asked too.

use jit_core::access::State;
use jit_core::id::PersonId;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, to: &[PersonId], context: &Context) -> Card {
    let access = &notice.access;
    if let State::Pending(state) = &access.state
        && notice.at < state.since + access.route.escalate_after.delta()
        && !to.is_empty()
    {
        return Card::line(Tone::Pending, format!("Others are asked: {}", words::what(access)))
            .text(words::unasked(access, state.step, context))
            .text(Line::new("So these are asked too: ").then(words::mentions(to)).plain(". You need not do anything."));
    }
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
        let mut sample = Sample::new(state, NoticeKind::Escalated { to }, sample::pending());
        sample.notice.at = sample::minutes(30);
        sample
    };
    let mut at_once = of("at-once", &["dana"]);
    (at_once.notice.at, at_once.notice.access) = (sample::now(), sample::nobody_left(sample::pending()));
    vec![of("two", &["dana", "erin"]), of("nobody", &[]), at_once]
}
