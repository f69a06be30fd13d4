//! An approver's forms: why not, and for how much less.

use jit_core::access::Access;
use jit_core::span::Span;

use super::{about, duration, reason, said};
use crate::card::Line;
use crate::cards::{Context, words};
use crate::form::{Form, FormKind};

/// Refuse, with a reason that the requester is told.
pub fn deny(access: &Access, context: &Context) -> Form {
    Form {
        kind: FormKind::Deny,
        title: format!("Deny {}", access.short),
        submit: Some("Deny".to_owned()),
        intro: said(asks(access, context)),
        fields: vec![reason("Why not?", "They are told, so say what would have to be different.", 3, None)],
        preview: vec![],
        meta: about(access),
    }
}

/// Agree, for less time than was asked for.
pub fn approve_shorter(access: &Access, context: &Context) -> Form {
    // The same as asked for would not be less; a minute less is the longest that is.
    let asked = access.duration();
    let longest = Span::seconds(asked.as_seconds().saturating_sub(60).max(60));
    let half = Span::seconds((asked.as_seconds() / 2).max(60));
    Form {
        kind: FormKind::ApproveShorter,
        title: format!("Approve {}", access.short),
        submit: Some("Approve".to_owned()),
        intro: said(asks(access, context)),
        fields: duration::fields("For at most", longest, Some(half), false),
        preview: vec![],
        meta: about(access),
    }
}

pub(super) fn asks(access: &Access, context: &Context) -> Line {
    let what = match &access.request.bundle {
        // What is decided holds for all of them.
        Some(bundle) => {
            let roles: Vec<String> = bundle.members.iter().map(|member| member.role.to_string()).collect();
            format!("{} roles together ({})", roles.len(), words::joined(roles, "and"))
        }
        None => words::what(access),
    };
    Line::default()
        .strong(words::asker(access, context))
        .plain(" asks for ")
        .strong(what)
        .plain(format!(" for {}: ", access.duration()))
        .quote(access.request.justification.text())
}
