//! Card to Adaptive Card. Keeps every limit by cutting, never by refusing: a message too long to post would be a message lost.
//!
//! Called by the outbox worker's way to Teams, and by its door for answers. The same card has different faces, so a rendering takes who looks:
//! in a channel everybody sees a card without the buttons that act, and the clients of those who may act ask for theirs.

use serde_json::{Value, json};

use super::actions::{Pressed, Shared};
use super::limits;
use super::lines::Look;
use super::room::Room;
use super::text::{begun, clean, cut, inert, plain};
use crate::card::{Block, Card, Inline, Tone, Weight};
use crate::cards::Context;
use crate::fallback;

/// What an Adaptive Card is called among attachments.
pub const CONTENT_TYPE: &str = "application/vnd.microsoft.card.adaptive";
/// The version whose parts are used. Source: Microsoft, "Universal Actions for Adaptive Cards".
pub(super) const VERSION: &str = "1.5";

/// Who looks at a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer<'a> {
    /// One person: a conversation with nobody else in it, or their own face of a shared card.
    One,
    /// One person, in a dialog: there Teams takes no other action than `Action.Submit`.
    InDialog,
    /// Everybody in a channel or a group.
    Everybody {
        /// What a client asks its reader's own face with; `None` where there is no other.
        shared: Option<Shared>,
        /// Teams' user ids of those who may act: their clients ask for their own faces. No more count than Teams takes.
        acting: &'a [String],
        /// Others may act too, whose clients do not ask: a button opens each one's face.
        others: bool,
    },
}

/// Renders a card as an attachment of a message, or of the answer to an invoke.
pub fn attachment(card: &Card, context: &Context, viewer: Viewer) -> Value {
    json!({ "contentType": CONTENT_TYPE, "content": content(card, context, viewer) })
}

/// Renders a card as an activity: what is posted, or put in place of an earlier one.
pub fn activity(card: &Card, context: &Context, viewer: Viewer) -> Value {
    let summary = cut(&inert(&cut(&fallback::text(card, context), limits::SUMMARY)), limits::SUMMARY);
    let mut activity = json!({
        "type": "message",
        "summary": summary,
        "attachments": [attachment(card, context, viewer)],
    });
    // A feed entry and a sound; channels have neither.
    if viewer == Viewer::One {
        activity["channelData"] = json!({ "notification": { "alert": true } });
    }
    activity
}

/// The card alone.
pub fn content(card: &Card, context: &Context, viewer: Viewer) -> Value {
    Room::fit(limits::CARD_BYTES, |room| {
        let mut renderer = Renderer::new(context, viewer, room);
        renderer.title(card);
        renderer.blocks(&card.blocks);
        let mut content = renderer.finish();
        content["fallbackText"] = json!(cut(&inert(&fallback::title(card)), limits::TITLE));
        if let Viewer::Everybody { shared: Some(shared), acting, others } = viewer
            && acts(card)
        {
            let listed = &acting[..acting.len().min(limits::REFRESHED)];
            if !listed.is_empty() {
                content["refresh"] = refresh(shared, listed);
            }
            if others || listed.is_empty() || listed.len() < acting.len() {
                let data = Pressed::Open(shared).fetch();
                content["actions"] = json!([{ "type": "Action.Submit", "title": "Open", "data": data }]);
            }
        }
        content
    })
}

/// One's own face of a shared card, in its place. It says how to ask for it again, so that clients keep it true; for nobody else.
pub fn face(card: &Card, context: &Context, (shared, member): (Shared, &str)) -> Value {
    let mut content = content(card, context, Viewer::One);
    content["refresh"] = refresh(shared, &[member.to_owned()]);
    content
}

/// Renders blocks alone, above the fields of a dialog.
pub(super) fn body(blocks: &[Block], context: &Context, room: Room) -> Vec<Value> {
    let mut renderer = Renderer::new(context, Viewer::InDialog, room);
    renderer.blocks(blocks);
    renderer.done.truncate(room.parts);
    renderer.done
}

/// Whether it has buttons that not everybody may press.
fn acts(card: &Card) -> bool {
    card.verbs().next().is_some()
}

/// Source: Microsoft, "User Specific Views": at most sixty people, by Teams' ids of them.
fn refresh(shared: Shared, acting: &[String]) -> Value {
    let face = Pressed::Face(shared);
    json!({
        "action": { "type": "Action.Execute", "title": "Refresh", "verb": face.verb(), "data": face.data() },
        "userIds": acting,
    })
}

/// One drawing of one card.
pub(super) struct Renderer<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) viewer: Viewer<'a>,
    pub(super) room: Room,
    done: Vec<Value>,
    /// Characters that may still be shown.
    pub(super) left: usize,
    /// The same, of buttons: a long text before them never costs a card its buttons.
    pub(super) button_text_left: usize,
    pub(super) buttons_left: usize,
    /// Teams' ids of the people linked so far, and how each is written.
    pub(super) mentions: Vec<(String, String)>,
    /// A line across belongs above the next element.
    divided: bool,
}

