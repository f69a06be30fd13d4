//! A bot that keeps what it is sent and answers as it was told, else with an empty 200.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};

/// A request the bot got.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The interaction payload, or the JSON of an event.
    pub fn json(&self) -> Value {
        match self.form().get("payload") {
            Some(payload) => serde_json::from_str(payload).unwrap(),
            None => serde_json::from_str(&self.body).unwrap(),
        }
    }
}

/// An answer of the bot.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    content_type: &'static str,
    body: String,
    delay: Duration,
    headers: Vec<(&'static str, &'static str)>,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self { content_type: "application/json", ..Self::text(&body.to_string()) }
    }

    pub fn text(body: &str) -> Self {
        let body = body.to_owned();
        Self { status: 200, content_type: "text/plain", body, delay: Duration::ZERO, headers: Vec::new() }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::text("") }
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[derive(Clone)]
pub struct FakeBot {
    pub url: url::Url,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Arc<watch::Sender<Vec<Received>>>,
}

impl FakeBot {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let bot = Self { url, replies: Arc::default(), received: Arc::new(watch::Sender::new(Vec::new())) };
        let app = Router::new().fallback(answer).with_state(bot.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        bot
    }

    /// Queues an answer for the next request.
    pub fn reply(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    pub fn last(&self) -> Received {
        self.received().pop().expect("the bot was sent something")
    }

    /// Waits until it was sent `count` requests.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut changes = self.received.subscribe();
        let wait = changes.wait_for(|list| list.len() >= count);
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the bot hears of it").unwrap().clone()
    }
}

async fn answer(State(bot): State<FakeBot>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received { path: uri.path().to_owned(), headers, body: String::from_utf8(body.to_vec()).unwrap() };
    let reply = bot.replies.lock().unwrap().pop_front().unwrap_or_else(|| Reply::text(""));
    bot.received.send_modify(|list| list.push(received));
    tokio::time::sleep(reply.delay).await;
    let status = StatusCode::from_u16(reply.status).unwrap();
    let mut response = (status, [(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
