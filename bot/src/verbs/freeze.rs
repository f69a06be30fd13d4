//! `/jit freeze` and `/jit unfreeze`: the kill switch, for security.

use jit_chat::teams::reference::Member;
use jit_core::access::{Platform, Revoker};
use jit_core::answer::Answer;
use jit_core::directory::Person;
use jit_core::freeze::{Freeze, Scope};
use jit_core::policy::Subject;
use jit_core::refusal::{Code, Refusal};

use super::{Speaker, Verbs, personal, role_named};
use crate::dispatch::ActError;
use crate::snapshot::Snapshot;

impl Verbs {
    /// What is frozen now, after what was just done. Which people are is told to security alone, and to each of themselves without the reason.
    pub async fn frozen(&self, speaker: &Speaker, changed: Option<Freeze>) -> Result<Answer, ActError> {
        let mut freezes = self.dispatch.freezes().await?;
        if !self.is_security(speaker) {
            let tells = |scope: &Scope| !matches!(scope, Scope::Person(person) if person != speaker.id());
            freezes.retain(|freeze| tells(&freeze.scope));
            for freeze in freezes.iter_mut().filter(|freeze| matches!(freeze.scope, Scope::Person(_))) {
                freeze.reason = personal("");
            }
        }
        Ok(Answer::Frozen { changed, freezes })
    }

    fn is_security(&self, speaker: &Speaker) -> bool {
        let snapshot = self.dispatch.in_force.get();
        let is = |subject: &Subject| snapshot.policy.is_owner(subject, speaker.id(), &snapshot.directory);
        snapshot.policy.security.iter().any(is)
    }

    /// Stops new access.
    pub async fn freeze(
        &self,
        speaker: &Speaker,
        what: Option<&str>,
        because: Option<String>,
    ) -> Result<Answer, ActError> {
        let scope = self.scope(speaker, what)?;
        let who = Revoker::Person(speaker.id().clone());
        let reason = personal(because.unwrap_or_default());
        let freeze = self.dispatch.freeze(scope, reason, (&who, &speaker.actor())).await?;
        self.frozen(speaker, Some(freeze)).await
    }

    /// Allows it again.
    pub async fn unfreeze(&self, speaker: &Speaker, what: Option<&str>) -> Result<Answer, ActError> {
        let scope = self.scope(speaker, what)?;
        let who = Revoker::Person(speaker.id().clone());
        let lifted = self.dispatch.unfreeze(&scope, (&who, &speaker.actor())).await?;
        self.frozen(speaker, Some(lifted)).await
    }

    /// What somebody means, if they may freeze at all.
    fn scope(&self, speaker: &Speaker, what: Option<&str>) -> Result<Scope, Refusal> {
        let snapshot = self.dispatch.in_force.get();
        if !self.is_security(speaker) {
            let what = "Only security can freeze access and lift it again.";
            return Err(
                Refusal::new(Code::NotPermitted, what, "`/jit freeze` tells what is frozen.").by_rule("[security]")
            );
        }
        Ok(match what {
            None => Scope::Everything,
            Some(what) => match what.strip_prefix('@') {
                Some(person) => Scope::Person(person_named(&snapshot, person, speaker.origin.platform)?.id.clone()),
                None => Scope::Role(role_named(&snapshot, what)?.name.clone()),
            },
        })
    }
}

/// A person as somebody mentioned them: by the platform's id, or by the canonical one. Never by a name that people can choose.
pub(super) fn person_named<'a>(
    snapshot: &'a Snapshot,
    mention: &str,
    platform: Platform,
) -> Result<&'a Person, Refusal> {
    let directory = &snapshot.directory;
    let mentioned = match platform {
        Platform::Slack => directory.by_slack(mention),
        Platform::Teams => directory.by_teams(mention),
        Platform::Api | Platform::Cli => None,
    };
    mentioned.or_else(|| directory.person(&mention.into())).ok_or_else(|| {
        // A mention of somebody of whom the platform has told no more than this: see `crate::teams`.
        if platform == Platform::Teams && Member::is_id(mention) {
            let next =
                "Write `@` and their id of people.toml; or have them write to me once, then a mention is enough.";
            return Refusal::new(Code::NotFound, "I do not know yet who it is that you mention.", next);
        }
        let ids = directory.people().map(|person| person.id.as_str());
        let next = match jit_core::nearest::nearest(mention, ids) {
            Some(near) => format!("Did you mean `@{near}`?"),
            None => "Mention them with `@`, or write their canonical id after it.".to_owned(),
        };
        Refusal::new(Code::NotFound, format!("The directory has no `@{mention}`."), next)
    })
}
