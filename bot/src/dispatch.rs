//! Load, decide, commit: the one path on which anything changes. Everything that can happen comes through here as a command.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jit_core::access::{Access, Member, State};
use jit_core::advice::Past;
use jit_core::answer::Answer;
use jit_core::command::{Ask, Command};
use jit_core::decide::{Decision, MOST_ROLES, decide};
use jit_core::event::{Actor, Attempt, Event, EventRecord};
use jit_core::facts::{InUse, OfRole, OpenAccess, Unreviewed};
use jit_core::freeze::Freeze;
use jit_core::id::{AccessId, PersonId, RoleName, ShortId};
use jit_core::incident::OnDuty;
use jit_core::personal::Personal;
use jit_core::refusal::{Code, Refusal};
use jit_core::timer::TimerKind;
use jit_store::{Change, Commit, CommitError, Committed, Store};

use crate::failpoint::failpoint;
use crate::metrics;
use crate::snapshot::{InForce, Snapshot};

/// How often a decision is made anew when others were faster. Each round somebody got through.
const ROUNDS: usize = 32;

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The access after it; of a bundle that was decided as a whole, its lead.
    pub access: Access,
    /// The others of its bundle after it, where it was decided as a whole.
    pub bundle: Vec<Access>,
    /// It changed something now.
    pub changed: bool,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// A person's fault or policy's word.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours: nothing was changed, trying again is safe.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

impl ActError {
    /// The answer to the person; our own failures say that nothing was changed.
    pub fn answer(self, verb: &str) -> Answer {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Failed(error) => {
                tracing::error!(verb, error = format!("{error:#}"), "a command failed; nothing was changed");
                Refusal::new(
                    Code::WrongState,
                    "Something went wrong on our side; nothing was changed.",
                    "Try again in a moment; if it stays so, tell who runs this service.",
                )
            }
        };
        Answer::Refused { refusal }
    }
}

/// Decides and commits.
#[derive(Clone)]
pub struct Dispatch {
    /// The truth.
    pub store: Store,
    /// What is in force.
    pub in_force: InForce,
}

/// Everything one decision was made on.
struct Loaded {
    snapshot: Arc<Snapshot>,
    access: Option<Access>,
    open: Vec<OpenAccess>,
    freezes: Vec<Freeze>,
    unreviewed: Vec<Unreviewed>,
    past: Option<Past>,
    person_version: Option<u64>,
    in_use: InUse,
    shared_versions: Vec<(String, u64)>,
    parent: Option<Access>,
    bundle: Vec<Access>,
    of_roles: Vec<OfRole>,
}

impl Dispatch {
    /// Makes a request. Fresh short ids until one is free.
    pub async fn request(&self, ask: Ask, actor: &Actor, dedupe: Option<&str>) -> Result<Acted, ActError> {
        let id = ask.id;
        self.run(id, Command::Request(Box::new(ask)), actor, dedupe).await
    }

    /// Does something to an access.
    pub async fn act(
        &self,
        id: AccessId,
        command: Command,
        actor: &Actor,
        dedupe: Option<&str>,
    ) -> Result<Acted, ActError> {
        self.run(id, command, actor, dedupe).await
    }

    /// Puts in force who is away, as the store has it, and whose contract is over by now.
    pub async fn look_who_is_away(&self) -> Result<(), ActError> {
        self.in_force.set_time(self.store.now());
        let absences = self.store.absences().await.map_err(anyhow::Error::from)?;
        self.in_force.set_absences(&absences);
        Ok(())
    }

