//! slack-morphism's way to the network: our own, since its connector has no time-outs and loses `Retry-After` when a 429 has no JSON body.
//! Called by the library for [`super::api`]. Errors never hold a body or an address.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slack_morphism::errors::{
    SlackClientApiError, SlackClientError, SlackClientHttpError, SlackClientSystemError, SlackRateLimitError,
};
use slack_morphism::multipart_form::FileMultipartData;
use slack_morphism::{
    ClientResult, SlackClientApiCallContext, SlackClientHttpConnector, SlackClientId, SlackClientSecret,
};
use url::Url;

use crate::wire::{connection, retry_after};

/// How long one call may take in all.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The connector: a client and a base address without a slash at its end.
#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) http: reqwest::Client,
    pub(super) base: String,
}

impl Connector {
    async fn call<RS: DeserializeOwned>(&self, request: RequestBuilder, token: Option<String>) -> ClientResult<RS> {
        let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
        let response = request.timeout(TIMEOUT).send().await.map_err(|error| broken(&error))?;
        let body = read(response).await?;
        serde_json::from_value(body).map_err(|_| system("the answer is not Slack's"))
    }
}

/// Slack answers 200 with `ok`; everything else is somebody on the way, and may pass.
async fn read(response: Response) -> ClientResult<Value> {
    let (status, wait) = (response.status(), retry_after(response.headers()));
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(limited(wait));
    }
    let bytes = response.bytes().await.map_err(|error| broken(&error))?;
    if status != StatusCode::OK {
        return Err(SlackClientError::HttpError(SlackClientHttpError::new(status)));
    }
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| system("the answer is not JSON"))?;
    match body.get("ok").and_then(Value::as_bool) {
        Some(true) => Ok(body),
        Some(false) if matches!(body["error"].as_str(), Some("ratelimited" | "rate_limited")) => Err(limited(wait)),
        Some(false) => {
            let code = body["error"].as_str().unwrap_or("unknown_error").chars().take(100).collect();
            Err(SlackClientError::ApiError(SlackClientApiError::new(code)))
        }
        None => Err(system("the answer is not Slack's")),
    }
}

fn limited(wait: Option<Duration>) -> SlackClientError {
    SlackClientError::RateLimitError(SlackRateLimitError::new().opt_retry_after(wait))
}

fn system(what: &str) -> SlackClientError {
    SlackClientError::SystemError(SlackClientSystemError::new().with_message(what.to_owned()))
}

/// Whether the request may have arrived is not known.
fn broken(error: &reqwest::Error) -> SlackClientError {
    system(connection(error))
}

fn token(context: &SlackClientApiCallContext<'_>) -> Option<String> {
    context.token.map(|token| token.token_value.0.clone())
}

/// The library can do more than this product asks of it.
fn not_used<'a, RS: Send + 'a>(what: &'static str) -> BoxFuture<'a, ClientResult<RS>> {
    async move { Err(system(what)) }.boxed()
}

impl SlackClientHttpConnector for Connector {
    fn http_get_uri<'a, RS>(
        &'a self,
        full_uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        self.call(self.http.get(full_uri), token(&context)).boxed()
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        full_uri: Url,
        request_body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: Serialize + Send + Sync,
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        let request = self.http.post(full_uri).header(CONTENT_TYPE, "application/json; charset=utf-8");
        match serde_json::to_vec(request_body) {
            Ok(body) => self.call(request.body(body), token(&context)).boxed(),
            Err(_) => not_used("the request cannot be written as JSON"),
        }
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _: Url,
        _: &'a SlackClientId,
        _: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        not_used("jit is not installed through OAuth")
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _: Url,
        _: Option<FileMultipartData<'p>>,
        _: &'p PT,
        _: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        not_used("jit sends no files")
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _: Url,
        _: String,
        _: &'a [u8],
        _: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::de::Deserialize<'de> + Send + 'a,
    {
        not_used("jit sends no files")
    }

    fn create_method_uri_path(&self, method_relative_uri: &str) -> ClientResult<Url> {
        format!("{}/{method_relative_uri}", self.base).parse().map_err(|_| system("the address is not a URL"))
    }
}
