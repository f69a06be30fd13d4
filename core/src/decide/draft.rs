//! A decision in the making: each event is applied at once, so that every notice speaks of the access as it has become.

use chrono::{DateTime, Utc};

use super::Decision;
use crate::access::{Access, Request};
use crate::apply::apply;
use crate::command::Ask;
use crate::effect::{Content, Effect, Recipient, Slot, Tell};
use crate::event::{Event, EventRecord};
use crate::facts::Facts;
use crate::id::{PersonId, RoleName};
use crate::incident::OnDuty;
use crate::notice::{Notice, NoticeKind};
use crate::policy::{Closing, Route};
use crate::refusal::{Code, Refusal};

/// The access so far, and what led there.
pub(super) struct Draft<'a> {
    pub access: Access,
    pub facts: &'a Facts<'a>,
    pub now: DateTime<Utc>,
    records: Vec<EventRecord>,
    effects: Vec<Effect>,
}

impl<'a> Draft<'a> {
    /// Begins from what is.
    pub fn of(access: &Access, facts: &'a Facts<'a>, now: DateTime<Utc>) -> Self {
        Self { access: access.clone(), facts, now, records: Vec::new(), effects: Vec::new() }
    }

    /// Begins a new access: its first event is the request, with the route that was found for it and the end of its window.
    pub fn begin(
        ask: &Ask,
        request: Request,
        (route, closing): (Route, Option<Closing>),
        (facts, now): (&'a Facts<'a>, DateTime<Utc>),
    ) -> Result<Self, Refusal> {
        let members = request.bundle.iter().flat_map(|bundle| &bundle.members);
        let roles: Vec<&RoleName> = std::iter::once(&ask.role).chain(members.map(|member| &member.role)).collect();
        let on_duty = OnDuty::about(&roles, facts.policy, facts.directory);
        let record = EventRecord {
            access: Some(ask.id),
            version: 1,
            at: now,
            actor: facts.actor.clone(),
            policy: facts.policy.hash.clone(),
            event: Event::Requested { short: ask.short.clone(), request: Box::new(request), route, closing, on_duty },
        };
        let access = apply(None, &record).ok_or_else(|| {
            let next = "Please tell who runs this service.";
            Refusal::new(Code::WrongState, "The request could not be begun.", next)
        })?;
        Ok(Self { access, facts, now, records: vec![record], effects: Vec::new() })
    }

    /// Adds an event.
    pub fn event(&mut self, event: Event) {
        let record = EventRecord {
            access: Some(self.access.id),
            version: self.access.version + 1,
            at: self.now,
            actor: self.facts.actor.clone(),
            policy: self.facts.policy.hash.clone(),
            event,
        };
        if let Some(after) = apply(Some(self.access.clone()), &record) {
            self.access = after;
        }
        self.records.push(record);
    }

    /// Whom an escalation of this decision has added.
    pub fn just_escalated(&self) -> Option<Vec<PersonId>> {
        self.records.iter().find_map(|record| match &record.event {
            Event::Escalated { added } => Some(added.clone()),
            _ => None,
        })
    }

    /// Adds an effect.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Tells somebody about the access as it is at this point.
    pub fn tell(&mut self, to: Recipient, slot: Slot, under: Option<Slot>, kind: NoticeKind) {
        let (access, bundle) = if kind.of_the_whole() { self.whole() } else { (self.access.clone(), Vec::new()) };
        let notice = Notice { kind, access, bundle, at: self.now };
        self.effects.push(Effect::Tell(Box::new(Tell { to, slot, under, content: Content::Notice(Box::new(notice)) })));
    }

    /// Who speaks for all that was asked for together, and the others in their order; the access itself where it was asked for alone.
    fn whole(&self) -> (Access, Vec<Access>) {
        let members = self.access.request.bundle.iter().flat_map(|bundle| &bundle.members);
        let known = || std::iter::once(&self.access).chain(self.facts.bundle);
        let mut others: Vec<&Access> =
            members.filter_map(|member| known().find(|access| access.id == member.id)).collect();
        match others.iter().position(|access| !access.follows()) {
            Some(lead) => (others.remove(lead).clone(), others.into_iter().cloned().collect()),
            None => (self.access.clone(), Vec::new()),
        }
    }

    /// The decision.
    pub fn finish(self) -> Decision {
        Decision { records: self.records, after: self.access, effects: self.effects, others: Vec::new() }
    }
}
