//! A provider of on-call rotations and incidents on the loopback: PagerDuty's and Opsgenie's answers from one book, well or ill behaved.
//!
//! Shapes as documented: PagerDuty REST API v2, "List all of the on-calls", "List incidents" and "Get an incident" (classic pagination);
//! Opsgenie, "Who is On Call API" and "Incident API". A question that the documentation does not know is answered 400.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The key that both providers take.
pub const ONCALL_TOKEN: &str = "oncall-hunter2";

/// Entries of a page, whatever is asked for: so that a handful of people takes several pages.
const PAGE: usize = 2;

/// How it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As documented.
    Well,
    /// Never.
    Hangs,
    /// With this status, and a wait in seconds where there is one.
    Refuses(u16, Option<u64>),
    /// With this text and status 200.
    Says(String),
    /// With pages that say for ever that there is more.
    Endless,
}

/// Somebody on call: user id, address, and when.
#[derive(Clone, Debug)]
pub struct OnCall {
    /// The provider's user id.
    pub id: String,
    /// Their address there.
    pub email: String,
    /// Their shift; none is for ever.
    pub shift: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl OnCall {
    /// For ever.
    pub fn always(id: &str, email: &str) -> Self {
        Self { id: id.to_owned(), email: email.to_owned(), shift: None }
    }
}

/// An incident of a service.
#[derive(Clone, Debug)]
pub struct AnIncident {
    /// The provider's id.
    pub id: String,
    /// What people call it.
    pub number: u64,
    /// The service's id.
    pub service: String,
    /// A link to a meeting or a channel.
    pub link: Option<String>,
    /// `triggered`, `acknowledged` or `resolved`; Opsgenie calls the first two `open`.
    pub status: &'static str,
}

impl AnIncident {
    /// One that has just been opened.
    pub fn open(id: &str, number: u64, service: &str) -> Self {
        Self { id: id.to_owned(), number, service: service.to_owned(), link: None, status: "triggered" }
    }
}

#[derive(Debug)]
struct Book {
    mood: Mood,
    schedules: BTreeMap<String, Vec<OnCall>>,
    incidents: Vec<AnIncident>,
    asked: usize,
}

/// See the module.
#[derive(Debug)]
pub struct OncallProvider {
    /// `api_url`.
    pub url: String,
    book: Arc<Mutex<Book>>,
    _server: JoinSet<()>,
}

impl OncallProvider {
    /// Starts one, with nobody on call.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the provider");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let book = Arc::new(Mutex::new(Book {
            mood: Mood::Well,
            schedules: BTreeMap::new(),
            incidents: Vec::new(),
            asked: 0,
        }));
        let router = Router::new()
            .route("/oncalls", get(pagerduty))
            .route("/v2/schedules/{schedule}/on-calls", get(opsgenie))
            .route("/incidents", get(pagerduty_incidents))
            .route("/incidents/{id}", get(pagerduty_incident))
            .route("/v1/incidents", get(opsgenie_incidents))
            .route("/v1/incidents/{id}", get(opsgenie_incident))
            .with_state(Arc::clone(&book));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("the provider serves") });
        Self { url, book, _server: server }
    }

    /// The tables of `jit.toml` for both providers.
    pub fn configuration(&self) -> String {
        let table = |name: &str| format!("[oncall.{name}]\napi_url = \"{}\"\ntoken = \"{ONCALL_TOKEN}\"\n", self.url);
        table("pagerduty") + &table("opsgenie")
    }

    /// Says who is on call by a schedule.
    pub fn set(&self, schedule: &str, people: Vec<OnCall>) {
        lock(&self.book).schedules.insert(schedule.to_owned(), people);
    }

    /// Opens an incident, or changes the one of that id.
    pub fn incident(&self, incident: AnIncident) {
        let mut book = lock(&self.book);
        book.incidents.retain(|other| other.id != incident.id);
        book.incidents.push(incident);
    }

    /// Resolves an incident.
    pub fn resolve(&self, id: &str) {
        let mut book = lock(&self.book);
        book.incidents.iter_mut().filter(|incident| incident.id == id).for_each(|it| it.status = "resolved");
    }

    /// Knows nothing of an incident any more, as when it was deleted.
    pub fn forget(&self, id: &str) {
        lock(&self.book).incidents.retain(|incident| incident.id != id);
    }

    /// Behaves otherwise from now on.
    pub fn behaves(&self, mood: Mood) {
        lock(&self.book).mood = mood;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        lock(&self.book).asked
    }
}

