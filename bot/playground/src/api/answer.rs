//! The shapes of the Web API's answers: `ok:true`, `ok:false` with Slack's error name, 429, 500,
//! and the broken connection. Built by the dispatcher and the methods.

use axum::{
    Json,
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

/// A method's refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    /// Slack's name for it.
    pub error: String,
    /// Details, as in `response_metadata.messages`.
    pub messages: Vec<String>,
    /// Further keys, such as `needed`.
    pub extra: Map<String, Value>,
    /// Seconds to wait; makes it a 429.
    pub retry_after: Option<u64>,
}

pub(crate) fn refuse(error: &str) -> Refused {
    Refused { error: error.to_owned(), messages: Vec::new(), extra: Map::new(), retry_after: None }
}

impl Refused {
    pub(crate) fn because(mut self, messages: Vec<String>) -> Self {
        self.messages = messages;
        self
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "ok": false, "error": self.error });
        for (key, value) in &self.extra {
            body[key] = value.clone();
        }
        if !self.messages.is_empty() {
            let tagged: Vec<_> = self.messages.iter().map(|m| format!("[ERROR] {m}")).collect();
            body["errors"] = json!(self.messages);
            body["response_metadata"] = json!({ "messages": tagged });
        }
        body
    }

    pub(crate) fn respond(&self) -> Response {
        match self.retry_after {
            Some(seconds) => rate_limited(seconds, true),
            None => Json(self.body()).into_response(),
        }
    }
}

pub(crate) fn rate_limited(seconds: u64, with_body: bool) -> Response {
    let wait = [(header::RETRY_AFTER, seconds.to_string())];
    if with_body {
        (StatusCode::TOO_MANY_REQUESTS, wait, Json(json!({ "ok": false, "error": "ratelimited" }))).into_response()
    } else {
        (StatusCode::TOO_MANY_REQUESTS, wait).into_response()
    }
}

/// An answer that breaks off: the length it promises never comes.
pub(crate) fn broken() -> Response {
    let pieces = futures::stream::iter([Err::<&'static str, _>(std::io::Error::other("dropped on request"))]);
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("4096"));
    response
}

/// Names the scopes the token has, as Slack does on every answer.
pub(crate) fn with_scopes(mut response: Response, scopes: &[String]) -> Response {
    if let Ok(value) = HeaderValue::from_str(&scopes.join(",")) {
        response.headers_mut().insert(HeaderName::from_static("x-oauth-scopes"), value);
    }
    response
}
