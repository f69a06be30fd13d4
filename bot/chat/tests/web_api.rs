//! Posting, editing and looking before posting, against a server that misbehaves as Slack does.

use std::sync::Once;
use std::time::Duration;

use jit_chat::cards::{Context, sample};
use jit_chat::deliver::{Chat as _, ChatError, Delivery, Handle};
use jit_chat::slack::api::Api;
use jit_chat::slack::deliver::{Channels, Slack};
use jit_core::effect::{Content, Recipient, Slot, Tell};
use jit_core::notice::{Notice, NoticeKind};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn slack(address: &str) -> Slack {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().expect("no other provider is installed")
    });
    let api = Api::new(reqwest::Client::new(), &format!("{address}/api/"), "xoxb-test".into());
    Slack::new(api, Channels { announce: "#access".to_owned(), security: "C0SEC".to_owned() })
}

fn tell(to: Recipient) -> Tell {
    let access = sample::pending();
    let slot = Slot::new(access.id, "request");
    Tell {
        to,
        slot,
        under: None,
        content: Content::Notice(Box::new(Notice {
            kind: NoticeKind::Request,
            access,
            bundle: Vec::new(),
            at: sample::now(),
            reader: None,
            extended: None,
        })),
    }
}

fn delivery(tell: &Tell) -> Delivery<'_> {
    Delivery {
        tell,
        posted: None,
        thread: None,
        acting: &[],
        queued_at: sample::now(),
        outbox_id: "outbox-7",
        may_be_posted: false,
    }
}

async fn deliver(slack: &Slack, delivery: Delivery<'_>) -> Result<Handle, ChatError> {
    let people = sample::people();
    slack.deliver(&delivery, &Context { directory: &people, now: sample::now() }).await
}

fn handle(conversation: &str, message: &str) -> Handle {
    Handle { conversation: conversation.to_owned(), message: message.to_owned() }
}

async fn on(server: &MockServer, method: &str, answer: Value) {
    Mock::given(path(format!("/api/{method}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(server)
        .await;
}

async fn calls(server: &MockServer, method: &str) -> Vec<Value> {
    let all = server.received_requests().await.expect("the server records its requests");
    let of_method = all.iter().filter(|request| request.url.path() == format!("/api/{method}"));
    of_method.map(|request| serde_json::from_slice(&request.body).unwrap_or(Value::Null)).collect()
}

#[tokio::test]
async fn a_direct_message_is_opened_once_and_carries_the_outbox_id() {
    let server = MockServer::start().await;
    on(&server, "conversations.open", json!({ "ok": true, "channel": { "id": "D0001" } })).await;
    Mock::given(path("/api/chat.postMessage"))
        .and(header("authorization", "Bearer xoxb-test"))
        .and(body_partial_json(json!({
            "channel": "D0001",
            "metadata": { "event_type": "jit_notice", "event_payload": { "outbox_id": "outbox-7" } },
            "unfurl_links": false,
        })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "ok": true, "channel": "D0001", "ts": "17.1" })))
        .mount(&server)
        .await;
    let slack = slack(&server.uri());
    let tell = tell(Recipient::Person("alice".into()));
    for _ in 0..2 {
        assert_eq!(deliver(&slack, delivery(&tell)).await, Ok(handle("D0001", "17.1")));
    }
    assert_eq!(calls(&server, "conversations.open").await, [json!({ "users": "U0001" })]);
}

#[tokio::test]
async fn a_channel_is_found_by_its_name_on_any_page() {
    let server = MockServer::start().await;
    Mock::given(path("/api/conversations.list"))
        .and(query_param("cursor", "next"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({ "ok": true, "channels": [{ "id": "C7", "name": "access" }] })),
        )
        .with_priority(1)
        .mount(&server)
        .await;
    let first = json!({ "ok": true, "channels": [{ "id": "C6", "name": "general" }], "response_metadata": { "next_cursor": "next" } });
    on(&server, "conversations.list", first).await;
    on(&server, "chat.postMessage", json!({ "ok": true, "channel": "C7", "ts": "17.2" })).await;
    let slack = slack(&server.uri());
    assert_eq!(deliver(&slack, delivery(&tell(Recipient::Announce))).await, Ok(handle("C7", "17.2")));
    assert_eq!(slack.channel("#nowhere").await, Err(ChatError::Permanent { code: "channel_not_found".to_owned() }));
}

#[tokio::test]
async fn what_was_posted_is_edited_and_a_thread_is_kept_within_its_conversation() {
    let server = MockServer::start().await;
    on(&server, "chat.update", json!({ "ok": true })).await;
    on(&server, "chat.postMessage", json!({ "ok": true, "channel": "C0SEC", "ts": "17.4" })).await;
    let slack = slack(&server.uri());
    let (tell, posted) = (tell(Recipient::Security), handle("C0SEC", "17.3"));
    assert_eq!(deliver(&slack, Delivery { posted: Some(&posted), ..delivery(&tell) }).await, Ok(posted.clone()));
    deliver(&slack, Delivery { thread: Some(&posted), ..delivery(&tell) }).await.unwrap();
    deliver(&slack, Delivery { thread: Some(&handle("D1", "9.9")), ..delivery(&tell) }).await.unwrap();
    let threads: Vec<Value> =
        calls(&server, "chat.postMessage").await.iter().map(|call| call["thread_ts"].clone()).collect();
    assert_eq!(threads, [json!("17.3"), Value::Null]);
}

#[tokio::test]
async fn after_a_crash_it_looks_before_it_posts() {
    let server = MockServer::start().await;
    let metadata = |id: &str| json!({ "event_type": "jit_notice", "event_payload": { "outbox_id": id } });
    let messages =
        json!([{ "ts": "1.1", "metadata": metadata("outbox-6") }, { "ts": "1.2", "metadata": metadata("outbox-7") }]);
    on(&server, "conversations.history", json!({ "ok": true, "messages": messages })).await;
    on(&server, "conversations.replies", json!({ "ok": true, "messages": [] })).await;
    on(&server, "chat.postMessage", json!({ "ok": true, "channel": "C0SEC", "ts": "2.1" })).await;
    let slack = slack(&server.uri());
    let tell = tell(Recipient::Security);
    let again = Delivery { may_be_posted: true, ..delivery(&tell) };
    assert_eq!(deliver(&slack, again).await, Ok(handle("C0SEC", "1.2")));
    assert_eq!(calls(&server, "chat.postMessage").await.len(), 0);
    let thread = handle("C0SEC", "0.9");
    assert_eq!(deliver(&slack, Delivery { thread: Some(&thread), ..again }).await, Ok(handle("C0SEC", "2.1")));
}

#[rstest]
#[case::too_many_without_a_body(ResponseTemplate::new(429).insert_header("Retry-After", "7"), ChatError::RateLimited { after: Duration::from_secs(7) })]
#[case::too_many_with_a_body(
    ResponseTemplate::new(429).insert_header("Retry-After", "3").set_body_json(json!({ "ok": false, "error": "ratelimited" })),
    ChatError::RateLimited { after: Duration::from_secs(3) }
)]
#[case::too_many_without_anything(ResponseTemplate::new(429), ChatError::RateLimited { after: Duration::from_secs(5) })]
#[case::trouble(ResponseTemplate::new(503), ChatError::Retry { what: "HTTP 503".to_owned(), after: None })]
#[case::a_page_of_html(ResponseTemplate::new(200).set_body_string("<html>"), ChatError::Retry { what: "the answer is not JSON".to_owned(), after: None })]
#[case::bad_token(
    ResponseTemplate::new(200).set_body_json(json!({ "ok": false, "error": "invalid_auth" })),
    ChatError::Retry { what: "invalid_auth".to_owned(), after: None }
)]
#[case::never(
    ResponseTemplate::new(200).set_body_json(json!({ "ok": false, "error": "is_archived" })),
    ChatError::Permanent { code: "is_archived".to_owned() }
)]
#[tokio::test]
async fn failures_are_told_apart(#[case] answer: ResponseTemplate, #[case] expected: ChatError) {
    let server = MockServer::start().await;
    Mock::given(path("/api/chat.postMessage")).respond_with(answer).mount(&server).await;
    assert_eq!(deliver(&slack(&server.uri()), delivery(&tell(Recipient::Security))).await, Err(expected));
}

