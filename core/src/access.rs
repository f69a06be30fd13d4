//! The Access: one person's one role for one stretch of time, from the request to "verified gone".

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::advice::Advice;
use crate::decide::NATIVE_MARGIN;
use crate::entitlement::{Entitlement, Handover};
use crate::id::{AccessId, PersonId, PolicyHash, RoleName, ShortId};
use crate::personal::Personal;
use crate::policy::{Closing, Level, Risk, Route, Subject, Window};
use crate::refusal::Refusal;
use crate::span::Span;
use crate::ticket::{Looked, TicketId};

/// The aggregate. Only [`crate::apply::apply`] changes it; the store keeps it as one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The key.
    pub id: AccessId,
    /// What people see.
    pub short: ShortId,
    /// How many events made it; compared and set by every commit.
    pub version: u64,
    /// What was asked; never changes.
    pub request: Request,
    /// Who must agree; fixed when asked.
    pub route: Route,
    /// The policy it was judged under when asked.
    pub policy: PolicyHash,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
    /// Everybody who was asked so far, in order. For telling people; eligibility is judged anew at every click.
    pub asked: Vec<Asked>,
    /// Whom the steps so far name and who is not asked, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Every vote so far, in order.
    pub votes: Vec<Vote>,
    /// What its approvers are shown of the person, as of when the present step was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Box<Advice>>,
    /// What approvers asked back, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// What was found of its ticket, when it was looked up last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Box<Looked>>,
    /// When the target was first verified to hold it.
    pub activated_at: Option<DateTime<Utc>>,
    /// Of an emergency bypass: the review that must follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// The end of the window in which it may be held, where that could come before its own end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    /// Where it stands.
    pub state: State,
}

/// What was asked, with the role's description as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asked.
    pub requester: PersonId,
    /// Who gets it; the requester unless asked on behalf of another.
    pub beneficiary: PersonId,
    /// Which role.
    pub role: RoleName,
    /// The role's title, level, environment and risk when asked.
    pub title: String,
    /// See [`Level`].
    pub level: Level,
    /// For example `production`.
    pub environment: String,
    /// See [`Risk`].
    pub risk: Risk,
    /// The role's owner when asked, as the policy names it (`dana` or `group:name`).
    pub owner: String,
    /// What the target shall hold.
    pub entitlement: Entitlement,
    /// For how long, from when it is verified.
    pub duration: Span,
    /// When it shall begin, where that is later than when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// Why.
    pub justification: Personal,
    /// The ticket named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Where it was asked.
    pub origin: Origin,
    /// Set for an extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<Extends>,
    /// Set when it is only rehearsed: asked, judged, told, reviewed and ended like any other, and no target is touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// Set when it was asked for together with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Box<Bundle>>,
    /// Another asked for them, and they were in chat then: they are told as well. Whoever was not hears nothing, for the whole of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tells_beneficiary: bool,
}

impl Request {
    /// Whether the person who asked is the one who gets it.
    pub fn is_own(&self) -> bool {
        self.requester == self.beneficiary
    }
}

/// Several roles that were asked for in one request. Each is an access of its own; they wait for one decision together, and go their own
/// ways once it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The one whose id stands for all while they wait, and under which their cards stand: the strictest.
    pub lead: AccessId,
    /// All of them, in the order in which they were named.
    pub members: Vec<Member>,
}

/// One access of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its key.
    pub id: AccessId,
    /// The id that people see.
    pub short: ShortId,
    /// Which role.
    pub role: RoleName,
}

/// Why an access is only rehearsed. Fixed when asked, so that it stays a rehearsal until its end.
///
/// A rehearsal holds nothing at any time ([`Access::entitlement`] is `None`), so there is nothing to give, to inspect or to take back: it is
/// never Elevating nor Revoking, the two states in which connectors may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rehearsal {
    /// An emergency bypass taken to practise.
    Drill,
    /// Policy tries the role out.
    Pilot,
}

/// Where a command came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Which door.
    pub platform: Platform,
    /// The channel's id, and its name where the platform tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
}

