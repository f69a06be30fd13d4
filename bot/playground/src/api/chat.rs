//! `chat.*` and `reactions.add`: the bot speaks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Args, Call, Content, Outcome, Refused, need_scope, read_content, refuse};
use crate::{
    blocks::limits,
    conversation::Conversation,
    ids,
    message::StoredMessage,
    world::{World, im_id},
};

impl Call<'_> {
    /// The conversation a post goes to: an id, a person's id (their direct message), or a name.
    fn post_target(&mut self) -> Result<String, Refused> {
        let channel = self.args.required("channel")?;
        let world = &*self.world;
        let found = if world.active(&channel).is_some() {
            world.conversation(&im_id(&channel))
        } else {
            world.conversation(&channel).or_else(|| world.channel_by_name(&channel))
        };
        let found = found.ok_or_else(|| refuse("channel_not_found"))?;
        if let crate::conversation::Kind::Im { user } = &found.kind
            && world.active(user).is_none()
        {
            return Err(refuse("channel_not_found"));
        }
        if !found.bot_member {
            let public = need_scope(&world.config.bot.scopes, "chat:write.public").is_ok();
            if !public {
                return Err(refuse("not_in_channel"));
            }
        }
        Ok(found.id.clone())
    }

    /// The conversation an existing message is in; here only ids count.
    fn conversation(&mut self) -> Result<&mut Conversation, Refused> {
        let channel = self.args.required("channel")?;
        self.world.conversation_mut(&channel).ok_or_else(|| refuse("channel_not_found"))
    }

    fn take_slot(&mut self, channel: &str) -> Result<(), Refused> {
        let Some(interval) = self.world.rate_limit else { return Ok(()) };
        let Some(conversation) = self.world.conversation_mut(channel) else { return Ok(()) };
        conversation.take_slot(interval, Instant::now()).map_err(|wait| Refused {
            retry_after: Some(wait.max(Duration::from_secs(1)).as_secs_f64().ceil() as u64),
            ..refuse("ratelimited")
        })
    }
}

/// A message of the bot.
pub(crate) fn bot_message(world: &mut World, content: Content, thread_ts: Option<String>) -> StoredMessage {
    let ts = world.next_ts();
    let user = world.config.bot.user_id.clone();
    let mut message = StoredMessage::new(ts, &user, &content.text.unwrap_or_default());
    message.is_bot = true;
    message.thread_ts = thread_ts;
    message.blocks = content.blocks.unwrap_or_default();
    message.metadata = content.metadata;
    message.state = crate::form::carry_over(&json!({ "blocks": message.blocks }), &json!({}));
    message
}

/// Lays new content over a message, as an edit does: new text alone drops the old blocks.
pub(crate) fn edit(world: &mut World, message: &mut StoredMessage, content: Content) {
    if content.text.is_some() || content.blocks.is_some() {
        message.text = content.text.unwrap_or_default();
        message.blocks = content.blocks.unwrap_or_default();
    }
    if content.metadata.is_some() {
        message.metadata = content.metadata;
    }
    message.state = crate::form::carry_over(&json!({ "blocks": message.blocks }), &message.state);
    message.edited = Some(world.next_ts());
}

fn thread_of(args: &Args, conversation: Option<&Conversation>) -> Result<Option<String>, Refused> {
    let Some(ts) = args.text("thread_ts")?.filter(|ts| !ts.is_empty()) else { return Ok(None) };
    if ids::micros(&ts).is_none() {
        return Err(refuse("invalid_thread_ts"));
    }
    match conversation.and_then(|c| c.message(&ts)) {
        // A reply to a reply goes to the thread's parent.
        Some(message) => Ok(Some(message.thread_ts.clone().unwrap_or(ts))),
        None => Err(refuse("thread_not_found")),
    }
}

