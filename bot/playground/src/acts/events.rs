//! The Events API: tells the bot what happened, again if it does not listen.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    ids,
    outbound::{Delivery, Endpoint},
    playground::Playground,
};

impl Playground {
    /// Sends `url_verification`, as Slack does when the address is entered.
    ///
    /// # Errors
    /// What the bot did wrong; `BadAnswer` if it does not repeat the challenge.
    pub async fn verify_events(&self) -> Result<(), Failure> {
        let challenge = ids::token();
        let body = json!({ "token": "legacy", "challenge": challenge, "type": "url_verification" });
        let answer = self.deliver(&event_delivery(body.to_string(), Vec::new())).await?;
        let plain = answer.body.as_ref() == challenge.as_bytes();
        let json = serde_json::from_slice::<Value>(&answer.body).is_ok_and(|b| b["challenge"] == challenge);
        if plain || json {
            Ok(())
        } else {
            Err(Failure::BadAnswer { error: "challenge_failed".into(), messages: Vec::new() })
        }
    }

    /// Sends an event in the background; who caused it is told if the bot never takes it.
    pub(crate) fn send_event(&self, user: &str, event: Value) {
        let (playground, user) = (self.clone(), user.to_owned());
        let body = self.read(|world| {
            let config = &world.config;
            json!({
                "token": "legacy",
                "team_id": config.team_id,
                "context_team_id": config.team_id,
                "context_enterprise_id": null,
                "api_app_id": config.bot.app_id,
                "event": event,
                "type": "event_callback",
                "event_id": ids::random("Ev"),
                "event_time": world.now().timestamp(),
                "authorizations": [{
                    "enterprise_id": null, "team_id": config.team_id, "user_id": config.bot.user_id,
                    "is_bot": true, "is_enterprise_install": false,
                }],
                "is_ext_shared_channel": false,
            })
        });
        tokio::spawn(async move {
            if let Err(failure) = playground.deliver_event(&body.to_string()).await {
                let text = format!("The app did not take an event: {failure}");
                playground.change(|world| world.toast(&user, "error", &text));
            }
        });
    }

    async fn deliver_event(&self, body: &str) -> Result<(), Failure> {
        let mut failure = match self.deliver(&event_delivery(body.to_owned(), Vec::new())).await {
            Ok(_) => return Ok(()),
            Err(failure) => failure,
        };
        for (i, wait) in self.event_retries().into_iter().enumerate() {
            let (reason, no_retry) = match &failure {
                Failure::NotAcknowledged => ("http_timeout", false),
                Failure::Status { headers, .. } => ("http_error", headers.get("X-Slack-No-Retry").is_some()),
                _ => ("connection_failed", false),
            };
            if no_retry {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
            let headers = vec![("X-Slack-Retry-Num", (i + 1).to_string()), ("X-Slack-Retry-Reason", reason.to_owned())];
            match self.deliver(&event_delivery(body.to_owned(), headers)).await {
                Ok(_) => return Ok(()),
                Err(again) => failure = again,
            }
        }
        Err(failure)
    }
}

fn event_delivery(body: String, headers: Vec<(&'static str, String)>) -> Delivery {
    Delivery { endpoint: Endpoint::Events, content_type: "application/json", body, headers }
}
