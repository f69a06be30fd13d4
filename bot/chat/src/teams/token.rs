//! The bearer for the connector: had from Microsoft's login by the app's secret or certificate, kept until shortly before it ends.
//!
//! One look-up at a time, for whoever waits; a failed one is believed for a moment, so that nobody queues up behind a login that is down.
//! Neither tokens nor what the login says in full are ever part of an error.
//! Source: Microsoft, "OAuth 2.0 client credentials flow".

use std::fmt;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::api::{self, TIMEOUT};
use super::assertion::Certificate;
use crate::deliver::ChatError;
use crate::wire::{connection, http_date, retry_after};

/// A token is renewed so long before its end, or after half of its life where that is later.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);
/// Not used so shortly before its end: the call may take as long.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a failure is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// The life of a token whose answer does not say.
const LIFE: Duration = Duration::from_secs(600);

/// How the app proves who it is.
#[derive(Debug)]
pub enum Proof {
    /// A client secret.
    Secret(SecretString),
    /// A certificate registered with the app.
    Certificate(Box<Certificate>),
}

/// The app's way to tokens.
pub struct Tokens {
    http: reqwest::Client,
    url: Url,
    app_id: String,
    scope: String,
    proof: Proof,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failed: Option<(Instant, ChatError)>,
}

struct Token {
    value: SecretString,
    renewed_at: Instant,
    ends_at: Instant,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("url", &self.url.as_str()).field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Of the tenant at a login; `None`: that address takes no path.
    pub fn new(
        http: reqwest::Client,
        (login, tenant): (&Url, &str),
        (app_id, scope): (&str, &str),
        proof: Proof,
    ) -> Option<Self> {
        let mut url = login.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
        let (app_id, scope) = (app_id.to_owned(), scope.to_owned());
        Some(Self { http, url, app_id, scope, proof, state: Mutex::default() })
    }

    /// One that is good for a call.
    pub(super) async fn get(&self) -> Result<SecretString, ChatError> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.renewed_at) {
            return Ok(token.value.clone());
        }
        if let Some((_, error)) = state.failed.as_ref().filter(|(at, _)| at.elapsed() < BELIEVED) {
            return state.usable(now).ok_or_else(|| error.clone());
        }
        match self.fetch().await {
            Ok((token, _)) => {
                let value = token.value.clone();
                *state = State { token: Some(token), failed: None };
                Ok(value)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                // It is renewed early, so that a login that is down for a while is not felt.
                state.usable(Instant::now()).ok_or(error)
            }
        }
    }

    /// The connector did not take this one: the next is a new one.
    pub(super) async fn refused(&self, refused: &SecretString) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|token| token.value.expose_secret() == refused.expose_secret()) {
            state.token = None;
        }
    }

    /// Whether one can be had, and the login's clock: for `jit doctor`.
    pub async fn probe(&self) -> Result<Option<DateTime<Utc>>, ChatError> {
        self.fetch().await.map(|(_, date)| date)
    }

    async fn fetch(&self) -> Result<(Token, Option<DateTime<Utc>>), ChatError> {
        let outcome = self.ask().await;
        api::count("token", &outcome);
        outcome
    }

    async fn ask(&self) -> Result<(Token, Option<DateTime<Utc>>), ChatError> {
        let failed = |what: &str, after| ChatError::Retry { what: format!("no token: {what}"), after };
        let form = self.form().map_err(|what| failed(what, None))?;
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = request.body(form).timeout(TIMEOUT).send().await;
        let response = response.map_err(|error| failed(connection(&error), None))?;
        let (status, after) =
            (response.status(), retry_after(response.headers()).map(|after| after.min(api::LONGEST_WAIT)));
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
        let body = api::read(response).await.map_err(|what| failed(what, after))?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let value = match (status, body["access_token"].as_str()) {
            (StatusCode::OK, Some(value)) => SecretString::from(value),
            (StatusCode::OK, None) => return Err(failed("the answer has none", after)),
            (status, _) => return Err(failed(&said(status, &body), after)),
        };
        let life = body["expires_in"].as_u64().or_else(|| body["expires_in"].as_str()?.parse().ok());
        let life = life.map_or(LIFE, Duration::from_secs).saturating_sub(MARGIN);
        let now = Instant::now();
        let renewed_at = now + life.saturating_sub(RENEWED_BEFORE).max(life / 2);
        Ok((Token { value, renewed_at, ends_at: now + life }, date))
    }
}

impl Tokens {
    /// What the login is asked.
    fn form(&self) -> Result<String, &'static str> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", &self.app_id).append_pair("scope", &self.scope);
        match &self.proof {
            Proof::Secret(secret) => form.append_pair("client_secret", secret.expose_secret()),
            Proof::Certificate(certificate) => {
                let assertion = certificate.assertion(&self.app_id, self.url.as_str(), Utc::now())?;
                form.append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .append_pair("client_assertion", &assertion)
            }
        };
        Ok(form.finish())
    }
}

impl State {
    /// One that is to be renewed, and not over yet.
    fn usable(&self, now: Instant) -> Option<SecretString> {
        self.token.as_ref().filter(|token| now < token.ends_at).map(|token| token.value.clone())
    }
}

/// Microsoft's codes, such as `invalid_client, AADSTS7000215`; never its description, which repeats what was sent.
fn said(status: StatusCode, body: &Value) -> String {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
    };
    let code = body["error"].as_str().map(word).filter(|code| !code.is_empty());
    let number = body["error_description"].as_str().map(word).filter(|number| number.starts_with("AADSTS"));
    match (code, number) {
        (Some(code), Some(number)) => format!("{code}, {number}"),
        (Some(code), None) => code,
        (None, _) => format!("HTTP {}", status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_what_the_login_says_only_its_codes_are_repeated() {
        let body = json!({
            "error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret provided: hush. Trace ID: 1",
        });
        assert_eq!(said(StatusCode::UNAUTHORIZED, &body), "invalid_client, AADSTS7000215");
        assert_eq!(said(StatusCode::BAD_GATEWAY, &json!({ "error": "<html>" })), "HTTP 502");
        assert_eq!(said(StatusCode::BAD_REQUEST, &json!({ "error": "x y", "error_description": "hush" })), "x");
    }
}
