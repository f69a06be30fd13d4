//! Form to a Teams dialog (a "task module"), and what comes back of it. Called by Teams' door, for `task/fetch`, `task/submit` and the
//! message extension's own names for the same.
//!
//! A dialog of Teams tells nobody of a change before it is sent: a form whose fields are live gets a button that previews it, and its fields
//! are required when it is sent, not by the client ([`lacking`]), so that a half-filled form can be previewed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::buttons::label;
use super::limits;
use super::render::{self, CONTENT_TYPE, VERSION, Viewer};
use super::room::Room;
use super::text::{clean, cut, inert, one_line};
use crate::card::Card;
use crate::cards::Context;
use crate::form::{Choice, Field, Form, FormKind, Input, Meta, Values, field};

/// Which choices are searched for while typing; comes back with each search.
pub const ROLES: &str = "roles";
/// The same, where people are searched for.
pub const PEOPLE: &str = "sponsored";
/// More choices than these are easier to find by typing.
const LISTED: usize = 8;
/// What is said of an empty field that must not be.
const NEEDED: &str = "This is needed.";

/// A dialog that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which.
    pub form: FormKind,
    /// Only to be shown what would happen.
    pub preview: bool,
    /// What was filled in.
    pub values: Values,
    /// What the dialog carried.
    pub meta: Meta,
}

/// Renders a dialog, as the answer to whatever opens or sends it; with what is wrong, by field.
pub fn task(form: &Form, context: &Context, errors: &BTreeMap<&str, String>) -> Value {
    let content = content(form, context, errors);
    let height = if form.fields.len() > 2 { "large" } else { "medium" };
    continued(&form.title, content, height)
}

/// Renders a form as a card in a message: for clients that know no dialogs.
pub fn attachment(form: &Form, context: &Context, errors: &BTreeMap<&str, String>) -> Value {
    json!({ "contentType": CONTENT_TYPE, "content": content(form, context, errors) })
}

fn content(form: &Form, context: &Context, errors: &BTreeMap<&str, String>) -> Value {
    Room::fit(limits::CARD_BYTES, |room| card(form, context, errors, room))
}

/// Renders a card as a dialog: where somebody asks to see something that a shared card has no room for.
pub fn answer(card: &Card, context: &Context) -> Value {
    continued("jit", render::content(card, context, Viewer::InDialog), "medium")
}

/// A sentence instead of a dialog.
pub fn message(text: &str) -> Value {
    json!({ "task": { "type": "message", "value": cut(clean(text).trim(), limits::LABEL) } })
}

/// The answer to a search for choices.
pub fn found(choices: &[Choice]) -> Value {
    let results: Vec<Value> = choices.iter().take(limits::FOUND).map(choice).collect();
    json!({ "type": "application/vnd.microsoft.search.searchResponse", "value": { "results": results } })
}

fn continued(title: &str, content: Value, height: &str) -> Value {
    let card = json!({ "contentType": CONTENT_TYPE, "content": content });
    let title = one_line(title, limits::DIALOG_TITLE);
    json!({ "task": { "type": "continue", "value": { "title": title, "height": height, "width": "medium", "card": card } } })
}

/// Reads the data of a dialog that was sent, with its fields among it. `None`: not one of ours.
pub fn sent(data: &Value) -> Option<Sent> {
    let form = FormKind::parse(data["form"].as_str()?)?;
    let data = data.as_object()?;
    let value = |id: &str| data.get(id).and_then(Value::as_str).map(|value| (id.to_owned(), value.to_owned()));
    Some(Sent {
        form,
        preview: data.get("preview") == Some(&Value::Bool(true)),
        values: Values(field::ALL.into_iter().filter_map(value).collect()),
        meta: data.get("meta").and_then(|meta| serde_json::from_value(meta.clone()).ok()).unwrap_or_default(),
    })
}

