//! `POST /slack/*`: raw bodies are verified before a byte of them is read, then decoded and handed to Slack's door.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jit_chat::slack::decode::{self, DecodeError, Home, Inbound};
use jit_chat::slack::verify::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tracing::Instrument;

use super::refuse;
use crate::app::App;
use crate::slack::react;

type Decode = fn(&[u8], &Home) -> Result<Inbound, DecodeError>;

/// Slash commands.
pub(super) async fn commands(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    take(app, &headers, &body, decode::command).await
}

/// Buttons and dialogs.
pub(super) async fn interactions(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    take(app, &headers, &body, decode::interaction).await
}

/// Events.
pub(super) async fn events(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    take(app, &headers, &body, decode::event).await
}

async fn take(app: App, headers: &HeaderMap, body: &[u8], decode: Decode) -> Response {
    let Some(slack) = app.slack.clone() else { return refuse(StatusCode::NOT_FOUND, "Slack is not configured.") };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = app.dispatch.store.now();
    if let Err(rejected) = slack.verifier.verify(header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER), body, now) {
        tracing::warn!(rejected = %rejected, "a request to Slack's door was not signed by Slack");
        return refuse(StatusCode::UNAUTHORIZED, "The signature is wrong, missing or stale.");
    }
    let inbound = match decode(body, &slack.home) {
        Ok(inbound) => inbound,
        Err(error @ DecodeError::Malformed(_)) => {
            tracing::warn!(error = %error, "a signed request cannot be read");
            return refuse(StatusCode::BAD_REQUEST, "The body cannot be read.");
        }
        Err(error @ DecodeError::Foreign { .. }) => {
            tracing::warn!(error = %error, "another workspace knocked");
            return refuse(StatusCode::FORBIDDEN, "This workspace is not served here.");
        }
    };
    let reaction = react(&app, inbound).await;
    if let Some(later) = reaction.later {
        // Its log lines carry the request's id too.
        tokio::spawn(later.run(app).in_current_span());
    }
    reaction.ack.map_or_else(|| StatusCode::OK.into_response(), |body| Json(body).into_response())
}
