//! The Web API around messages: tokens, scopes, arguments, and the methods that list and look up.

use axum::{body::Body, http::Request};
use serde_json::json;

use crate::setup::*;

#[tokio::test]
async fn tokens_are_demanded() {
    let w = workspace().await;
    let call = |authorization: Option<&str>, body: &'static str| {
        let mut request =
            Request::post("/playground/api/auth.test").header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        request.body(Body::from(body)).unwrap()
    };
    assert_eq!(w.send(call(None, "")).await.body["error"], "not_authed");
    assert_eq!(w.send(call(Some("Bearer wrong"), "")).await.body["error"], "invalid_auth");
    assert_eq!(w.send(call(Some("Basic xoxb-test"), "")).await.body["error"], "not_authed");
    let good = w.send(call(Some("Bearer xoxb-test"), "")).await;
    assert_eq!((&good.body["user_id"], &good.body["bot_id"]), (&json!(BOT), &json!("B0BOT")));
    assert!(good.headers["x-oauth-scopes"].to_str().unwrap().contains("chat:write"));
    assert_eq!(w.send(call(None, "token=xoxb-test")).await.body["ok"], true, "as an argument");
    let query = Request::get("/playground/api/auth.test?token=xoxb-test").body(Body::empty()).unwrap();
    assert_eq!(w.send(query).await.body["error"], "not_authed", "never in an address");
}

#[tokio::test]
async fn unknown_methods_and_missing_scopes_have_their_names() {
    let w = workspace_with(&["chat:write"]).await;
    assert_eq!(w.error("chat.shout", json!({})).await, "unknown_method");
    let elsewhere = json!({ "channel": ACCESS, "text": "x", "team_id": "T9" });
    assert_eq!(w.error("chat.postMessage", elsewhere).await, "team_access_not_granted");
    w.ok("chat.postMessage", json!({ "channel": ACCESS, "text": "x", "team_id": "T0001" })).await;
    let refused = w.api("users.list", json!({})).await;
    assert_eq!(
        refused,
        json!({ "ok": false, "error": "missing_scope", "needed": "users:read", "provided": "chat:write" })
    );
    assert_eq!(w.api("api.test", json!({ "foo": "bar" })).await, json!({ "ok": true, "args": { "foo": "bar" } }));
    assert_eq!(w.error("api.test", json!({ "error": "my_error" })).await, "my_error");
}

#[tokio::test]
async fn every_call_is_recorded_without_its_token() {
    let w = workspace().await;
    w.post(ACCESS, "x").await;
    w.error("chat.postMessage", json!({ "channel": "C9999", "text": "x", "token": TOKEN })).await;
    let calls = w.playground.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].method.as_str(), calls[0].status, &calls[0].error), ("chat.postMessage", 200, &None));
    assert_eq!(calls[1].error.as_deref(), Some("channel_not_found"));
    assert!(!calls[1].params.to_string().contains(TOKEN));
}

#[tokio::test]
async fn people_are_looked_up() {
    let w = workspace().await;
    let user = &w.ok("users.info", json!({ "user": ALICE })).await["user"];
    assert_eq!((&user["profile"]["email"], &user["deleted"]), (&json!("alice@acme.test"), &json!(false)));
    assert_eq!(w.ok("users.info", json!({ "user": CAROL })).await["user"]["deleted"], true);
    assert_eq!(w.ok("users.info", json!({ "user": BOT })).await["user"]["is_bot"], true);
    assert_eq!(w.error("users.info", json!({ "user": "U9" })).await, "user_not_found");
    let found = w.ok("users.lookupByEmail", json!({ "email": "BOB@acme.test" })).await;
    assert_eq!(found["user"]["id"], BOB);
    let gone = json!({ "email": "carol@acme.test" });
    assert_eq!(w.error("users.lookupByEmail", gone).await, "users_not_found");
    let first = w.ok("users.list", json!({ "limit": 3 })).await;
    let cursor = &first["response_metadata"]["next_cursor"];
    assert!(cursor.as_str().unwrap().ends_with('='), "padded, as Slack's are: {cursor}");
    let second = w.ok("users.list", json!({ "limit": 3, "cursor": cursor })).await;
    assert_eq!((first["members"].as_array().unwrap().len(), second["members"].as_array().unwrap().len()), (3, 1));
    assert_eq!(w.ok("team.info", json!({})).await["team"]["domain"], "acme-corp");
}

