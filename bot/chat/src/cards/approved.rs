//! To the requester, in their thread: somebody agreed, and what is next.

use jit_core::access::State;
use jit_core::id::PersonId;
use jit_core::notice::{Notice, NoticeKind};
use jit_core::span::Span;

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, by: &PersonId, at_most: &Option<Span>, context: &Context) -> Card {
    let access = &notice.access;
    let limit = at_most.map_or_else(String::new, |most| format!(", for at most {most}"));
    let vote = access.votes.iter().rfind(|vote| vote.by == *by);
    let away = vote.and_then(|vote| vote.instead_of.as_ref());
    let instead_of = away.map_or_else(String::new, |away| format!(", for {},", context.name(away)));
    let what = format!("{}{instead_of} approved {}{limit}", context.name(by), words::what(access));
    let card = Card::line(Tone::Success, what);
    match &access.state {
        State::Pending(state) => {
            let step = format!(" (step {} of {}).", state.step + 1, access.route.steps.len());
            card.text(Line::new("Now waiting for ").then(words::waiting(access, state.step, context)).plain(step))
        }
        State::Scheduled(scheduled) => card.text(
            Line::new("That was the last approval needed: it starts ").at_and_left(scheduled.start).plain("."),
        ),
        _ => card.text(Line::new(format!("That was the last approval needed: {}.", words::being_set_up(access)))),
    }
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, by: &str, at_most, access| {
        Sample::new(state, NoticeKind::Approved { by: by.into(), at_most }, access)
    };
    vec![
        of("first", "bob", Some(Span::minutes(30)), sample::second_step()),
        of("last", "dana", None, sample::elevating()),
        of("scheduled", "dana", None, sample::later(sample::elevating())),
        of("instead", "dana", None, {
            let mut access = sample::elevating();
            access.votes[1].instead_of = Some("erin".into());
            access
        }),
    ]
}
