//! A person says something, or opens the bot's home tab.

use serde_json::json;

use crate::{
    escape::{Mention, typed},
    failure::Failure,
    ids,
    message::StoredMessage,
    playground::Playground,
};

/// Longest text a person can send.
const TEXT: usize = 12_000;

impl Playground {
    /// Posts a plain message as a person; the bot hears of it in its direct message, and in a
    /// channel it is in when it is mentioned.
    ///
    /// # Errors
    /// `NotPossible` if the person cannot, or there is no text.
    pub async fn say(
        &self,
        user: &str,
        channel: &str,
        text: &str,
        thread_ts: Option<&str>,
    ) -> Result<StoredMessage, Failure> {
        let channel = self.place(user, channel)?;
        if text.trim().is_empty() || text.chars().count() > TEXT {
            return Err(Failure::not_possible("a message has between 1 and 12000 characters"));
        }
        let (message, event) = self.change(|world| {
            let ts = world.next_ts();
            let mut message = StoredMessage::new(ts, user, &typed(world, text, Mention::Bare));
            if let Some(thread) = thread_ts {
                let parent = world.conversation(&channel).and_then(|c| c.message(thread));
                let parent = parent.ok_or_else(|| Failure::not_possible("there is no such thread"))?;
                message.thread_ts = Some(parent.thread_ts.clone().unwrap_or_else(|| parent.ts.clone()));
            }
            world.post(&channel, message.clone());
            let bot = &world.config.bot;
            let conversation = world.conversation(&channel);
            let im = conversation.is_some_and(|c| c.is_im());
            let named = message.text.contains(&format!("<@{}>", bot.user_id));
            let scope = |name: &str| bot.scopes.iter().any(|s| s == name);
            let kind = if im && scope("im:history") {
                Some("message")
            } else if !im && named && conversation.is_some_and(|c| c.bot_member) && scope("app_mentions:read") {
                Some("app_mention")
            } else {
                None
            };
            let event = kind.map(|kind| {
                let mut event = json!({
                    "type": kind, "user": user, "text": message.text, "ts": message.ts, "event_ts": message.ts,
                    "channel": channel, "team": world.config.team_id, "client_msg_id": ids::token(),
                });
                if im {
                    event["channel_type"] = json!("im");
                }
                if let Some(thread) = &message.thread_ts {
                    event["thread_ts"] = json!(thread);
                }
                event
            });
            Ok::<_, Failure>((message, event))
        })?;
        if let Some(event) = event {
            self.send_event(user, event);
        }
        Ok(message)
    }

    /// Opens the bot's home tab as a person.
    ///
    /// # Errors
    /// `NotPossible` if the person cannot.
    pub async fn open_home(&self, user: &str) -> Result<(), Failure> {
        let channel = self.place(user, "dm")?;
        let event = self.change(|world| {
            let mut event = json!({
                "type": "app_home_opened", "user": user, "channel": channel, "tab": "home",
                "event_ts": world.next_ts(),
            });
            if let Some(view) = world.views.home(user) {
                event["view"] = view.for_api(&world.config.bot, &world.config.team_id);
            }
            event
        });
        self.send_event(user, event);
        Ok(())
    }

    /// Marks a conversation as read up to a message.
    ///
    /// # Errors
    /// `NotPossible` if the person is not in it or `ts` is no timestamp.
    pub fn mark_read(&self, user: &str, channel: &str, ts: &str) -> Result<(), Failure> {
        let channel = self.place(user, channel)?;
        if ids::micros(ts).is_none() {
            return Err(Failure::not_possible("not a timestamp"));
        }
        self.change(|world| world.mark_read(user, &channel, ts));
        Ok(())
    }
}
