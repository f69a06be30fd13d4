//! A person types the slash command.

use std::time::{Duration, Instant};

use axum::http::header;
use serde_json::Value;

use crate::{
    api::{Args, Refused},
    escape::{Mention, typed},
    failure::Failure,
    message::StoredMessage,
    outbound::{Answer, Delivery, Endpoint},
    playground::Playground,
    respond::{Target, reply},
};

/// How a command went, when the bot took it.
#[derive(Clone, Debug)]
pub struct CommandAnswer {
    /// The trigger id that went with it.
    pub trigger_id: String,
    /// Time until the acknowledgement.
    pub took: Duration,
    /// What the acknowledgement itself said, if anything.
    pub message: Option<StoredMessage>,
}

impl Playground {
    /// Types a command as a person: `text` with or without the command's own word. `channel` is an
    /// id, a name or `dm`. A failure is also shown to the person, as Slack does.
    ///
    /// # Errors
    /// `NotPossible` if the person cannot; otherwise what went wrong with the bot's answer.
    pub async fn command(&self, user: &str, channel: &str, text: &str) -> Result<CommandAnswer, Failure> {
        let channel = self.place(user, channel)?;
        let text = self.without_command(text);
        let (delivery, trigger_id) = self.change(|world| {
            let config = self.config();
            let trigger_id = world.triggers.issue(user, false, Instant::now());
            let token = world.hooks.issue(user, &channel, None, world.now());
            let text = typed(world, text, Mention::WithName);
            let channel_name = world.conversation(&channel).map_or("", |c| c.name());
            let user_name = world.person(user).map_or("", |p| p.name.as_str());
            let response_url = self.response_url(&token);
            let fields = [
                ("team_id", config.team_id.as_str()),
                ("team_domain", &crate::api::team_domain(&config.team_name)),
                ("channel_id", &channel),
                ("channel_name", channel_name),
                ("user_id", user),
                ("user_name", user_name),
                ("command", &config.command),
                ("text", &text),
                ("api_app_id", &config.bot.app_id),
                ("is_enterprise_install", "false"),
                ("response_url", &response_url),
                ("trigger_id", &trigger_id),
            ];
            (Delivery::form(Endpoint::Commands, &fields), trigger_id)
        });
        let sent = Instant::now();
        let answered = self.deliver(&delivery).await;
        let took = sent.elapsed();
        let result = answered.and_then(|answer| self.take_command_answer(user, &channel, &answer));
        match result {
            Ok(message) => Ok(CommandAnswer { trigger_id, took, message }),
            Err(failure) => {
                let command = &self.config().command;
                let text = format!("{command} failed with the error \"{}\" ({failure})", failure.slack_word());
                self.change(|world| world.slackbot(user, &channel, &crate::escape::escape(&text)));
                Err(failure)
            }
        }
    }

    fn without_command<'a>(&self, text: &'a str) -> &'a str {
        match text.trim().strip_prefix(&self.config().command) {
            Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => rest.trim(),
            _ => text.trim(),
        }
    }

    fn take_command_answer(
        &self,
        user: &str,
        channel: &str,
        answer: &Answer,
    ) -> Result<Option<StoredMessage>, Failure> {
        let refused = |r: Refused| Failure::BadAnswer { error: r.error, messages: r.messages };
        if answer.body.is_empty() {
            return Ok(None);
        }
        let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let body = if kind.starts_with("application/json") {
            match serde_json::from_slice::<Value>(&answer.body) {
                Ok(Value::Object(map)) if map.is_empty() => return Ok(None),
                Ok(Value::Object(map)) => Args::from_map(map),
                _ => {
                    return Err(Failure::BadAnswer { error: "invalid_command_response".into(), messages: Vec::new() });
                }
            }
        } else {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            if text.trim().is_empty() {
                return Ok(None);
            }
            Args::from_map([("text".to_owned(), Value::String(text))].into_iter().collect())
        };
        let target = Target { user: user.to_owned(), channel: channel.to_owned(), message: None };
        self.change(|world| reply(world, &target, &body)).map_err(refused)
    }
}
