//! The tests' hands and eyes over HTTP, for tests in other languages: the same functions as the
//! handle's, as JSON below `/playground/control/`.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    acts::Submission,
    browser::{Ask, BadRequest, Body},
    faults::{Fault, Misbehaviour},
    message::StoredMessage,
    playground::Playground,
};

type Answer = Result<Json<Value>, BadRequest>;

pub(crate) fn routes() -> Router<Playground> {
    Router::new()
        .route("/misbehave", post(misbehave))
        .route("/behave", post(behave))
        .route("/rate_limit", post(rate_limit))
        .route("/reset", post(reset))
        .route("/socket_mode", post(socket_mode))
        .route("/disconnect", post(disconnect))
        .route("/calls", get(calls))
        .route("/transcript", get(transcript))
        .route("/ephemerals", get(ephemerals))
        .route("/view", get(view))
        .route("/command", post(command))
        .route("/click", post(click))
        .route("/submit", post(submit))
        .route("/verify_events", post(verify_events))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Misbehave {
    method: String,
    fault: FaultName,
    #[serde(default)]
    retry_after: u64,
    #[serde(default)]
    body: bool,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    applied: bool,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultName {
    RateLimited,
    ServerError,
    Delay,
    DropConnection,
}

async fn misbehave(State(playground): State<Playground>, Body(asked): Body<Misbehave>) -> Json<Value> {
    let fault = match asked.fault {
        FaultName::RateLimited => Fault::RateLimited { retry_after: asked.retry_after, body: asked.body },
        FaultName::ServerError => Fault::ServerError,
        FaultName::Delay => Fault::Delay(Duration::from_millis(asked.delay_ms)),
        FaultName::DropConnection => Fault::DropConnection { applied: asked.applied },
    };
    playground.misbehave(Misbehaviour { method: asked.method, fault, times: asked.times });
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SocketMode {
    app_token: String,
}

async fn socket_mode(State(playground): State<Playground>, Body(asked): Body<SocketMode>) -> Json<Value> {
    playground.enable_socket_mode(&asked.app_token);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disconnect {
    reason: String,
}

async fn disconnect(State(playground): State<Playground>, Body(asked): Body<Disconnect>) -> Json<Value> {
    playground.disconnect_sockets(&asked.reason);
    done()
}

async fn behave(State(playground): State<Playground>) -> Json<Value> {
    playground.behave();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    /// Absent or null: no limit.
    interval_ms: Option<u64>,
}

async fn rate_limit(State(playground): State<Playground>, Body(rate): Body<Rate>) -> Json<Value> {
    playground.set_rate_limit(rate.interval_ms.map(Duration::from_millis));
    done()
}

async fn reset(State(playground): State<Playground>) -> Json<Value> {
    playground.reset();
    done()
}

fn done() -> Json<Value> {
    Json(json!({ "ok": true }))
}

async fn calls(State(playground): State<Playground>) -> Json<Value> {
    let calls: Vec<_> = playground
        .calls()
        .into_iter()
        .map(|c| json!({ "at": c.at, "method": c.method, "params": c.params, "status": c.status, "error": c.error }))
        .collect();
    Json(json!({ "calls": calls }))
}

fn show(messages: &[StoredMessage]) -> Json<Value> {
    let shown: Vec<_> = messages
        .iter()
        .map(|m| {
            json!({
                "ts": m.ts, "thread_ts": m.thread_ts, "user": m.user, "is_bot": m.is_bot, "text": m.text,
                "blocks": m.blocks, "metadata": m.metadata, "edited": m.edited, "reactions": m.reactions,
            })
        })
        .collect();
    Json(json!({ "messages": shown }))
}

#[derive(Deserialize)]
struct OfConversation {
    conversation: String,
}

async fn transcript(State(playground): State<Playground>, Ask(ask): Ask<OfConversation>) -> Json<Value> {
    show(&playground.transcript(&ask.conversation))
}

#[derive(Deserialize)]
struct OfPerson {
    #[serde(rename = "as")]
    user: String,
    #[serde(default)]
    channel: String,
}

async fn ephemerals(State(playground): State<Playground>, Ask(ask): Ask<OfPerson>) -> Answer {
    let channel = playground.place(&ask.user, &ask.channel)?;
    Ok(show(&playground.ephemerals(&ask.user, &channel)))
}

async fn view(State(playground): State<Playground>, Ask(ask): Ask<OfPerson>) -> Json<Value> {
    Json(json!({ "view": playground.open_view(&ask.user).map(|v| v.for_browser()) }))
}

#[derive(Deserialize)]
struct Command {
    #[serde(rename = "as")]
    user: String,
    channel: String,
    text: String,
}

async fn command(State(playground): State<Playground>, Body(asked): Body<Command>) -> Answer {
    let answer = playground.command(&asked.user, &asked.channel, &asked.text).await?;
    Ok(Json(json!({
        "ok": true, "trigger_id": answer.trigger_id, "took_ms": answer.took.as_secs_f64() * 1e3,
        "text": answer.message.map(|m| m.text),
    })))
}

#[derive(Deserialize)]
struct Click {
    #[serde(rename = "as")]
    user: String,
    channel: String,
    ts: String,
    action: String,
}

async fn click(State(playground): State<Playground>, Body(asked): Body<Click>) -> Answer {
    playground.click(&asked.user, &asked.channel, &asked.ts, &asked.action).await?;
    Ok(done())
}

#[derive(Deserialize)]
struct Submit {
    #[serde(rename = "as")]
    user: String,
    view_id: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

async fn submit(State(playground): State<Playground>, Body(asked): Body<Submit>) -> Answer {
    let values: Vec<_> = asked.values.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    Ok(Json(match playground.submit(&asked.user, &asked.view_id, &values).await? {
        Submission::Closed => json!({ "result": "closed" }),
        Submission::Updated => json!({ "result": "updated" }),
        Submission::Pushed => json!({ "result": "pushed" }),
        Submission::Errors(errors) => json!({ "result": "errors", "errors": errors }),
    }))
}

async fn verify_events(State(playground): State<Playground>) -> Answer {
    playground.verify_events().await?;
    Ok(done())
}
