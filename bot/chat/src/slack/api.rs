//! Slack's Web API over HTTP: one call, one answer, every failure classified. Called by [`super::deliver`] and by `jit doctor`.
//!
//! Calls go through slack-morphism's client with our own JSON, since its types cannot hold all that we send. Its errors can hold whole
//! bodies, so they are never printed, only classified; its network is ours ([`super::connector`]). Two calls are plain HTTP: `auth.test`,
//! whose answer is partly in the headers, and response addresses, which take no token. Nothing here retries: the outbox does.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient};

use super::connector::{Connector, TIMEOUT};
use super::render::Message;
use crate::deliver::ChatError;
use crate::wire::{connection, http_date, retry_after};

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Waited when Slack says that there were too many calls, but not for how long.
const RATE_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What a token may do, and for whom: the answer of `auth.test`, with what `jit doctor` reads of its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub team: String,
    /// The organisation, for org-wide installs.
    pub enterprise: Option<String>,
    /// The bot's user id.
    pub user: String,
    /// Scopes of the token; empty where Slack does not say.
    pub scopes: Vec<String>,
    /// Slack's clock.
    pub date: Option<DateTime<Utc>>,
}

/// A token's way to Slack.
#[derive(Clone)]
pub struct Api {
    client: Arc<SlackClient<Connector>>,
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    token: SecretString,
}

struct Answer {
    headers: HeaderMap,
    body: Value,
}

