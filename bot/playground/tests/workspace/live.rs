//! The browser protocol: what the page loads, does, and is told while it looks.

use std::time::Duration;

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

use crate::{bot::Reply, setup::*};

/// A person's stream of events over a real connection.
struct Stream {
    lines: Lines<BufReader<OwnedReadHalf>>,
    _keep: tokio::net::tcp::OwnedWriteHalf,
}

impl Stream {
    async fn open(w: &Workspace, user: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, w.playground.router()).into_future());
        let (read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        let request = format!("GET /playground/ui/stream?as={user} HTTP/1.1\r\nhost: {address}\r\n\r\n");
        write.write_all(request.as_bytes()).await.unwrap();
        Self { lines: BufReader::new(read).lines(), _keep: write }
    }

    /// The next event of a type.
    async fn next(&mut self, kind: &str) -> Value {
        let search = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the stream goes on");
                if let Some(data) = line.strip_prefix("data: ") {
                    let event: Value = serde_json::from_str(data).unwrap();
                    if event["type"] == kind {
                        return event;
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), search).await.unwrap_or_else(|_| panic!("no {kind} came"))
    }
}

#[tokio::test]
async fn the_page_loads_the_workspace() {
    let w = workspace().await;
    let page = w.page_get("/").await;
    assert_eq!(
        (page.status.as_u16(), page.headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(w.page_get("/assets/app.js").await.status, 200);
    assert_eq!(w.page_get("/assets/..%2f..%2fCargo.toml").await.status, 404);
    let start = w.page_get("/ui/bootstrap").await.body;
    assert_eq!((&start["team"]["name"], &start["command"]), (&json!("Acme Corp"), &json!("/jit")));
    assert_eq!(start["now"], json!(1_700_000_000.0));
    assert_eq!(start["people"][2]["deleted"], true);
    assert_eq!(start["hints"][0], json!({ "as": ALICE, "channel": "D0001", "type": "/jit help", "says": "Help." }));
    let list = w.page_get("/ui/conversations?as=U0001").await.body;
    assert_eq!(
        list["conversations"][2],
        json!({ "id": "D0001", "kind": "im", "name": "jit", "unread": 0, "mention": false })
    );
    let completions = w.page_get("/ui/complete?as=U0001&text=/jit%20r").await.body;
    assert_eq!(completions["completions"][0]["insert"], "/jit r for U0001");
    assert_eq!(w.page_get("/ui/conversations?as=U9").await.status, 404);
    let home = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(w.send(home).await.headers["location"], "/playground/");
}

#[tokio::test]
async fn the_stream_tells_each_what_they_may_see() {
    let w = workspace().await;
    let mut alice = Stream::open(&w, ALICE).await;
    let mut bob = Stream::open(&w, BOB).await;
    assert_eq!(alice.next("hello").await["now"], json!(1_700_000_000.0));
    bob.next("hello").await;
    w.ok("chat.postEphemeral", json!({ "channel": ACCESS, "user": ALICE, "text": "psst" })).await;
    let ts = w.post(ACCESS, "to all").await;
    assert_eq!(alice.next("ephemeral").await["message"]["text"], "psst");
    let message = bob.next("message").await;
    assert_eq!(message["message"], json!({ "ts": ts, "user": BOT, "name": "jit", "is_bot": true, "text": "to all" }));
    let unread = bob.next("unread").await;
    assert_eq!((&unread["channel"], &unread["unread"]), (&json!(ACCESS), &json!(1)));
    w.ok("chat.update", json!({ "channel": ACCESS, "ts": ts, "text": "edited" })).await;
    assert_eq!(bob.next("changed").await["message"]["edited"], true);
    w.ok("chat.delete", json!({ "channel": ACCESS, "ts": ts })).await;
    assert_eq!(bob.next("deleted").await, json!({ "type": "deleted", "channel": ACCESS, "ts": ts }));
    assert!(w.playground.ephemerals(BOB, ACCESS).is_empty());
    let history = w.page_get("/ui/history?as=U0001&channel=C0001").await.body;
    assert_eq!(history["messages"], json!([]), "ephemerals are gone on reload");
}

#[tokio::test]
async fn a_whole_form_by_the_page() {
    let w = workspace().await;
    let mut alice = Stream::open(&w, ALICE).await;
    alice.next("hello").await;
    let typed = json!({ "as": ALICE, "channel": ACCESS, "text": "/jit request" });
    assert_eq!(w.page_post("/ui/message", typed).await.body, json!({ "ok": true }));
    let trigger = w.bot.last().form()["trigger_id"].clone();
    let view = json!({ "type": "modal", "title": plain("T"), "submit": plain("Go"), "private_metadata": "secret",
        "blocks": [{ "type": "input", "block_id": "b", "label": plain("l"),
            "element": { "type": "plain_text_input", "action_id": "a" } }] });
    w.ok("views.open", json!({ "trigger_id": trigger, "view": view })).await;
    let shown = alice.next("view").await["view"].clone();
    assert_eq!(shown["title"]["text"], "T");
    assert!(shown.get("private_metadata").is_none());
    let act = |text: &str| {
        json!({ "as": ALICE, "view_id": shown["id"], "kind": "submit",
            "state": { "values": { "b": { "a": { "type": "plain_text_input", "value": text } } } } })
    };
    let refused = w.page_post("/ui/view", act("")).await.body;
    assert_eq!(refused["result"], "errors");
    assert!(refused["errors"]["b"].is_string());
    w.bot.reply(Reply::status(500));
    let failed = w.page_post("/ui/view", act("x")).await;
    assert!(failed.status.is_client_error() && failed.body["error"].is_string());
    assert_eq!(w.page_post("/ui/view", act("x")).await.body, json!({ "result": "closed" }));
    assert_eq!(alice.next("view_closed").await["view_id"], shown["id"]);
}

#[tokio::test]
async fn the_page_presses_reads_and_talks() {
    let w = workspace().await;
    let posted = json!({ "channel": ACCESS, "text": "decide", "blocks": buttons() });
    let ts = w.ok("chat.postMessage", posted).await["ts"].as_str().unwrap().to_owned();
    let press = |value: &str| {
        json!({ "as": ALICE, "channel": ACCESS, "message_ts": ts, "ephemeral": false,
            "action": { "type": "button", "block_id": "acts", "action_id": "approve", "value": value } })
    };
    assert_eq!(w.page_post("/ui/action", press("A-999")).await.body, json!({ "ok": true }));
    assert_eq!(w.bot.last().json()["actions"][0]["value"], "A-1", "the message's value counts, not the page's");
    w.bot.reply(Reply::status(500));
    let failed = w.page_post("/ui/action", press("A-1")).await;
    assert_eq!((failed.status.as_u16(), &failed.body["ok"]), (200, &json!(false)));
    let nothing = json!({ "as": ALICE, "channel": ACCESS, "message_ts": ts, "action": { "type": "button" } });
    assert_eq!(w.page_post("/ui/action", nothing).await.status, 422);
    assert_eq!(w.page_post("/ui/action", json!({ "as": ALICE, "action": {} })).await.status, 400);
    let read = json!({ "as": ALICE, "channel": ACCESS, "ts": ts });
    assert_eq!(w.page_post("/ui/read", read).await.body, json!({ "ok": true }));
    assert_eq!(w.playground.unread(ALICE, ACCESS).0, 0);
    let reply = json!({ "as": ALICE, "channel": ACCESS, "text": "looking", "thread_ts": ts });
    assert_eq!(w.page_post("/ui/message", reply).await.body, json!({ "ok": true }));
    let history = w.page_get("/ui/history?as=U0002&channel=C0001").await.body;
    assert_eq!((&history["messages"][0]["reply_count"], &history["messages"][1]["thread_ts"]), (&json!(1), &json!(ts)));
    let unknown = json!({ "as": ALICE, "channel": ACCESS, "text": "/foo bar" });
    w.page_post("/ui/message", unknown).await;
    assert!(w.playground.ephemerals(ALICE, ACCESS)[0].text.contains("/foo is not a valid command"));
}

#[tokio::test]
async fn other_pages_are_kept_out() {
    let w = workspace().await;
    let body = json!({ "as": ALICE, "channel": ACCESS, "text": "x" }).to_string();
    let post = |headers: &[(&str, &str)]| {
        let mut request = Request::post("/playground/ui/message");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.clone())).unwrap()
    };
    let json = ("content-type", "application/json");
    let host = ("host", "127.0.0.1:8080");
    assert_eq!(w.send(post(&[("host", "evil.example"), json])).await.status, 403);
    assert_eq!(w.send(post(&[host, json, ("origin", "http://evil.example")])).await.status, 403);
    assert_eq!(w.send(post(&[host, json, ("sec-fetch-site", "cross-site")])).await.status, 403);
    assert_eq!(w.send(post(&[host, ("content-type", "text/plain")])).await.status, 415);
    assert!(w.playground.transcript(ACCESS).is_empty());
    assert_eq!(w.send(post(&[host, json])).await.status, 200);
    let control =
        Request::post("/playground/control/reset").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(w.send(control).await.status, 403);
    assert_eq!(w.playground.transcript(ACCESS).len(), 1);
}

