//! Slack's door: what somebody did becomes verbs, the answer becomes what Slack shows. Knows no transport: HTTP hands it an
//! [`Inbound`] and sends the [`Reaction`] back.
//!
//! Before the acknowledgement nothing calls the network. What needs it ([`Later`]) runs beside it: dialogs within the three seconds that
//! Slack gives a trigger, answers through the response address.

mod later;
pub(crate) mod socket;

use std::collections::BTreeMap;

use jit_chat::cards::answers;
use jit_chat::form::Form;
use jit_chat::inbound::Intent;
use jit_chat::slack::decode::{Inbound, View};
use jit_chat::slack::{render, view};
use jit_core::access::Platform;
use jit_core::answer::Answer;
use jit_core::refusal::{Code, Refusal};
use serde_json::{Value, json};

pub use later::Later;

use crate::app::App;
use crate::door::{self, Outcome, with_context};

/// What Slack gets back.
#[derive(Debug, Default)]
pub struct Reaction {
    /// The body of the acknowledgement; empty where there is none.
    pub ack: Option<Value>,
    /// What is done beside it.
    pub later: Option<Later>,
}

impl Reaction {
    fn ack(body: Value) -> Self {
        Self { ack: Some(body), later: None }
    }

    fn later(later: Later) -> Self {
        Self { ack: None, later: Some(later) }
    }
}

/// Does what somebody wants.
pub async fn react(app: &App, inbound: Inbound) -> Reaction {
    if let Some(challenge) = &inbound.way.challenge {
        return Reaction::ack(json!({ "challenge": challenge }));
    }
    match door::react(app, Platform::Slack, &inbound).await {
        // Slack shows one card to everybody.
        Outcome::Nothing | Outcome::Done(_) | Outcome::Face(_) => Reaction::default(),
        Outcome::Said(said) => answer(app, &inbound, &said),
        Outcome::Open(form) => open(app, &inbound, &form),
        Outcome::Followed(form) => Reaction::ack(with_context(app, |context| view::replace(&form, context))),
        Outcome::Taken(said) => Reaction { ack: Some(view::close()), later: said_in_channel(app, &inbound, &said) },
        Outcome::Wrong { field, refusal } => {
            let text = match &refusal.rule {
                Some(rule) => format!("{} {} ({rule})", refusal.what, refusal.next),
                None => format!("{} {}", refusal.what, refusal.next),
            };
            Reaction::ack(view::errors(&BTreeMap::from([(field, text)])))
        }
        Outcome::Changed(form) => changed(app, &inbound, &form),
        Outcome::Options(choices) => Reaction::ack(view::options(&choices)),
    }
}

/// Opens a dialog; without a trigger (a direct message has none), says how to get one.
fn open(app: &App, inbound: &Inbound, form: &Form) -> Reaction {
    let Some(trigger_id) = inbound.way.trigger_id.clone() else {
        let refusal = Refusal::new(
            Code::NotUnderstood,
            "A form is needed for that, and a form opens from a command or a button only.",
            "Use `/jit` with the same words, or say all of it in one line; `help` shows how.",
        );
        return answer(app, inbound, &Answer::Refused { refusal });
    };
    let refusal = Refusal::new(
        Code::WrongState,
        "Slack did not let the form open in time.",
        "Try again, or say all of it in one line; `/jit help` shows how.",
    );
    with_context(app, |context| {
        let instead = render::message(&answers::card(&Answer::Refused { refusal }, context), context);
        let view = view::modal(form, context);
        Reaction::later(Later::Open { trigger_id, view, response_url: inbound.way.response_url.clone(), instead })
    })
}

/// The dialog with its preview made anew.
fn changed(app: &App, inbound: &Inbound, form: &Form) -> Reaction {
    let Some(View { id, hash }) = inbound.way.view.clone() else { return Reaction::default() };
    let view = with_context(app, |context| view::modal(form, context));
    Reaction::later(Later::Update { view_id: id, hash, view })
}

/// Where somebody asked in a channel they are told there, to them alone, that it was asked, as after a line.
fn said_in_channel(app: &App, inbound: &Inbound, answer: &Answer) -> Option<Later> {
    let (Answer::Asked { .. }, Intent::Form(form)) = (answer, &inbound.intent) else { return None };
    let conversation = form.meta.channel.as_ref()?.id.clone();
    let message = with_context(app, |context| render::message(&answers::card(answer, context), context));
    Some(Later::Say { conversation, user: Some(inbound.user.clone()), message })
}

/// Says it to the speaker alone: in the acknowledgement of a command, through the response address of a button, as a message to a
/// message, on a home tab that is nobody's.
fn answer(app: &App, inbound: &Inbound, answer: &Answer) -> Reaction {
    if inbound.intent == Intent::Home {
        let view = with_context(app, |context| view::home(&answers::card(answer, context), context));
        return Reaction::later(Later::Home { user: inbound.user.clone(), view });
    }
    let (message, dialog) = with_context(app, |context| {
        let card = answers::card(answer, context);
        (render::message(&card, context), view::answer(&card, context))
    });
    match &inbound.intent {
        Intent::Line { .. } if inbound.way.response_url.is_some() => {
            Reaction::ack(json!({ "response_type": "ephemeral", "text": message.text, "blocks": message.blocks }))
        }
        Intent::Form(_) => Reaction::ack(json!({ "response_action": "clear" })),
        Intent::Options { .. } => Reaction::ack(json!({ "options": [] })),
        Intent::FormChanged { .. } => Reaction::default(),
        _ => Later::say(inbound, message, dialog).map_or_else(Reaction::default, Reaction::later),
    }
}
