//! `[channels]`: where everybody is told. With one platform a text is enough; with both, each has its own.

use jit_core::access::Platform;
use serde::Deserialize;

/// `[channels]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Grants, warnings, revocations.
    pub announce: Place,
    /// Failures and everything security must see.
    pub security: Place,
    /// A channel of Teams: whoever has not installed the app there is told in it, by a mention.
    pub fallback: Option<String>,
}

/// A channel: `#name` or id in Slack, the conversation's id in Teams.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or { slack = \"#name\", teams = \"19:…\" }")]
pub enum Place {
    /// Of the one platform that is configured.
    Only(String),
    /// Of each.
    Each(Each),
}

/// A channel on each platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    slack: Option<String>,
    teams: Option<String>,
}

impl Place {
    /// The channel on a platform that is configured; empty where it was not checked.
    pub fn on(&self, platform: Platform) -> &str {
        self.find(platform).unwrap_or_default()
    }

    fn find(&self, platform: Platform) -> Option<&str> {
        match (self, platform) {
            (Self::Only(channel), _) => Some(channel),
            (Self::Each(each), Platform::Slack) => each.slack.as_deref(),
            (Self::Each(each), Platform::Teams) => each.teams.as_deref(),
            (Self::Each(_), Platform::Api | Platform::Cli) => None,
        }
    }
}

impl Channels {
    /// What is wrong with them for these platforms, with the key.
    pub(super) fn fault(&self, platforms: &[Platform]) -> Option<(&'static str, String)> {
        for (key, place) in [("announce", &self.announce), ("security", &self.security)] {
            let both = "{ slack = \"#name\", teams = \"19:…\" }";
            if platforms.len() > 1 && matches!(place, Place::Only(_)) {
                return Some((key, format!("channels.{key} needs a channel on each platform: {both}")));
            }
            for platform in platforms {
                let name = if *platform == Platform::Teams { "teams" } else { "slack" };
                match place.find(*platform).map(str::trim) {
                    None | Some("") => return Some((key, format!("channels.{key} has no channel for {name}: {both}"))),
                    Some(id) if *platform == Platform::Teams => {
                        if let Some(what) = not_teams(id) {
                            return Some((key, format!("channels.{key}: {what}")));
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        let fallback = self.fallback.as_deref()?;
        if !platforms.contains(&Platform::Teams) {
            return Some(("fallback", "channels.fallback is for Teams, and there is no [teams]".to_owned()));
        }
        not_teams(fallback).map(|what| ("fallback", format!("channels.fallback: {what}")))
    }
}

/// Why a text is no conversation's id in Teams.
fn not_teams(id: &str) -> Option<String> {
    let strange = id.trim().is_empty() || id.starts_with('#') || id.contains(char::is_whitespace);
    strange.then(|| {
        format!(
            "`{id}` is no conversation of Teams; take the id, such as 19:…@thread.tacv2, out of \"Get link to channel\""
        )
    })
}
