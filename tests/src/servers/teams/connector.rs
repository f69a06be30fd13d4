//! What `jit` calls: the OpenID metadata and keys, the bearers, and the connector, which takes nothing without one. What concerns a
//! person with Microsoft's own client is answered by that client.

use std::sync::{Arc, Weak};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::agents_playground::AgentsPlayground;
use super::book::{Scope, address, split};
use super::{APP_ID, APP_SECRET, Exchange, Fault, Inner, TEAM, TENANT, Teams, card};

type Server = State<Weak<Inner>>;
type Answer = (u16, Value);

/// Gone when its world has ended, while the last call was on its way.
fn teams(server: &Weak<Inner>) -> Option<Teams> {
    server.upgrade().map(|inner| Teams { inner })
}

fn gone() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// The OpenID metadata.
pub(super) async fn metadata(State(server): Server) -> Response {
    let Some(teams) = teams(&server) else { return gone() };
    let ill = teams.change(|state| {
        state.tokens.asked.metadata += 1;
        state.tokens.ill.clone()
    });
    let jwks = format!("{}keys", teams.inner.url);
    let document = json!({
        "issuer": "https://api.botframework.com", "authorization_endpoint": "https://invalid.botframework.com", "jwks_uri": jwks,
        "id_token_signing_alg_values_supported": ["RS256"], "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    });
    document_or(ill, document)
}

/// The keys.
pub(super) async fn keys(State(server): Server) -> Response {
    let Some(teams) = teams(&server) else { return gone() };
    let (ill, document) = teams.change(|state| {
        state.tokens.asked.keys += 1;
        (state.tokens.ill.clone(), state.tokens.document())
    });
    document_or(ill, document)
}

fn document_or(ill: Option<(u16, String)>, document: Value) -> Response {
    match ill {
        Some((status, text)) => (StatusCode::from_u16(status).expect("a status"), text).into_response(),
        None => Json(document).into_response(),
    }
}

/// A bearer for the bot's id and secret.
pub(super) async fn token(
    State(server): Server,
    Path(tenant): Path<String>,
    Form(asked): Form<Vec<(String, String)>>,
) -> Response {
    let Some(teams) = teams(&server) else { return gone() };
    let now = teams.now();
    let fault = teams.change(|state| {
        state.tokens.asked.bearers += 1;
        state.faults.hit("/token")
    });
    if let Some(Fault::Status(status, wait)) = fault {
        return refused(status, wait);
    }
    let is = |name: &str, value: &str| asked.iter().any(|(key, it)| key == name && it == value);
    let wrong = |code: &str| (StatusCode::UNAUTHORIZED, Json(json!({ "error": code }))).into_response();
    if tenant != TENANT || !is("client_id", APP_ID) {
        return wrong("unauthorized_client");
    }
    if !is("client_secret", APP_SECRET) {
        return wrong("invalid_client");
    }
    if !is("grant_type", "client_credentials") || !is("scope", "https://api.botframework.com/.default") {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_request" }))).into_response();
    }
    Json(teams.change(|state| state.tokens.give(now))).into_response()
}

/// Any call of the connector.
pub(super) async fn call(
    State(server): Server,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(teams) = teams(&server) else { return gone() };
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = teams.change(|state| state.faults.hit(&format!("{method} {path}")));
    let (status, answer, wait) = match &fault {
        Some(Fault::Status(status, wait)) => (*status, Value::Null, *wait),
        Some(Fault::Dropped { applied: false }) => (0, Value::Null, None),
        _ => {
            if let Some(Fault::Slow(time)) = fault {
                tokio::time::sleep(time).await;
            }
            let (status, answer) = checked(&teams, (&method, &path), &headers, (&body, &sent)).await;
            (status, answer, None)
        }
    };
    let method = method.to_string();
    teams.change(|state| state.traffic.push(Exchange { to_bot: false, method, path, body: sent, status }));
    if matches!(fault, Some(Fault::Dropped { .. })) {
        let broken =
            futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("{")), Err(std::io::Error::other("cut"))]);
        return Response::new(Body::from_stream(broken));
    }
    if matches!(fault, Some(Fault::Status(..))) {
        return refused(status, wait);
    }
    (StatusCode::from_u16(status).expect("a status"), Json(answer)).into_response()
}

