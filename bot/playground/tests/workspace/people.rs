//! Commands and clicks: what the bot is sent, what its answers do, and how failures show.

use std::time::Duration;

use jit_playground::{Failure, SLACKBOT, sign};
use serde_json::json;

use crate::{bot::Reply, setup::*};

#[tokio::test]
async fn a_command_is_signed_and_complete() {
    let w = workspace().await;
    w.playground.command(ALICE, "#access", "/jit request a & b for @bob in #access").await.unwrap();
    let got = w.bot.last();
    assert_eq!(got.path, "/slack/commands");
    assert_eq!(got.header("content-type"), "application/x-www-form-urlencoded");
    let stamp = got.header("x-slack-request-timestamp").parse().unwrap();
    assert_eq!(stamp, noon().timestamp());
    assert_eq!(got.header("x-slack-signature"), sign(SECRET, stamp, got.body.as_bytes()));
    let form = got.form();
    let mut names: Vec<_> = form.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "api_app_id",
            "channel_id",
            "channel_name",
            "command",
            "is_enterprise_install",
            "response_url",
            "team_domain",
            "team_id",
            "text",
            "trigger_id",
            "user_id",
            "user_name"
        ]
    );
    assert_eq!(form["text"], "request a &amp; b for <@U0002|bob> in <#C0001|access>");
    assert_eq!(form["command"], "/jit");
    assert_eq!((form["user_name"].as_str(), form["channel_name"].as_str()), ("alice", "access"));
    assert_eq!(form["team_domain"], "acme-corp");
    w.playground.command(ALICE, "dm", "help").await.unwrap();
    assert_eq!(w.bot.last().form()["channel_name"], "directmessage");
}

#[tokio::test]
async fn the_acknowledgement_may_speak() {
    let w = workspace().await;
    assert!(w.playground.command(ALICE, ACCESS, "help").await.unwrap().message.is_none());
    w.bot.reply(Reply::text("Hello &amp; welcome"));
    let plain = w.playground.command(ALICE, ACCESS, "help").await.unwrap().message.unwrap();
    assert_eq!((plain.text.as_str(), plain.ephemeral_to.as_deref()), ("Hello &amp; welcome", Some(ALICE)));
    assert_eq!(w.playground.ephemerals(ALICE, ACCESS), [plain]);
    assert!(w.playground.ephemerals(BOB, ACCESS).is_empty());
    w.bot.reply(Reply::json(&json!({ "response_type": "in_channel", "text": "to all", "blocks": buttons() })));
    let open = w.playground.command(ALICE, ACCESS, "help").await.unwrap().message.unwrap();
    assert_eq!(w.playground.transcript(ACCESS), std::slice::from_ref(&open));
    assert_eq!((open.user.as_str(), open.blocks.len()), (BOT, 1));
}

#[tokio::test]
async fn a_late_acknowledgement_fails_visibly() {
    let w = workspace().await;
    w.bot.reply(Reply::text("too late").after(Duration::from_secs(4)));
    let failure = w.playground.command(ALICE, ACCESS, "help").await.unwrap_err();
    assert!(matches!(failure, Failure::NotAcknowledged), "{failure}");
    let shown = w.playground.ephemerals(ALICE, ACCESS);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].user, SLACKBOT);
    assert!(shown[0].text.starts_with("/jit failed with the error \"operation_timeout\""), "{}", shown[0].text);
}

#[tokio::test]
async fn wrong_answers_fail_visibly() {
    let w = workspace().await;
    w.bot.reply(Reply::status(500));
    let failure = w.playground.command(ALICE, ACCESS, "help").await.unwrap_err();
    assert!(matches!(failure, Failure::Status { code: 500, .. }), "{failure}");
    let wrong = json!({ "text": "x", "blocks": [{ "type": "header", "text": plain(&"x".repeat(151)) }] });
    w.bot.reply(Reply::json(&wrong));
    let failure = w.playground.command(ALICE, ACCESS, "help").await.unwrap_err();
    let Failure::BadAnswer { error, messages } = failure else { panic!("{failure}") };
    assert_eq!(error, "invalid_blocks");
    assert_eq!(messages, ["must be less than 151 characters [json-pointer:/blocks/0/text/text]"]);
    w.bot.reply(Reply::json(&json!({ "text": "x", "colour": "red" })));
    let failure = w.playground.command(ALICE, ACCESS, "help").await.unwrap_err();
    assert!(matches!(&failure, Failure::BadAnswer { error, .. } if error == "invalid_arguments"), "{failure}");
    assert_eq!(w.playground.ephemerals(ALICE, ACCESS).len(), 3);
    w.playground.set_bot_url("http://127.0.0.1:1".parse().unwrap());
    let failure = w.playground.command(ALICE, ACCESS, "help").await.unwrap_err();
    assert!(matches!(failure, Failure::Unreachable(_)), "{failure}");
}

