//! PagerDuty's answers. Called by the router alone.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{AnIncident, Mood, OnCall, Pager, Query, page};

const SCHEME: &str = "Token token=";

pub(super) async fn oncalls(State(pager): State<Pager>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    let query = Query::of(query);
    let instant = |name: &str| query.first(name).and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let (Some(schedule), Some(since), Some(until)) =
        (query.first("schedule_ids[]"), instant("since"), instant("until"))
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let with_users = query.first("include[]") == Some("users");
    let book = pager.book();
    let overlaps = |one: &&OnCall| one.shift.is_none_or(|(from, to)| from <= until && to > since);
    let all: Vec<&OnCall> = book.schedules.get(schedule).into_iter().flatten().filter(overlaps).collect();
    let entry = |one: &&OnCall| {
        let mut user = json!({ "id": one.id, "type": "user_reference", "summary": "Olive Okoye" });
        if with_users {
            user["email"] = json!(one.email);
            user["name"] = json!("Olive Okoye");
        }
        let shift = one.shift.map(|(from, to)| (from.to_rfc3339(), to.to_rfc3339()));
        json!({
            "user": user, "escalation_level": 1, "schedule": { "id": schedule, "type": "schedule_reference" },
            "escalation_policy": { "id": "PT20YPA" }, "start": shift.as_ref().map(|it| &it.0), "end": shift.as_ref().map(|it| &it.1),
        })
    };
    let (found, more) = page(&all, &query, book.mood == Mood::Endless);
    let found: Vec<Value> = found.map(entry).collect();
    let (limit, offset) = (query.number("limit"), query.number("offset"));
    axum::Json(json!({ "oncalls": found, "limit": limit, "offset": offset, "more": more, "total": null }))
        .into_response()
}

pub(super) async fn incidents(State(pager): State<Pager>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    let query = Query::of(query);
    let (services, statuses) = (query.all("service_ids[]"), query.all("statuses[]"));
    let known = ["triggered", "acknowledged", "resolved"];
    let limit = query.number("limit").unwrap_or(25);
    // Without a range only a month is looked at; statuses and version are checked as the documentation has them.
    let versioned = headers.get(header::ACCEPT).is_some_and(|it| it == "application/vnd.pagerduty+json;version=2");
    if services.is_empty() || limit > 100 || !versioned || !statuses.iter().all(|status| known.contains(status)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let bridged = query.all("include[]").contains(&"conference_bridge");
    let book = pager.book();
    let fits = |it: &&AnIncident| services.contains(&it.service.as_str()) && statuses.contains(&it.status);
    let all: Vec<&AnIncident> = book.incidents.iter().filter(fits).collect();
    let (found, more) = page(&all, &query, book.mood == Mood::Endless);
    let found: Vec<Value> = found.map(|it| entry(it, bridged)).collect();
    let offset = query.number("offset");
    axum::Json(json!({ "incidents": found, "limit": limit, "offset": offset, "more": more, "total": null }))
        .into_response()
}

pub(super) async fn incident(State(pager): State<Pager>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Some(ill) = pager.ill(&headers, SCHEME).await {
        return ill;
    }
    match pager.book().incidents.iter().find(|incident| incident.id == id) {
        Some(incident) => axum::Json(json!({ "incident": entry(incident, false) })).into_response(),
        None => {
            let error = json!({ "error": { "message": "Not Found", "code": 2100 } });
            (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
        }
    }
}

fn entry(it: &AnIncident, bridged: bool) -> Value {
    let mut entry = json!({
        "id": it.id, "type": "incident", "incident_number": it.number, "title": "Orders are slow", "status": it.status,
        "summary": format!("[#{}] Orders are slow", it.number), "urgency": "high", "assignments": [],
        "service": { "id": it.service, "type": "service_reference", "summary": "Orders" },
    });
    if bridged {
        entry["conference_bridge"] = json!({ "conference_number": null, "conference_url": it.link });
    }
    entry
}
