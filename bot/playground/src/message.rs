//! A stored message, and the two shapes it is shown in: the Web API's and the browser's.
//! Used by the world and everything that reads it; must not decide who may see what.

use serde_json::{Value, json};

use crate::config::BotIdentity;

/// User id under which the workspace itself speaks, as in Slack.
pub const SLACKBOT: &str = "USLACKBOT";

/// A message as the workspace keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    /// Timestamp and id, `1700000000.000100`.
    pub ts: String,
    /// The parent's `ts`, for a reply.
    pub thread_ts: Option<String>,
    /// Author's user id; the bot's, a person's or Slackbot's.
    pub user: String,
    /// Whether the app wrote it.
    pub is_bot: bool,
    /// Text, escaped as Slack does (`&amp;`, `&lt;`, `&gt;`, `<@U…>`).
    pub text: String,
    /// Blocks, with every id filled in.
    pub blocks: Vec<Value>,
    /// Metadata the app attached.
    pub metadata: Option<Value>,
    /// When it was edited last, as a timestamp.
    pub edited: Option<String>,
    /// The one person who sees it; `None` for an ordinary message.
    pub ephemeral_to: Option<String>,
    /// Reactions of the bot, by name.
    pub reactions: Vec<String>,
    /// What people have chosen in its menus, `{block: {action: {…}}}`.
    pub state: Value,
}

impl StoredMessage {
    /// A new message by `user`, with nothing but text.
    pub(crate) fn new(ts: String, user: &str, text: &str) -> Self {
        Self {
            ts,
            thread_ts: None,
            user: user.to_owned(),
            is_bot: false,
            text: text.to_owned(),
            blocks: Vec::new(),
            metadata: None,
            edited: None,
            ephemeral_to: None,
            reactions: Vec::new(),
            state: json!({}),
        }
    }

    /// Whether it belongs to the thread of `parent`, as parent or reply.
    pub(crate) fn in_thread(&self, parent: &str) -> bool {
        self.ts == parent || self.thread_ts.as_deref() == Some(parent)
    }

    /// Everything a person can read in it: its text and the text of its blocks, for searching in tests.
    pub fn readable(&self) -> String {
        let mut all = self.text.clone();
        for block in &self.blocks {
            collect_text(block, &mut all);
        }
        all
    }

    /// As the Web API returns it.
    pub(crate) fn for_api(&self, bot: &BotIdentity, team: &str, replies: usize, with_metadata: bool) -> Value {
        let mut message = json!({
            "type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": team,
        });
        let map = &mut message;
        if self.is_bot {
            map["bot_id"] = json!(bot.bot_id);
            map["app_id"] = json!(bot.app_id);
        }
        if !self.blocks.is_empty() {
            map["blocks"] = json!(self.blocks);
        }
        if let Some(thread) = &self.thread_ts {
            map["thread_ts"] = json!(thread);
        }
        if replies > 0 {
            map["thread_ts"] = json!(self.ts);
            map["reply_count"] = json!(replies);
        }
        if let Some(ts) = &self.edited {
            map["edited"] = json!({ "user": self.user, "ts": ts });
        }
        if !self.reactions.is_empty() {
            map["reactions"] =
                self.reactions.iter().map(|name| json!({ "name": name, "users": [bot.user_id], "count": 1 })).collect();
        }
        if let (Some(metadata), true) = (&self.metadata, with_metadata) {
            map["metadata"] = metadata.clone();
        }
        message
    }

    /// As the browser shows it; `name` is the author's display name.
    pub(crate) fn for_browser(&self, name: &str, replies: usize) -> Value {
        let mut message = json!({
            "ts": self.ts, "user": self.user, "name": name, "text": self.text,
            "is_bot": self.is_bot || self.user == SLACKBOT,
        });
        let map = &mut message;
        if !self.blocks.is_empty() {
            map["blocks"] = json!(self.blocks);
        }
        if let Some(thread) = &self.thread_ts {
            map["thread_ts"] = json!(thread);
        }
        if self.edited.is_some() {
            map["edited"] = json!(true);
        }
        if self.ephemeral_to.is_some() {
            map["ephemeral"] = json!(true);
        }
        if replies > 0 {
            map["reply_count"] = json!(replies);
        }
        if !self.reactions.is_empty() {
            map["reactions"] = json!(self.reactions);
        }
        message
    }
}

fn collect_text(value: &Value, all: &mut String) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "text" => {
                        all.push('\n');
                        all.push_str(text);
                    }
                    other => collect_text(other, all),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_text(item, all)),
        _ => {}
    }
}
