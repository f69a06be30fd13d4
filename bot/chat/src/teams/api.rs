//! The Bot Framework's connector over HTTP: one call, one answer, every failure classified. Called by [`super::deliver`], by Teams' door for
//! answers, and by `jit doctor`. Nothing here retries, but for a token that was refused, once: the outbox does.
//!
//! Source: Microsoft, "API reference for the Bot Framework Connector service".

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::reference::ServiceUrl;
use super::token::Tokens;
use crate::deliver::ChatError;
use crate::wire::{connection, retry_after};

/// How long one call may take in all.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Waited when Teams says that there were too many calls, but not for how long.
const RATE_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait that is believed.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Longest activity. Source: Microsoft, "Limits and specifications for Teams": a message is at most about 100 KB.
const LONGEST_BYTES: usize = 100 * 1024;
/// Longest answer that is read.
const LONGEST_ANSWER: usize = 256 * 1024;

/// An app's way to the connector, whichever service carries the conversation.
#[derive(Debug)]
pub struct Api {
    http: reqwest::Client,
    tokens: Tokens,
    app_id: String,
    tenant: String,
}

impl Api {
    /// The client must follow no redirects: a bearer goes where the activity said, and nowhere else.
    pub fn new(http: reqwest::Client, tokens: Tokens, app_id: &str, tenant: &str) -> Self {
        Self { http, tokens, app_id: app_id.to_owned(), tenant: tenant.to_owned() }
    }

    /// The tokens, for `jit doctor`.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The app's id among the people of a conversation.
    pub fn bot(&self) -> String {
        format!("28:{}", self.app_id)
    }

    /// Our tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The personal conversation with somebody, by their Entra object id; the same one each time. Where they have not installed the app:
    /// [`ChatError::NotInstalled`].
    pub async fn create_personal(&self, service: &ServiceUrl, person: &str) -> Result<String, ChatError> {
        let body = json!({
            "bot": { "id": self.bot() },
            "isGroup": false,
            "members": [{ "id": person }],
            "tenantId": self.tenant,
            "channelData": { "tenant": { "id": self.tenant } },
        });
        let url = service.call(&["v3", "conversations"]);
        let id = id(self.call("create-conversation", Method::POST, url, Some(&body)).await?);
        id.ok_or_else(|| ChatError::Retry { what: "the answer names no conversation".to_owned(), after: None })
    }

    /// Posts an activity; the id of its message, empty where Teams did not tell it: posted it is all the same. A conversation may name a thread,
    /// `19:…;messageid=…`.
    pub async fn send(&self, service: &ServiceUrl, conversation: &str, activity: &Value) -> Result<String, ChatError> {
        let url = service.call(&["v3", "conversations", conversation, "activities"]);
        Ok(id(self.call("send", Method::POST, url, Some(activity)).await?).unwrap_or_default())
    }

    /// Puts an activity in the place of an earlier one.
    pub async fn update(
        &self,
        service: &ServiceUrl,
        (conversation, message): (&str, &str),
        activity: &Value,
    ) -> Result<(), ChatError> {
        let url = service.call(&["v3", "conversations", conversation, "activities", message]);
        self.call("update", Method::PUT, url, Some(activity)).await.map(drop)
    }

    /// Whether the app is in a conversation: looks at one of its people.
    pub async fn look(&self, service: &ServiceUrl, conversation: &str) -> Result<(), ChatError> {
        let mut url = service.call(&["v3", "conversations", conversation, "pagedmembers"]);
        url.set_query(Some("pageSize=50"));
        self.call("members", Method::GET, url, None).await.map(drop)
    }

    async fn call(&self, name: &str, method: Method, url: Url, body: Option<&Value>) -> Result<Value, ChatError> {
        let outcome = self.with_token(method, &url, body.map(Value::to_string)).await;
        count(name, &outcome);
        outcome
    }

