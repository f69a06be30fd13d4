//! What a playground is made of: the workspace, its people and channels, and the bot it talks to.
//! Built by the demo and by tests; nothing here reads a file or the clock.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

/// Completes what a person types: `(user id, text so far)` to proposals, best first.
pub type Complete = Arc<dyn Fn(&str, &str) -> Vec<Completion> + Send + Sync>;

/// Tells the time; the demo gives the real one, tests may give their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Everything the playground needs to know at its start.
#[derive(Clone)]
pub struct Config {
    /// Workspace id, `T…`.
    pub team_id: String,
    /// Workspace name, shown to people.
    pub team_name: String,
    /// The one app installed in the workspace.
    pub bot: BotIdentity,
    /// Token the bot must present to the Web API.
    pub bot_token: String,
    /// Secret that signs everything sent to the bot.
    pub signing_secret: String,
    /// Where the bot listens; `/slack/commands`, `/slack/interactions` and `/slack/events` are below it.
    pub bot_url: Url,
    /// The slash command the bot registered, with its slash.
    pub command: String,
    /// The members of the workspace, without the bot.
    pub people: Vec<Member>,
    /// The public channels.
    pub channels: Vec<Channel>,
    /// What a newcomer should try first, in order.
    pub hints: Vec<Hint>,
    /// Proposals for the composer.
    pub complete: Complete,
    /// The workspace's clock: message timestamps, request timestamps, ages of `response_url`s.
    pub clock: Clock,
}

impl fmt::Debug for Config {
    /// Leaves out the two secrets and the two functions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("team_id", &self.team_id)
            .field("bot", &self.bot)
            .field("bot_url", &self.bot_url.as_str())
            .field("people", &self.people.len())
            .field("channels", &self.channels.len())
            .finish_non_exhaustive()
    }
}

/// Who the bot is in this workspace, and what it was allowed at installation.
#[derive(Clone, Debug)]
pub struct BotIdentity {
    /// User id of the bot, `U…`.
    pub user_id: String,
    /// Bot id, `B…`.
    pub bot_id: String,
    /// App id, `A…`.
    pub app_id: String,
    /// Display name and handle.
    pub name: String,
    /// OAuth scopes; a method that needs another answers `missing_scope`.
    pub scopes: Vec<String>,
}

/// A person of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// User id, `U…`.
    pub id: String,
    /// Handle, without `@`.
    pub name: String,
    /// Full name.
    pub real_name: String,
    /// Address, shown to the bot only with the scope `users:read.email`.
    pub email: String,
    /// Job title.
    pub title: String,
    /// Time zone, such as `Europe/Berlin`.
    pub tz: String,
    /// A guest (`is_restricted`).
    pub is_guest: bool,
    /// Deactivated: cannot act, cannot be messaged.
    pub deleted: bool,
}

/// A public channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Channel id, `C…`.
    pub id: String,
    /// Name, without `#`.
    pub name: String,
    /// Topic line.
    pub topic: String,
    /// User ids of the people in it.
    pub members: Vec<String>,
    /// Whether the bot was invited.
    pub bot_member: bool,
}

/// One thing to try: who should type what, where, and what then happens.
#[derive(Clone, Debug)]
pub struct Hint {
    /// User id of the person to act as.
    pub who: String,
    /// Channel id, or `dm` for the conversation with the bot.
    pub channel: String,
    /// What to type.
    pub text: String,
    /// What then happens.
    pub says: String,
}

/// A proposal for the composer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The whole new text of the composer.
    pub insert: String,
    /// What the list shows.
    pub label: String,
    /// A few words beside it.
    pub detail: String,
}
