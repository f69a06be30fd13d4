//! To approvers, under their card: one of them asked the requester something. So nobody asks the same twice.

use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it, for whoever asked and for the others alike.
pub fn card(notice: &Notice, index: &usize, context: &Context) -> Card {
    let access = &notice.access;
    let Some(question) = access.questions.get(*index) else {
        return Card::line(Tone::Neutral, "A question was asked");
    };
    let whom = context.name(&access.request.requester);
    Card::line(Tone::Neutral, format!("{} asked {whom} about {}", context.name(&question.by), words::what(access)))
        .text(Line::default().quote(question.text.text()))
        .text(Line::new("The answer comes here. Nobody has to wait for it to decide."))
}

pub fn samples() -> Vec<Sample> {
    let access = sample::asked_back(sample::pending(), false);
    vec![Sample::new("open", NoticeKind::QuestionAsked { index: 0 }, access)]
}
