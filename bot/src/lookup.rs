//! One bounded question to a provider over HTTP: of on-call rotations, of tickets. Called by the providers; knows none of them, follows no
//! redirect, shows no secret.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

/// Why something could not be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct LookupError {
    /// In a word, for the metric.
    pub outcome: &'static str,
    /// A clause that follows on the source's name.
    pub what: String,
    /// How long the source asks to wait.
    pub wait: Option<Duration>,
}

impl LookupError {
    pub(crate) fn new(outcome: &'static str, what: String) -> Self {
        Self { outcome, what, wait: None }
    }
}

/// How long one look may take, all pages included.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// The longest answer that is read: a page of 100 entries is far below 200 KiB.
const MAX_BYTES: usize = 1024 * 1024;

/// The longest wait that a provider may ask for.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// Entries of a page. Sources: PagerDuty, "Pagination"; Opsgenie, "Incident API", List Incidents: at most 100.
const PAGE: usize = 100;

/// A schedule has a handful of people on call, and a service a handful of open incidents: what has more pages is a mistake, or a loop.
const MAX_PAGES: usize = 20;

/// The client of all providers: a redirect could carry the key elsewhere.
pub(crate) fn client() -> reqwest::Result<Client> {
    Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(DEADLINE).build()
}

/// One look, given up after a while.
pub(crate) async fn within<T>(
    deadline: Duration,
    looking: impl Future<Output = Result<T, LookupError>>,
) -> Result<T, LookupError> {
    tokio::time::timeout(deadline, looking).await.unwrap_or_else(|_| {
        Err(LookupError::new("unreachable", format!("does not answer within {} s", deadline.as_secs())))
    })
}

/// An address below a base, each part escaped.
pub(crate) fn below(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(parts);
    }
    url
}

/// A header that is never shown.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, LookupError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| LookupError::new("refused", "has a token with characters that no token has".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A page of an answer.
pub(crate) trait Page: DeserializeOwned {
    /// What is on it.
    type Entry;

    /// Its entries, and whether the provider says that more follow.
    fn split(self) -> (Vec<Self::Entry>, bool);
}

/// Every entry of all pages. Both providers count pages by `limit` and `offset`, which are added to the address.
pub(crate) async fn pages<P: Page>(
    address: &Url,
    request: impl Fn(Url) -> Result<RequestBuilder, LookupError>,
) -> Result<Vec<P::Entry>, LookupError> {
    let mut all = Vec::new();
    for _ in 0..MAX_PAGES {
        let mut url = address.clone();
        url.query_pairs_mut().append_pair("limit", &PAGE.to_string()).append_pair("offset", &all.len().to_string());
        let (entries, more) = ask::<P>(request(url)?).await?.split();
        let empty = entries.is_empty();
        all.extend(entries);
        if !more {
            return Ok(all);
        }
        if empty {
            break;
        }
    }
    Err(LookupError::new("nonsense", "answers with pages that do not end".to_owned()))
}

/// Sends, and reads the JSON of an answer that says it is fine.
pub(crate) async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, LookupError> {
    let none = || LookupError::new("refused", "answers 404: there is no such thing".to_owned());
    ask_for(request).await?.ok_or_else(none)
}

/// The same of something that may not exist: nothing when the answer says so.
pub(crate) async fn ask_for<T: DeserializeOwned>(request: RequestBuilder) -> Result<Option<T>, LookupError> {
    let unreachable = |error: reqwest::Error| {
        let what = if error.is_timeout() {
            format!("does not answer within {} s", DEADLINE.as_secs())
        } else {
            format!("cannot be reached: {:#}", anyhow::Error::from(error.without_url()))
        };
        LookupError::new("unreachable", what)
    };
    let mut response = request.send().await.map_err(unreachable)?;
    if response.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    judge(response.status(), response.headers())?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(LookupError::new("nonsense", format!("answers with more than {MAX_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map(Some).map_err(|error| {
        // The position only: serde's words may repeat what was answered.
        let what = format!("answers with something else than was asked for ({}:{})", error.line(), error.column());
        LookupError::new("nonsense", what)
    })
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), LookupError> {
    let says = |outcome, what: &str| Err(LookupError::new(outcome, format!("answers {}: {what}", status.as_u16())));
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => {
            let error = LookupError::new("rate-limited", "answers 429: it is asked too often".to_owned());
            Err(LookupError { wait: wait(headers), ..error })
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            says("refused", "the token is not valid, or may not read it")
        }
        _ => says("failed", "it does not work now"),
    }
}

/// How long the provider asks to wait. Sources: RFC 9110, `Retry-After` in seconds; PagerDuty, "REST API rate limits", `ratelimit-reset`.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds =
        |value: &reqwest::header::HeaderValue| value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    let named = headers.get(RETRY_AFTER).or_else(|| headers.get("ratelimit-reset"));
    named.and_then(seconds).map(|wait| wait.min(MAX_WAIT))
}
