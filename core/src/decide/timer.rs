//! What a timer means. One that does not belong to the present state, or is not due yet, changes nothing.

use super::draft::Draft;
use super::{asking, end, review, talk, vote};
use crate::access::{EndCause, Outcome, State};
use crate::event::Event;
use crate::notice::NoticeKind;
use crate::timer::{TimerKind, timers};

/// A timer fired.
pub(super) fn fired(draft: &mut Draft<'_>, kind: TimerKind) {
    let due = timers(&draft.access).into_iter().any(|timer| timer.kind == kind && timer.due_at <= draft.now);
    if !due {
        return;
    }
    match (kind, draft.access.state.clone()) {
        (TimerKind::ReviewDue, _) => review::remind(draft, false),
        (TimerKind::ReviewOverdue, _) => review::remind(draft, true),
        (TimerKind::Remind, State::Pending(pending)) => {
            draft.event(Event::Reminded);
            draft.tell_reminder(pending.step);
        }
        (TimerKind::Escalate, State::Pending(pending)) => {
            asking::escalate(draft, pending.step);
            if draft.just_escalated().is_some_and(|added| !added.is_empty()) {
                asking::tell_escalated(draft);
                draft.tell_cards();
            }
        }
        (TimerKind::Release, State::Pending(pending)) => talk::release(draft, &pending),
        (TimerKind::TimeOut, State::Pending(_)) => end::close(draft, Outcome::TimedOut),
        (TimerKind::Lapse, State::Pending(_)) => end::close(draft, Outcome::Lapsed),
        (TimerKind::Start, State::Scheduled(_)) => vote::start(draft),
        (TimerKind::ElevationDeadline, State::Elevating(elevating)) => {
            end::start(draft, EndCause::ElevationTimedOut { error: elevating.trouble });
        }
        (TimerKind::Warn, State::Active(_)) => {
            if extended(draft) {
                draft.event(Event::WarningSpared);
            } else {
                draft.event(Event::Warned);
                draft.tell_warning();
                draft.tell_under_announcement(NoticeKind::EndsSoon);
            }
        }
        (TimerKind::End, State::Active(_)) => end::start(draft, EndCause::Expired),
        (TimerKind::Alert, State::Revoking(_)) => {
            draft.event(Event::RevocationAlerted);
            draft.tell_security_under_failing(NoticeKind::RevocationStillFailing);
        }
        _ => {}
    }
}

/// An approved extension goes on after the end: no need to warn.
fn extended(draft: &Draft<'_>) -> bool {
    let id = draft.access.id;
    draft.facts.open.iter().any(|open| open.extends == Some(id) && open.state == "active")
}
