//! Several roles that were asked for together: one card lists each with its own state.

use jit_core::access::{Access, State};

use super::{Context, answers, words};
use crate::card::{Block, Card, Line, Tone};

/// The one that leads, as what is said of all of them: with the titles of all in place of its own.
pub fn whole(lead: &Access, others: &[Access]) -> Access {
    let mut whole = lead.clone();
    whole.request.title = match others {
        [] => return whole,
        [other] => format!("{} and {}", lead.request.title, other.request.title),
        _ => format!("{} and {} more roles", lead.request.title, others.len()),
    };
    whole
}

/// All of them, in the order in which they were named.
pub fn in_order<'a>(lead: &'a Access, others: &'a [Access]) -> Vec<&'a Access> {
    let place = |access: &Access| {
        let members = lead.request.bundle.iter().flat_map(|bundle| &bundle.members);
        members.into_iter().position(|member| member.id == access.id)
    };
    let mut all: Vec<&Access> = std::iter::once(lead).chain(others).collect();
    all.sort_by_key(|access| place(access));
    all
}

/// Whether one thing is to be said of all: they wait, or what they waited for was refused, before any of them was agreed to.
pub fn is_one(lead: &Access, others: &[Access]) -> bool {
    let same = || others.iter().all(|other| other.state == lead.state);
    others.is_empty() || (same() && !matches!(lead.state, State::Active(_) | State::Revoking(_)))
}

/// Each with what it is and which rule it is judged by; nothing where there is only one.
pub fn asked(lead: &Access, others: &[Access]) -> Vec<Line> {
    let one = |access: &Access| {
        Line::default().code(access.short.as_str()).plain(" ").strong(&access.request.title).plain(format!(
            " ({}; rule “{}”)",
            words::kind(access),
            access.route.rule
        ))
    };
    if others.is_empty() { Vec::new() } else { in_order(lead, others).into_iter().map(one).collect() }
}

/// Each with where it stands; nothing where there is only one.
pub fn standing(lead: &Access, others: &[Access], context: &Context) -> Vec<Line> {
    let one = |access: &Access| {
        let line = Line::default().code(access.short.as_str()).plain(" ").strong(&access.request.title);
        line.plain(": ").then(answers::stands(access, context)).plain(".")
    };
    if others.is_empty() { Vec::new() } else { in_order(lead, others).into_iter().map(one).collect() }
}

/// What has become of them, in a title: what needs somebody first, then what is held.
pub fn title(lead: &Access, others: &[Access]) -> (Tone, String) {
    let all = in_order(lead, others);
    let of = |wanted: fn(&Access) -> bool| all.iter().filter(|access| wanted(access)).count();
    let failing = of(|access| matches!(&access.state, State::Revoking(revoking) if revoking.failing.is_some()));
    let live = of(|access| matches!(access.state, State::Active(_)));
    let begun = of(|access| matches!(access.state, State::Elevating(_)));
    let scheduled = of(|access| matches!(access.state, State::Scheduled(_)));
    let ending = of(|access| matches!(access.state, State::Revoking(_)));
    let count = |number: usize| match number {
        n if n == all.len() => format!("{n} roles"),
        n => format!("{n} of {} roles", all.len()),
    };
    match () {
        () if failing > 0 => (Tone::Danger, format!("Revocation failing: {}", count(failing))),
        () if live > 0 => (Tone::Success, format!("Live: {}", count(live))),
        () if begun > 0 => (Tone::Pending, format!("Setting up: {}", count(begun))),
        () if scheduled > 0 => (Tone::Success, format!("Scheduled: {}", count(scheduled))),
        () if ending > 0 => (Tone::Pending, format!("Being taken back: {}", count(ending))),
        () => (Tone::Over, format!("Over: {}", count(all.len()))),
    }
}

/// What can still be ended with one button.
pub fn left(lead: &Access, others: &[Access]) -> usize {
    let left = |access: &&Access| matches!(access.state, State::Scheduled(_) | State::Elevating(_) | State::Active(_));
    std::iter::once(lead).chain(others).filter(left).count()
}

/// What is told of all: the card of one, with the list of all above its buttons where there are several.
pub fn listed(mut card: Card, lead: &Access, others: &[Access], context: &Context) -> Card {
    let buttons = card.blocks.iter().position(|block| matches!(block, Block::Actions(_)));
    let below = card.blocks.split_off(buttons.unwrap_or(card.blocks.len()));
    let lines = match lead.state {
        State::Pending(_) => asked(lead, others),
        _ => standing(lead, others, context),
    };
    below.into_iter().fold(card.list(lines), Card::block)
}
