//! To the announcement channel: who holds what until when. Edited when it is extended, taken back, or over.

use jit_core::access::{Access, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, button, outcome, words};
use crate::card::{Card, Inline, Line, Tone};

/// Words it, for everybody in the channel.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let holder = words::holder(access, context);
    let title = &access.request.title;
    let card = match &access.state {
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => {
            Card::new(Tone::Pending, format!("Being set up: {title} for {holder}")).facts(facts(access, context))
        }
        State::Active(active) => Card::new(Tone::Success, format!("{holder} {} {title}", holds(access)))
            .text(Line::new("Until ").at_and_left(active.until).plain("."))
            .facts(facts(access, context))
            .actions(vec![button::revoke(access)]),
        State::Revoking(revoking) => {
            let because = words::cause(&revoking.cause, context).plain(".");
            let (tone, word) = match revoking.failing {
                Some(_) => (Tone::Danger, "Revocation failing"),
                None => (Tone::Pending, "Being taken back"),
            };
            Card::new(tone, format!("{word}: {title} of {holder}"))
                .text(because)
                .text(words::failing(access))
                .facts(facts(access, context))
        }
        State::Closed(closed) => {
            let (tone, said) = outcome::title(&closed.outcome, access);
            Card::new(tone, format!("{said} of {holder}"))
                .text(outcome::story(&closed.outcome, access, context))
                .facts(facts(access, context))
        }
    };
    card.context(words::small_print(access))
}

fn holds(access: &Access) -> &'static str {
    if access.request.rehearsal.is_some() { "would hold" } else { "holds" }
}

fn facts(access: &Access, context: &Context) -> Vec<(String, Vec<Inline>)> {
    let mut facts = vec![words::fact("Holder", Line::default().person(&access.request.beneficiary))];
    facts.extend(words::reasons(access));
    facts.push(words::fact("Approved by", Line::new(words::approvers(access, context))));
    facts.extend(words::on_call(access));
    facts.push(words::fact("Kind", Line::new(words::kind(access))));
    facts
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::{Proof, Rehearsal, Vote};
    use sample::{active, expired, extension, on_behalf, revoking};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Grant, access);
    let by_policy = Access { votes: Vec::<Vote>::new(), ..active() };
    vec![
        of("active", active()),
        of("by-policy", by_policy),
        of("on-call", sample::on_call(active())),
        of("bypass", sample::bypass(active(), None)),
        of("drill", sample::rehearsed(sample::bypass(active(), None), Rehearsal::Drill)),
        of("pilot", sample::rehearsed(active(), Rehearsal::Pilot)),
        of("pilot-over", sample::rehearsed(expired(Proof::Gone { sessions_ended: 0 }), Rehearsal::Pilot)),
        of("on-behalf", on_behalf(active())),
        of("extended", extension(active())),
        of("revoking", revoking(false)),
        of("failing", revoking(true)),
        of("gone", expired(Proof::Gone { sessions_ended: 1 })),
        of("remains-standing", expired(Proof::RemainsStanding)),
    ]
}
