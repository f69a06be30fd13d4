//! What each verb of `/jit` does for a person, whatever door they came through.
//!
//! A door decodes who speaks and what they said; here the words become look-ups or commands, and the answer comes back without wording.

mod away;
mod emergency;
mod freeze;
mod look;
mod press;
mod request;
mod scope;
mod sponsor;

use jit_core::access::{Access, Origin, Revoker};
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::directory::Person;
use jit_core::event::Actor;
use jit_core::grammar::Line;
use jit_core::id::{AccessId, PersonId, ShortId};
use jit_core::personal::Personal;
use jit_core::refusal::{Code, Refusal};

pub use look::{home_of, role_line, role_named, waits_for};
pub(crate) use press::reveals;
pub use press::{may_press, who_may_press};
pub use request::{Draft, Preview};

use crate::dispatch::{ActError, Dispatch};

/// Somebody who speaks: known to the directory, through a door, from a place.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// Who, canonically.
    pub person: Person,
    /// From where.
    pub origin: Origin,
    /// The same delivery twice has the same key; nothing is done twice.
    pub dedupe: Option<String>,
}

impl Speaker {
    /// For the record.
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.person.id.clone(), via: self.origin.platform }
    }

    /// Their canonical id.
    pub fn id(&self) -> &PersonId {
        &self.person.id
    }
}

/// What a line leads to: an answer, or a form that asks for the rest.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Said to the speaker alone.
    Answer(Answer),
    /// Words are missing; the form is filled with those that were said.
    RequestForm(Draft),
    /// A denial without a reason.
    DenyForm(Box<Access>),
    /// A revocation without a reason.
    RevokeForm(Box<Access>),
    /// An extension without a duration or a reason.
    ExtendForm(Box<Access>),
    /// An emergency, or a drill of one: always confirmed in a form.
    EmergencyForm {
        /// What was said.
        draft: Draft,
        /// Only practise it.
        drill: bool,
    },
    /// A question without words.
    AskForm(Box<Access>),
    /// An answer without words.
    AnswerForm(Box<Access>),
    /// A password: always set in a form, which alone shows it.
    RevealForm(Box<Access>),
}

/// The verbs, over one dispatch.
#[derive(Clone)]
pub struct Verbs {
    /// How things are done.
    pub dispatch: Dispatch,
}

/// Text of a person with fresh salt.
pub fn personal(text: impl Into<String>) -> Personal {
    Personal::new(text, rand::random())
}

impl Verbs {
    /// Does what a line says.
    pub async fn line(&self, speaker: &Speaker, line: Line) -> Reply {
        let verb = verb(&line);
        match self.try_line(speaker, line).await {
            Ok(reply) => reply,
            Err(error) => Reply::Answer(error.answer(verb)),
        }
    }

    async fn try_line(&self, speaker: &Speaker, line: Line) -> Result<Reply, ActError> {
        let by = speaker.id().clone();
        let answer = match line {
            Line::Request(request) => return self.request_line(speaker, request).await,
            Line::Extend { id, duration: Some(duration), because: Some(because) } => {
                let parent = self.seen(speaker, &id).await?;
                self.extend(speaker, &parent, (duration, because)).await?
            }
            Line::Extend { id, .. } => return Ok(Reply::ExtendForm(self.seen(speaker, &id).await?)),
            Line::Deny { id, because: None } => return Ok(Reply::DenyForm(self.seen(speaker, &id).await?)),
            Line::Revoke { id, because: None } => return Ok(Reply::RevokeForm(self.seen(speaker, &id).await?)),
            Line::Ask { id, text: None } => return Ok(Reply::AskForm(self.seen(speaker, &id).await?)),
            Line::Reply { id, text: None } => return Ok(Reply::AnswerForm(self.seen(speaker, &id).await?)),
            Line::Reveal { id } => return Ok(Reply::RevealForm(self.seen(speaker, &id).await?)),
            Line::Claim { id } => self.on(speaker, &id, Command::Claim { by }).await?,
            Line::Ask { id, text: Some(text) } => self.on(speaker, &id, question(by, text)).await?,
            Line::Reply { id, text: Some(text) } => self.on(speaker, &id, reply(by, text, None)).await?,
            Line::Approve { id, at_most } => self.on(speaker, &id, Command::Approve { by, at_most }).await?,
            Line::Deny { id, because: Some(because) } => self.on(speaker, &id, deny(by, because)).await?,
            Line::Revoke { id, because: Some(because) } => self.on(speaker, &id, revoke(by, because)).await?,
            Line::Cancel { id } => self.on(speaker, &id, Command::Cancel { by }).await?,
            Line::Done { id } => self.on(speaker, &id, Command::Done { by }).await?,
            Line::Show { id } => self.show(speaker, self.find(&id).await?).await?,
            Line::Home => self.home(speaker).await?,
            Line::Mine => self.mine(speaker).await?,
            Line::Away { until: None, delegate: None } => self.presence(speaker),
            Line::Away { until, delegate } => self.away(speaker, until.as_deref(), delegate.as_deref()).await?,
            Line::Back => self.back(speaker).await?,
            Line::Pending => self.pending(speaker).await?,
            Line::Roles { text } => self.roles(speaker, text),
            Line::Who { role } => self.who(speaker, &role).await?,
            Line::Why { role, more } => self.why(speaker, (&role, &more)).await?,
            Line::Freeze { what: None, because: None } => self.frozen(speaker, None).await?,
            Line::Freeze { what, because } => self.freeze(speaker, what.as_deref(), because).await?,
            Line::Unfreeze { what } => self.unfreeze(speaker, what.as_deref()).await?,
            Line::Emergency { line, drill } => return self.emergency_line(line, drill),
            Line::Unclear => Answer::Unclear,
            Line::Help { verb } => self.help(speaker, verb),
        };
        Ok(Reply::Answer(answer))
    }

