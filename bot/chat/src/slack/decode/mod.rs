//! What Slack sends, as an [`Inbound`]. Called with bodies that [`super::verify`] believes.
//!
//! Tolerant: what is not known is left alone ([`inbound::Intent::Ignored`]), a null team of an org-wide install is normal. Strict where it
//! matters: another workspace's people are refused, and a body that cannot be read is an error, never a panic.

mod command;
pub mod envelope;
mod event;
mod interaction;

use jit_core::access::Channel;
use serde_json::Value;

use crate::inbound;

pub use command::command;
pub use event::event;
pub use interaction::interaction;

/// One thing that somebody did in Slack.
pub type Inbound = inbound::Inbound<Way>;

/// How Slack is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The workspace, where Slack says it.
    pub team: Option<String>,
    /// The conversation it happened in: channel, or direct message.
    pub conversation: Option<String>,
    /// Opens a dialog within three seconds.
    pub trigger_id: Option<String>,
    /// Takes up to five answers within half an hour.
    pub response_url: Option<String>,
    /// The dialog it happened in.
    pub view: Option<View>,
    /// Slack checks that the address is ours: to be sent back.
    pub challenge: Option<String>,
}

/// An open dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Slack's id of it.
    pub id: String,
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
