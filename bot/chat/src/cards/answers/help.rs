//! `/jit help`: the verb table, for people.

use jit_core::answer::Answer;
use jit_core::grammar;
use jit_core::id::RoleName;

use super::refused;
use crate::card::{Button, Card, Line, Tone};

pub(super) fn card(verb: Option<&str>, role: Option<&RoleName>) -> Card {
    match grammar::help(verb) {
        Err(refusal) => refused::words(&refusal),
        Ok(verbs) => match (verb, verbs.as_slice()) {
            (Some(_), [verb]) => {
                Card::line(Tone::Neutral, format!("/jit {}", verb.name)).text(Line::new(verb.summary)).list(vec![
                    Line::new("Form: ").code(format!("/jit {}", verb.usage)),
                    Line::new("Example: ").code(format!("/jit {}", verb.example_with(role))),
                ])
            }
            (_, verbs) => Card::line(Tone::Neutral, "jit gives you access for a while, and takes it back by itself")
                .list(
                    verbs
                        .iter()
                        .map(|v| Line::default().code(format!("/jit {}", v.usage)).plain(" ").plain(v.summary))
                        .collect(),
                )
                .text(
                    Line::new("In our direct message you can leave out ")
                        .code("/jit")
                        .plain(". An example of each: ")
                        .code("/jit help VERB"),
                )
                .actions(vec![Button::request(None, "Ask for a role…").primary()]),
        },
    }
}

/// Somebody just talked: what there is, without all of it.
pub(super) fn unclear() -> Card {
    let item = |line: &str, what: &str| Line::default().code(line).plain(what);
    Card::line(Tone::Neutral, "I did not understand that. I give access for a while, and take it back by myself")
        .list(vec![
            item("request", " asks for access; the button below as well"),
            item("home", " shows what you have and asked for, and what waits for you; in Slack so does my Home tab"),
            item("help", " tells the rest"),
        ])
        .actions(vec![Button::request(None, "Ask for access…").primary()])
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let help = |name: &str, verb: Option<&str>| {
        (name.to_owned(), Answer::Help { verb: verb.map(str::to_owned), role: Some("host-login".into()) })
    };
    vec![
        help("help", None),
        help("help-extend", Some("extend")),
        help("help-request", Some("request")),
        help("help-typo", Some("aprove")),
        ("unclear".to_owned(), Answer::Unclear),
    ]
}
