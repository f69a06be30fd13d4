//! Verbs that only look.

use std::collections::BTreeSet;

use jit_core::access::Access;
use jit_core::answer::{Answer, RoleLine};
use jit_core::directory::Person;
use jit_core::facts::beside;
use jit_core::freeze;
use jit_core::id::{AccessId, PersonId, RoleName};
use jit_core::policy::{FILLED, Role, Step};
use jit_core::refusal::{Code, Refusal};
use jit_core::span::Span;
use jit_store::{Store, StoreError};
use uuid::Uuid;

use super::{Draft, Preview, Speaker, Verbs, no_such_access, press, request::blank, scope};
use crate::dispatch::ActError;
use crate::snapshot::Snapshot;

/// How many accesses `/jit mine` shows at the most.
const RECENT: u32 = 20;
/// So far back goes what a home shows.
const LATELY: u32 = 30;
/// How many roles one answer lists.
const CATALOGUE: usize = 40;

impl Verbs {
    /// `/jit home`
    pub async fn home(&self, speaker: &Speaker) -> Result<Answer, ActError> {
        let (store, snapshot) = (&self.dispatch.store, self.dispatch.in_force.get());
        let pending = store.pending().await.map_err(anyhow::Error::from)?;
        let reviews = store.to_review().await.map_err(anyhow::Error::from)?;
        let home = home_of(store, &snapshot, &speaker.person, (&pending, &reviews)).await;
        Ok(home.map_err(anyhow::Error::from)?)
    }

    /// What somebody is greeted with.
    pub fn welcome(&self, speaker: &Speaker) -> Answer {
        let snapshot = self.dispatch.in_force.get();
        let role =
            snapshot.policy.requestable(&speaker.person, &snapshot.directory).next().map(|role| role.name.clone());
        Answer::Welcome { may_ask: may_ask(&snapshot, &speaker.person), role }
    }

    /// `/jit mine`
    pub async fn mine(&self, speaker: &Speaker) -> Result<Answer, ActError> {
        let accesses = self.dispatch.store.by_person(speaker.id(), false, RECENT).await.map_err(anyhow::Error::from)?;
        Ok(Answer::Mine { accesses, me: speaker.id().clone() })
    }

