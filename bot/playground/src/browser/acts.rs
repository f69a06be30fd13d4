//! What the page does for a person. What the bot does wrong is `{ok:false, error}`; what the page
//! asked wrongly is a 4xx.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BadRequest, Body};
use crate::{
    acts::{Place, Submission},
    failure::Failure,
    playground::Playground,
};

type Answer = Result<Json<Value>, BadRequest>;

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(rename = "as")]
    user: String,
    channel: String,
    text: String,
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Action {
    #[serde(rename = "as")]
    user: String,
    channel: Option<String>,
    message_ts: Option<String>,
    view_id: Option<String>,
    #[serde(default)]
    state: Value,
    action: Value,
}

#[derive(Deserialize)]
pub(super) struct ViewAct {
    #[serde(rename = "as")]
    user: String,
    view_id: String,
    kind: ViewKind,
    #[serde(default)]
    state: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ViewKind {
    Submit,
    Close,
}

#[derive(Deserialize)]
pub(super) struct Options {
    #[serde(rename = "as")]
    user: String,
    channel: Option<String>,
    message_ts: Option<String>,
    view_id: Option<String>,
    block_id: String,
    action_id: String,
    #[serde(default)]
    query: String,
}

#[derive(Deserialize)]
pub(super) struct Read {
    #[serde(rename = "as")]
    user: String,
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
pub(super) struct As {
    #[serde(rename = "as")]
    user: String,
}

/// `ok`, or the bot's failure as `{ok:false, error}`; the person's own mistake is a 4xx.
fn outcome<T>(result: Result<T, Failure>) -> Answer {
    match result {
        Ok(_) => Ok(Json(json!({ "ok": true }))),
        Err(mistake @ Failure::NotPossible(_)) => Err(mistake.into()),
        Err(failure) => Ok(Json(json!({ "ok": false, "error": failure.to_string() }))),
    }
}

/// `{values: …}` or the values themselves.
fn values(state: &Value) -> &Value {
    state.get("values").unwrap_or(state)
}

fn place(view_id: Option<String>, channel: Option<String>, ts: Option<String>) -> Result<Place, BadRequest> {
    match (view_id, channel, ts) {
        (Some(id), _, _) => Ok(Place::View { id }),
        (None, Some(channel), Some(ts)) => Ok(Place::Message { channel, ts }),
        _ => Err(BadRequest::new(StatusCode::BAD_REQUEST, "name a view_id, or channel and message_ts")),
    }
}

pub(super) async fn message(State(playground): State<Playground>, Body(sent): Body<Message>) -> Answer {
    let text = sent.text.trim();
    let command = &playground.config().command;
    let word = text.split_whitespace().next().unwrap_or_default();
    if word == command {
        return outcome(playground.command(&sent.user, &sent.channel, text).await);
    }
    if word.len() > 1 && word.starts_with('/') {
        let channel = playground.place(&sent.user, &sent.channel)?;
        let answer = crate::escape::escape(&format!("{word} is not a valid command. Here you have {command}."));
        playground.change(|world| world.slackbot(&sent.user, &channel, &answer));
        return Ok(Json(json!({ "ok": true })));
    }
    outcome(playground.say(&sent.user, &sent.channel, text, sent.thread_ts.as_deref()).await)
}

pub(super) async fn action(State(playground): State<Playground>, Body(sent): Body<Action>) -> Answer {
    let place = place(sent.view_id, sent.channel, sent.message_ts)?;
    outcome(playground.act(&sent.user, place, values(&sent.state), &sent.action).await)
}

pub(super) async fn view(State(playground): State<Playground>, Body(sent): Body<ViewAct>) -> Answer {
    let result = match sent.kind {
        ViewKind::Submit => playground.submit_state(&sent.user, &sent.view_id, values(&sent.state)).await,
        ViewKind::Close => playground.close_view(&sent.user, &sent.view_id).await.map(|()| Submission::Closed),
    };
    Ok(Json(match result? {
        Submission::Closed => json!({ "result": "closed" }),
        Submission::Updated => json!({ "result": "updated" }),
        Submission::Pushed => json!({ "result": "pushed" }),
        Submission::Errors(errors) => json!({ "result": "errors", "errors": errors }),
    }))
}

pub(super) async fn options(State(playground): State<Playground>, Body(sent): Body<Options>) -> Answer {
    let place = place(sent.view_id, sent.channel, sent.message_ts)?;
    let ids = (sent.block_id.as_str(), sent.action_id.as_str());
    let options = playground.suggest(&sent.user, place, ids, &sent.query).await?;
    Ok(Json(json!({ "options": options })))
}

pub(super) async fn read(State(playground): State<Playground>, Body(sent): Body<Read>) -> Answer {
    outcome(playground.mark_read(&sent.user, &sent.channel, &sent.ts))
}

pub(super) async fn home_opened(State(playground): State<Playground>, Body(sent): Body<As>) -> Answer {
    outcome(playground.open_home(&sent.user).await)
}