impl Api {
    /// Speaks to `https://slack.com/api`, or whatever stands in for it.
    pub fn new(http: reqwest::Client, base: &str, token: SecretString) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        let connector = Connector { http: http.clone(), base: base.clone() };
        Self { client: Arc::new(SlackClient::new(connector)), http, base, token }
    }

    /// Whose token it is.
    pub async fn auth_test(&self) -> Result<Identity, ChatError> {
        let Answer { headers, body } = self.plain("auth.test").await?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scopes = header("x-oauth-scopes").unwrap_or_default();
        Ok(Identity {
            team: required(&body, "/team_id")?,
            enterprise: body.pointer("/enterprise_id").and_then(Value::as_str).map(str::to_owned),
            user: required(&body, "/user_id")?,
            scopes: scopes.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect(),
            date: headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date),
        })
    }

    /// Posts; returns the conversation's id and the message's.
    pub async fn post_message(
        &self,
        channel: &str,
        message: &Message,
        thread: Option<&str>,
        metadata: &Value,
    ) -> Result<(String, String), ChatError> {
        let mut body = json!({
            "channel": channel, "text": message.text, "blocks": message.blocks, "metadata": metadata,
            "unfurl_links": false, "unfurl_media": false,
        });
        if let Some(thread) = thread {
            body["thread_ts"] = json!(thread);
        }
        let answer = self.post("chat.postMessage", &body).await?;
        Ok((required(&answer, "/channel")?, required(&answer, "/ts")?))
    }

    /// Edits.
    pub async fn update(&self, channel: &str, ts: &str, message: &Message, metadata: &Value) -> Result<(), ChatError> {
        let body = json!({
            "channel": channel, "ts": ts, "text": message.text, "blocks": message.blocks, "metadata": metadata,
        });
        self.post("chat.update", &body).await.map(drop)
    }

    /// Shows a message to one person alone; it is gone when they reload.
    pub async fn post_ephemeral(&self, channel: &str, user: &str, message: &Message) -> Result<(), ChatError> {
        let body = json!({ "channel": channel, "user": user, "text": message.text, "blocks": message.blocks });
        self.post("chat.postEphemeral", &body).await.map(drop)
    }

    /// Answers through a `response_url`: to this person alone, beside what is there. Slack takes five answers within half an hour.
    pub async fn respond(&self, response_url: &str, message: &Message) -> Result<(), ChatError> {
        let body = json!({
            "response_type": "ephemeral", "replace_original": false, "text": message.text, "blocks": message.blocks,
        });
        let request = self.http.post(response_url).header(CONTENT_TYPE, "application/json").body(body.to_string());
        let outcome = match request.timeout(TIMEOUT).send().await {
            Ok(response) => plain_answer(response).await,
            Err(error) => Err(unreachable(&error)),
        };
        count("response_url", &outcome);
        outcome
    }

    /// The address of a socket; for app-level tokens alone, see [`super::socket`].
    pub(super) async fn connections_open(&self) -> Result<String, ChatError> {
        required(&self.plain("apps.connections.open").await?.body, "/url")
    }

    /// The direct message with a person.
    pub async fn open_conversation(&self, user: &str) -> Result<String, ChatError> {
        required(&self.post("conversations.open", &json!({ "users": user })).await?, "/channel/id")
    }

    /// One page of the channels that the bot can see; continue with the cursor.
    pub async fn list_channels(&self, cursor: Option<&str>) -> Result<(Vec<Value>, Option<String>), ChatError> {
        let arguments = [
            ("types", "public_channel,private_channel"),
            ("exclude_archived", "true"),
            ("limit", "999"),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let body = self.read("conversations.list", &arguments).await?;
        Ok((list(&body, "channels"), next_cursor(&body)))
    }

    /// A channel; `is_member` says whether the bot is in it.
    pub async fn channel_info(&self, channel: &str) -> Result<Value, ChatError> {
        Ok(self.read("conversations.info", &[("channel", channel)]).await?["channel"].take())
    }

    /// One page of a conversation's messages, or of a thread's, with their metadata; since a time in seconds.
    pub async fn messages(
        &self,
        channel: &str,
        thread: Option<&str>,
        oldest: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<Value>, Option<String>), ChatError> {
        let mut arguments = vec![
            ("channel", channel),
            ("include_all_metadata", "true"),
            ("limit", "200"),
            ("oldest", oldest),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let method = match thread {
            Some(thread) => {
                arguments.push(("ts", thread));
                "conversations.replies"
            }
            None => "conversations.history",
        };
        let body = self.read(method, &arguments).await?;
        Ok((list(&body, "messages"), next_cursor(&body)))
    }

    /// A person, as Slack knows them.
    pub async fn user_info(&self, user: &str) -> Result<Value, ChatError> {
        Ok(self.read("users.info", &[("user", user)]).await?["user"].take())
    }

    /// Opens a dialog; returns its view's id. Trigger ids live three seconds.
    pub async fn open_view(&self, trigger_id: &str, view: &Value) -> Result<String, ChatError> {
        required(&self.post("views.open", &json!({ "trigger_id": trigger_id, "view": view })).await?, "/view/id")
    }

    /// Replaces a dialog, unless it has changed since the hash was made (`hash_conflict`).
    pub async fn update_view(&self, view_id: &str, hash: &str, view: &Value) -> Result<(), ChatError> {
        let mut body = json!({ "view_id": view_id, "view": view });
        if !hash.is_empty() {
            body["hash"] = json!(hash);
        }
        self.post("views.update", &body).await.map(drop)
    }

    /// Shows a person's home tab.
    pub async fn publish_view(&self, user: &str, view: &Value) -> Result<(), ChatError> {
        self.post("views.publish", &json!({ "user_id": user, "view": view })).await.map(drop)
    }

    async fn post(&self, method: &str, body: &Value) -> Result<Value, ChatError> {
        let token = self.api_token();
        let session = self.client.open_session(&token);
        self.counted(method, session.http_session_api.http_post(method, body, None)).await
    }

    /// Methods that read do not take JSON.
    async fn read(&self, method: &str, arguments: &[(&str, &str)]) -> Result<Value, ChatError> {
        let token = self.api_token();
        let session = self.client.open_session(&token);
        let given: Vec<(&str, Option<&str>)> =
            arguments.iter().map(|(name, value)| (*name, (!value.is_empty()).then_some(*value))).collect();
        self.counted(method, session.http_session_api.http_get(method, &given, None)).await
    }

    fn api_token(&self) -> SlackApiToken {
        SlackApiToken::new(SlackApiTokenValue(self.token.expose_secret().to_owned()))
    }

    async fn counted(
        &self,
        method: &str,
        call: impl Future<Output = Result<Value, SlackClientError>>,
    ) -> Result<Value, ChatError> {
        let outcome = call.await.map_err(classified);
        count(method, &outcome);
        outcome
    }

    /// The same without the library, for its headers.
    async fn plain(&self, method: &str) -> Result<Answer, ChatError> {
        let request = self
            .http
            .post(format!("{}/{method}", self.base))
            .header(AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()));
        let outcome = match request.timeout(TIMEOUT).send().await {
            Ok(response) => answer(response).await,
            Err(error) => Err(unreachable(&error)),
        };
        count(method, &outcome);
        outcome
    }
}

