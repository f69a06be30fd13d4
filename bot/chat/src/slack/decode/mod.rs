//! What Slack sends, as an [`Inbound`]. Called with bodies that [`super::verify`] believes.
//!
//! Tolerant: what is not known is left alone ([`Intent::Ignored`]), a null team of an org-wide install is normal. Strict where it
//! matters: another workspace's people are refused, and a body that cannot be read is an error, never a panic.

mod command;
pub mod envelope;
mod event;
mod interaction;

use jit_core::access::Channel;
use jit_core::id::{AccessId, RoleName};
use serde_json::Value;

use crate::card::Verb;
use crate::form::{FormKind, Meta, Values};

pub use command::command;
pub use event::event;
pub use interaction::interaction;

/// One thing that somebody did in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The same for every copy of the same deed; `None` where repeating does no harm.
    pub dedupe_key: Option<String>,
    /// The workspace, where Slack says it.
    pub team: Option<String>,
    /// Slack's immutable id of the person; empty for [`Intent::Verification`].
    pub user: String,
    /// The conversation it happened in: channel, or direct message.
    pub conversation: Option<String>,
    /// The same, where it is a channel with a name: what policy's `in_channels` is held against.
    pub channel: Option<Channel>,
    /// Opens a dialog within three seconds.
    pub trigger_id: Option<String>,
    /// Takes up to five answers within half an hour.
    pub response_url: Option<String>,
    /// What they want.
    pub intent: Intent,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Words of the `/jit` language, in plain text.
    Line {
        /// As typed, without `/jit` and without the mention of the bot.
        text: String,
    },
    /// A button on an access was pressed.
    Button {
        /// Which.
        verb: Verb,
        /// On which access.
        access: AccessId,
        /// The message it stands in; `None` for one that only this person sees.
        message: Option<crate::deliver::Handle>,
    },
    /// The button that opens the form for a request.
    RequestForm {
        /// Of this role.
        role: Option<RoleName>,
    },
    /// A dialog was sent.
    Form(Box<Submission>),
    /// Something in a dialog has changed: its preview wants to be made anew.
    FormChanged {
        /// As it stands.
        form: Box<Submission>,
        /// The field that changed.
        field: String,
    },
    /// Options for a field are asked for.
    Options {
        /// Of which dialog.
        form: Option<FormKind>,
        /// Of which field.
        field: String,
        /// What was typed.
        query: String,
    },
    /// The app's home was opened.
    Home,
    /// Slack checks that the address is ours: answer with the challenge.
    Verification {
        /// To be sent back.
        challenge: String,
    },
    /// Nothing that we answer to.
    Ignored,
}

/// A dialog with what was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Which dialog.
    pub form: FormKind,
    /// What was filled in.
    pub values: Values,
    /// What it carries.
    pub meta: Meta,
    /// Slack's id of the view.
    pub view: String,
    /// Its state; an update that names it loses to a later one.
    pub hash: String,
}

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It cannot be read: 400.
    #[error("cannot read what Slack sent: {0}")]
    Malformed(&'static str),
    /// It comes from another workspace.
    #[error("workspace {team} is not served here")]
    Foreign {
        /// Which.
        team: String,
    },
}

/// Whose people are served: a workspace's id (`T…`), or an organisation's (`E…`) for org-wide installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(pub String);

/// What a payload says of where it comes from.
#[derive(Clone, Copy, Debug, Default)]
struct Source<'a> {
    team: Option<&'a str>,
    enterprise: Option<&'a str>,
    /// The person's own workspace: not ours for guests of a shared channel.
    user_team: Option<&'a str>,
}

impl Home {
    fn check(&self, from: Source<'_>) -> Result<(), DecodeError> {
        let foreign = |team: &str| Err(DecodeError::Foreign { team: team.chars().take(40).collect() });
        let own = |id: &str| id == self.0;
        let org_wide = from.enterprise.is_some_and(own);
        match (from.team, from.user_team) {
            (_, Some(user_team)) if !own(user_team) && !org_wide => foreign(user_team),
            (Some(team), _) if !own(team) && !org_wide => foreign(team),
            (None, None) if !org_wide => foreign(from.enterprise.unwrap_or("of an unknown id")),
            _ => Ok(()),
        }
    }
}

/// The text at a path of keys, unless it is empty.
fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, key| value.get(key))?.as_str().filter(|text| !text.is_empty())
}

/// A channel as policy sees it; direct messages have no name worth matching.
fn channel(id: Option<&str>, name: Option<&str>) -> Option<Channel> {
    let (id, name) = id.zip(name)?;
    (!id.starts_with('D')).then(|| Channel { id: id.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::own(Some("T1"), None, Some("T1"), true)]
    #[case::own_of_a_grid(Some("T1"), Some("E1"), Some("T1"), true)]
    #[case::org_wide_install_of_our_workspace(None, Some("E1"), Some("T1"), true)]
    #[case::other_workspace(Some("T2"), None, None, false)]
    #[case::guest_from_elsewhere(Some("T1"), None, Some("T2"), false)]
    #[case::says_nothing(None, None, None, false)]
    #[case::other_organisation(None, Some("E2"), None, false)]
    fn only_our_own_workspace(
        #[case] team: Option<&str>,
        #[case] enterprise: Option<&str>,
        #[case] user_team: Option<&str>,
        #[case] ours: bool,
    ) {
        assert_eq!(Home("T1".to_owned()).check(Source { team, enterprise, user_team }).is_ok(), ours);
    }

    #[test]
    fn an_organisation_serves_all_its_workspaces() {
        let home = Home("E1".to_owned());
        let from = |enterprise| Source { team: None, enterprise, user_team: Some("T7") };
        assert!(home.check(from(Some("E1"))).is_ok());
        assert!(home.check(from(Some("E2"))).is_err());
    }
}
