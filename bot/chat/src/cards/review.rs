//! To security: an emergency bypass, with the buttons of its review. Edited at every transition; it never waits for anybody but a reviewer.

use jit_core::access::{Access, Review, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, button, outcome, words};
use crate::card::{Card, Inline, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let Some(review) = &access.review else {
        return Card::line(Tone::Neutral, format!("No review is owed for {}", access.short));
    };
    let what = format!("{} took {}", words::holder(access, context), access.request.title);
    let card = match &review.verdict {
        None if review.overdue => Card::new(Tone::Danger, format!("Review overdue: {what}")),
        None => Card::new(Tone::Danger, format!("Emergency bypass: {what}")),
        Some(verdict) if verdict.misuse => Card::new(Tone::Danger, format!("Misuse: {what}")),
        Some(_) => Card::new(Tone::Over, format!("Justified: {what}")),
    };
    let card = card.text(stands(access, context)).text(asked(access, review, context)).text(words::unknown(review)).facts(facts(access, context));
    let buttons = match review.verdict {
        None => [button::justified(access), button::misuse(access)].into_iter().chain(revoke(access)).collect(),
        Some(_) => revoke(access).into_iter().collect(),
    };
    card.actions(buttons).context(words::small_print(access))
}

fn revoke(access: &Access) -> Option<crate::card::Button> {
    matches!(access.state, State::Active(_) | State::Elevating(_)).then(|| button::revoke(access))
}

/// Where the access itself stands: nobody agreed to it.
fn stands(access: &Access, context: &Context) -> Line {
    match &access.state {
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => {
            Line::new(format!("Without anybody's approval; {}.", words::being_set_up(access)))
        }
        State::Active(active) => {
            Line::new("Without anybody's approval; live until ").at_and_left(active.until).plain(".")
        }
        State::Revoking(_) => Line::new("It is being taken back."),
        State::Closed(closed) => outcome::story(&closed.outcome, access, context),
    }
}

/// Who has to say what by when, or what was said.
fn asked(access: &Access, review: &Review, context: &Context) -> Line {
    match &review.verdict {
        Some(verdict) => Line::new(format!("{} reviewed it: ", context.name(&verdict.by))).quote(verdict.note.text()),
        None if review.overdue => Line::new("Nobody has reviewed it since ")
            .at(review.due)
            .plain(match access.request.rehearsal {
                None => ". The next bypass of this person is refused until somebody does.",
                Some(_) => ". It keeps nobody from real access, but their next rehearsal is refused until somebody does.",
            }),
        None => Line::new("To be reviewed by ")
            .at_and_left(review.due)
            .plain(": was it justified? Neither the holder nor anybody who reports to them can say."),
    }
}

fn facts(access: &Access, context: &Context) -> Vec<(String, Vec<Inline>)> {
    let mut facts = vec![words::fact("Holder", Line::default().person(&access.request.beneficiary))];
    facts.extend(words::reasons(access));
    facts.push(words::fact("Kind", Line::new(words::kind(access))));
    facts.push(words::fact("Owner", Line::new(words::owner(&access.request.owner, context))));
    if let Some(channel) = &access.request.origin.channel {
        facts.push(words::fact("Taken in", Line::default().push(Inline::Channel(channel.clone()))));
    }
    facts
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::{Proof, Rehearsal};
    use sample::{active, bypass, elevating, expired};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Review, access);
    let gone = || expired(Proof::Gone { sessions_ended: 1 });
    vec![
        of("elevating", bypass(elevating(), None)),
        of("active", bypass(active(), None)),
        of("unknown", sample::unknowing(bypass(active(), None))),
        of("over", bypass(gone(), None)),
        of("overdue", sample::overdue(gone())),
        of("drill", sample::rehearsed(bypass(active(), None), Rehearsal::Drill)),
        of("drill-overdue", sample::rehearsed(sample::overdue(gone()), Rehearsal::Drill)),
        of("justified", bypass(gone(), Some(false))),
        of("justified-live", bypass(active(), Some(false))),
        of("misuse", bypass(sample::revoking(false), Some(true))),
    ]
}