#[tokio::test]
async fn addresses_need_their_own_scope() {
    let w = workspace_with(&["users:read"]).await;
    assert!(w.ok("users.info", json!({ "user": ALICE })).await["user"]["profile"].get("email").is_none());
    assert_eq!(w.error("users.lookupByEmail", json!({ "email": "bob@acme.test" })).await, "missing_scope");
}

#[tokio::test]
async fn conversations_are_listed_opened_and_joined() {
    let w = workspace().await;
    let ids = |body: serde_json::Value| {
        let list = body["channels"].as_array().unwrap().clone();
        list.iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(w.ok("conversations.list", json!({})).await), [ACCESS, RANDOM]);
    let both = json!({ "types": "public_channel,im", "exclude_archived": true });
    assert_eq!(ids(w.ok("conversations.list", both).await).len(), 5);
    assert_eq!(w.error("conversations.list", json!({ "types": "secret" })).await, "invalid_types");
    assert_eq!(w.error("conversations.list", json!({ "types": "private_channel" })).await, "missing_scope");
    assert_eq!(ids(w.ok("users.conversations", json!({})).await), [ACCESS]);
    assert_eq!(ids(w.ok("users.conversations", json!({ "user": ALICE })).await), [ACCESS, RANDOM]);
    let info = w.ok("conversations.info", json!({ "channel": RANDOM })).await;
    assert_eq!((&info["channel"]["name"], &info["channel"]["is_member"]), (&json!("random"), &json!(false)));
    assert_eq!(w.error("conversations.info", json!({ "channel": "random" })).await, "channel_not_found");
    assert!(w.ok("conversations.join", json!({ "channel": RANDOM })).await.get("warning").is_none());
    let again = w.ok("conversations.join", json!({ "channel": RANDOM })).await;
    assert_eq!(again["warning"], "already_in_channel");
    w.post(RANDOM, "now it may").await;
    let members = w.ok("conversations.members", json!({ "channel": RANDOM })).await;
    assert_eq!(members["members"], json!([ALICE, BOB, BOT]));
    let opened = w.ok("conversations.open", json!({ "users": ALICE })).await;
    assert_eq!(opened["channel"], json!({ "id": "D0001" }));
    for (args, error) in [
        (json!({ "users": "U9" }), "user_not_found"),
        (json!({ "users": CAROL }), "user_disabled"),
        (json!({}), "users_list_not_supplied"),
        (json!({ "channel": ACCESS }), "channel_not_found"),
    ] {
        assert_eq!(w.error("conversations.open", args).await, error);
    }
}

#[tokio::test]
async fn reactions_and_links() {
    let w = workspace().await;
    let ts = w.post(ACCESS, "x").await;
    let args = json!({ "channel": ACCESS, "timestamp": ts, "name": "eyes" });
    w.ok("reactions.add", args.clone()).await;
    assert_eq!(w.error("reactions.add", args).await, "already_reacted");
    assert_eq!(w.playground.transcript(ACCESS)[0].reactions, ["eyes"]);
    let link = w.ok("chat.getPermalink", json!({ "channel": ACCESS, "message_ts": ts })).await;
    assert!(link["permalink"].as_str().unwrap().ends_with("/playground/#//C0001/p1700000000000000"), "{link}");
    let none = json!({ "channel": ACCESS, "message_ts": "1.000001" });
    assert_eq!(w.error("chat.getPermalink", none).await, "message_not_found");
}

#[test]
fn the_table_of_methods_is_sorted_and_whole() {
    let names: Vec<_> = jit_playground::method_names().collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names.len(), 24);
}
