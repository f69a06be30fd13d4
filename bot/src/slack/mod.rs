//! Slack's door: what somebody did becomes verbs, the answer becomes what Slack shows. Knows no transport: HTTP hands it an
//! [`Inbound`] and sends the [`Reaction`] back.
//!
//! Before the acknowledgement nothing calls the network. What needs it ([`Later`]) runs beside it: dialogs within the three seconds that
//! Slack gives a trigger, answers through the response address.

mod forms;
mod later;
pub(crate) mod socket;

use jit_chat::card::Verb;
use jit_chat::cards::{Context, answers};
use jit_chat::slack::decode::{Inbound, Intent};
use jit_chat::slack::{render, view};
use jit_core::access::{Channel, Origin, Platform};
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::grammar;
use jit_core::id::AccessId;
use jit_core::refusal::{Code, Refusal};
use serde_json::{Value, json};

pub use later::Later;

use crate::app::App;
use crate::dispatch::ActError;
use crate::verbs::{Draft, Reply, Speaker};

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
    if let Intent::Verification { challenge } = &inbound.intent {
        return Reaction::ack(json!({ "challenge": challenge }));
    }
    if inbound.intent == Intent::Ignored {
        return Reaction::default();
    }
    let speaker = match speaker(app, &inbound) {
        Ok(speaker) => speaker,
        Err(refusal) if inbound.intent == Intent::Home => {
            let view =
                with_context(app, |context| view::home(&answers::card(&Answer::Refused { refusal }, context), context));
            return Reaction::later(Later::Home { user: inbound.user, view });
        }
        Err(refusal) => {
            record_stranger(app, &inbound, &refusal).await;
            return answer(app, &inbound, &Answer::Refused { refusal });
        }
    };
    match &inbound.intent {
        Intent::Line { text } => line(app, &inbound, speaker, text).await,
        Intent::Button { verb, access, .. } => button(app, &inbound, speaker, (*verb, *access)).await,
        Intent::RequestForm { role } => {
            let draft = Draft { role: role.as_ref().map(ToString::to_string), ..Draft::default() };
            forms::open_request(app, &inbound, &speaker, draft).await
        }
        Intent::Form(form) => forms::submitted(app, &speaker, form).await,
        Intent::FormChanged { form, .. } => forms::changed(app, &speaker, form).await,
        Intent::Options { field, query, .. } => forms::options(app, &speaker, (field, query)),
        Intent::Home => {
            if let Err(error) = app.dispatch.store.open_home(speaker.id()).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a home tab could not be marked; it is when opened again"
                );
            }
            Reaction::default()
        }
        Intent::Verification { .. } | Intent::Ignored => Reaction::default(),
    }
}

/// Who speaks, by Slack's immutable id alone.
fn speaker(app: &App, inbound: &Inbound) -> Result<Speaker, Refusal> {
    let snapshot = app.dispatch.in_force.get();
    let person = snapshot.by_slack(&inbound.user).ok_or_else(|| {
        Refusal::new(
            Code::UnknownPerson,
            "You are not in the directory of jit.",
            format!("Ask who administers jit to add you, with slack = \"{}\".", inbound.user),
        )
    })?;
    if snapshot.directory.active(&person.id).is_none() {
        return Err(Refusal::new(
            Code::Disabled,
            "Your account is disabled.",
            "Ask who administers jit, if that is a mistake.",
        ));
    }
    let channel = match &inbound.intent {
        Intent::Form(form) | Intent::FormChanged { form, .. } => form.meta.channel.clone(),
        _ => inbound.channel.clone(),
    };
    Ok(Speaker { person: person.clone(), origin: origin(channel), dedupe: inbound.dedupe_key.clone() })
}

fn origin(channel: Option<Channel>) -> Origin {
    Origin { platform: Platform::Slack, channel }
}

/// An attempt by somebody unknown or disabled is evidence too.
async fn record_stranger(app: &App, inbound: &Inbound, refusal: &Refusal) {
    let record = EventRecord {
        access: None,
        version: 0,
        at: app.dispatch.store.now(),
        actor: Actor::Unknown { id: inbound.user.clone(), via: Platform::Slack },
        policy: app.dispatch.in_force.get().policy.hash.clone(),
        event: Event::Refused {
            code: refusal.code.as_str().to_owned(),
            verb: "any".to_owned(),
            subject: String::new(),
            rule: None,
            words: None,
            attempt: None,
        },
    };
    if let Err(error) = app.dispatch.store.record(record, inbound.dedupe_key.as_deref()).await {
        tracing::warn!(error = %error, "a stranger's attempt was not recorded");
    }
}