#[tokio::test]
async fn nobody_there_and_nobody_to_tell() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let slack = slack(&format!("http://{closed}"));
    let outcome = deliver(&slack, delivery(&tell(Recipient::Security))).await;
    assert_eq!(outcome, Err(ChatError::Unreachable { what: "no connection".to_owned() }));
    let outcome = deliver(&slack, delivery(&tell(Recipient::Person("carl".into())))).await;
    assert_eq!(outcome, Err(ChatError::Permanent { code: "carl has no Slack id".to_owned() }));
}

#[tokio::test]
async fn a_token_says_what_it_may() {
    let server = MockServer::start().await;
    let answer = json!({ "ok": true, "team_id": "T0001", "user_id": "U0BOT", "team": "Acme" });
    let template = ResponseTemplate::new(200)
        .set_body_json(answer)
        .insert_header("X-OAuth-Scopes", "chat:write,commands")
        .insert_header("Date", "Sat, 21 Nov 2026 14:00:00 GMT");
    Mock::given(path("/api/auth.test")).respond_with(template).mount(&server).await;
    let identity = slack(&server.uri()).api().auth_test().await.unwrap();
    assert_eq!((identity.team.as_str(), identity.user.as_str()), ("T0001", "U0BOT"));
    assert_eq!(identity.scopes, ["chat:write", "commands"]);
    assert_eq!(identity.date, Some(sample::now()));
}

#[tokio::test]
async fn what_is_gone_is_told_anew() {
    let server = MockServer::start().await;
    on(&server, "conversations.open", json!({ "ok": true, "channel": { "id": "D0001" } })).await;
    on(&server, "chat.update", json!({ "ok": false, "error": "message_not_found" })).await;
    Mock::given(path("/api/chat.postMessage"))
        .and(body_partial_json(json!({ "thread_ts": "9.9" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "ok": false, "error": "thread_not_found" })))
        .with_priority(1)
        .mount(&server)
        .await;
    on(&server, "chat.postMessage", json!({ "ok": true, "channel": "D0001", "ts": "17.3" })).await;
    let slack = slack(&server.uri());
    let tell = tell(Recipient::Person("alice".into()));
    let (posted, thread) = (handle("D0001", "9.1"), handle("D0001", "9.9"));
    let gone = Delivery { posted: Some(&posted), thread: Some(&thread), ..delivery(&tell) };
    assert_eq!(deliver(&slack, gone).await, Ok(handle("D0001", "17.3")));
    assert_eq!(calls(&server, "chat.postMessage").await.len(), 2, "in its thread, then without");
}
