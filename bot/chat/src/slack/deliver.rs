//! The outbox worker's way to Slack: whom a notice goes to, whether it is there already, post or edit.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::TimeDelta;
use jit_core::access::Platform;
use jit_core::effect::Recipient;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::api::Api;
use super::render;
use crate::cards::{self, Context};
use crate::deliver::{Chat, ChatError, Delivery, Handle, Pace, Rate};

/// What our messages say of themselves to Slack; people do not see it.
pub const EVENT_TYPE: &str = "jit_notice";
/// What Slack says of a message or a thread that is no longer there, or no longer ours to edit.
const GONE: [&str; 4] = ["message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"];
/// Source: Slack, "Rate limits", chat.postMessage: about one a second for each conversation, short bursts allowed.
const PACE: Pace = Pace { conversation: Rate { per_second: 1.0, burst: 8 }, all: None };
/// How long before a notice was queued its message is looked for: clocks differ.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(10);
/// Most pages of 200 messages that are looked through for one of ours.
const PAGES: usize = 20;

/// Where notices to no single person go: `#name` or an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Grants, warnings and revocations.
    pub announce: String,
    /// Bypasses, failures and drift.
    pub security: String,
}

/// Slack, to the outbox worker.
#[derive(Debug)]
pub struct Slack {
    api: Api,
    channels: Channels,
    /// `U0001` or `#access` to the conversation's id; neither ever changes for the same key while we run.
    conversations: Mutex<HashMap<String, String>>,
}

impl Slack {
    /// Posts as the token's bot.
    pub fn new(api: Api, channels: Channels) -> Self {
        Self { api, channels, conversations: Mutex::default() }
    }

    /// For what is not a notice: dialogs, answers, look-ups.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The id of a channel given as `#name` or as an id.
    pub async fn channel(&self, name: &str) -> Result<String, ChatError> {
        let Some(bare) = name.strip_prefix('#') else { return Ok(name.to_owned()) };
        if let Some(id) = self.conversations.lock().await.get(name) {
            return Ok(id.clone());
        }
        let mut cursor: Option<String> = None;
        loop {
            let (channels, next) = self.api.list_channels(cursor.as_deref()).await?;
            let found =
                channels.iter().find(|channel| channel["name"] == bare).and_then(|channel| channel["id"].as_str());
            if let Some(id) = found {
                self.conversations.lock().await.insert(name.to_owned(), id.to_owned());
                return Ok(id.to_owned());
            }
            if next.is_none() || next == cursor {
                return Err(ChatError::Permanent { code: "channel_not_found".to_owned() });
            }
            cursor = next;
        }
    }

    /// The direct message with a person, by their Slack id.
    pub async fn direct(&self, user: &str) -> Result<String, ChatError> {
        if let Some(id) = self.conversations.lock().await.get(user) {
            return Ok(id.clone());
        }
        let id = self.api.open_conversation(user).await?;
        self.conversations.lock().await.insert(user.to_owned(), id.clone());
        Ok(id)
    }

    async fn conversation(&self, to: &Recipient, context: &Context<'_>) -> Result<String, ChatError> {
        match to {
            Recipient::Announce => self.channel(&self.channels.announce).await,
            Recipient::Security => self.channel(&self.channels.security).await,
            Recipient::Channel(channel) => self.channel(channel).await,
            Recipient::Person(id) => {
                let slack = context.directory.person(id).and_then(|person| person.slack.as_deref());
                let slack = slack.ok_or_else(|| ChatError::Permanent { code: format!("{id} has no Slack id") })?;
                self.direct(slack).await
            }
        }
    }

    /// The message of an earlier attempt. A public channel that the bot may post in without being in it shows it no history: there a second
    /// message is better than none.
    async fn found(
        &self,
        delivery: &Delivery<'_>,
        place: &str,
        thread: Option<&str>,
    ) -> Result<Option<Handle>, ChatError> {
        match self.find(delivery, place, thread).await {
            Err(ChatError::Permanent { code }) if code == "not_in_channel" => Ok(None),
            found => found,
        }
    }

    /// Looks for the message of an earlier attempt.
    async fn find(
        &self,
        delivery: &Delivery<'_>,
        place: &str,
        thread: Option<&str>,
    ) -> Result<Option<Handle>, ChatError> {
        let oldest = (delivery.queued_at - LOOK_BACK).timestamp().to_string();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let (messages, next) = self.api.messages(place, thread, &oldest, cursor.as_deref()).await?;
            let ours = messages.iter().find(|message| is_ours(message, delivery.outbox_id));
            if let Some(ts) = ours.and_then(|message| message["ts"].as_str()) {
                return Ok(Some(Handle { conversation: place.to_owned(), message: ts.to_owned() }));
            }
            if next.is_none() {
                break;
            }
            cursor = next;
        }
        Ok(None)
    }
}

fn is_ours(message: &Value, outbox_id: &str) -> bool {
    let metadata = &message["metadata"];
    metadata["event_type"] == EVENT_TYPE && metadata["event_payload"]["outbox_id"] == outbox_id
}

#[async_trait]
impl Chat for Slack {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    fn pace(&self) -> Pace {
        PACE
    }

    async fn deliver(&self, delivery: &Delivery<'_>, context: &Context<'_>) -> Result<Handle, ChatError> {
        let message = render::message(&cards::content(&delivery.tell.content, context), context);
        let metadata = json!({ "event_type": EVENT_TYPE, "event_payload": { "outbox_id": delivery.outbox_id } });
        if let Some(posted) = delivery.posted {
            match self.api.update(&posted.conversation, &posted.message, &message, &metadata).await {
                Ok(()) => return Ok(posted.clone()),
                // Deleted, or gone by retention: what is to be told is told anew.
                Err(ChatError::Permanent { code }) if GONE.contains(&code.as_str()) => {}
                Err(error) => return Err(error),
            }
        }
        let place = self.conversation(&delivery.tell.to, context).await?;
        let thread =
            delivery.thread.filter(|thread| thread.conversation == place).map(|thread| thread.message.as_str());
        if delivery.may_be_posted
            && let Some(found) = self.found(delivery, &place, thread).await?
        {
            return Ok(found);
        }
        let posted = match self.api.post_message(&place, &message, thread, &metadata).await {
            Err(ChatError::Permanent { code }) if thread.is_some() && GONE.contains(&code.as_str()) => {
                self.api.post_message(&place, &message, None, &metadata).await
            }
            posted => posted,
        };
        posted.map(|(conversation, message)| Handle { conversation, message })
    }
}
