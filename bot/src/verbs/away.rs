//! `/jit away` and `/jit back`: who is away is asked for no decisions, and their delegate may be.

use jit_core::absence::{absence, record};
use jit_core::answer::Answer;
use jit_core::grammar;
use jit_core::refusal::{Code, Refusal};

use super::freeze::person_named;
use super::{Speaker, Verbs};
use crate::dispatch::ActError;

impl Verbs {
    /// Whether one is away.
    pub fn presence(&self, speaker: &Speaker) -> Answer {
        let snapshot = self.dispatch.in_force.get();
        Answer::Away { absence: snapshot.directory.absence(speaker.id()).cloned() }
    }

    /// Goes away until a time; somebody may decide instead.
    pub async fn away(
        &self,
        speaker: &Speaker,
        until: Option<&str>,
        delegate: Option<&str>,
    ) -> Result<Answer, ActError> {
        let until = until.ok_or_else(|| {
            let next = "Write for example `/jit away until Mon 09:00 delegate @carol`.";
            Refusal::new(Code::NotUnderstood, "Until when you are away is missing.", next)
        })?;
        let snapshot = self.dispatch.in_force.get();
        let store = &self.dispatch.store;
        let now = store.now();
        let until = grammar::time(until, now, speaker.person.zone)?;
        let delegate = delegate.map(|mention| person_named(&snapshot, mention, speaker.origin.platform)).transpose()?;
        let delegate = delegate.map(|person| &person.id);
        let absence = absence(&speaker.person, until, delegate, (&snapshot.directory, now))?;
        let record = record(speaker.id(), Some(&absence), (&speaker.actor(), &snapshot.policy.hash), now);
        store.go_away(speaker.id(), &absence, record).await.map_err(anyhow::Error::from)?;
        self.dispatch.look_who_is_away().await?;
        Ok(Answer::Away { absence: Some(absence) })
    }

    /// Is here again.
    pub async fn back(&self, speaker: &Speaker) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let store = &self.dispatch.store;
        let record = record(speaker.id(), None, (&speaker.actor(), &snapshot.policy.hash), store.now());
        if !store.come_back(speaker.id(), record).await.map_err(anyhow::Error::from)? {
            let next = "`/jit away until TIME` says that you are.";
            return Err(Refusal::new(Code::WrongState, "You are not away.", next).into());
        }
        self.dispatch.look_who_is_away().await?;
        Ok(Answer::Away { absence: None })
    }
}
