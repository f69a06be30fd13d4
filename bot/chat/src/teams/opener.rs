//! A message with a button that opens a form: a dialog opens from a button only. The button says the same words again, which then open it
//! for whoever pressed it.

use serde_json::{Value, json};

use super::actions::Pressed;
use super::limits;
use super::render::{CONTENT_TYPE, VERSION};
use super::text::{cut, plain};
use crate::card::Action;

/// The activity, for a form of a title that a line asked for.
pub fn activity(title: &str, line: &str) -> Value {
    let title = cut(plain(title).trim(), limits::TITLE);
    let text = json!({ "type": "TextBlock", "text": format!("{title}: this needs a form."), "wrap": true });
    let said = Pressed::Button(Action::Say(cut(line, limits::META)));
    let open = json!({ "type": "Action.Submit", "title": "Open the form", "style": "positive", "data": said.fetch() });
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": [text],
        "actions": [open],
        "fallbackText": "A form is needed for that.",
    });
    json!({
        "type": "message",
        "summary": format!("{title}: this needs a form."),
        "attachments": [{ "contentType": CONTENT_TYPE, "content": content }],
    })
}
