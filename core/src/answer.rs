//! Answers: what the person who typed or clicked is told at once, seen by them alone. Worded by chat, like notices.

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::directory::Absence;
use crate::event::EventRecord;
use crate::freeze::Freeze;
use crate::id::{PersonId, RoleName};
use crate::policy::{Exception, Level, Risk};
use crate::refusal::Refusal;
use crate::span::Span;

/// What the person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// A request was made (or its double found): where it stands and who is asked, step by step.
    Asked {
        /// As it stands; of several roles that were asked for together, the one that leads.
        access: Box<Access>,
        /// The others that were asked for with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bundle: Vec<Access>,
        /// Whom each step asks.
        approvers: Vec<Vec<PersonId>>,
        /// The same was open already; nothing new was made.
        already: bool,
    },
    /// A verb on an access was done.
    Acted {
        /// Which: `approve`, `deny`, `cancel`, `done`, `revoke`.
        verb: String,
        /// As it stands now.
        access: Box<Access>,
        /// The others of its bundle, where it was done to all of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bundle: Vec<Access>,
    },
    /// `/jit home`, and the home tab: what waits for a person, what they hold and asked for.
    Home {
        /// Whose.
        me: PersonId,
        /// What they asked for or have, newest first; some of what is over included.
        accesses: Vec<Access>,
        /// What waits for their decision or review, oldest first.
        waiting: Vec<Access>,
        /// There is a role that they may ask for.
        may_ask: bool,
    },
    /// The app has come to somebody: what it does, and where to begin.
    Welcome {
        /// There is a role that they may ask for.
        may_ask: bool,
        /// One of them, for the example.
        role: Option<RoleName>,
    },
    /// `/jit mine`: my open requests and grants, then the latest that ended.
    Mine {
        /// Open ones first, newest first.
        accesses: Vec<Access>,
        /// Who asks.
        me: PersonId,
    },
    /// `/jit show`: one access and its story.
    Show {
        /// As it stands.
        access: Box<Access>,
        /// The others that were asked for with it, as far as this person may see them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bundle: Vec<Access>,
        /// Every event, oldest first.
        history: Vec<EventRecord>,
        /// What the person may do now: names of verbs.
        may: Vec<String>,
    },
    /// `/jit pending`: what waits for this person.
    Pending {
        /// Oldest first.
        accesses: Vec<Access>,
    },
    /// `/jit who`: who holds a role now.
    Who {
        /// Which role.
        role: RoleName,
        /// Live ones, the next to end first.
        accesses: Vec<Access>,
        /// How many there are that this person may not see.
        hidden: usize,
        /// Standing access that is listed as known.
        exceptions: Vec<Exception>,
    },
    /// `/jit roles`: the catalogue.
    Roles {
        /// What was searched for.
        text: Option<String>,
        /// What fits, those the person may ask for first.
        roles: Vec<RoleLine>,
    },
    /// `/jit why`: rule by rule.
    Why {
        /// Which role, or which ones together.
        roles: Vec<RoleName>,
        /// Plain sentences.
        lines: Vec<String>,
    },
    /// `/jit freeze`, `/jit unfreeze`: what was done, and what is frozen now.
    Frozen {
        /// What was frozen or lifted just now.
        changed: Option<Freeze>,
        /// What is frozen, the oldest first.
        freezes: Vec<Freeze>,
    },
    /// Words that begin with nothing like a verb: where to begin.
    Unclear,
    /// `/jit away`, `/jit back`: until when the person is away, and who decides instead; nothing when they are here.
    Away {
        /// As it is now.
        absence: Option<Absence>,
    },
    /// `/jit help`, of one verb or all.
    Help {
        /// Which verb.
        verb: Option<String>,
        /// A role that the person may ask for, for examples that they can use as they are.
        role: Option<RoleName>,
    },
    /// It was refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// A role as the catalogue shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleLine {
    /// Its name.
    pub name: RoleName,
    /// Its title.
    pub title: String,
    /// See [`Level`].
    pub level: Level,
    /// Its environment.
    pub environment: String,
    /// See [`Risk`].
    pub risk: Risk,
    /// The longest it may be held.
    pub max_duration: Span,
    /// This person may ask for it.
    pub requestable: bool,
    /// It is only tried out: nothing is given.
    pub pilot: bool,
}
