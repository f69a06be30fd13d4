//! The home: what waits for a person, what they hold with the time left, what they asked for, and a button to ask. A tab where the platform
//! has one, drawn by the worker of homes whenever something of theirs has changed; everywhere the answer to `home`.

use jit_core::access::{Access, State};
use jit_core::id::PersonId;

use super::answers::lists;
use super::{Context, button, sample, words};
use crate::card::{Block, Button, Card, Line, Tone};

/// Most entries of a part, so that the whole is within Slack's hundred blocks.
const SHOWN: usize = 8;
/// Entries of what is over.
const OVER: usize = 5;

/// What a home shows.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// Whose home it is.
    pub me: &'a PersonId,
    /// What the person asked for or has, newest first; some of what is over included.
    pub accesses: &'a [Access],
    /// What waits for their decision or review, oldest first.
    pub waiting: &'a [Access],
    /// There is a role that they may ask for.
    pub may_ask: bool,
}

/// Words it.
pub fn card(home: &Home, context: &Context) -> Card {
    let of = |wanted: fn(&State) -> bool| -> Vec<&Access> {
        home.accesses.iter().filter(|access| wanted(&access.state) && !words::is_spoken_for(access)).collect()
    };
    let live = of(|state| matches!(state, State::Elevating(_) | State::Active(_) | State::Revoking(_)));
    let (held, sponsored): (Vec<&Access>, Vec<&Access>) =
        live.into_iter().partition(|access| access.request.beneficiary == *home.me);
    let asked = of(|state| matches!(state, State::Screening(_) | State::Pending(_) | State::Scheduled(_)));
    let over = of(|state| matches!(state, State::Closed(_)));
    let ask = Button::request(None, "Ask for access…").primary();
    let live = held.iter().filter(|access| !matches!(access.state, State::Elevating(_))).count();
    let mut card = Card::new(Tone::Neutral, title(live, home.waiting.len())).actions(if home.may_ask {
        vec![ask]
    } else {
        vec![]
    });
    if !home.waiting.is_empty() {
        card = part(card, "Waiting for you");
        card = lists::waiting(card, home.waiting, SHOWN, context);
    }
    card = part(card, "What you hold");
    card = match held.is_empty() {
        true => card.text(Line::new(if home.may_ask {
            "Nothing. Access that you ask for ends by itself, and is shown here while you have it."
        } else {
            "Nothing. There is no role that you may ask for; /jit why ROLE says why."
        })),
        false => lists::open(card, &held, (home.me, SHOWN), context),
    };
    if !sponsored.is_empty() {
        card = part(card, "What others hold because you asked");
        card = lists::open(card, &sponsored, (home.me, SHOWN), context);
    }
    if !asked.is_empty() {
        card = part(card, "What you asked for");
        card = lists::open(card, &asked, (home.me, SHOWN), context);
        for access in asked.iter().take(SHOWN) {
            card = questions(card, access, context);
        }
    }
    if !over.is_empty() {
        card = part(card, "Lately");
        card = card.list(over.into_iter().take(OVER).map(|access| lists::line(access, context)).collect());
    }
    card.context(
        Line::new("As of ").at(context.now).plain(". ").code("/jit help").plain(" tells what you can write to me."),
    )
}

fn title(held: usize, waiting: usize) -> String {
    let holds = match held {
        0 => "You hold nothing now".to_owned(),
        1 => "You hold one role".to_owned(),
        n => format!("You hold {n} roles"),
    };
    match waiting {
        0 => holds,
        1 => format!("{holds}; one decision waits for you"),
        n => format!("{holds}; {n} decisions wait for you"),
    }
}

fn part(card: Card, title: &str) -> Card {
    card.block(Block::Divider).text(Line::default().strong(title))
}

/// What approvers asked, and nobody has answered.
fn questions(card: Card, access: &Access, context: &Context) -> Card {
    let open: Vec<Line> = access
        .questions
        .iter()
        .filter(|question| question.reply.is_none())
        .map(|question| {
            Line::new(format!("{} asks about {}: ", context.name(&question.by), words::what(access)))
                .quote(question.text.text())
        })
        .collect();
    match open.is_empty() {
        true => card,
        false => card.list(open).actions(vec![button::reply(access)]),
    }
}

/// The homes worth looking at, by name.
pub fn samples(context: &Context) -> Vec<(String, Card)> {
    use jit_core::access::Proof;
    let mine = [
        sample::active(),
        sample::revoking(true),
        sample::asked_back(sample::extension(sample::pending()), false),
        sample::later(sample::elevating()),
        sample::expired(Proof::Gone { sessions_ended: 1 }),
        sample::denied(),
    ];
    let waits = [sample::odd_words(sample::pending()), sample::bypass(sample::active(), None)];
    let many = vec![sample::odd_words(sample::pending()); 40];
    let held = vec![sample::active(); 20];
    let me = PersonId::from("alice");
    let sponsors = [sample::on_behalf(sample::active()), sample::on_behalf(sample::extension(sample::pending()))];
    let home =
        |accesses: &[Access], waiting: &[Access], may_ask| card(&Home { me: &me, accesses, waiting, may_ask }, context);
    let named = [
        ("home", home(&mine, &waits, true)),
        ("home-empty", home(&[], &[], true)),
        ("home-nothing-to-ask-for", home(&[], &[], false)),
        ("home-sponsor", home(&sponsors, &[], true)),
        ("home-many", home(&[many.clone(), held].concat(), &many, true)),
    ];
    named.into_iter().map(|(name, card)| (name.to_owned(), card)).collect()
}
