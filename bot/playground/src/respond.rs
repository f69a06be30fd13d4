//! `response_url`, and the same answer given at once to a command: text and blocks to the person or
//! the channel, replacing or deleting the message that was acted on.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::{
    api::{Args, Refused, bot_message, edit, read_content, refuse},
    blocks::limits,
    faults::Fault,
    message::StoredMessage,
    playground::Playground,
    world::{ApiCall, World},
};

/// Name under which calls are recorded and misbehave.
const NAME: &str = "response_url";
const KEYS: &[&str] = &[
    "text",
    "blocks",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "metadata",
    "unfurl_links",
    "unfurl_media",
];

/// Whom an answer goes to, and which message it may replace.
pub(crate) struct Target {
    pub user: String,
    pub channel: String,
    /// The message acted on, and whether only the person sees it.
    pub message: Option<(String, bool)>,
}

/// Applies an answer; gives the message it made or changed.
pub(crate) fn reply(world: &mut World, target: &Target, args: &Args) -> Result<Option<StoredMessage>, Refused> {
    if let Some(stranger) = args.names().find(|name| !KEYS.contains(name)) {
        return Err(refuse("invalid_arguments").because(vec![format!("invalid additional property: {stranger}")]));
    }
    if args.flag("delete_original")? {
        delete_original(world, target)?;
        return Ok(None);
    }
    let content = read_content(args, limits::MESSAGE_TEXT)?.not_empty()?;
    let in_channel = match args.text("response_type")?.as_deref() {
        None | Some("ephemeral") => false,
        Some("in_channel") => true,
        Some(_) => return Err(refuse("invalid_arguments").because(vec!["response_type is unknown".into()])),
    };
    if args.flag("replace_original")? {
        let (ts, ephemeral) = target.message.clone().ok_or_else(|| refuse("message_not_found"))?;
        let conversation = world.conversation(&target.channel).ok_or_else(|| refuse("channel_not_found"))?;
        let found = if ephemeral { conversation.ephemeral(&ts, &target.user) } else { conversation.message(&ts) };
        let mut message = found.cloned().ok_or_else(|| refuse("message_not_found"))?;
        edit(world, &mut message, content);
        let conversation = world.conversation_mut(&target.channel);
        let slot = conversation.and_then(|c| if ephemeral { c.ephemeral_mut(&ts) } else { c.message_mut(&ts) });
        if let Some(slot) = slot {
            *slot = message.clone();
        }
        world.show(&target.channel, "changed", &message);
        return Ok(Some(message));
    }
    let thread = args.text("thread_ts")?.filter(|ts| !ts.is_empty());
    let mut message = bot_message(world, content, thread);
    if !in_channel {
        message.ephemeral_to = Some(target.user.clone());
    }
    world.post(&target.channel, message.clone());
    Ok(Some(message))
}

fn delete_original(world: &mut World, target: &Target) -> Result<(), Refused> {
    let (ts, ephemeral) = target.message.as_ref().ok_or_else(|| refuse("message_not_found"))?;
    let gone = if *ephemeral {
        world.delete_ephemeral(&target.channel, ts, &target.user)
    } else {
        world.delete(&target.channel, ts)
    };
    if gone { Ok(()) } else { Err(refuse("message_not_found")) }
}

/// `/playground/response/{token}`.
pub(crate) async fn respond(
    State(playground): State<Playground>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match playground.change(|world| world.faults.strike(NAME)) {
        Some(Fault::RateLimited { retry_after, body }) => return crate::api::rate_limited(retry_after, body),
        Some(Fault::ServerError) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::DropConnection { .. }) => return crate::api::broken(),
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    let args = Args::decode(&Method::POST, None, &headers, &body);
    let params = args.as_ref().map_or(Value::Null, Args::to_value);
    let outcome = args.and_then(|args| {
        playground.change(|world| {
            let now = world.now();
            let hook = world.hooks.redeem(&token, now).map_err(refuse)?;
            let message = hook.message_ts.map(|ts| (ts, hook.ephemeral));
            let target = Target { user: hook.user, channel: hook.channel, message };
            reply(world, &target, &args)
        })
    });
    let (status, error) = match &outcome {
        Ok(_) => (StatusCode::OK, None),
        Err(r) if r.error.ends_with("_url") => (StatusCode::NOT_FOUND, Some(r.error.clone())),
        Err(r) => (StatusCode::BAD_REQUEST, Some(r.error.clone())),
    };
    playground.change(|world| {
        let at = world.now();
        world.remember(ApiCall { at, method: NAME.into(), params, status: status.as_u16(), error });
    });
    match outcome {
        Ok(_) => Json(json!({ "ok": true })).into_response(),
        Err(refused) => (status, Json(refused.body())).into_response(),
    }
}
