//! Events: what is now true. They are the audit trail, append-only, and the only way an [`crate::access::Access`] changes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::{EndCause, Origin, Outcome, Platform, Request, Skipped, Unknown, Verdict, Vote};
use crate::advice::Advice;
use crate::entitlement::Handover;
use crate::freeze::Scope;
use crate::id::{AccessId, PersonId, PolicyHash, RoleName, ShortId};
use crate::incident::OnDuty;
use crate::personal::Personal;
use crate::policy::{Closing, Exception, Route, Subject};
use crate::span::Span;
use crate::ticket::{Finding, TicketId};

/// One event as it is stored and hashed: `canonical(&record)` are its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Which access, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessId>,
    /// Its number within the access, from 1: the version that it makes.
    pub version: u64,
    /// When, by the clock of record.
    pub at: DateTime<Utc>,
    /// Who or what brought it about.
    pub actor: Actor,
    /// The policy in force.
    pub policy: PolicyHash,
    /// What happened.
    pub event: Event,
}

/// Who or what brought an event about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Actor {
    /// A person, through a door.
    Person {
        /// Who, by canonical identity.
        id: PersonId,
        /// Through which door.
        via: Platform,
    },
    /// A timer.
    Timer,
    /// A connector's answer.
    Connector,
    /// Another access of the same chain.
    Chain,
    /// The directory: somebody was disabled or has left.
    Directory,
    /// A source of on-call rotations and incidents.
    Oncall {
        /// Its name in the configuration.
        source: String,
    },
    /// A source of tickets.
    Tickets {
        /// Its name in the configuration.
        source: String,
    },
    /// An operator at the command line; the system's user name.
    Operator {
        /// The system's user name.
        name: String,
    },
    /// Somebody who is not in the directory; the platform's id.
    Unknown {
        /// The platform's immutable id.
        id: String,
        /// Through which door.
        via: Platform,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The first event of every access.
    Requested {
        /// The id that people see.
        short: ShortId,
        /// What was asked.
        request: Box<Request>,
        /// Who must agree.
        route: Route,
        /// The end of the window in which it may be held, as policy said when it was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closing: Option<Closing>,
        /// Who was on call then, where policy asks that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_duty: Option<Box<OnDuty>>,
    },
    /// Something has to be looked up before it goes on.
    ScreeningStarted {
        /// Which ticket.
        ticket: TicketId,
        /// Until when an answer counts.
        deadline: DateTime<Utc>,
        /// It was agreed to, and its start has come.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_start: bool,
    },
    /// Its ticket was looked up, or could not be in time.
    TicketLooked {
        /// Which.
        ticket: TicketId,
        /// What was found.
        finding: Finding,
    },
    /// A step of the route began; these were asked.
    StepOpened {
        /// Which, from 0.
        step: usize,
        /// Who was asked.
        asked: Vec<PersonId>,
        /// Who of them stands in for somebody who is away.
        #[serde(default, rename = "for", skip_serializing_if = "BTreeMap::is_empty")]
        instead_of: BTreeMap<PersonId, PersonId>,
        /// Whom the step names and who was not asked, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        skipped: Vec<Skipped>,
        /// What they are shown of the person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        advice: Option<Box<Advice>>,
    },
    /// Somebody of the open step has left, is away, or is back: who is asked has changed.
    AskedAgain {
        /// Which step, from 0.
        step: usize,
        /// Who was asked now, beside those who were before.
        asked: Vec<PersonId>,
        /// Who of them stands in for somebody who is away.
        #[serde(default, rename = "for", skip_serializing_if = "BTreeMap::is_empty")]
        instead_of: BTreeMap<PersonId, PersonId>,
        /// Who of the step is not asked from now on, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        skipped: Vec<Skipped>,
    },
    /// The approvers were reminded.
    Reminded,
    /// Further people were asked.
    Escalated {
        /// Who was added.
        added: Vec<PersonId>,
    },
    /// Somebody agreed.
    Approved {
        /// The vote.
        vote: Vote,
    },
    /// An approver is looking at it.
    Claimed {
        /// Who.
        by: PersonId,
    },
    /// They have been looking for a while, and are no longer shown as doing so.
    Released {
        /// Who.
        by: Vec<PersonId>,
    },
    /// An approver asked the requester something.
    Questioned {
        /// Who.
        by: PersonId,
        /// What.
        text: Personal,
    },
    /// What approvers asked was answered.
    Replied {
        /// Who.
        by: PersonId,
        /// What.
        text: Personal,
        /// The questions, by their place from 0.
        to: Vec<usize>,
    },
    /// All agreed, or policy did; it waits for its start.
    Scheduled {
        /// When it begins.
        start: DateTime<Utc>,
        /// The end of the window in which it may be held then, as policy says now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closing: Option<Closing>,
    },
    /// All agreed, or policy did: the intent, before any target is touched.
    ElevationStarted {
        /// For how long.
        duration: Span,
        /// The end given to the target.
        native_until: DateTime<Utc>,
        /// When we give up.
        deadline: DateTime<Utc>,
        /// The end of the window in which it may be held, as policy says now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closing: Option<Closing>,
    },
    /// All agreed, or policy did, to a rehearsal: its clock starts, and no target is touched.
    Rehearsed {
        /// The end.
        until: DateTime<Utc>,
        /// When its window closes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closing: Option<Closing>,
    },
    /// The target had trouble; it is tried again.
    ElevationTroubled {
        /// Without secrets.
        error: String,
    },
    /// The target was verified to hold it: the clock starts.
    Elevated {
        /// When the target was inspected: the clock's start.
        since: DateTime<Utc>,
        /// The end.
        until: DateTime<Utc>,
        /// The end the target itself knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        native_until: Option<DateTime<Utc>>,
        /// What the holder uses it with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handover: Option<Handover>,
    },
    /// A new secret for its account was set and shown, or was about to be: who saw it.
    Revealed {
        /// Who.
        by: PersonId,
    },
    /// The holder was warned of the end.
    Warned,
    /// The time for the warning passed without one: an extension goes on after the end.
    WarningSpared,
    /// It is being taken back from here on.
    RevocationStarted {
        /// Why.
        cause: EndCause,
    },
    /// An attempt to take it back failed, the first one or a different error.
    RevocationFailed {
        /// Without secrets.
        error: String,
    },
    /// Security was told again that it still fails.
    RevocationAlerted,
    /// Policy let it be taken in an emergency; a review must follow.
    ReviewOpened {
        /// Any of these.
        by: Vec<Subject>,
        /// By when.
        due: DateTime<Utc>,
        /// What was not known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<Unknown>,
    },
    /// The reviewers were reminded.
    ReviewReminded,
    /// Nobody reviewed it in time.
    ReviewOverdue,
    /// It was reviewed.
    Reviewed {
        /// What was found.
        verdict: Verdict,
    },
    /// It is over.
    Closed {
        /// How.
        outcome: Outcome,
    },
    /// Something was refused; nothing changed. Not part of an access's fold.
    Refused {
        /// The stable code of the refusal.
        code: String,
        /// Which verb.
        verb: String,
        /// What it was about, for example a role or an access id.
        subject: String,
        /// The rule that refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// The person's own words, where there were any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Personal>,
        /// For a request: what was asked for, beside the role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<Box<Attempt>>,
    },
    /// New access was frozen. Not part of an access's fold.
    Frozen {
        /// What.
        scope: Scope,
        /// Why.
        reason: Personal,
    },
    /// A freeze was lifted. Not part of an access's fold.
    Unfrozen {
        /// What.
        scope: Scope,
    },
    /// The owner of a listed exception and security were reminded of its end. Not part of an access's fold.
    ExceptionReminded {
        /// Which.
        exception: Exception,
        /// It was over by then.
        over: bool,
    },
    /// Security was told of what policy gave because somebody was on call. Not part of an access's fold.
    OncallDigested {
        /// What was given from then on.
        from: DateTime<Utc>,
        /// What was given before.
        until: DateTime<Utc>,
        /// How many.
        given: usize,
    },
    /// Somebody is away. Not part of an access's fold.
    WentAway {
        /// Who.
        person: PersonId,
        /// Until when.
        until: DateTime<Utc>,
        /// Who decides instead, where policy permits it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegate: Option<PersonId>,
    },
    /// Somebody is back before the time that they said. Not part of an access's fold.
    CameBack {
        /// Who.
        person: PersonId,
    },
    /// Policy or people were changed into something that cannot be put in force. Not part of an access's fold.
    PolicyRefused {
        /// How many problems there were.
        problems: usize,
    },
    /// Another policy is in force. Not part of an access's fold.
    PolicyLoaded {
        /// The one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PolicyHash>,
    },
}

