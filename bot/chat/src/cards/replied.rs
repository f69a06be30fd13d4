//! To approvers, under their card: what the requester answered. The buttons are on the card above.

use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it: the answer, and to what.
pub fn card(notice: &Notice, to: &[usize], context: &Context) -> Card {
    let access = &notice.access;
    let answered: Vec<_> = to.iter().filter_map(|index| access.questions.get(*index)).collect();
    let Some(reply) = answered.iter().find_map(|question| question.reply.as_ref()) else {
        return Card::line(Tone::Neutral, "A question was answered");
    };
    let title = format!("{} answered about {}", context.name(&reply.by), words::what(access));
    let asked = answered.iter().map(|question| {
        Line::new(format!("{} asked: ", context.name(&question.by))).quote(question.text.text())
    });
    Card::line(Tone::Neutral, title).text(Line::default().quote(reply.text.text())).list(asked.collect())
}

pub fn samples() -> Vec<Sample> {
    let access = sample::asked_back(sample::pending(), true);
    vec![Sample::new("answered", NoticeKind::Replied { to: vec![0] }, access)]
}
