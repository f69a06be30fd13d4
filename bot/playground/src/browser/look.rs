//! What the page asks to see: the workspace, a person's conversations, their messages, completions.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ask, BadRequest, pager};
use crate::{
    conversation::{Conversation, Kind},
    playground::Playground,
    world::World,
};

/// Messages of a conversation shown at most, the newest.
const SHOWN: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct As {
    #[serde(rename = "as")]
    user: String,
}

#[derive(Deserialize)]
pub(super) struct InChannel {
    #[serde(rename = "as")]
    user: String,
    channel: String,
}

#[derive(Deserialize)]
pub(super) struct Typing {
    #[serde(rename = "as")]
    user: String,
    #[serde(default)]
    text: String,
}

pub(super) fn known(world: &World, user: &str) -> Result<(), BadRequest> {
    match world.person(user) {
        Some(_) => Ok(()),
        None => Err(BadRequest::new(StatusCode::NOT_FOUND, format!("there is no person {user}"))),
    }
}

pub(super) async fn bootstrap(State(playground): State<Playground>) -> Json<Value> {
    let config = playground.config();
    let people: Vec<_> = config
        .people
        .iter()
        .map(|p| {
            json!({
                "id": p.id, "name": p.name, "real_name": p.real_name, "title": p.title, "deleted": p.deleted,
                "is_guest": p.is_guest,
            })
        })
        .collect();
    let channels: Vec<_> =
        config.channels.iter().map(|c| json!({ "id": c.id, "name": c.name, "topic": c.topic })).collect();
    let hints: Vec<_> = config
        .hints
        .iter()
        .map(|h| {
            let channel = playground.conversation(&h.who, &h.channel).unwrap_or_else(|| h.channel.clone());
            json!({ "as": h.who, "channel": channel, "type": h.text, "says": h.says })
        })
        .collect();
    Json(json!({
        "team": { "id": config.team_id, "name": config.team_name },
        "command": config.command,
        "now": playground.read(World::seconds),
        "bot": { "id": config.bot.user_id, "name": config.bot.name },
        "people": people,
        "channels": channels,
        "hints": hints,
        "pager": playground.pager().map(pager::shown),
    }))
}

pub(super) async fn conversations(
    State(playground): State<Playground>,
    Ask(ask): Ask<As>,
) -> Result<Json<Value>, BadRequest> {
    let list = playground.read(|world| {
        known(world, &ask.user)?;
        let theirs = world.conversations.iter().filter(|c| c.members.contains(&ask.user));
        Ok::<_, BadRequest>(theirs.map(|c| row(world, c, &ask.user)).collect::<Vec<_>>())
    })?;
    Ok(Json(json!({ "conversations": list })))
}

fn row(world: &World, conversation: &Conversation, user: &str) -> Value {
    let (unread, mention) = conversation.unread(user);
    let mut row = json!({ "id": conversation.id, "unread": unread, "mention": mention });
    match &conversation.kind {
        Kind::Channel { name, topic } => {
            row["kind"] = json!("channel");
            row["name"] = json!(name);
            row["topic"] = json!(topic);
        }
        Kind::Im { .. } => {
            row["kind"] = json!("im");
            row["name"] = json!(world.config.bot.name);
        }
    }
    row
}

pub(super) async fn history(
    State(playground): State<Playground>,
    Ask(ask): Ask<InChannel>,
) -> Result<Json<Value>, BadRequest> {
    let messages = playground.read(|world| {
        known(world, &ask.user)?;
        let conversation = world
            .conversation_of(&ask.user, &ask.channel)
            .ok_or_else(|| BadRequest::new(StatusCode::NOT_FOUND, "this person is in no such conversation"))?;
        let replies = conversation.reply_counts();
        let skipped = conversation.messages.len().saturating_sub(SHOWN);
        let shown = conversation.messages.iter().skip(skipped).map(|m| {
            let count = replies.get(m.ts.as_str()).copied().unwrap_or(0);
            m.for_browser(&world.display_name(&m.user), count)
        });
        Ok::<_, BadRequest>(shown.collect::<Vec<_>>())
    })?;
    Ok(Json(json!({ "messages": messages })))
}

pub(super) async fn complete(
    State(playground): State<Playground>,
    Ask(ask): Ask<Typing>,
) -> Result<Json<Value>, BadRequest> {
    playground.read(|world| known(world, &ask.user))?;
    // Asked outside the lock: it is someone else's code.
    let completions = (playground.config().complete)(&ask.user, &ask.text);
    Ok(Json(json!({ "completions": completions })))
}
