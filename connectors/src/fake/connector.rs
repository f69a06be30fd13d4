//! The contract's calls on a fake target: faults first, then the work, bent by the flaws.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jit_core::entitlement::{Capabilities, Entitlement, Handover, Holding, Target};

use super::FakeTarget;
use super::fault::{Call, Fault, Flaw};
use super::state::{CallRecord, Held};
use crate::contract::{Attempt, Connector, ConnectorError, Credentials, Ended, Granted, Holder};
use crate::target;

/// A secret that a dishonest fake tells in its errors.
pub(crate) const SECRET: &str = "fake-secret-hunter2";

/// The connector to a [`FakeTarget`].
pub struct Fake {
    pub(super) target: FakeTarget,
}

/// What a call does about its work.
enum Course {
    /// So many times, and then as said.
    Work(u8, Option<ConnectorError>),
    /// Not at all, and says that it did.
    Pretend,
}

impl Fake {
    /// Records the call and meets its fault.
    async fn enter(&self, call: Call, e: Option<&Entitlement>, a: Option<&Attempt>) -> Result<Course, ConnectorError> {
        self.enter_until(call, e, a, None).await
    }

    async fn enter_until(
        &self,
        call: Call,
        e: Option<&Entitlement>,
        a: Option<&Attempt>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Course, ConnectorError> {
        let record = CallRecord {
            at: self.target.now(),
            call,
            key: e.map(|e| e.key().0),
            access: a.map(|a| a.access),
            generation: a.map(|a| a.generation),
            until,
        };
        let fault = self.target.with(|state| {
            state.calls.push(record);
            state.fault(call)
        });
        tokio::time::sleep(self.target.inner.latency).await;
        let course = match fault {
            None => Course::Work(1, None),
            Some(Fault::Late(by)) => {
                tokio::time::sleep(by).await;
                Course::Work(1, None)
            }
            Some(Fault::HalfDone) => Course::Work(1, Some(self.down(call))),
            Some(Fault::Twice) => Course::Work(2, None),
            Some(Fault::Lie) => Course::Pretend,
            Some(Fault::Throttled(after)) => {
                return Err(ConnectorError::Retry { what: format!("{call:?}: too many calls"), after: Some(after) });
            }
            Some(Fault::Permanent(what)) => return Err(ConnectorError::permanent(what)),
            Some(Fault::Down) => return Err(self.down(call)),
            Some(Fault::Hang(by)) => {
                tokio::time::sleep(by).await;
                return Err(ConnectorError::retry(format!("{call:?}: no answer in time")));
            }
        };
        if a.is_some_and(|a| a.deadline <= self.target.now()) && !self.target.has(Flaw::DeadlineIgnored) {
            return Err(ConnectorError::retry(format!("{call:?}: the deadline has passed")));
        }
        Ok(course)
    }

    /// How many so far.
    fn calls(&self) -> usize {
        self.target.with(|state| state.calls.len())
    }

    fn down(&self, call: Call) -> ConnectorError {
        let told = if self.target.has(Flaw::ErrorsTellSecrets) { SECRET } else { "" };
        let what = format!("{call:?}: the target is not reached {told}");
        if self.target.has(Flaw::UnreachableIsPermanent) {
            return ConnectorError::permanent(what);
        }
        ConnectorError::retry(what)
    }

    /// Does the work as often as the course says.
    fn work(&self, course: Course, mut once: impl FnMut(&Self)) -> Result<(), ConnectorError> {
        let Course::Work(times, then) = course else { return Ok(()) };
        for _ in 0..times {
            once(self);
        }
        then.map_or(Ok(()), Err)
    }

    fn give(&self, e: &Entitlement, until: DateTime<Utc>) {
        let now = self.target.now();
        let native = self.target.inner.capabilities.native_expiry;
        let stays = self.target.has(Flaw::EndStays);
        self.target.with(|state| {
            let key = e.key().0;
            let before = state.held.get(&key);
            let grants = before.map_or(0, |held| held.grants) + 1;
            let end = before.filter(|_| stays).and_then(|held| held.until).or(native.then_some(until));
            let ours = before.is_none_or(|held| held.ours);
            state.put(
                key,
                Held { account: e.account.clone(), target: e.target.clone(), until: end, grants, ours },
                now,
            );
        });
    }

    fn take(&self, e: &Entitlement) {
        let (now, count) = (self.target.now(), self.target.has(Flaw::GrantsCount));
        let everybody = self.target.has(Flaw::RevokesEverybody);
        self.target.with(|state| {
            let key = e.key().0;
            match state.held.get_mut(&key) {
                Some(held) if count && held.grants > 1 => held.grants -= 1,
                _ => state.take(&key, now),
            }
            let others: Vec<_> = state.held.keys().filter(|_| everybody).cloned().collect();
            others.iter().for_each(|key| state.take(key, now));
        });
    }

    fn handover(&self, target: &Target) -> Handover {
        let how = format!("You hold {}.", target.text("role").unwrap_or("it"));
        Handover { how, text: None, reveals: self.target.inner.capabilities.makes_accounts }
    }

    fn holding(&self, held: Option<&Held>) -> Holding {
        let Some(held) = held else { return Holding::Gone };
        if self.target.has(Flaw::StandingUnseen) && !held.ours {
            return Holding::Gone;
        }
        Holding::Held { native_until: held.until, handover: Some(self.handover(&held.target)) }
    }
}

#[async_trait]
impl Connector for Fake {
    fn capabilities(&self) -> Capabilities {
        self.target.inner.capabilities
    }

