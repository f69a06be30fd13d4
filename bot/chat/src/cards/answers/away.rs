//! After `/jit away` and `/jit back`: until when somebody is away, and who decides instead.

use jit_core::answer::Answer;
use jit_core::directory::Absence;

use crate::card::{Card, Line, Tone};
use crate::cards::{Context, sample};

pub(super) fn card(absence: Option<&Absence>, context: &Context) -> Card {
    let Some(Absence { until, delegate }) = absence else {
        return Card::line(Tone::Success, "You are here: what waits for you is asked of you")
            .text(Line::default().code("/jit away until Mon 09:00 delegate @carol").plain(" says that you are away."));
    };
    let instead = match delegate {
        Some(delegate) => Line::default().strong(context.name(delegate)).plain(
            " decides instead where a step names you and policy permits it, but never on their own requests. \
             What waits for you now is asked of them.",
        ),
        None => {
            Line::new("Nobody stands in for you. Where nobody else can be asked, those above you are asked at once.")
        }
    };
    Card::line(Tone::Neutral, "You are away, and are not asked for decisions")
        .text(Line::new("Until ").at_and_left(*until).plain("."))
        .text(instead)
        .context(Line::default().code("/jit back").plain(" when you are here again."))
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let away = |delegate: Option<&str>| {
        let until = sample::minutes(2 * 24 * 60);
        Answer::Away { absence: Some(Absence { until, delegate: delegate.map(Into::into) }) }
    };
    vec![
        ("away".to_owned(), away(Some("erin"))),
        ("away-alone".to_owned(), away(None)),
        ("back".to_owned(), Answer::Away { absence: None }),
    ]
}
