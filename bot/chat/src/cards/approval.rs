//! An approver's card of one step: who asks what and why, with buttons while it is open, afterwards who decided.

use jit_core::access::{Access, EndCause, Outcome, Pending, State};
use jit_core::notice::{Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, advice, bundle, button, outcome, words};
use crate::card::{Card, Inline, Line, Tone};

/// How many answers the card repeats; the thread has all.
const ANSWERS: usize = 2;

/// Words it, for everybody who was asked in this step.
pub fn card(notice: &Notice, step: &usize, context: &Context) -> Card {
    let access = &notice.access;
    let one = bundle::is_one(&notice.bundle);
    let card = match &access.state {
        _ if !one => decided(access, bundle::title(&notice.bundle).0, "Approved", context),
        State::Screening(state) => decided(access, Tone::Pending, "Approved, its ticket is checked again", context)
            .text(words::checking(state)),
        State::Pending(state) if state.step == *step => open(access, state, context),
        State::Pending(state) => passed(access, state, context),
        State::Scheduled(scheduled) => decided(access, Tone::Success, "Approved, scheduled", context)
            .text(Line::default().strong("Starts ").at_and_left(scheduled.start).plain(", if policy allows it then.")),
        State::Elevating(elevating) => {
            let card = decided(access, Tone::Success, "Approved", context)
                .text(Line::new(format!("Now {}.", words::being_set_up(access))));
            elevating.trouble.iter().fold(card, |card, trouble| card.text(words::trouble(trouble, elevating)))
        }
        State::Active(active) => decided(access, Tone::Success, "Approved, live", context)
            .text(Line::new("Until ").at_and_left(active.until).plain(".")),
        State::Revoking(state) if state.failing.is_some() => {
            decided(access, Tone::Danger, "Revocation failing", context).text(words::failing(access))
        }
        State::Revoking(_) => decided(access, Tone::Over, "Being taken back", context),
        State::Closed(closed) => {
            let (tone, _) = outcome::title(&closed.outcome, access);
            let story = outcome::story(&closed.outcome, access, context);
            decided(access, tone, verdict(&closed.outcome), context).text(story)
        }
    };
    let card = bundle::listed(card, &notice.bundle, context);
    card.context(words::small_print(access).plain(format!(" · rule “{}”", access.route.rule)))
}

/// The word for what became of it.
fn verdict(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Denied { .. } => "Denied",
        Outcome::Cancelled { .. } => "Cancelled",
        Outcome::Withdrawn { .. } => "Withdrawn",
        Outcome::TimedOut => "Timed out",
        Outcome::Lapsed => "Lapsed",
        Outcome::NotStarted { .. } => "Approved, not started",
        Outcome::Refused { .. } => "Refused",
        Outcome::TicketClosed { .. } => "Closed, its ticket is",
        Outcome::Leaver { .. } => "Closed, somebody left",
        Outcome::Ended { cause: EndCause::ElevationFailed { .. } | EndCause::ElevationTimedOut { .. }, .. } => {
            "Approved, could not be set up"
        }
        Outcome::Ended { .. } => "Over",
    }
}

fn open(access: &Access, state: &Pending, context: &Context) -> Card {
    let asker = words::asker(access, context);
    Card::new(Tone::Pending, format!("{asker} asks for {}", words::what(access)))
        .facts(facts(access))
        .text(words::cut(access))
        .text(
            progress(access, state, context)
                .plain(" It times out ")
                .at_and_left(words::gives_up(access, state))
                .plain("."),
        )
        .text(words::unasked(access, state.step, context))
        .list(answered(access, context))
        .text(words::looking(state, context))
        .actions(vec![
            button::approve(access),
            button::approve_shorter(access),
            button::deny(access),
            button::ask(access),
            button::claim(access),
        ])
}

fn facts(access: &Access) -> Vec<(String, Vec<Inline>)> {
    let request = &access.request;
    let mut facts = vec![words::fact("Who asks", Line::default().person(&request.requester))];
    if !words::own(access) {
        facts.push(words::fact("Who gets it", Line::default().person(&request.beneficiary)));
    }
    let length = Line::default().strong(access.duration().to_string());
    facts.push(words::fact(
        "For how long",
        match &request.extends {
            Some(extends) => length.plain(" more, after it ends ").at_and_left(extends.from),
            None => length,
        },
    ));
    facts.extend(words::starts(access));
    facts.extend(words::reasons(access));
    facts.push(words::fact("Kind", Line::new(words::kind(access))));
    if let Some(channel) = &request.origin.channel {
        facts.push(words::fact("Asked in", Line::default().push(Inline::Channel(channel.clone()))));
    }
    facts.extend(advice::facts(access));
    facts
}