/// A channel of a chat platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The platform's immutable id.
    pub id: String,
    /// Its name when it was used, without `#`; for people to read and for patterns of policy.
    pub name: String,
}

/// The doors into the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Slack.
    Slack,
    /// Microsoft Teams.
    Teams,
    /// The REST API.
    Api,
    /// The command line.
    Cli,
}

impl Platform {
    /// The name in tables, metrics and configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Api => "api",
            Self::Cli => "cli",
        }
    }
}

/// What an extension extends. It covers `[until, until + duration]` and is no second slot and no second elevation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extends {
    /// The access it follows on.
    pub parent: AccessId,
    /// Its short id, for people.
    pub parent_short: ShortId,
    /// The first access of the chain: its announcement and its thread go on.
    pub root: AccessId,
    /// The parent's end, which is this one's beginning.
    pub from: DateTime<Utc>,
    /// When the first access of the chain became active; maximum durations count from here.
    pub chain_since: DateTime<Utc>,
    /// The incident's channel that was told of the chain so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Under whose card its story goes on, where that is not the first access of the chain: that one was asked for in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<AccessId>,
}

/// Somebody who was asked to agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who.
    pub person: PersonId,
    /// To which step, from 0.
    pub step: usize,
    /// Added by escalation: may vote beside the step's own people.
    pub escalated: bool,
    /// Stands in for this person, who is away.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<PersonId>,
}

/// Somebody whom a step names, or who was asked, and who is not asked now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Who.
    pub person: PersonId,
    /// In which step, from 0.
    pub step: usize,
    /// Why.
    #[serde(flatten)]
    pub why: Unasked,
}

/// Why somebody is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Unasked {
    /// Their account is disabled, or they have left.
    Disabled,
    /// They have no identity on a chat platform that is configured, so that nothing reaches them.
    NotInChat,
    /// They are away.
    Away {
        /// Until when.
        until: DateTime<Utc>,
        /// Who is asked instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegate: Option<PersonId>,
    },
    /// They were asked, and policy no longer names them.
    NotNamed,
}

/// One agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub by: PersonId,
    /// For which step of the route, from 0.
    pub step: usize,
    /// In place of this person, who was away.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<PersonId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The longest this voter agreed to, where shorter than asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Span>,
}

/// Something that an approver asked back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub text: Personal,
    /// What they were answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
}

/// The answer to what an approver asked back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Who answered.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub text: Personal,
}

/// An approver who said that they are looking at it. Keeps nobody else from deciding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub by: PersonId,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The review of an emergency bypass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Any of these.
    pub by: Vec<Subject>,
    /// By when.
    pub due: DateTime<Utc>,
    /// They were reminded.
    pub reminded: bool,
    /// Nobody came in time.
    pub overdue: bool,
    /// What could not be asked or looked up when it was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Something that policy goes by in normal times, and that was not known when a bypass was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Unknown {
    /// Whether there is an open ticket: in an emergency none is looked up.
    Ticket,
    /// Who is on call by a rotation (`source/schedule`).
    Rotation {
        /// Which.
        name: String,
    },
    /// Whether a service (`source/service`) has an open incident.
    Incidents {
        /// Which.
        service: String,
    },
}

/// What a reviewer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who.
    pub by: PersonId,
    /// It was misuse; else it was justified.
    pub misuse: bool,
    /// What they looked at.
    pub note: Personal,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where an access stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Waits for what has to be looked up outside.
    Screening(Screening),
    /// Waits for people.
    Pending(Pending),
    /// Agreed; waits for its start.
    Scheduled(Scheduled),
    /// Agreed; connectors are at work.
    Elevating(Elevating),
    /// Verified at the target.
    Active(Active),
    /// Being taken back; not yet verified gone.
    Revoking(Revoking),
    /// Over.
    Closed(Closed),
}

