//! The card of the requester, and of the holder where that is another: where the request stands, who is asked, what can be done now. Edited at
//! every transition.

use chrono::{DateTime, Utc};
use jit_core::access::{Access, Active, Closed, Elevating, Pending, Revoking, Scheduled, Screening, State};
use jit_core::id::PersonId;
use jit_core::notice::{Extended, Notice, NoticeKind};

use super::sample::{self, Sample};
use super::{Context, bundle, button, outcome, words};
use crate::card::{Block, Card, Line, Tone};

/// Longest piece of handover text in one block; Slack's blocks hold 3000 characters.
const PIECE: usize = 2_900;

/// Words it, for the one who asked or the one who gets it.
pub fn card(notice: &Notice, context: &Context) -> Card {
    let (access, reader) = (&notice.access, words::reader(notice));
    if !bundle::is_one(&notice.bundle) {
        return each_by_itself((access, reader), &notice.bundle, context).context(words::small_print(access));
    }
    let card = match &access.state {
        State::Screening(state) => screening((access, reader), state, context),
        State::Pending(state) => pending((access, reader), state, context),
        State::Scheduled(state) => scheduled((access, reader), state, context),
        State::Elevating(state) => elevating((access, reader), state, context),
        State::Active(state) => active(notice, state, context),
        State::Revoking(_) | State::Closed(_) if notice.extended.is_some() => goes_on(notice, context),
        State::Revoking(state) => revoking(access, state, context),
        State::Closed(state) => closed((access, reader), state, context),
    };
    bundle::listed(card, &notice.bundle, context).context(words::small_print(access))
}

/// Agreed to together, and each on its own way.
fn each_by_itself((lead, reader): (&Access, &PersonId), all: &[Access], context: &Context) -> Card {
    let (tone, title) = bundle::title(all);
    let card = Card::new(tone, title)
        .text(Line::new(format!("Approved by {}.", words::approvers(lead, context))))
        .list(bundle::standing(all, context))
        .facts(asked_for(lead, reader, context));
    let end = || if bundle::is_begun(all) { button::all_done(lead) } else { button::cancel_all(lead) };
    match bundle::left(all) {
        0 if all.iter().any(Access::is_open) => card,
        0 if words::own(lead) => card.actions(vec![button::again(lead)]),
        0 => card,
        1 => card.actions(vec![end()]),
        _ => card
            .text(Line::new("Each is told by itself in this thread. ").code("/jit done ID").plain(" ends one of them."))
            .actions(vec![end()]),
    }
}

fn screening((access, reader): (&Access, &PersonId), state: &Screening, context: &Context) -> Card {
    let then = match state.at_start {
        true => "It was agreed, and its start has come; it begins when the ticket is still as it must be.",
        false => "Nobody is asked before that is known.",
    };
    let within = format!(" It takes {} s at most.", jit_core::decide::SCREENING_LASTS.num_seconds());
    Card::new(Tone::Pending, format!("Checking the ticket: {}", words::what(access)))
        .text(words::checking(state).plain(then).plain(within))
        .facts(asked_for(access, reader, context))
        .actions(vec![button::cancel(access)])
}

fn pending((access, reader): (&Access, &PersonId), state: &Pending, context: &Context) -> Card {
    let waiting = words::waiting(access, state.step, context);
    let steps = access.route.steps.len();
    let mut stands = Line::default().strong("Asked now: ").then(waiting);
    if steps > 1 {
        stands = stands.plain(format!(" (step {} of {steps})", state.step + 1));
    }
    if !access.votes.is_empty() {
        let agreed = words::agreed(access, context);
        stands = stands.plain(format!(". Approved so far by {agreed}"));
    }
    for step in access.route.steps.iter().skip(state.step + 1) {
        stands = stands.plain(format!(". Then {}", words::step(step, access, context)));
    }
    Card::new(Tone::Pending, format!("Waiting for approval: {}", words::what(access)))
        .text(stands.plain("."))
        .text(words::unasked(access, state.step, context))
        .facts(asked_for(access, reader, context))
        .text(words::cut(access))
        .text(when(access, state))
        .text(words::looking(state, context))
        .actions(vec![button::cancel(access)])
}

