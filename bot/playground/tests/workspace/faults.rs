//! Misbehaviour on demand, as a bot on a real socket sees it.

use std::time::{Duration, Instant};

use jit_playground::{Fault, Misbehaviour};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::setup::*;

fn misbehave(w: &Workspace, method: &str, fault: Fault, times: Option<u32>) {
    w.playground.misbehave(Misbehaviour { method: method.into(), fault, times });
}

/// Posts over a real connection; gives everything that came back until it closed.
async fn raw_post(w: &Workspace) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, w.playground.router()).into_future());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = format!("channel={ACCESS}&text=hello");
    let request = format!(
        "POST /playground/api/chat.postMessage HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/x-www-form-urlencoded\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset instead of an orderly end is as good a break as any.
    let _ = stream.read_to_end(&mut answer).await;
    server.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn rate_limited_with_and_without_a_body() {
    let w = workspace().await;
    misbehave(&w, "chat.*", Fault::RateLimited { retry_after: 7, body: true }, Some(1));
    misbehave(&w, "chat.*", Fault::RateLimited { retry_after: 8, body: false }, Some(1));
    let with = raw_post(&w).await;
    assert!(with.starts_with("HTTP/1.1 429") && with.contains("retry-after: 7"), "{with}");
    assert!(with.contains(r#""error":"ratelimited""#), "{with}");
    let without = raw_post(&w).await;
    assert!(without.contains("retry-after: 8") && without.ends_with("\r\n\r\n"), "{without}");
    assert!(w.playground.transcript(ACCESS).is_empty());
    assert!(raw_post(&w).await.starts_with("HTTP/1.1 200"));
    assert_eq!(w.playground.calls()[0].status, 429);
}

#[tokio::test]
async fn server_errors_until_it_behaves() {
    let w = workspace().await;
    misbehave(&w, "*", Fault::ServerError, None);
    for _ in 0..3 {
        assert!(raw_post(&w).await.starts_with("HTTP/1.1 500"));
    }
    w.playground.behave();
    assert!(raw_post(&w).await.starts_with("HTTP/1.1 200"));
    assert_eq!(w.playground.transcript(ACCESS).len(), 1);
}

#[tokio::test]
async fn connections_break_before_or_after_the_deed() {
    let w = workspace().await;
    for (applied, messages) in [(false, 0), (true, 1)] {
        misbehave(&w, "chat.postMessage", Fault::DropConnection { applied }, Some(1));
        let answer = raw_post(&w).await;
        assert!(!answer.contains(r#""ok""#), "no whole answer: {answer}");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert!(body.is_empty(), "{answer}");
        assert!(answer.is_empty() || answer.contains("content-length: 4096"), "{answer}");
        assert_eq!(w.playground.transcript(ACCESS).len(), messages);
    }
}

#[tokio::test]
async fn delays_apply_late() {
    let w = workspace().await;
    misbehave(&w, "chat.postMessage", Fault::Delay(Duration::from_millis(120)), Some(1));
    let started = Instant::now();
    w.post(ACCESS, "late").await;
    assert!(started.elapsed() >= Duration::from_millis(120));
    assert_eq!(w.playground.transcript(ACCESS).len(), 1);
}

#[tokio::test]
async fn about_one_message_a_second_and_channel() {
    let w = workspace().await;
    w.playground.set_rate_limit(Some(Duration::from_secs(60)));
    for _ in 0..3 {
        w.post(ACCESS, "burst").await;
    }
    w.post("D0001", "another conversation").await;
    let answer = raw_post(&w).await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 6"), "{answer}");
    w.playground.set_rate_limit(None);
    w.post(ACCESS, "free again").await;
}

#[tokio::test]
async fn response_addresses_misbehave_too_and_reset_forgets() {
    let w = workspace().await;
    w.playground.command(ALICE, ACCESS, "help").await.unwrap();
    let url = w.bot.last().form()["response_url"].clone();
    misbehave(&w, "response_url", Fault::ServerError, Some(1));
    assert_eq!(w.respond(&url, json!({ "text": "x" })).await.status, 500);
    assert_eq!(w.respond(&url, json!({ "text": "x" })).await.status, 200);
    w.playground.reset();
    assert!(w.playground.ephemerals(ALICE, ACCESS).is_empty() && w.playground.calls().is_empty());
    assert_eq!(w.respond(&url, json!({ "text": "x" })).await.status, 404);
}
