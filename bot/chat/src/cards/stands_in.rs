//! To somebody who stands in for an approver who is away, under their card, by name so that they are notified: for whom they are asked.

use jit_core::access::{State, Unasked};
use jit_core::id::PersonId;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it. Said once; nothing is left to say when it was decided meanwhile.
pub fn card(notice: &Notice, away: &PersonId, context: &Context) -> Card {
    let access = &notice.access;
    let name = context.name(away);
    let State::Pending(state) = &access.state else {
        return Card::line(Tone::Neutral, format!("You were asked for {name}: {}", words::what(access)));
    };
    let until = access.skipped_in(state.step).find_map(|skipped| match &skipped.why {
        Unasked::Away { until, .. } if skipped.person == *away => Some(*until),
        _ => None,
    });
    let line = notice.reader.iter().fold(Line::default(), |line, reader| line.person(reader).plain(", "));
    let line = line.plain(format!("{name} is away"));
    let line = until.into_iter().fold(line, |line, until| line.plain(" until ").at(until));
    Card::line(Tone::Pending, format!("You are asked in place of {name}: {}", words::what(access))).text(
        line.plain(" and named you. What you decide counts as theirs, and for you as well; the buttons are on the card above."),
    )
}

pub fn samples() -> Vec<Sample> {
    let of = |state: &str, access| Sample::new(state, NoticeKind::StandsIn { away: "bob".into() }, access);
    vec![of("pending", sample::away(sample::pending())).read_by("erin"), of("decided", sample::denied())]
}
