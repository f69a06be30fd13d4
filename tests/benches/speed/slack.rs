//! As much of Slack's Web API as the service calls, answering at once: what is measured is the service, not a chat platform. Keeps what
//! was posted, so that a bench can press its buttons. Called by the world.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Json, Router, routing::post};
use jit_tests::site::TEAM;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What was posted, by the conversation's id.
type Posted = HashMap<String, Vec<Value>>;

/// The other end of the service's chat calls.
#[derive(Clone)]
pub struct Slack {
    posted: Arc<watch::Sender<Posted>>,
    counter: Arc<AtomicU64>,
}

impl Slack {
    /// Listens on a free port; its API's address comes along.
    pub async fn start() -> (Self, String) {
        let slack = Self { posted: Arc::new(watch::Sender::default()), counter: Arc::default() };
        let router = Router::new().route("/api/{method}", post(call).get(call)).with_state(slack.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        (slack, format!("http://{address}/api"))
    }

    /// Waits for a message with a button whose action is named so, in the direct messages of a person; gives both.
    pub async fn button_for(&self, slack_user: &str, action: &str) -> (Value, Value) {
        let mut posted = self.posted.subscribe();
        let find = |posted: &Posted| {
            let messages =
                [direct(slack_user), slack_user.to_owned()].into_iter().filter_map(|place| posted.get(&place));
            messages.flatten().find_map(|message| Some((message.clone(), button(&message["blocks"], action)?)))
        };
        let found = posted.wait_for(|posted| find(posted).is_some()).await.expect("the sender lives in this process");
        find(&found).expect("it was just found")
    }
}

async fn call(State(slack): State<Slack>, Path(method): Path<String>, headers: HeaderMap, body: String) -> Json<Value> {
    let is_json = headers.get("content-type").is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
    let arguments: Value = if is_json {
        serde_json::from_str(&body).unwrap_or_default()
    } else {
        serde_urlencoded::from_str::<HashMap<String, String>>(&body).map(|fields| json!(fields)).unwrap_or_default()
    };
    Json(slack.answer(&method, arguments))
}

impl Slack {
    fn answer(&self, method: &str, arguments: Value) -> Value {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let ts = format!("{}.{:06}", 1_763_800_000 + number / 1_000_000, number % 1_000_000);
        let channel = arguments["channel"].as_str().unwrap_or_default().to_owned();
        match method {
            "chat.postMessage" => {
                let mut message = arguments;
                message["ts"] = json!(ts);
                if let Some(text) = message["blocks"].as_str() {
                    message["blocks"] = serde_json::from_str(text).unwrap_or_default();
                }
                self.posted.send_modify(|posted| posted.entry(channel.clone()).or_default().push(message.clone()));
                json!({ "ok": true, "channel": channel, "ts": ts, "message": { "ts": ts, "text": "" } })
            }
            "chat.update" => {
                json!({ "ok": true, "channel": channel, "ts": arguments["ts"], "text": "", "message": {} })
            }
            "conversations.open" => {
                let user = arguments["users"].as_str().unwrap_or_default();
                json!({ "ok": true, "channel": { "id": direct(user) } })
            }
            "conversations.history" | "conversations.replies" => {
                json!({ "ok": true, "messages": [], "has_more": false, "response_metadata": {} })
            }
            "conversations.list" => json!({ "ok": true, "response_metadata": {}, "channels": [
                { "id": "C0001", "name": "access", "is_member": true },
                { "id": "C0002", "name": "security", "is_member": true },
            ] }),
            "auth.test" => json!({
                "ok": true, "url": "https://acme.slack.test/", "team": "Acme", "user": "jit",
                "team_id": TEAM, "user_id": "UBOT", "bot_id": "BBOT",
            }),
            _ => json!({ "ok": true }),
        }
    }
}

fn direct(slack_user: &str) -> String {
    slack_user.replacen('U', "D", 1)
}

/// The first button, anywhere in the blocks, whose action or text names the verb.
fn button(blocks: &Value, verb: &str) -> Option<Value> {
    match blocks {
        Value::Object(map) if map.get("type").is_some_and(|kind| kind == "button") => {
            let text = map.get("text").and_then(|text| text["text"].as_str()).unwrap_or_default();
            text.eq_ignore_ascii_case(verb).then(|| blocks.clone())
        }
        Value::Object(map) => map.values().find_map(|value| button(value, verb)),
        Value::Array(values) => values.iter().find_map(|value| button(value, verb)),
        _ => None,
    }
}
