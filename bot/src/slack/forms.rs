//! The dialogs: opened with what is known, previewed while they are filled in, judged when they are sent.

use std::collections::BTreeMap;

use jit_chat::cards::{Context, answers};
use jit_chat::form::{Form, FormKind, Meta, field};
use jit_chat::forms::{self, Filled, Preview, RequestForm};
use jit_chat::slack::decode::{Inbound, Submission};
use jit_chat::slack::{render, view};
use jit_core::access::Access;
use jit_core::answer::{Answer, RoleLine};
use jit_core::command::Command;
use jit_core::refusal::{Code, Refusal};

use super::{Later, Reaction, answer, told};
use crate::app::App;
use crate::dispatch::ActError;
use crate::snapshot::Snapshot;
use crate::verbs::{self, Draft, Speaker};

/// Opens a dialog; without a trigger (a direct message has none), a button is offered instead.
pub(super) fn open(app: &App, inbound: &Inbound, make: impl FnOnce(&Context<'_>) -> Form) -> Reaction {
    let snapshot = app.dispatch.in_force.get();
    let context = Context { directory: &snapshot.directory, now: app.dispatch.store.now() };
    let Some(trigger_id) = inbound.trigger_id.clone() else {
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
    let instead = render::message(&answers::card(&Answer::Refused { refusal }, &context), &context);
    let view = view::modal(&make(&context), &context);
    Reaction::later(Later::Open { trigger_id, view, response_url: inbound.response_url.clone(), instead })
}

/// The form for a request, filled in with what was said.
pub(super) async fn open_request(app: &App, inbound: &Inbound, speaker: &Speaker, draft: Draft) -> Reaction {
    let meta = Meta { channel: speaker.origin.channel.clone(), ..Meta::default() };
    let filled = Filled {
        level: None,
        roles: draft.role.iter().chain(&draft.more).map(|role| role.as_str().into()).collect(),
        duration: draft.duration,
        reason: draft.because.clone(),
        ticket: draft.ticket.clone(),
        at: draft.at.clone(),
    };
    let previewed = app.verbs().preview(speaker, draft).await;
    open(app, inbound, |context| request_form(app, speaker, (filled, meta), previewed, context))
}

/// The form for an emergency bypass, or a drill of one: sending it is the confirmation.
pub(super) fn open_emergency(
    app: &App,
    inbound: &Inbound,
    speaker: &Speaker,
    (draft, drill): (Draft, bool),
) -> Reaction {
    let meta = Meta { channel: speaker.origin.channel.clone(), drill, ..Meta::default() };
    let roles = draft.role.iter().map(|role| role.as_str().into()).collect();
    let filled = Filled { roles, duration: draft.duration, reason: draft.because, ..Filled::default() };
    let roles = app.verbs().bypassable(speaker);
    let least = app.dispatch.in_force.get().policy.limits.min_justification;
    open(app, inbound, |_| forms::emergency(&roles, filled, least, meta))
}

/// The form for more time.
pub(super) fn open_extend(app: &App, inbound: &Inbound, access: &Access) -> Reaction {
    let longest = app.verbs().extendable(access);
    let least = app.dispatch.in_force.get().policy.limits.min_justification;
    match longest {
        Some(longest) => open(app, inbound, |_| forms::extend(access, longest, least)),
        None => {
            let refusal = Refusal::new(
                Code::WrongState,
                format!("{} is not live, so there is nothing to extend.", access.short),
                "`/jit request` asks anew.",
            );
            answer(app, inbound, &Answer::Refused { refusal })
        }
    }
}

/// Something in the form has changed: the preview follows.
pub(super) async fn changed(app: &App, speaker: &Speaker, form: &Submission) -> Reaction {
    if form.form != FormKind::Request {
        return Reaction::default();
    }
    let filled = filled(form);
    let previewed = app.verbs().preview(speaker, draft(&filled)).await;
    let snapshot = app.dispatch.in_force.get();
    let context = Context { directory: &snapshot.directory, now: app.dispatch.store.now() };
    let made = request_form(app, speaker, (filled, form.meta.clone()), previewed, &context);
    let view = view::modal(&made, &context);
    Reaction::later(Later::Update { view_id: form.view.clone(), hash: form.hash.clone(), view })
}

/// Roles for a field that is searched while typing.
pub(super) fn options(app: &App, speaker: &Speaker, query: &str) -> Reaction {
    let snapshot = app.dispatch.in_force.get();
    Reaction::ack(view::options(&forms::role_choices(&requestable(&snapshot, speaker), query)))
}

/// A form was sent: done and closed, or errors at its fields.
pub(super) async fn submitted(app: &App, speaker: &Speaker, form: &Submission) -> Reaction {
    match submit(app, speaker, form).await {
        Ok(answer) => Reaction { ack: Some(view::close()), later: said(app, speaker, form, &answer) },
        Err(error) => {
            let refusal = told(error, verb(form.form));
            let field = place(form, refusal.code);
            let text = match &refusal.rule {
                Some(rule) => format!("{} {} ({rule})", refusal.what, refusal.next),
                None => format!("{} {}", refusal.what, refusal.next),
            };
            Reaction::ack(view::errors(&BTreeMap::from([(field, text)])))
        }
    }
}

/// Where somebody asked in a channel they are told there, to them alone, that it was asked, as after a line.
fn said(app: &App, speaker: &Speaker, form: &Submission, answer: &Answer) -> Option<Later> {
    let Answer::Asked { .. } = answer else { return None };
    let conversation = form.meta.channel.as_ref()?.id.clone();
    let user = speaker.person.slack.clone()?;
    let snapshot = app.dispatch.in_force.get();
    let context = Context { directory: &snapshot.directory, now: app.dispatch.store.now() };
    let message = render::message(&answers::card(answer, &context), &context);
    Some(Later::Say { conversation, user: Some(user), message })
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
        return verbs.emergency(speaker, draft, form.meta.drill).await;
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
        FormKind::Extend | FormKind::Request | FormKind::Emergency => {
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
            | FormKind::Misuse,
            _,
        ) => field::REASON,
        (FormKind::Request, Code::Ticket) => field::TICKET,
        (FormKind::Request, Code::Start) => field::AT,
        (FormKind::Request, Code::NotUnderstood) if form.values.get(field::AT).is_some() => field::AT,
        (FormKind::Request | FormKind::Emergency, _) => field::ROLE,
    }
}

fn verb(form: FormKind) -> &'static str {
    match form {
        FormKind::Request => "request",
        FormKind::Deny => "deny",
        FormKind::Ask => "ask",
        FormKind::Reply => "reply",
        FormKind::ApproveShorter => "approve",
        FormKind::Extend => "extend",
        FormKind::Revoke => "revoke",
        FormKind::Emergency => "emergency",
        FormKind::Justified | FormKind::Misuse => "review",
    }
}

