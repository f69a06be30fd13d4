//! Lines of text: what people wrote stays what it is.
//!
//! A line is a `RichTextBlock`, whose text no client reads as Markdown. Only what rich text cannot hold, a mention or a time in the reader's
//! own zone, makes it a `TextBlock`, and then everything in it goes through [`inert`].

use chrono::{DateTime, SecondsFormat, Utc};
use jit_core::id::PersonId;
use serde_json::{Value, json};

use super::limits;
use super::render::{Renderer, Viewer};
use super::room::Room;
use super::text::{begun, called, clean, cut, inert, plain};
use crate::card::{Inline, TimeStyle};
use crate::fallback;

/// How large a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Normal,
    Small,
}

/// A piece of a line, ready to be shown in either way.
enum Piece {
    Text(String),
    Strong(String),
    Code(String),
    Mention(String),
    At(String),
}

impl Renderer<'_> {
    /// A line as elements, one for each line that people wrote; none where there is nothing to see.
    pub(super) fn line(&mut self, line: &[Inline], look: Look) -> Vec<Value> {
        let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
        for inline in line {
            for (i, piece) in self.pieces(inline).into_iter().enumerate() {
                if i > 0 {
                    lines.push(Vec::new());
                }
                lines.last_mut().expect("there is always a line").extend(piece);
            }
        }
        lines.iter().filter_map(|line| element(line, look)).collect()
    }

    /// The pieces of an inline, one for each line of its text.
    fn pieces(&mut self, inline: &Inline) -> Vec<Option<Piece>> {
        let make: fn(String) -> Piece = match inline {
            Inline::Strong(_) => Piece::Strong,
            Inline::Code(_) => Piece::Code,
            _ => Piece::Text,
        };
        let special = match inline {
            Inline::Person(id) => self.mention(id).map(Piece::Mention),
            Inline::Time(at, TimeStyle::At) => instant(*at).map(Piece::At),
            _ => None,
        };
        if special.is_some() {
            self.left = self.left.saturating_sub(2 * Room::RUN);
            return vec![special.filter(|_| self.left > 0)];
        }
        let text = self.spend(&fallback::piece(inline, self.context), Room::RUN);
        text.split('\n').map(|line| (!line.is_empty()).then(|| make(line.to_owned()))).collect()
    }

    /// Takes from what may still be shown.
    pub(super) fn spend(&mut self, text: &str, cost: usize) -> String {
        self.left = self.left.saturating_sub(cost);
        let text = cut(&clean(text), limits::TEXT.min(self.left));
        self.left -= text.chars().count().min(self.left);
        text
    }

    /// Links a person, who is then notified: only where many read, since Slack notifies nobody of a direct message that they are not in.
    fn mention(&mut self, id: &PersonId) -> Option<String> {
        let Viewer::Everybody { .. } = self.viewer else { return None };
        let person = self.context.directory.person(id)?;
        let teams = person.teams.as_ref()?;
        let name = called(&person.name);
        let known = self.mentions.iter().find(|(other, _)| other == teams);
        // Two people of the same name would be one to Teams: the second is only named.
        let taken = known.is_none() && self.mentions.iter().any(|(_, other)| *other == name);
        if name.is_empty() || taken || known.is_none() && self.mentions.len() >= self.room.mentions {
            return None;
        }
        if known.is_none() {
            self.mentions.push((teams.clone(), name.clone()));
        }
        Some(format!("<at>{name}</at>"))
    }
}

/// An instant as clients read it: to the second, in years of four digits. Where it is written otherwise they show what is written.
/// Source: Microsoft, "Text features" of Adaptive Cards: all in capitals, no blank inside the braces, RFC 3339; in a `TextBlock` alone, since
/// Teams does not read it in rich text.
fn instant(at: DateTime<Utc>) -> Option<String> {
    let text = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    (text.len() == "2026-11-21T14:00:00Z".len()).then_some(text)
}

