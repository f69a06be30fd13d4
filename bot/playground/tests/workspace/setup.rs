//! A workspace with three people, two channels and a bot, and the two ways to call it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Utc};
use jit_playground::{BotIdentity, Channel, Completion, Config, Hint, Member, Playground};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bot::FakeBot;

pub const TOKEN: &str = "xoxb-test";
pub const SECRET: &str = "secret";
pub const ALICE: &str = "U0001";
pub const BOB: &str = "U0002";
/// Deactivated.
pub const CAROL: &str = "U0003";
pub const BOT: &str = "U0BOT";
/// The bot is in it.
pub const ACCESS: &str = "C0001";
/// The bot is not in it.
pub const RANDOM: &str = "C0002";

pub struct Workspace {
    pub playground: Playground,
    pub bot: FakeBot,
    router: Router,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

/// The clock of the tests stands still, so that timestamps can be told apart only by their making.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub async fn workspace() -> Workspace {
    let scopes = "app_mentions:read,channels:history,channels:join,channels:read,chat:write,commands,im:history,im:read,\
        im:write,reactions:write,team:read,users:read,users:read.email";
    workspace_with(&scopes.split(',').collect::<Vec<_>>()).await
}

pub async fn workspace_with(scopes: &[&str]) -> Workspace {
    let bot = FakeBot::start().await;
    let playground = Playground::new(config(&bot, scopes));
    Workspace { router: playground.router(), playground, bot }
}

fn config(bot: &FakeBot, scopes: &[&str]) -> Config {
    let person = |id: &str, name: &str, deleted| Member {
        id: id.into(),
        name: name.into(),
        real_name: format!("{name} example"),
        email: format!("{name}@acme.test"),
        title: "Engineer".into(),
        tz: "UTC".into(),
        is_guest: false,
        deleted,
    };
    let channel = |id: &str, name: &str, bot_member| Channel {
        id: id.into(),
        name: name.into(),
        topic: "topic".into(),
        members: vec![ALICE.into(), BOB.into()],
        bot_member,
    };
    Config {
        team_id: "T0001".into(),
        team_name: "Acme Corp".into(),
        bot: BotIdentity {
            user_id: BOT.into(),
            bot_id: "B0BOT".into(),
            app_id: "A0BOT".into(),
            name: "jit".into(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        },
        bot_token: TOKEN.into(),
        signing_secret: SECRET.into(),
        bot_url: bot.url.clone(),
        command: "/jit".into(),
        people: vec![person(ALICE, "alice", false), person(BOB, "bob", false), person(CAROL, "carol", true)],
        channels: vec![channel(ACCESS, "access", true), channel(RANDOM, "random", false)],
        hints: vec![Hint { who: ALICE.into(), channel: "dm".into(), text: "/jit help".into(), says: "Help.".into() }],
        complete: Arc::new(|user, text| {
            let insert = format!("{text} for {user}");
            vec![Completion { insert, label: "label".into(), detail: "detail".into() }]
        }),
        clock: Arc::new(noon),
    }
}

impl Workspace {
    /// Sends a request through the router.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, 4 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: head.status, headers: head.headers, body, text }
    }

    /// Calls a Web API method as the bot, with a JSON body.
    pub async fn api(&self, method: &str, args: Value) -> Value {
        let request = Request::post(format!("/playground/api/{method}"))
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json; charset=utf-8")
            .body(Body::from(args.to_string()))
            .unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    /// A call that must succeed.
    pub async fn ok(&self, method: &str, args: Value) -> Value {
        let body = self.api(method, args).await;
        assert_eq!(body["ok"], true, "{body}");
        body
    }

    /// The error name of a call that must fail.
    pub async fn error(&self, method: &str, args: Value) -> String {
        let body = self.api(method, args).await;
        assert_eq!(body["ok"], false, "{body}");
        body["error"].as_str().unwrap().to_owned()
    }

    /// Posts a message as the bot; gives its timestamp.
    pub async fn post(&self, channel: &str, text: &str) -> String {
        let body = self.ok("chat.postMessage", json!({ "channel": channel, "text": text })).await;
        body["ts"].as_str().unwrap().to_owned()
    }

    /// Calls the browser protocol as a page would.
    pub async fn page_get(&self, path: &str) -> Answer {
        let request = Request::get(format!("/playground{path}"))
            .header("host", "127.0.0.1:8080")
            .header("sec-fetch-site", "same-origin")
            .body(Body::empty())
            .unwrap();
        self.send(request).await
    }

    pub async fn page_post(&self, path: &str, body: Value) -> Answer {
        let request = Request::post(format!("/playground{path}"))
            .header("host", "127.0.0.1:8080")
            .header("origin", "http://127.0.0.1:8080")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    /// Posts to a `response_url`.
    pub async fn respond(&self, response_url: &str, body: Value) -> Answer {
        let path = url::Url::parse(response_url).unwrap().path().to_owned();
        let request = Request::post(path)
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }
}

pub fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

/// An actions block with two buttons and a menu.
pub fn buttons() -> Value {
    json!([{ "type": "actions", "block_id": "acts", "elements": [
        { "type": "button", "action_id": "approve", "text": plain("Approve"), "value": "A-1", "style": "primary" },
        { "type": "button", "action_id": "deny", "text": plain("Deny"), "value": "A-2" },
        { "type": "static_select", "action_id": "pick", "options": [
            { "text": plain("One hour"), "value": "1h" }, { "text": plain("Two hours"), "value": "2h" } ] },
    ] }])
}
