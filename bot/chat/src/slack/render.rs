//! Card to Block Kit. Keeps every limit by cutting, never by refusing: a message too long to post would be a message lost.
//!
//! Text becomes rich text elements, which Slack shows as they are; see [`super::text`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::limits;
use super::text::{clean, cut, inert};
use crate::card::{Action, Block, Button, Card, Confirm, Inline, Style, TimeStyle, Weight};
use crate::cards::Context;
use crate::fallback;

/// How many characters escaping makes of one at most: `&amp;`.
const LONGEST_ESCAPE: usize = 5;

/// A message as Slack takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// For notifications and screen readers.
    pub text: String,
    /// The blocks.
    pub blocks: Vec<Value>,
}

/// Renders a card as a message.
pub fn message(card: &Card, context: &Context) -> Message {
    let text = cut(&inert(&cut(&fallback::text(card, context), limits::FALLBACK / 2)), limits::FALLBACK);
    let mut renderer = Renderer::new(context);
    renderer.title(card);
    renderer.blocks(&card.blocks);
    Message { text, blocks: renderer.finish(limits::BLOCKS) }
}

/// Renders a card with its title, for a view.
pub fn whole(card: &Card, context: &Context) -> Vec<Value> {
    let mut renderer = Renderer::new(context);
    renderer.title(card);
    renderer.blocks(&card.blocks);
    renderer.finish(limits::VIEW_BLOCKS)
}

/// Renders blocks alone, for a view.
pub fn blocks(blocks: &[Block], context: &Context) -> Vec<Value> {
    let mut renderer = Renderer::new(context);
    renderer.blocks(blocks);
    renderer.finish(limits::BLOCKS)
}

/// Plain text as Slack takes it in labels.
pub fn plain_text(text: &str, max: usize) -> Value {
    let text = cut(clean(text).trim(), max);
    json!({ "type": "plain_text", "text": if text.is_empty() { "–" } else { &text }, "emoji": false })
}

struct Renderer<'a> {
    context: &'a Context<'a>,
    done: Vec<Value>,
    /// Characters that may still be shown.
    left: usize,
    /// The same, of buttons: a long text before them never costs a card its buttons.
    left_for_buttons: usize,
    /// Action ids so far: they are unique in a message.
    actions: BTreeMap<&'static str, usize>,
}

