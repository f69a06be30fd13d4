//! HTTP: the routes, and what holds for all of them: bounded bodies, request ids, time-outs, one log line and one metric each.

mod health;
mod slack;
mod teams;

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

use crate::app::App;
use crate::metrics;

/// Longest body that is read. Source: the public surface, 413 above it.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Longest that a request may take; Slack has given up long before, Teams soon after.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest request id that is taken from outside: twice a UUID's, enough for every tracing format.
const LONGEST_ID: usize = 72;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The router of the doors, and the one of health and metrics; they are one when operators have no address of their own.
pub fn routers(app: &App, apart: bool) -> (Router, Router) {
    let inner = dress(
        Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(health::metrics))
            .with_state(app.clone()),
    );
    let mut doors = Router::new();
    if app.slack.is_some() {
        doors = doors
            .route("/slack/commands", post(slack::commands))
            .route("/slack/interactions", post(slack::interactions))
            .route("/slack/events", post(slack::events));
    }
    if app.teams.is_some() {
        doors = doors.route("/api/messages", post(teams::messages).head(teams::probe));
    }
    let doors = dress(doors.with_state(app.clone()));
    if apart { (doors, inner) } else { (doors.merge(inner), Router::new()) }
}

fn dress(router: Router) -> Router {
    router
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(middleware::from_fn(observe))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(middleware::map_request(believe))
}

/// A request id from outside, such as a proxy's, is kept where it is one; anything else gets one of ours.
async fn believe(mut request: Request) -> Request {
    let is_id = |id: &HeaderValue| {
        let id = id.as_bytes();
        (1..=LONGEST_ID).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    if !request.headers().get(&REQUEST_ID).is_some_and(is_id) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    request
}

/// One span, one line, one metric for each request. No bodies, no query strings: people's words are not for logs.
async fn observe(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = known(path.as_ref().map_or("", |path| path.as_str()));
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", request_id = id, path);
    async {
        let response = next.run(request).await;
        let took = started.elapsed();
        let status = response.status().as_u16();
        metrics::http(path, status, took);
        match path {
            "/healthz" | "/readyz" | "/metrics" => tracing::debug!(status, took_ms = took.as_millis(), "answered"),
            _ => tracing::info!(status, took_ms = took.as_millis(), "answered"),
        }
        response
    }
    .instrument(span)
    .await
}

/// The paths that metrics may carry: whatever else is asked for is one.
fn known(path: &str) -> &'static str {
    const KNOWN: [&str; 7] =
        ["/slack/commands", "/slack/interactions", "/slack/events", "/api/messages", "/healthz", "/readyz", "/metrics"];
    KNOWN.into_iter().find(|known| *known == path).unwrap_or("other")
}

/// A refusal at the door: a status and one plain sentence.
pub(crate) fn refuse(status: StatusCode, sentence: &'static str) -> Response {
    (status, sentence).into_response()
}