fn element(line: &[Piece], look: Look) -> Option<Value> {
    let visible = line.iter().any(|piece| match piece {
        Piece::Text(text) | Piece::Strong(text) | Piece::Code(text) => !text.trim().is_empty(),
        Piece::Mention(_) | Piece::At(_) => true,
    });
    if !visible {
        return None;
    }
    let marked = line.iter().any(|piece| matches!(piece, Piece::Mention(_) | Piece::At(_)));
    Some(if marked { text_block(line, look) } else { rich_text(line, look) })
}

fn rich_text(line: &[Piece], look: Look) -> Value {
    let run = |piece: &Piece| {
        let (text, style) = match piece {
            Piece::Text(text) | Piece::Mention(text) | Piece::At(text) => (text, None),
            Piece::Strong(text) => (text, Some(("weight", "Bolder"))),
            Piece::Code(text) => (text, Some(("fontType", "Monospace"))),
        };
        let mut run = json!({ "type": "TextRun", "text": plain(text) });
        if let Some((key, value)) = style {
            run[key] = json!(value);
        }
        if look == Look::Small {
            run["size"] = json!("Small");
            run["isSubtle"] = json!(true);
        }
        run
    };
    json!({ "type": "RichTextBlock", "inlines": line.iter().map(run).collect::<Vec<_>>() })
}

fn text_block(line: &[Piece], look: Look) -> Value {
    let mut text = String::new();
    for piece in line {
        match piece {
            Piece::Text(piece) | Piece::Code(piece) if text.is_empty() => text.push_str(&begun(&inert(piece))),
            Piece::Text(piece) | Piece::Code(piece) => text.push_str(&inert(piece)),
            Piece::Strong(piece) => strong(&inert(piece), &mut text),
            Piece::Mention(mention) => text.push_str(mention),
            Piece::At(at) => text.push_str(&format!("{{{{DATE({at}, SHORT)}}}} {{{{TIME({at})}}}}")),
        }
    }
    let mut block = json!({ "type": "TextBlock", "text": text.trim(), "wrap": true });
    if look == Look::Small {
        block["size"] = json!("Small");
        block["isSubtle"] = json!(true);
    }
    block
}

/// Bold, where Markdown is sure to see it so: its asterisks must touch a letter inside, or a blank outside.
fn strong(piece: &str, text: &mut String) {
    let inner = piece.trim();
    let (before, after) = (piece.len() - piece.trim_start().len(), piece.trim_end().len());
    let starts = inner.starts_with(char::is_alphanumeric) && (text.is_empty() || before > 0 || text.ends_with(' '));
    let ends = inner.ends_with(char::is_alphanumeric) || after < piece.len();
    if !starts || !ends {
        text.push_str(&if text.is_empty() { begun(piece) } else { piece.to_owned() });
        return;
    }
    text.push_str(&piece[..before]);
    text.push_str(&format!("**{inner}**"));
    text.push_str(&piece[after..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Card, Line, Tone};
    use crate::cards::sample;
    use crate::teams::render;

    #[test]
    fn a_time_is_written_as_microsoft_documents_it_and_in_no_rich_text() {
        let people = sample::people();
        let context = sample::context(&people);
        let at: DateTime<Utc> = "2026-11-21T14:00:00.123Z".parse().unwrap();
        let card = Card::new(Tone::Neutral, "t").text(Line::new("Until ").at(at).plain("."));
        let content = render::content(&card, &context, Viewer::One);
        let line = &content["body"][1];
        let expected = "Until {{DATE(2026-11-21T14:00:00Z, SHORT)}} {{TIME(2026-11-21T14:00:00Z)}}.";
        assert_eq!((line["type"].as_str(), line["text"].as_str()), (Some("TextBlock"), Some(expected)));
        let far = "+12026-11-21T14:00:00Z".parse().unwrap();
        assert_eq!(instant(far), None, "which no client reads: it is said in words");
    }
}