/// What happens if nobody answers.
fn when(access: &Access, state: &Pending) -> Line {
    let escalate_at = state.escalated_at.unwrap_or(state.since) + access.route.escalate_after.delta();
    let so_far = match access.asked_in(state.step).any(|asked| asked.escalated) {
        true => Line::new("Further people have been asked too. "),
        false => Line::default(),
    };
    let line = match access.route.escalate_to.is_empty() || state.exhausted {
        true => so_far.plain("If nobody decides, it times out "),
        false => so_far
            .plain("If nobody decides, further people are asked ")
            .at(escalate_at)
            .plain(", and it times out "),
    };
    line.at_and_left(words::gives_up(access, state)).plain(".")
}

fn scheduled((access, reader): (&Access, &PersonId), state: &Scheduled, context: &Context) -> Card {
    let agreed = format!(
        ". Approved by {}. Policy is asked once more then, and its time counts from when it is verified at {}.",
        words::approvers(access, context),
        words::place(access)
    );
    Card::new(Tone::Success, format!("Scheduled: {}", words::what(access)))
        .text(Line::default().strong("Starts ").at_and_left(state.start).plain(agreed))
        .facts(asked_for(access, reader, context))
        .text(words::cut(access))
        .actions(vec![button::cancel(access)])
}

fn elevating((access, reader): (&Access, &PersonId), state: &Elevating, context: &Context) -> Card {
    let card = Card::new(Tone::Pending, format!("Setting up: {}", words::what(access)))
        .text(Line::new(format!(
            "Approved by {}; {} at {}.{}",
            words::approvers(access, context),
            words::being_set_up(access),
            words::place(access),
            if access.request.extends.is_none() { " Its time starts when it is verified there." } else { "" }
        )))
        .facts(asked_for(access, reader, context))
        .text(words::cut(access));
    let card = match &state.trouble {
        Some(trouble) => card.text(words::trouble(trouble, state)),
        None => card,
    };
    card.actions(vec![button::cancel(access)])
}

fn active(notice: &Notice, state: &Active, context: &Context) -> Card {
    let (access, reader) = (&notice.access, words::reader(notice));
    let until = notice.extended.as_ref().map_or(state.until, |extended| extended.until);
    let mut card = Card::new(Tone::Success, format!("Live: {}", words::what(access)))
        .text(
            Line::new("Until ")
                .at_and_left(until)
                .plain(format!(". Approved by {}.", words::approvers(access, context)))
                .then(extended(notice)),
        )
        .facts(asked_for(access, reader, context));
    if let Some(handover) = state.handover.as_ref().filter(|_| words::is_handed(access, reader)) {
        card = card.text(Line::default().strong("How to use it: ").plain(&handover.how));
        card = pieces(handover.text.as_deref().unwrap_or_default())
            .into_iter()
            .fold(card, |card, piece| card.block(Block::Preformatted(piece)));
    }
    let card = card.text(words::cut(access));
    match &notice.extended {
        Some(Extended { id, short, .. }) => {
            let extension = Access { id: *id, short: short.clone(), ..access.clone() };
            card.actions(button::of_what_goes_on(access, &extension, reader))
        }
        None => card.text(own_end(access, state.native_until)).actions(button::of_the_party(access, reader)),
    }
}

/// That more time was granted.
fn extended(notice: &Notice) -> Line {
    let Some(extended) = &notice.extended else { return Line::default() };
    Line::new(" More time was granted as ").code(extended.short.as_str()).plain(".")
}

/// Its own time is over, and an extension of it is live: what can be done is done with that.
fn goes_on(notice: &Notice, context: &Context) -> Card {
    let (access, reader) = (&notice.access, words::reader(notice));
    let Some(Extended { id, short, until }) = &notice.extended else { return Card::line(Tone::Neutral, words::what(access)) };
    let extension = Access { id: *id, short: short.clone(), ..access.clone() };
    Card::new(Tone::Success, format!("Live: {}", words::what(access)))
        .text(Line::new("Until ").at_and_left(*until).plain(".").then(extended(notice)))
        .facts(asked_for(access, reader, context))
        .actions(button::of_the_party(&extension, reader))
}

