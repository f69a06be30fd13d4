//! A person presses a button or chooses from a menu, in a message or in a view.

use std::time::Instant;

use serde_json::{Value, json};

use super::payload;
use crate::{
    blocks::elements::options_of,
    failure::Failure,
    form::{self, Field},
    playground::Playground,
    world::World,
};

/// Where an element stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Message { channel: String, ts: String },
    View { id: String },
}

/// What stands there: the blocks, and what has been entered.
pub(super) struct Found {
    pub blocks: Vec<Value>,
    pub state: Value,
    pub ephemeral: bool,
}

impl World {
    /// The blocks at a place, as this person sees them.
    pub(super) fn at(&self, user: &str, place: &Place) -> Result<Found, Failure> {
        match place {
            Place::Message { channel, ts } => {
                let conversation = self
                    .conversation_of(user, channel)
                    .ok_or_else(|| Failure::not_possible(format!("{user} is not in {channel}")))?;
                let message = conversation.message(ts).or_else(|| conversation.ephemeral(ts, user));
                let message = message.ok_or_else(|| Failure::not_possible(format!("there is no message {ts}")))?;
                Ok(Found {
                    blocks: message.blocks.clone(),
                    state: message.state.clone(),
                    ephemeral: message.ephemeral_to.is_some(),
                })
            }
            Place::View { id } => {
                let view = self.views.find(id).filter(|v| v.user == user);
                let view = view.ok_or_else(|| Failure::not_possible(format!("{user} has no view {id} open")))?;
                Ok(Found { blocks: view.blocks().to_vec(), state: view.state.clone(), ephemeral: false })
            }
        }
    }

    pub(super) fn keep_state(&mut self, place: &Place, state: Value) {
        match place {
            Place::View { id } => {
                if let Some(view) = self.views.find_mut(id) {
                    view.state = state;
                }
            }
            Place::Message { channel, ts } => {
                let Some(conversation) = self.conversation_mut(channel) else { return };
                if let Some(message) = conversation.ephemeral_mut(ts) {
                    message.state = state;
                } else if let Some(message) = conversation.message_mut(ts) {
                    message.state = state;
                }
            }
        }
    }

    /// `container`, `message`, `view`, `channel`, `state`: what a payload says about the place.
    pub(super) fn describe(&self, payload: &mut Value, place: &Place, found: &Found) {
        let config = &self.config;
        match place {
            Place::View { id } => {
                payload["container"] = json!({ "type": "view", "view_id": id });
                if let Some(view) = self.views.find(id) {
                    payload["view"] = view.for_api(&config.bot, &config.team_id);
                }
            }
            Place::Message { channel, ts } => {
                payload["container"] = json!({
                    "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": found.ephemeral,
                });
                payload["state"] = json!({ "values": found.state });
                let Some(conversation) = self.conversation(channel) else { return };
                payload["channel"] = payload::channel(conversation);
                if let Some(message) = conversation.message(ts) {
                    if let Some(thread) = &message.thread_ts {
                        payload["container"]["thread_ts"] = json!(thread);
                    }
                    let replies = conversation.replies(ts);
                    payload["message"] = message.for_api(&config.bot, &config.team_id, replies, true);
                }
            }
        }
    }
}

impl Playground {
    /// Presses the element of a message whose `action_id` or label is given. `channel` is an id, a
    /// name or `dm`; the message may be one that only this person sees.
    ///
    /// # Errors
    /// `NotPossible` if there is no such element; otherwise what the bot did wrong.
    pub async fn click(&self, user: &str, channel: &str, ts: &str, action: &str) -> Result<(), Failure> {
        let place = Place::Message { channel: self.place(user, channel)?, ts: ts.to_owned() };
        self.press(user, place, action, None).await
    }

    /// Chooses `value` (an option's value or label, a date, a user id) in a menu of a message.
    ///
    /// # Errors
    /// As `click`.
    pub async fn choose(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        (action, value): (&str, &str),
    ) -> Result<(), Failure> {
        let place = Place::Message { channel: self.place(user, channel)?, ts: ts.to_owned() };
        self.press(user, place, action, Some(value)).await
    }

    /// Presses a button (`value` is `None`) or chooses in a menu, in the modal or home tab `view_id`.
    ///
    /// # Errors
    /// As `click`.
    pub async fn act_in_view(
        &self,
        user: &str,
        view_id: &str,
        action: &str,
        value: Option<&str>,
    ) -> Result<(), Failure> {
        self.press(user, Place::View { id: view_id.to_owned() }, action, value).await
    }

    async fn press(&self, user: &str, place: Place, action: &str, value: Option<&str>) -> Result<(), Failure> {
        let chosen = self.read(|world| {
            let found = world.at(user, &place)?;
            let all = form::fields(&found.blocks);
            let field = all
                .iter()
                .find(|f| f.action_id == action)
                .or_else(|| all.iter().find(|f| f.element["text"]["text"] == action || f.label == action));
            let field = field.ok_or_else(|| {
                let there: Vec<_> = all.iter().map(|f| f.action_id).collect();
                Failure::not_possible(format!("there is no {action} among {there:?}"))
            })?;
            let mut chosen = match value {
                Some(value) => entry(field, value),
                None => json!({ "type": field.kind() }),
            };
            chosen["block_id"] = json!(field.block_id);
            chosen["action_id"] = json!(field.action_id);
            Ok::<_, Failure>(chosen)
        })?;
        self.act(user, place, &Value::Null, &chosen).await
    }

