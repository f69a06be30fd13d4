//! To the requester, in their thread: what an approver asks, with a button to answer. Edited when it is answered, or decided.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, button, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, index: &usize, context: &Context) -> Card {
    let access = &notice.access;
    let Some(question) = access.questions.get(*index) else {
        return Card::line(Tone::Neutral, "A question was asked");
    };
    let title = format!("{} asks about {}", context.name(&question.by), words::what(access));
    let asks = Line::default().quote(question.text.text());
    match (&question.reply, &access.state) {
        (Some(reply), _) => {
            let who = context.name(&reply.by);
            Card::line(Tone::Neutral, title).text(asks).text(Line::new(format!("{who} answered: ")).quote(reply.text.text()))
        }
        (None, State::Pending(_)) => Card::line(Tone::Pending, title)
            .text(asks)
            .text(Line::new("The clock goes on meanwhile. Your answer goes to those who decide."))
            .actions(vec![button::reply(access)]),
        (None, _) => Card::line(Tone::Neutral, title).text(asks).text(Line::new("It needs no answer any more.")),
    }
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, access| Sample::new(state, NoticeKind::Question { index: 0 }, access);
    vec![
        of("open", sample::asked_back(sample::pending(), false)),
        of("answered", sample::asked_back(sample::pending(), true)),
        of("decided", sample::asked_back(sample::denied(), false)),
    ]
}