/// Whether the target ends it by itself.
fn own_end(access: &Access, native_until: Option<DateTime<Utc>>) -> Line {
    match native_until {
        _ if access.request.rehearsal.is_some() => Line::default(),
        Some(at) => {
            Line::new(format!("Even if jit is down, {} ends it by itself ", words::place(access))).at(at).plain(".")
        }
        None => Line::new(format!("{} has no expiry of its own; jit takes it back.", words::place(access))),
    }
}

fn revoking(access: &Access, state: &Revoking, context: &Context) -> Card {
    let because = words::cause(&state.cause, context).plain(".");
    if state.failing.is_some() {
        return Card::new(Tone::Danger, format!("Revocation failing: {}", words::what(access)))
            .text(because)
            .text(words::failing(access).plain(" Security has been told. Please do not use this access any more."));
    }
    Card::new(Tone::Pending, format!("Being taken back: {}", words::what(access))).text(because)
}

fn closed((access, reader): (&Access, &PersonId), state: &Closed, context: &Context) -> Card {
    let (tone, title) = outcome::title(&state.outcome, access);
    Card::new(tone, title)
        .text(outcome::story(&state.outcome, access, context))
        .facts(asked_for(access, reader, context))
        .text(outcome::next(&state.outcome, context))
        .actions(if access.request.extends.is_none() && words::own(access) { vec![button::again(access)] } else { vec![] })
}

/// What was asked for, for whom or by whom, and what became of the duration.
fn asked_for(access: &Access, reader: &PersonId, context: &Context) -> Vec<(String, Vec<crate::card::Inline>)> {
    let request = &access.request;
    let mut facts = Vec::new();
    match words::own(access) {
        true => {}
        false if *reader == request.beneficiary => {
            facts.push(words::fact("Asked by", Line::default().person(&request.requester)));
        }
        false => facts.push(words::fact("For", Line::default().person(&request.beneficiary))),
    }
    let shorter = access.votes.iter().filter(|vote| vote.at_most.is_some()).min_by_key(|vote| vote.at_most);
    let length = Line::default().strong(access.duration().to_string());
    facts.push(words::fact(
        "For how long",
        match shorter {
            Some(vote) => length.plain(format!(
                ", shortened by {}; {} was asked for",
                context.directory.name(&vote.by),
                request.duration
            )),
            None => length,
        },
    ));
    let waits = matches!(access.state, State::Screening(_) | State::Pending(_));
    facts.extend(words::starts(access).filter(|_| waits));
    facts.extend(words::reasons(access));
    facts.extend(words::on_call(access));
    facts.extend(words::ends_with_ticket(access).filter(|_| access.is_open()));
    facts
}

