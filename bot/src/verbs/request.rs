//! Asking, in one line or by the form, with a preview of who will be asked.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use jit_core::access::{Access, Member, State};
use jit_core::answer::Answer;
use jit_core::command::Ask;
use jit_core::decide::{MOST_ROLES, preview};
use jit_core::directory::Person;
use jit_core::facts::{InUse, OfRole};
use jit_core::grammar::{self, RequestLine};
use jit_core::id::{AccessId, PersonId, RoleName, ShortId};
use jit_core::policy::{Judgement, Question, Role, Step};
use jit_core::refusal::{Code, Refusal};
use jit_core::span::Span;
use jit_core::ticket::Known;
use uuid::Uuid;

use super::look::role_named;
use super::{Reply, Speaker, Verbs, personal, scope, sponsor};
use crate::dispatch::{ActError, during};
use crate::snapshot::Snapshot;

/// A request as far as its words are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Who shall get it; who asks, where left out.
    pub beneficiary: Option<PersonId>,
    /// Which role.
    pub role: Option<String>,
    /// Further roles.
    pub more: Vec<String>,
    /// For how long.
    pub duration: Option<Span>,
    /// Why.
    pub because: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// When it shall begin, as it was typed; at once where left out.
    pub at: Option<String>,
}

/// What would come of a draft.
#[derive(Clone, Debug)]
pub enum Preview {
    /// Role or duration are still missing.
    Incomplete,
    /// It would be judged so.
    Judged {
        /// The judgement.
        judgement: Judgement,
    },
    /// It would be refused.
    Refused(Refusal),
}

/// A question with nothing filled in but the role and the person: for `why`, which speaks of every rule.
pub(super) fn blank<'a>(role: &'a Role, person: &'a Person, now: DateTime<Utc>) -> Question<'a> {
    Question {
        role,
        requester: person,
        beneficiary: person,
        duration: role.max_duration,
        chain: None,
        ticket: None,
        known: Known::NotYet,
        justification: "",
        channel: None,
        now,
        start: None,
        in_use: InUse::default(),
        together: &[],
        agreed: false,
        by_rotation: true,
    }
}

