//! Teams' door: what somebody did becomes verbs, the answer becomes what Teams shows. Knows no transport: HTTP hands it an [`Inbound`] and
//! sends the [`Reaction`] back.
//!
//! What is invoked is answered in the response: a card in place of another, a dialog, a sentence. What is said is answered by a message of our
//! own, beside the acknowledgement ([`Later`]). Nothing before the acknowledgement calls the network.

mod later;
mod mentions;

use std::collections::BTreeMap;

use jit_chat::card::Card;
use jit_chat::cards::{self, answers};
use jit_chat::deliver::{ChatError, Handle};
use jit_chat::fallback;
use jit_chat::form::Form;
use jit_chat::inbound::Intent;
use jit_chat::teams::actions::{Shared, SharedCard};
use jit_chat::teams::decode::{Inbound, Presence, Takes};
use jit_chat::teams::reference::Reference;
use jit_chat::teams::render::{self, Viewer};
use jit_chat::teams::{dialog, opener};
use jit_core::access::{Access, Platform};
use jit_core::answer::Answer;
use jit_core::refusal::{Code, Refusal};
use jit_store::Message;
use serde_json::{Value, json};

pub use later::{Later, Whom};

use crate::app::App;
use crate::door::{self, Outcome, with_context};

/// What Teams gets back.
#[derive(Debug, Default)]
pub struct Reaction {
    /// The body of the response; empty where there is none.
    pub body: Option<Value>,
    /// What is done beside it.
    pub later: Option<Later>,
}

impl Reaction {
    fn body(body: Value) -> Self {
        Self { body: Some(body), later: None }
    }

    fn later(later: Later) -> Self {
        Self { body: None, later: Some(later) }
    }
}

/// Does what somebody wants. An error is ours: nothing was done, and Teams may send it again.
pub async fn react(app: &App, inbound: &Inbound) -> Result<Reaction, ChatError> {
    whereabouts(app, inbound).await?;
    if inbound.intent == Intent::Installed && !is_to_be_greeted(app, inbound).await? {
        return Ok(Reaction::default());
    }
    let inbound = &mentions::named(app, inbound).await?;
    if let Some(wrong) = incomplete(app, inbound).await {
        return Ok(wrong);
    }
    let outcome = door::react(app, Platform::Teams, inbound).await;
    Ok(match inbound.way.takes {
        Takes::Message => message(app, inbound, outcome).await,
        Takes::Card => card(app, inbound, outcome).await,
        Takes::Dialog => task(app, inbound, outcome).await,
        Takes::Choices => match outcome {
            Outcome::Options(choices) => Reaction::body(answered(dialog::found(&choices))),
            _ => Reaction::body(answered(dialog::found(&[]))),
        },
    })
}

/// Where the app is, has come or gone, and who is who there, is durable before anything is done: it is told once, and what is done leads to
/// notices that go there.
async fn whereabouts(app: &App, inbound: &Inbound) -> Result<(), ChatError> {
    let Some(teams) = &app.teams else { return Ok(()) };
    let (references, way) = (teams.chat.references(), &inbound.way);
    match way.presence {
        Presence::There | Presence::Added => {
            let met = async {
                match &way.member {
                    Some(member) => references.meet(member).await,
                    None => Ok(()),
                }
            };
            // Every message waits for both, which mostly are known.
            tokio::try_join!(references.learn(&way.reference), met).map(drop)
        }
        Presence::Removed => {
            references.forget(&way.reference.conversation).await?;
            references.leave(&way.place).await
        }
    }
}

/// Teams tells of an installation twice, and again where it got no answer: somebody is greeted once for each time that the app comes to them.
async fn is_to_be_greeted(app: &App, inbound: &Inbound) -> Result<bool, ChatError> {
    let greeted = app.dispatch.store.greet(&inbound.way.reference.conversation).await;
    greeted.map_err(|error| ChatError::Retry { what: error.to_string(), after: None })
}

/// A dialog of Teams is sent whatever is in it: what is missing is said before anything is tried.
async fn incomplete(app: &App, inbound: &Inbound) -> Option<Reaction> {
    let Intent::Form(sent) = &inbound.intent else { return None };
    let form = door::again(app, Platform::Teams, inbound).await?;
    let lacking = dialog::lacking(&form, &sent.values);
    (!lacking.is_empty()).then(|| wrong(app, inbound, form, &lacking))
}

/// The form once more, with what was filled in and what is wrong with it.
fn wrong(app: &App, inbound: &Inbound, form: Form, errors: &BTreeMap<&'static str, String>) -> Reaction {
    let form = match &inbound.intent {
        Intent::Form(sent) => dialog::filled(form, &sent.values),
        _ => form,
    };
    show(app, inbound, &form, errors)
}