/// Cuts a long text at line ends, or within lines that are longer than a piece.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in text.lines() {
        let chars: Vec<char> = line.chars().collect();
        let parts: Vec<String> = match chars.len() {
            0 => vec![String::new()],
            _ => chars.chunks(PIECE).map(|part| part.iter().collect()).collect(),
        };
        for part in parts {
            let last = pieces.last_mut().expect("there is always a piece");
            if !last.is_empty() && last.chars().count() + part.chars().count() + 1 > PIECE {
                pieces.push(part);
            } else {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(&part);
            }
        }
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::{Outcome, Proof};
    use sample::{
        active, closed, denied, elevating, expired, extension, failed, on_behalf, pending, rehearsed, revoking,
        second_step, troubled,
    };
    use jit_core::access::Rehearsal::{Drill, Pilot};
    let of = |state: &str, access| Sample::new(state, NoticeKind::Request, access);
    let mut certificate = active();
    if let State::Active(active) = &mut certificate.state {
        active.handover = Some(jit_core::entitlement::Handover {
            how: "Save it beside your key as id_ed25519-cert.pub, then connect with ssh as usual.".to_owned(),
            text: Some(format!("ssh-ed25519-cert-v01@openssh.com {} alice", "AAAAIHNzaC1l".repeat(60))),
            reveals: false,
        });
    }
    let mut made = on_behalf(active());
    if let State::Active(active) = &mut made.state {
        active.handover = Some(jit_core::entitlement::Handover {
            how: "Reveal a password, then: psql -h db.acme.test -p 5432 -U jit_a_7k3f9q -d orders".to_owned(),
            text: None,
            reveals: true,
        });
    }
    let ended = |proof| of("x", expired(proof)).notice.access;
    vec![
        of("reveals", made.clone()),
        of("reveals-told", sample::told(made.clone())),
        of("reveals-for-the-holder", sample::told(made)).read_by("carl"),
        of("screening", sample::screening(false)),
        of("screening-at-start", sample::screening(true)),
        of("ticket-refused", sample::ticket_refused()),
        of("ticket-looked-up", sample::ticketed(pending())),
        of("pending", pending()),
        of("looked-at", sample::looked_at(pending())),
        of("second-step", second_step()),
        of("away", sample::away(pending())),
        of("nobody", sample::nobody_left(pending())),
        of("on-behalf", on_behalf(pending())),
        of("on-behalf-active", on_behalf(active())),
        of("on-behalf-told", sample::told(on_behalf(active()))),
        of("for-the-holder", sample::told(on_behalf(pending()))).read_by("carl"),
        of("for-the-holder-active", sample::told(on_behalf(active()))).read_by("carl"),
        of("for-the-holder-over", sample::told(on_behalf(ended(Proof::Gone { sessions_ended: 1 })))).read_by("carl"),
        of("odd-words", sample::odd_words(pending())),
        of("extension", extension(pending())),
        of("cut", sample::cut(pending())),
        of("later", sample::later(pending())),
        of("scheduled", sample::later(elevating())),
        of("not-started", sample::not_started()),
        of("elevating", elevating()),
        of("elevating-extension", extension(elevating())),
        of("trouble", troubled()),
        of("active", active()),
        of("active-cut", sample::cut(active())),
        of("on-call", sample::on_call(active())),
        of("certificate", certificate),
        of("active-extended", active()).extended(),
        of("over-extended", ended(Proof::RemainsUnder { short: extension(active()).short })).extended(),
        of("revoking", revoking(false)),
        of("failing", revoking(true)),
        of("denied", denied()),
        of("timed-out", closed(Outcome::TimedOut)),
        of("lapsed", extension(closed(Outcome::Lapsed))),
        of("gone", ended(Proof::Gone { sessions_ended: 2 })),
        of("remains-under", ended(Proof::RemainsUnder { short: extension(active()).short })),
        of("remains-standing", ended(Proof::RemainsStanding)),
        of("failed", failed()),
        sample::bundled(of("bundle-pending", pending())),
        sample::bundled(of("bundle-later", sample::later(elevating()))),
        sample::bundled(of("bundle-elevating", elevating())),
        sample::bundled(of("bundle-live", active())),
        sample::parted(of("bundle-parted", active())),
        sample::parted(of("bundle-failing", revoking(true))),
        sample::parted(of("bundle-over", expired(Proof::Gone { sessions_ended: 0 }))),
        sample::bundled(of("bundle-denied", denied())),
        of("pilot-pending", rehearsed(pending(), Pilot)),
        of("pilot-active", rehearsed(active(), Pilot)),
        of("drill-active", rehearsed(sample::bypass(active(), None), Drill)),
        of("pilot-over", rehearsed(ended(Proof::Gone { sessions_ended: 0 }), Pilot)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_handovers_are_cut_into_pieces_and_lose_nothing() {
        let text = format!("{}\n{}\nend", "x".repeat(7_000), "y".repeat(10));
        let pieces = pieces(&text);
        assert!(pieces.iter().all(|piece| piece.chars().count() <= PIECE), "{pieces:?}");
        assert_eq!(pieces.concat().replace('\n', ""), text.replace('\n', ""));
        assert!(super::pieces("").is_empty());
    }
}
