//! Checks Block Kit as strictly as Slack does: what the bot sends must be accepted here only if
//! Slack would take it. Called by the Web API methods, by answers to commands and submissions, and
//! by anyone who wants to check blocks without a playground. Reads only; `fill_ids` alone writes.

mod checker;
mod composition;
pub(crate) mod elements;
mod layout;
pub(crate) mod limits;
mod rich_text;
mod view;

#[cfg(test)]
mod tests;

use serde_json::Value;

use checker::Checker;
pub use checker::Surface;

/// What is wrong with these blocks, in Slack's words with JSON pointers; empty if nothing is.
pub fn check_blocks(blocks: &[Value], surface: Surface) -> Vec<String> {
    let mut checker = Checker::new(surface);
    checker.blocks(blocks);
    checker.problems
}

/// What is wrong with this view (`kind` is `modal` or `home`); empty if nothing is.
pub fn check_view(view: &Value, kind: &str) -> Vec<String> {
    let mut checker = Checker::new(Surface::Home);
    checker.view(view, kind);
    checker.problems
}

/// What is wrong with the options a bot offers for an external select.
pub(crate) fn check_suggestions(answer: &Value) -> Vec<String> {
    let mut checker = Checker::new(Surface::Home);
    checker.suggestions(answer);
    checker.problems
}

/// Characters of all text in the blocks, which Slack limits as a whole.
pub(crate) fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if key == "text" => text.chars().count(),
                other => text_length(other),
            })
            .sum(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        _ => 0,
    }
}

/// Gives every block a `block_id` and every interactive element an `action_id`, as Slack does
/// before it stores them.
pub(crate) fn fill_ids(blocks: &mut [Value]) {
    for block in blocks {
        let Some(map) = block.as_object_mut() else { continue };
        map.entry("block_id").or_insert_with(|| Value::String(crate::ids::random("b")));
        let kind = map.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "actions" => {
                map.get_mut("elements").and_then(Value::as_array_mut).into_iter().flatten().for_each(fill_action_id);
            }
            "section" => map.get_mut("accessory").into_iter().for_each(fill_action_id),
            "input" => map.get_mut("element").into_iter().for_each(fill_action_id),
            _ => {}
        }
    }
}

fn fill_action_id(element: &mut Value) {
    if let Some(map) = element.as_object_mut()
        && map.get("type").is_some_and(|kind| kind != "image")
    {
        map.entry("action_id").or_insert_with(|| Value::String(crate::ids::random("a")));
    }
}
