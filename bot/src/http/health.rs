//! `/healthz`: the process runs. `/readyz`: it can serve: the database answers. `/metrics`: Prometheus.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;

/// The process runs.
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// It can serve. Redis away is said but no reason not to: everything runs from SQL then.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let health = app.dispatch.store.ping().await;
    let status = if health.database.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let redis = health.redis.as_ref().map(|redis| word(redis.is_ok()));
    (status, Json(json!({ "database": word(health.database.is_ok()), "redis": redis }))).into_response()
}

fn word(fine: bool) -> &'static str {
    if fine { "ok" } else { "unreachable" }
}

/// Prometheus' text format.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, app.metrics.render()).into_response()
}
