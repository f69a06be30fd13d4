//! After a request or a verb: that it was done, and where things stand now.

use jit_core::access::{Access, Rehearsal, State};
use jit_core::answer::Answer;
use jit_core::id::PersonId;
use jit_core::notice::NoticeKind;

use super::{entry, stands};
use crate::card::{Button, Card, Line, Tone};
use crate::cards::{Context, button, sample, words};

pub(super) fn asked(access: &Access, approvers: &[Vec<PersonId>], already: bool, context: &Context) -> Card {
    let what = words::what(access);
    if already {
        return Card::line(Tone::Neutral, format!("Asked already: {what}"))
            .text(entry(access).plain(": ").then(stands(access, context)).plain(". Nothing new was asked."))
            .actions(own(access));
    }
    let card = match &access.state {
        State::Screening(state) => Card::line(Tone::Pending, format!("Asked: {what} for {}", access.duration()))
            .text(words::checking(state).plain("Nobody is asked before that is known.")),
        State::Pending(_) => Card::line(Tone::Pending, format!("Asked: {what} for {}", access.duration()))
            .text(route(approvers, context)),
        State::Scheduled(scheduled) => Card::line(Tone::Success, format!("Approved: {what} for {}", access.duration()))
            .text(
                Line::new(format!("The rule “{}” approves this by itself; it starts ", access.route.rule))
                    .at_and_left(scheduled.start)
                    .plain(", if policy allows it then."),
            ),
        _ if access.review.is_some() => {
            Card::line(Tone::Danger, format!("Emergency bypass: {what} for {}", access.duration())).text(Line::new(
                format!("Nobody is asked; {}. Security reviews it afterwards.", words::being_set_up(access)),
            ))
        }
        _ => Card::line(Tone::Success, format!("Approved: {what} for {}", access.duration())).text(Line::new(format!(
            "The rule “{}” approves this by itself; {}.",
            access.route.rule,
            words::being_set_up(access)
        ))),
    };
    card.text(Line::default().code(access.short.as_str()).plain(" is its id. You can follow it in our direct message."))
}

/// Who is asked, step after step.
fn route(approvers: &[Vec<PersonId>], context: &Context) -> Line {
    approvers.iter().enumerate().fold(Line::default(), |line, (step, people)| {
        let names = words::names(people, context);
        let line = match step {
            0 => line.plain("Asked now: "),
            _ => line.plain(" Then: "),
        };
        line.strong(names).plain(".")
    })
}

pub(super) fn acted(verb: &str, access: &Access, context: &Context) -> Card {
    let whose = context.name(&access.request.beneficiary);
    let what = words::what(access);
    let (tone, title) = match verb {
        "approve" => (Tone::Success, format!("You approved {what} for {whose}")),
        "deny" => (Tone::Refused, format!("You denied {what} for {whose}")),
        "claim" => (Tone::Neutral, format!("You are looking at {what} for {whose}")),
        "ask" => (Tone::Neutral, format!("You asked {} about {what}", context.name(&access.request.requester))),
        "reply" => (Tone::Neutral, format!("You answered about {what}")),
        "cancel" => (Tone::Over, format!("You cancelled {what}")),
        "done" => (Tone::Over, format!("You gave back {what}")),
        "revoke" => (Tone::Over, format!("You took back {what} from {whose}")),
        other => (Tone::Neutral, format!("Done: {other} {what}")),
    };
    Card::line(tone, title)
        .text(Line::default().code(access.short.as_str()).plain(": ").then(stands(access, context)).plain("."))
}

/// What the holder or requester can do with it.
pub(super) fn own(access: &Access) -> Vec<Button> {
    match &access.state {
        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_) => {
            vec![button::cancel(access), button::show(access)]
        }
        State::Active(_) => button::of_the_holder(access).into_iter().chain([button::show(access)]).collect(),
        State::Revoking(_) => vec![button::show(access)],
        State::Closed(_) => vec![],
    }
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let approvers = || vec![vec!["bob".into()], vec!["dana".into(), "erin".into()]];
    let asked = |access, already| Answer::Asked {
        access: Box::new(access),
        bundle: Vec::new(),
        approvers: approvers(),
        already,
    };
    let acted =
        |verb: &str, access| Answer::Acted { verb: verb.to_owned(), access: Box::new(access), bundle: Vec::new() };
    let automatic = Access { votes: vec![], asked: vec![], ..sample::elevating() };
    let whole = |access| sample::bundled(sample::Sample::new("", NoticeKind::Request, access)).notice;
    let (waiting, denied) = (whole(sample::pending()), whole(sample::denied()));
    vec![
        (
            "asked-bundle".to_owned(),
            Answer::Asked {
                access: Box::new(waiting.access),
                bundle: waiting.bundle,
                approvers: approvers(),
                already: false,
            },
        ),
        (
            "denied-bundle".to_owned(),
            Answer::Acted { verb: "deny".to_owned(), access: Box::new(denied.access), bundle: denied.bundle },
        ),
        ("asked".to_owned(), asked(sample::pending(), false)),
        ("asked-screening".to_owned(), asked(sample::screening(false), false)),
        ("asked-already".to_owned(), asked(sample::second_step(), true)),
        (
            "asked-automatic".to_owned(),
            Answer::Asked { access: Box::new(automatic), bundle: vec![], approvers: vec![], already: false },
        ),
        (
            "asked-bypass".to_owned(),
            Answer::Asked {
                access: Box::new(sample::bypass(sample::elevating(), None)),
                bundle: vec![],
                approvers: vec![],
                already: false,
            },
        ),
        (
            "asked-drill".to_owned(),
            Answer::Asked {
                access: Box::new(sample::rehearsed(sample::bypass(sample::active(), None), Rehearsal::Drill)),
                bundle: vec![],
                approvers: vec![],
                already: false,
            },
        ),
        ("asked-later".to_owned(), asked(sample::later(sample::elevating()), false)),
        ("approved".to_owned(), acted("approve", sample::second_step())),
        ("claimed".to_owned(), acted("claim", sample::looked_at(sample::pending()))),
        ("asked-back".to_owned(), acted("ask", sample::asked_back(sample::pending(), false))),
        ("denied".to_owned(), acted("deny", sample::denied())),
        ("done".to_owned(), acted("done", sample::revoking(false))),
        ("revoked".to_owned(), acted("revoke", sample::revoking(true))),
    ]
}