#[tokio::test]
async fn who_cannot_act_sends_nothing() {
    let w = workspace().await;
    for (user, channel) in [(CAROL, ACCESS), ("U9999", ACCESS), (ALICE, "C9999"), (ALICE, "D0002")] {
        let failure = w.playground.command(user, channel, "help").await.unwrap_err();
        assert!(matches!(failure, Failure::NotPossible(_)), "{user} {channel}: {failure}");
    }
    assert!(w.bot.received().is_empty());
}

#[tokio::test]
async fn a_click_carries_what_the_message_says() {
    let w = workspace().await;
    let posted = json!({ "channel": ALICE, "text": "decide", "blocks": buttons(),
        "metadata": { "event_type": "card", "event_payload": { "id": 1 } } });
    let ts = w.ok("chat.postMessage", posted).await["ts"].as_str().unwrap().to_owned();
    w.playground.choose(ALICE, "dm", &ts, ("pick", "Two hours")).await.unwrap();
    assert_eq!(w.bot.last().json()["actions"][0]["selected_option"]["value"], "2h");
    w.playground.click(ALICE, "dm", &ts, "Approve").await.unwrap();
    let payload = w.bot.last().json();
    assert_eq!(w.bot.last().path, "/slack/interactions");
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"]["id"], ALICE);
    assert_eq!(payload["actions"].as_array().unwrap().len(), 1);
    let action = &payload["actions"][0];
    assert_eq!((&action["action_id"], &action["value"]), (&json!("approve"), &json!("A-1")));
    assert_eq!(action["block_id"], "acts");
    let container = json!({ "type": "message", "message_ts": ts, "channel_id": "D0001", "is_ephemeral": false });
    assert_eq!(payload["container"], container);
    assert_eq!(payload["channel"], json!({ "id": "D0001", "name": "directmessage" }));
    assert_eq!(payload["message"]["metadata"]["event_type"], "card");
    assert_eq!(payload["state"]["values"]["acts"]["pick"]["selected_option"]["value"], "2h");
    assert!(payload["trigger_id"].is_string());
}

#[tokio::test]
async fn what_is_not_there_cannot_be_pressed() {
    let w = workspace().await;
    let ts = w.post(ACCESS, "no buttons").await;
    let failure = w.playground.click(ALICE, ACCESS, &ts, "approve").await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "{failure}");
    let only_bob = json!({ "channel": ACCESS, "user": BOB, "text": "x", "blocks": buttons() });
    let ts = w.ok("chat.postEphemeral", only_bob).await["message_ts"].as_str().unwrap().to_owned();
    let failure = w.playground.click(ALICE, ACCESS, &ts, "approve").await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "another's ephemeral: {failure}");
    w.playground.click(BOB, ACCESS, &ts, "approve").await.unwrap();
    let payload = w.bot.last().json();
    assert_eq!(payload["container"]["is_ephemeral"], true);
    assert!(payload.get("message").is_none(), "Slack sends no message for an ephemeral one");
    let failure = w.playground.choose(BOB, ACCESS, &ts, ("pick", "9h")).await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "{failure}");
    assert_eq!(w.bot.received().len(), 1);
}

#[tokio::test]
async fn a_response_url_replaces_deletes_and_runs_out() {
    let w = workspace().await;
    let posted = json!({ "channel": ACCESS, "text": "decide", "blocks": buttons() });
    let ts = w.ok("chat.postMessage", posted).await["ts"].as_str().unwrap().to_owned();
    w.playground.click(ALICE, ACCESS, &ts, "deny").await.unwrap();
    let url = w.bot.last().json()["response_url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:8080/playground/response/"), "{url}");
    let replaced = w.respond(&url, json!({ "replace_original": true, "text": "done" })).await;
    assert_eq!(replaced.body, json!({ "ok": true }));
    let message = &w.playground.transcript(ACCESS)[0];
    assert_eq!((message.text.as_str(), message.blocks.len()), ("done", 0));
    assert!(message.edited.is_some());
    assert!(w.respond(&url, json!({ "text": "only you" })).await.status.is_success());
    assert_eq!(w.playground.ephemerals(ALICE, ACCESS)[0].text, "only you");
    assert!(w.respond(&url, json!({ "text": "all", "response_type": "in_channel" })).await.status.is_success());
    assert_eq!(w.playground.transcript(ACCESS).len(), 2);
    assert!(w.respond(&url, json!({ "delete_original": true })).await.status.is_success());
    assert_eq!(w.playground.transcript(ACCESS).len(), 1);
    assert_eq!(w.respond(&url, json!({ "text": "" })).await.body["error"], "no_text");
    let used = w.respond(&url, json!({ "text": "a sixth time" })).await;
    assert_eq!((used.status.as_u16(), &used.body["error"]), (404, &json!("used_url")));
}

#[tokio::test]
async fn a_failing_click_is_reported() {
    let w = workspace().await;
    let posted = json!({ "channel": ACCESS, "text": "decide", "blocks": buttons() });
    let ts = w.ok("chat.postMessage", posted).await["ts"].as_str().unwrap().to_owned();
    w.bot.reply(Reply::status(404));
    let failure = w.playground.click(ALICE, ACCESS, &ts, "deny").await.unwrap_err();
    assert!(matches!(failure, Failure::Status { code: 404, .. }), "{failure}");
}