/// The library's errors by what they mean for the one who waits; never their text, which can hold what was sent.
fn classified(error: SlackClientError) -> ChatError {
    match error {
        SlackClientError::ApiError(error) => refused(&error.code, None),
        SlackClientError::RateLimitError(error) => {
            ChatError::RateLimited { after: error.retry_after.unwrap_or(RATE_LIMIT).min(LONGEST_WAIT) }
        }
        SlackClientError::HttpError(error) => {
            ChatError::Retry { what: format!("HTTP {}", error.status_code.as_u16()), after: None }
        }
        SlackClientError::SystemError(error) => {
            let what = error.message.unwrap_or_else(|| "the connection broke".to_owned());
            match what.starts_with("the answer") {
                true => ChatError::Retry { what, after: None },
                false => ChatError::Unreachable { what },
            }
        }
        SlackClientError::ProtocolError(_)
        | SlackClientError::HttpProtocolError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SocketModeProtocolError(_) => {
            ChatError::Unreachable { what: "the connection broke".to_owned() }
        }
    }
}

/// Slack answers 200 with `ok`; everything else is somebody on the way, and may pass.
async fn answer(response: Response) -> Result<Answer, ChatError> {
    let headers = response.headers().clone();
    let status = response.status();
    let after = retry_after(&headers).map(|after| after.min(LONGEST_WAIT));
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(ChatError::RateLimited { after: after.unwrap_or(RATE_LIMIT) });
    }
    let bytes = response.bytes().await.map_err(|error| unreachable(&error))?;
    if status != StatusCode::OK {
        return Err(ChatError::Retry { what: format!("HTTP {}", status.as_u16()), after });
    }
    let not_json = || ChatError::Retry { what: "the answer is not JSON".to_owned(), after };
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| not_json())?;
    match body.get("ok").and_then(Value::as_bool) {
        Some(true) => Ok(Answer { headers, body }),
        Some(false) => Err(refused(body["error"].as_str().unwrap_or("unknown_error"), after)),
        None => Err(not_json()),
    }
}

/// A `response_url` answers with a word, or with nothing.
async fn plain_answer(response: Response) -> Result<(), ChatError> {
    let after = retry_after(response.headers()).map(|after| after.min(LONGEST_WAIT));
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => Err(ChatError::RateLimited { after: after.unwrap_or(RATE_LIMIT) }),
        status if status.is_server_error() => {
            Err(ChatError::Retry { what: format!("HTTP {}", status.as_u16()), after })
        }
        status => Err(ChatError::Permanent { code: format!("http_{}", status.as_u16()) }),
    }
}

/// What Slack's error codes mean for the one who waits. Trouble with the token is somebody's to mend, and no reason to lose a notice.
fn refused(code: &str, after: Option<Duration>) -> ChatError {
    let code: String = code.chars().take(100).collect();
    match code.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            ChatError::RateLimited { after: after.unwrap_or(RATE_LIMIT) }
        }
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "org_login_required"
        | "ekm_access_denied"
        | "access_denied"
        | "accesslimited"
        | "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "no_permission" => ChatError::Retry { what: code, after },
        _ => ChatError::Permanent { code },
    }
}

/// Whether the request may have arrived is not known; the address is not repeated, since it may be a secret one.
fn unreachable(error: &reqwest::Error) -> ChatError {
    ChatError::Unreachable { what: connection(error).to_owned() }
}

fn required(body: &Value, pointer: &str) -> Result<String, ChatError> {
    let text = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| ChatError::Retry { what: format!("the answer lacks {pointer}"), after: None })
}

fn list(body: &Value, key: &str) -> Vec<Value> {
    body[key].as_array().cloned().unwrap_or_default()
}

fn next_cursor(body: &Value) -> Option<String> {
    let cursor = body.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
    cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned)
}

fn count<T>(method: &str, outcome: &Result<T, ChatError>) {
    let outcome = outcome.as_ref().map_or_else(|error| error.kind(), |_| "ok");
    metrics::counter!("jit_chat_calls_total", "platform" => "slack", "method" => method.to_owned(), "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_lost_causes_only_when_they_are() {
        assert!(matches!(refused("ratelimited", None), ChatError::RateLimited { after: RATE_LIMIT }));
        assert!(matches!(refused("invalid_auth", None), ChatError::Retry { .. }));
        assert!(matches!(refused("msg_too_long", None), ChatError::Permanent { .. }));
        assert!(matches!(refused("whatever_comes_next", None), ChatError::Permanent { .. }));
    }
}