/// A form: as a dialog where one is waited for, else in a message.
fn show(app: &App, inbound: &Inbound, form: &Form, errors: &BTreeMap<&'static str, String>) -> Reaction {
    let (task, attachment) =
        with_context(app, |context| (dialog::task(form, context, errors), dialog::attachment(form, context, errors)));
    match inbound.way.takes {
        Takes::Dialog => Reaction::body(task),
        Takes::Card => Reaction::body(in_place(attachment["content"].clone())),
        Takes::Message | Takes::Choices => say(inbound, json!({ "type": "message", "attachments": [attachment] })),
    }
}

/// After words, and after the buttons of clients that send messages instead of invokes.
async fn message(app: &App, inbound: &Inbound, outcome: Outcome) -> Reaction {
    match outcome {
        Outcome::Nothing | Outcome::Done(_) | Outcome::Options(_) => Reaction::default(),
        // What tells of nobody can be said in front of everybody.
        Outcome::Said(said @ (Answer::Help { .. } | Answer::Unclear)) => {
            here(inbound, activity(app, &answers_card(app, &said)))
        }
        Outcome::Said(said) | Outcome::Taken(said) => say(inbound, activity(app, &answers_card(app, &said))),
        Outcome::Face(card) => say(inbound, activity(app, &card)),
        // A dialog opens from a button only; it says the same words again.
        Outcome::Open(form) => match &inbound.intent {
            Intent::Line { text } => here(inbound, opener::activity(&form.title, text)),
            _ => show(app, inbound, &form, &BTreeMap::new()),
        },
        Outcome::Followed(_) => say(inbound, activity(app, &answers_card(app, &only_in_a_dialog()))),
        Outcome::Changed(form) => wrong_values(app, inbound, *form),
        Outcome::Wrong { field, refusal } => refused(app, inbound, (field, refusal)).await,
    }
}

/// After `Action.Execute`: a card in the place of the one that was pressed, or a sentence for whoever pressed it.
async fn card(app: &App, inbound: &Inbound, outcome: Outcome) -> Reaction {
    match outcome {
        Outcome::Done(answer) => match told(app, inbound, &answer).await {
            Some(card) => Reaction::body(in_place(content(app, &card))),
            None => Reaction::body(sentence(&words(app, &answers_card(app, &answer)))),
        },
        Outcome::Face(card) => Reaction::body(in_place(face(app, inbound, &card))),
        Outcome::Taken(answer) => Reaction::body(in_place(content(app, &answers_card(app, &answer)))),
        Outcome::Said(answer @ Answer::Refused { .. }) => {
            Reaction::body(sentence(&words(app, &answers_card(app, &answer))))
        }
        Outcome::Said(answer) => Reaction::body(in_place(content(app, &answers_card(app, &answer)))),
        Outcome::Open(form) => show(app, inbound, &form, &BTreeMap::new()),
        Outcome::Followed(_) => Reaction::body(sentence(&words(app, &answers_card(app, &only_in_a_dialog())))),
        Outcome::Changed(form) => wrong_values(app, inbound, *form),
        Outcome::Wrong { field, refusal } => refused(app, inbound, (field, refusal)).await,
        Outcome::Nothing | Outcome::Options(_) => Reaction::body(sentence("This button is not known here.")),
    }
}

/// In a dialog.
async fn task(app: &App, inbound: &Inbound, outcome: Outcome) -> Reaction {
    match outcome {
        Outcome::Open(form) | Outcome::Followed(form) => show(app, inbound, &form, &BTreeMap::new()),
        Outcome::Changed(form) => wrong_values(app, inbound, *form),
        Outcome::Wrong { field, refusal } => refused(app, inbound, (field, refusal)).await,
        Outcome::Said(answer) => Reaction::body(in_dialog(app, &answers_card(app, &answer))),
        Outcome::Taken(answer) | Outcome::Done(answer) => {
            Reaction::body(dialog::message(&words(app, &answers_card(app, &answer))))
        }
        Outcome::Face(card) => Reaction::body(in_dialog(app, &card)),
        Outcome::Nothing | Outcome::Options(_) => Reaction::default(),
    }
}

/// What follows on some forms is shown in a dialog alone: a message would keep it.
fn only_in_a_dialog() -> Answer {
    let refusal = Refusal::new(
        Code::WrongState,
        "This is shown in a dialog only, which this app did not open.",
        "Press Reveal on the card of your access in another Teams app, on the desktop or in a browser.",
    );
    Answer::Refused { refusal }
}

