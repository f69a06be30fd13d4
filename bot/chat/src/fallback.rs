//! Plain text of a card: for notifications, screen readers, logs of tests, and platforms without blocks.
//!
//! Called by every renderer. Says everything that the card says; adds no markup and escapes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use jit_core::span::Span;

use crate::card::{Block, Card, Inline, TimeStyle, Tone};
use crate::cards::Context;

/// The whole card, a line per block.
pub fn text(card: &Card, context: &Context) -> String {
    let mut lines = vec![title(card)];
    for block in &card.blocks {
        match block {
            Block::Text(text) | Block::Context(text) => lines.push(line(text, context)),
            Block::Facts(facts) => {
                lines.extend(facts.iter().map(|(label, value)| format!("{label}: {}", line(value, context))));
            }
            Block::List(items) => lines.extend(items.iter().map(|item| format!("• {}", line(item, context)))),
            Block::Preformatted(text) => lines.push(beginning(text)),
            Block::Divider => {}
            Block::Actions(buttons) => {
                let labels: Vec<&str> = buttons.iter().map(|button| button.label.as_str()).collect();
                lines.push(format!("[{}]", labels.join("] [")));
            }
        }
    }
    lines.join("\n")
}

/// The title behind the sign of its tone.
pub fn title(card: &Card) -> String {
    match sign(card.tone) {
        "" => card.title.clone(),
        sign => format!("{sign} {}", card.title),
    }
}

/// The sign of a tone: a symbol that says the same without colour.
pub fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "",
        Tone::Pending => "⏳",
        Tone::Success => "✅",
        Tone::Warning => "⏰",
        Tone::Danger => "🚨",
        Tone::Refused => "🚫",
        Tone::Over => "⏹️",
    }
}

/// Nobody wants a whole certificate read aloud.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// One line.
pub fn line(inlines: &[Inline], context: &Context) -> String {
    inlines.iter().map(|inline| piece(inline, context)).collect()
}

/// One piece of a line.
pub fn piece(inline: &Inline, context: &Context) -> String {
    match inline {
        Inline::Plain(text) | Inline::Strong(text) | Inline::Code(text) => text.clone(),
        Inline::Quote(text) => format!("“{text}”"),
        Inline::Person(id) => context.name(id).to_owned(),
        // Teams does not always tell the name, and its id is nothing to read.
        Inline::Channel(channel) if channel.name.is_empty() => "a channel".to_owned(),
        Inline::Channel(channel) => format!("#{}", channel.name),
        Inline::Time(at, TimeStyle::At) => clock(*at),
        Inline::Time(at, TimeStyle::Left) => left(*at, context.now),
    }
}

/// Date and time where the reader's zone is unknown, such as `21 Nov 23:10 UTC`.
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%-d %b %H:%M UTC").to_string()
}

/// How long from now or ago, in the two largest units.
pub fn left(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let delta = at - now;
    if delta.abs() < TimeDelta::minutes(1) {
        return "now".to_owned();
    }
    let length = rough(delta.abs());
    if delta > TimeDelta::zero() { format!("in {length}") } else { format!("{length} ago") }
}

/// A length of time in its two largest units, `2d3h`, `1h30m`, `14m`; seconds only below a minute.
pub fn rough(delta: TimeDelta) -> String {
    let seconds = u64::try_from(delta.num_seconds()).unwrap_or(0);
    let unit = match seconds {
        86_400.. => 3_600,
        60.. => 60,
        _ => 1,
    };
    Span::seconds(seconds / unit * unit).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_rough_but_never_zero() {
        let seconds = |n| rough(TimeDelta::seconds(n));
        assert_eq!(seconds(59), "59s");
        assert_eq!(seconds(899), "14m");
        assert_eq!(seconds(5_459), "1h30m");
        assert_eq!(seconds(97_260), "1d3h");
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(left(now + TimeDelta::seconds(5), now), "now");
        assert_eq!(left(now + TimeDelta::minutes(15), now), "in 15m");
        assert_eq!(left(now - TimeDelta::hours(2), now), "2h ago");
    }
}
