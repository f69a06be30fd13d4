//! A provider of on-call rotations and incidents: PagerDuty's and Opsgenie's answers from one book, well or ill behaved. The demo mounts it
//! below `/playground/pager/`, tests serve it by itself; it knows nothing of the playground.
//!
//! Shapes as documented: PagerDuty REST API v2, "List all of the on-calls", "List incidents" and "Get an incident" (classic pagination);
//! Opsgenie, "Who is On Call API" and "Incident API". A question that the documentation does not know is answered 400.

mod opsgenie;
mod pagerduty;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use url::form_urlencoded;

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
    token: String,
    mood: Mood,
    schedules: BTreeMap<String, Vec<OnCall>>,
    incidents: Vec<AnIncident>,
    asked: usize,
}

/// The provider. Cloning it gives another handle to the same one.
#[derive(Clone, Debug)]
pub struct Pager(Arc<Mutex<Book>>);

impl Pager {
    /// One that takes this key, with nobody on call and no incident.
    pub fn new(token: &str) -> Self {
        let (token, mood) = (token.to_owned(), Mood::Well);
        Self(Arc::new(Mutex::new(Book { token, mood, schedules: BTreeMap::new(), incidents: Vec::new(), asked: 0 })))
    }

    /// What is served below `api_url`, for both providers.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/oncalls", get(pagerduty::oncalls))
            .route("/incidents", get(pagerduty::incidents))
            .route("/incidents/{id}", get(pagerduty::incident))
            .route("/v2/schedules/{schedule}/on-calls", get(opsgenie::oncalls))
            .route("/v1/incidents", get(opsgenie::incidents))
            .route("/v1/incidents/{id}", get(opsgenie::incident))
            .with_state(self.clone())
    }

    /// Says who is on call by a schedule.
    pub fn set(&self, schedule: &str, people: Vec<OnCall>) {
        self.book().schedules.insert(schedule.to_owned(), people);
    }

    /// Opens an incident, or changes the one of that id.
    pub fn incident(&self, incident: AnIncident) {
        let mut book = self.book();
        book.incidents.retain(|other| other.id != incident.id);
        book.incidents.push(incident);
    }

    /// Every incident that it knows.
    pub fn incidents(&self) -> Vec<AnIncident> {
        self.book().incidents.clone()
    }

    /// Resolves an incident.
    pub fn resolve(&self, id: &str) {
        self.book().incidents.iter_mut().filter(|incident| incident.id == id).for_each(|it| it.status = "resolved");
    }

    /// Knows nothing of an incident any more, as when it was deleted.
    pub fn forget(&self, id: &str) {
        self.book().incidents.retain(|incident| incident.id != id);
    }

    /// Behaves otherwise from now on.
    pub fn behaves(&self, mood: Mood) {
        self.book().mood = mood;
    }

    /// How it behaves.
    pub fn mood(&self) -> Mood {
        self.book().mood.clone()
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.book().asked
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is answered instead of the truth; `None` when all is well.
    async fn ill(&self, headers: &HeaderMap, scheme: &str) -> Option<Response> {
        let (mood, token) = {
            let mut book = self.book();
            book.asked += 1;
            (book.mood.clone(), book.token.clone())
        };
        let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if key != Some(&format!("{scheme}{token}")) {
            return Some(StatusCode::UNAUTHORIZED.into_response());
        }
        match mood {
            Mood::Well | Mood::Endless => None,
            Mood::Hangs => std::future::pending().await,
            Mood::Refuses(status, wait) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let wait = wait.map(|wait| [(header::RETRY_AFTER, wait.to_string())]);
                Some((status, wait.map(IntoResponse::into_response).unwrap_or_default()).into_response())
            }
            Mood::Says(text) => Some(text.into_response()),
        }
    }
}

/// The parts of a question.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(raw: Option<String>) -> Self {
        Self(form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// A number, where it is one.
    fn number(&self, name: &str) -> Option<usize> {
        self.first(name)?.parse().ok()
    }
}

/// A page of what was found, and whether there is more; a provider that never ends begins again.
fn page<'a, T>(found: &'a [T], query: &Query, endless: bool) -> (impl Iterator<Item = &'a T> + use<'a, T>, bool) {
    let offset = query.number("offset").unwrap_or(0);
    let size = PAGE.min(query.number("limit").unwrap_or(PAGE));
    let page = found.iter().skip(if endless { 0 } else { offset }).take(size);
    (page, endless || offset + size < found.len())
}
