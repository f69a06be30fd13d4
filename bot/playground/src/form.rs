//! What people enter: the fields of a view or message, their state, and what a client checks before
//! it submits. Pure functions over blocks; called when views change and when people act.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::blocks::elements::{is_date, is_time, options_of};

/// An interactive element and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub block_id: &'a str,
    pub action_id: &'a str,
    pub element: &'a Value,
    /// Label of an input block.
    pub label: &'a str,
    /// In an input block, whose value is submitted.
    pub input: bool,
    pub optional: bool,
    /// An input that also reports each change.
    pub dispatch: bool,
}

impl Field<'_> {
    pub(crate) fn kind(&self) -> &str {
        self.element["type"].as_str().unwrap_or_default()
    }
}

/// All interactive elements of some blocks, in order.
pub(crate) fn fields(blocks: &[Value]) -> Vec<Field<'_>> {
    let mut all = Vec::new();
    for block in blocks {
        let block_id = block["block_id"].as_str().unwrap_or_default();
        let input = block["type"] == "input";
        let elements: Vec<&Value> = match block["type"].as_str() {
            Some("actions") => block["elements"].as_array().into_iter().flatten().collect(),
            Some("section") => block.get("accessory").into_iter().collect(),
            Some("input") => block.get("element").into_iter().collect(),
            _ => Vec::new(),
        };
        for element in elements {
            let Some(action_id) = element["action_id"].as_str() else { continue };
            all.push(Field {
                block_id,
                action_id,
                element,
                label: block["label"]["text"].as_str().unwrap_or_default(),
                input,
                optional: block["optional"] == true,
                dispatch: !input || block["dispatch_action"] == true,
            });
        }
    }
    all
}

/// The field with these ids.
pub(crate) fn find<'a>(blocks: &'a [Value], block_id: &str, action_id: &str) -> Option<Field<'a>> {
    fields(blocks).into_iter().find(|f| f.block_id == block_id && f.action_id == action_id)
}

/// The key of an element's value in a state entry, and the key of its initial value.
fn value_keys(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => ("value", "initial_value"),
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", "initial_option"),
        "multi_static_select" | "multi_external_select" | "checkboxes" => ("selected_options", "initial_options"),
        "users_select" => ("selected_user", "initial_user"),
        "multi_users_select" => ("selected_users", "initial_users"),
        "channels_select" => ("selected_channel", "initial_channel"),
        "multi_channels_select" => ("selected_channels", "initial_channels"),
        "conversations_select" => ("selected_conversation", "initial_conversation"),
        "multi_conversations_select" => ("selected_conversations", "initial_conversations"),
        "datepicker" => ("selected_date", "initial_date"),
        "timepicker" => ("selected_time", "initial_time"),
        "datetimepicker" => ("selected_date_time", "initial_date_time"),
        _ => return None,
    })
}

fn is_list(key: &str) -> bool {
    matches!(key, "selected_options" | "selected_users" | "selected_channels" | "selected_conversations")
}

/// The state entry of an element nobody has touched; `None` for buttons and the like.
fn untouched(element: &Value) -> Option<Value> {
    let kind = element["type"].as_str()?;
    let (key, initial) = value_keys(kind)?;
    let empty = if is_list(key) { json!([]) } else { Value::Null };
    Some(json!({ "type": kind, key: element.get(initial).cloned().unwrap_or(empty) }))
}

