//! The keys that the Bot Framework's connector signs with: fetched where the metadata says, kept for a day. Called by [`super::verify`].
//!
//! A key that is known is found without any I/O. One that is not known has them fetched again, hourly at the most; whoever needs them
//! meanwhile waits for the same fetch. One that fails changes nothing: it makes no key known, and takes none away before its time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

/// How long keys are believed after they were fetched. Source: Bot Framework, "Authentication with the Bot Connector API": a day at the most.
pub const LIFE: TimeDelta = TimeDelta::hours(24);
/// Keys of this age are fetched again beside the request, so that a day on which they cannot be had has to be a long one to be felt.
const STALE: TimeDelta = TimeDelta::hours(12);
/// A key that is not among them has them fetched again, but not more often: anybody can name one.
pub const REFETCH: TimeDelta = TimeDelta::hours(1);
/// When that failed, or there are none, not so soon either.
pub const RETRY: TimeDelta = TimeDelta::seconds(30);
/// Each of the two requests.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Longest document that is read; the real ones have some 50 KB.
const MAX_BYTES: usize = 1024 * 1024;

/// A key of the connector's.
#[derive(Debug)]
pub struct Key {
    pub(super) decoding: DecodingKey,
    /// The channels, such as `msteams`, that it may sign for.
    pub(super) endorsements: Vec<String>,
}

/// The keys, shared by everybody who asks. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Keys {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: Client,
    metadata_url: Url,
    held: RwLock<Held>,
    /// Whoever has it fetches.
    fetching: Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    keys: Arc<HashMap<String, Arc<Key>>>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
}

/// Why keys could not be had. Says where, never what came back.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer, or an answer that says no.
    #[error("{url} cannot be read: {why}")]
    Unread {
        /// Which document.
        url: String,
        /// In short.
        why: String,
    },
    /// It lists no key that could sign anything.
    #[error("{url} lists no RSA key")]
    NoKeys {
        /// Which document.
        url: String,
    },
    /// The metadata name a place that is not protected, though they are themselves.
    #[error("the metadata name {url}, which is not https")]
    Unprotected {
        /// Which.
        url: String,
    },
}

#[derive(Deserialize)]
struct Metadata {
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    endorsements: Vec<String>,
}

impl Held {
    fn key(&self, kid: &str, now: DateTime<Utc>) -> Option<Arc<Key>> {
        self.valid(now).then(|| self.keys.get(kid).cloned())?
    }

    fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.fetched_at.map(|at| now - at)
    }

    fn valid(&self, now: DateTime<Utc>) -> bool {
        self.age(now).is_some_and(|age| age < LIFE)
    }

    /// Whether they may be fetched (again) now.
    fn due(&self, now: DateTime<Utc>) -> bool {
        let rested = self.tried_at.is_none_or(|at| now - at >= RETRY);
        let old = !self.valid(now) || self.age(now).is_none_or(|age| age >= REFETCH);
        rested && old
    }
}

impl Keys {
    /// Keys by the address of the OpenID metadata. Nothing is fetched yet.
    pub fn new(metadata_url: Url) -> Result<Self, reqwest::Error> {
        // What is configured is where they are: a redirect would be somewhere else.
        let http = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build()?;
        let (held, fetching) = (RwLock::default(), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { http, metadata_url, held, fetching }) })
    }

    /// The key of an id.
    pub async fn find(&self, kid: &str, now: DateTime<Utc>) -> Option<Arc<Key>> {
        let held = self.held();
        if let Some(key) = held.key(kid, now) {
            if held.age(now).is_some_and(|age| age >= STALE) && held.due(now) {
                drop(tokio::spawn(self.clone().refresh(now)));
            }
            return Some(key);
        }
        if !held.due(now) && self.inner.fetching.try_lock().is_ok() {
            // Nobody is fetching; somebody may have ended just now.
            return self.held().key(kid, now);
        }
        // A task of its own, so that somebody who hangs up ends nobody else's wait.
        let _ = tokio::spawn(self.clone().refresh(now)).await;
        self.held().key(kid, now)
    }

    /// Fetches them if that is due; one at a time.
    async fn refresh(self, now: DateTime<Utc>) {
        let _alone = self.inner.fetching.lock().await;
        if !self.held().due(now) {
            return;
        }
        self.change(|held| held.tried_at = Some(now));
        match self.fetch().await {
            Ok(keys) => self.change(|held| {
                held.keys = Arc::new(keys);
                held.fetched_at = Some(now);
            }),
            Err(error) => {
                tracing::error!(%error, "the keys of Teams' connector cannot be had; trying again when asked")
            }
        }
    }

    /// What the connector publishes now. For the doctor too.
    pub async fn fetch(&self) -> Result<HashMap<String, Arc<Key>>, FetchError> {
        let at = &self.inner.metadata_url;
        let Metadata { jwks_uri } = self.get(at).await?;
        if at.scheme() == "https" && jwks_uri.scheme() != "https" {
            return Err(FetchError::Unprotected { url: jwks_uri.to_string() });
        }
        let set: KeySet = self.get(&jwks_uri).await?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(read).collect();
        if keys.is_empty() {
            return Err(FetchError::NoKeys { url: jwks_uri.to_string() });
        }
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, FetchError> {
        let unread = |why: String| FetchError::Unread { url: url.to_string(), why };
        let failed = |error: reqwest::Error| unread(error.without_url().to_string());
        let mut response = self.inner.http.get(url.clone()).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(unread(format!("it answers {}", response.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(unread("it is too long".to_owned()));
            }
        }
        serde_json::from_slice(&body).map_err(|_| unread("it is not what it should be".to_owned()))
    }

    fn held(&self) -> Held {
        self.inner.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.inner.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A key for signing; others and those of other kinds are left out.
fn read(jwk: serde_json::Value) -> Option<(String, Arc<Key>)> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    if jwk.kty != "RSA" || jwk.usage.is_some_and(|usage| usage != "sig") {
        return None;
    }
    let decoding = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok()?;
    Some((jwk.kid, Arc::new(Key { decoding, endorsements: jwk.endorsements })))
}
