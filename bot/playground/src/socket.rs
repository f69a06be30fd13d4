//! Socket Mode, as Slack does it: `apps.connections.open` gives an address with a ticket, a WebSocket there gets what would else be
//! requests to the bot, and each envelope wants its acknowledgement within three seconds. Called by the router, by the API and for every
//! delivery while Socket Mode is on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use crate::{
    api::{Outcome, refuse},
    failure::Failure,
    ids,
    outbound::{ACKNOWLEDGE_WITHIN, Answer, Delivery, Endpoint},
    playground::Playground,
};

/// How long a ticket lets somebody in.
const TICKET: Duration = Duration::from_secs(30);
/// Open connections of one app. Source: Slack, "Using Socket Mode".
const CONNECTIONS: usize = 10;
/// How often a connection is pinged.
const PING: Duration = Duration::from_secs(5);
/// How long a connection stays open after it was told to go.
const GRACE: Duration = Duration::from_secs(2);

/// Socket Mode of one app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Socket Mode is on, with this app-level token.
    token: Option<String>,
    tickets: HashMap<String, Instant>,
    connections: Vec<Connection>,
    next: u64,
    /// Envelopes that wait for their acknowledgement: over which connection.
    waiting: HashMap<String, (u64, oneshot::Sender<Option<Value>>)>,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    to: mpsc::UnboundedSender<Message>,
    /// It was told to go; others are preferred.
    leaving: bool,
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches Socket Mode on.
    pub(crate) fn enable(&self, token: &str) {
        self.lock().token = Some(token.to_owned());
    }

    pub(crate) fn is_on(&self) -> bool {
        self.lock().token.is_some()
    }

    /// How many connections are open.
    pub(crate) fn count(&self) -> usize {
        self.lock().connections.iter().filter(|connection| !connection.leaving).count()
    }

    /// `apps.connections.open`: an address for one connection.
    pub(crate) fn open(&self, given: Option<&str>, (base, app_id): (&str, &str)) -> Outcome {
        let mut inner = self.lock();
        let given = given.ok_or_else(|| refuse("not_authed"))?;
        if !given.starts_with("xapp-") {
            return Err(refuse("not_allowed_token_type"));
        }
        let expected = inner.token.clone().ok_or_else(|| refuse("access_denied"))?;
        if !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(refuse("invalid_auth"));
        }
        inner.tickets.retain(|_, issued| issued.elapsed() < TICKET);
        let ticket = ids::token();
        inner.tickets.insert(ticket.clone(), Instant::now());
        let base = base.replacen("http", "ws", 1);
        Ok(json!({ "url": format!("{base}/playground/socket?ticket={ticket}&app_id={app_id}") }))
    }

    /// Sends to one connection, and waits for what the bot says.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Result<Answer, Failure> {
        let id = ids::token();
        let text = envelope(&id, delivery)?;
        let (answered, answer) = oneshot::channel();
        {
            let mut inner = self.lock();
            let connection = inner.connections.iter().rev().min_by_key(|connection| connection.leaving);
            let connection = connection.ok_or_else(|| Failure::Unreachable("no socket is open".to_owned()))?;
            let number = connection.id;
            let sent = connection.to.send(Message::Text(text.to_string().into()));
            sent.map_err(|_| Failure::Unreachable("the socket is closed".to_owned()))?;
            inner.waiting.insert(id.clone(), (number, answered));
        }
        let answer = tokio::time::timeout(ACKNOWLEDGE_WITHIN, answer).await;
        self.lock().waiting.remove(&id);
        match answer {
            Ok(Ok(Some(_))) if text["accepts_response_payload"] == false => {
                let messages = vec!["this envelope takes no payload".to_owned()];
                Err(Failure::BadAnswer { error: "payload_not_accepted".to_owned(), messages })
            }
            Ok(Ok(payload)) => {
                let mut headers = HeaderMap::new();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                let body = payload.map(|payload| payload.to_string()).unwrap_or_default();
                Ok(Answer { headers, body: body.into() })
            }
            // The connection went with it, or nobody answered.
            Ok(Err(_)) | Err(_) => Err(Failure::NotAcknowledged),
        }
    }

    /// Says to every connection that it will be closed, and closes it a little later; `link_disabled` switches Socket Mode off.
    pub(crate) fn disconnect(&self, reason: &str) {
        let mut inner = self.lock();
        if reason == "link_disabled" {
            inner.token = None;
        }
        let text = json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-playground" } });
        for connection in &mut inner.connections {
            let _ = connection.to.send(Message::Text(text.to_string().into()));
            if reason == "warning" {
                continue;
            }
            connection.leaving = true;
            let to = connection.to.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                let _ = to.send(Message::Close(None));
            });
        }
    }

    /// Ends every connection without a word, as a broken line does.
    pub(crate) fn cut(&self) {
        let mut inner = self.lock();
        inner.connections.clear();
        inner.waiting.clear();
    }

    fn admit(&self, ticket: &str) -> bool {
        let mut inner = self.lock();
        let fresh = inner.tickets.remove(ticket).is_some_and(|issued| issued.elapsed() < TICKET);
        fresh && inner.connections.len() < CONNECTIONS
    }

    fn begin(&self, app_id: &str) -> (u64, mpsc::UnboundedReceiver<Message>) {
        let (to, outgoing) = mpsc::unbounded_channel();
        let mut inner = self.lock();
        inner.next += 1;
        let hello = json!({
            "type": "hello", "num_connections": inner.connections.len() + 1, "connection_info": { "app_id": app_id },
            "debug_info": {
                "host": "applink-playground", "started": "2026-11-23 09:00:00.000", "build_number": 1,
                "approximate_connection_time": 18_060,
            },
        });
        let _ = to.send(Message::Text(hello.to_string().into()));
        let id = inner.next;
        inner.connections.push(Connection { id, to, leaving: false });
        (id, outgoing)
    }

    fn end(&self, id: u64) {
        let mut inner = self.lock();
        inner.connections.retain(|connection| connection.id != id);
        inner.waiting.retain(|_, (over, _)| *over != id);
    }

    /// What the bot said. Whatever is no acknowledgement is left alone, as Slack does.
    fn heard(&self, text: &str) {
        let Ok(mut body) = serde_json::from_str::<Value>(text) else { return };
        let Some(id) = body["envelope_id"].as_str().map(str::to_owned) else { return };
        let Some((_, waiting)) = self.lock().waiting.remove(&id) else { return };
        let payload = body.get_mut("payload").map(Value::take).filter(|payload| !payload.is_null());
        let _ = waiting.send(payload);
    }
}