    /// Refuses a request, with a reason.
    pub async fn deny(&self, speaker: &Speaker, id: AccessId, reason: String) -> Result<Answer, ActError> {
        self.act(speaker, id, deny(speaker.id().clone(), reason)).await
    }

    /// Takes access back, with a reason.
    pub async fn revoke(&self, speaker: &Speaker, id: AccessId, reason: String) -> Result<Answer, ActError> {
        self.act(speaker, id, revoke(speaker.id().clone(), reason)).await
    }

    /// Asks the requester something.
    pub async fn ask_back(&self, speaker: &Speaker, id: AccessId, text: String) -> Result<Answer, ActError> {
        self.act(speaker, id, question(speaker.id().clone(), text)).await
    }

    /// Answers the questions that were there when the answer was written.
    pub async fn reply(
        &self,
        speaker: &Speaker,
        id: AccessId,
        text: String,
        seen: Option<usize>,
    ) -> Result<Answer, ActError> {
        self.act(speaker, id, reply(speaker.id().clone(), text, seen)).await
    }

    /// Does something to an access.
    pub async fn act(&self, speaker: &Speaker, id: AccessId, command: Command) -> Result<Answer, ActError> {
        let verb = command.verb();
        let acted = self.dispatch.act(id, command, &speaker.actor(), speaker.dedupe.as_deref()).await?;
        Ok(Answer::Acted { verb: verb.to_owned(), access: Box::new(acted.access), bundle: acted.bundle })
    }

    /// Does something to the access of an id that somebody typed. Who may not see it, and is refused, hears the same as if there were none.
    async fn on(&self, speaker: &Speaker, id: &ShortId, command: Command) -> Result<Answer, ActError> {
        let access = self.find(id).await?;
        let sees = scope::sees(&self.dispatch.in_force.get(), speaker.id(), &access);
        match self.act(speaker, access.id, command).await {
            Err(ActError::Refused(_)) if !sees => Err(no_such_access(id).into()),
            done => done,
        }
    }

    /// The access of a key, as buttons carry it.
    pub async fn access(&self, id: AccessId) -> Result<Access, ActError> {
        let found = self.dispatch.store.access(id).await.map_err(anyhow::Error::from)?;
        found.ok_or_else(|| Refusal::new(Code::NotFound, "There is no such access.", "`/jit mine` lists yours.").into())
    }

    /// The access of a key, for a form that tells of it: who may not see it gets no form either.
    pub async fn shown(&self, speaker: &Speaker, id: AccessId) -> Result<Access, ActError> {
        self.if_seen(speaker, self.access(id).await?)
    }

    async fn seen(&self, speaker: &Speaker, id: &ShortId) -> Result<Box<Access>, ActError> {
        self.if_seen(speaker, self.find(id).await?).map(Box::new)
    }

    fn if_seen(&self, speaker: &Speaker, access: Access) -> Result<Access, ActError> {
        match scope::sees(&self.dispatch.in_force.get(), speaker.id(), &access) {
            true => Ok(access),
            false => Err(no_such_access(&access.short).into()),
        }
    }

    /// The access of an id.
    pub(crate) async fn find(&self, id: &ShortId) -> Result<Access, ActError> {
        let found = self.dispatch.store.by_short(id).await.map_err(anyhow::Error::from)?;
        found.ok_or_else(|| no_such_access(id).into())
    }
}

fn deny(by: PersonId, reason: String) -> Command {
    Command::Deny { by, reason: personal(reason) }
}

fn revoke(by: PersonId, reason: String) -> Command {
    Command::Revoke { by: Revoker::Person(by), reason: personal(reason) }
}

fn question(by: PersonId, text: String) -> Command {
    Command::Question { by, text: personal(text.trim()) }
}

fn reply(by: PersonId, text: String, seen: Option<usize>) -> Command {
    Command::Reply { by, text: personal(text.trim()), seen }
}

/// The name of a line's verb.
fn verb(line: &Line) -> &'static str {
    match line {
        Line::Request(_) => "request",
        Line::Emergency { .. } => "emergency",
        Line::Extend { .. } => "extend",
        Line::Approve { .. } => "approve",
        Line::Deny { .. } => "deny",
        Line::Claim { .. } => "claim",
        Line::Ask { .. } => "ask",
        Line::Reply { .. } => "reply",
        Line::Cancel { .. } => "cancel",
        Line::Done { .. } => "done",
        Line::Reveal { .. } => "reveal",
        Line::Revoke { .. } => "revoke",
        Line::Home => "home",
        Line::Mine => "mine",
        Line::Show { .. } => "show",
        Line::Away { .. } => "away",
        Line::Back => "back",
        Line::Pending => "pending",
        Line::Roles { .. } => "roles",
        Line::Who { .. } => "who",
        Line::Why { .. } => "why",
        Line::Freeze { .. } => "freeze",
        Line::Unfreeze { .. } => "unfreeze",
        Line::Unclear => "unclear",
        Line::Help { .. } => "help",
    }
}

/// The same words whether it does not exist or is none of their business.
pub(crate) fn no_such_access(id: &ShortId) -> Refusal {
    Refusal::new(
        Code::NotFound,
        format!("There is no access {id} that you may see."),
        "`/jit mine` lists yours, `/jit pending` what waits on you.",
    )
}