    /// `/jit show ID`
    pub async fn show(&self, speaker: &Speaker, access: Access) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        if scope::sees(&snapshot, speaker.id(), &access) {
            let history = self.dispatch.store.history(access.id).await.map_err(anyhow::Error::from)?;
            let history = history.into_iter().map(|stored| stored.record).collect();
            let may = press::may(&snapshot, speaker.id(), &access).into_iter().map(str::to_owned).collect();
            let bundle = self.others(&access).await?.into_iter();
            let bundle = bundle.filter(|other| scope::sees(&snapshot, speaker.id(), other)).collect();
            return Ok(Answer::Show { access: Box::new(access), bundle, history, may });
        }
        if scope::sees_outline(&snapshot) && access.activated_at.is_some() {
            let access = Box::new(scope::outline(access));
            return Ok(Answer::Show { access, bundle: Vec::new(), history: Vec::new(), may: Vec::new() });
        }
        Err(no_such_access(&access.short).into())
    }

    /// What was asked for together with an access.
    pub(crate) async fn others(&self, access: &Access) -> Result<Vec<Access>, ActError> {
        let Some(bundle) = &access.request.bundle else { return Ok(Vec::new()) };
        Ok(self.dispatch.store.bundle(bundle, access.id).await.map_err(anyhow::Error::from)?)
    }

    /// `/jit pending`
    pub async fn pending(&self, speaker: &Speaker) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let pending = self.dispatch.store.pending().await.map_err(anyhow::Error::from)?;
        let reviews = self.dispatch.store.to_review().await.map_err(anyhow::Error::from)?;
        Ok(Answer::Pending { accesses: waits_for(&snapshot, speaker.id(), (&pending, &reviews)) })
    }

    /// `/jit who ROLE`
    pub async fn who(&self, speaker: &Speaker, role: &str) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let role = role_named(&snapshot, role)?;
        let exceptions = snapshot.policy.exceptions_of(role);
        let exceptions =
            exceptions.filter(|exception| scope::sees_exception(&snapshot, speaker, (role, exception))).cloned();
        let exceptions = exceptions.collect();
        let role = role.name.clone();
        let held = self.dispatch.store.holders_of(&role).await.map_err(anyhow::Error::from)?;
        let total = held.len();
        let accesses: Vec<Access> = held
            .into_iter()
            .filter_map(|access| match scope::sees(&snapshot, speaker.id(), &access) {
                true => Some(access),
                false if scope::sees_outline(&snapshot) => Some(scope::outline(access)),
                false => None,
            })
            .collect();
        let hidden = total - accesses.len();
        Ok(Answer::Who { role, accesses, hidden, exceptions })
    }

    /// `/jit roles [TEXT]`
    pub fn roles(&self, speaker: &Speaker, text: Option<String>) -> Answer {
        let snapshot = self.dispatch.in_force.get();
        let requestable: BTreeSet<&RoleName> =
            snapshot.policy.requestable(&speaker.person, &snapshot.directory).map(|role| &role.name).collect();
        let words: Vec<String> =
            text.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        let fits = |role: &&Role| {
            let hay = format!(
                "{} {} {} {}",
                role.name,
                role.title,
                role.environment,
                role.tags.iter().cloned().collect::<Vec<_>>().join(" ")
            )
            .to_lowercase();
            words.iter().all(|word| hay.contains(word))
        };
        let mut roles: Vec<RoleLine> = snapshot
            .policy
            .roles
            .values()
            .filter(fits)
            .map(|role| role_line(&snapshot, role, requestable.contains(&role.name)))
            .collect();
        roles.sort_by_key(|role| !role.requestable);
        roles.truncate(CATALOGUE);
        Answer::Roles { text, roles }
    }

    /// `/jit help [VERB]`
    pub(super) fn help(&self, speaker: &Speaker, verb: Option<String>) -> Answer {
        let snapshot = self.dispatch.in_force.get();
        let mut requestable = snapshot.policy.requestable(&speaker.person, &snapshot.directory);
        Answer::Help { verb, role: requestable.next().map(|role| role.name.clone()) }
    }

    /// `/jit why ROLE`, or of several what policy says of each and of all together.
    pub async fn why(&self, speaker: &Speaker, (role, more): (&str, &[String])) -> Result<Answer, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let names = std::iter::once(role).chain(more.iter().map(String::as_str));
        let roles = names.map(|name| role_named(&snapshot, name)).collect::<Result<Vec<&Role>, Refusal>>()?;
        let mut lines = Vec::new();
        for role in roles.iter().copied() {
            lines.extend(self.why_one(speaker, (&*snapshot, role)).await?);
        }
        if !more.is_empty() {
            lines.push(self.why_together(speaker, &roles).await?);
        }
        Ok(Answer::Why { roles: roles.into_iter().map(|role| role.name.clone()).collect(), lines })
    }

    async fn why_one(&self, speaker: &Speaker, (snapshot, role): (&Snapshot, &Role)) -> Result<Vec<String>, ActError> {
        let (open, _) = self.dispatch.store.open_of(speaker.id()).await.map_err(anyhow::Error::from)?;
        let mut question = blank(role, &speaker.person, self.dispatch.store.now());
        question.channel = speaker.origin.channel.as_ref();
        (question.in_use, _) = self
            .dispatch
            .in_use(snapshot, (&role.name, AccessId(Uuid::nil())), (question.now, question.ends()))
            .await?;
        let open = beside(&open, role.pilot);
        let mut lines = snapshot.policy.explain(&question, &snapshot.directory, &open).lines;
        let freezes = self.dispatch.freezes().await?;
        let frozen = freeze::stopped(&freezes, &role.name, &[speaker.id()], &snapshot.directory);
        lines.extend(frozen.map(|refusal| format!("{}. {}", refusal.what, refusal.next)));
        Ok(lines)
    }

    /// What would come of asking for all of them at once, for as long as each may be had.
    async fn why_together(&self, speaker: &Speaker, roles: &[&Role]) -> Result<String, ActError> {
        let snapshot = self.dispatch.in_force.get();
        let mut names = roles.iter().map(|role| role.name.to_string());
        let longest = |role: &&Role| snapshot.policy.longest_for(role, &speaker.person);
        let draft = Draft {
            beneficiary: None,
            role: names.next(),
            more: names.collect(),
            duration: roles.iter().filter_map(longest).min(),
            because: Some(FILLED.to_owned()),
            ticket: Some("-".to_owned()),
            at: None,
        };
        Ok(match self.preview(speaker, draft).await? {
            Preview::Judged { judgement } if judgement.route.is_auto() => {
                "Asked for together, nobody need agree to them.".to_owned()
            }
            Preview::Judged { judgement } => {
                let step = |(step, people): (&Step, &Vec<PersonId>)| {
                    let names: Vec<&str> = people.iter().map(|id| snapshot.directory.name(id)).collect();
                    format!("{} of {}", step.count, names.join(", "))
                };
                let steps: Vec<String> = judgement.route.steps.iter().zip(&judgement.approvers).map(step).collect();
                format!("Asked for together, they are decided as one: it would ask {}.", steps.join(", then "))
            }
            Preview::Refused(refusal) => format!("Asked for together: {} {}", refusal.what, refusal.next),
            Preview::Incomplete => "You may have none of them.".to_owned(),
        })
    }
}