/// What is missing or cannot be, by field: what Slack checks before it sends a dialog.
pub fn lacking(form: &Form, values: &Values) -> BTreeMap<&'static str, String> {
    let wrong = |field: &Field| match (&field.input, values.get(field.id)) {
        (_, None) if field.optional => None,
        (_, None) => Some(NEEDED.to_owned()),
        (Input::Text { min, max, .. }, Some(value)) => match value.chars().count() {
            length if length < *min => Some(too_short(*min)),
            length if length > *max => Some(format!("At most {max} characters.")),
            _ => None,
        },
        (Input::Select { options, external, .. }, Some(value)) => {
            let known = *external || options.iter().any(|option| sends(option) == value);
            (!known).then(|| "Choose one of these.".to_owned())
        }
        (Input::MultiSelect { options, max, external, .. }, Some(value)) => {
            let chosen = || value.split(',').map(str::trim).filter(|one| !one.is_empty());
            let known = |one: &str| *external || options.iter().any(|option| sends(option) == one);
            match chosen().count() {
                number if number > *max => Some(format!("At most {max}.")),
                _ => (!chosen().all(known)).then(|| "Choose among these.".to_owned()),
            }
        }
    };
    form.fields.iter().filter_map(|field| Some((field.id, wrong(field)?))).collect()
}

/// The form, with what was filled in: shown again after a preview or an error.
#[must_use]
pub fn filled(mut form: Form, values: &Values) -> Form {
    for field in &mut form.fields {
        let value = values.get(field.id).map(str::to_owned);
        match &mut field.input {
            Input::Select { selected, .. } => *selected = value.or(selected.take()),
            Input::MultiSelect { selected, .. } => {
                if let Some(value) = value {
                    *selected = value.split(',').map(|one| one.trim().to_owned()).collect();
                }
            }
            Input::Text { initial, .. } => *initial = value,
        }
    }
    form
}

fn card(form: &Form, context: &Context, errors: &BTreeMap<&str, String>, room: Room) -> Value {
    let shown: Vec<&Field> = form.fields.iter().filter(|field| form.submit.is_some() && is_shown(field)).collect();
    let mut body = Vec::new();
    let at_field = |id: &str| shown.iter().any(|field| field.id == id);
    body.extend(errors.iter().filter(|(id, _)| !at_field(id)).map(|(_, error)| wrong(error)));
    // The field may be out of sight.
    body.extend(errors.keys().any(|id| at_field(id)).then(|| wrong("Nothing was sent: see below.")));
    body.extend(render::body(&form.intro, context, room));
    let preview = render::body(&form.preview, context, room);
    if !preview.is_empty() {
        body.push(json!({ "type": "Container", "style": "emphasis", "items": preview }));
    }
    let previews = shown.iter().any(|field| field.live);
    for field in &shown {
        body.push(input(field, previews, room));
        body.extend(errors.get(field.id).map(|error| wrong(error)));
        body.extend(field.hint.as_ref().map(|hint| small(hint)));
    }
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": body,
        "fallbackText": inert(&one_line(&form.title, limits::TITLE)),
    });
    if let Some(submit) = &form.submit {
        let mut data = json!({ "form": form.kind.as_str(), "meta": meta(&form.meta) });
        let send = json!({ "type": "Action.Submit", "title": label(submit), "style": style(form.kind), "data": data });
        let mut actions = vec![send];
        if previews {
            data["preview"] = json!(true);
            let tooltip = "Shows what would happen, and sends nothing";
            actions.push(json!({ "type": "Action.Submit", "title": "Preview", "tooltip": tooltip, "data": data }));
        }
        content["actions"] = json!(actions);
    }
    content
}

/// What filters another field follows at once or not at all; here choices are found by typing instead, and say their level. A select
/// without choices cannot be answered.
fn is_shown(field: &Field) -> bool {
    let empty = matches!(&field.input, Input::Select { options, external: false, .. } if options.is_empty());
    field.id != field::LEVEL && !empty
}

fn style(kind: FormKind) -> &'static str {
    match kind {
        FormKind::Deny | FormKind::Revoke | FormKind::Emergency | FormKind::Misuse => "destructive",
        FormKind::Request
        | FormKind::Ask
        | FormKind::Reply
        | FormKind::ApproveShorter
        | FormKind::Extend
        | FormKind::Reveal
        | FormKind::Justified => "positive",
    }
}

/// What the dialog carries; a channel's long name is let go before the access it is about.
fn meta(meta: &Meta) -> Value {
    let whole = json!(meta);
    if whole.to_string().len() <= limits::META {
        return whole;
    }
    json!(Meta { access: meta.access, ..Meta::default() })
}