    /// What the browser and the tests share: checks the action against what stands there, sends
    /// `block_actions`, waits for the acknowledgement.
    pub(crate) async fn act(&self, user: &str, place: Place, state: &Value, action: &Value) -> Result<(), Failure> {
        self.acting(user)?;
        let base = self.clone();
        let payload = self.change(|world| {
            let mut found = world.at(user, &place)?;
            let id = |key: &str| action.get(key).and_then(Value::as_str).unwrap_or_default();
            let field = form::find(&found.blocks, id("block_id"), id("action_id"))
                .ok_or_else(|| Failure::not_possible(format!("there is no element {} there", id("action_id"))))?;
            if id("type") != field.kind() {
                return Err(Failure::not_possible(format!("{} is a {}", field.action_id, field.kind())));
            }
            found.state = form::merge(&found.blocks, &found.state, state).map_err(Failure::NotPossible)?;
            let ts = world.next_ts();
            let sent = done(&field, action, &ts)?;
            if holds_value(&field) {
                let entry = form::accept(&field, action).map_err(Failure::NotPossible)?;
                let given = json!({ field.block_id: { field.action_id: entry } });
                found.state = form::merge(&found.blocks, &found.state, &given).map_err(Failure::NotPossible)?;
            }
            if field.input && !field.dispatch {
                return Err(Failure::not_possible(format!("{} reports nothing until submitted", field.action_id)));
            }
            world.keep_state(&place, found.state.clone());
            let mut payload = world.payload("block_actions", user);
            payload["trigger_id"] =
                json!(world.triggers.issue(user, matches!(place, Place::View { .. }), Instant::now()));
            payload["actions"] = json!([sent]);
            world.describe(&mut payload, &place, &found);
            if let Place::Message { channel, ts } = &place {
                let token = world.hooks.issue(user, channel, Some((ts, found.ephemeral)), world.now());
                payload["response_url"] = json!(base.response_url(&token));
            }
            Ok(payload)
        })?;
        self.interact(&payload).await.map(|_| ())
    }
}

fn holds_value(field: &Field<'_>) -> bool {
    !matches!(field.kind(), "button" | "overflow")
}

/// The entry of `actions` for what was done. What the element says comes from the element, never
/// from the browser.
fn done(field: &Field<'_>, action: &Value, ts: &str) -> Result<Value, Failure> {
    let element = field.element;
    let mut sent = if holds_value(field) {
        form::accept(field, action).map_err(Failure::NotPossible)?
    } else {
        json!({ "type": field.kind() })
    };
    sent["action_id"] = json!(field.action_id);
    sent["block_id"] = json!(field.block_id);
    sent["action_ts"] = json!(ts);
    match field.kind() {
        "button" => {
            for key in ["text", "value", "style", "url"] {
                if let Some(value) = element.get(key) {
                    sent[key] = value.clone();
                }
            }
        }
        "overflow" => {
            let wanted = action["selected_option"].get("value").and_then(Value::as_str).unwrap_or_default();
            let option = options_of(element).into_iter().find(|o| o["value"] == wanted);
            let option = option.ok_or_else(|| Failure::not_possible(format!("there is no option {wanted}")))?;
            sent["selected_option"] = option.clone();
        }
        _ => {
            for key in ["placeholder", "initial_option", "initial_date", "initial_time"] {
                if let Some(value) = element.get(key) {
                    sent[key] = value.clone();
                }
            }
        }
    }
    Ok(sent)
}

/// What a test names as a text, as a state entry or action of the element.
pub(super) fn entry(field: &Field<'_>, value: &str) -> Value {
    let kind = field.kind();
    let option = |wanted: &str| -> Value {
        let own = options_of(field.element)
            .into_iter()
            .find(|o| o["value"] == wanted || o["text"]["text"] == wanted)
            .cloned();
        own.unwrap_or_else(|| json!({ "text": { "type": "plain_text", "text": wanted }, "value": wanted }))
    };
    let list = || value.split(',').map(str::trim).filter(|v| !v.is_empty());
    let key_and_value = match kind {
        "static_select" | "external_select" | "radio_buttons" | "overflow" => {
            ("selected_option", if value.is_empty() { Value::Null } else { option(value) })
        }
        "multi_static_select" | "multi_external_select" | "checkboxes" => {
            ("selected_options", list().map(option).collect())
        }
        "users_select" => ("selected_user", json!(value)),
        "multi_users_select" => ("selected_users", list().collect::<Vec<_>>().into()),
        "channels_select" => ("selected_channel", json!(value)),
        "multi_channels_select" => ("selected_channels", list().collect::<Vec<_>>().into()),
        "conversations_select" => ("selected_conversation", json!(value)),
        "multi_conversations_select" => ("selected_conversations", list().collect::<Vec<_>>().into()),
        "datepicker" => ("selected_date", json!(value)),
        "timepicker" => ("selected_time", json!(value)),
        "datetimepicker" => ("selected_date_time", value.parse::<i64>().map_or(Value::Null, |n| json!(n))),
        _ => ("value", json!(value)),
    };
    json!({ "type": kind, key_and_value.0: key_and_value.1 })
}
