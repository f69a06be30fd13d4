//! The words of a message, without Teams' markup. Called for messages; what people wrote themselves stays as it is.

use serde_json::Value;

use super::text as at;

/// What somebody said: the mention that got our attention is left out, others become `@` and the id of who is meant.
pub(super) fn said(activity: &Value) -> String {
    let mut text = at(activity, &["text"]).unwrap_or_default().to_owned();
    let us = at(activity, &["recipient", "id"]);
    for entity in activity["entities"].as_array().into_iter().flatten() {
        let (Some("mention"), Some(written)) = (at(entity, &["type"]), at(entity, &["text"])) else { continue };
        let who = at(entity, &["mentioned", "id"]);
        let instead = match at(entity, &["mentioned", "aadObjectId"]).or(who) {
            Some(id) if who != us => format!("@{}", id.to_lowercase()),
            _ => String::new(),
        };
        text = text.replacen(written, &format!(" {instead} "), 1);
    }
    let markup = matches!(at(activity, &["textFormat"]), Some("xml" | "html")) || is_markup(&text);
    let text = if markup { plain(&text) } else { text.replace("&nbsp;", " ") };
    text.replace('\u{a0}', " ").trim().to_owned()
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
