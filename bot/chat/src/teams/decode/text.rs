//! The words of a message, without Teams' markup. Called for messages; what people wrote themselves stays as it is.

use std::ops::Range;

use serde_json::Value;

use super::text as at;
use crate::teams::reference::Member;

/// What somebody said.
pub(super) struct Said {
    /// Without the mention that got our attention; whoever else is mentioned is `@` and an id.
    pub text: String,
    /// These ids.
    pub mentioned: Vec<String>,
}

/// Reads the words. Who is meant is said by the entities alone: what only looks like a mention is text.
pub(super) fn said(activity: &Value) -> Said {
    let written = at(activity, &["text"]).unwrap_or_default();
    let us = at(activity, &["recipient", "id"]);
    // Two people of one name are written alike: each entity has a place of its own, in order.
    let mut places: Vec<(Range<usize>, String)> = Vec::new();
    for entity in activity["entities"].as_array().into_iter().flatten() {
        let (Some("mention"), Some(text)) = (at(entity, &["type"]), at(entity, &["text"])) else { continue };
        let id = at(entity, &["mentioned", "id"]);
        let account = at(entity, &["mentioned", "aadObjectId"]).filter(|id| is_word(id)).map(str::to_lowercase);
        let who = account.or_else(|| id.filter(|id| Member::is_id(id)).map(str::to_owned));
        // Something else than a person, such as a team: it stays as it was written.
        let Some(who) = (if id.is_some() && id == us { Some(String::new()) } else { who }) else { continue };
        let free = |at: &usize| places.iter().all(|(place, _)| *at >= place.end || at + text.len() <= place.start);
        if let Some(at) = written.match_indices(text).map(|(at, _)| at).find(free) {
            places.push((at..at + text.len(), who));
        }
    }
    places.sort_by_key(|(place, _)| place.start);
    let (mut text, mut from) = (String::with_capacity(written.len()), 0);
    for (place, who) in &places {
        text.push_str(&written[from..place.start]);
        text.push_str(if text.ends_with(char::is_alphanumeric) { " " } else { "" });
        text.push_str(&if who.is_empty() { String::new() } else { format!("@{who}") });
        from = place.end;
        text.push_str(if written[from..].starts_with(|c: char| c.is_alphanumeric() || c == '<') { " " } else { "" });
    }
    text.push_str(&written[from..]);
    let markup = matches!(at(activity, &["textFormat"]), Some("xml" | "html")) || is_markup(&text);
    let text = if markup { plain(&text) } else { text.replace("&nbsp;", " ") };
    let mentioned = places.into_iter().map(|(_, who)| who).filter(|who| !who.is_empty()).collect();
    Said { text: text.replace('\u{a0}', " ").trim().to_owned(), mentioned }
}

fn is_word(id: &str) -> bool {
    id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Some clients send a paragraph as they show it.
fn is_markup(text: &str) -> bool {
    let text = text.trim();
    ["p", "div"].iter().any(|tag| text.starts_with(&format!("<{tag}>")) && text.ends_with(&format!("</{tag}>")))
}

/// Markup without its tags. What looks like a tag and does not end is text.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        rest = match after.split_once('>') {
            Some((tag, after)) if is_tag => {
                let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
                plain.push_str(if matches!(name, "p" | "div" | "br" | "li") { "\n" } else { "" });
                after
            }
            _ => {
                plain.push('<');
                after
            }
        };
    }
    plain.push_str(rest);
    // `&amp;` last, so that nothing is decoded twice.
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(plain, |text, (entity, character)| text.replace(entity, character))
}