/// What was asked and answered last, for whoever was not there.
fn answered(access: &Access, context: &Context) -> Vec<Line> {
    let answered: Vec<_> =
        access.questions.iter().filter_map(|question| Some((question, question.reply.as_ref()?))).collect();
    let latest = &answered[answered.len().saturating_sub(ANSWERS)..];
    latest
        .iter()
        .map(|(question, reply)| {
            Line::new(format!("{} asked ", context.directory.name(&question.by)))
                .quote(question.text.text())
                .plain(format!(", {} answered ", context.directory.name(&reply.by)))
                .quote(reply.text.text())
        })
        .collect()
}

/// Which step this is, who has agreed, and what comes next.
fn progress(access: &Access, state: &Pending, context: &Context) -> Line {
    let steps = &access.route.steps;
    let here = steps.get(state.step).map(|step| words::step(step, access, context)).unwrap_or_default();
    let mut line =
        Line::default().strong(format!("Step {} of {}", state.step + 1, steps.len())).plain(format!(": {here}."));
    for vote in &access.votes {
        line = line.plain(format!(" {} has approved", context.directory.name(&vote.by)));
        line = vote.instead_of.iter().fold(line, |line, away| line.plain(format!(" for {}", context.name(away))));
        line = line.plain(vote.at_most.map_or_else(|| ".".to_owned(), |most| format!(", for at most {most}.")));
    }
    match steps.get(state.step + 1) {
        Some(next) => line.plain(format!(" After that: {}.", words::step(next, access, context))),
        None if access.request.rehearsal.is_some() => line.plain(" After that, it counts as given, and nothing is changed."),
        None if access.request.extends.is_some() => line.plain(" After that, the time is added at once."),
        None if access.request.starts_at.is_some() => line.plain(" After that, it waits for its start."),
        None => line.plain(" After that, access starts at once."),
    }
}

/// The step is done, a later one is open.
fn passed(access: &Access, state: &Pending, context: &Context) -> Card {
    let next = access.waiting_in(state.step).map(|asked| &asked.person);
    decided(access, Tone::Success, "Approved, next step open", context)
        .text(Line::new(format!("Now it is up to {}.", words::names(next, context))))
}

/// Nothing is left to do here: what was asked, who agreed.
fn decided(access: &Access, tone: Tone, verdict: &str, context: &Context) -> Card {
    let asker = words::asker(access, context);
    let asker = asker.trim_end_matches(',');
    let card = Card::new(tone, format!("{verdict}: {} for {asker}", words::what(access)));
    let agreed = match access.votes.is_empty() {
        true => Line::default(),
        false => Line::new(format!("Approved by {}.", words::approvers(access, context))),
    };
    card.text(agreed).facts(words::reasons(access))
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::{Proof, Rehearsal};
    use sample::{
        active, closed, denied, elevating, expired, extension, failed, on_behalf, pending, revoking, second_step,
        troubled,
    };
    let of = |state: &str, step, access| Sample::new(state, NoticeKind::Approval { step }, access);
    vec![
        of("open", 0, pending()),
        of("open-last-step", 1, second_step()),
        of("open-standing-out", 0, sample::standing_out(pending())),
        of("open-unadvised", 0, Access { advice: None, ..pending() }),
        of("open-looked-at", 0, sample::asked_back(sample::looked_at(pending()), true)),
        of("open-on-behalf", 0, on_behalf(pending())),
        of("open-later", 0, sample::later(pending())),
        of("open-ticket", 0, sample::ticketed(pending())),
        of("screening-at-start", 0, sample::screening(true)),
        of("ticket-closed", 0, sample::ticket_closed()),
        of("scheduled", 0, sample::later(elevating())),
        of("not-started", 0, sample::not_started()),
        of("open-cut", 0, sample::cut(pending())),
        of("open-away", 0, sample::away(pending())),
        of("open-extension", 0, extension(pending())),
        of("open-pilot", 1, sample::rehearsed(second_step(), Rehearsal::Pilot)),
        of("open-odd-words", 0, sample::odd_words(pending())),
        of("passed", 0, second_step()),
        of("elevating", 0, elevating()),
        of("trouble", 0, troubled()),
        of("active", 1, active()),
        of("failing", 1, revoking(true)),
        of("denied", 0, denied()),
        of("cancelled", 0, Access { votes: vec![], ..closed(Outcome::Cancelled { by: "alice".into() }) }),
        of("timed-out", 0, Access { votes: vec![], ..closed(Outcome::TimedOut) }),
        of("failed", 0, failed()),
        of("over", 0, expired(Proof::Gone { sessions_ended: 0 })),
        sample::bundled(of("bundle-open", 0, pending())),
        sample::bundled(of("bundle-elevating", 0, elevating())),
        sample::parted(of("bundle-parted", 0, active())),
        sample::bundled(of("bundle-denied", 0, denied())),
    ]
}
