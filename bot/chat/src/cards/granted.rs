//! To the requester, in their thread, by name so that they are notified: it is live, until when, how to use it. The buttons are on the card above, which is kept up to date.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let State::Active(active) = &access.state else {
        return Card::line(Tone::Neutral, format!("It was live: {}", words::what(access)));
    };
    let real = access.request.rehearsal.is_none();
    let whose = match (words::own(access), real) {
        (true, true) => "You hold".to_owned(),
        (false, true) => format!("{} holds", words::holder(access, context)),
        (true, false) => "You would hold".to_owned(),
        (false, false) => format!("{} would hold", words::holder(access, context)),
    };
    let until = Line::default()
        .person(&access.request.requester)
        .plain(", it lasts until ")
        .at_and_left(active.until)
        .plain(". You will be warned before it ends.");
    let card = match &access.request.extends {
        Some(_) => Card::line(Tone::Success, format!("{whose} {} for longer", access.request.title)),
        None => Card::line(Tone::Success, format!("{whose} {} now", access.request.title)),
    };
    let card = card.text(until);
    let handover = active.handover.as_ref().filter(|_| access.request.extends.is_none());
    match handover {
        Some(handover) if handover.text.is_some() => card
            .text(Line::default().strong("How to use it: ").plain(&handover.how))
            .text(Line::new("The text itself is on the card above, ready to copy.")),
        Some(handover) => card.text(Line::default().strong("How to use it: ").plain(&handover.how)),
        None => card,
    }
}

pub fn samples() -> Vec<Sample> {
    use sample::{active, extension, on_behalf};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Granted, access);
    vec![
        of("own", active()),
        of("on-behalf", on_behalf(active())),
        of("extension", extension(active())),
        of("pilot", sample::rehearsed(active(), jit_core::access::Rehearsal::Pilot)),
    ]
}
