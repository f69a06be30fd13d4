//! `/healthz`: the process runs. `/readyz`: it can serve: the database answers. `/metrics`: Prometheus.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;

/// Longest wait for the database's answer: whoever asks about readiness gives up soon.
const PATIENCE: Duration = Duration::from_secs(3);

/// The process runs.
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// It can serve. Redis away is said but no reason not to: everything runs from SQL then.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let health = tokio::time::timeout(PATIENCE, app.dispatch.store.ping()).await.ok();
    let database = health.as_ref().is_some_and(|health| health.database.is_ok());
    let redis = health.and_then(|health| health.redis).map(|redis| word(redis.is_ok()));
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "database": word(database), "redis": redis }))).into_response()
}

fn word(fine: bool) -> &'static str {
    if fine { "ok" } else { "unreachable" }
}

/// Prometheus' text format.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, app.metrics.render()).into_response()
}
