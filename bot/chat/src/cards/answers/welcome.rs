//! The first card that somebody gets, where a platform says that the app has come to them: what it does, and where to begin.

use jit_core::answer::Answer;
use jit_core::grammar;
use jit_core::id::RoleName;

use crate::card::{Button, Card, Line, Tone};

/// What one needs first.
const FIRST: [&str; 3] = ["request", "home", "help"];

pub(super) fn card(may_ask: bool, role: Option<&RoleName>) -> Card {
    let verbs = grammar::VERBS.iter().filter(|verb| FIRST.contains(&verb.name));
    let item = |verb: &grammar::Verb| {
        let words = if verb.name == "request" { verb.example_with(role) } else { verb.name.to_owned() };
        Line::default().code(words).plain(": ").plain(verb.summary)
    };
    let ask = may_ask.then(|| Button::request(None, "Ask for access…").primary());
    let others = [Button::say("home", "My access"), Button::say("help", "Help")];
    Card::new(Tone::Neutral, "I give access for a while, and take it back by myself")
        .text(Line::new(
            "When a task needs more than you have, ask me: the right people get buttons, and you get it for as long as you said. \
             When the time is over I take it back, make sure that it is gone, and tell you here at every step.",
        ))
        .list(verbs.filter(|verb| may_ask || verb.name != "request").map(item).collect())
        .text(if may_ask { Line::default() } else { Line::new("There is no role that you may ask for; you may be asked for decisions.") })
        .actions(ask.into_iter().chain(others).collect())
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let welcome = |name: &str, role: Option<&str>| {
        (name.to_owned(), Answer::Welcome { may_ask: role.is_some(), role: role.map(RoleName::new) })
    };
    vec![welcome("welcome", Some("host-login")), welcome("welcome-nothing-to-ask-for", None)]
}
