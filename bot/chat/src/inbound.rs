//! What somebody did on a chat platform, whichever it was. Made by the platforms' decoders, read by the doors of the shell.
//!
//! [`Inbound::way`] is the platform's own: what it needs to answer.

use jit_core::access::Channel;
use jit_core::id::{AccessId, RoleName};
use jit_core::notice::NoticeKind;

use crate::card::Verb;
use crate::deliver::Handle;
use crate::form::{FormKind, Meta, Values};

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound<Way> {
    /// The same for every copy of the same deed; `None` where repeating does no harm.
    pub dedupe_key: Option<String>,
    /// The platform's immutable id of the person; empty where nobody did anything.
    pub user: String,
    /// Where, if it is a channel: what policy's `in_channels` is held against.
    pub channel: Option<Channel>,
    /// What they want.
    pub intent: Intent,
    /// How they are answered.
    pub way: Way,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Words of the `/jit` language, in plain text.
    Line {
        /// As typed, without the mention of the bot.
        text: String,
    },
    /// A button on an access was pressed.
    Button {
        /// Which.
        verb: Verb,
        /// On which access.
        access: AccessId,
        /// The message it stands in; `None` for one that only this person sees.
        message: Option<Handle>,
    },
    /// The button that opens the form for a request.
    RequestForm {
        /// Of these roles.
        roles: Vec<RoleName>,
    },
    /// Their own face of a card that many see.
    Face {
        /// Of which access.
        access: AccessId,
        /// Which card.
        notice: NoticeKind,
    },
    /// A form was sent.
    Form(Box<Submission>),
    /// Something in a form has changed: its preview wants to be made anew.
    FormChanged {
        /// As it stands.
        form: Box<Submission>,
        /// The field that changed.
        field: String,
    },
    /// Options for a field are asked for.
    Options {
        /// Of which form.
        form: Option<FormKind>,
        /// Of which field.
        field: String,
        /// What was typed.
        query: String,
    },
    /// The app's home was opened.
    Home,
    /// Nothing yet: the app has just come to them.
    Installed,
    /// Nothing that we answer to.
    Ignored,
}

/// A form with what was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Which form.
    pub form: FormKind,
    /// What was filled in.
    pub values: Values,
    /// What it carries.
    pub meta: Meta,
}

impl Intent {
    /// Whether doing it twice could be more than doing it once.
    pub fn changes(&self) -> bool {
        match self {
            Self::Line { .. } | Self::Button { .. } | Self::Form(_) => true,
            Self::RequestForm { .. }
            | Self::Face { .. }
            | Self::FormChanged { .. }
            | Self::Options { .. }
            | Self::Home
            | Self::Installed
            | Self::Ignored => false,
        }
    }
}

impl<Way> Inbound<Way> {
    /// Nobody did anything that we answer to.
    pub fn ignored(way: Way) -> Self {
        Self { dedupe_key: None, user: String::new(), channel: None, intent: Intent::Ignored, way }
    }
}