/// What would have been a request, as an envelope.
fn envelope(id: &str, delivery: &Delivery) -> Result<Value, Failure> {
    let form = || url::form_urlencoded::parse(delivery.body.as_bytes());
    let json = |text: &str| {
        serde_json::from_str::<Value>(text).map_err(|_| Failure::not_possible("what is sent is not JSON".to_owned()))
    };
    let (kind, payload, answers) = match delivery.endpoint {
        Endpoint::Commands => {
            let fields = form().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
            ("slash_commands", Value::Object(fields.collect()), true)
        }
        Endpoint::Interactions => {
            let payload = form().find(|(name, _)| name == "payload").map(|(_, value)| value.into_owned());
            let payload = json(&payload.unwrap_or_default())?;
            let answers = payload["type"] != "block_actions";
            ("interactive", payload, answers)
        }
        Endpoint::Events => ("events_api", json(&delivery.body)?, false),
    };
    let mut envelope = json!({
        "envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": answers,
    });
    if delivery.endpoint == Endpoint::Events {
        let retried = delivery.headers.iter().find(|(name, _)| *name == "X-Slack-Retry-Num");
        let attempt: u64 = retried.and_then(|(_, attempt)| attempt.parse().ok()).unwrap_or(0);
        envelope["retry_attempt"] = json!(attempt);
        envelope["retry_reason"] = json!(if attempt > 0 { "timeout" } else { "" });
    }
    Ok(envelope)
}

/// `GET /playground/socket`: the WebSocket, for whoever has a ticket.
pub(crate) async fn socket(
    State(playground): State<Playground>,
    RawQuery(query): RawQuery,
    mut request: Request,
) -> Response {
    let query = query.unwrap_or_default();
    let ticket = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ticket");
    let ticket = ticket.map(|(_, ticket)| ticket.into_owned()).unwrap_or_default();
    let says = |name, value: &str| {
        let told = request.headers().get(name).and_then(|told| told.to_str().ok()).unwrap_or_default();
        told.split(',').any(|told| told.trim().eq_ignore_ascii_case(value))
    };
    let upgrades = says(header::UPGRADE, "websocket")
        && says(header::CONNECTION, "upgrade")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = key.filter(|_| upgrades) else { return StatusCode::UPGRADE_REQUIRED.into_response() };
    let sockets = playground.sockets().clone();
    if !sockets.admit(&ticket) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let app_id = playground.config().bot.app_id.clone();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let (mut sink, mut source) = stream.split();
        let (id, mut outgoing) = sockets.begin(&app_id);
        playground.change(|_| ());
        let mut ping = tokio::time::interval(PING);
        loop {
            let sent = tokio::select! {
                next = outgoing.recv() => match next {
                    Some(message) => sink.send(message).await,
                    // Cut: dropped without a closing word.
                    None => break,
                },
                heard = source.next() => match heard {
                    Some(Ok(Message::Text(text))) => { sockets.heard(&text); Ok(()) }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => Ok(()),
                },
                _ = ping.tick() => sink.send(Message::Ping(b"ping".to_vec().into())).await,
            };
            if sent.is_err() {
                break;
            }
        }
        sockets.end(id);
        playground.change(|_| ());
    });
    let upgraded = [(header::UPGRADE, "websocket"), (header::CONNECTION, "upgrade")];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, upgraded, Body::empty()).into_response();
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