pub(super) fn post_message(call: &mut Call<'_>) -> Outcome {
    let channel = call.post_target()?;
    let content = read_content(call.args, limits::MESSAGE_TEXT)?.not_empty()?;
    let thread = thread_of(call.args, call.world.conversation(&channel))?;
    call.take_slot(&channel)?;
    let message = bot_message(call.world, content, thread);
    call.world.post(&channel, message.clone());
    Ok(posted(call.world, &channel, &message))
}

fn posted(world: &World, channel: &str, message: &StoredMessage) -> Value {
    let shown = message.for_api(&world.config.bot, &world.config.team_id, 0, true);
    json!({ "channel": channel, "ts": message.ts, "message": shown })
}

pub(super) fn post_ephemeral(call: &mut Call<'_>) -> Outcome {
    let channel = call.post_target()?;
    let user = call.args.required("user")?;
    let content = read_content(call.args, limits::MESSAGE_TEXT)?.not_empty()?;
    let thread = thread_of(call.args, call.world.conversation(&channel))?;
    if call.world.conversation_of(&user, &channel).is_none() || call.world.active(&user).is_none() {
        return Err(refuse("user_not_in_channel"));
    }
    call.take_slot(&channel)?;
    let mut message = bot_message(call.world, content, thread);
    message.ephemeral_to = Some(user);
    let ts = message.ts.clone();
    call.world.post(&channel, message);
    Ok(json!({ "message_ts": ts }))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let ts = call.args.required("ts")?;
    let content = read_content(call.args, limits::UPDATE_TEXT)?;
    let bot = call.world.config.bot.user_id.clone();
    let conversation = call.conversation()?;
    let channel = conversation.id.clone();
    let mut message = conversation.message(&ts).cloned().ok_or_else(|| refuse("message_not_found"))?;
    if message.user != bot {
        return Err(refuse("cant_update_message"));
    }
    let content = if content.metadata.is_some() { content } else { content.not_empty()? };
    edit(call.world, &mut message, content);
    if let Some(slot) = call.world.conversation_mut(&channel).and_then(|c| c.message_mut(&ts)) {
        *slot = message.clone();
    }
    call.world.show(&channel, "changed", &message);
    let mut answer = posted(call.world, &channel, &message);
    answer["text"] = json!(message.text);
    Ok(answer)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let ts = call.args.required("ts")?;
    let bot = call.world.config.bot.user_id.clone();
    let conversation = call.conversation()?;
    let channel = conversation.id.clone();
    let message = conversation.message(&ts).ok_or_else(|| refuse("message_not_found"))?;
    if message.user != bot {
        return Err(refuse("cant_delete_message"));
    }
    call.world.delete(&channel, &ts);
    Ok(json!({ "channel": channel, "ts": ts }))
}

pub(super) fn permalink(call: &mut Call<'_>) -> Outcome {
    let ts = call.args.required("message_ts")?;
    let conversation = call.conversation()?;
    let channel = conversation.id.clone();
    conversation.message(&ts).ok_or_else(|| refuse("message_not_found"))?;
    // The page reads `#/person/conversation`; nobody in particular stays who they are.
    let link = format!("{}/playground/#//{channel}/p{}", call.base, ts.replace('.', ""));
    Ok(json!({ "channel": channel, "permalink": link }))
}

pub(super) fn react(call: &mut Call<'_>) -> Outcome {
    let name = call.args.required("name")?;
    let ts = call.args.required("timestamp")?;
    if name.len() > 100 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_+-':".contains(c)) {
        return Err(refuse("invalid_name"));
    }
    let conversation = call.conversation()?;
    let channel = conversation.id.clone();
    let member = conversation.bot_member;
    let message = conversation.message_mut(&ts).ok_or_else(|| refuse("message_not_found"))?;
    if !member {
        return Err(refuse("not_in_channel"));
    }
    if message.reactions.contains(&name) {
        return Err(refuse("already_reacted"));
    }
    // Slack's figure for reactions on one message is of this size.
    if message.reactions.len() >= 50 {
        return Err(refuse("too_many_emoji"));
    }
    message.reactions.push(name);
    let message = message.clone();
    call.world.show(&channel, "changed", &message);
    Ok(json!({}))
}