    async fn run(
        &self,
        id: AccessId,
        mut command: Command,
        actor: &Actor,
        dedupe: Option<&str>,
    ) -> Result<Acted, ActError> {
        for _ in 0..ROUNDS {
            let loaded = self.load(id, &command).await?;
            let mut facts = loaded.snapshot.facts(actor, &loaded.open);
            facts.parent = loaded.parent.as_ref();
            facts.freezes = &loaded.freezes;
            facts.unreviewed = &loaded.unreviewed;
            facts.past = loaded.past.as_ref();
            facts.in_use = loaded.in_use;
            facts.bundle = &loaded.bundle;
            facts.of_roles = &loaded.of_roles;
            let decision = match decide(loaded.access.as_ref(), &command, &facts, self.store.now()) {
                Ok(decision) => decision,
                Err(refusal) => {
                    metrics::command(command.verb(), refusal.code.as_str());
                    self.record_refusal(&loaded, (&command, &refusal), actor).await?;
                    return Err(refusal.into());
                }
            };
            if decision.records.is_empty() {
                metrics::command(command.verb(), "nothing");
                return Ok(Acted { access: decision.after, bundle: loaded.bundle, changed: false });
            }
            failpoint!("dispatch-before-commit");
            match self.commit(&loaded, &decision, dedupe).await {
                Ok(committed) => {
                    failpoint!("dispatch-after-commit");
                    self.store.announce(&committed);
                    failpoint!("dispatch-after-bells");
                    metrics::command(command.verb(), "done");
                    let bundle = decision.others.into_iter().map(|other| other.after).collect();
                    return Ok(Acted { access: decision.after, bundle, changed: true });
                }
                Err(CommitError::Conflict) => {}
                Err(CommitError::ShortIdTaken) => {
                    if let Command::Request(ask) = &mut command {
                        let shorts =
                            std::iter::once(&mut ask.short).chain(ask.more.iter_mut().map(|more| &mut more.short));
                        shorts.for_each(|short| *short = ShortId::from_random(rand::random()));
                    }
                }
                Err(CommitError::Duplicate { .. }) => {
                    metrics::command(command.verb(), "duplicate");
                    let bundle = loaded.bundle;
                    return loaded.access.map(|access| Acted { access, bundle, changed: false }).ok_or_else(|| {
                        let what = "This was asked for already.";
                        Refusal::new(Code::Duplicate, what, "`/jit mine` tells what came of it.").into()
                    });
                }
                Err(CommitError::Store(error)) => return Err(ActError::Failed(error.into())),
            }
        }
        Err(ActError::Failed(anyhow::anyhow!("{} lost the race {ROUNDS} times on {id}", command.verb())))
    }