fn refused(status: u16, wait: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let wait = wait.map(|wait| [(header::RETRY_AFTER, wait.to_string())]);
    (status, wait.map(IntoResponse::into_response).unwrap_or_default()).into_response()
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    (status, json!({ "error": { "code": code, "message": message } }))
}

/// Bearer, size and shape first; then what was called.
async fn checked(
    teams: &Teams,
    (method, path): (&Method, &str),
    headers: &HeaderMap,
    (bytes, body): (&Bytes, &Value),
) -> Answer {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
    if !bearer.is_some_and(|bearer| teams.lock().tokens.is_good(bearer, teams.now())) {
        return error(401, "Unauthorized", "Authorization has been denied for this request.");
    }
    let speaks = *method == Method::POST || *method == Method::PUT;
    if speaks && !body.is_object() {
        return error(400, "BadSyntax", "The body is no JSON object.");
    }
    if bytes.len() > card::LARGEST_BYTES {
        return error(413, "MessageSizeTooBig", "Message size too large.");
    }
    let cards = body["attachments"].as_array().into_iter().flatten();
    if let Some(wrong) =
        cards.filter(|it| it["contentType"] == card::CONTENT_TYPE).find_map(|it| card::wrong(&it["content"]))
    {
        return error(400, "BadArgument", &wrong);
    }
    let parts: Vec<&str> = path.split('/').collect();
    match (method.as_str(), &parts[..]) {
        ("POST", ["v3", "conversations"]) => create(teams, body).await,
        ("POST", ["v3", "conversations", to, "activities"]) => post(teams, (to, None), body).await,
        ("POST", ["v3", "conversations", to, "activities", under]) => post(teams, (to, Some(under)), body).await,
        ("PUT", ["v3", "conversations", to, "activities", id]) => edit(teams, (to, id), body).await,
        ("DELETE", ["v3", "conversations", to, "activities", id]) => delete(teams, (to, id)),
        ("GET", ["v3", "conversations", of, "members"]) => members(teams, of),
        ("GET", ["v3", "conversations", of, "pagedmembers"]) => {
            let (status, found) = members(teams, of);
            if status == 200 { (200, json!({ "members": found })) } else { (status, found) }
        }
        ("GET", ["v3", "conversations", of, "members", id]) => member(teams, of, id),
        ("GET", ["v3", "teams", TEAM, "conversations"]) => {
            let state = teams.lock();
            let channels = state.book.conversations.iter().filter(|it| it.scope == Scope::Channel);
            (
                200,
                json!({ "conversations": channels.map(|it| json!({ "id": it.id, "name": it.name })).collect::<Vec<_>>() }),
            )
        }
        _ => error(404, "NotFound", "There is no such call."),
    }
}

/// `POST /v3/conversations`: the personal conversation of a member, or a first message in a channel.
async fn create(teams: &Teams, body: &Value) -> Answer {
    if body["isGroup"] == Value::Bool(true) {
        let channel = body["channelData"]["channel"]["id"].as_str().unwrap_or_default();
        let (status, answer) = post(teams, (channel, None), &body["activity"]).await;
        let id = &answer["id"];
        let made = json!({ "id": address(channel, id.as_str()), "activityId": id });
        return if status < 300 { (201, made) } else { (status, answer) };
    }
    let tenant = body["tenantId"].as_str().or(body["channelData"]["tenant"]["id"].as_str());
    if tenant != Some(TENANT) {
        return error(400, "BadArgument", "The tenant is missing or another.");
    }
    let wanted = body["members"][0]["id"].as_str().unwrap_or_default();
    let found = {
        let state = teams.lock();
        let member = state.book.members.iter().find(|member| member.is(wanted));
        member.map(|member| {
            let conversation = state.book.conversation(&member.conversation()).expect("everybody has one");
            (member.clone(), conversation.installed, state.clients.get(&member.who).cloned())
        })
    };
    match found {
        None => error(403, "ForbiddenOperationException", "The user is not found in the tenant."),
        Some((_, false, _)) => {
            error(403, "ForbiddenOperationException", "The bot is not installed in the user's personal scope.")
        }
        Some((member, true, Some(client))) => {
            // Microsoft's own client knows people by their Teams ids alone.
            let mut body = body.clone();
            body["members"][0]["id"] = Value::from(member.id());
            client.call(&teams.inner.http, "POST", "_connector/v3/conversations", &body).await
        }
        Some((member, true, None)) => (201, json!({ "id": member.conversation() })),
    }
}

