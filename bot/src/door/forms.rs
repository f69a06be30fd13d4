//! The forms: opened with what is known, previewed while they are filled in, judged when they are sent.

use jit_chat::cards::Context;
use jit_chat::form::{Form, FormKind, Meta, field};
use jit_chat::forms::{self, Filled, Preview, RequestForm};
use jit_chat::inbound::Submission;
use jit_core::access::Access;
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::refusal::{Code, Refusal};

use super::{Outcome, reveal, told, with_context};
use crate::app::App;
use crate::dispatch::ActError;
use crate::verbs::{self, Draft, Speaker, reveals};

/// Opens a form.
pub(super) fn open(app: &App, make: impl FnOnce(&Context<'_>) -> Form) -> Outcome {
    Outcome::Open(Box::new(with_context(app, make)))
}

/// The form for a request, filled in with what was said.
pub(super) async fn request(app: &App, speaker: &Speaker, draft: Draft) -> Outcome {
    let meta = Meta { channel: speaker.origin.channel.clone(), ..Meta::default() };
    let filled = Filled {
        whom: draft.beneficiary.clone(),
        level: None,
        roles: draft.role.iter().chain(&draft.more).map(|role| role.as_str().into()).collect(),
        duration: draft.duration,
        reason: draft.because.clone(),
        ticket: draft.ticket.clone(),
        at: draft.at.clone(),
    };
    let previewed = app.verbs().preview(speaker, draft).await;
    open(app, |context| request_form(app, speaker, (filled, meta), previewed, context))
}

/// The form for an emergency bypass, or a drill of one: sending it is the confirmation.
pub(super) fn emergency(app: &App, speaker: &Speaker, (draft, drill): (Draft, bool)) -> Outcome {
    let meta = Meta { channel: speaker.origin.channel.clone(), drill, ..Meta::default() };
    let roles = draft.role.iter().map(|role| role.as_str().into()).collect();
    let filled = Filled { roles, duration: draft.duration, reason: draft.because, ..Filled::default() };
    open(app, |_| emergency_form(app, speaker, (filled, meta)))
}

fn emergency_form(app: &App, speaker: &Speaker, (filled, meta): (Filled, Meta)) -> Form {
    let roles = app.verbs().bypassable(speaker);
    let least = app.dispatch.in_force.get().policy.limits.min_justification;
    forms::emergency(&roles, filled, least, meta)
}

/// What the form says it is: the switch in it, else what it was opened as. Who opened a drill gets the real thing only by moving the switch.
fn is_drill(form: &Submission) -> bool {
    form.values.drill().unwrap_or(form.meta.drill)
}

/// A form about an access.
pub(super) fn about(app: &App, kind: FormKind, access: &Access) -> Outcome {
    match kind {
        FormKind::ApproveShorter => open(app, |c| forms::approve_shorter(access, c)),
        FormKind::Deny => open(app, |c| forms::deny(access, c)),
        FormKind::Ask => open(app, |c| forms::ask(access, c)),
        FormKind::Reply => open(app, |c| forms::reply(access, c)),
        FormKind::Reveal => open(app, |_| forms::reveal(access)),
        FormKind::Revoke => open(app, |c| forms::revoke(access, c)),
        FormKind::Justified => open(app, |c| forms::justified(access, c)),
        FormKind::Misuse => open(app, |c| forms::misuse(access, c)),
        FormKind::Extend | FormKind::Request | FormKind::Emergency => extend(app, access),
    }
}

/// The form in which a password is set; who may not have one is told so at once.
pub(super) fn reveal(app: &App, speaker: &Speaker, access: &Access) -> Outcome {
    match reveals(&app.dispatch.in_force.get(), speaker.id(), access) {
        Ok(()) => about(app, FormKind::Reveal, access),
        Err(refusal) => Outcome::refused(refusal),
    }
}

/// The form of a submission, as it would be opened now.
pub(super) async fn again(app: &App, speaker: &Speaker, sent: &Submission) -> Option<Form> {
    let opened = match (sent.form, sent.meta.access) {
        (FormKind::Request, _) => changed(app, speaker, sent).await,
        (FormKind::Emergency, _) => emergency(app, speaker, (draft(&filled(sent)), is_drill(sent))),
        (kind, id) => about(app, kind, &app.verbs().shown(speaker, id?).await.ok()?),
    };
    let (Outcome::Open(form) | Outcome::Changed(form)) = opened else { return None };
    Some(Form { meta: sent.meta.clone(), ..*form })
}

/// The form for more time.
fn extend(app: &App, access: &Access) -> Outcome {
    let longest = app.verbs().extendable(access);
    let least = app.dispatch.in_force.get().policy.limits.min_justification;
    match longest {
        Some(longest) => open(app, |_| forms::extend(access, longest, least)),
        None => Outcome::refused(Refusal::new(
            Code::WrongState,
            format!("{} is not live, so there is nothing to extend.", access.short),
            "`/jit request` asks anew.",
        )),
    }
}

/// Something in the form has changed: the preview follows.
pub(super) async fn changed(app: &App, speaker: &Speaker, form: &Submission) -> Outcome {
    if form.form == FormKind::Emergency {
        let meta = Meta { drill: is_drill(form), ..form.meta.clone() };
        return Outcome::Changed(Box::new(emergency_form(app, speaker, (filled(form), meta))));
    }
    if form.form != FormKind::Request {
        return Outcome::Nothing;
    }
    let filled = filled(form);
    let previewed = app.verbs().preview(speaker, draft(&filled)).await;
    let meta = form.meta.clone();
    let made = with_context(app, |context| request_form(app, speaker, (filled, meta), previewed, context));
    Outcome::Changed(Box::new(made))
}

/// Roles or people for a field that is searched while typing.
pub(super) fn options(app: &App, speaker: &Speaker, (field, query): (&str, &str)) -> Outcome {
    let verbs = app.verbs();
    if field == field::WHOM {
        let people = verbs.sponsored_by(speaker);
        let choices = with_context(app, |context| forms::people_choices((speaker.id(), &people), query, context));
        return Outcome::Options(choices);
    }
    Outcome::Options(forms::role_choices(&verbs.requestable(speaker, None), query))
}

/// A form was sent: done, or something wrong in one of its fields.
pub(super) async fn submitted(app: &App, speaker: &Speaker, form: &Submission) -> Outcome {
    if form.form == FormKind::Reveal {
        return reveal::submitted(app, speaker, form).await;
    }
    match submit(app, speaker, form).await {
        Ok(answer) => Outcome::Taken(answer),
        Err(error) => {
            let refusal = told(error, verb(form.form));
            Outcome::Wrong { field: place(form, refusal.code), refusal }
        }
    }
}

async fn submit(app: &App, speaker: &Speaker, form: &Submission) -> Result<Answer, ActError> {
    let verbs = app.verbs();
    let duration = || {
        form.values
            .duration()
            .ok_or_else(|| missing("a duration"))?
            .map_err(|error| Refusal::new(Code::Duration, format!("{error}."), "Or choose one above."))
    };
    let reason = || form.values.get(field::REASON).unwrap_or_default().to_owned();
    if form.form == FormKind::Emergency {
        let draft = Draft { duration: Some(duration()?), ..draft(&filled(form)) };
        return verbs.emergency(speaker, draft, is_drill(form)).await;
    }
    if form.form == FormKind::Request {
        let duration = duration()?;
        return verbs.request(speaker, Draft { duration: Some(duration), ..draft(&filled(form)) }).await;
    }
    let id = form.meta.access.ok_or_else(|| missing("the access it is about"))?;
    match form.form {
        FormKind::Deny => verbs.deny(speaker, id, reason()).await,
        FormKind::Ask => verbs.ask_back(speaker, id, reason()).await,
        FormKind::Reply => verbs.reply(speaker, id, reason(), form.meta.questions).await,
        FormKind::Revoke => verbs.revoke(speaker, id, reason()).await,
        FormKind::Justified => verbs.review(speaker, id, false, reason()).await,
        FormKind::Misuse => verbs.review(speaker, id, true, reason()).await,
        FormKind::ApproveShorter => {
            let at_most = Some(duration()?);
            let asked = verbs.access(id).await?.duration();
            if at_most >= Some(asked) {
                let what = format!("That is not less: {asked} was asked for.");
                return Err(Refusal::new(Code::Duration, what, "Choose less, or press Approve.").into());
            }
            verbs.act(speaker, id, Command::Approve { by: speaker.id().clone(), at_most }).await
        }
        FormKind::Extend | FormKind::Request | FormKind::Emergency | FormKind::Reveal => {
            let parent = verbs.access(id).await?;
            verbs.extend(speaker, &parent, (duration()?, reason())).await
        }
    }
}

fn missing(what: &str) -> Refusal {
    Refusal::new(Code::NotUnderstood, format!("The form lacks {what}."), "Fill it in, or open the form again.")
}

/// The field that a refusal is told at.
fn place(form: &Submission, code: Code) -> &'static str {
    match (form.form, code) {
        (_, Code::Duration) | (FormKind::ApproveShorter, _) => form.values.duration_field(),
        (FormKind::Request | FormKind::Emergency, Code::Justification)
        | (
            FormKind::Deny
            | FormKind::Ask
            | FormKind::Reply
            | FormKind::Revoke
            | FormKind::Extend
            | FormKind::Justified
            | FormKind::Misuse
            | FormKind::Reveal,
            _,
        ) => field::REASON,
        (FormKind::Request, Code::Ticket) => field::TICKET,
        (FormKind::Request, Code::Start) => field::AT,
        (FormKind::Request, Code::NotUnderstood) if form.values.get(field::AT).is_some() => field::AT,
        (FormKind::Request, Code::Contract | Code::Disabled | Code::NoAccount | Code::NotPermitted)
            if form.values.whom().is_some() =>
        {
            field::WHOM
        }
        (FormKind::Request | FormKind::Emergency, _) => field::ROLE,
    }
}

