//! Refusals: a person's fault or a policy's word. Never an error of the product, never logged as one.

use serde::{Deserialize, Serialize};

/// Why something was not done: what happened, what to do next, which rule said so, who could change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what} {next}")]
pub struct Refusal {
    /// Stable, for programs and for the record.
    pub code: Code,
    /// What happened: one sentence of plain text, names in backquotes.
    pub what: String,
    /// What to do next: one sentence.
    pub next: String,
    /// The rule, limit or role that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who could change it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
}

/// The stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The words could not be understood.
    NotUnderstood,
    /// No such role, person, access or verb.
    NotFound,
    /// The person is not in the directory.
    UnknownPerson,
    /// The person's account is disabled.
    Disabled,
    /// No rule lets this person have this role.
    NotPermitted,
    /// Longer than some maximum, or shorter than the minimum.
    Duration,
    /// The justification is missing or says nothing.
    Justification,
    /// The ticket is missing.
    Ticket,
    /// Outside the hours of the rule.
    Hours,
    /// Outside every change window.
    ChangeWindow,
    /// During a blackout.
    Blackout,
    /// Somebody's contract ends before it could be held.
    Contract,
    /// The time at which it shall begin is over, or too far off.
    Start,
    /// A limit is reached.
    Limit,
    /// A conflicting role is held or asked for.
    Conflict,
    /// The same is already asked for or held.
    Duplicate,
    /// Nobody could approve it.
    NoApprover,
    /// The person has no account in the role's system.
    NoAccount,
    /// One's own request.
    OwnRequest,
    /// This person has no say in this.
    NotApprover,
    /// This person agreed already.
    AlreadyVoted,
    /// Somebody else was first, or its time is over.
    AlreadyDecided,
    /// Not possible in the state it is in.
    WrongState,
    /// The policy has changed since it was asked, and no longer allows it.
    PolicyChanged,
    /// New access is frozen.
    Frozen,
    /// An earlier emergency bypass was not reviewed in time.
    ReviewOverdue,
}

impl Refusal {
    /// A refusal of no particular rule.
    pub fn new(code: Code, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, what: what.into(), next: next.into(), rule: None, ask: None }
    }

    /// Names the rule that refused.
    #[must_use]
    pub fn by_rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Names who could change it.
    #[must_use]
    pub fn ask(mut self, who: impl Into<String>) -> Self {
        self.ask = Some(who.into());
        self
    }
}

impl Code {
    /// The code as programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotUnderstood => "not-understood",
            Self::NotFound => "not-found",
            Self::UnknownPerson => "unknown-person",
            Self::Disabled => "disabled",
            Self::NotPermitted => "not-permitted",
            Self::Duration => "duration",
            Self::Justification => "justification",
            Self::Ticket => "ticket",
            Self::Hours => "hours",
            Self::ChangeWindow => "change-window",
            Self::Blackout => "blackout",
            Self::Contract => "contract",
            Self::Start => "start",
            Self::Limit => "limit",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::NoApprover => "no-approver",
            Self::NoAccount => "no-account",
            Self::OwnRequest => "own-request",
            Self::NotApprover => "not-approver",
            Self::AlreadyVoted => "already-voted",
            Self::AlreadyDecided => "already-decided",
            Self::WrongState => "wrong-state",
            Self::PolicyChanged => "policy-changed",
            Self::Frozen => "frozen",
            Self::ReviewOverdue => "review-overdue",
        }
    }
}
