//! A provider of on-call rotations on the loopback: PagerDuty's and Opsgenie's answers from one schedule book, well or ill behaved.
//!
//! Shapes as documented: PagerDuty REST API v2, "List all of the on-calls" (classic pagination); Opsgenie, "Who is On Call API".

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

#[derive(Debug)]
struct Book {
    mood: Mood,
    schedules: BTreeMap<String, Vec<OnCall>>,
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
        let book = Arc::new(Mutex::new(Book { mood: Mood::Well, schedules: BTreeMap::new(), asked: 0 }));
        let router = Router::new()
            .route("/oncalls", get(pagerduty))
            .route("/v2/schedules/{schedule}/on-calls", get(opsgenie))
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