/// What is to be known of its ticket is being looked up. Nobody is asked and nothing is given before it is known; what is not known by the
/// deadline counts as untrue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when an answer counts.
    pub deadline: DateTime<Utc>,
    /// Which ticket.
    pub ticket: TicketId,
    /// It was agreed to, and its start has come: what was true when it was asked is looked up once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
}

/// A step of the route waits for votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which step, from 0.
    pub step: usize,
    /// When the step was opened; its timers count from here.
    pub since: DateTime<Utc>,
    /// The one reminder was sent.
    pub reminded: bool,
    /// How often it was escalated.
    pub escalations: u32,
    /// When that was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<DateTime<Utc>>,
    /// The last escalation found nobody further to ask.
    pub exhausted: bool,
    /// Who is looking at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
}

impl Pending {
    /// A step opens.
    pub fn opened(step: usize, since: DateTime<Utc>) -> Self {
        Self { step, since, reminded: false, escalations: 0, escalated_at: None, exhausted: false, claims: Vec::new() }
    }
}

/// Agreed, and judged once more when its start comes. Nothing was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// When it was agreed.
    pub since: DateTime<Utc>,
    /// When it begins.
    pub start: DateTime<Utc>,
}

/// Connectors may have been called from here on: every way out goes through Revoking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elevating {
    /// When it was agreed.
    pub since: DateTime<Utc>,
    /// How long it will last: the least that anyone agreed to.
    pub duration: Span,
    /// The end given to the target, where it can expire by itself: stored before the first call.
    pub native_until: DateTime<Utc>,
    /// When we give up and take back whatever was given.
    pub deadline: DateTime<Utc>,
    /// The latest trouble, for people to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Held, verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// When it was verified: the clock's start.
    pub since: DateTime<Utc>,
    /// The end.
    pub until: DateTime<Utc>,
    /// The end that the target itself knows, where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_until: Option<DateTime<Utc>>,
    /// The warning before the end was given.
    pub warned: bool,
    /// The time for the warning passed without one, since an extension goes on.
    #[serde(default)]
    pub spared: bool,
    /// What the holder uses it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
}

/// Being taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoking {
    /// Why it ends.
    pub cause: EndCause,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Since when attempts fail; people see this as "revocation failing" everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

/// A revocation that does not succeed. It is tried without end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The first failure.
    pub since: DateTime<Utc>,
    /// When security was last alerted.
    pub alerted_at: DateTime<Utc>,
    /// The latest error, without secrets.
    pub error: String,
}

/// Over, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: Outcome,
}

/// Why an access ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum EndCause {
    /// Its time was over.
    Expired,
    /// The window closed in which it might be held, before its own time was over.
    WindowClosed {
        /// Which.
        closed: Window,
    },
    /// The holder was done.
    Done {
        /// The holder or the requester.
        by: PersonId,
    },
    /// Somebody took it back.
    Revoked {
        /// Who.
        by: Revoker,
        /// Why.
        reason: Personal,
    },
    /// Cancelled while connectors were at work.
    Cancelled {
        /// Who.
        by: PersonId,
    },
    /// The target refused for good.
    ElevationFailed {
        /// Without secrets.
        error: String,
    },
    /// The target did not manage in time.
    ElevationTimedOut {
        /// The latest trouble.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The access it extended was ended early.
    ParentEnded,
    /// The incident that it was given for is resolved.
    IncidentResolved {
        /// What people call it.
        title: String,
    },
    /// The ticket that it was given for is closed.
    TicketClosed {
        /// Which.
        ticket: TicketId,
    },
    /// Somebody it depends on was disabled or has left.
    Leaver {
        /// The holder or the requester.
        person: PersonId,
    },
}

impl EndCause {
    /// It came to the end that was known beforehand: nobody and nothing ended it early.
    pub fn is_foreseen(&self) -> bool {
        matches!(self, Self::Expired | Self::WindowClosed { .. })
    }
}

/// Who took an access back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revoker {
    /// A person in chat or API.
    Person(PersonId),
    /// An operator with the database in hand: `jit revoke-all`; the system's user name.
    Operator(String),
}