/// Whether the bot may speak in a conversation.
fn open(teams: &Teams, place: &str) -> Result<(Scope, Vec<Arc<AgentsPlayground>>), Answer> {
    let state = teams.lock();
    let by_id = state.book.conversation(place).filter(|it| it.id == split(place).0);
    let Some(found) = by_id else {
        return Err(error(404, "ConversationNotFound", "Conversation not found."));
    };
    if !found.installed {
        return Err(error(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster."));
    }
    Ok((found.scope, found.members.iter().filter_map(|who| state.clients.get(who).cloned()).collect()))
}

/// A new message, under another where one is named.
async fn post(teams: &Teams, (to, under): (&str, Option<&str>), body: &Value) -> Answer {
    let (scope, clients) = match open(teams, to) {
        Ok(open) => open,
        Err(answer) => return answer,
    };
    if body["type"] == "typing" {
        return (202, json!({}));
    }
    if body["type"] != "message" {
        return error(400, "BadSyntax", "Unknown activity type");
    }
    // In a channel an answer stands in the thread of what it answers.
    let root = under.and_then(|id| teams.lock().book.message(id)?.root.clone());
    let to =
        if split(to).1.is_none() && scope == Scope::Channel { address(to, root.as_deref()) } else { to.to_owned() };
    let mut id = None;
    for client in &clients {
        let Some((status, answer)) = client.post(&to, body).await else { continue };
        let Some(theirs) = answer["id"].as_str().filter(|_| status < 300) else { return (status, answer) };
        // The first client's id is everybody's.
        client.keep(id.get_or_insert_with(|| theirs.to_owned()), theirs);
    }
    let id = teams.change(|state| {
        let id = id.unwrap_or_else(|| state.book.fresh_id());
        state.book.add(id, &to, None, body.clone())
    });
    (201, json!({ "id": id }))
}

/// Another content for a message of the bot.
async fn edit(teams: &Teams, (to, id): (&str, &str), body: &Value) -> Answer {
    let (_, clients) = match open(teams, to) {
        Ok(open) => open,
        Err(answer) => return answer,
    };
    let found = teams.lock().book.message(id).filter(|it| it.from.is_none() && it.conversation == split(to).0).cloned();
    let Some(message) = found else { return error(404, "ActivityNotFoundInConversation", "There is no such message.") };
    let at = message.address();
    for client in &clients {
        match client.edit((&at, id), body).await {
            Some((status, answer)) if status >= 300 => return (status, answer),
            _ => {}
        }
    }
    teams.change(|state| {
        let message = state.book.messages.iter_mut().find(|it| it.id == id).expect("it was found");
        message.activity = body.clone();
        message.edits += 1;
        state.book.views.retain(|(_, of), _| of != id);
    });
    (200, json!({ "id": id }))
}

fn delete(teams: &Teams, (to, id): (&str, &str)) -> Answer {
    if let Err(answer) = open(teams, to) {
        return answer;
    }
    teams.change(|state| state.book.messages.retain(|it| it.id != id || it.from.is_some()));
    (200, json!({}))
}

fn account(member: &super::Member) -> Value {
    json!({
        "id": member.id(), "aadObjectId": member.object_id, "objectId": member.object_id, "name": member.name, "tenantId": TENANT,
        "userPrincipalName": format!("{}@acme.test", member.who), "email": format!("{}@acme.test", member.who), "userRole": "user",
    })
}

fn members(teams: &Teams, of: &str) -> Answer {
    if let Err(answer) = open(teams, of) {
        return answer;
    }
    let state = teams.lock();
    let found = state.book.conversation(of).expect("it is open");
    (200, found.members.iter().map(|who| account(state.book.member(who))).collect())
}

fn member(teams: &Teams, of: &str, id: &str) -> Answer {
    if let Err(answer) = open(teams, of) {
        return answer;
    }
    let state = teams.lock();
    let found = state.book.conversation(of).expect("it is open");
    let member = found.members.iter().map(|who| state.book.member(who)).find(|member| member.is(id));
    member.map_or_else(
        || error(404, "MemberNotFoundInConversation", "The member is not in the conversation."),
        |member| (200, account(member)),
    )
}
