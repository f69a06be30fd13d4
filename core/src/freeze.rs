//! The kill switch: a freeze stops new access, of everything, of a role or of a person. What is held goes on to its end, and is taken
//! back as ever.
//!
//! The shell loads all freezes with the facts of every request and approval; [`refuse`] is asked by the decision. Who may freeze is
//! policy's `[security]`; operators may at the command line.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Request, Revoker};
use crate::bulletin::Bulletin;
use crate::directory::Directory;
use crate::effect::{Content, Recipient, Slot, Tell};
use crate::event::{Actor, Event, EventRecord};
use crate::id::{AccessId, PersonId, PolicyHash, RoleName};
use crate::personal::Personal;
use crate::refusal::{Code, Refusal};

/// What a freeze stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every request.
    Everything,
    /// Requests for a role.
    Role(RoleName),
    /// Requests by or for a person.
    Person(PersonId),
}

impl Scope {
    /// Stable text: there is at most one freeze of each scope.
    pub fn key(&self) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Role(role) => format!("role:{role}"),
            Self::Person(person) => format!("person:{person}"),
        }
    }

    /// For people to read: `everything`, `the role orders-db-admin`, `Alice Ames`.
    pub fn words(&self, directory: &Directory) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Role(role) => format!("the role {role}"),
            Self::Person(person) => directory.name(person).to_owned(),
        }
    }

    fn covers(&self, role: &RoleName, people: &[&PersonId]) -> bool {
        match self {
            Self::Everything => true,
            Self::Role(frozen) => frozen == role,
            Self::Person(person) => people.contains(&person),
        }
    }
}

/// A freeze in force, or one that was lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Its key: its cards are told under it.
    pub id: Uuid,
    /// What it stops.
    pub scope: Scope,
    /// Who froze.
    pub by: Revoker,
    /// Why.
    pub reason: Personal,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who lifted it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<(Revoker, DateTime<Utc>)>,
}

/// Refuses what a freeze stops; the widest one speaks.
pub fn refuse(freezes: &[Freeze], request: &Request, directory: &Directory) -> Option<Refusal> {
    stopped(freezes, &request.role, &[&request.beneficiary, &request.requester], directory)
}

/// What these people would be refused with if they asked for the role.
pub fn stopped(freezes: &[Freeze], role: &RoleName, people: &[&PersonId], directory: &Directory) -> Option<Refusal> {
    let freeze =
        freezes.iter().filter(|freeze| freeze.scope.covers(role, people)).min_by_key(|freeze| &freeze.scope)?;
    let by = match &freeze.by {
        Revoker::Person(person) => directory.name(person).to_owned(),
        Revoker::Operator(name) => format!("the operator {name}"),
    };
    // Why a person is frozen is between them and security.
    let why = match &freeze.scope {
        Scope::Person(_) => ".".to_owned(),
        _ => format!(": “{}”", freeze.reason.text()),
    };
    let since = freeze.since.format("%-d %b %H:%M");
    let what = format!("New access is frozen for {}, by {by} since {since} UTC{why}", freeze.scope.words(directory));
    Some(Refusal::new(
        Code::Frozen,
        what,
        "What is held goes on to its end. Security can lift it with `/jit unfreeze`.",
    ))
}

/// Who wants to freeze or to lift, and what is in force for the record.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Who, for people.
    pub who: &'a Revoker,
    /// Who, for the record.
    pub actor: &'a Actor,
    /// The policy in force.
    pub policy: &'a PolicyHash,
    /// When.
    pub now: DateTime<Utc>,
}

/// A new freeze, its event, and whom to tell.
pub fn freeze(id: Uuid, scope: Scope, reason: Personal, by: By<'_>) -> (Freeze, EventRecord, Vec<Tell>) {
    let freeze =
        Freeze { id, scope: scope.clone(), by: by.who.clone(), reason: reason.clone(), since: by.now, lifted: None };
    let tells = tells(&freeze);
    (freeze, record(Event::Frozen { scope, reason }, by), tells)
}

/// Lifts one: its event, and whom to tell.
pub fn lift(mut freeze: Freeze, by: By<'_>) -> (Freeze, EventRecord, Vec<Tell>) {
    freeze.lifted = Some((by.who.clone(), by.now));
    let tells = tells(&freeze);
    let record = record(Event::Unfrozen { scope: freeze.scope.clone() }, by);
    (freeze, record, tells)
}

/// Security and the announcement channel have one card each, edited when it is lifted; of a person security alone.
fn tells(freeze: &Freeze) -> Vec<Tell> {
    let tell = |to| Tell {
        to,
        slot: Slot::new(AccessId(freeze.id), "freeze"),
        under: None,
        content: Content::Bulletin(Box::new(Bulletin::Freeze { freeze: freeze.clone() })),
    };
    match freeze.scope {
        Scope::Person(_) => vec![tell(Recipient::Security)],
        _ => vec![tell(Recipient::Security), tell(Recipient::Announce)],
    }
}

fn record(event: Event, by: By<'_>) -> EventRecord {
    EventRecord { access: None, version: 0, at: by.now, actor: by.actor.clone(), policy: by.policy.clone(), event }
}