    /// One round of look-ups; which ones depends on the command alone.
    async fn load(&self, id: AccessId, command: &Command) -> Result<Loaded, ActError> {
        // A contract that ends this second lets nobody through, whatever the workers are at.
        self.in_force.set_time(self.store.now());
        let snapshot = self.in_force.get();
        let mut loaded = Loaded {
            snapshot,
            access: None,
            open: Vec::new(),
            freezes: Vec::new(),
            unreviewed: Vec::new(),
            past: None,
            person_version: None,
            in_use: InUse::default(),
            shared_versions: Vec::new(),
            parent: None,
            bundle: Vec::new(),
            of_roles: Vec::new(),
        };
        let (beneficiary, role, parent) = match command {
            Command::Request(ask) => (ask.beneficiary.clone(), ask.role.clone(), ask.extends),
            _ => {
                let access = self.store.access(id).await.map_err(anyhow::Error::from)?;
                let Some(access) = access else { return Ok(loaded) };
                let (beneficiary, role) = (access.request.beneficiary.clone(), access.request.role.clone());
                let parent = access.request.extends.as_ref().map(|extends| extends.parent);
                loaded.access = Some(access);
                (beneficiary, role, parent)
            }
        };
        let bundle = loaded.access.as_ref().and_then(|access| access.request.bundle.clone());
        let members = match (command, &bundle) {
            (Command::Request(ask), _) if !ask.more.is_empty() => ask.members(),
            // Once they are agreed to, each is judged by itself.
            (_, Some(bundle)) if loaded.access.as_ref().is_some_and(Access::waits_together) => bundle.members.clone(),
            _ => Vec::new(),
        };
        let (open, version) = self.store.open_of(&beneficiary).await.map_err(anyhow::Error::from)?;
        loaded.open = open.into_iter().filter(|open| open.id != id).collect();
        // What is told of one tells of the others too, and they are decided together: the person's version is compared, and was read before.
        if let Some(bundle) = &bundle {
            loaded.person_version = Some(version);
            loaded.bundle = self.store.bundle(bundle, id).await.map_err(anyhow::Error::from)?;
        }
        // Limits, conflicts and duplicates are about the person: whatever reads them sets the person's version.
        let screened = matches!(command, Command::TicketLooked { .. });
        let starts = matches!(command, Command::Timer { kind: TimerKind::Start | TimerKind::ScreeningDeadline });
        if starts || screened || matches!(command, Command::Request(_) | Command::Approve { .. }) {
            loaded.person_version = Some(version);
            // Whoever is asked next is advised.
            let looked = tokio::try_join!(self.store.past_of(&beneficiary, &role, id), self.store.freezes());
            let (past, freezes) = looked.map_err(anyhow::Error::from)?;
            (loaded.past, loaded.freezes) = (Some(past), freezes);
            let now = self.store.now();
            let held = match (command, &loaded.access) {
                (Command::Request(ask), _) => during(ask, now),
                (_, Some(access)) => {
                    let (start, end) = access.planned().unwrap_or((now, now + access.duration().delta()));
                    (start.max(now), end)
                }
                _ => (now, now),
            };
            let counted = self.in_use(&loaded.snapshot, (&role, id), held).await?;
            (loaded.in_use, loaded.shared_versions) = counted;
            self.of_roles(&mut loaded, (&members, &beneficiary), held).await?;
        }
        let waits = matches!(&loaded.access, Some(Access { state: State::Scheduled(_), .. }));
        if waits && matches!(command, Command::Recheck) {
            loaded.freezes = self.store.freezes().await.map_err(anyhow::Error::from)?;
        }
        if matches!(command, Command::Request(ask) if ask.emergency) {
            loaded.unreviewed = self.store.unreviewed(&beneficiary).await.map_err(anyhow::Error::from)?;
        }
        if let Some(parent) = parent {
            loaded.parent = self.store.access(parent).await.map_err(anyhow::Error::from)?;
        }
        Ok(loaded)
    }

    /// The same for every role of a bundle, as far as it depends on the role.
    async fn of_roles(
        &self,
        loaded: &mut Loaded,
        (members, beneficiary): (&[Member], &PersonId),
        held: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), ActError> {
        // In one order, so that no two commits wait for each other; of versions that were read twice the older counts.
        let mut versions: BTreeMap<String, u64> = std::mem::take(&mut loaded.shared_versions).into_iter().collect();
        // More are refused without a look.
        for Member { id, role, .. } in members.iter().take(MOST_ROLES) {
            let past = self.store.past_of(beneficiary, role, *id).await.map_err(anyhow::Error::from)?;
            let (in_use, counted) = self.in_use(&loaded.snapshot, (role, *id), held).await?;
            for (key, version) in counted {
                versions.entry(key).or_insert(version);
            }
            loaded.of_roles.push(OfRole { role: role.clone(), in_use, past: Some(past) });
        }
        loaded.shared_versions = versions.into_iter().collect();
        Ok(())
    }