/// A form that was refused, with the refusal at its field.
async fn refused(app: &App, inbound: &Inbound, (field, refusal): (&'static str, Refusal)) -> Reaction {
    let text = match &refusal.rule {
        Some(rule) => format!("{} {} ({rule})", refusal.what, refusal.next),
        None => format!("{} {}", refusal.what, refusal.next),
    };
    match door::again(app, Platform::Teams, inbound).await {
        Some(form) => wrong(app, inbound, form, &BTreeMap::from([(field, text)])),
        None => say(inbound, activity(app, &answers_card(app, &Answer::Refused { refusal }))),
    }
}

/// The form as it stands, with its preview.
fn wrong_values(app: &App, inbound: &Inbound, form: Form) -> Reaction {
    let form = match &inbound.intent {
        Intent::FormChanged { form: sent, .. } => dialog::filled(form, &sent.values),
        _ => form,
    };
    show(app, inbound, &form, &BTreeMap::new())
}

/// What the message that the button stands in will say: what was just told for its slot.
async fn told(app: &App, inbound: &Inbound, answer: &Answer) -> Option<Card> {
    let Answer::Acted { access, .. } = answer else { return None };
    let Intent::Button { message: Some(message), .. } = &inbound.intent else { return None };
    match latest(app, access, message).await {
        Ok(card) => card,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "a card is not known; its outbox row edits it");
            None
        }
    }
}

async fn latest(app: &App, access: &Access, message: &Handle) -> anyhow::Result<Option<Card>> {
    let store = &app.dispatch.store;
    let posted = store.messages_of(access.id).await?;
    // Teams numbers messages by the millisecond, in each conversation anew: somebody else's card can have the same number.
    let here = |conversation: &str| Reference::base(conversation) == Reference::base(&message.conversation);
    let is = |posted: &Message| posted.handle.ts == message.message && here(&posted.handle.conversation);
    let Some(posted) = posted.into_iter().find(is) else { return Ok(None) };
    let tell = store.latest_tell(&posted.recipient, &posted.slot).await?;
    Ok(tell.map(|tell| with_context(app, |context| cards::content(&tell.content, context))))
}

/// Says something to the speaker alone.
fn say(inbound: &Inbound, activity: Value) -> Reaction {
    let way = &inbound.way;
    let instead = match (way.takes, &inbound.intent) {
        // The card with the form, or with the button, that was sent as a message.
        (Takes::Message, Intent::Form(_) | Intent::FormChanged { .. }) => way.card.clone(),
        _ => None,
    };
    let to = Whom::Alone { person: inbound.user.clone(), instead };
    let (once, greets) = (inbound.dedupe_key.clone(), inbound.intent == Intent::Installed);
    Reaction::later(Later { once, way: way.clone(), to, activity, greets })
}

/// Says something where it was asked, to everybody.
fn here(inbound: &Inbound, activity: Value) -> Reaction {
    let (once, way) = (inbound.dedupe_key.clone(), inbound.way.clone());
    Reaction::later(Later { once, way, to: Whom::Everybody, activity, greets: false })
}

fn answers_card(app: &App, answer: &Answer) -> Card {
    with_context(app, |context| answers::card(answer, context))
}

fn activity(app: &App, card: &Card) -> Value {
    with_context(app, |context| render::activity(card, context, Viewer::One))
}

fn content(app: &App, card: &Card) -> Value {
    with_context(app, |context| render::content(card, context, Viewer::One))
}

/// One's own face of a shared card; as long as it has buttons the client asks for it again.
fn face(app: &App, inbound: &Inbound, card: &Card) -> Value {
    let shared = match &inbound.intent {
        Intent::Face { access, notice } => SharedCard::of(notice).map(|card| Shared { access: *access, card }),
        _ => None,
    };
    match shared.zip(inbound.way.member.as_ref()).filter(|_| card.verbs().next().is_some()) {
        Some((shared, member)) => with_context(app, |context| render::face(card, context, (shared, &member.id))),
        None => content(app, card),
    }
}

fn in_dialog(app: &App, card: &Card) -> Value {
    with_context(app, |context| dialog::answer(card, context))
}

/// Source: Microsoft, "Universal Actions for Adaptive Cards": the response of a card.
fn in_place(content: Value) -> Value {
    answered(json!({ "type": render::CONTENT_TYPE, "value": content }))
}

/// The same: a sentence, shown to whoever pressed the button and to nobody else.
fn sentence(text: &str) -> Value {
    answered(json!({ "type": "application/vnd.microsoft.activity.message", "value": text }))
}

/// All that a card says, in one line.
fn words(app: &App, card: &Card) -> String {
    with_context(app, |context| fallback::text(card, context)).replace('\n', " ")
}

fn answered(mut body: Value) -> Value {
    body["statusCode"] = json!(200);
    body
}
