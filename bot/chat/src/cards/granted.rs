//! To the parties, in their threads, by name so that they are notified: it is live, until when, how to use it. The buttons are on the card above, which is kept up to date.

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
    let reader = words::reader(notice);
    let whose = match (*reader == access.request.beneficiary, real) {
        (true, true) => "You hold".to_owned(),
        (false, true) => format!("{} holds", words::holder(access, context)),
        (true, false) => "You would hold".to_owned(),
        (false, false) => format!("{} would hold", words::holder(access, context)),
    };
    let until = Line::default()
        .person(reader)
        .plain(", it lasts until ")
        .at_and_left(active.until)
        .plain(". You will be warned before it ends.");
    let asked = match words::own(access) || *reader == access.request.requester {
        true => Line::default(),
        false => Line::new(format!("{} asked for it on your behalf.", context.name(&access.request.requester))),
    };
    let card = match &access.request.extends {
        Some(_) => Card::line(Tone::Success, format!("{whose} {} for longer", access.request.title)),
        None => Card::line(Tone::Success, format!("{whose} {} now", access.request.title)),
    };
    let card = card.text(until).text(asked);
    let handed = access.request.extends.is_none() && words::is_handed(access, reader);
    let handover = active.handover.as_ref().filter(|_| handed);
    let reveals = match handover.is_some_and(|handover| handover.reveals) {
        true => Line::default().code(format!("/jit reveal {}", access.short)).plain(" sets and shows its password."),
        false => Line::default(),
    };
    match handover {
        Some(handover) if handover.text.is_some() => card
            .text(Line::default().strong("How to use it: ").plain(&handover.how))
            .text(Line::new("The text itself is on the card above, ready to copy.")),
        Some(handover) => card
            .text(Line::default().strong("How to use it: ").plain(&handover.how))
            .text(reveals),
        None => card,
    }
}

pub fn samples() -> Vec<Sample> {
    use sample::{active, extension, on_behalf};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Granted, access);
    vec![
        of("own", active()),
        of("on-behalf", on_behalf(active())),
        of("on-behalf-told", sample::told(on_behalf(active()))),
        of("for-the-holder", sample::told(on_behalf(active()))).read_by("carl"),
        of("extension", extension(active())),
        of("pilot", sample::rehearsed(active(), jit_core::access::Rehearsal::Pilot)),
    ]
}
