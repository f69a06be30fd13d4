//! Effects: what must happen outside because of a decision. Stored with it; acted on afterwards.
//!
//! Two things are not effects because they follow from the state itself: timers ([`crate::timer::timers`]) and what targets must
//! hold ([`crate::access::Access::holds`], [`crate::reconcile`]).

use serde::{Deserialize, Serialize};

use crate::bulletin::Bulletin;
use crate::id::{AccessId, PersonId};
use crate::notice::Notice;

/// What must happen outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Tell somebody.
    Tell(Box<Tell>),
    /// The access's entitlement wants attention now: its worker looks at once instead of at its next sweep.
    Reconcile,
    /// Something has to be looked up for this access: its worker begins at once instead of at its next sweep.
    Screen,
    /// The extensions of this access end with it.
    EndChildren,
}

/// One notice to one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// To whom.
    pub to: Recipient,
    /// Which message of theirs this is: told again for the same slot, the message is edited instead.
    pub slot: Slot,
    /// The message in whose thread it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Slot>,
    /// What is told.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "kebab-case")]
pub enum Content {
    /// Something about an access.
    Notice(Box<Notice>),
    /// Something about the service.
    Bulletin(Box<Bulletin>),
}

impl Tell {
    /// The notice, where it is one.
    pub fn notice(&self) -> Option<&Notice> {
        match &self.content {
            Content::Notice(notice) => Some(notice),
            Content::Bulletin(_) => None,
        }
    }
}

/// A conversation, by its meaning; chat resolves it to platform ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// The direct message with a person.
    Person(PersonId),
    /// The channel for grants, warnings and revocations.
    Announce,
    /// The channel for bypasses, failures and drift.
    Security,
    /// The channel of an incident: the platform's id, or a name with `#`.
    Channel(String),
}

impl Recipient {
    /// Stable text: ordering and uniqueness in the store are per recipient.
    pub fn key(&self) -> String {
        match self {
            Self::Person(id) => format!("person:{id}"),
            Self::Announce => "announce".to_owned(),
            Self::Security => "security".to_owned(),
            Self::Channel(channel) => format!("channel:{channel}"),
        }
    }
}

/// Names one message of a conversation: an access and a word. The same slot is the same message, whatever crashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Which access the message is about; of a bulletin, its own key.
    pub access: AccessId,
    /// Which message, for example `request`, `approval-0`, `warning`.
    pub name: String,
}

impl Slot {
    /// Names a message.
    pub fn new(access: AccessId, name: impl Into<String>) -> Self {
        Self { access, name: name.into() }
    }
}