fn lock(book: &Mutex<Book>) -> std::sync::MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is answered instead of the truth; `None` when all is well.
async fn ill(book: &Mutex<Book>, headers: &HeaderMap, scheme: &str) -> Option<Response> {
    let mood = {
        let mut book = lock(book);
        book.asked += 1;
        book.mood.clone()
    };
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if key != Some(&format!("{scheme}{ONCALL_TOKEN}")) {
        return Some(StatusCode::UNAUTHORIZED.into_response());
    }
    match mood {
        Mood::Well | Mood::Endless => None,
        Mood::Hangs => std::future::pending().await,
        Mood::Refuses(status, wait) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let wait = wait.map(|wait| [(header::RETRY_AFTER, wait.to_string())]);
            Some((status, wait.map(IntoResponse::into_response).unwrap_or_default()).into_response())
        }
        Mood::Says(text) => Some(text.into_response()),
    }
}

async fn pagerduty(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if let Some(ill) = ill(&book, &headers, "Token token=").await {
        return ill;
    }
    let query: Vec<(String, String)> = serde_urlencoded::from_str(&query.unwrap_or_default()).expect("a query");
    let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let instant = |name: &str| asked(name).and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let (Some(schedule), Some(since), Some(until)) = (asked("schedule_ids[]"), instant("since"), instant("until"))
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let offset: usize = asked("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let with_users = asked("include[]") == Some("users");
    let book = lock(&book);
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
    let endless = book.mood == Mood::Endless;
    let page: Vec<_> = all.iter().skip(if endless { 0 } else { offset }).take(PAGE).map(entry).collect();
    let more = endless || offset + PAGE < all.len();
    axum::Json(json!({ "oncalls": page, "limit": PAGE, "offset": offset, "more": more, "total": null })).into_response()
}

async fn opsgenie(
    State(book): State<Arc<Mutex<Book>>>,
    Path(schedule): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = ill(&book, &headers, "GenieKey ").await {
        return ill;
    }
    if !query.unwrap_or_default().contains("flat=true") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let book = lock(&book);
    let names: Vec<&str> = book.schedules.get(&schedule).into_iter().flatten().map(|one| one.email.as_str()).collect();
    let parent = json!({ "id": schedule, "name": "Orders", "enabled": true });
    axum::Json(json!({ "data": { "_parent": parent, "onCallRecipients": names }, "took": 0.01, "requestId": "r" }))
        .into_response()
}

type Query = Vec<(String, String)>;

fn parsed(query: Option<String>) -> Query {
    serde_urlencoded::from_str(&query.unwrap_or_default()).expect("a query")
}

fn all<'a>(query: &'a Query, name: &str) -> Vec<&'a str> {
    query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
}

