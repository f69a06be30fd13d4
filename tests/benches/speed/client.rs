//! What Slack would send: signed commands and clicks over HTTP. Called by the benches. Panics when the service does not acknowledge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use jit_tests::site::{SIGNING_SECRET, TEAM};
use serde_json::{Value, json};
use sha2::Sha256;

static TRIGGER: AtomicU64 = AtomicU64::new(1);

/// One workspace's traffic to one service.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// Keeps connections open, as Slack does.
    pub fn new(base: String) -> Self {
        Self { http: reqwest::Client::new(), base }
    }

    /// Where the service listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A slash command of a person; how long until it was acknowledged, and with what.
    pub async fn command(&self, slack_user: &str, text: &str) -> (Duration, String) {
        let trigger = trigger();
        let fields = [
            ("command", "/jit"),
            ("text", text),
            ("user_id", slack_user),
            ("user_name", "somebody"),
            ("team_id", TEAM),
            ("team_domain", "acme"),
            ("channel_id", "C0001"),
            ("channel_name", "access"),
            ("api_app_id", "A0001"),
            ("trigger_id", &trigger),
            ("response_url", &format!("{}/nowhere", self.base)),
        ];
        let body = serde_urlencoded::to_string(fields).expect("plain text");
        self.post("/slack/commands", body).await
    }

    /// A click on a button of a message.
    pub async fn click(&self, slack_user: &str, message: &Value, button: &Value) -> Duration {
        let mut action = button.clone();
        action["action_ts"] = json!("1763800000.000001");
        let (channel, ts) = (&message["channel"], &message["ts"]);
        let payload = json!({
            "type": "block_actions",
            "team": { "id": TEAM, "domain": "acme" },
            "user": { "id": slack_user, "username": "somebody", "team_id": TEAM },
            "api_app_id": "A0001",
            "trigger_id": trigger(),
            "container": { "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false },
            "channel": { "id": channel, "name": "directmessage" },
            "message": { "type": "message", "ts": ts, "text": message["text"], "blocks": message["blocks"] },
            "response_url": format!("{}/nowhere", self.base),
            "actions": [action],
        });
        let body = serde_urlencoded::to_string([("payload", payload.to_string())]).expect("plain text");
        self.post("/slack/interactions", body).await.0
    }

    /// Any signed body.
    pub async fn post(&self, path: &str, body: String) -> (Duration, String) {
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let signature = sign(&timestamp, &body);
        let started = Instant::now();
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature)
            .body(body)
            .send()
            .await
            .expect("the service answers");
        let status = answer.status();
        let text = answer.text().await.expect("the service answers in full");
        let took = started.elapsed();
        assert!(status.is_success(), "{path}: {status}: {text}");
        (took, text)
    }
}

/// Source: Slack, "Verifying requests from Slack".
fn sign(timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes()).expect("any length will do");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn trigger() -> String {
    format!("{}.1763800000.bench", TRIGGER.fetch_add(1, Ordering::Relaxed))
}
