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

/// Lines of text in the order of the blocks; the spans of one rich text section make one line.
pub(crate) fn collect_text(value: &Value, all: &mut String) {
    match value {
        Value::Object(map) => {
            if value["type"].as_str().is_some_and(is_section) {
                all.push('\n');
                value["elements"].as_array().into_iter().flatten().for_each(|span| all.push_str(&span_text(span)));
                return;
            }
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

fn is_section(kind: &str) -> bool {
    matches!(kind, "rich_text_section" | "rich_text_preformatted" | "rich_text_quote")
}

fn span_text(span: &Value) -> String {
    let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
    match span["type"].as_str() {
        Some("user") => format!("<@{}>", text("user_id")),
        Some("channel") => format!("<#{}>", text("channel_id")),
        Some("broadcast") => format!("<!{}>", text("range")),
        Some("emoji") => format!(":{}:", text("name")),
        Some("date") => text("fallback"),
        Some("link") if span["text"].is_null() => text("url"),
        _ => text("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_text_keeps_sections_on_one_line() {
        let mut message = StoredMessage::new("1.000001".into(), "U1", "fallback");
        message.blocks = vec![
            json!({ "type": "rich_text", "elements": [
                { "type": "rich_text_section", "elements": [
                    { "type": "text", "text": "Granted to ", "style": { "bold": true } },
                    { "type": "user", "user_id": "U2" },
                    { "type": "text", "text": " until " },
                    { "type": "date", "timestamp": 1, "format": "{time}", "fallback": "10:00" } ] },
                { "type": "rich_text_list", "style": "bullet", "elements": [
                    { "type": "rich_text_section", "elements": [{ "type": "link", "url": "https://x.test" }] } ] } ] }),
            json!({ "type": "header", "text": { "type": "plain_text", "text": "Title" } }),
        ];
        assert_eq!(message.readable(), "fallback\nGranted to <@U2> until 10:00\nhttps://x.test\nTitle");
    }
}