    async fn with_token(&self, method: Method, url: &Url, body: Option<String>) -> Result<Value, ChatError> {
        if body.as_ref().is_some_and(|body| body.len() > LONGEST_BYTES) {
            return Err(ChatError::Permanent { code: "message_too_large".to_owned() });
        }
        let token = self.tokens.get().await?;
        match self.once(method.clone(), url, body.clone(), &token).await {
            Err(Failed::Token) => {
                self.tokens.refused(&token).await;
                let token = self.tokens.get().await?;
                self.once(method, url, body, &token).await.map_err(Failed::settled)
            }
            outcome => outcome.map_err(Failed::settled),
        }
    }

    async fn once(
        &self,
        method: Method,
        url: &Url,
        body: Option<String>,
        token: &SecretString,
    ) -> Result<Value, Failed> {
        let bearer = format!("Bearer {}", token.expose_secret());
        let mut request = self.http.request(method, url.clone()).header(AUTHORIZATION, bearer).timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body);
        }
        match request.send().await {
            Ok(response) => answer(response).await,
            // Nothing was sent where nothing was connected to.
            Err(error) if error.is_connect() => Err(retry(connection(&error).to_owned(), None)),
            Err(error) => Err(ChatError::Unreachable { what: connection(&error).to_owned() }.into()),
        }
    }
}

/// Why a call did not work.
enum Failed {
    /// The token was not taken.
    Token,
    Chat(ChatError),
}

impl Failed {
    /// A new token is not taken either: that is somebody's to mend, and no reason to lose a notice.
    fn settled(self) -> ChatError {
        match self {
            Self::Token => ChatError::Retry { what: "the token is not taken (HTTP 401)".to_owned(), after: None },
            Self::Chat(error) => error,
        }
    }
}

impl From<ChatError> for Failed {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

fn retry(what: String, after: Option<Duration>) -> Failed {
    ChatError::Retry { what, after }.into()
}

/// Source: Microsoft, "Optimize your bot with rate limiting in Teams": 429, 412, 502 and 504 are tried again. Other answers of ours are for good.
async fn answer(response: Response) -> Result<Value, Failed> {
    let status = response.status();
    let after = retry_after(response.headers()).map(|after| after.min(LONGEST_WAIT));
    let body = match read(response).await {
        Ok(body) => serde_json::from_slice(&body).unwrap_or(Value::Null),
        // It was done, as far as can be told, and under which name it is known cannot be told.
        Err(what) if status.is_success() => return Err(ChatError::Unreachable { what: what.to_owned() }.into()),
        Err(_) => Value::Null,
    };
    if status.is_success() {
        return Ok(body);
    }
    let code = code(status, &body);
    Err(match status {
        StatusCode::UNAUTHORIZED => Failed::Token,
        StatusCode::TOO_MANY_REQUESTS => ChatError::RateLimited { after: after.unwrap_or(RATE_LIMIT) }.into(),
        StatusCode::PRECONDITION_FAILED | StatusCode::REQUEST_TIMEOUT => retry(code, after),
        status if status.is_server_error() => retry(code, after),
        StatusCode::FORBIDDEN => ChatError::NotInstalled { code }.into(),
        _ => ChatError::Permanent { code }.into(),
    })
}

/// `{ "error": { "code": "BotNotInConversationRoster", … } }`: the code alone, since the rest can repeat what was sent.
fn code(status: StatusCode, body: &Value) -> String {
    let code = body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default();
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(100).collect();
    if code.is_empty() { format!("HTTP {}", status.as_u16()) } else { code }
}

fn id(body: Value) -> Option<String> {
    body["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// An answer's body, as far as it is believed.
pub(super) async fn read(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| connection(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err("the answer is too long");
        }
    }
    Ok(body)
}

pub(super) fn count<T>(method: &str, outcome: &Result<T, ChatError>) {
    let outcome = outcome.as_ref().map_or_else(|error| error.kind(), |_| "ok");
    metrics::counter!("jit_chat_calls_total", "platform" => "teams", "method" => method.to_owned(), "outcome" => outcome)
        .increment(1);
}