impl Verbs {
    pub(super) async fn request_line(&self, speaker: &Speaker, line: RequestLine) -> Result<Reply, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let platform = speaker.origin.platform;
        let beneficiary = line.on_behalf_of.as_deref().map(|whom| sponsor::beneficiary(&snapshot, whom, platform));
        let beneficiary = beneficiary.transpose()?.map(|person| person.id.clone());
        for role in line.role.iter().chain(&line.more) {
            role_named(&snapshot, role)?;
        }
        self.starts_at(speaker, line.at.as_deref())?;
        let RequestLine { role, more, duration, because, ticket, at, .. } = line;
        let draft = Draft { beneficiary, role, more, duration, because, ticket, at };
        if draft.role.is_none() || draft.duration.is_none() || draft.because.is_none() {
            return Ok(Reply::RequestForm(draft));
        }
        self.request(speaker, draft).await.map(Reply::Answer)
    }

    /// Makes the request of a complete draft.
    pub async fn request(&self, speaker: &Speaker, draft: Draft) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let starts_at = self.starts_at(speaker, draft.at.as_deref())?;
        let ask = Ask { starts_at, ..ask(&snapshot, speaker, draft)? };
        self.send(speaker, ask).await
    }

    /// A time as somebody typed it, on their own clock.
    fn starts_at(&self, speaker: &Speaker, at: Option<&str>) -> Result<Option<DateTime<Utc>>, Refusal> {
        at.map(|at| grammar::time(at, self.dispatch.store.now(), speaker.person.zone)).transpose()
    }

    /// More time on an access, as a request of its own.
    pub async fn extend(
        &self,
        speaker: &Speaker,
        parent: &Access,
        (duration, because): (Span, String),
    ) -> Result<Answer, ActError> {
        let draft = Draft {
            beneficiary: Some(parent.request.beneficiary.clone()),
            role: Some(parent.request.role.to_string()),
            more: Vec::new(),
            duration: Some(duration),
            because: Some(because),
            ticket: parent.request.ticket.clone(),
            at: None,
        };
        let snapshot = self.dispatch.in_force.get();
        let mut ask = ask(&snapshot, speaker, draft)?;
        ask.extends = Some(parent.id);
        self.send(speaker, ask).await
    }

    async fn send(&self, speaker: &Speaker, ask: Ask) -> Result<Answer, ActError> {
        let (members, beneficiary, extends) = (ask.members(), ask.beneficiary.clone(), ask.extends);
        let sent = self.dispatch.request(ask, &speaker.actor(), speaker.dedupe.as_deref()).await;
        let doubled = match &sent {
            Ok(acted) => !acted.changed,
            Err(ActError::Refused(refusal)) => refusal.code == Code::Duplicate,
            Err(ActError::Failed(_)) => false,
        };
        if doubled {
            let same = match members.as_slice() {
                [one] => self.same(&one.role, &beneficiary, extends).await?,
                all => self.same_bundle(all, &beneficiary).await?,
            };
            // What somebody else asked for themselves is not shown to whoever asks on their behalf.
            let sees = |access: &Access| scope::sees(&self.dispatch.in_force.get(), speaker.id(), access);
            if let Some(access) = same.filter(sees) {
                let others = self.others(&access).await?;
                return Ok(self.asked((access, others), true));
            }
        }
        let acted = sent?;
        debug_assert!(
            members.iter().any(|member| member.id == acted.access.id),
            "a new request has ids it was asked with"
        );
        Ok(self.asked((acted.access, acted.bundle), false))
    }

    /// The one that is open already.
    async fn same(
        &self,
        role: &RoleName,
        beneficiary: &PersonId,
        extends: Option<AccessId>,
    ) -> Result<Option<Access>, ActError> {
        let (open, _) = self.dispatch.store.open_of(beneficiary).await.map_err(anyhow::Error::from)?;
        // What is held is meant before what is only rehearsed.
        let alike = open.iter().filter(|open| open.role == *role && open.extends == extends);
        let Some(same) = alike.min_by_key(|open| open.entitlement.is_none()) else {
            return Ok(None);
        };
        Ok(self.dispatch.store.access(same.id).await.map_err(anyhow::Error::from)?)
    }

    /// The lead of what is open already, where exactly these roles were asked for together.
    async fn same_bundle(&self, members: &[Member], beneficiary: &PersonId) -> Result<Option<Access>, ActError> {
        let roles = |members: &[Member]| members.iter().map(|member| member.role.clone()).collect::<BTreeSet<_>>();
        let first = members.first().map(|member| &member.role);
        let Some(role) = first else { return Ok(None) };
        let Some(one) = self.same(role, beneficiary, None).await? else { return Ok(None) };
        let Some(bundle) = one.request.bundle.as_ref().filter(|open| roles(&open.members) == roles(members)) else {
            return Ok(None);
        };
        Ok(self.dispatch.store.access(bundle.lead).await.map_err(anyhow::Error::from)?)
    }

    fn asked(&self, (access, bundle): (Access, Vec<Access>), already: bool) -> Answer {
        let snapshot = self.dispatch.in_force.get();
        let open = match &access.state {
            State::Pending(pending) => Some(pending.step),
            _ => None,
        };
        let asked = |number: usize, step: &Step| match open == Some(number) {
            true => access.waiting_in(number).map(|asked| asked.person.clone()).collect(),
            false => snapshot.policy.voters(step, &access.request, &snapshot.directory).into_iter().collect(),
        };
        let approvers = access.route.steps.iter().enumerate().map(|(number, step)| asked(number, step)).collect();
        Answer::Asked { access: Box::new(access), bundle, approvers, already }
    }

    /// What would come of a draft: who would be asked, how long it may last, what is missing.
    pub async fn preview(&self, speaker: &Speaker, draft: Draft) -> Result<Preview, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let Some(role) = draft.role.as_deref() else { return Ok(Preview::Incomplete) };
        for role in std::iter::once(role).chain(draft.more.iter().map(String::as_str)) {
            role_named(&snapshot, role)?;
        }
        if draft.duration.is_none() {
            return Ok(Preview::Incomplete);
        }
        // The justification is still being typed: it is judged when submitted.
        let unfinished = draft.because.as_deref().is_none_or(|text| text.chars().count() < 40);
        let because = if unfinished { Some(TYPING.to_owned()) } else { draft.because.clone() };
        let starts_at = self.starts_at(speaker, draft.at.as_deref())?;
        let ask = Ask { starts_at, ..ask(&snapshot, speaker, Draft { because, ..draft })? };
        let (open, _) = self.dispatch.store.open_of(&ask.beneficiary).await.map_err(anyhow::Error::from)?;
        let actor = speaker.actor();
        let mut facts = snapshot.facts(&actor, &open);
        let during = during(&ask, self.dispatch.store.now());
        let mut of_roles = Vec::new();
        for Member { id, role, .. } in ask.members().into_iter().take(MOST_ROLES) {
            let (in_use, _) = self.dispatch.in_use(&snapshot, (&role, id), during).await?;
            of_roles.push(OfRole { role, in_use, past: None });
        }
        facts.in_use = of_roles.first().map(|of| of.in_use).unwrap_or_default();
        facts.of_roles = &of_roles;
        Ok(match preview(&ask, &facts, self.dispatch.store.now()) {
            Ok(judgement) => Preview::Judged { judgement },
            Err(refusal) => Preview::Refused(refusal),
        })
    }

    /// The longest that an active access may be extended by, for the form.
    pub fn extendable(&self, access: &Access) -> Option<Span> {
        let State::Active(_) = &access.state else { return None };
        let snapshot = self.dispatch.in_force.get();
        snapshot.policy.role(&access.request.role).map(|role| snapshot.policy.longest(role))
    }
}

/// Stands for a justification that is not finished, long enough for every minimum that policy accepts.
const TYPING: &str = "The justification of this request is still being written by the person who asks for access";

pub(super) fn ask(snapshot: &Snapshot, speaker: &Speaker, draft: Draft) -> Result<Ask, Refusal> {
    let missing = |what: &str| {
        Refusal::new(Code::NotUnderstood, format!("The {what} is missing."), "`/jit help request` shows an example.")
    };
    let role = role_named(snapshot, &draft.role.ok_or_else(|| missing("role"))?)?;
    let (id, short) = (|| AccessId(Uuid::now_v7()), || ShortId::from_random(rand::random()));
    let member =
        |role: &String| Ok(Member { id: id(), short: short(), role: role_named(snapshot, role)?.name.clone() });
    Ok(Ask {
        id: id(),
        short: short(),
        requester: speaker.id().clone(),
        beneficiary: draft.beneficiary.unwrap_or_else(|| speaker.id().clone()),
        role: role.name.clone(),
        more: draft.more.iter().map(member).collect::<Result<_, Refusal>>()?,
        duration: draft.duration.ok_or_else(|| missing("duration"))?,
        justification: personal(draft.because.ok_or_else(|| missing("justification"))?.trim()),
        ticket: draft.ticket.map(|ticket| ticket.trim().to_owned()).filter(|ticket| !ticket.is_empty()),
        starts_at: None,
        origin: speaker.origin.clone(),
        extends: None,
        emergency: false,
        drill: false,
    })
}