impl<'a> Renderer<'a> {
    fn new(context: &'a Context<'a>, viewer: Viewer<'a>, room: Room) -> Self {
        Self {
            context,
            viewer,
            room,
            done: Vec::new(),
            left: room.text,
            button_text_left: room.button_text,
            buttons_left: room.buttons,
            mentions: Vec::new(),
            divided: false,
        }
    }

    /// A colour beside the sign, for a card; a card in a conversation begins with its first sentence.
    fn title(&mut self, card: &Card) {
        let title = cut(fallback::title(card).replace('\n', " ").trim(), limits::TITLE);
        let title = begun(&inert(&title));
        if title.is_empty() {
            return;
        }
        let mut text =
            json!({ "type": "TextBlock", "text": title, "wrap": true, "weight": "Bolder", "style": "heading" });
        match card.weight {
            Weight::Line => self.done.push(text),
            Weight::Card => {
                text["size"] = json!("Medium");
                let style = style(card.tone);
                self.done.push(json!({ "type": "Container", "style": style, "bleed": true, "items": [text] }));
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
                let lines = self.line(line, Look::Normal);
                self.add(lines);
            }
            Block::Facts(facts) => {
                let mut lines = Vec::new();
                for (label, value) in facts {
                    let mut fact = vec![Inline::Strong(format!("{label}: "))];
                    fact.extend_from_slice(value);
                    lines.extend(self.line(&fact, Look::Normal));
                }
                self.add(lines);
            }
            Block::List(items) => {
                let mut lines = Vec::new();
                for item in items {
                    let mut bulleted = vec![Inline::Plain("• ".to_owned())];
                    bulleted.extend_from_slice(item);
                    lines.extend(self.line(&bulleted, Look::Normal));
                }
                self.add(lines);
            }
            Block::Context(line) => {
                let lines = self.line(line, Look::Small);
                self.add(lines);
            }
            Block::Preformatted(text) => {
                let text = self.spend(text, Room::RUN);
                if !text.trim().is_empty() {
                    self.add(vec![preformatted(&text)]);
                }
            }
            Block::Divider => self.divided = true,
            Block::Actions(buttons) => {
                let rows = self.buttons(buttons);
                self.add(rows);
            }
        }
    }

    /// Adds elements that belong together.
    fn add(&mut self, elements: Vec<Value>) {
        for (i, mut element) in elements.into_iter().enumerate() {
            if i > 0 {
                element["spacing"] = json!("Small");
            } else if std::mem::take(&mut self.divided) {
                element["separator"] = json!(true);
                element["spacing"] = json!("Medium");
            }
            self.done.push(element);
        }
    }

    /// Never more elements than there is room for: what does not fit is said to be missing.
    fn finish(mut self) -> Value {
        let max = self.room.parts;
        if self.done.len() > max {
            // Buttons are what a message is acted on with: texts make room for them.
            let missing = self.done.len() - max;
            let rows = self.done.iter().filter(|part| is_row(part)).count();
            let mut texts = 0..max.saturating_sub(rows);
            self.done.retain(|part| is_row(part) || texts.next().is_some());
            self.done.truncate(max);
            let text = format!("… and {missing} more parts, too long for one message.");
            let run = json!({ "type": "TextRun", "text": text, "size": "Small", "isSubtle": true });
            self.done.push(json!({ "type": "RichTextBlock", "inlines": [run] }));
        }
        let mut content = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": VERSION,
            "body": self.done,
            "msteams": { "width": "Full" },
        });
        if !self.mentions.is_empty() {
            let entity = |(id, name): &(String, String)| json!({ "type": "mention", "text": format!("<at>{name}</at>"), "mentioned": { "id": id, "name": name } });
            content["msteams"]["entities"] = self.mentions.iter().map(entity).collect();
        }
        content
    }
}

fn is_row(part: &Value) -> bool {
    part["type"] == "ActionSet"
}

/// The colour of a tone; its sign says the same.
fn style(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral | Tone::Over => "emphasis",
        Tone::Pending => "accent",
        Tone::Success => "good",
        Tone::Warning => "warning",
        Tone::Danger | Tone::Refused => "attention",
    }
}

/// A block that can be copied, where the client knows it; else its lines in the same letters.
fn preformatted(text: &str) -> Value {
    let line = |line: &str| {
        let blank = if line.is_empty() { " " } else { line };
        let run = json!({ "type": "TextRun", "text": plain(blank), "fontType": "Monospace" });
        json!({ "type": "RichTextBlock", "inlines": [run], "spacing": "None" })
    };
    let lines: Vec<Value> = clean(text).split('\n').map(line).collect();
    json!({
        "type": "CodeBlock",
        "codeSnippet": clean(text),
        "language": "PlainText",
        "fallback": { "type": "Container", "style": "emphasis", "items": lines },
    })
}
