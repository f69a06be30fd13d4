//! Reads an Adaptive Card as a person does: its words, its buttons, its fields, and what a button sends with what was filled in.
//! Knows what Teams shows of them, and nothing of what they mean.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How a card is attached.
pub const CONTENT_TYPE: &str = "application/vnd.microsoft.card.adaptive";

/// The largest message that Teams takes from a bot with a card. Source: Microsoft, "Format your bot messages".
pub(super) const LARGEST_BYTES: usize = 28 * 1024;

/// Where elements nest.
const INSIDE: [&str; 7] = ["body", "items", "columns", "inlines", "rows", "cells", "facts"];

/// Where words are.
const WORDS: [&str; 4] = ["text", "title", "value", "label"];

/// Calls `see` for every element of a card, from top to bottom. What is hidden is not seen.
fn walk<'a>(element: &'a Value, see: &mut impl FnMut(&'a Value)) {
    if element["isVisible"] == Value::Bool(false) {
        return;
    }
    see(element);
    for inside in INSIDE.iter().filter_map(|key| element[*key].as_array()) {
        inside.iter().for_each(|element| walk(element, see));
    }
}

/// The words of a card and of its buttons, one element a line.
pub(super) fn readable(card: &Value) -> String {
    let mut lines = Vec::new();
    walk(card, &mut |element| {
        let input = element["type"].as_str().is_some_and(|kind| kind.starts_with("Input."));
        let words = WORDS.iter().filter(|key| !(input && **key == "value"));
        let words: Vec<&str> = words.filter_map(|key| element[*key].as_str()).collect();
        // Pieces of a line stand together.
        if element.get("type").and_then(Value::as_str) == Some("TextRun") {
            lines.last_mut().map(|line: &mut String| line.push_str(&words.concat())).unwrap_or_default();
        } else {
            lines.push(words.join(" "));
        }
    });
    lines.extend(buttons(card).iter().map(|button| format!("[{}]", label(button))));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The buttons of a card, those behind "more" included.
pub(super) fn buttons(card: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    walk(card, &mut |element| found.extend(element["actions"].as_array().into_iter().flatten().cloned()));
    found
}

/// What a button says.
pub(super) fn label(button: &Value) -> String {
    button["title"].as_str().unwrap_or_default().to_owned()
}

/// The fields of a card: their names, with what is in them at first and what is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `id`.
    pub id: String,
    /// What it asks.
    pub label: String,
    /// What is in it.
    pub value: String,
    /// The values that can be chosen, where only those can.
    pub choices: Vec<String>,
    required: bool,
}

/// How what is wrong with a field is marked, below it; above all fields for what is of none of them.
const WRONG: &str = "⚠️";

/// What a card says is wrong, by field; by the empty name what is of none.
pub(super) fn errors(card: &Value) -> BTreeMap<String, String> {
    let mut field = String::new();
    let mut found = BTreeMap::new();
    walk(card, &mut |element| {
        let is_input = element["type"].as_str().is_some_and(|kind| kind.starts_with("Input."));
        if is_input && let Some(id) = element["id"].as_str() {
            id.clone_into(&mut field);
        }
        if let Some(wrong) = element["text"].as_str().and_then(|text| text.strip_prefix(WRONG)) {
            found.insert(field.clone(), wrong.trim().to_owned());
        }
    });
    found
}

/// The fields that can be seen.
pub(super) fn fields(card: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    walk(card, &mut |element| {
        let text = |key: &str| element[key].as_str().unwrap_or_default().to_owned();
        if text("type").starts_with("Input.") {
            let choices = element["choices"].as_array().into_iter().flatten();
            found.push(Field {
                id: text("id"),
                label: text("label"),
                value: text("value"),
                choices: choices.filter_map(|it| it["value"].as_str().map(str::to_owned)).collect(),
                required: element["isRequired"] == Value::Bool(true),
            });
        }
    });
    found
}

/// The button that is really sent: one that unfolds a question first has it below.
pub(super) fn confirmed(button: &Value) -> Value {
    let inner = button["card"]["actions"].as_array().and_then(|actions| actions.first());
    if button["type"] == "Action.ShowCard" { inner.expect("a question has a button").clone() } else { button.clone() }
}

/// What a button sends: its own data, and the fields with what was filled in. As the client does it sends nothing while a required
/// field is empty or a choice is none of those offered: `Err` says which.
pub(super) fn sent(card: &Value, button: &Value, values: &BTreeMap<String, String>) -> Result<Value, String> {
    let mut data = button["data"].as_object().cloned().unwrap_or_default();
    if button["associatedInputs"] == "none" {
        return Ok(Value::Object(data));
    }
    let fields = fields(card);
    if let Some(unknown) = values.keys().find(|name| !fields.iter().any(|field| field.id == **name)) {
        return Err(format!("no field is called {unknown}: {:?}", fields.iter().map(|it| &it.id).collect::<Vec<_>>()));
    }
    let mut filled = Map::new();
    for field in fields {
        let value = values.get(&field.id).cloned().unwrap_or(field.value);
        if value.trim().is_empty() && field.required {
            return Err(format!("{} is empty", field.id));
        }
        if !value.is_empty() && !field.choices.is_empty() && !field.choices.contains(&value) {
            return Err(format!("{value} is not offered by {}: {:?}", field.id, field.choices));
        }
        filled.insert(field.id, Value::String(value));
    }
    data.extend(filled);
    Ok(Value::Object(data))
}

/// Why Teams would not show a card, as far as size and shape go; the catalogue of elements is the business of the cards' own tests.
pub(super) fn wrong(card: &Value) -> Option<String> {
    let version = card["version"].as_str().unwrap_or_default();
    if card["type"] != "AdaptiveCard" || !["1.2", "1.3", "1.4", "1.5"].contains(&version) {
        return Some(format!("not an Adaptive Card that Teams knows: {} {version}", card["type"]));
    }
    let fields = fields(card);
    let twice = fields.iter().enumerate().find(|(at, field)| fields[..*at].iter().any(|other| other.id == field.id));
    if let Some((_, field)) = twice {
        return Some(format!("two fields are called {}", field.id));
    }
    let kinds = ["Action.Execute", "Action.Submit", "Action.OpenUrl", "Action.ShowCard", "Action.ToggleVisibility"];
    let odd = buttons(card)
        .into_iter()
        .find(|button| !button["type"].as_str().is_some_and(|kind| kinds.contains(&kind)) || label(button).is_empty());
    odd.map(|button| format!("a button that Teams does not know: {button}"))
}
