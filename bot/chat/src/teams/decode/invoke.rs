//! Invokes: what waits for its answer in the response.

use serde_json::Value;

use super::{Takes, data, handle, pressed, text};
use crate::form::field;
use crate::inbound::Intent;
use crate::teams::actions::Pressed;
use crate::teams::dialog;

/// What is wanted, and which kind of answer is waited for.
pub(super) fn read(activity: &Value) -> (Intent, Takes) {
    let value = &activity["value"];
    let (intent, takes) = match text(activity, &["name"]) {
        Some("adaptiveCard/action") => (execute(activity), Takes::Card),
        Some("task/fetch" | "task/submit" | "composeExtension/submitAction") => {
            (data(&value["data"], handle(activity)), Takes::Dialog)
        }
        // A command of the message extension is named as the verb is.
        Some("composeExtension/fetchTask") => {
            (text(value, &["commandId"]).map(|verb| Intent::Line { text: verb.to_owned() }), Takes::Dialog)
        }
        Some("application/search") => (search(value), Takes::Choices),
        _ => (None, Takes::Message),
    };
    (intent.unwrap_or(Intent::Ignored), takes)
}

/// `Action.Execute`: a button, or a client that asks for its reader's own face.
fn execute(activity: &Value) -> Option<Intent> {
    let action = &activity["value"]["action"];
    let verb = text(action, &["verb"]).unwrap_or_default();
    match Pressed::read(verb, &action["data"]) {
        Some(button) => Some(pressed(button, handle(activity))),
        None => data(&action["data"], handle(activity)),
    }
}

/// Typing into a field whose choices are too many to be listed.
fn search(value: &Value) -> Option<Intent> {
    let query = text(value, &["queryText"]).unwrap_or_default().to_owned();
    let field = match text(value, &["dataset"])? {
        dialog::ROLES => field::ROLE,
        dialog::PEOPLE => field::WHOM,
        _ => return None,
    };
    Some(Intent::Options { form: None, field: field.to_owned(), query })
}