/// What was asked for when a request was refused: as much as judging it again takes, beside role and words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who asked.
    pub requester: PersonId,
    /// Who was to get it.
    pub beneficiary: PersonId,
    /// The roles, where there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleName>,
    /// For how long.
    pub duration: Span,
    /// When it was to begin, where that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// The ticket named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Where it was asked.
    pub origin: Origin,
    /// Asked for more time on this access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<AccessId>,
    /// It was an emergency drill.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// Who was on call then, where policy asks that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_duty: Option<Box<OnDuty>>,
}

impl Event {
    /// The `type` in JSON: stable, for search and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::ScreeningStarted { .. } => "screening-started",
            Self::TicketLooked { .. } => "ticket-looked",
            Self::StepOpened { .. } => "step-opened",
            Self::AskedAgain { .. } => "asked-again",
            Self::Reminded => "reminded",
            Self::Escalated { .. } => "escalated",
            Self::Approved { .. } => "approved",
            Self::Claimed { .. } => "claimed",
            Self::Released { .. } => "released",
            Self::Questioned { .. } => "questioned",
            Self::Replied { .. } => "replied",
            Self::Scheduled { .. } => "scheduled",
            Self::ElevationStarted { .. } => "elevation-started",
            Self::Rehearsed { .. } => "rehearsed",
            Self::ElevationTroubled { .. } => "elevation-troubled",
            Self::Elevated { .. } => "elevated",
            Self::Revealed { .. } => "revealed",
            Self::Warned => "warned",
            Self::WarningSpared => "warning-spared",
            Self::RevocationStarted { .. } => "revocation-started",
            Self::RevocationFailed { .. } => "revocation-failed",
            Self::RevocationAlerted => "revocation-alerted",
            Self::ReviewOpened { .. } => "review-opened",
            Self::ReviewReminded => "review-reminded",
            Self::ReviewOverdue => "review-overdue",
            Self::Reviewed { .. } => "reviewed",
            Self::Closed { .. } => "closed",
            Self::Refused { .. } => "refused",
            Self::Frozen { .. } => "frozen",
            Self::Unfrozen { .. } => "unfrozen",
            Self::ExceptionReminded { .. } => "exception-reminded",
            Self::OncallDigested { .. } => "oncall-digested",
            Self::WentAway { .. } => "went-away",
            Self::CameBack { .. } => "came-back",
            Self::PolicyRefused { .. } => "policy-refused",
            Self::PolicyLoaded { .. } => "policy-loaded",
        }
    }
}