/// The state of a view's (or a message's) fields: what `old` has for the same block, action and
/// kind, else the initial value.
pub(crate) fn carry_over(content: &Value, old: &Value) -> Value {
    let blocks = content["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut values = Map::new();
    for field in fields(blocks) {
        let Some(fresh) = untouched(field.element) else { continue };
        let kept = old.get(field.block_id).and_then(|block| block.get(field.action_id));
        let entry = match kept {
            Some(kept) if kept["type"] == fresh["type"] && accept(&field, kept).is_ok() => kept.clone(),
            _ => fresh,
        };
        let block = values.entry(field.block_id).or_insert_with(|| json!({}));
        block[field.action_id] = entry;
    }
    Value::Object(values)
}

/// Lays what a client sent over the state; refuses what no client could have entered, passes over
/// elements that are not there.
pub(crate) fn merge(blocks: &[Value], state: &Value, given: &Value) -> Result<Value, String> {
    let mut merged = state.clone();
    let Some(given) = given.as_object() else {
        return if given.is_null() { Ok(merged) } else { Err("state must be an object".into()) };
    };
    for (block_id, actions) in given {
        let actions = actions.as_object().ok_or_else(|| format!("state of {block_id} must be an object"))?;
        for (action_id, entry) in actions {
            // A page may still hold what an update has just taken away.
            let Some(field) = find(blocks, block_id, action_id) else { continue };
            if !merged.is_object() {
                merged = json!({});
            }
            if merged[block_id].is_null() {
                merged[block_id] = json!({});
            }
            merged[block_id][action_id] = accept(&field, entry)?;
        }
    }
    Ok(merged)
}

/// A state entry as the element allows it: options replaced by the element's own.
pub(crate) fn accept(field: &Field<'_>, entry: &Value) -> Result<Value, String> {
    let kind = field.kind();
    let (key, _) = value_keys(kind).ok_or_else(|| format!("{} holds no value", field.action_id))?;
    if entry.get("type").is_some_and(|given| given != kind) {
        return Err(format!("{} is a {kind}", field.action_id));
    }
    let value = entry.get(key).cloned().unwrap_or(Value::Null);
    let value = match key {
        "selected_option" if value.is_null() => Value::Null,
        "selected_option" => own_option(field, &value)?,
        "selected_options" => {
            let chosen = value.as_array().cloned().unwrap_or_default();
            if chosen.len() > 100 {
                return Err(format!("too many options for {}", field.action_id));
            }
            chosen.iter().map(|option| own_option(field, option)).collect::<Result<Value, _>>()?
        }
        "selected_date_time" => value.as_i64().map_or(Value::Null, |n| json!(n)),
        _ if is_list(key) => value
            .as_array()
            .map_or_else(|| json!([]), |ids| ids.iter().filter(|id| id.is_string()).take(100).cloned().collect()),
        _ => match value {
            // An empty field is null in Slack, never an empty string.
            Value::String(text) if !text.is_empty() => Value::String(text),
            _ => Value::Null,
        },
    };
    Ok(json!({ "type": kind, key: value }))
}

/// The element's own option with the same value; an external select's option is taken as it is,
/// since only the bot knows them all.
fn own_option(field: &Field<'_>, given: &Value) -> Result<Value, String> {
    let value = given.get("value").and_then(Value::as_str).ok_or("an option has a value")?;
    if field.kind().ends_with("external_select") {
        let text = given["text"]["text"].as_str().ok_or("an option has a text")?;
        return Ok(json!({ "text": { "type": "plain_text", "text": text, "emoji": true }, "value": value }));
    }
    options_of(field.element)
        .into_iter()
        .find(|option| option["value"] == value)
        .cloned()
        .ok_or_else(|| format!("{} has no option {value}", field.action_id))
}

/// What a Slack client checks before it sends a submission: block id to message.
pub(crate) fn check_submission(blocks: &[Value], state: &Value) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    for field in fields(blocks).into_iter().filter(|f| f.input) {
        let entry = &state[field.block_id][field.action_id];
        let Some((key, _)) = value_keys(field.kind()) else { continue };
        let value = &entry[key];
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if empty {
            if !field.optional {
                errors.insert(field.block_id.to_owned(), "Please complete this required field.".to_owned());
            }
        } else if let Some(problem) = check_value(&field, value) {
            errors.insert(field.block_id.to_owned(), problem);
        }
    }
    errors
}

fn check_value(field: &Field<'_>, value: &Value) -> Option<String> {
    let text = value.as_str().unwrap_or_default();
    let limit = |key: &str| field.element[key].as_u64().and_then(|n| usize::try_from(n).ok());
    match field.kind() {
        "plain_text_input" => {
            let length = text.chars().count();
            let (min, max) = (limit("min_length").unwrap_or(0), limit("max_length").unwrap_or(3000));
            if length < min {
                Some(format!("Please enter at least {min} characters."))
            } else if length > max {
                Some(format!("Please enter at most {max} characters."))
            } else {
                None
            }
        }
        "number_input" => check_number(field.element, text),
        "email_text_input" => {
            let good = text.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
            (!good).then(|| "Please enter a valid email address.".to_owned())
        }
        "url_text_input" => url::Url::parse(text).is_err().then(|| "Please enter a valid URL.".to_owned()),
        "datepicker" => (!is_date(text)).then(|| "Please enter a valid date.".to_owned()),
        "timepicker" => (!is_time(text)).then(|| "Please enter a valid time.".to_owned()),
        _ => {
            let chosen = value.as_array().map_or(0, Vec::len);
            let max = limit("max_selected_items")?;
            (chosen > max).then(|| format!("Please choose at most {max}."))
        }
    }
}

fn check_number(element: &Value, text: &str) -> Option<String> {
    let Ok(number) = text.parse::<f64>() else { return Some("Please enter a number.".into()) };
    let bound = |key: &str| element[key].as_str().and_then(|n| n.parse::<f64>().ok());
    if element["is_decimal_allowed"] != true && number.fract() != 0.0 {
        Some("Please enter a whole number.".into())
    } else if bound("min_value").is_some_and(|min| number < min) || bound("max_value").is_some_and(|max| number > max) {
        Some("This number is out of range.".into())
    } else {
        None
    }
}
