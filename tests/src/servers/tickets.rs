//! A provider of tickets on the loopback: Jira's and ServiceNow's answers from one book, well or ill behaved.
//!
//! Shapes as documented: Jira Cloud platform REST API v3, "Get issue" and "Get current user"; ServiceNow, "Table API" with
//! `sysparm_display_value=all`. A question that the documentation does not know is answered 400.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::oncall::Mood;

/// The key that both providers take: Jira as a bearer, ServiceNow as the password of [`TICKET_USER`].
pub const TICKET_TOKEN: &str = "tickets-hunter2";
/// Whose key it is at ServiceNow.
pub const TICKET_USER: &str = "jit.bot";

/// A ticket of either provider.
#[derive(Clone, Debug)]
pub struct ATicket {
    /// Jira's key, or ServiceNow's number.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// It is over.
    pub closed: bool,
    /// The provider's user id, and the address where it is shown.
    pub assignee: Option<(String, Option<String>)>,
}

impl ATicket {
    /// An open one, assigned to somebody of an address.
    pub fn open(id: &str, email: &str) -> Self {
        let assignee = Some((format!("u-{email}"), Some(email.to_owned())));
        Self { id: id.to_owned(), title: "Orders are stuck".to_owned(), closed: false, assignee }
    }
}

#[derive(Debug, Default)]
struct Book {
    mood: Option<Mood>,
    tickets: BTreeMap<String, ATicket>,
    /// The paths and queries that were asked for.
    asked: Vec<String>,
}

/// See the module.
#[derive(Debug)]
pub struct TicketProvider {
    /// `api_url`.
    pub url: String,
    book: Arc<Mutex<Book>>,
    _server: JoinSet<()>,
}

impl TicketProvider {
    /// Starts one, without any ticket.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the provider");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let book = Arc::new(Mutex::new(Book::default()));
        let router = Router::new()
            .route("/rest/api/{version}/issue/{key}", get(jira_issue))
            .route("/rest/api/{version}/myself", get(jira_myself))
            .route("/api/now/table/{table}", get(servicenow))
            .layer(from_fn_with_state(Arc::clone(&book), ill))
            .with_state(Arc::clone(&book));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("the provider serves") });
        Self { url, book, _server: server }
    }

    /// The tables of `jit.toml` for both providers: `OPS-*` are Jira's, `INC*` ServiceNow's.
    pub fn configuration(&self) -> String {
        let Self { url, .. } = self;
        format!(
            "[tickets.jira]\npattern = \"OPS-*\"\napi_url = \"{url}\"\ntoken = \"{TICKET_TOKEN}\"\nrefresh = \"10s\"\nuser_ids = {{ u-hidden = \"alice\" }}\n\
             [tickets.servicenow]\npattern = [\"INC*\"]\napi_url = \"{url}\"\nuser = \"{TICKET_USER}\"\ntoken = \"{TICKET_TOKEN}\"\nrefresh = \"10s\"\n"
        )
    }

    /// Opens a ticket, or changes the one of that id.
    pub fn set(&self, ticket: ATicket) {
        lock(&self.book).tickets.insert(ticket.id.clone(), ticket);
    }

    /// Closes a ticket.
    pub fn close(&self, id: &str) {
        lock(&self.book).tickets.get_mut(id).expect("the ticket is there").closed = true;
    }

    /// Knows nothing of a ticket any more, as when it was deleted.
    pub fn forget(&self, id: &str) {
        lock(&self.book).tickets.remove(id);
    }

    /// Behaves otherwise from now on.
    pub fn behaves(&self, mood: Mood) {
        lock(&self.book).mood = Some(mood);
    }

    /// The paths and queries that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.book).asked.clone()
    }
}

fn lock(book: &Mutex<Book>) -> std::sync::MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers instead of the truth where the mood says so; counts every question.
async fn ill(State(book): State<Arc<Mutex<Book>>>, request: Request, next: Next) -> Response {
    let mood = {
        let mut book = lock(&book);
        book.asked.push(request.uri().to_string());
        book.mood.clone()
    };
    match mood {
        None | Some(Mood::Well | Mood::Endless) => next.run(request).await,
        Some(Mood::Hangs) => std::future::pending().await,
        Some(Mood::Refuses(status, wait)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let wait = wait.map(|wait| [(header::RETRY_AFTER, wait.to_string())]);
            (status, wait.map(IntoResponse::into_response).unwrap_or_default()).into_response()
        }
        Some(Mood::Says(text)) => text.into_response(),
    }
}

