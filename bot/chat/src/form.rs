//! The Form: a dialog, in a small tree that every platform renders in its own way. Built by [`crate::forms`].

use jit_core::access::Channel;
use jit_core::grammar;
use jit_core::id::{AccessId, PersonId, RoleName};
use jit_core::policy::Level;
use jit_core::span::Span;
use serde::{Deserialize, Serialize};

use crate::card::Block;
use crate::cards::words;

/// One dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Which; comes back with the submission.
    pub kind: FormKind,
    /// At most 24 characters.
    pub title: String,
    /// What the button says; at most 24 characters. `None`: there is nothing to send.
    pub submit: Option<String>,
    /// Said above the fields.
    pub intro: Vec<Block>,
    /// Said above the fields too, where it is seen on a small screen: what would happen.
    pub preview: Vec<Block>,
    /// From top to bottom.
    pub fields: Vec<Field>,
    /// Comes back with the submission.
    pub meta: Meta,
}

/// The dialogs of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormKind {
    /// Ask for a role.
    Request,
    /// Refuse a request, with a reason.
    Deny,
    /// Ask the requester something.
    Ask,
    /// Answer what approvers asked.
    Reply,
    /// Agree for less time.
    ApproveShorter,
    /// Ask for more time.
    Extend,
    /// Set a new password, which is then shown.
    Reveal,
    /// Take access back, with a reason.
    Revoke,
    /// Take a role at once in an emergency.
    Emergency,
    /// Review a bypass as justified.
    Justified,
    /// Review it as misuse.
    Misuse,
}

/// What a dialog carries, so that its submission can be understood by any replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// The access it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessId>,
    /// The channel where it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Of an emergency: only practise it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// How many questions there were when it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub questions: Option<usize>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the submission, one of [`field`].
    pub id: &'static str,
    /// What it asks.
    pub label: String,
    /// How to answer.
    pub hint: Option<String>,
    /// How it is answered.
    pub input: Input,
    /// May be left empty.
    pub optional: bool,
    /// A change is told at once, so that the preview follows.
    pub live: bool,
}

/// How a field is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// One of these.
    Select {
        /// In order.
        options: Vec<Choice>,
        /// The one chosen at first: its value.
        selected: Option<String>,
        /// Searched at the server while typing, because there are too many to list.
        external: bool,
    },
    /// Some of these.
    MultiSelect {
        /// In order.
        options: Vec<Choice>,
        /// Those chosen at first: their values.
        selected: Vec<String>,
        /// Most that can be chosen.
        max: usize,
        /// Searched at the server while typing, because there are too many to list.
        external: bool,
    },
    /// Words.
    Text {
        /// Several lines.
        multiline: bool,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
        /// Filled in at first.
        initial: Option<String>,
        /// Shown while empty.
        placeholder: Option<String>,
    },
}

/// One of several answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What comes back.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// The names of fields.
pub mod field {
    /// Only roles of this level are offered.
    pub const LEVEL: &str = "level";
    /// The role's name.
    pub const ROLE: &str = "role";
    /// A duration chosen from a list.
    pub const DURATION: &str = "duration";
    /// A duration typed; goes before the one chosen.
    pub const OTHER_DURATION: &str = "other-duration";
    /// Why.
    pub const REASON: &str = "reason";
    /// The ticket.
    pub const TICKET: &str = "ticket";
    /// When it shall begin.
    pub const AT: &str = "at";
    /// Of an emergency: the real thing, or a drill of it.
    pub const REALITY: &str = "reality";
    /// Who shall get it.
    pub const WHOM: &str = "whom";
    /// Every one.
    pub const ALL: [&str; 9] = [LEVEL, ROLE, DURATION, OTHER_DURATION, REASON, TICKET, AT, REALITY, WHOM];
}

/// The values of [`field::REALITY`].
pub(crate) const REAL: &str = "real";
pub(crate) const DRILL: &str = "drill";

/// What was filled in, by field; of several that were chosen, their values with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub std::collections::BTreeMap<String, String>);

impl Values {
    /// What was filled in, without surrounding blanks; `None` where empty.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The roles chosen.
    pub fn roles(&self) -> Vec<RoleName> {
        let chosen = self.get(field::ROLE).unwrap_or_default().split(',').map(str::trim);
        chosen.filter(|role| !role.is_empty()).map(RoleName::new).collect()
    }

    /// Who shall get it.
    pub fn whom(&self) -> Option<PersonId> {
        self.get(field::WHOM).map(PersonId::new)
    }

    /// Of an emergency: whether it is only practised, where that was chosen.
    pub fn drill(&self) -> Option<bool> {
        self.get(field::REALITY).map(|chosen| chosen == DRILL)
    }

    /// The level that filters the roles.
    pub fn level(&self) -> Option<Level> {
        let chosen = self.get(field::LEVEL)?;
        [Level::ReadOnly, Level::Write, Level::Admin].into_iter().find(|level| words::level(*level) == chosen)
    }

    /// The duration: typed before chosen. The error is for the field of [`Values::duration_field`].
    pub fn duration(&self) -> Option<Result<Span, String>> {
        let text = self.get(field::OTHER_DURATION).or_else(|| self.get(field::DURATION))?;
        Some(grammar::span(text).map_err(|error| error.to_string()))
    }

    /// The field that a wrong duration is told at.
    pub fn duration_field(&self) -> &'static str {
        if self.get(field::OTHER_DURATION).is_some() { field::OTHER_DURATION } else { field::DURATION }
    }
}

impl FormKind {
    /// Every dialog.
    pub const ALL: [Self; 11] = [
        Self::Request,
        Self::Deny,
        Self::Ask,
        Self::Reply,
        Self::ApproveShorter,
        Self::Extend,
        Self::Reveal,
        Self::Revoke,
        Self::Emergency,
        Self::Justified,
        Self::Misuse,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Reply => "reply",
            Self::ApproveShorter => "approve-shorter",
            Self::Extend => "extend",
            Self::Reveal => "reveal",
            Self::Revoke => "revoke",
            Self::Emergency => "emergency",
            Self::Justified => "justified",
            Self::Misuse => "misuse",
        }
    }

    /// Reads [`FormKind::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
