//! A person submits or closes a modal.

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Value, json};

use super::action::{Place, entry};
use crate::{api::check_view_content, failure::Failure, form, outbound::Answer, playground::Playground, views::View};

/// What came of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// The modal closed (the one below it, if any, shows again).
    Closed,
    /// Block id to message; the modal stays.
    Errors(BTreeMap<String, String>),
    /// The modal shows something else.
    Updated,
    /// Another modal lies on top of it.
    Pushed,
}

impl Playground {
    /// Fills in and submits a modal. `values` are pairs of a field (its `block_id`, `action_id` or
    /// label) and what to enter: text, an option's value or label, several separated by commas. What
    /// is not named keeps what it holds.
    ///
    /// # Errors
    /// `NotPossible` if there is no such view or field; otherwise what the bot did wrong.
    pub async fn submit(&self, user: &str, view_id: &str, values: &[(&str, &str)]) -> Result<Submission, Failure> {
        let state = self.read(|world| {
            let found = world.at(user, &Place::View { id: view_id.to_owned() })?;
            let all = form::fields(&found.blocks);
            let mut state = json!({});
            for (name, value) in values {
                let named = |f: &&form::Field<'_>| f.block_id == *name || f.action_id == *name || f.label == *name;
                let field = all.iter().find(named);
                let field = field.ok_or_else(|| Failure::not_possible(format!("the form has no field {name}")))?;
                if state[field.block_id].is_null() {
                    state[field.block_id] = json!({});
                }
                state[field.block_id][field.action_id] = entry(field, value);
            }
            Ok::<_, Failure>(state)
        })?;
        self.submit_state(user, view_id, &state).await
    }

    /// Submits a modal with a state as the browser holds it, `{block: {action: {type, …}}}`.
    ///
    /// # Errors
    /// As `submit`.
    pub async fn submit_state(&self, user: &str, view_id: &str, state: &Value) -> Result<Submission, Failure> {
        self.acting(user)?;
        let prepared = self.change(|world| {
            let place = Place::View { id: view_id.to_owned() };
            let found = world.at(user, &place)?;
            if world.views.top(user).is_none_or(|top| top.id != view_id) {
                return Err(Failure::not_possible("only the topmost modal can be submitted"));
            }
            if world.views.find(view_id).is_some_and(|v| v.content.get("submit").is_none()) {
                return Err(Failure::not_possible("this modal has no submit button"));
            }
            let state = form::merge(&found.blocks, &found.state, state).map_err(Failure::NotPossible)?;
            let errors = form::check_submission(&found.blocks, &state);
            world.keep_state(&place, state);
            if !errors.is_empty() {
                return Ok(Err(errors));
            }
            let config = &world.config;
            let mut payload = world.payload("view_submission", user);
            payload["view"] =
                world.views.find(view_id).map_or(Value::Null, |v| v.for_api(&config.bot, &config.team_id));
            payload["response_urls"] = json!([]);
            payload["trigger_id"] = json!(world.triggers.issue(user, true, Instant::now()));
            Ok(Ok(payload))
        })?;
        match prepared {
            Err(errors) => Ok(Submission::Errors(errors)),
            Ok(payload) => {
                let answer = self.interact(&payload).await?;
                self.take_submission_answer(user, view_id, &answer)
            }
        }
    }

    fn take_submission_answer(&self, user: &str, view_id: &str, answer: &Answer) -> Result<Submission, Failure> {
        let body = read_answer(answer)?;
        match body.get("response_action").and_then(Value::as_str) {
            None => {
                self.change(|world| {
                    let closed = world.views.close(user, view_id);
                    world.show_closed(user, &closed);
                });
                Ok(Submission::Closed)
            }
            Some("clear") => {
                self.change(|world| {
                    let closed = world.views.clear(user);
                    world.show_closed(user, &closed);
                });
                Ok(Submission::Closed)
            }
            Some("errors") => self.take_errors(view_id, &body["errors"]),
            Some(action @ ("update" | "push")) => {
                let content = check_view_content(&body["view"], "modal")
                    .map_err(|r| Failure::BadAnswer { error: r.error, messages: r.messages })?;
                self.change(|world| {
                    let shown: Result<View, _> = if action == "update" {
                        world.views.update(view_id, content, None)
                    } else {
                        world.views.push(user, content)
                    };
                    let view = shown.map_err(|error| bad(error, ""))?;
                    world.show_view(&view);
                    Ok(if action == "update" { Submission::Updated } else { Submission::Pushed })
                })
            }
            Some(other) => Err(bad("invalid_response_action", other)),
        }
    }

    /// Errors must name input blocks of the view, as Slack demands.
    fn take_errors(&self, view_id: &str, errors: &Value) -> Result<Submission, Failure> {
        let errors: BTreeMap<String, String> = serde_json::from_value(errors.clone())
            .map_err(|_| bad("invalid_errors", "errors is not a map of texts"))?;
        let blocks = self.read(|world| world.views.find(view_id).map(|v| v.blocks().to_vec())).unwrap_or_default();
        let inputs: Vec<_> = form::fields(&blocks).into_iter().filter(|f| f.input).map(|f| f.block_id).collect();
        if errors.is_empty() {
            return Err(bad("invalid_errors", "errors is empty"));
        }
        if let Some(stranger) = errors.keys().find(|id| !inputs.contains(&id.as_str())) {
            return Err(bad("invalid_errors", &format!("{stranger} is no input block of the view")));
        }
        Ok(Submission::Errors(errors))
    }

    /// Closes a modal; the bot hears of it if the view asked for that.
    ///
    /// # Errors
    /// `NotPossible` if there is no such view; otherwise what the bot did wrong (the view is closed
    /// all the same).
    pub async fn close_view(&self, user: &str, view_id: &str) -> Result<(), Failure> {
        self.acting(user)?;
        let payloads = self.change(|world| {
            let view = world.views.find(view_id).filter(|v| v.user == user && v.content["type"] == "modal");
            let view = view.ok_or_else(|| Failure::not_possible(format!("{user} has no view {view_id} open")))?;
            let cleared = view.flag("clear_on_close");
            let closed = if cleared { world.views.clear(user) } else { world.views.close(user, view_id) };
            world.show_closed(user, &closed);
            let mut payloads = Vec::new();
            for view in closed.iter().filter(|v| v.flag("notify_on_close")) {
                let mut payload = world.payload("view_closed", user);
                payload["view"] = view.for_api(&world.config.bot, &world.config.team_id);
                payload["is_cleared"] = json!(cleared);
                payloads.push(payload);
            }
            Ok::<_, Failure>(payloads)
        })?;
        for payload in payloads {
            self.interact(&payload).await?;
        }
        Ok(())
    }
}

/// The answer as an object; nothing counts as an empty one.
fn read_answer(answer: &Answer) -> Result<Value, Failure> {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    let body: Value =
        serde_json::from_slice(&answer.body).map_err(|_| bad("invalid_json", "the answer is not JSON"))?;
    let known = ["response_action", "errors", "view"];
    match body.as_object() {
        Some(map) => match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(stranger) => Err(bad("invalid_arguments", stranger)),
            None => Ok(body),
        },
        None => Err(bad("json_not_object", "")),
    }
}

fn bad(error: &str, message: &str) -> Failure {
    Failure::BadAnswer { error: error.to_owned(), messages: vec![message.to_owned()] }
}
