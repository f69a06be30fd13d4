//! Slack's Web API: one table of methods, one way in. A call passes, in Slack's order: known method,
//! token, scope, known arguments, then the method itself under the world's lock.

mod answer;
mod args;
mod chat;
mod content;
mod conversations;
mod history;
mod page;
mod table;
mod users;
mod views;

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::{
    faults::Fault,
    playground::Playground,
    world::{ApiCall, World},
};

pub(crate) use answer::{Refused, broken, rate_limited, refuse};
pub(crate) use args::Args;
pub(crate) use chat::{bot_message, edit};
pub(crate) use content::{Content, read_content};
pub use table::method_names;
use table::{Spec, find};
pub(crate) use users::team_domain;
pub(crate) use views::check as check_view_content;

/// What a method gets: the world, and the arguments.
pub(crate) struct Call<'a> {
    pub world: &'a mut World,
    pub args: &'a Args,
    /// Scheme, host and port the playground is reached at.
    pub base: String,
}

/// What a method gives back; `ok` is added.
pub(crate) type Outcome = Result<Value, Refused>;

/// `/playground/api/{method}`.
pub(crate) async fn call(
    State(playground): State<Playground>,
    Path(name): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    playground.learn_base_url(&headers);
    let fault = playground.change(|world| world.faults.strike(&name));
    match fault {
        Some(Fault::RateLimited { retry_after, body }) => {
            record(&playground, &name, Value::Null, 429, Some("ratelimited"));
            return answer::rate_limited(retry_after, body);
        }
        Some(Fault::ServerError) => {
            record(&playground, &name, Value::Null, 500, Some("server_error"));
            return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        Some(Fault::DropConnection { applied: false }) => {
            record(&playground, &name, Value::Null, 0, Some("connection_dropped"));
            return answer::broken();
        }
        Some(Fault::Delay(time)) => tokio::time::sleep(time.min(Duration::from_secs(600))).await,
        Some(Fault::DropConnection { applied: true }) | None => {}
    }
    let decoded = Args::decode(&method, query.as_deref(), &headers, &body);
    let (outcome, params) = match decoded {
        Ok(mut args) => {
            let as_argument = args.take_token();
            let token = bearer(&headers).or(as_argument);
            (apply(&playground, &name, token.as_deref(), &args), args.to_value())
        }
        Err(refused) => (Err(refused), Value::Null),
    };
    let status = if outcome.as_ref().err().is_some_and(|r| r.retry_after.is_some()) { 429 } else { 200 };
    let error = outcome.as_ref().err().map(|r| r.error.clone());
    if fault == Some(Fault::DropConnection { applied: true }) {
        record(&playground, &name, params, 0, error.as_deref());
        return answer::broken();
    }
    record(&playground, &name, params, status, error.as_deref());
    let response = match outcome {
        Ok(mut value) => {
            value["ok"] = json!(true);
            Json(value).into_response()
        }
        Err(refused) => refused.respond(),
    };
    answer::with_scopes(response, &playground.config().bot.scopes)
}

/// Everything between the wire and the method.
fn apply(playground: &Playground, name: &str, token: Option<&str>, args: &Args) -> Outcome {
    if name == "apps.connections.open" {
        return playground.sockets().open(token, (&playground.base_url(), &playground.config().bot.app_id));
    }
    let spec = find(name).ok_or_else(|| refuse("unknown_method").with("req_method", json!(name)))?;
    if name != "api.test" {
        let token = token.ok_or_else(|| refuse("not_authed"))?;
        let expected = &playground.config().bot_token;
        if !bool::from(token.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(refuse("invalid_auth"));
        }
        need_scope(&playground.config().bot.scopes, spec.scope)?;
        known_arguments(spec, args)?;
        if args.text("team_id")?.is_some_and(|team| !team.is_empty() && team != playground.config().team_id) {
            return Err(refuse("team_access_not_granted"));
        }
    }
    let base = playground.base_url();
    playground.change(|world| (spec.run)(&mut Call { world, args, base }))
}

/// `missing_scope`, unless one of the `|`-separated scopes is there.
pub(crate) fn need_scope(provided: &[String], needed: &str) -> Result<(), Refused> {
    if needed.is_empty() || needed.split('|').any(|scope| provided.iter().any(|p| p == scope)) {
        return Ok(());
    }
    let first = needed.split('|').next().unwrap_or_default();
    Err(refuse("missing_scope").with("needed", json!(first)).with("provided", json!(provided.join(","))))
}

/// Arguments every method takes; @slack/bolt sends `team_id` with each call.
const EVERYWHERE: [&str; 2] = ["pretty", "team_id"];

fn known_arguments(spec: &Spec, args: &Args) -> Result<(), Refused> {
    let mut wrong: Vec<String> = Vec::new();
    for name in args.names() {
        if !spec.params.contains(&name) && !EVERYWHERE.contains(&name) {
            wrong.push(format!("invalid additional property: {}", name.chars().take(60).collect::<String>()));
        }
    }
    for name in spec.required {
        if !args.has(name) {
            wrong.push(format!("missing required field: {name}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(refuse("invalid_arguments").because(wrong)) }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn record(playground: &Playground, method: &str, params: Value, status: u16, error: Option<&str>) {
    playground.change(|world| {
        let call = ApiCall {
            at: world.now(),
            method: method.chars().take(80).collect(),
            params,
            status,
            error: error.map(str::to_owned),
        };
        world.remember(call);
    });
}
