//! Notices: what is told, without wording. `chat/cards/<notice>.rs` words each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::id::PersonId;
use crate::policy::Exception;
use crate::span::Span;

/// What is told, with the access as it was right after the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which notice.
    pub kind: NoticeKind,
    /// The snapshot it speaks of.
    pub access: Access,
    /// The other accesses of its bundle as they were then, where it speaks of all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundle: Vec<Access>,
    /// When it became true.
    pub at: DateTime<Utc>,
}

/// Every notice of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The requester's card: where the request stands, who is asked, what can be done now. Edited at every transition; its thread
    /// holds the story.
    Request,
    /// An approver's card of one step: who asks what, with buttons while it is open; afterwards who decided.
    Approval {
        /// Which step, from 0.
        step: usize,
    },
    /// To approvers, under their card: it still waits.
    Reminder,
    /// To the requester, in their thread: what an approver asks, with Reply. Edited when it is answered, or decided.
    Question {
        /// Its place among the questions, from 0.
        index: usize,
    },
    /// To approvers, under their card: one of them asked the requester something.
    QuestionAsked {
        /// Its place among the questions, from 0.
        index: usize,
    },
    /// To approvers, under their card: what the requester answered.
    Replied {
        /// The questions, by their place from 0.
        to: Vec<usize>,
    },
    /// To the requester: somebody agreed; what is next.
    Approved {
        /// Who.
        by: PersonId,
        /// For at most so long.
        at_most: Option<Span>,
    },
    /// To the requester: nobody answered, these were asked too.
    Escalated {
        /// Who.
        to: Vec<PersonId>,
    },
    /// To the requester: it is live, until when, how to use it.
    Granted,
    /// To the announcement channel: who holds what until when. Edited when it ends.
    Grant,
    /// To the holder: the end is near, with Extend and Done. Edited when it ends.
    Warning,
    /// To the announcement channel, under the grant: the end is near. Edited when it ends.
    EndsSoon,
    /// It is over (or the request is): how, by whom, and what the inspection proved.
    Ended,
    /// To security: an emergency bypass, with the buttons of its review. Edited at every transition.
    Review,
    /// To security, under that: it still waits.
    ReviewDue,
    /// To security, under that: nobody reviewed it in time.
    ReviewOverdue,
    /// To the one who took it: how it was reviewed.
    Reviewed,
    /// To security: what policy allowed could not be set up.
    ElevationFailed,
    /// To security and the requester: taking back fails; it is tried without end.
    RevocationFailing,
    /// To security, hourly.
    RevocationStillFailing,
    /// To security: taking back succeeded after failures.
    RevocationRecovered,
    /// To security: a grant ended but the person holds the same as standing access.
    StandingRemains {
        /// What lists it as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exception: Option<Exception>,
    },
}

impl NoticeKind {
    /// Whether it speaks of a bundle as a whole: what it waits for, and the cards that list all its roles.
    pub fn of_the_whole(&self) -> bool {
        matches!(
            self,
            Self::Request
                | Self::Approval { .. }
                | Self::Reminder
                | Self::Question { .. }
                | Self::QuestionAsked { .. }
                | Self::Replied { .. }
                | Self::Approved { .. }
                | Self::Escalated { .. }
        )
    }

    /// The name in logs and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Approval { .. } => "approval",
            Self::Reminder => "reminder",
            Self::Question { .. } => "question",
            Self::QuestionAsked { .. } => "question-asked",
            Self::Replied { .. } => "replied",
            Self::Approved { .. } => "approved",
            Self::Escalated { .. } => "escalated",
            Self::Granted => "granted",
            Self::Grant => "grant",
            Self::Warning => "warning",
            Self::EndsSoon => "ends-soon",
            Self::Ended => "ended",
            Self::Review => "review",
            Self::ReviewDue => "review-due",
            Self::ReviewOverdue => "review-overdue",
            Self::Reviewed => "reviewed",
            Self::ElevationFailed => "elevation-failed",
            Self::RevocationFailing => "revocation-failing",
            Self::RevocationStillFailing => "revocation-still-failing",
            Self::RevocationRecovered => "revocation-recovered",
            Self::StandingRemains { .. } => "standing-remains",
        }
    }
}
