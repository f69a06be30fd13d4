//! `POST /api/messages`: the token is verified before a byte of the body is read, then the body is decoded and handed to Teams' door.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jit_chat::teams::decode::{self, DecodeError};
use jit_chat::teams::verify::Rejected;
use tracing::Instrument;

use super::refuse;
use crate::app::App;
use crate::teams::react;

/// Whether somebody listens: asked without a token, and told nothing else.
pub(super) async fn probe() -> StatusCode {
    StatusCode::OK
}

/// Activities.
pub(super) async fn messages(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(teams) = app.teams.clone() else { return refuse(StatusCode::NOT_FOUND, "Teams is not configured.") };
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let verified = match teams.verifier.verify(authorization, app.dispatch.store.now()).await {
        Ok(verified) => verified,
        Err(rejected) => return unbelieved(rejected),
    };
    let inbound = match decode::activity(&body, &verified, &teams.home) {
        Ok(inbound) => inbound,
        Err(DecodeError::Rejected(rejected)) => return unbelieved(rejected),
        Err(error @ DecodeError::Malformed(_)) => {
            tracing::warn!(error = %error, "an activity cannot be read");
            return refuse(StatusCode::BAD_REQUEST, "The body cannot be read.");
        }
        Err(error @ DecodeError::Foreign { .. }) => {
            tracing::warn!(error = %error, "another tenant knocked");
            return refuse(StatusCode::FORBIDDEN, "This tenant is not served here.");
        }
    };
    let reaction = match react(&app, &inbound).await {
        Ok(reaction) => reaction,
        Err(error) => {
            tracing::error!(%error, "an activity was not taken; Teams sends it again");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.");
        }
    };
    if let Some(later) = reaction.later {
        // Its log lines carry the request's id too.
        tokio::spawn(later.run(app).in_current_span());
    }
    reaction.body.map_or_else(|| StatusCode::OK.into_response(), |body| Json(body).into_response())
}

fn unbelieved(rejected: Rejected) -> Response {
    tracing::warn!(%rejected, "a request to Teams' door does not come from its connector");
    refuse(StatusCode::UNAUTHORIZED, "The token is wrong, missing or over.")
}