    /// What all people hold together, counted only where policy limits it; with the versions to compare.
    pub async fn in_use(
        &self,
        snapshot: &Snapshot,
        (role, but): (&RoleName, AccessId),
        during: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(InUse, Vec<(String, u64)>), ActError> {
        let of_role = snapshot.policy.role(role).and_then(|role| role.max_simultaneous);
        if of_role.is_none() && snapshot.policy.limits.max_simultaneous_total.is_none() {
            return Ok((InUse::default(), Vec::new()));
        }
        Ok(self.store.in_use(role, but, during).await.map_err(anyhow::Error::from)?)
    }

    async fn commit(
        &self,
        loaded: &Loaded,
        decision: &Decision,
        dedupe: Option<&str>,
    ) -> Result<Committed, CommitError> {
        let known = || loaded.access.iter().chain(&loaded.bundle);
        let changes: Vec<Change<'_>> = decision
            .all()
            .map(|Decision { after, records, effects, .. }| Change {
                before: known().find(|access| access.id == after.id),
                after,
                records,
                effects,
            })
            .collect();
        self.store
            .commit(Commit {
                changes: &changes,
                directory: &loaded.snapshot.directory,
                person_version: loaded.person_version,
                shared_versions: &loaded.shared_versions,
                dedupe,
                answer: None,
            })
            .await
    }

    /// A denied attempt is evidence too, when a person made it.
    async fn record_refusal(
        &self,
        loaded: &Loaded,
        (command, refusal): (&Command, &Refusal),
        actor: &Actor,
    ) -> Result<(), ActError> {
        if !matches!(actor, Actor::Person { .. } | Actor::Operator { .. } | Actor::Unknown { .. }) {
            return Ok(());
        }
        let (subject, words) = match command {
            Command::Request(ask) => (roles(ask).join(", "), Some(ask.justification.clone())),
            Command::Deny { reason, .. }
            | Command::Revoke { reason, .. }
            | Command::Review { note: reason, .. }
            | Command::Question { text: reason, .. }
            | Command::Reply { text: reason, .. } => (subject(loaded), Some(reason.clone())),
            _ => (subject(loaded), None),
        };
        let record = self.refused(loaded, (command, refusal), (subject, words), actor);
        self.store.record(record, None).await.map_err(anyhow::Error::from)?;
        Ok(())
    }

    fn refused(
        &self,
        loaded: &Loaded,
        (command, refusal): (&Command, &Refusal),
        (subject, words): (String, Option<Personal>),
        actor: &Actor,
    ) -> EventRecord {
        let attempt = match command {
            Command::Request(ask) => Some(Box::new(attempt(ask, &loaded.snapshot))),
            _ => None,
        };
        EventRecord {
            access: None,
            version: 0,
            at: self.store.now(),
            actor: actor.clone(),
            policy: loaded.snapshot.policy.hash.clone(),
            event: Event::Refused {
                code: refusal.code.as_str().to_owned(),
                verb: command.verb().to_owned(),
                subject,
                rule: refusal.rule.clone(),
                words: words.filter(|words| !words.text().is_empty()),
                attempt,
            },
        }
    }
}

/// The roles that are asked for; of many no more than can be asked for, and how many more.
fn roles(ask: &Ask) -> Vec<String> {
    let more = ask.more.len().saturating_sub(MOST_ROLES - 1);
    let named = ask.members().into_iter().take(MOST_ROLES).map(|member| member.role.to_string());
    named.chain((more > 0).then(|| format!("{more} more"))).collect()
}

/// From when until when what is asked for would be held.
pub fn during(ask: &Ask, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = ask.starts_at.unwrap_or(now);
    (start, start + ask.duration.delta())
}

/// What is kept of a request that was refused.
fn attempt(ask: &Ask, snapshot: &Snapshot) -> Attempt {
    Attempt {
        requester: ask.requester.clone(),
        beneficiary: ask.beneficiary.clone(),
        roles: match ask.more.is_empty() {
            true => Vec::new(),
            false => ask.members().into_iter().take(MOST_ROLES).map(|member| member.role).collect(),
        },
        duration: ask.duration,
        starts_at: ask.starts_at,
        ticket: ask.ticket.clone(),
        origin: ask.origin.clone(),
        extends: ask.extends,
        drill: ask.drill,
        on_duty: OnDuty::about(&ask.roles(), &snapshot.policy, &snapshot.directory),
    }
}

fn subject(loaded: &Loaded) -> String {
    loaded.access.as_ref().map_or_else(String::new, |access| access.short.to_string())
}
