//! Several roles that were asked for together: one card lists each with its own state.

use jit_core::access::{Access, Outcome, State};
use jit_core::notice::Notice;

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

/// All of them, in the order in which they were named; nothing where there is only one.
pub fn all(lead: &Access, others: &[Access]) -> Vec<Access> {
    if others.is_empty() {
        return Vec::new();
    }
    let members = lead.request.bundle.iter().flat_map(|bundle| &bundle.members);
    let known = || std::iter::once(lead).chain(others);
    members.filter_map(|member| known().find(|access| access.id == member.id).cloned()).collect()
}

/// A notice of all of them as cards word it: about the whole, with each by itself beside it.
pub fn spread(notice: &Notice) -> Notice {
    let whole = whole(&notice.access, &notice.bundle);
    Notice { bundle: all(&notice.access, &notice.bundle), access: whole, ..notice.clone() }
}

/// Whether one thing is to be said of all: they wait, or what they waited for was refused before any of them was agreed to.
pub fn is_one(all: &[Access]) -> bool {
    let Some(first) = all.first() else { return true };
    let never_given = match &first.state {
        State::Pending(_) => true,
        State::Closed(closed) => !matches!(closed.outcome, Outcome::Ended { .. } | Outcome::NotStarted { .. }),
        _ => false,
    };
    never_given && all.iter().all(|access| access.state == first.state)
}

/// Each with what it is and which rule it is judged by.
pub fn asked(all: &[Access]) -> Vec<Line> {
    let one =
        |access: &Access| named(access).plain(format!(" ({}; rule “{}”)", words::kind(access), access.route.rule));
    all.iter().map(one).collect()
}

/// Each with where it stands.
pub fn standing(all: &[Access], context: &Context) -> Vec<Line> {
    all.iter().map(|access| named(access).plain(": ").then(answers::stands(access, context)).plain(".")).collect()
}

fn named(access: &Access) -> Line {
    Line::default().code(access.short.as_str()).plain(" ").strong(&access.request.title)
}

/// What has become of them, in a title: what needs somebody first, then what is held.
pub fn title(all: &[Access]) -> (Tone, String) {
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

/// How many can still be ended with one button.
pub fn left(all: &[Access]) -> usize {
    let left = |access: &&Access| matches!(access.state, State::Scheduled(_) | State::Elevating(_) | State::Active(_));
    all.iter().filter(left).count()
}

/// Whether any of them is given, or about to be: else all wait for their start.
pub fn is_begun(all: &[Access]) -> bool {
    all.iter().any(|access| matches!(access.state, State::Elevating(_) | State::Active(_)))
}

/// What is told of all: the card of the whole, with the list of all above its buttons.
pub fn listed(mut card: Card, all: &[Access], context: &Context) -> Card {
    let buttons = card.blocks.iter().position(|block| matches!(block, Block::Actions(_)));
    let below = card.blocks.split_off(buttons.unwrap_or(card.blocks.len()));
    let waits = all.first().is_some_and(|access| matches!(access.state, State::Pending(_)));
    let lines = if waits { asked(all) } else { standing(all, context) };
    below.into_iter().fold(card.list(lines), Card::block)
}
