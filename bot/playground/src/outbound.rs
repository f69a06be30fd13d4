//! Sends signed requests to the bot, as Slack does: form or JSON, `v0` signature, three seconds to
//! answer. Called by the acts of people and by events; must not touch the world.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, header},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sha2::Sha256;
use url::Url;

use crate::failure::Failure;

/// Time the bot has to acknowledge. Source: Slack, "Slash commands" and "Handling user interaction".
pub const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);
/// Largest answer read from the bot.
const ANSWER_BYTES: usize = 1024 * 1024;

/// The three places a bot listens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Commands,
    Interactions,
    Events,
}

impl Endpoint {
    fn path(self) -> &'static str {
        match self {
            Self::Commands => "slack/commands",
            Self::Interactions => "slack/interactions",
            Self::Events => "slack/events",
        }
    }
}

/// A request ready to be signed and sent.
pub(crate) struct Delivery {
    pub endpoint: Endpoint,
    pub content_type: &'static str,
    pub body: String,
    /// Further headers, such as those of a retry.
    pub headers: Vec<(&'static str, String)>,
}

impl Delivery {
    pub(crate) fn form(endpoint: Endpoint, fields: &[(&str, &str)]) -> Self {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        Self { endpoint, content_type: "application/x-www-form-urlencoded", body: body.finish(), headers: Vec::new() }
    }
}

/// What the bot answered with status 200.
#[derive(Debug)]
pub(crate) struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The client that knocks at the bot's door.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    client: Client<HttpConnector, Body>,
    secret: String,
}

impl Outbound {
    pub(crate) fn new(secret: &str) -> Self {
        // A connection for each request: a bot that was restarted, or killed, is never met on a stale one.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { client, secret: secret.to_owned() }
    }

    /// Signs and sends; anything but a 200 in time is a failure. `timestamp` is in seconds.
    pub(crate) async fn send(&self, bot: &Url, delivery: &Delivery, timestamp: i64) -> Result<Answer, Failure> {
        let exchange = self.exchange(bot, delivery, timestamp);
        tokio::time::timeout(ACKNOWLEDGE_WITHIN, exchange).await.map_err(|_| Failure::NotAcknowledged)?
    }

    async fn exchange(&self, bot: &Url, delivery: &Delivery, timestamp: i64) -> Result<Answer, Failure> {
        let unreachable = |e: &dyn std::fmt::Display| Failure::Unreachable(e.to_string());
        let address = format!("{}/{}", bot.as_str().trim_end_matches('/'), delivery.endpoint.path());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header(header::CONTENT_TYPE, delivery.content_type)
            .header(header::USER_AGENT, "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header("X-Slack-Request-Timestamp", timestamp.to_string())
            .header("X-Slack-Signature", sign(&self.secret, timestamp, delivery.body.as_bytes()));
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(delivery.body.clone())).map_err(|e| unreachable(&e))?;
        let response = self.client.request(request).await.map_err(|e| unreachable(&e))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|e| unreachable(&e))?;
        if head.status != 200 {
            return Err(Failure::Status { code: head.status.as_u16(), headers: Box::new(head.headers) });
        }
        Ok(Answer { headers: head.headers, body: body.to_bytes() })
    }
}

/// Slack's signature of a request body. Source: Slack, "Verifying requests from Slack".
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Slack's "Verifying requests from Slack".
    #[test]
    fn signs_as_slack_does() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
            &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
            &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
            &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            sign("8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body.as_bytes()),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
