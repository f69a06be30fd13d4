//! The forms of Reveal: asked first, since what was revealed before stops to work, and then shown in the answer to that.

use jit_core::access::Access;

use super::{about, said};
use crate::card::{Block, Line};
use crate::form::{Form, FormKind};

/// A password as it is shown, once.
pub struct Shown<'a> {
    /// Where and as whom: a label and a value each.
    pub facts: &'a [(&'static str, String)],
    /// How, in one line without the password.
    pub how: &'a str,
    /// The password.
    pub secret: &'a str,
}

/// Set a new password and see it.
pub fn reveal(access: &Access) -> Form {
    let intro = Line::new("A new password is set for ")
        .code(access.request.entitlement.account.as_str())
        .plain(" and shown to you here, once. Nothing keeps it: if it is lost, reveal again. One that was revealed before stops to work.");
    form(access, Some("Reveal"), said(intro))
}

/// The password.
pub fn revealed(access: &Access, shown: &Shown<'_>) -> Form {
    let mut facts: Vec<_> =
        shown.facts.iter().map(|(label, value)| ((*label).to_owned(), Line::default().code(value).0)).collect();
    if let Some(until) = access.until() {
        facts.push(("Until".to_owned(), Line::default().at_and_left(until).0));
    }
    let intro = vec![
        Block::Facts(facts),
        Block::Text(Line::default().strong("Password").0),
        Block::Preformatted(shown.secret.to_owned()),
        Block::Text(Line::default().strong("How to use it: ").code(shown.how).0),
        Block::Context(Line::new("Copy it now: nothing keeps it. If it is lost, reveal again.").0),
    ];
    form(access, None, intro)
}

/// It was not set, and why.
pub fn not_revealed(access: &Access, why: &str) -> Form {
    form(access, Some("Try again"), said(Line::new(why)))
}

fn form(access: &Access, submit: Option<&str>, intro: Vec<Block>) -> Form {
    Form {
        kind: FormKind::Reveal,
        title: format!("Reveal {}", access.short),
        submit: submit.map(str::to_owned),
        intro,
        fields: vec![],
        preview: vec![],
        meta: about(access),
    }
}
