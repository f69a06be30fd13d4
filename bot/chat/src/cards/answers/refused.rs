//! A refusal: what happened, what to do next, which rule said so, who could change it.

use jit_core::answer::Answer;
use jit_core::refusal::{Code, Refusal};

use crate::card::{Button, Card, Line, Tone};
use crate::cards::{Context, words};

pub(super) fn card(refusal: &Refusal, context: &Context) -> Card {
    let mut small = Line::default();
    if let Some(rule) = &refusal.rule {
        small = small.plain("Refused by ").plain(rule).plain(". ");
    }
    if let Some(ask) = &refusal.ask {
        small = small.plain(format!("To change that, ask {}.", words::owner(ask, context)));
    }
    self::words(refusal).context(small)
}

/// Without the names of people.
pub(super) fn words(refusal: &Refusal) -> Card {
    let tone = match refusal.code {
        Code::NotUnderstood | Code::NotFound | Code::Duplicate | Code::AlreadyVoted | Code::AlreadyDecided => {
            Tone::Neutral
        }
        _ => Tone::Refused,
    };
    let buttons = match refusal.code {
        Code::Justification | Code::Duration | Code::Ticket => vec![Button::request(None, "Open the form…")],
        _ => vec![],
    };
    Card::line(tone, refusal.what.replace('`', "")).text(Line::default().sentence(&refusal.next)).actions(buttons)
}

pub(super) fn samples() -> Vec<(String, Answer)> {
    let of = |name: &str, refusal| (format!("refused-{name}"), Answer::Refused { refusal });
    vec![
        of(
            "policy",
            Refusal::new(
                Code::NotPermitted,
                "No rule lets you have `hosts-root`.",
                "`/jit why hosts-root` goes through them one by one.",
            )
            .by_rule("rule production, high risk")
            .ask("group:sre"),
        ),
        of(
            "typo",
            Refusal::new(Code::NotFound, "There is no role `orders-db-amdin`.", "Did you mean `orders-db-admin`?"),
        ),
        of(
            "late",
            Refusal::new(Code::AlreadyDecided, "A-7K3F9Q was denied already by Bob Brown.", "Nothing is left to do."),
        ),
    ]
}
