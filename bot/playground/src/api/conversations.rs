//! `conversations.*` without their messages, and `users.conversations`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Call, Outcome, Refused, need_scope, page::page, refuse};
use crate::{
    conversation::{Conversation, Kind},
    world::World,
};

/// When every conversation was made, in Unix seconds; nothing hangs on it.
const CREATED: i64 = 1_700_000_000;

/// A conversation as the bot sees it.
pub(super) fn render(world: &World, conversation: &Conversation) -> Value {
    match &conversation.kind {
        Kind::Channel { name, topic } => json!({
            "id": conversation.id, "name": name, "name_normalized": name, "created": CREATED,
            "is_channel": true, "is_group": false, "is_im": false, "is_mpim": false, "is_private": false,
            "is_archived": false, "is_general": name == "general", "is_shared": false, "is_ext_shared": false,
            "is_member": conversation.bot_member, "num_members": members_of(world, conversation).len(),
            "context_team_id": world.config.team_id,
            "topic": { "value": topic, "creator": "", "last_set": 0 },
            "purpose": { "value": "", "creator": "", "last_set": 0 },
        }),
        Kind::Im { user } => json!({
            "id": conversation.id, "user": user, "created": CREATED, "is_im": true, "is_channel": false, "is_archived": false,
            "is_org_shared": false, "context_team_id": world.config.team_id,
            "is_user_deleted": world.active(user).is_none(),
        }),
    }
}

/// Members with the bot, where it is one.
fn members_of(world: &World, conversation: &Conversation) -> Vec<String> {
    let mut members: Vec<String> = conversation.members.iter().cloned().collect();
    if conversation.bot_member {
        members.push(world.config.bot.user_id.clone());
    }
    members
}

/// Reads `types`; each needs its own scope.
fn types(call: &Call<'_>) -> Result<HashSet<String>, Refused> {
    let mut types: HashSet<String> = call.args.list("types")?.into_iter().collect();
    if types.is_empty() {
        types.insert("public_channel".to_owned());
    }
    for kind in &types {
        let scope = match kind.as_str() {
            "public_channel" => "channels:read",
            "private_channel" => "groups:read",
            "mpim" => "mpim:read",
            "im" => "im:read",
            _ => return Err(refuse("invalid_types")),
        };
        need_scope(&call.world.config.bot.scopes, scope)?;
    }
    Ok(types)
}

fn wanted(conversation: &Conversation, types: &HashSet<String>) -> bool {
    types.contains(if conversation.is_im() { "im" } else { "public_channel" })
}

impl Call<'_> {
    pub(super) fn known_conversation(&self) -> Result<&Conversation, Refused> {
        let channel = self.args.required("channel")?;
        self.world.conversation(&channel).ok_or_else(|| refuse("channel_not_found"))
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let types = types(call)?;
    let world = &*call.world;
    let found = world.conversations.iter().filter(|c| wanted(c, &types)).map(|c| render(world, c)).collect();
    page(call.args, "channels", found)
}

pub(super) fn of_user(call: &mut Call<'_>) -> Outcome {
    let types = types(call)?;
    let world = &*call.world;
    let user = call.args.text("user")?.filter(|u| *u != world.config.bot.user_id);
    if let Some(user) = &user
        && world.person(user).is_none()
    {
        return Err(refuse("user_not_found"));
    }
    let is_in = |c: &&Conversation| user.as_ref().map_or(c.bot_member, |user| c.members.contains(user));
    let found =
        world.conversations.iter().filter(|c| wanted(c, &types)).filter(is_in).map(|c| render(world, c)).collect();
    page(call.args, "channels", found)
}

pub(super) fn info(call: &mut Call<'_>) -> Outcome {
    let conversation = call.known_conversation()?;
    Ok(json!({ "channel": render(call.world, conversation) }))
}

pub(super) fn members(call: &mut Call<'_>) -> Outcome {
    let members = members_of(call.world, call.known_conversation()?);
    page(call.args, "members", members.into_iter().map(Value::String).collect())
}

pub(super) fn join(call: &mut Call<'_>) -> Outcome {
    let channel = call.args.required("channel")?;
    let conversation = call.world.conversation_mut(&channel).ok_or_else(|| refuse("channel_not_found"))?;
    if conversation.is_im() {
        return Err(refuse("method_not_supported_for_channel_type"));
    }
    let already = std::mem::replace(&mut conversation.bot_member, true);
    let conversation = call.known_conversation()?;
    let mut answer = json!({ "channel": render(call.world, conversation) });
    if already {
        answer["warning"] = json!("already_in_channel");
        answer["response_metadata"] = json!({ "warnings": ["already_in_channel"] });
    }
    Ok(answer)
}

/// Opens the direct message with one person; conversations of several are not served.
pub(super) fn open(call: &mut Call<'_>) -> Outcome {
    let world = &*call.world;
    let conversation = if let Some(channel) = call.args.text("channel")?.filter(|c| !c.is_empty()) {
        world.conversation(&channel).filter(|c| c.is_im()).ok_or_else(|| refuse("channel_not_found"))?
    } else {
        let users = call.args.list("users")?;
        let user = match users.as_slice() {
            [] => return Err(refuse("users_list_not_supplied")),
            [one] => one.as_str(),
            _ => return Err(refuse("method_not_supported_for_channel_type")),
        };
        let person = world.person(user).ok_or_else(|| refuse("user_not_found"))?;
        if person.deleted {
            return Err(refuse("user_disabled"));
        }
        world.im_of(user).ok_or_else(|| refuse("user_not_found"))?
    };
    if call.args.flag("return_im")? {
        return Ok(json!({ "channel": render(world, conversation) }));
    }
    Ok(json!({ "channel": { "id": conversation.id } }))
}