/// Words of the `/jit` language.
async fn line(app: &App, inbound: &Inbound, speaker: Speaker, text: &str) -> Reaction {
    let line = match grammar::parse(text) {
        Ok(line) => line,
        Err(refusal) => return answer(app, inbound, &Answer::Refused { refusal }),
    };
    match app.verbs().line(&speaker, line).await {
        Reply::Answer(said) => answer(app, inbound, &said),
        Reply::RequestForm(draft) => forms::open_request(app, inbound, &speaker, draft).await,
        Reply::DenyForm(access) => forms::open(app, inbound, |c| jit_chat::forms::deny(&access, c)),
        Reply::RevokeForm(access) => forms::open(app, inbound, |c| jit_chat::forms::revoke(&access, c)),
        Reply::ExtendForm(access) => forms::open_extend(app, inbound, &access),
        Reply::EmergencyForm { draft, drill } => forms::open_emergency(app, inbound, &speaker, (draft, drill)),
        Reply::AskForm(access) => forms::open(app, inbound, |c| jit_chat::forms::ask(&access, c)),
        Reply::AnswerForm(access) => forms::open(app, inbound, |c| jit_chat::forms::reply(&access, c)),
    }
}

/// A button: the verb on the access, judged anew, whatever the card said when it was posted.
async fn button(app: &App, inbound: &Inbound, speaker: Speaker, (verb, id): (Verb, AccessId)) -> Reaction {
    let verbs = app.verbs();
    let by = speaker.id().clone();
    let done = match verb {
        Verb::Approve => verbs.act(&speaker, id, Command::Approve { by, at_most: None }).await,
        Verb::Claim => verbs.act(&speaker, id, Command::Claim { by }).await,
        Verb::Cancel => verbs.act(&speaker, id, Command::Cancel { by }).await,
        Verb::Done => verbs.act(&speaker, id, Command::Done { by }).await,
        Verb::Show => match verbs.access(id).await {
            Ok(access) => verbs.show(&speaker, access).await,
            Err(error) => Err(error),
        },
        Verb::ApproveShorter
        | Verb::Deny
        | Verb::Ask
        | Verb::Reply
        | Verb::Extend
        | Verb::Revoke
        | Verb::Justified
        | Verb::Misuse => {
            return match verbs.shown(&speaker, id).await {
                Ok(access) => match verb {
                    Verb::ApproveShorter => forms::open(app, inbound, |c| jit_chat::forms::approve_shorter(&access, c)),
                    Verb::Deny => forms::open(app, inbound, |c| jit_chat::forms::deny(&access, c)),
                    Verb::Ask => forms::open(app, inbound, |c| jit_chat::forms::ask(&access, c)),
                    Verb::Reply => forms::open(app, inbound, |c| jit_chat::forms::reply(&access, c)),
                    Verb::Revoke => forms::open(app, inbound, |c| jit_chat::forms::revoke(&access, c)),
                    Verb::Justified => forms::open(app, inbound, |c| jit_chat::forms::justified(&access, c)),
                    Verb::Misuse => forms::open(app, inbound, |c| jit_chat::forms::misuse(&access, c)),
                    _ => forms::open_extend(app, inbound, &access),
                },
                Err(error) => answer(app, inbound, &error.answer(verb.as_str())),
            };
        }
    };
    match done {
        // The card itself is edited: that is the answer.
        Ok(Answer::Acted { .. }) => Reaction::default(),
        Ok(said) => answer(app, inbound, &said),
        Err(error) => answer(app, inbound, &error.answer(verb.as_str())),
    }
}

/// Says it to the speaker alone: in the acknowledgement of a command, through the response address of a button, as a message to a
/// message.
fn answer(app: &App, inbound: &Inbound, answer: &Answer) -> Reaction {
    let (message, dialog) = with_context(app, |context| {
        let card = answers::card(answer, context);
        (render::message(&card, context), view::answer(&card, context))
    });
    match &inbound.intent {
        Intent::Line { .. } if inbound.response_url.is_some() => {
            Reaction::ack(json!({ "response_type": "ephemeral", "text": message.text, "blocks": message.blocks }))
        }
        Intent::Form(_) => Reaction::ack(json!({ "response_action": "clear" })),
        Intent::Options { .. } => Reaction::ack(json!({ "options": [] })),
        Intent::FormChanged { .. } => Reaction::default(),
        _ => Later::say(inbound, message, dialog).map_or_else(Reaction::default, Reaction::later),
    }
}

/// Words something with today's names.
fn with_context<T>(app: &App, make: impl FnOnce(&Context<'_>) -> T) -> T {
    let snapshot = app.dispatch.in_force.get();
    make(&Context { directory: &snapshot.directory, now: app.dispatch.store.now() })
}

/// What a person is told when their words cannot be acted on for a reason of ours.
fn told(error: ActError, verb: &str) -> Refusal {
    match error.answer(verb) {
        Answer::Refused { refusal } => refusal,
        _ => Refusal::new(Code::WrongState, "Something went wrong.", "Try again in a moment."),
    }
}
