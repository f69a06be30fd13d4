//! Bulletins: what is told about the service itself, not about an access. `chat/cards/<bulletin>.rs` words each.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::freeze::Freeze;
use crate::id::PolicyHash;
use crate::policy::{Exception, Given};

/// Every bulletin of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "bulletin", rename_all = "kebab-case")]
pub enum Bulletin {
    /// To security and the announcement channel: new access is frozen. Edited when that is lifted.
    Freeze {
        /// As it stands.
        freeze: Freeze,
    },
    /// To security and to its owner: a listed exception ends soon, or is over.
    Exception {
        /// Which.
        exception: Exception,
        /// It is not listed any more.
        over: bool,
    },
    /// To security, once a day: what policy gave because somebody was on call.
    OncallDigest {
        /// What was given from then on.
        from: DateTime<Utc>,
        /// What was given before.
        until: DateTime<Utc>,
        /// The zone that it is told in.
        zone: Tz,
        /// The first of them, as it was when it was told.
        given: Vec<Given>,
        /// How many more there are.
        more: usize,
    },
    /// To security: another policy is in force.
    PolicyLoaded {
        /// The one before.
        before: PolicyHash,
        /// The new one.
        after: PolicyHash,
    },
    /// To security: policy or people were changed into something that cannot be put in force; the old ones go on.
    PolicyRefused {
        /// The problems with file and line, the first few.
        problems: Vec<String>,
        /// How many more there are.
        more: usize,
    },
}

impl Bulletin {
    /// The name in logs and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Freeze { .. } => "freeze",
            Self::Exception { .. } => "exception",
            Self::OncallDigest { .. } => "oncall-digest",
            Self::PolicyLoaded { .. } => "policy-loaded",
            Self::PolicyRefused { .. } => "policy-refused",
        }
    }
}