fn is_shown(headers: &HeaderMap, key: &str) -> bool {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) == Some(key)
}

fn bearer(headers: &HeaderMap) -> bool {
    is_shown(headers, &format!("Bearer {TICKET_TOKEN}"))
}

fn user(id: &str, email: Option<&str>) -> Value {
    let mut user = json!({
        "self": format!("https://acme.test/rest/api/3/user?accountId={id}"), "accountId": id, "accountType": "atlassian",
        "active": true, "displayName": format!("Somebody ({id})"), "timeZone": "Europe/Berlin",
    });
    if let Some(email) = email {
        user["emailAddress"] = json!(email);
    }
    user
}

async fn jira_issue(
    State(book): State<Arc<Mutex<Book>>>,
    Path((version, key)): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if !bearer(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if version != "3" || query.as_deref() != Some("fields=summary%2Cstatus%2Cassignee") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Some(ticket) = lock(&book).tickets.get(&key).cloned() else {
        let error =
            json!({ "errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {} });
        return (StatusCode::NOT_FOUND, axum::Json(error)).into_response();
    };
    let (name, category) = if ticket.closed { ("Done", "done") } else { ("In Progress", "indeterminate") };
    let category = json!({ "id": 3, "key": category, "colorName": "green", "name": name, "self": "https://acme.test/rest/api/3/statuscategory/3" });
    let assignee = ticket.assignee.as_ref().map(|(id, email)| user(id, email.as_deref()));
    axum::Json(json!({
        "id": "10002", "key": ticket.id, "self": "https://acme.test/rest/api/3/issue/10002", "expand": "names,schema",
        "fields": { "summary": ticket.title, "status": { "id": "3", "name": name, "statusCategory": category }, "assignee": assignee },
    }))
    .into_response()
}

async fn jira_myself(headers: HeaderMap) -> Response {
    if !bearer(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    axum::Json(user("u-jit", Some("jit@acme.test"))).into_response()
}

async fn servicenow(
    State(book): State<Arc<Mutex<Book>>>,
    Path(table): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    use base64::Engine;
    let key = base64::engine::general_purpose::STANDARD.encode(format!("{TICKET_USER}:{TICKET_TOKEN}"));
    if !is_shown(&headers, &format!("Basic {key}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let query: Vec<(String, String)> = serde_urlencoded::from_str(&query.unwrap_or_default()).expect("a query");
    let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if table != "incident" || asked("sysparm_limit") != Some("1") {
        let error = json!({ "error": { "message": "Invalid table", "detail": null }, "status": "failure" });
        return (StatusCode::BAD_REQUEST, axum::Json(error)).into_response();
    }
    let book = lock(&book);
    let number = asked("sysparm_query").and_then(|query| query.strip_prefix("number="));
    // Without a condition any record is the first one.
    let found = match number {
        Some(number) => book.tickets.get(number),
        None => book.tickets.values().next(),
    };
    let fields: Vec<&str> = asked("sysparm_fields").unwrap_or_default().split(',').collect();
    let result: Vec<Value> =
        found.map(|ticket| record(ticket, &fields, asked("sysparm_display_value"))).into_iter().collect();
    axum::Json(json!({ "result": result })).into_response()
}

fn record(ticket: &ATicket, fields: &[&str], display: Option<&str>) -> Value {
    let (id, email) = ticket.assignee.clone().map(|(id, email)| (id, email.unwrap_or_default())).unwrap_or_default();
    let (state, name) = if ticket.closed { ("7", "Closed") } else { ("2", "In Progress") };
    let shown = if id.is_empty() { String::new() } else { format!("Somebody ({id})") };
    let of = |field: &str| -> Option<(String, String)> {
        let same = |text: &str| (text.to_owned(), text.to_owned());
        Some(match field {
            "number" => same(&ticket.id),
            "short_description" => same(&ticket.title),
            "state" => (state.to_owned(), name.to_owned()),
            "assigned_to" => (
                if id.is_empty() { String::new() } else { "62826bf03710200044e0bfc8bcbe5df1".to_owned() },
                shown.clone(),
            ),
            "assigned_to.email" => same(&email),
            "assigned_to.user_name" => same(&id),
            _ => return None,
        })
    };
    let one = |field: &&str| {
        let (value, shown) = of(field)?;
        let both =
            if display == Some("all") { json!({ "display_value": shown, "value": value }) } else { json!(value) };
        Some(((*field).to_owned(), both))
    };
    fields.iter().filter_map(one).collect::<serde_json::Map<_, _>>().into()
}