    async fn grant(&self, e: &Entitlement, until: DateTime<Utc>, a: &Attempt) -> Result<Granted, ConnectorError> {
        if !self.target.has(Flaw::AnyTargetWillDo) {
            self.check_target(&e.target).map_err(ConnectorError::permanent)?;
        }
        let before = self.calls();
        let course = self.enter_until(Call::Grant, Some(e), Some(a), Some(until)).await?;
        if self.target.has(Flaw::SecondGrantFails) && self.target.works(e) {
            return Err(ConnectorError::permanent("Grant: it is held already"));
        }
        if self.target.has(Flaw::OverlapFails) && self.calls() > before + 1 {
            return Err(ConnectorError::permanent("Grant: another call is at work"));
        }
        if self.target.has(Flaw::GrantLies) {
            self.target.with(|state| state.before.insert(e.key().0, None));
        } else {
            self.work(course, |fake| fake.give(e, until))?;
        }
        let native_until = self.target.inner.capabilities.native_expiry.then_some(until);
        Ok(Granted { native_until, handover: Some(self.handover(&e.target)) })
    }

    async fn revoke(&self, e: &Entitlement, a: &Attempt) -> Result<(), ConnectorError> {
        let course = self.enter(Call::Revoke, Some(e), Some(a)).await?;
        if self.target.has(Flaw::RevokeOfNothingFails) && !self.target.works(e) {
            return Err(ConnectorError::permanent("Revoke: it is not held"));
        }
        if self.target.has(Flaw::RevokeLies) || self.target.has(Flaw::RevokeDoesNothing) {
            self.target.with(|state| state.before.remove(&e.key().0));
            return Ok(());
        }
        self.work(course, |fake| fake.take(e))
    }

    async fn end_sessions(&self, e: &Entitlement, a: &Attempt) -> Result<Ended, ConnectorError> {
        let course = self.enter(Call::EndSessions, Some(e), Some(a)).await?;
        if self.target.has(Flaw::SessionsSurvive) {
            return Ok(Ended { sessions: 1 });
        }
        let everybody = self.target.has(Flaw::BystandersDie);
        let mut sessions = 0;
        self.work(course, |fake| {
            let now = fake.target.now();
            let key = e.key().0;
            sessions += fake.target.with(|state| state.end(|s| everybody || s.elevated.as_ref() == Some(&key), now));
        })?;
        Ok(Ended { sessions })
    }

    async fn reveal(&self, e: &Entitlement, a: &Attempt) -> Result<Credentials, ConnectorError> {
        let course = self.enter(Call::Reveal, Some(e), Some(a)).await?;
        if !self.target.works(e) {
            return Err(ConnectorError::permanent("Reveal: there is no such account"));
        }
        let secret = format!("{:032x}", rand::random::<u128>());
        self.work(course, |fake| {
            fake.target.with(|state| state.secrets.insert(e.key().0, secret.clone()));
        })?;
        let facts = vec![("User", e.account.to_string())];
        Ok(Credentials { facts, how: format!("sign in as {}", e.account), secret: secret.into() })
    }

    async fn inspect(&self, e: &Entitlement) -> Result<Holding, ConnectorError> {
        let course = match self.enter(Call::Inspect, Some(e), None).await {
            Err(_) if self.target.has(Flaw::GoneWhenUnreachable) => return Ok(Holding::Gone),
            other => other?,
        };
        let key = e.key().0;
        self.target.with(|state| {
            let said = state.before.contains_key(&key);
            if self.target.has(Flaw::GrantLies) && said {
                return Ok(Holding::Held { native_until: None, handover: Some(self.handover(&e.target)) });
            }
            if self.target.has(Flaw::RevokeLies) && !said {
                return Ok(Holding::Gone);
            }
            match course {
                Course::Pretend => Ok(self.holding(state.before.get(&key).and_then(Option::as_ref))),
                Course::Work(_, None) => Ok(self.holding(state.held.get(&key))),
                Course::Work(_, Some(error)) => Err(error),
            }
        })
    }

    async fn holders(&self, target: &Target) -> Result<Vec<Holder>, ConnectorError> {
        if let Course::Work(_, Some(error)) = self.enter(Call::Holders, None, None).await? {
            return Err(error);
        }
        let forgets = self.target.has(Flaw::HoldersForget);
        let mut holders: Vec<_> = self.target.with(|state| {
            let found = state.held.values().filter(|held| held.target == *target && (held.ours || !forgets));
            found.map(|held| Holder { account: held.account.clone(), until: held.until }).collect()
        });
        holders.sort();
        Ok(holders)
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        if self.target.has(Flaw::AnyTargetWillDo) {
            return Ok(());
        }
        target::only_keys(target, &["role"])?;
        target::text(target, "role").map(drop)
    }

    async fn probe(&self) -> Result<(), ConnectorError> {
        let course = self.enter(Call::Probe, None, None).await?;
        self.work(course, |_| ())
    }
}