/// How an access came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// An approver said no.
    Denied {
        /// Who.
        by: PersonId,
        /// In place of this person, who was away.
        #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
        instead_of: Option<PersonId>,
        /// Why.
        reason: Personal,
    },
    /// Taken back by the one who asked, before anything was given.
    Cancelled {
        /// Who.
        by: PersonId,
    },
    /// The request was withdrawn by the role's owner, security or an operator, before anything was given.
    Withdrawn {
        /// Who.
        by: Revoker,
        /// Why.
        reason: Personal,
    },
    /// Nobody decided in time.
    TimedOut,
    /// What had to be looked up first was not as policy demands, or policy did not allow it any more once it was known.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// The ticket for which it was asked was closed before anything was given.
    TicketClosed {
        /// Which.
        ticket: TicketId,
    },
    /// Its start came, and policy did not allow it then; or its time was over before it could begin.
    NotStarted {
        /// Why.
        refusal: Refusal,
    },
    /// An extension that was undecided when the access it extends ended.
    Lapsed,
    /// Somebody it depends on was disabled or has left before anything was given.
    Leaver {
        /// The requester or the one who was to get it.
        person: PersonId,
    },
    /// It was given (or may have been) and has ended.
    Ended {
        /// Why.
        cause: EndCause,
        /// What the inspection found.
        proof: Proof,
    },
}

/// What the inspection after the end found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "kebab-case")]
pub enum Proof {
    /// The target no longer holds it: "verified gone".
    Gone {
        /// How many open sessions were ended.
        sessions_ended: u32,
    },
    /// Another live grant keeps it.
    RemainsUnder {
        /// Whose id people see.
        short: ShortId,
    },
    /// The person held it before us.
    RemainsStanding,
    /// It was a rehearsal: nothing was given, and the target was not touched.
    Untouched,
}

