//! What the outbox worker asks of a chat platform: post or edit one notice, and say how it went. Platforms implement [`Chat`].

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jit_core::access::Platform;
use jit_core::effect::Tell;
use jit_core::id::PersonId;
use serde::{Deserialize, Serialize};

use crate::cards::Context;

/// A chat platform, to the outbox worker.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Which one.
    fn platform(&self) -> Platform;

    /// How fast it takes what we say.
    fn pace(&self) -> Pace;

    /// Posts a notice, or edits the message that it is told in. Idempotent with [`Delivery::may_be_posted`].
    async fn deliver(&self, delivery: &Delivery<'_>, context: &Context<'_>) -> Result<Handle, ChatError>;
}

/// How fast a platform takes what we say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// New messages of one conversation.
    pub conversation: Rate,
    /// Deliveries in all, edits too; `None`: it has no such bound.
    pub all: Option<Rate>,
}

/// So many a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// For long.
    pub per_second: f64,
    /// After a rest.
    pub burst: u32,
}

/// One notice on its way.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// To whom, and what.
    pub tell: &'a Tell,
    /// The message of this slot, if it was posted before: it is edited.
    pub posted: Option<&'a Handle>,
    /// The message in whose thread it stands.
    pub thread: Option<&'a Handle>,
    /// Who may press a button of it, where it goes to many: their clients may show them a face of their own. For showing only.
    pub acting: &'a [PersonId],
    /// When it was first queued: no message of it is older.
    pub queued_at: DateTime<Utc>,
    /// Travels in the message, so that it can be found again.
    pub outbox_id: &'a str,
    /// An earlier attempt may have got through without our hearing of it: look before posting.
    pub may_be_posted: bool,
}

/// A posted message: enough to edit it, or to answer in its thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Handle {
    /// The platform's id of the conversation.
    pub conversation: String,
    /// The platform's id of the message in it.
    pub message: String,
}

/// Why a message was not delivered. Never holds a token, or the words of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Too many calls; try again after so long.
    #[error("rate limited for {} s", after.as_secs())]
    RateLimited {
        /// As the platform says.
        after: Duration,
    },
    /// It may work later: trouble at the platform, or a token that has to be mended.
    #[error("chat refused for now: {what}")]
    Retry {
        /// The platform's code, or what was wrong with its answer.
        what: String,
        /// As the platform says.
        after: Option<Duration>,
    },
    /// It will never work like this: park it and show it.
    #[error("chat refused: {code}")]
    Permanent {
        /// The platform's code.
        code: String,
    },
    /// The app is not there for them: nothing will arrive until somebody installs it.
    #[error("the app is not installed there: {code}")]
    NotInstalled {
        /// The platform's code.
        code: String,
    },
    /// The platform was not reached, or did not answer in time; it may have done what was asked.
    #[error("chat not reached: {what}")]
    Unreachable {
        /// What happened.
        what: String,
    },
}

impl ChatError {
    /// For metrics: `rate-limited`, `retry`, `permanent`, `not-installed`, `unreachable`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate-limited",
            Self::Retry { .. } => "retry",
            Self::Permanent { .. } => "permanent",
            Self::NotInstalled { .. } => "not-installed",
            Self::Unreachable { .. } => "unreachable",
        }
    }

    /// Whether the message may have been posted all the same, so that the next attempt must look first.
    pub fn may_be_posted(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Retry { .. })
    }
}
