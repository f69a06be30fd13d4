//! Asking back, and answering: small forms of one field.

use jit_core::access::Access;
use jit_core::decide::LONGEST_WORDS;

use super::{about, decide::asks};
use crate::card::{Block, Line};
use crate::cards::{Context, words};
use crate::form::{Field, Form, FormKind, Input, Meta, field};

/// An approver asks the requester something.
pub fn ask(access: &Access, context: &Context) -> Form {
    let whom = context.name(&access.request.requester);
    Form {
        kind: FormKind::Ask,
        title: format!("Ask about {}", access.short),
        submit: Some("Ask".to_owned()),
        intro: super::said(asks(access, context)),
        fields: vec![said(
            "Your question",
            format!("It goes to {whom}, and the other approvers see it. The clock goes on."),
        )],
        preview: vec![],
        meta: about(access),
    }
}

/// The requester answers whatever is open.
pub fn reply(access: &Access, context: &Context) -> Form {
    let open = access.questions.iter().filter(|question| question.reply.is_none());
    let intro: Vec<Block> = open
        .map(|question| {
            let line = Line::default().strong(context.name(&question.by)).plain(" asks: ").quote(question.text.text());
            Block::Text(line.0)
        })
        .collect();
    Form {
        kind: FormKind::Reply,
        title: format!("Answer about {}", access.short),
        submit: Some("Answer".to_owned()),
        intro: if intro.is_empty() { super::said(Line::new(words::what(access))) } else { intro },
        fields: vec![said("Your answer", "It goes to those who decide on your request.".to_owned())],
        preview: vec![],
        meta: Meta { questions: Some(access.questions.len()), ..about(access) },
    }
}

fn said(label: &str, hint: String) -> Field {
    Field {
        id: field::REASON,
        label: label.to_owned(),
        hint: Some(hint),
        input: Input::Text { multiline: true, min: 1, max: LONGEST_WORDS, initial: None, placeholder: None },
        optional: false,
        live: false,
    }
}