fn filled(form: &Submission) -> Filled {
    Filled {
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
        role: roles.next(),
        more: roles.collect(),
        duration: filled.duration,
        because: filled.reason.clone(),
        ticket: filled.ticket.clone(),
        at: filled.at.clone(),
    }
}

fn requestable(snapshot: &Snapshot, speaker: &Speaker) -> Vec<RoleLine> {
    let roles = snapshot.policy.requestable(&speaker.person, &snapshot.directory);
    roles.map(|role| verbs::role_line(snapshot, role, true)).collect()
}

fn request_form(
    app: &App,
    speaker: &Speaker,
    (filled, meta): (Filled, Meta),
    previewed: Result<verbs::Preview, ActError>,
    context: &Context<'_>,
) -> Form {
    let snapshot = app.dispatch.in_force.get();
    let roles = requestable(&snapshot, speaker);
    let previewed = previewed.unwrap_or_else(|error| verbs::Preview::Refused(told(error, "request")));
    let preview = match &previewed {
        verbs::Preview::Incomplete => Preview::None,
        verbs::Preview::Judged { judgement } => Preview::Judged(judgement),
        verbs::Preview::Refused(refusal) => Preview::Refused(refusal),
    };
    let min_reason = snapshot.policy.limits.min_justification;
    forms::request(&RequestForm { roles: &roles, filled, preview, min_reason, meta }, context)
}