pub(super) fn verb(form: FormKind) -> &'static str {
    match form {
        FormKind::Request => "request",
        FormKind::Deny => "deny",
        FormKind::Ask => "ask",
        FormKind::Reply => "reply",
        FormKind::ApproveShorter => "approve",
        FormKind::Extend => "extend",
        FormKind::Reveal => "reveal",
        FormKind::Revoke => "revoke",
        FormKind::Emergency => "emergency",
        FormKind::Justified | FormKind::Misuse => "review",
    }
}

fn filled(form: &Submission) -> Filled {
    Filled {
        whom: form.values.whom(),
        level: form.values.level(),
        roles: form.values.roles(),
        duration: form.values.duration().and_then(Result::ok),
        reason: form.values.get(field::REASON).map(str::to_owned),
        ticket: form.values.get(field::TICKET).map(str::to_owned),
        at: form.values.get(field::AT).map(str::to_owned),
    }
}

fn draft(filled: &Filled) -> Draft {
    let mut roles = filled.roles.iter().map(ToString::to_string);
    Draft {
        beneficiary: filled.whom.clone(),
        role: roles.next(),
        more: roles.collect(),
        duration: filled.duration,
        because: filled.reason.clone(),
        ticket: filled.ticket.clone(),
        at: filled.at.clone(),
    }
}

fn request_form(
    app: &App,
    speaker: &Speaker,
    (filled, meta): (Filled, Meta),
    previewed: Result<verbs::Preview, ActError>,
    context: &Context<'_>,
) -> Form {
    let snapshot = app.dispatch.in_force.get();
    let verbs = app.verbs();
    let roles = verbs.requestable(speaker, filled.whom.as_ref());
    let people = verbs.sponsored_by(speaker);
    let people = (speaker.id(), people.as_slice());
    let previewed = previewed.unwrap_or_else(|error| verbs::Preview::Refused(told(error, "request")));
    let preview = match &previewed {
        verbs::Preview::Incomplete => Preview::None,
        verbs::Preview::Judged { judgement } => Preview::Judged(judgement),
        verbs::Preview::Refused(refusal) => Preview::Refused(refusal),
    };
    let min_reason = snapshot.policy.limits.min_justification;
    forms::request(&RequestForm { roles: &roles, people, filled, preview, min_reason, meta }, context)
}
