//! The forms of the emergency bypass: taking it, with its consequences spelt out, and its review.

use jit_core::access::Access;
use jit_core::answer::RoleLine;
use jit_core::span::Span;

use super::request::Filled;
use super::{about, duration, reason, said};
use crate::card::{Block, Line};
use crate::cards::{Context, words};
use crate::form::{Choice, DRILL, Field, Form, FormKind, Input, Meta, REAL, field};

/// Take a role at once. Sending it is the confirmation.
pub fn emergency(roles: &[RoleLine], filled: Filled, min_reason: usize, meta: Meta) -> Form {
    let kind = FormKind::Emergency;
    let title = if meta.drill { "Emergency drill" } else { "Emergency access" }.to_owned();
    if roles.is_empty() {
        let intro = Line::new("Policy lets you take no role in an emergency. ")
            .code("/jit request")
            .plain(" asks in the normal way; on-call people are often approved at once.");
        return Form { kind, title, submit: None, intro: said(intro), fields: vec![], preview: vec![], meta };
    }
    let chosen = filled.roles.first().filter(|role| roles.iter().any(|one| one.name == **role));
    let longest = |role: &RoleLine| role.max_duration;
    let most = match chosen.and_then(|role| roles.iter().find(|one| one.name == *role)) {
        Some(role) => longest(role),
        None => roles.iter().map(longest).max().unwrap_or(Span::hours(1)),
    };
    let options = roles.iter().map(|role| Choice {
        value: role.name.to_string(),
        label: format!("{} ({}, at most {}{})", role.title, role.environment, role.max_duration, tried(role)),
    });
    let mut fields = vec![
        reality(meta.drill),
        Field {
            id: field::ROLE,
            label: "Role".to_owned(),
            hint: None,
            input: Input::Select {
                options: options.collect(),
                selected: chosen.map(ToString::to_string),
                external: false,
            },
            optional: false,
            live: false,
        },
    ];
    fields.extend(duration::fields("For how long?", most, filled.duration, false));
    let hint = "Security reads it first thing. Say what is broken, and what you will do.";
    fields.push(reason("What is the emergency?", hint, min_reason, filled.reason));
    let intro = match meta.drill {
        false => [
            Line::default().strong("You get access at once, and nobody is asked. "),
            Line::new(
                "Security and the announcement channel see it now, with your reason. Security has to review it; if it was misuse, it is taken back and stays on record. While a review is overdue, you get no other bypass.",
            ),
        ],
        true => [
            Line::default().strong("This is a drill: you get no access, and nothing is changed. "),
            Line::new(
                "All else is as in an emergency: nobody is asked, security and the announcement channel see it now, marked as a drill, and security has to review it. A drill never keeps you from real access.",
            ),
        ],
    };
    Form {
        kind,
        title,
        submit: Some(if meta.drill { "Start the drill" } else { "Take access now" }.to_owned()),
        intro: intro.into_iter().map(|line| Block::Text(line.0)).collect(),
        fields,
        preview: vec![],
        meta,
    }
}

fn tried(role: &RoleLine) -> &'static str {
    if role.pilot { ", only tried out: nothing is given" } else { "" }
}

/// The switch between the real thing and a drill: what it means is spelt out anew when it is moved.
fn reality(drill: bool) -> Field {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    Field {
        id: field::REALITY,
        label: "Is it real?".to_owned(),
        hint: None,
        input: Input::Select {
            options: vec![choice(REAL, "An emergency: access at once"), choice(DRILL, "A drill: nothing is changed")],
            selected: Some(if drill { DRILL } else { REAL }.to_owned()),
            external: false,
        },
        optional: false,
        live: true,
    }
}

/// Say that a bypass was justified.
pub fn justified(access: &Access, context: &Context) -> Form {
    review(access, FormKind::Justified, ("Justified", "What did you look at?"), context)
}

/// Say that it was misuse; live access is taken back.
pub fn misuse(access: &Access, context: &Context) -> Form {
    review(access, FormKind::Misuse, ("Misuse", "What was wrong?"), context)
}

fn review(access: &Access, kind: FormKind, (verdict, question): (&str, &str), context: &Context) -> Form {
    let what = Line::default()
        .strong(words::holder(access, context))
        .plain(" took ")
        .strong(&access.request.title)
        .plain(" without approval: ")
        .quote(access.request.justification.text());
    let hint = match kind {
        FormKind::Misuse => "They are told, and live access is taken back at once. It stays on record.",
        _ => "They are told, and it stays on record: sessions, statements, the incident.",
    };
    Form {
        kind,
        title: format!("{verdict}: {}", access.short),
        submit: Some(verdict.to_owned()),
        intro: said(what),
        fields: vec![reason(question, hint, 3, None)],
        preview: vec![],
        meta: about(access),
    }
}
