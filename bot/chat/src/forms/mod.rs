//! The dialogs, in words. Called when a form is opened, and again when something in it changes.

mod decide;
mod duration;
mod emergency;
mod end;
mod request;
mod reveal;
mod talk;

pub use decide::{approve_shorter, deny};
pub use emergency::{emergency, justified, misuse};
pub use end::{extend, revoke};
pub use request::{Filled, Preview, RequestForm, people_choices, request, role_choices};
pub use reveal::{Shown, not_revealed, reveal, revealed};
pub use talk::{ask, reply};

use jit_core::access::Access;
use jit_core::answer::RoleLine;
use jit_core::id::PersonId;
use jit_core::policy::{Level, Risk};
use jit_core::span::Span;

use crate::card::{Block, Line};
use crate::cards::{Context, sample};
use crate::form::{Field, Form, Input, Meta, field};

/// Longest reason that a form takes; the line takes no more either.
const REASON: usize = 2_000;

/// A reason, in the person's own words.
fn reason(label: &str, hint: &str, min: usize, initial: Option<String>) -> Field {
    Field {
        id: field::REASON,
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
        input: Input::Text { multiline: true, min: min.max(1), max: REASON, initial, placeholder: None },
        optional: false,
        live: false,
    }
}

fn about(access: &Access) -> Meta {
    Meta { access: Some(access.id), ..Meta::default() }
}

fn said(line: Line) -> Vec<Block> {
    vec![Block::Text(line.0)]
}

/// Every dialog worth looking at, by name.
pub fn samples(context: &Context) -> Vec<(String, Form)> {
    let access = sample::active();
    let role = |name: &str, level| RoleLine {
        name: name.into(),
        title: format!("The role {name}"),
        level,
        environment: "production".to_owned(),
        risk: Risk::High,
        max_duration: Span::hours(4),
        requestable: true,
        pilot: false,
    };
    let few = vec![role("orders-db-admin", Level::Admin), role("orders-db-reader", Level::ReadOnly)];
    let many: Vec<RoleLine> = (0..150).map(|n| role(&format!("role-{n}"), Level::Write)).collect();
    let refusal = jit_core::refusal::Refusal::new(
        jit_core::refusal::Code::Hours,
        "Rule `production, high risk` allows it Mon-Fri, 08:00 to 20:00 Europe/Berlin.",
        "Ask again on Monday.",
    )
    .ask("group:data");
    let judgement = jit_core::policy::Judgement {
        route: access.route.clone(),
        max_duration: Span::hours(4),
        approvers: vec![vec!["bob".into()], vec!["dana".into(), "erin".into()]],
        closing: None,
        begins: None,
    };
    let auto = jit_core::policy::Judgement {
        route: jit_core::policy::Route { steps: vec![], ..access.route.clone() },
        max_duration: Span::minutes(15),
        approvers: vec![],
        closing: None,
        begins: None,
    };
    let filled = || Filled {
        roles: vec!["orders-db-admin".into()],
        duration: Some(Span::minutes(45)),
        reason: Some("Incident 42 <!channel>".to_owned()),
        ..Filled::default()
    };
    let several = || Filled { roles: vec!["orders-db-admin".into(), "orders-db-reader".into()], ..filled() };
    let request_form = |roles: &[RoleLine], filled, preview| {
        let me = "alice".into();
        let people = (&me, [].as_slice());
        request(&RequestForm { roles, people, filled, preview, min_reason: 12, meta: Meta::default() }, context)
    };
    let sponsor = |roles: &[RoleLine], whom: Option<&str>, people: &[PersonId]| {
        let (me, filled) = ("alice".into(), Filled { whom: whom.map(Into::into), ..filled() });
        let people = (&me, people);
        let preview = Preview::Judged(&judgement);
        request(&RequestForm { roles, people, filled, preview, min_reason: 12, meta: Meta::default() }, context)
    };
    let crowd: Vec<PersonId> = (0..150).map(|n| PersonId::new(format!("person-{n}"))).collect();
    let facts = [("Host", "db.acme.test"), ("Port", "5432"), ("Database", "orders"), ("User", "jit_a_7k3f9q")];
    let facts = facts.map(|(label, value)| (label, value.to_owned()));
    let how = "psql -h db.acme.test -p 5432 -U jit_a_7k3f9q -d orders";
    let shown = Shown { facts: &facts, how, secret: "kTq7mW3xRbn9EhJ4vPdAzC6y" };
    let forms = [
        ("request-empty", request_form(&few, Filled::default(), Preview::None)),
        ("request-judged", request_form(&few, filled(), Preview::Judged(&judgement))),
        ("request-automatic", request_form(&few, filled(), Preview::Judged(&auto))),
        ("request-refused", request_form(&few, filled(), Preview::Refused(&refusal))),
        ("request-several", request_form(&few, several(), Preview::Judged(&judgement))),
        ("request-several-automatic", request_form(&few, several(), Preview::Judged(&auto))),
        ("request-sponsor", sponsor(&few, None, &["carl".into()])),
        ("request-sponsor-chosen", sponsor(&few, Some("carl"), &["carl".into()])),
        ("request-sponsor-many", sponsor(&few, Some("person-140"), &crowd)),
        ("request-many-roles", request_form(&many, Filled::default(), Preview::None)),
        ("request-no-roles", request_form(&[], Filled::default(), Preview::None)),
        ("deny", deny(&access, context)),
        ("approve-shorter", approve_shorter(&access, context)),
        ("ask", ask(&sample::pending(), context)),
        ("reply", reply(&sample::asked_back(sample::pending(), false), context)),
        ("extend", extend(&access, Span::hours(2), 12)),
        ("reveal", reveal(&access)),
        ("revealed", revealed(&access, &shown)),
        ("not-revealed", not_revealed(&access, "`orders-db` did not answer within 2 s. The access is as it was.")),
        ("revoke", revoke(&access, context)),
        ("emergency", emergency(&few, filled(), 12, Meta::default())),
        ("emergency-drill", emergency(&few, filled(), 12, Meta { drill: true, ..Meta::default() })),
        ("emergency-none", emergency(&[], Filled::default(), 12, Meta::default())),
        ("justified", justified(&sample::bypass(sample::active(), None), context)),
        ("misuse", misuse(&sample::bypass(sample::active(), None), context)),
    ];
    forms.into_iter().map(|(name, form)| (format!("form-{name}"), form)).collect()
}
