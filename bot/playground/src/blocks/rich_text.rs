//! Rich text blocks: sections, lists, quotes and preformatted text, and the spans in them.
//! Called by `layout`. Source of the keys: @slack/types, `RichText…` interfaces.

use serde_json::Value;

use super::{
    checker::{At, Checker, shorten},
    limits,
};

const BASE: &[&str] = &["type", "elements"];
/// Most parts of one rich text block, so that checking stays cheap. Slack publishes no figure.
const PARTS: usize = 1000;

impl Checker {
    pub(super) fn rich_text(&mut self, block: &Value, path: &str) {
        let Some(at) = self.object(block, path, &[&["type", "block_id", "elements"]]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        for (i, part) in self.required_list(at, "elements", 1, PARTS).iter().enumerate() {
            let path = format!("{path}/elements/{i}");
            let extra: &[&str] = match part.get("type").and_then(Value::as_str) {
                Some("rich_text_section") => &[],
                Some("rich_text_list") => &["style", "indent", "offset", "border"],
                Some("rich_text_quote" | "rich_text_preformatted") => &["border"],
                _ => {
                    self.problem(&path, "unsupported type");
                    continue;
                }
            };
            let Some(at) = self.object(part, &path, &[BASE, extra]) else { continue };
            self.integer(at, "border", 0, 1);
            if part["type"] == "rich_text_list" {
                self.rich_text_list(at);
            } else {
                self.spans(at);
            }
        }
    }

    fn rich_text_list(&mut self, at: At<'_>) {
        self.required(at, "style");
        self.choice(at, "style", &["bullet", "ordered"]);
        self.integer(at, "indent", 0, 8);
        self.integer(at, "offset", 0, 10_000);
        for (i, item) in self.required_list(at, "elements", 1, PARTS).iter().enumerate() {
            let path = format!("{}/elements/{i}", at.path);
            if item.get("type").and_then(Value::as_str) != Some("rich_text_section") {
                self.problem(&path, "must be a rich_text_section");
            } else if let Some(item) = self.object(item, &path, &[BASE]) {
                self.spans(item);
            }
        }
    }

    fn spans(&mut self, at: At<'_>) {
        for (i, span) in self.required_list(at, "elements", 0, PARTS).iter().enumerate() {
            let path = format!("{}/elements/{i}", at.path);
            let (known, needed): (&[&str], &str) = match span.get("type").and_then(Value::as_str) {
                Some("text") => (&["text"], "text"),
                Some("link") => (&["url", "text", "unsafe"], "url"),
                Some("user") => (&["user_id"], "user_id"),
                Some("usergroup") => (&["usergroup_id"], "usergroup_id"),
                Some("channel") => (&["channel_id"], "channel_id"),
                Some("team") => (&["team_id"], "team_id"),
                Some("emoji") => (&["name", "unicode", "url"], "name"),
                Some("broadcast") => (&["range"], "range"),
                Some("color") => (&["value"], "value"),
                Some("date") => (&["timestamp", "format", "url", "fallback"], "format"),
                Some(other) => {
                    self.problem(&path, format!("unsupported type: {}", shorten(other)));
                    continue;
                }
                None => {
                    self.problem(&path, "missing required field: type");
                    continue;
                }
            };
            let Some(at) = self.object(span, &path, &[&["type", "style"], known]) else { continue };
            self.required_string(at, needed, 1, limits::MARKDOWN_TEXT);
            for key in ["text", "url", "fallback", "unicode"] {
                self.string(at, key, 0, limits::MARKDOWN_TEXT);
            }
            self.style(at);
        }
    }

    fn style(&mut self, at: At<'_>) {
        let Some(style) = at.get("style") else { return };
        let keys: &[&str] = &["bold", "code", "italic", "strike", "underline"];
        let path = at.child("style");
        if let Some(style) = self.object(style, &path, &[keys]) {
            for key in keys {
                self.boolean(style, key);
            }
        }
    }
}
