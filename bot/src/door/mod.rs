//! What the doors of all chat platforms share: who speaks, what their words, clicks and forms lead to, and which field a refusal belongs
//! to. A verb and a button exist here once; how somebody is answered ([`Outcome`]) is each platform's own.
//!
//! Nothing here calls the network.

mod forms;
mod reveal;

use jit_chat::card::{Action, Block, Card, Verb};
use jit_chat::cards::{self, Context};
use jit_chat::form::{Choice, Form, FormKind};
use jit_chat::inbound::{Inbound, Intent};
use jit_core::access::{Origin, Platform};
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::grammar;
use jit_core::id::AccessId;
use jit_core::notice::{Notice, NoticeKind};
use jit_core::refusal::{Code, Refusal};

use crate::app::App;
use crate::dispatch::ActError;
use crate::verbs::{Draft, Reply, Speaker, may_press};

/// What somebody is answered.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// This, to them alone.
    Said(Answer),
    /// What the button asked for is done; the cards that tell of it are edited, and that is the answer.
    Done(Answer),
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
    /// The form was taken, and this follows in its place. What it shows goes nowhere else.
    Followed(Box<Form>),
    /// With the form as it stands, its preview made anew.
    Changed(Box<Form>),
    /// With these options.
    Options(Vec<Choice>),
    /// With their own face of a card that many see.
    Face(Box<Card>),
}

impl Outcome {
    fn refused(refusal: Refusal) -> Self {
        Self::Said(Answer::Refused { refusal })
    }

    fn of(done: Result<Answer, ActError>, verb: &str) -> Self {
        match done {
            Ok(done @ Answer::Acted { .. }) => Self::Done(done),
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
            // Whoever opens the home, or is given the app, has tried nothing.
            if !matches!(inbound.intent, Intent::Home | Intent::Installed) {
                record_stranger(app, platform, inbound, &refusal).await;
            }
            return Outcome::refused(refusal);
        }
    };
    match &inbound.intent {
        Intent::Line { text } => line(app, &speaker, text).await,
        Intent::Button { verb, access, .. } => button(app, &speaker, (*verb, *access)).await,
        Intent::RequestForm { roles } => {
            let mut names = roles.iter().map(ToString::to_string);
            let draft = Draft { role: names.next(), more: names.collect(), ..Draft::default() };
            forms::request(app, &speaker, draft).await
        }
        Intent::Face { access, notice } => face(app, &speaker, (*access, notice)).await,
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
            Outcome::Nothing
        }
        Intent::Installed => Outcome::Said(app.verbs().welcome(&speaker)),
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
        Reply::DenyForm(access) => forms::about(app, FormKind::Deny, &access),
        Reply::RevokeForm(access) => forms::about(app, FormKind::Revoke, &access),
        Reply::ExtendForm(access) => forms::about(app, FormKind::Extend, &access),
        Reply::EmergencyForm { draft, drill } => forms::emergency(app, speaker, (draft, drill)),
        Reply::AskForm(access) => forms::about(app, FormKind::Ask, &access),
        Reply::AnswerForm(access) => forms::about(app, FormKind::Reply, &access),
        Reply::RevealForm(access) => forms::reveal(app, speaker, &access),
    }
}

/// A button: the verb on the access, judged anew, whatever the card said when it was posted.
async fn button(app: &App, speaker: &Speaker, (verb, id): (Verb, AccessId)) -> Outcome {
    let verbs = app.verbs();
    let by = speaker.id().clone();
    let command = match verb {
        Verb::Approve => Command::Approve { by, at_most: None },
        Verb::Claim => Command::Claim { by },
        Verb::Cancel => Command::Cancel { by },
        Verb::Done => Command::Done { by },
        Verb::Show => {
            let shown = match verbs.access(id).await {
                Ok(access) => verbs.show(speaker, access).await,
                Err(error) => Err(error),
            };
            return Outcome::of(shown, verb.as_str());
        }
        Verb::ApproveShorter => return form(app, speaker, FormKind::ApproveShorter, id).await,
        Verb::Deny => return form(app, speaker, FormKind::Deny, id).await,
        Verb::Ask => return form(app, speaker, FormKind::Ask, id).await,
        Verb::Reply => return form(app, speaker, FormKind::Reply, id).await,
        Verb::Extend => return form(app, speaker, FormKind::Extend, id).await,
        Verb::Reveal => {
            return match verbs.shown(speaker, id).await {
                Ok(access) => forms::reveal(app, speaker, &access),
                Err(error) => Outcome::Said(error.answer(verb.as_str())),
            };
        }
        Verb::Revoke => return form(app, speaker, FormKind::Revoke, id).await,
        Verb::Justified => return form(app, speaker, FormKind::Justified, id).await,
        Verb::Misuse => return form(app, speaker, FormKind::Misuse, id).await,
    };
    Outcome::of(verbs.act(speaker, id, command).await, verb.as_str())
}

/// The form of a button; who may not see the access gets none.
async fn form(app: &App, speaker: &Speaker, kind: FormKind, id: AccessId) -> Outcome {
    match app.verbs().shown(speaker, id).await {
        Ok(access) => forms::about(app, kind, &access),
        Err(error) => Outcome::Said(error.answer(forms::verb(kind))),
    }
}

/// The form that was sent, as it would be opened now: what a platform shows again with what is wrong in it. None for whoever may not have it.
pub(crate) async fn again<Way>(app: &App, platform: Platform, inbound: &Inbound<Way>) -> Option<Form> {
    let Intent::Form(sent) = &inbound.intent else { return None };
    let speaker = speaker(app, platform, inbound).ok()?;
    forms::again(app, &speaker, sent).await
}

/// A card that many see, as it stands now, with the buttons that this person may press. Who may not see the access gets no face of it either.
async fn face(app: &App, speaker: &Speaker, (id, kind): (AccessId, &NoticeKind)) -> Outcome {
    let verbs = app.verbs();
    let access = match verbs.shown(speaker, id).await {
        Ok(access) => access,
        Err(error) => return Outcome::Said(error.answer("show")),
    };
    let bundle = match kind.of_the_whole() {
        false => Vec::new(),
        true => match verbs.others(&access).await {
            Ok(others) => others,
            Err(error) => return Outcome::Said(error.answer("show")),
        },
    };
    let reader = Some(speaker.id().clone());
    let at = app.dispatch.store.now();
    let notice = Notice { kind: kind.clone(), access, bundle, at, reader, extended: None };
    let mut card = with_context(app, |context| cards::card(&notice, context));
    let snapshot = app.dispatch.in_force.get();
    for block in &mut card.blocks {
        if let Block::Actions(buttons) = block {
            buttons.retain(|button| match button.action {
                Action::On(verb, _) => may_press(&snapshot, speaker.id(), &notice.access, verb),
                Action::Request(_) | Action::Say(_) => true,
            });
        }
    }
    card.blocks.retain(|block| !matches!(block, Block::Actions(buttons) if buttons.is_empty()));
    Outcome::Face(Box::new(card))
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
