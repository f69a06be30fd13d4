//! It is over, or the request is: how, by whom, and what the inspection proved. In the requester's thread and under the announcement.

use jit_core::access::{Access, Outcome, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, outcome, words};
use crate::card::{Card, Line, Tone};

/// Words it, for the one who asked and for the channel alike.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let access = &notice.access;
    let State::Closed(closed) = &access.state else {
        return Card::line(Tone::Pending, format!("Being taken back: {}", words::what(access)));
    };
    let (tone, title) = outcome::title(&closed.outcome, access);
    Card::line(tone, format!("{title} ({})", words::holder(access, context)))
        .text(called(&closed.outcome, access).then(outcome::story(&closed.outcome, access, context)))
        .text(outcome::next(&closed.outcome, context))
}

/// What somebody waits for is told them by name, so that they are notified; what was given and has ended they know from their card.
fn called(outcome: &Outcome, access: &Access) -> Line {
    match outcome {
        Outcome::Denied { .. }
        | Outcome::Withdrawn { .. }
        | Outcome::TimedOut
        | Outcome::Lapsed
        | Outcome::NotStarted { .. }
        | Outcome::Refused { .. }
        | Outcome::TicketClosed { .. }
        | Outcome::Leaver { .. } => Line::default().person(&access.request.requester).plain(": "),
        Outcome::Cancelled { .. } | Outcome::Ended { .. } => Line::default(),
    }
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::{EndCause, Proof, Rehearsal, Revoker};
    use sample::{closed, denied, expired, extension, text};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Ended, access);
    let gone = || Proof::Gone { sessions_ended: 0 };
    let ended = |cause| closed(Outcome::Ended { cause, proof: gone() });
    let revoked = |by| ended(EndCause::Revoked { by, reason: text("Incident is over") });
    vec![
        of("expired", expired(Proof::Gone { sessions_ended: 1 })),
        of("done", ended(EndCause::Done { by: "alice".into() })),
        of("revoked", revoked(Revoker::Person("dana".into()))),
        of("revoked-by-operator", revoked(Revoker::Operator("root".to_owned()))),
        of("cancelled-late", ended(EndCause::Cancelled { by: "alice".into() })),
        of("failed", ended(EndCause::ElevationFailed { error: "permission denied".to_owned() })),
        of("not-in-time", ended(EndCause::ElevationTimedOut { error: Some("connection refused".to_owned()) })),
        of("incident-resolved", sample::on_call(ended(EndCause::IncidentResolved { title: "#42 Orders are slow".to_owned() }))),
        of("ticket-closed", ended(EndCause::TicketClosed { ticket: sample::ops_12() })),
        of("ticket-closed-asked", sample::ticket_closed()),
        of("ticket-refused", sample::ticket_refused()),
        of("parent-ended", extension(ended(EndCause::ParentEnded))),
        of("remains-under", expired(Proof::RemainsUnder { short: extension(sample::active()).short })),
        of("remains-standing", expired(Proof::RemainsStanding)),
        of("drill", sample::rehearsed(expired(gone()), Rehearsal::Drill)),
        of("denied", denied()),
        of("cancelled", closed(Outcome::Cancelled { by: "alice".into() })),
        of(
            "withdrawn",
            closed(Outcome::Withdrawn { by: Revoker::Operator("root".to_owned()), reason: text("Freeze") }),
        ),
        of("timed-out", closed(Outcome::TimedOut)),
        of("not-started", sample::not_started()),
        of("lapsed", extension(closed(Outcome::Lapsed))),
        of("leaver", ended(EndCause::Leaver { person: "alice".into() })),
        sample::bundled(of("bundle-denied", denied())),
        of("leaver-asked", closed(Outcome::Leaver { person: "alice".into() })),
    ]
}