impl<'a> Renderer<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            done: Vec::new(),
            left: limits::ALL_TEXT,
            left_for_buttons: limits::BUTTON_TEXTS,
            actions: BTreeMap::new(),
        }
    }

    fn title(&mut self, card: &Card) {
        let title = fallback::title(card);
        match card.weight {
            Weight::Card => {
                let text = plain_text(&title, limits::HEADER);
                self.done.push(json!({ "type": "header", "text": text }));
            }
            Weight::Line => {
                let title = self.text(&title, json!({ "bold": true }));
                self.rich(vec![section(title.into_iter().collect())]);
            }
        }
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Text(line) => {
                let line = self.line(line);
                self.rich(vec![section(line)]);
            }
            Block::Facts(facts) => {
                let mut elements = Vec::new();
                for (i, (label, value)) in facts.iter().enumerate() {
                    let label = if i == 0 { format!("{label}: ") } else { format!("\n{label}: ") };
                    elements.extend(self.text(&label, json!({ "bold": true })));
                    elements.extend(self.line(value));
                }
                self.rich(vec![section(elements)]);
            }
            Block::List(items) => {
                let items: Vec<Value> =
                    items.iter().map(|item| section(self.line(item))).filter(|i| !is_empty(i)).collect();
                if !items.is_empty() {
                    self.rich(vec![json!({ "type": "rich_text_list", "style": "bullet", "elements": items })]);
                }
            }
            Block::Context(line) => {
                let mut left = limits::CONTEXT.min(self.left / LONGEST_ESCAPE);
                let line: String = line.iter().map(|inline| self.small(inline, &mut left)).collect();
                if !line.trim().is_empty() {
                    self.done.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": line }] }));
                }
            }
            Block::Preformatted(text) => {
                let text = self.spend(&clean(text));
                let text = json!({ "type": "text", "text": text });
                self.rich(vec![json!({ "type": "rich_text_preformatted", "elements": [text] })]);
            }
            Block::Divider => self.done.push(json!({ "type": "divider" })),
            Block::Actions(buttons) => {
                let row: Vec<Value> =
                    buttons.iter().take(limits::BUTTONS).filter_map(|button| self.button(button)).collect();
                if !row.is_empty() {
                    self.done.push(json!({ "type": "actions", "elements": row }));
                }
            }
        }
    }

    /// Adds one rich text block of the parts that say something.
    fn rich(&mut self, parts: Vec<Value>) {
        let parts: Vec<Value> = parts.into_iter().filter(|part| !is_empty(part)).collect();
        if !parts.is_empty() {
            self.done.push(json!({ "type": "rich_text", "elements": parts }));
        }
    }

    fn line(&mut self, line: &[Inline]) -> Vec<Value> {
        line.iter().filter_map(|inline| self.inline(inline)).collect()
    }

    fn inline(&mut self, inline: &Inline) -> Option<Value> {
        match inline {
            Inline::Plain(text) => self.text(text, Value::Null),
            Inline::Strong(text) => self.text(text, json!({ "bold": true })),
            Inline::Code(text) => self.text(text, json!({ "code": true })),
            Inline::Quote(text) => self.text(&format!("“{text}”"), Value::Null),
            Inline::Person(id) => match self.context.directory.person(id).and_then(|person| person.slack.as_ref()) {
                Some(slack) => Some(json!({ "type": "user", "user_id": slack })),
                None => self.text(self.context.directory.name(id), Value::Null),
            },
            Inline::Channel(channel) if is_channel(&channel.id) => {
                Some(json!({ "type": "channel", "channel_id": channel.id }))
            }
            Inline::Time(at, style) => {
                let fallback = fallback::piece(inline, self.context);
                let format = format_of(*style);
                Some(json!({ "type": "date", "timestamp": at.timestamp(), "format": format, "fallback": fallback }))
            }
            Inline::Channel(_) => self.text(&fallback::piece(inline, self.context), Value::Null),
        }
    }

    fn text(&mut self, text: &str, style: Value) -> Option<Value> {
        let text = self.spend(&clean(text));
        if text.is_empty() {
            return None;
        }
        let mut element = json!({ "type": "text", "text": text });
        if !style.is_null() {
            element["style"] = style;
        }
        Some(element)
    }

    /// Small print is `mrkdwn`, the only markup that context blocks take. Cut before it is marked up, so that no token is cut.
    fn small(&mut self, inline: &Inline, left: &mut usize) -> String {
        let text = cut(&clean(&fallback::piece(inline, self.context)), *left);
        *left -= text.chars().count().min(*left);
        let text = inert(&text);
        self.left -= text.chars().count().min(self.left);
        match inline {
            _ if text.trim().is_empty() => text,
            Inline::Code(_) => format!("`{text}`"),
            Inline::Strong(_) => format!("*{text}*"),
            Inline::Time(at, style) => date_token(*at, *style, &text),
            _ => text,
        }
    }

    /// Takes from what may still be shown.
    fn spend(&mut self, text: &str) -> String {
        let text = cut(text, limits::TEXT.min(self.left));
        self.left -= text.chars().count().min(self.left);
        text
    }

    /// None where a card has so many that they would not fit into one message.
    fn button(&mut self, button: &Button) -> Option<Value> {
        // Slack has commands and a home tab for that.
        let (name, value) = match &button.action {
            Action::On(verb, access) => (verb.as_str(), Some(access.to_string())),
            Action::Request(roles) => ("request", Action::roles_text(roles)),
            Action::Say(_) => return None,
        };
        let confirm = button.confirm.as_ref().map(confirm);
        let text = plain_text(&button.label, limits::BUTTON);
        self.left_for_buttons =
            self.left_for_buttons.checked_sub(length(&text) + confirm.as_ref().map_or(0, length))?;
        let count = self.actions.entry(name).or_default();
        *count += 1;
        let action_id = if *count == 1 { name.to_owned() } else { format!("{name}#{count}") };
        let mut element = json!({ "type": "button", "action_id": action_id, "text": text });
        let description = button.description.as_ref().map(|text| cut(clean(text).trim(), limits::BUTTON));
        let style = match button.style {
            Style::Plain => None,
            Style::Primary => Some("primary"),
            Style::Danger => Some("danger"),
        };
        for (key, given) in [
            ("value", value.map(Value::from)),
            ("accessibility_label", description.filter(|text| !text.is_empty()).map(Value::from)),
            ("style", style.map(Value::from)),
            ("confirm", confirm),
        ] {
            if let Some(given) = given {
                element[key] = given;
            }
        }
        Some(element)
    }

    /// Never more blocks than allowed: what does not fit is said to be missing.
    fn finish(mut self, max: usize) -> Vec<Value> {
        if self.done.len() > max {
            let missing = self.done.len() - (max - 1);
            self.done.truncate(max - 1);
            let text = format!("… and {missing} more parts, too long for one message.");
            self.done.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] }));
        }
        self.done
    }
}

fn confirm(confirm: &Confirm) -> Value {
    json!({
        "title": plain_text(&confirm.title, limits::CONFIRM_TITLE),
        "text": plain_text(&confirm.text, limits::CONFIRM_TEXT),
        "confirm": plain_text(&confirm.yes, limits::CONFIRM_YES),
        "deny": plain_text("Not now", limits::CONFIRM_YES),
    })
}

/// Characters of all texts in it.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Object(map) => map.values().map(length).sum(),
        _ => 0,
    }
}

fn section(elements: Vec<Value>) -> Value {
    json!({ "type": "rich_text_section", "elements": elements })
}

fn is_empty(part: &Value) -> bool {
    part["elements"].as_array().is_none_or(|elements| {
        elements.is_empty() || elements.iter().all(|element| element["type"] == "text" && element["text"] == "")
    })
}

/// Slack's own ids of channels; names of other platforms are shown as text.
fn is_channel(id: &str) -> bool {
    id.starts_with(['C', 'G']) && id.len() > 1 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn format_of(style: TimeStyle) -> &'static str {
    match style {
        TimeStyle::At => "{date_short_pretty} at {time}",
        TimeStyle::Left => "{ago}",
    }
}

/// A time in `mrkdwn`; the fallback is inert already.
fn date_token(at: DateTime<Utc>, style: TimeStyle, fallback: &str) -> String {
    format!("<!date^{}^{}|{}>", at.timestamp(), format_of(style), fallback.replace('|', "/"))
}