/// All at a glance, for the home tab and wherever there is none. What waits is read once for many.
pub async fn home_of(
    store: &Store,
    snapshot: &Snapshot,
    person: &Person,
    waits: (&[Access], &[Access]),
) -> Result<Answer, StoreError> {
    let accesses = store.by_person(&person.id, false, LATELY).await?;
    let waiting = waits_for(snapshot, &person.id, waits);
    Ok(Answer::Home { me: person.id.clone(), accesses, waiting, may_ask: may_ask(snapshot, person) })
}

/// Whether there is a role that somebody may ask for, for themselves or for another.
fn may_ask(snapshot: &Snapshot, person: &Person) -> bool {
    let (policy, directory) = (&snapshot.policy, &snapshot.directory);
    policy.requestable(person, directory).next().is_some() || !policy.sponsored_by(person, directory).is_empty()
}

/// What of everything that waits, waits for this person: requests to decide, each bundle once, then bypasses to review.
pub fn waits_for(snapshot: &Snapshot, person: &PersonId, (pending, reviews): (&[Access], &[Access])) -> Vec<Access> {
    let mine = |access: &&Access| !access.follows() && scope::may_vote(snapshot, person, access);
    let to_review = |access: &&Access| scope::may_review(snapshot, person, access);
    pending.iter().filter(mine).chain(reviews.iter().filter(to_review)).cloned().collect()
}

/// The role of a name as a person typed it; a typo gets the nearest.
pub fn role_named<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Role, Refusal> {
    let name = name.trim();
    let found = snapshot.policy.role(&RoleName::new(name));
    let found = found.or_else(|| snapshot.policy.role(&RoleName::new(name.to_lowercase())));
    found.ok_or_else(|| {
        let names = snapshot.policy.roles.keys().map(RoleName::as_str);
        let next = match jit_core::nearest::nearest(name, names) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`/jit roles` lists what you may ask for.".to_owned(),
        };
        Refusal::new(Code::NotFound, format!("There is no role `{name}`."), next)
    })
}

/// A role as the catalogue and the form show it.
pub fn role_line(snapshot: &Snapshot, role: &Role, requestable: bool) -> RoleLine {
    RoleLine {
        name: role.name.clone(),
        title: role.title.clone(),
        level: role.level,
        environment: role.environment.clone(),
        risk: role.risk,
        max_duration: snapshot.policy.longest(role).min(Span::MAX),
        requestable,
        pilot: role.pilot,
    }
}
