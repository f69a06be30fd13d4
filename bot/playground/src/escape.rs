//! Turns what people type into Slack's text: `&`, `<`, `>` escaped, `@handle` and `#channel` made
//! into references. Called when people speak or command; pure over the world's names.

use crate::world::World;

/// How a person is referred to: with the name in commands, without it in messages, as Slack does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    WithName,
    Bare,
}

/// Escapes the three characters that mean something to Slack.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text as Slack stores and sends it.
pub(crate) fn typed(world: &World, text: &str, mention: Mention) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut at_start = true;
    while let Some(c) = rest.chars().next() {
        if let Some((reference, length)) = reference(world, rest, at_start, mention) {
            out.push_str(&reference);
            rest = &rest[length..];
            at_start = false;
            continue;
        }
        at_start = !c.is_alphanumeric();
        let (head, tail) = rest.split_at(c.len_utf8());
        out.push_str(&escape(head));
        rest = tail;
    }
    out
}

/// A reference at the beginning of `rest`, and the number of bytes it takes.
fn reference(world: &World, rest: &str, at_start: bool, mention: Mention) -> Option<(String, usize)> {
    if let Some(inside) = rest.strip_prefix("<@") {
        // What a client inserts when a person is picked from a list.
        let end = inside.find('>')?;
        let id = inside[..end].split('|').next()?;
        let name = name_of(world, id)?;
        return Some((person(id, &name, mention), end + 3));
    }
    if !at_start {
        return None;
    }
    let sign = rest.chars().next().filter(|c| matches!(c, '@' | '#'))?;
    let word: &str = &rest[1..];
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(word.len());
    let word = word[..end].trim_end_matches(['.', '-']);
    if word.is_empty() {
        return None;
    }
    let text = if sign == '@' {
        let id = id_of(world, word)?;
        person(&id, &name_of(world, &id)?, mention)
    } else {
        let channel = world.channel_by_name(word)?;
        format!("<#{}|{}>", channel.id, channel.name())
    };
    Some((text, word.len() + 1))
}

fn person(id: &str, name: &str, mention: Mention) -> String {
    match mention {
        Mention::WithName => format!("<@{id}|{name}>"),
        Mention::Bare => format!("<@{id}>"),
    }
}

fn name_of(world: &World, id: &str) -> Option<String> {
    let bot = &world.config.bot;
    if id == bot.user_id {
        return Some(bot.name.clone());
    }
    world.person(id).map(|p| p.name.clone())
}

fn id_of(world: &World, handle: &str) -> Option<String> {
    let bot = &world.config.bot;
    if bot.name.eq_ignore_ascii_case(handle) {
        return Some(bot.user_id.clone());
    }
    world.config.people.iter().find(|p| p.name.eq_ignore_ascii_case(handle)).map(|p| p.id.clone())
}
