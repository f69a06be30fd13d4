//! The forms about an end: more time, or taking it back.

use jit_core::access::Access;
use jit_core::span::Span;

use super::{about, duration, reason, said};
use crate::card::Line;
use crate::cards::{Context, words};
use crate::form::{Form, FormKind};

/// Ask for more time; judged like a new request.
pub fn extend(access: &Access, longest: Span, min_reason: usize) -> Form {
    let intro = match access.until() {
        Some(until) => Line::default().strong(&access.request.title).plain(" ends ").at_and_left(until).plain("."),
        None => Line::default().strong(&access.request.title),
    };
    let mut fields = duration::fields("How much longer?", longest, None, false);
    let hint = "More time is judged like a new request; the same people may be asked.";
    fields.push(reason("Why does it take longer?", hint, min_reason, None));
    Form {
        kind: FormKind::Extend,
        title: format!("Extend {}", access.short),
        submit: Some("Ask".to_owned()),
        intro: said(intro),
        fields,
        preview: vec![],
        meta: about(access),
    }
}

/// Take it back, with a reason that the holder is told.
pub fn revoke(access: &Access, context: &Context) -> Form {
    let intro = Line::default()
        .strong(words::holder(access, context))
        .plain(" loses ")
        .strong(&access.request.title)
        .plain(" at once, and open sessions end.");
    Form {
        kind: FormKind::Revoke,
        title: format!("Revoke {}", access.short),
        submit: Some("Revoke".to_owned()),
        intro: said(intro),
        fields: vec![reason("Why?", "The holder and the announcement channel are told.", 3, None)],
        preview: vec![],
        meta: about(access),
    }
}
