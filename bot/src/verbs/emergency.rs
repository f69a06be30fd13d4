//! `/jit emergency` and the review of what was taken: always confirmed in a form, so that nobody takes it by a slip of the hand.

use jit_core::answer::{Answer, RoleLine};
use jit_core::command::{Ask, Command};
use jit_core::grammar::RequestLine;
use jit_core::id::AccessId;

use super::look::{role_line, role_named};
use super::request::ask;
use super::{Draft, Reply, Speaker, Verbs, personal};
use crate::dispatch::{ActError, Acted};

impl Verbs {
    /// What was typed goes into the form.
    pub(super) fn emergency_line(&self, line: RequestLine, drill: bool) -> Result<Reply, ActError> {
        if let Some(role) = &line.role {
            role_named(&self.dispatch.in_force.get(), role)?;
        }
        let RequestLine { role, duration, because, ticket, .. } = line;
        let draft = Draft { role, duration, because, ticket, ..Draft::default() };
        Ok(Reply::EmergencyForm { draft, drill })
    }

    /// Takes a role at once, or practises that.
    pub async fn emergency(&self, speaker: &Speaker, draft: Draft, drill: bool) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let ask = Ask { emergency: true, drill, ..ask(&snapshot, speaker, draft)? };
        let acted = self.dispatch.request(ask, &speaker.actor(), speaker.dedupe.as_deref()).await?;
        let Acted { access, bundle, changed } = acted;
        Ok(Answer::Asked { access: Box::new(access), bundle, approvers: Vec::new(), already: !changed })
    }

    /// Says whether a bypass was justified.
    pub async fn review(
        &self,
        speaker: &Speaker,
        id: AccessId,
        misuse: bool,
        note: String,
    ) -> Result<Answer, ActError> {
        let by = speaker.id().clone();
        self.act(speaker, id, Command::Review { by, misuse, note: personal(note) }).await
    }

    /// The roles that somebody may take in an emergency, and for how long at the most.
    pub fn bypassable(&self, speaker: &Speaker) -> Vec<RoleLine> {
        let snapshot = self.dispatch.in_force.get();
        let roles = snapshot.policy.bypassable(&speaker.person, &snapshot.directory);
        roles
            .into_iter()
            .filter_map(|role| {
                let emergency = snapshot.policy.bypass(role, &speaker.person, &snapshot.directory)?;
                let max_duration = snapshot.policy.longest_bypass(role, emergency);
                Some(RoleLine { max_duration, ..role_line(&snapshot, role, true) })
            })
            .collect()
    }
}
