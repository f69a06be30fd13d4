//! After `/jit freeze` and `/jit unfreeze`: what was done, and what is frozen now.

use jit_core::answer::Answer;
use jit_core::freeze::{Freeze, Scope};

use crate::card::{Card, Line, Tone};
use crate::cards::{Context, sample, words};

pub(super) fn card(changed: Option<&Freeze>, freezes: &[Freeze], context: &Context) -> Card {
    let title = match changed {
        Some(freeze) if freeze.lifted.is_some() => {
            (Tone::Success, format!("No longer frozen: {}", freeze.scope.words(context.directory)))
        }
        Some(freeze) => (Tone::Danger, format!("Frozen: {}", freeze.scope.words(context.directory))),
        None if freezes.is_empty() => (Tone::Neutral, "Nothing is frozen".to_owned()),
        None => (Tone::Danger, "New access is frozen".to_owned()),
    };
    let card = Card::line(title.0, title.1);
    let card = match (changed, freezes) {
        (Some(_), []) => card.text(Line::new("Nothing is frozen any more.")),
        (None, []) => card.text(
            Line::new("Security stops new access with ").code("/jit freeze [ROLE | @PERSON] because …").plain("."),
        ),
        (Some(freeze), _) if freeze.lifted.is_some() => card.text(Line::new("Still frozen:")),
        _ => card,
    };
    freezes.iter().fold(card, |card, freeze| {
        let line = Line::default()
            .strong(freeze.scope.words(context.directory))
            .plain(format!(", by {} since ", words::revoker(&freeze.by, context)))
            .at(freeze.since);
        card.text(match freeze.reason.text() {
            "" => line.plain("."),
            reason => line.plain(": ").quote(reason),
        })
    })
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let everything = || sample::freeze(Scope::Everything, None);
    let role = || sample::freeze(Scope::Role("orders-db-admin".into()), None);
    let lifted = sample::freeze(Scope::Everything, Some(jit_core::access::Revoker::Person("dana".into())));
    vec![
        ("frozen".to_owned(), Answer::Frozen { changed: Some(everything()), freezes: vec![role(), everything()] }),
        ("frozen-list".to_owned(), Answer::Frozen { changed: None, freezes: vec![role()] }),
        ("frozen-none".to_owned(), Answer::Frozen { changed: None, freezes: vec![] }),
        ("unfrozen".to_owned(), Answer::Frozen { changed: Some(lifted), freezes: vec![] }),
    ]
}
