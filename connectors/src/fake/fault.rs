//! What can go wrong with a fake: faults pass, flaws are dishonesty that the conformance kit must find.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A call of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `grant`
    Grant,
    /// `revoke`
    Revoke,
    /// `end_sessions`
    EndSessions,
    /// `reveal`
    Reveal,
    /// `inspect`
    Inspect,
    /// `holders`
    Holders,
    /// `probe`
    Probe,
}

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Right, after this long.
    Late(Duration),
    /// Does its work, then fails.
    HalfDone,
    /// Does its work two times over.
    Twice,
    /// Says that all is well and does nothing; a look-up answers what was true before the last change.
    Lie,
    /// Refused, to be tried again after this long.
    Throttled(Duration),
    /// Fails until somebody mends it.
    Permanent(String),
    /// Not reached.
    Down,
    /// No answer for this long, then failed; nothing was done.
    Hang(Duration),
}

/// How a connector is dishonest for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Declares an expiry of its own and has none.
    NeverExpires,
    /// Says granted and gives nothing; inspects what it said.
    GrantLies,
    /// Says revoked and takes nothing; inspects what it said.
    RevokeLies,
    /// Says revoked and takes nothing; inspects the truth.
    RevokeDoesNothing,
    /// Each grant has to be revoked once.
    GrantsCount,
    /// A second grant fails.
    SecondGrantFails,
    /// Another end is not given on to the target.
    EndStays,
    /// An inspection answers `Gone` when it cannot look.
    GoneWhenUnreachable,
    /// What may pass is called permanent.
    UnreachableIsPermanent,
    /// Declares that it ends sessions and leaves them.
    SessionsSurvive,
    /// Ends other people's sessions as well.
    BystandersDie,
    /// Revoking nothing is an error.
    RevokeOfNothingFails,
    /// Puts a secret into an error.
    ErrorsTellSecrets,
    /// Does not list those whom somebody else gave it.
    HoldersForget,
    /// Takes any target for a good one.
    AnyTargetWillDo,
    /// Acts after the deadline.
    DeadlineIgnored,
    /// Sees only what it gave itself.
    StandingUnseen,
    /// Calls that overlap get in each other's way.
    OverlapFails,
    /// Revoking for one account takes it from all.
    RevokesEverybody,
}