#[tokio::test]
async fn the_control_twin_does_the_same_in_json() {
    let w = workspace().await;
    let fault = json!({ "method": "chat.*", "fault": "rate_limited", "retry_after": 1, "body": true, "times": 1 });
    assert_eq!(w.page_post("/control/misbehave", fault).await.body, json!({ "ok": true }));
    let wrong = json!({ "method": "chat.*", "fault": "explode" });
    assert!(w.page_post("/control/misbehave", wrong).await.status.is_client_error());
    assert_eq!(w.page_post("/control/behave", json!({})).await.status, 200);
    let ts = w.post(ACCESS, "x").await;
    let transcript = w.page_get("/control/transcript?conversation=C0001").await.body;
    assert_eq!((&transcript["messages"][0]["ts"], &transcript["messages"][0]["is_bot"]), (&json!(ts), &json!(true)));
    assert_eq!(w.page_get("/control/calls").await.body["calls"][0]["method"], "chat.postMessage");
    let command = json!({ "as": ALICE, "channel": "#access", "text": "help" });
    assert!(w.page_post("/control/command", command).await.body["trigger_id"].is_string());
    w.bot.reply(Reply::status(500));
    let command = json!({ "as": ALICE, "channel": "#access", "text": "help" });
    assert_eq!(w.page_post("/control/command", command).await.status, 424);
    assert_eq!(w.page_get("/control/view?as=U0001").await.body, json!({ "view": null }));
    w.page_post("/control/reset", json!({})).await;
    assert_eq!(w.page_get("/control/calls").await.body, json!({ "calls": [] }));
}
