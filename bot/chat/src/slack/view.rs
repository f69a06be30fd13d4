//! Form to a Slack view, and the answers to a submission.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::limits;
use super::render::{self, plain_text};
use super::text::{clean, cut};
use crate::card::{Block, Card};
use crate::cards::Context;
use crate::form::{Choice, Field, Form, Input};

/// Renders a dialog for `views.open` and `views.update`.
pub fn modal(form: &Form, context: &Context) -> Value {
    let mut blocks = render::blocks(&form.intro, context);
    let preview = render::blocks(&form.preview, context);
    if !preview.is_empty() {
        blocks.extend(preview);
        blocks.push(json!({ "type": "divider" }));
    }
    if form.submit.is_some() {
        blocks.extend(form.fields.iter().filter_map(input));
    }
    blocks.truncate(limits::VIEW_BLOCKS);
    let mut view = json!({
        "type": "modal",
        "callback_id": form.kind.as_str(),
        "title": plain_text(&form.title, limits::VIEW_TITLE),
        "close": plain_text(if form.submit.is_some() { "Cancel" } else { "Close" }, limits::VIEW_TITLE),
        "private_metadata": metadata(form),
        "blocks": blocks,
    });
    if let Some(submit) = &form.submit {
        view["submit"] = plain_text(submit, limits::VIEW_TITLE);
    }
    view
}

/// Renders a home tab for `views.publish`.
pub fn home(card: &Card, context: &Context) -> Value {
    json!({ "type": "home", "blocks": render::whole(card, context) })
}

/// Renders an answer as a dialog without anything to send: where there is no conversation to answer in. Without buttons, since a
/// dialog cannot follow what becomes of the thing.
pub fn answer(card: &Card, context: &Context) -> Value {
    let mut card = card.clone();
    card.blocks.retain(|block| !matches!(block, Block::Actions(_)));
    json!({
        "type": "modal",
        "callback_id": "answer",
        "title": plain_text("jit", limits::VIEW_TITLE),
        "close": plain_text("Close", limits::VIEW_TITLE),
        "private_metadata": "",
        "blocks": render::whole(&card, context),
    })
}

/// What the dialog carries; a channel's long name is let go before the access it is about.
fn metadata(form: &Form) -> String {
    let text = serde_json::to_string(&form.meta).unwrap_or_default();
    if text.chars().count() <= limits::METADATA {
        return text;
    }
    let meta = crate::form::Meta { access: form.meta.access, ..Default::default() };
    serde_json::to_string(&meta).unwrap_or_default()
}

/// A select without options cannot be rendered and is left out.
fn input(field: &Field) -> Option<Value> {
    let mut block = json!({
        "type": "input",
        "block_id": field.id,
        "label": plain_text(&field.label, limits::LABEL),
        "optional": field.optional,
        "dispatch_action": field.live,
        "element": element(field)?,
    });
    if let Some(hint) = &field.hint {
        block["hint"] = plain_text(hint, limits::LABEL);
    }
    Some(block)
}

fn element(field: &Field) -> Option<Value> {
    let mut element = json!({ "action_id": field.id });
    match &field.input {
        Input::Select { options, selected, external } => {
            let initial = selected.as_ref().and_then(|value| options.iter().find(|choice| choice.value == *value));
            select(&mut element, ("static_select", "external_select"), options, initial.as_slice(), *external)?;
            if let Some(initial) = initial {
                element["initial_option"] = option(initial);
            }
        }
        Input::MultiSelect { options, selected, max, external } => {
            let chosen = selected.iter().filter_map(|value| options.iter().find(|choice| choice.value == *value));
            let chosen: Vec<&Choice> = chosen.take(*max).collect();
            select(&mut element, ("multi_static_select", "multi_external_select"), options, &chosen, *external)?;
            element["max_selected_items"] = json!(max);
            if !chosen.is_empty() {
                element["initial_options"] = chosen.into_iter().map(option).collect();
            }
        }
        Input::Text { multiline, min, max, initial, placeholder } => {
            let max = (*max).clamp(1, limits::INPUT);
            element["type"] = json!("plain_text_input");
            element["multiline"] = json!(multiline);
            element["min_length"] = json!((*min).min(max));
            element["max_length"] = json!(max);
            if let Some(initial) = initial.as_ref().map(|text| cut(&clean(text), max)).filter(|text| !text.is_empty()) {
                element["initial_value"] = json!(initial);
            }
            if let Some(placeholder) = placeholder {
                element["placeholder"] = plain_text(placeholder, limits::PLACEHOLDER);
            }
        }
    }
    Some(element)
}

/// The options of a menu, or that they are searched for; `None` when there is nothing to choose.
fn select(
    element: &mut Value,
    (listed, searched): (&str, &str),
    options: &[Choice],
    chosen: &[&Choice],
    external: bool,
) -> Option<()> {
    if external {
        element["type"] = json!(searched);
        element["min_query_length"] = json!(0);
    } else if options.is_empty() {
        return None;
    } else {
        element["type"] = json!(listed);
        // Those chosen must be among those listed.
        let room = limits::OPTIONS.saturating_sub(if options.len() > limits::OPTIONS { chosen.len() } else { 0 });
        let listed = options.iter().enumerate().filter(|(place, choice)| *place < room || chosen.contains(choice));
        element["options"] = listed.map(|(_, choice)| option(choice)).collect();
    }
    element["placeholder"] = plain_text("Choose", limits::PLACEHOLDER);
    Some(())
}

fn option(choice: &Choice) -> Value {
    json!({ "text": plain_text(&choice.label, limits::OPTION), "value": cut(&choice.value, limits::OPTION_VALUE) })
}

/// The answer to a query for options.
pub fn options(choices: &[Choice]) -> Value {
    json!({ "options": choices.iter().take(limits::OPTIONS).map(option).collect::<Vec<_>>() })
}

/// The answer to a submission that has something wrong in it: field to what is wrong. Fields that the dialog does not have are
/// ignored by Slack, so the caller names one that it has.
pub fn errors(errors: &BTreeMap<&str, String>) -> Value {
    let errors: BTreeMap<&str, String> =
        errors.iter().map(|(field, text)| (*field, cut(&clean(text), limits::LABEL))).collect();
    json!({ "response_action": "errors", "errors": errors })
}

/// The answer to a submission that another dialog follows.
pub fn replace(form: &Form, context: &Context) -> Value {
    json!({ "response_action": "update", "view": modal(form, context) })
}

/// The answer to a submission that was taken: the dialog closes.
pub fn close() -> Value {
    json!({ "response_action": "clear" })
}
