//! To the parties, by name so that they are notified: the end is near, with Extend and Done. Edited when it ends, so that no stale button stays.

use jit_core::access::State;
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, button, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let (access, reader) = (&notice.access, words::reader(notice));
    let title = match *reader == access.request.beneficiary {
        true => access.request.title.clone(),
        false => format!("{} of {}", access.request.title, words::holder(access, context)),
    };
    let extends = *reader == access.request.requester;
    match &access.state {
        State::Active(active) => Card::line(Tone::Warning, format!("Ends soon: {title}"))
            .text(
                Line::default()
                    .person(reader)
                    .plain(", it ends ")
                    .at_and_left(active.until)
                    .plain(if access.request.rehearsal.is_some() {
                        "."
                    } else {
                        ". Save your work: open sessions end with it."
                    }),
            )
            .text(Line::new(match (extends, words::own(access)) {
                (true, true) => {
                    "“Extend” asks for more time and is judged like a new request; “I'm done” gives it back now."
                }
                (true, false) => {
                    "“Extend” asks for more time and is judged like a new request; “End it” takes it back now."
                }
                (false, _) => "“I'm done” gives it back now. Only who asked for it on your behalf can ask for more time.",
            }))
            .actions(button::of_the_party(access, reader)),
        // The story is told beside it; here only the buttons have to go.
        State::Revoking(_) | State::Closed(_) => Card::line(Tone::Over, format!("Its end has come: {title}")),
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => Card::line(Tone::Neutral, format!("Not live yet: {title}")),
    }
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::Proof;
    let of = |state: &str, access| Sample::new(state, NoticeKind::Warning, access);
    let mut near = sample::active();
    if let State::Active(active) = &mut near.state {
        (active.since, active.until, active.warned) = (sample::minutes(-45), sample::minutes(15), true);
    }
    vec![
        of("on-behalf", sample::told(sample::on_behalf(near.clone()))),
        of("for-the-holder", sample::told(sample::on_behalf(near.clone()))).read_by("carl"),
        of("near", near),
        of("revoking", sample::revoking(false)),
        of("failing", sample::revoking(true)),
        of("gone", sample::expired(Proof::Gone { sessions_ended: 0 })),
    ]
}
