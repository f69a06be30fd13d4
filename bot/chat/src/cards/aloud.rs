//! What is said where others read, to somebody to whom nothing can be said alone: that there is something, and about which access. Neither who
//! asked, nor for what, nor why: whoever may know that is shown it when they press the button.

use jit_core::access::State;
use jit_core::effect::Content;
use jit_core::notice::NoticeKind;

use super::{button, sample};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(content: &Content) -> Card {
    let Content::Notice(notice) = content else {
        return Card::line(Tone::Neutral, "There is something for you to know");
    };
    let id = &notice.access.short;
    let card = match (is_for_deciding(&notice.kind), &notice.access.state) {
        (true, State::Pending(_)) => Card::line(Tone::Pending, format!("{id} waits for your decision")),
        (true, _) => Card::line(Tone::Over, format!("{id} waits for no decision any more")),
        (false, _) => Card::line(Tone::Neutral, format!("There is something new about {id}")),
    };
    card.context(Line::new("Whoever may know more is shown it.")).actions(vec![button::show(&notice.access)])
}

/// Whether it is told to somebody because they are asked to agree.
fn is_for_deciding(kind: &NoticeKind) -> bool {
    match kind {
        NoticeKind::Approval { .. }
        | NoticeKind::StandsIn { .. }
        | NoticeKind::Reminder
        | NoticeKind::QuestionAsked { .. }
        | NoticeKind::Replied { .. } => true,
        NoticeKind::Request
        | NoticeKind::Question { .. }
        | NoticeKind::Approved { .. }
        | NoticeKind::Escalated { .. }
        | NoticeKind::Granted
        | NoticeKind::Grant
        | NoticeKind::Warning
        | NoticeKind::EndsSoon
        | NoticeKind::Ended
        | NoticeKind::Review
        | NoticeKind::ReviewDue
        | NoticeKind::ReviewOverdue
        | NoticeKind::Reviewed
        | NoticeKind::ElevationFailed
        | NoticeKind::RevocationFailing
        | NoticeKind::RevocationStillFailing
        | NoticeKind::RevocationRecovered
        | NoticeKind::StandingRemains { .. } => false,
    }
}

/// One of each.
pub fn samples() -> Vec<(String, Card)> {
    let of = |kind, access| {
        let notice = sample::Sample::new("", kind, access).notice;
        card(&Content::Notice(Box::new(notice)))
    };
    let named: [(&str, Card); 3] = [
        ("aloud-to-decide", of(NoticeKind::Approval { step: 0 }, sample::pending())),
        ("aloud-decided", of(NoticeKind::Approval { step: 0 }, sample::active())),
        ("aloud-news", of(NoticeKind::Granted, sample::active())),
    ];
    named.into_iter().map(|(name, card)| (name.to_owned(), card)).collect()
}