impl Access {
    /// Not over yet.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed(_))
    }

    /// The two who are told where it stands, and who can end it: who asked for it, and who gets it where that is another who can be told.
    pub fn told(&self) -> impl Iterator<Item = &PersonId> {
        let beneficiary = self.request.tells_beneficiary.then_some(&self.request.beneficiary);
        [&self.request.requester].into_iter().chain(beneficiary)
    }

    /// The name of the state, as in the metrics, the store and the API.
    pub fn state_name(&self) -> &'static str {
        match &self.state {
            State::Screening(_) => "screening",
            State::Pending(_) => "pending",
            State::Scheduled(_) => "scheduled",
            State::Elevating(_) => "elevating",
            State::Active(_) => "active",
            State::Revoking(_) => "revoking",
            State::Closed(_) => "closed",
        }
    }

    /// The end as far as it is known: of an active access.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            State::Active(active) => Some(active.until),
            _ => None,
        }
    }

    /// From when until when it will be held, while it waits for a later start.
    pub fn planned(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let waits = matches!(self.state, State::Screening(_) | State::Pending(_) | State::Scheduled(_));
        let start = self.request.starts_at.filter(|_| waits)?;
        Some((start, start + self.duration().delta()))
    }

    /// Who was asked to agree to a step, those added by escalation included.
    pub fn asked_in(&self, step: usize) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(move |asked| asked.step == step)
    }

    /// What it may hold at a target; nothing when it is only rehearsed.
    pub fn entitlement(&self) -> Option<&Entitlement> {
        self.request.rehearsal.is_none().then_some(&self.request.entitlement)
    }

    /// Who is asked to agree to a step and can: not those who cannot be asked now, nor those whose say has been used.
    pub fn waiting_in(&self, step: usize) -> impl Iterator<Item = &Asked> {
        let skipped = move |person: &PersonId| self.skipped_in(step).any(|skipped| skipped.person == *person);
        let spent = self.spent();
        let free = move |person: &PersonId| !spent.contains(person);
        self.asked_in(step).filter(move |asked| {
            !skipped(&asked.person) && free(&asked.person) && asked.instead_of.as_ref().is_none_or(&free)
        })
    }

    /// Who is not asked in a step, and why.
    pub fn skipped_in(&self, step: usize) -> impl Iterator<Item = &Skipped> {
        self.skipped.iter().filter(move |skipped| skipped.step == step)
    }

    /// Everybody whose say has been used: who voted, and for whom they stood in.
    pub fn spent(&self) -> BTreeSet<&PersonId> {
        self.votes.iter().flat_map(|vote| [Some(&vote.by), vote.instead_of.as_ref()]).flatten().collect()
    }

    /// Whether it ends with something that is looked up outside: an incident or a ticket.
    pub fn is_tied(&self) -> bool {
        let incident = self.route.oncall.as_ref().and_then(|oncall| oncall.ends_with());
        let ticket = self.route.ticket.as_ref().and_then(|demand| demand.ends_with());
        incident.is_some() || ticket.is_some()
    }

    /// By when a review is still owed.
    pub fn review_due(&self) -> Option<DateTime<Utc>> {
        self.review.as_ref().filter(|review| review.verdict.is_none()).map(|review| review.due)
    }

    /// Whether this person has a part in it: asked for it, gets it, or was asked to agree.
    pub fn is_party(&self, person: &PersonId) -> bool {
        self.request.requester == *person
            || self.request.beneficiary == *person
            || self.asked.iter().any(|asked| asked.person == *person)
    }

    /// The incident's channel that sees what becomes of it, beside the announcement channel.
    pub fn incident_channel(&self) -> Option<&str> {
        let inherited = || self.request.extends.as_ref().and_then(|extends| extends.channel.as_deref());
        inherited().or_else(|| self.route.oncall.as_ref().and_then(|oncall| oncall.channel.as_deref()))
    }

    /// The first access of the chain of extensions; its messages go on.
    pub fn root(&self) -> AccessId {
        self.request.extends.as_ref().map_or(self.id, |extends| extends.root)
    }

    /// The access under whose id people's cards of it stand: its own, or its bundle's lead.
    pub fn lead(&self) -> AccessId {
        self.request.bundle.as_ref().map_or(self.id, |bundle| bundle.lead)
    }

    /// The id that people see of [`Access::lead`].
    pub fn lead_short(&self) -> &ShortId {
        let lead = |bundle: &'_ Bundle| bundle.members.iter().position(|member| member.id == bundle.lead);
        let bundle = self.request.bundle.as_ref();
        let named = bundle.and_then(|bundle| bundle.members.get(lead(bundle)?)).map(|member| &member.short);
        named.unwrap_or(&self.short)
    }

    /// Whether another access speaks for it: one of a bundle that is not its lead.
    pub fn follows(&self) -> bool {
        self.lead() != self.id
    }

    /// Whether it waits together with the others of its bundle: once they are agreed to, each goes its own way.
    pub fn waits_together(&self) -> bool {
        let waits = match &self.state {
            State::Screening(screening) => !screening.at_start,
            state => matches!(state, State::Pending(_)),
        };
        waits && self.request.bundle.is_some()
    }

    /// The access in whose thread the requester reads its story.
    pub fn thread(&self) -> AccessId {
        let extends = self.request.extends.as_ref();
        extends.map_or_else(|| self.lead(), |extends| extends.thread.unwrap_or(extends.root))
    }

    /// How long it may last now: what was asked, or the least that anyone agreed to.
    pub fn duration(&self) -> Span {
        self.votes.iter().filter_map(|v| v.at_most).fold(self.request.duration, Ord::min)
    }

    /// What of the entitlement must be held now because of this access, and until when at the target.
    pub fn holds(&self) -> Option<DateTime<Utc>> {
        self.entitlement()?;
        match &self.state {
            State::Elevating(elevating) => Some(elevating.native_until),
            // What the target said may be the end of a longer one beside it.
            State::Active(active) => {
                Some(active.native_until.unwrap_or(active.until).min(active.until + NATIVE_MARGIN))
            }
            _ => None,
        }
    }
}
