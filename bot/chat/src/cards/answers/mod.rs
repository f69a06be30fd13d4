//! What the person who typed or clicked is told at once, seen by them alone: one function per [`Answer`].

mod acted;
mod away;
mod frozen;
mod help;
mod history;
pub(super) mod lists;
mod refused;
mod show;
mod welcome;

use jit_core::access::{Access, Pending, State};
use jit_core::answer::Answer;

use super::{Context, bundle, home, mark, outcome, words};
use crate::card::{Card, Inline, Line, TimeStyle};

/// Words an answer.
pub fn card(answer: &Answer, context: &Context) -> Card {
    let card = words_of(answer, context);
    match answer {
        Answer::Asked { access, .. } | Answer::Acted { access, .. } | Answer::Show { access, .. } => mark(card, access),
        _ => card,
    }
}

fn words_of(answer: &Answer, context: &Context) -> Card {
    match answer {
        Answer::Asked { access, bundle, approvers, already } => {
            let whole = bundle::whole(access, bundle);
            acted::asked(&whole, approvers, *already, context)
                .list(bundle::standing(&bundle::all(access, bundle), context))
        }
        Answer::Acted { verb, access, bundle } => {
            let whole = bundle::whole(access, bundle);
            acted::acted(verb, &whole, context).list(bundle::standing(&bundle::all(access, bundle), context))
        }
        Answer::Home { me, accesses, waiting, may_ask } => {
            home::card(&home::Home { me, accesses, waiting, may_ask: *may_ask }, context)
        }
        Answer::Welcome { may_ask, role } => welcome::card(*may_ask, role.as_ref()),
        Answer::Mine { accesses, me } => lists::mine(accesses, me, context),
        Answer::Show { access, bundle, history, may } => show::card((access, bundle), history, may, context),
        Answer::Pending { accesses } => lists::pending(accesses, context),
        Answer::Who { role, accesses, hidden, exceptions } => {
            lists::who(role, accesses, *hidden, context).list(lists::exceptions(exceptions, context))
        }
        Answer::Roles { text, roles } => lists::roles(text.as_deref(), roles),
        Answer::Why { roles, lines } => lists::why(roles, lines),
        Answer::Away { absence } => away::card(absence.as_ref(), context),
        Answer::Frozen { changed, freezes } => frozen::card(changed.as_ref(), freezes, context),
        Answer::Unclear => help::unclear(),
        Answer::Help { verb, role } => help::card(verb.as_deref(), role.as_ref()),
        Answer::Refused { refusal } => refused::card(refusal, context),
    }
}

/// Every answer worth looking at, by name.
pub fn samples() -> Vec<(String, Answer)> {
    [
        acted::samples(),
        lists::samples(),
        show::samples(),
        help::samples(),
        frozen::samples(),
        away::samples(),
        refused::samples(),
        welcome::samples(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, answer)| (format!("answer-{name}"), answer))
    .collect()
}

/// Where an access stands, in half a sentence.
pub(super) fn stands(access: &Access, context: &Context) -> Line {
    match &access.state {
        State::Screening(state) => Line::new(format!("its ticket {} is being checked", state.ticket.id)),
        State::Pending(state) => waiting(access, state, context),
        State::Scheduled(scheduled) => Line::new("agreed, starts ").at_and_left(scheduled.start),
        State::Elevating(_) => Line::new("being set up"),
        State::Active(active) => Line::new("live until ").at_and_left(active.until),
        State::Revoking(revoking) => match &revoking.failing {
            Some(failing) => Line::default().strong("revocation failing").plain(" since ").at_and_left(failing.since),
            None => Line::new("being taken back"),
        },
        State::Closed(closed) => {
            let (_, title) = outcome::title(&closed.outcome, access);
            let how = title.split(':').next().unwrap_or_default().to_lowercase();
            Line::new(how).plain(" (").push(Inline::Time(closed.at, TimeStyle::Left)).plain(")")
        }
    }
}

fn waiting(access: &Access, state: &Pending, context: &Context) -> Line {
    let people = access.waiting_in(state.step).map(|asked| &asked.person);
    Line::new(format!("waiting for {}", words::names(people, context)))
}

/// Id and title, as an entry of a list begins.
fn entry(access: &Access) -> Line {
    let line = Line::default().code(access.short.as_str()).plain(" ").strong(words::what(access));
    line.plain(words::beside(access)).plain(words::marked(access))
}
