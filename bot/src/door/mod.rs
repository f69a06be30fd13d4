//! What the doors of all chat platforms share: who speaks, what their words, clicks and forms lead to, and which field a refusal belongs
//! to. A verb and a button exist here once; how somebody is answered ([`Outcome`]) is each platform's own.
//!
//! Nothing here calls the network.

mod forms;

use jit_chat::card::Verb;
use jit_chat::cards::Context;
use jit_chat::form::{Choice, Form};
use jit_chat::inbound::{Inbound, Intent};
use jit_core::access::{Access, Origin, Platform};
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::grammar;
use jit_core::id::AccessId;
use jit_core::refusal::{Code, Refusal};

use crate::app::App;
use crate::dispatch::ActError;
use crate::verbs::{Draft, Reply, Speaker};

/// What somebody is answered.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// This, to them alone.
    Said(Answer),
    /// What the button asked for is done; the cards that tell of it are edited, and that is the answer.
    Done(Box<Access>),
    /// With a form.
    Open(Box<Form>),
    /// The form was taken.
    Taken(Answer),
    /// The form was not taken, because of one of its fields.
    Wrong {
        /// Which; one that the form has.
        field: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// With the form as it stands, its preview made anew.
    Changed(Box<Form>),
    /// With these options.
    Options(Vec<Choice>),
}

impl Outcome {
    fn refused(refusal: Refusal) -> Self {
        Self::Said(Answer::Refused { refusal })
    }

    fn of(done: Result<Answer, ActError>, verb: &str) -> Self {
        match done {
            Ok(Answer::Acted { access, .. }) => Self::Done(access),
            Ok(said) => Self::Said(said),
            Err(error) => Self::Said(error.answer(verb)),
        }
    }
}

/// Does what somebody wants.
pub async fn react<Way>(app: &App, platform: Platform, inbound: &Inbound<Way>) -> Outcome {
    if inbound.intent == Intent::Ignored {
        return Outcome::Nothing;
    }
    let speaker = match speaker(app, platform, inbound) {
        Ok(speaker) => speaker,
        Err(refusal) => {
            // Whoever opens the home has tried nothing.
            if inbound.intent != Intent::Home {
                record_stranger(app, platform, inbound, &refusal).await;
            }
            return Outcome::refused(refusal);
        }
    };
    match &inbound.intent {
        Intent::Line { text } => line(app, &speaker, text).await,
        Intent::Button { verb, access, .. } => button(app, &speaker, (*verb, *access)).await,
        Intent::RequestForm { role } => {
            let draft = Draft { role: role.as_ref().map(ToString::to_string), ..Draft::default() };
            forms::request(app, &speaker, draft).await
        }
        Intent::Form(form) => forms::submitted(app, &speaker, form).await,
        Intent::FormChanged { form, .. } => forms::changed(app, &speaker, form).await,
        Intent::Options { query, .. } => forms::options(app, &speaker, query),
        Intent::Home => {
            if let Err(error) = app.dispatch.store.open_home(speaker.id()).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a home tab could not be marked; it is when opened again"
                );
            }
            Outcome::Nothing
        }
        Intent::Ignored => Outcome::Nothing,
    }
}

/// Who speaks, by the platform's immutable id alone.
fn speaker<Way>(app: &App, platform: Platform, inbound: &Inbound<Way>) -> Result<Speaker, Refusal> {
    let snapshot = app.dispatch.in_force.get();
    let (person, key) = match platform {
        Platform::Teams => (snapshot.directory.by_teams(&inbound.user), "teams"),
        _ => (snapshot.by_slack(&inbound.user), "slack"),
    };
    let person = person.ok_or_else(|| {
        Refusal::new(
            Code::UnknownPerson,
            "You are not in the directory of jit.",
            format!("Ask who administers jit to add you, with {key} = \"{}\".", inbound.user),
        )
    })?;
    if !person.active {
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
    let origin = Origin { platform, channel };
    Ok(Speaker { person: person.clone(), origin, dedupe: inbound.dedupe_key.clone() })
}

/// An attempt by somebody unknown or disabled is evidence too.
async fn record_stranger<Way>(app: &App, platform: Platform, inbound: &Inbound<Way>, refusal: &Refusal) {
    let record = EventRecord {
        access: None,
        version: 0,
        at: app.dispatch.store.now(),
        actor: Actor::Unknown { id: inbound.user.clone(), via: platform },
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
async fn line(app: &App, speaker: &Speaker, text: &str) -> Outcome {
    let line = match grammar::parse(text) {
        Ok(line) => line,
        Err(refusal) => return Outcome::refused(refusal),
    };
    match app.verbs().line(speaker, line).await {
        Reply::Answer(said) => Outcome::Said(said),
        Reply::RequestForm(draft) => forms::request(app, speaker, draft).await,
        Reply::DenyForm(access) => forms::open(app, |c| jit_chat::forms::deny(&access, c)),
        Reply::RevokeForm(access) => forms::open(app, |c| jit_chat::forms::revoke(&access, c)),
        Reply::ExtendForm(access) => forms::extend(app, &access),
        Reply::EmergencyForm { draft, drill } => forms::emergency(app, speaker, (draft, drill)),
        Reply::AskForm(access) => forms::open(app, |c| jit_chat::forms::ask(&access, c)),
        Reply::AnswerForm(access) => forms::open(app, |c| jit_chat::forms::reply(&access, c)),
    }
}

/// A button: the verb on the access, judged anew, whatever the card said when it was posted.
async fn button(app: &App, speaker: &Speaker, (verb, id): (Verb, AccessId)) -> Outcome {
    let verbs = app.verbs();
    let by = speaker.id().clone();
    let done = match verb {
        Verb::Approve => verbs.act(speaker, id, Command::Approve { by, at_most: None }).await,
        Verb::Claim => verbs.act(speaker, id, Command::Claim { by }).await,
        Verb::Cancel => verbs.act(speaker, id, Command::Cancel { by }).await,
        Verb::Done => verbs.act(speaker, id, Command::Done { by }).await,
        Verb::Show => match verbs.access(id).await {
            Ok(access) => verbs.show(speaker, access).await,
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
            return match verbs.shown(speaker, id).await {
                Ok(access) => match verb {
                    Verb::ApproveShorter => forms::open(app, |c| jit_chat::forms::approve_shorter(&access, c)),
                    Verb::Deny => forms::open(app, |c| jit_chat::forms::deny(&access, c)),
                    Verb::Ask => forms::open(app, |c| jit_chat::forms::ask(&access, c)),
                    Verb::Reply => forms::open(app, |c| jit_chat::forms::reply(&access, c)),
                    Verb::Revoke => forms::open(app, |c| jit_chat::forms::revoke(&access, c)),
                    Verb::Justified => forms::open(app, |c| jit_chat::forms::justified(&access, c)),
                    Verb::Misuse => forms::open(app, |c| jit_chat::forms::misuse(&access, c)),
                    _ => forms::extend(app, &access),
                },
                Err(error) => Outcome::Said(error.answer(verb.as_str())),
            };
        }
    };
    Outcome::of(done, verb.as_str())
}

/// Words something with today's names.
pub(crate) fn with_context<T>(app: &App, make: impl FnOnce(&Context<'_>) -> T) -> T {
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
