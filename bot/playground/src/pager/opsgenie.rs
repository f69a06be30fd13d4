//! Opsgenie's answers. Called by the router alone.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{AnIncident, Mood, Pager, Query, page};

const SCHEME: &str = "GenieKey ";

pub(super) async fn oncalls(
    State(pager): State<Pager>,
    Path(schedule): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    if Query::of(query).first("flat") != Some("true") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let book = pager.book();
    let names: Vec<&str> = book.schedules.get(&schedule).into_iter().flatten().map(|one| one.email.as_str()).collect();
    let parent = json!({ "id": schedule, "name": "Orders", "enabled": true });
    axum::Json(json!({ "data": { "_parent": parent, "onCallRecipients": names }, "took": 0.01, "requestId": "r" }))
        .into_response()
}

pub(super) async fn incidents(State(pager): State<Pager>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    let query = Query::of(query);
    if query.all("query") != ["status:open"] || query.number("limit").is_some_and(|limit| limit > 100) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "{}").into_response();
    }
    let book = pager.book();
    let open: Vec<&AnIncident> = book.incidents.iter().filter(|incident| incident.status != "resolved").collect();
    let (found, more) = page(&open, &query, book.mood == Mood::Endless);
    let found: Vec<Value> = found.map(|it| entry(it)).collect();
    let mut paging = json!({ "first": "https://api.opsgenie.com/v1/incidents?offset=0" });
    if more {
        paging["next"] = json!("https://api.opsgenie.com/v1/incidents?offset=next");
    }
    axum::Json(json!({ "data": found, "paging": paging, "took": 0.01, "requestId": "r" })).into_response()
}

pub(super) async fn incident(
    State(pager): State<Pager>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    if Query::of(query).all("identifierType") != ["id"] {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match pager.book().incidents.iter().find(|incident| incident.id == id) {
        Some(incident) => {
            axum::Json(json!({ "data": entry(incident), "took": 0.01, "requestId": "r" })).into_response()
        }
        None => {
            let error = json!({ "message": "Incident does not exist with identifier", "took": 0.01, "requestId": "r" });
            (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
        }
    }
}

fn entry(it: &AnIncident) -> Value {
    let status = if it.status == "resolved" { "resolved" } else { "open" };
    let links = it.link.iter().map(|link| ("slack".to_owned(), json!(link)));
    json!({
        "id": it.id, "tinyId": it.number.to_string(), "message": "Orders are slow", "status": status, "tags": [],
        "impactedServices": [it.service], "extraProperties": links.collect::<serde_json::Map<_, _>>(), "priority": "P1",
        "createdAt": "2026-11-23T08:55:00Z", "updatedAt": "2026-11-23T08:55:00Z", "ownerTeam": "", "responders": [],
    })
}
