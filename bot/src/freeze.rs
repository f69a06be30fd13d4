//! The kill switch, for chat and for the command line: freezes, lifts, and says what is frozen.

use jit_core::command::Command;
use jit_core::event::Actor;
use jit_core::freeze::{self, By, Freeze, Scope};
use jit_core::personal::Personal;
use jit_core::refusal::{Code, Refusal};
use uuid::Uuid;

use crate::dispatch::{ActError, Dispatch};
use jit_core::access::Revoker;

impl Dispatch {
    /// What is frozen, the oldest first.
    pub async fn freezes(&self) -> Result<Vec<Freeze>, ActError> {
        Ok(self.store.freezes().await.map_err(anyhow::Error::from)?)
    }

    /// Freezes new access. Whether this one may is the caller's to know.
    pub async fn freeze(&self, scope: Scope, reason: Personal, who: (&Revoker, &Actor)) -> Result<Freeze, ActError> {
        if reason.text().trim().is_empty() {
            let what = "A freeze needs a reason: everybody who is refused reads it.";
            return Err(Refusal::new(Code::Justification, what, "Write it after `because`.").into());
        }
        let snapshot = self.in_force.get();
        let by = By { who: who.0, actor: who.1, policy: &snapshot.policy.hash, now: self.store.now() };
        let (freeze, record, tells) = freeze::freeze(Uuid::now_v7(), scope, reason, by);
        if self.store.freeze(&freeze, record, (&tells, &snapshot.directory)).await.map_err(anyhow::Error::from)? {
            // What is frozen stands already; whatever goes wrong here is made up for by the workers, and at the start in any case.
            if let Err(error) = self.reconsider_scheduled(who.1).await {
                tracing::error!(%error, "what waits for a later start could not be looked through; it is soon");
            }
            return Ok(freeze);
        }
        let what = format!("New access is frozen already for {}.", freeze.scope.words(&snapshot.directory));
        Err(Refusal::new(Code::Duplicate, what, "Nothing was changed.").into())
    }

    /// Ends what waits for a later start and could not begin any more.
    pub async fn reconsider_scheduled(&self, actor: &Actor) -> Result<(), ActError> {
        let mut outcome = Ok(());
        for access in self.store.scheduled().await.map_err(anyhow::Error::from)? {
            // One that cannot be ended now keeps no other from it.
            if let Err(error) = self.act(access, Command::Recheck, actor, None).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Lifts the freeze of exactly this scope.
    pub async fn unfreeze(&self, scope: &Scope, who: (&Revoker, &Actor)) -> Result<Freeze, ActError> {
        let snapshot = self.in_force.get();
        let not_frozen = || {
            let what = format!("New access is not frozen for {}.", scope.words(&snapshot.directory));
            Refusal::new(Code::WrongState, what, "`/jit freeze` tells what is frozen.")
        };
        let found = self.freezes().await?.into_iter().find(|freeze| freeze.scope == *scope);
        let by = By { who: who.0, actor: who.1, policy: &snapshot.policy.hash, now: self.store.now() };
        let (lifted, record, tells) = freeze::lift(found.ok_or_else(not_frozen)?, by);
        match self.store.unfreeze(scope, record, (&tells, &snapshot.directory)).await.map_err(anyhow::Error::from)? {
            true => Ok(lifted),
            false => Err(not_frozen().into()),
        }
    }
}