fn input(field: &Field, previews: bool, room: Room) -> Value {
    let optional = if field.optional { " (optional)" } else { "" };
    let label = format!("{}{optional}", said(&field.label, limits::LABEL));
    let mut input = json!({ "id": field.id, "label": label, "isRequired": !field.optional && !previews });
    if !field.optional && !previews {
        input["errorMessage"] = json!(match field.input {
            Input::Text { min, .. } if min > 1 => format!("{NEEDED} {}", too_short(min)),
            _ => NEEDED.to_owned(),
        });
    }
    match &field.input {
        Input::Select { options, selected, external } => {
            let most = if *external { limits::FOUND } else { room.choices };
            select(&mut input, options, selected.as_slice(), most);
        }
        Input::MultiSelect { options, selected, external, .. } => {
            let most = if *external { limits::FOUND } else { room.choices };
            select(&mut input, options, selected, most);
            input["isMultiSelect"] = json!(true);
            // Each is a line of its own, on a narrow screen too.
            input["wrap"] = json!(true);
        }
        Input::Text { multiline, min, max, initial, placeholder } => {
            let max = (*max).clamp(1, limits::INPUT);
            input["type"] = json!("Input.Text");
            input["isMultiline"] = json!(multiline);
            input["maxLength"] = json!(max);
            if *min > 1 && !previews {
                input["regex"] = json!(format!("^[\\s\\S]{{{},}}$", (*min).min(max)));
            }
            if let Some(initial) = initial {
                input["value"] = json!(cut(clean(initial).trim(), max.min(room.text)));
            }
            if let Some(placeholder) = placeholder {
                input["placeholder"] = json!(one_line(placeholder, limits::PLACEHOLDER));
            }
        }
    }
    input
}

/// Many choices are found by typing; too many for one dialog are asked for while typing.
fn select(input: &mut Value, options: &[Choice], selected: &[String], most: usize) {
    let initial = selected.iter().filter_map(|value| options.iter().find(|choice| choice.value == *value));
    let initial: Vec<&Choice> = initial.collect();
    // Those chosen must be among those listed.
    let room = most.saturating_sub(if options.len() > most { initial.len() } else { 0 });
    let listed = options.iter().enumerate().filter(|(place, choice)| *place < room || initial.contains(choice));
    let listed: Vec<Value> = listed.map(|(_, one)| choice(one)).collect();
    input["type"] = json!("Input.ChoiceSet");
    input["style"] = json!(if listed.len() > LISTED { "filtered" } else { "compact" });
    input["choices"] = json!(listed);
    input["placeholder"] = json!("Choose");
    if listed.is_empty() || options.len() > listed.len() {
        let dataset = if input["id"] == field::WHOM { PEOPLE } else { ROLES };
        input["choices.data"] = json!({ "type": "Data.Query", "dataset": dataset });
    }
    if !initial.is_empty() {
        input["value"] = json!(initial.into_iter().map(sends).collect::<Vec<_>>().join(","));
    }
}

fn choice(choice: &Choice) -> Value {
    json!({ "title": said(&choice.label, limits::CHOICE), "value": sends(choice) })
}

/// Never nothing: a label that is empty names no field.
fn said(text: &str, max: usize) -> String {
    let text = one_line(text, max);
    if text.is_empty() { "–".to_owned() } else { text }
}

fn sends(choice: &Choice) -> String {
    cut(&choice.value, limits::CHOICE_VALUE)
}

fn too_short(min: usize) -> String {
    format!("At least {min} characters.")
}

/// What is wrong, beside its field: the sign says it without colour.
fn wrong(error: &str) -> Value {
    let text = format!("⚠️ {}", one_line(error, limits::LABEL));
    let run = json!({ "type": "TextRun", "text": text, "color": "Attention", "weight": "Bolder" });
    json!({ "type": "RichTextBlock", "inlines": [run], "spacing": "Small" })
}

fn small(hint: &str) -> Value {
    let text = said(hint, limits::LABEL);
    let run = json!({ "type": "TextRun", "text": text, "size": "Small", "isSubtle": true });
    json!({ "type": "RichTextBlock", "inlines": [run], "spacing": "Small" })
}
