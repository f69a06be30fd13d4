//! Commands: everything that can happen to an access, from people, timers, connectors and chained accesses alike.

use chrono::{DateTime, Utc};

use crate::access::{Member, Origin, Revoker};
use crate::entitlement::Handover;
use crate::id::{AccessId, PersonId, RoleName, ShortId};
use crate::incident::IncidentId;
use crate::personal::Personal;
use crate::span::Span;
use crate::ticket::{Finding, TicketId};
use crate::timer::TimerKind;

/// What shall happen to one access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask for a role, or (with `extends` in the facts) for more time.
    Request(Box<Ask>),
    /// Agree, for at most so long.
    Approve {
        /// Who.
        by: PersonId,
        /// Shorter than asked, where set.
        at_most: Option<Span>,
    },
    /// Refuse.
    Deny {
        /// Who.
        by: PersonId,
        /// Why.
        reason: Personal,
    },
    /// Say that one is looking at it.
    Claim {
        /// Who.
        by: PersonId,
    },
    /// Ask the requester something.
    Question {
        /// Who.
        by: PersonId,
        /// What.
        text: Personal,
    },
    /// Answer what approvers asked.
    Reply {
        /// Who.
        by: PersonId,
        /// What.
        text: Personal,
        /// How many questions there were when the answer was written; later ones stay open. `None`: all there are.
        seen: Option<usize>,
    },
    /// Take a request back.
    Cancel {
        /// Who.
        by: PersonId,
    },
    /// The holder needs it no longer.
    Done {
        /// Who.
        by: PersonId,
    },
    /// Get a new secret for the account that was made for them.
    Reveal {
        /// Who.
        by: PersonId,
    },
    /// Take access back early.
    Revoke {
        /// Who.
        by: Revoker,
        /// Why.
        reason: Personal,
    },
    /// A timer fired.
    Timer {
        /// Which.
        kind: TimerKind,
    },
    /// The target was verified to hold it.
    Elevated {
        /// When the target was inspected.
        verified_at: DateTime<Utc>,
        /// The end that the target itself knows.
        native_until: Option<DateTime<Utc>>,
        /// What the holder uses it with.
        handover: Option<Handover>,
    },
    /// The target could not be made to hold it.
    ElevationFailed {
        /// Without secrets.
        error: String,
        /// Trying again is of no use.
        permanent: bool,
    },
    /// The target was inspected after the end.
    Settled {
        /// What was found.
        proof: crate::access::Proof,
    },
    /// Taking back failed; it is tried again.
    RevocationFailed {
        /// Without secrets.
        error: String,
    },
    /// The access that this one extends was ended early.
    ParentEnded,
    /// The directory has changed: may it go on?
    Recheck,
    /// Its source says that an incident is resolved.
    IncidentResolved {
        /// Which.
        incident: IncidentId,
    },
    /// A ticket was looked up, or will not be.
    TicketLooked {
        /// Which.
        ticket: TicketId,
        /// What was found.
        finding: Finding,
    },
    /// Its source says that a ticket is closed.
    TicketClosed {
        /// Which.
        ticket: TicketId,
    },
    /// Say whether an emergency bypass was justified.
    Review {
        /// Who.
        by: PersonId,
        /// It was misuse.
        misuse: bool,
        /// What was looked at.
        note: Personal,
    },
}

/// A request as the shell makes it of a person's words; ids and salt are fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Fresh key.
    pub id: AccessId,
    /// Fresh short id.
    pub short: ShortId,
    /// Who asks.
    pub requester: PersonId,
    /// Who shall get it.
    pub beneficiary: PersonId,
    /// Which role.
    pub role: RoleName,
    /// Further roles of the same request, with fresh ids as well.
    pub more: Vec<Member>,
    /// For how long.
    pub duration: Span,
    /// Why.
    pub justification: Personal,
    /// The ticket named.
    pub ticket: Option<String>,
    /// When it shall begin; at once where not set.
    pub starts_at: Option<DateTime<Utc>>,
    /// Where.
    pub origin: Origin,
    /// Asks for more time on this access, which is in the facts as `parent`.
    pub extends: Option<AccessId>,
    /// Takes it at once in an emergency; reviewed afterwards.
    pub emergency: bool,
    /// Practises that: everything but the elevation.
    pub drill: bool,
}

impl Ask {
    /// Every role that is asked for, with the ids that its access would have; in the order in which they were named.
    pub fn members(&self) -> Vec<Member> {
        let first = Member { id: self.id, short: self.short.clone(), role: self.role.clone() };
        std::iter::once(first).chain(self.more.iter().cloned()).collect()
    }

    /// Every role that is asked for.
    pub fn roles(&self) -> Vec<&RoleName> {
        std::iter::once(&self.role).chain(self.more.iter().map(|member| &member.role)).collect()
    }

    /// The same for one of the roles alone.
    pub fn alone(&self, member: &Member) -> Self {
        let Member { id, short, role } = member.clone();
        Self { id, short, role, more: Vec::new(), ..self.clone() }
    }
}

impl Command {
    /// The verb, for metrics and for the record of refusals.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Request(ask) if ask.extends.is_some() => "extend",
            Self::Request(ask) if ask.emergency => "emergency",
            Self::Request(_) => "request",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } => "deny",
            Self::Claim { .. } => "claim",
            Self::Question { .. } => "ask",
            Self::Reply { .. } => "reply",
            Self::Cancel { .. } => "cancel",
            Self::Done { .. } => "done",
            Self::Reveal { .. } => "reveal",
            Self::Revoke { .. } => "revoke",
            Self::Timer { .. } => "timer",
            Self::Elevated { .. } => "elevated",
            Self::ElevationFailed { .. } => "elevation-failed",
            Self::Settled { .. } => "settled",
            Self::RevocationFailed { .. } => "revocation-failed",
            Self::ParentEnded => "parent-ended",
            Self::Recheck => "recheck",
            Self::IncidentResolved { .. } => "incident-resolved",
            Self::TicketLooked { .. } => "ticket-looked",
            Self::TicketClosed { .. } => "ticket-closed",
            Self::Review { .. } => "review",
        }
    }
}
