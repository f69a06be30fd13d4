//! The way to `jit`: every activity signed as Microsoft signs, whether a person in memory or one with Microsoft's own client does it.

use std::sync::Weak;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use serde_json::Value;

use super::tokens::Token;
use super::{APP_ID, Exchange, Inner, Teams};

impl Teams {
    /// A right token, for now.
    pub fn token(&self) -> Token {
        Token::right(self.lock().tokens.signing, APP_ID, &self.service_url(), self.now())
    }

    /// Sends an activity as Microsoft does; status and answer.
    pub async fn send(&self, activity: &Value) -> (u16, Value) {
        let token = self.token().text();
        let copies = self.lock().copies;
        let headers = [("authorization", format!("Bearer {token}"))];
        let mut answers = join_all((0..copies).map(|_| self.send_with(activity, &headers))).await;
        answers.remove(0)
    }

    /// Sends an activity with these headers and no others of ours.
    pub async fn send_with(&self, activity: &Value, headers: &[(&str, String)]) -> (u16, Value) {
        self.send_bytes(activity.to_string().into_bytes(), headers).await
    }

    /// Sends these bytes, whatever they are.
    pub async fn send_bytes(&self, body: Vec<u8>, headers: &[(&str, String)]) -> (u16, Value) {
        let bot = self.lock().bot.clone().expect("jit runs");
        let sent = serde_json::from_slice(&body).unwrap_or_default();
        let request = self.inner.http.post(bot.clone()).header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let response = request.body(body).send().await.expect("jit answers");
        let status = response.status().as_u16();
        let text = response.bytes().await.expect("jit's answer is whole");
        let answer = serde_json::from_slice(&text).unwrap_or_default();
        let path = bot.path().to_owned();
        let exchange = Exchange { to_bot: true, method: "POST".to_owned(), path, body: sent, status };
        self.change(|state| state.traffic.push(exchange));
        (status, answer)
    }
}

/// What Microsoft's own client sends to its bot: it signs nothing, so it is signed here. That it says who it is lets nobody in.
pub(super) async fn from_client(
    State(server): State<Weak<Inner>>,
    Path(who): Path<String>,
    method: Method,
    body: Bytes,
) -> Response {
    let Some(inner) = server.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let teams = Teams { inner };
    if method == Method::HEAD {
        let bot = teams.lock().bot.clone().expect("jit runs");
        let answer = teams.inner.http.head(bot).send().await.expect("jit answers");
        return StatusCode::from_u16(answer.status().as_u16()).expect("a status").into_response();
    }
    let mut activity: Value = serde_json::from_slice(&body).expect("the client sends JSON");
    let client = {
        let state = teams.lock();
        let member = state.book.member(&who);
        assert_eq!(activity["from"]["id"].as_str(), Some(member.id().as_str()), "each client is one person's");
        state.clients.get(&who).expect("it was given to them").clone()
    };
    if let Some(theirs) = activity["replyToId"].as_str() {
        // The client shows a message before it has answered that it was posted, and its person may be quick.
        let known = |teams: &Teams| teams.lock().book.message(&client.ours(theirs)).map(|message| message.id.clone());
        let ours = teams.wait_for(known).await;
        activity["replyToId"] = Value::from(ours.expect("it was posted"));
    }
    if activity["type"] == "message" {
        teams.change(|state| {
            let id = state.book.fresh_id();
            let to = activity["conversation"]["id"].as_str().expect("it is somewhere").to_owned();
            state.book.add(id, &to, Some(who.clone()), activity.clone());
        });
    }
    let (status, answer) = teams.send(&activity).await;
    let status = StatusCode::from_u16(status).expect("a status");
    if answer.is_null() { status.into_response() } else { (status, axum::Json(answer)).into_response() }
}
