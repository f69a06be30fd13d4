//! The browser protocol: what the page asks and does, as JSON, and the stream of what happens.
//! Everything a person does goes through the acts; this only translates.

mod acts;
pub(crate) mod assets;
pub(crate) mod guard;
mod look;
mod pager;
mod stream;

use axum::{
    Json, Router,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{failure::Failure, playground::Playground};

pub(crate) fn routes() -> Router<Playground> {
    Router::new()
        .route("/bootstrap", get(look::bootstrap))
        .route("/conversations", get(look::conversations))
        .route("/history", get(look::history))
        .route("/complete", get(look::complete))
        .route("/stream", get(stream::stream))
        .route("/message", post(acts::message))
        .route("/action", post(acts::action))
        .route("/view", post(acts::view))
        .route("/options", post(acts::options))
        .route("/read", post(acts::read))
        .route("/home_opened", post(acts::home_opened))
        .route("/pager", post(pager::drive))
}

/// A refusal of the browser protocol: `{error}` with a 4xx.
#[derive(Debug)]
pub(crate) struct BadRequest {
    status: StatusCode,
    error: String,
}

impl BadRequest {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

/// What the person cannot do is their mistake; everything else the bot's, which callers show.
impl From<Failure> for BadRequest {
    fn from(failure: Failure) -> Self {
        let status = match failure {
            Failure::NotPossible(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::FAILED_DEPENDENCY,
        };
        Self::new(status, failure.to_string())
    }
}

/// A JSON body whose errors are `{error}` too.
pub(crate) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = BadRequest;

    async fn from_request(request: Request, state: &S) -> Result<Self, BadRequest> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let status = match &rejection {
                    JsonRejection::MissingJsonContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    other => other.status(),
                };
                Err(BadRequest::new(status, rejection.body_text()))
            }
        }
    }
}

/// A query string whose errors are `{error}` too.
pub(crate) struct Ask<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Ask<T> {
    type Rejection = BadRequest;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BadRequest> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(ask)| Self(ask)).map_err(|r| BadRequest::new(StatusCode::BAD_REQUEST, r.body_text()))
    }
}
