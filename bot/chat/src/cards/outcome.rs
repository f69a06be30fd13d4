//! How an access ended, in a title and a line: shared by every card that outlives the access.

use jit_core::access::{Access, EndCause, Outcome, Proof};
use jit_core::refusal::Refusal;

use super::{Context, words};
use crate::card::{Line, Tone};

/// Tone and title of an ended access. The title says "verified gone" of nothing but [`Proof::Gone`].
pub fn title(outcome: &Outcome, access: &Access) -> (Tone, String) {
    let what = words::what(access);
    match outcome {
        Outcome::Denied { .. } => (Tone::Refused, format!("Denied: {what}")),
        Outcome::Cancelled { .. } => (Tone::Over, format!("Cancelled: {what}")),
        Outcome::Withdrawn { .. } => (Tone::Refused, format!("Withdrawn: {what}")),
        Outcome::TimedOut => (Tone::Over, format!("Timed out, nobody decided: {what}")),
        Outcome::Leaver { .. } => (Tone::Over, format!("Closed, somebody left: {what}")),
        Outcome::NotStarted { .. } => (Tone::Refused, format!("Not started: {what}")),
        Outcome::Refused { .. } => (Tone::Refused, format!("Refused: {what}")),
        Outcome::TicketClosed { .. } => (Tone::Over, format!("Closed, its ticket is: {what}")),
        Outcome::Lapsed => (Tone::Over, format!("Lapsed: {what}")),
        Outcome::Ended { cause: EndCause::ElevationFailed { .. } | EndCause::ElevationTimedOut { .. }, .. } => {
            (Tone::Refused, format!("Could not be set up: {what}"))
        }
        Outcome::Ended { proof: Proof::Gone { .. }, .. } => (Tone::Over, format!("Ended, verified gone: {what}")),
        Outcome::Ended { proof: Proof::RemainsUnder { short }, .. } => {
            (Tone::Over, format!("Ended, remains under {short}: {what}"))
        }
        Outcome::Ended { proof: Proof::Untouched, .. } => (Tone::Over, format!("Ended, nothing was changed: {what}")),
        Outcome::Ended { proof: Proof::RemainsStanding, .. } => {
            (Tone::Warning, format!("Ended, remains as standing access: {what}"))
        }
    }
}

/// Who or what ended it, and what was found afterwards.
pub fn story(outcome: &Outcome, access: &Access, context: &Context) -> Line {
    match outcome {
        Outcome::Denied { by, reason } => {
            Line::new(format!("{} denied it: ", context.directory.name(by))).quote(reason.text())
        }
        Outcome::Cancelled { by } => {
            Line::new(format!("{} cancelled it before anything was given.", context.directory.name(by)))
        }
        Outcome::Withdrawn { by, reason } => {
            Line::new(format!("{} withdrew the request: ", words::revoker(by, context))).quote(reason.text())
        }
        Outcome::TimedOut => {
            let waited = access.route.timeout;
            Line::new(format!("Nobody decided within {waited}, so nothing was given."))
        }
        Outcome::Leaver { person } => Line::new(format!(
            "{} is disabled or no longer in the directory, so nothing was given.",
            context.directory.name(person)
        )),
        Outcome::NotStarted { refusal } => {
            Line::new("It was agreed, but could not start when its time came. ").sentence(&refusal.what)
        }
        Outcome::Refused { refusal } => refused(refusal),
        Outcome::TicketClosed { ticket } => {
            let what = format!("The ticket {} was closed in {}, so nothing was given.", ticket.id, ticket.source);
            Line::new(what)
        }
        Outcome::Lapsed => Line::new("The access it extends ended before anybody decided, so nothing was added."),
        Outcome::Ended { cause, proof } => words::cause(cause, context).plain(". ").then(words::proof(proof, access)),
    }
}

/// What stood in the way, and which rule said so.
fn refused(refusal: &Refusal) -> Line {
    let line = Line::default().sentence(&refusal.what);
    refusal.rule.iter().fold(line, |line, rule| line.plain(format!(" (Rule “{rule}”.)")))
}

/// What the person who asked can do next.
pub fn next(outcome: &Outcome, context: &Context) -> Line {
    match outcome {
        Outcome::Denied { by, .. } => Line::new(format!(
            "Talk to {} if it is needed after all, or ask again with what was missing.",
            context.directory.name(by)
        )),
        Outcome::NotStarted { refusal } | Outcome::Refused { refusal } => Line::default().sentence(&refusal.next),
        Outcome::TimedOut => Line::new("Ask again, or tell one of the people who were asked that you wait for them."),
        Outcome::Ended { cause: EndCause::ElevationFailed { .. } | EndCause::ElevationTimedOut { .. }, .. } => {
            Line::new("Ask again in a moment; if it fails again, tell who runs jit.")
        }
        _ => Line::default(),
    }
}