async fn pagerduty_incidents(
    State(book): State<Arc<Mutex<Book>>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = ill(&book, &headers, "Token token=").await {
        return ill;
    }
    let query = parsed(query);
    let (services, statuses) = (all(&query, "service_ids[]"), all(&query, "statuses[]"));
    let known = ["triggered", "acknowledged", "resolved"];
    let limit = all(&query, "limit").first().and_then(|limit| limit.parse::<usize>().ok()).unwrap_or(25);
    // Without a range only a month is looked at; statuses and version are checked as the documentation has them.
    let versioned = headers.get(header::ACCEPT).is_some_and(|it| it == "application/vnd.pagerduty+json;version=2");
    if services.is_empty() || limit > 100 || !versioned || !statuses.iter().all(|status| known.contains(status)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let offset: usize = all(&query, "offset").first().and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let bridged = all(&query, "include[]").contains(&"conference_bridge");
    let book = lock(&book);
    let fits = |it: &&AnIncident| services.contains(&it.service.as_str()) && statuses.contains(&it.status);
    let found: Vec<&AnIncident> = book.incidents.iter().filter(fits).collect();
    let endless = book.mood == Mood::Endless;
    let page = found.iter().skip(if endless { 0 } else { offset }).take(PAGE.min(limit));
    let page: Vec<_> = page.map(|it| pagerduty_entry(it, bridged)).collect();
    let more = endless || offset + PAGE.min(limit) < found.len();
    axum::Json(json!({ "incidents": page, "limit": limit, "offset": offset, "more": more, "total": null }))
        .into_response()
}

fn pagerduty_entry(it: &AnIncident, bridged: bool) -> serde_json::Value {
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

async fn pagerduty_incident(
    State(book): State<Arc<Mutex<Book>>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(ill) = ill(&book, &headers, "Token token=").await {
        return ill;
    }
    match lock(&book).incidents.iter().find(|incident| incident.id == id) {
        Some(incident) => axum::Json(json!({ "incident": pagerduty_entry(incident, false) })).into_response(),
        None => {
            let error = json!({ "error": { "message": "Not Found", "code": 2100 } });
            (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
        }
    }
}

async fn opsgenie_incidents(
    State(book): State<Arc<Mutex<Book>>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = ill(&book, &headers, "GenieKey ").await {
        return ill;
    }
    let query = parsed(query);
    let limit = all(&query, "limit").first().and_then(|limit| limit.parse::<usize>().ok()).unwrap_or(20);
    if all(&query, "query") != ["status:open"] || limit > 100 {
        return (StatusCode::UNPROCESSABLE_ENTITY, "{}").into_response();
    }
    let offset: usize = all(&query, "offset").first().and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let book = lock(&book);
    let open: Vec<&AnIncident> = book.incidents.iter().filter(|incident| incident.status != "resolved").collect();
    let endless = book.mood == Mood::Endless;
    let page = open.iter().skip(if endless { 0 } else { offset }).take(PAGE.min(limit));
    let page: Vec<_> = page.map(|it| opsgenie_entry(it)).collect();
    let mut paging = json!({ "first": "https://api.opsgenie.com/v1/incidents?offset=0" });
    if endless || offset + PAGE.min(limit) < open.len() {
        paging["next"] = json!("https://api.opsgenie.com/v1/incidents?offset=next");
    }
    axum::Json(json!({ "data": page, "paging": paging, "took": 0.01, "requestId": "r" })).into_response()
}

fn opsgenie_entry(it: &AnIncident) -> serde_json::Value {
    let status = if it.status == "resolved" { "resolved" } else { "open" };
    let links = it.link.iter().map(|link| ("slack".to_owned(), json!(link)));
    json!({
        "id": it.id, "tinyId": it.number.to_string(), "message": "Orders are slow", "status": status, "tags": [],
        "impactedServices": [it.service], "extraProperties": links.collect::<serde_json::Map<_, _>>(), "priority": "P1",
        "createdAt": "2026-11-23T08:55:00Z", "updatedAt": "2026-11-23T08:55:00Z", "ownerTeam": "", "responders": [],
    })
}

async fn opsgenie_incident(
    State(book): State<Arc<Mutex<Book>>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(ill) = ill(&book, &headers, "GenieKey ").await {
        return ill;
    }
    if all(&parsed(query), "identifierType") != ["id"] {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match lock(&book).incidents.iter().find(|incident| incident.id == id) {
        Some(incident) => {
            axum::Json(json!({ "data": opsgenie_entry(incident), "took": 0.01, "requestId": "r" })).into_response()
        }
        None => {
            let error = json!({ "message": "Incident does not exist with identifier", "took": 0.01, "requestId": "r" });
            (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
        }
    }
}
