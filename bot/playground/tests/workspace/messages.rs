//! Posting, editing, threads, history, direct messages, and the events people's words cause.

use std::time::Duration;

use jit_playground::Failure;
use serde_json::{Value, json};

use crate::{bot::Reply, setup::*};

#[tokio::test]
async fn posts_edits_and_deletes() {
    let w = workspace().await;
    let posted = w.ok("chat.postMessage", json!({ "channel": "#access", "text": "one", "blocks": buttons() })).await;
    assert_eq!((&posted["channel"], &posted["message"]["bot_id"]), (&json!(ACCESS), &json!("B0BOT")));
    let ts = posted["ts"].as_str().unwrap();
    assert_eq!(ts, "1700000000.000000");
    assert_eq!(w.post(ACCESS, "two").await, "1700000000.000001");
    let edited = w.ok("chat.update", json!({ "channel": ACCESS, "ts": ts, "text": "three" })).await;
    assert_eq!((&edited["text"], &edited["message"]["edited"]["user"]), (&json!("three"), &json!(BOT)));
    let first = &w.playground.transcript(ACCESS)[0];
    assert!(first.blocks.is_empty(), "text alone drops the blocks");
    w.ok("chat.delete", json!({ "channel": ACCESS, "ts": ts })).await;
    assert_eq!(w.error("chat.delete", json!({ "channel": ACCESS, "ts": ts })).await, "message_not_found");
    assert_eq!(w.error("chat.update", json!({ "channel": ACCESS, "ts": ts, "text": "x" })).await, "message_not_found");
    assert_eq!(w.playground.transcript(ACCESS).len(), 1);
}

#[tokio::test]
async fn only_its_own_messages() {
    let w = workspace().await;
    let theirs = w.playground.say(ALICE, ACCESS, "mine", None).await.unwrap().ts;
    let args = json!({ "channel": ACCESS, "ts": theirs, "text": "x" });
    assert_eq!(w.error("chat.update", args).await, "cant_update_message");
    assert_eq!(w.error("chat.delete", json!({ "channel": ACCESS, "ts": theirs })).await, "cant_delete_message");
}

#[tokio::test]
async fn what_slack_refuses_to_post() {
    let w = workspace().await;
    for (args, error) in [
        (json!({ "channel": ACCESS }), "no_text"),
        (json!({ "channel": ACCESS, "text": " " }), "no_text"),
        (json!({ "channel": ACCESS, "text": "x".repeat(40_001) }), "msg_too_long"),
        (json!({ "channel": ACCESS, "text": "x", "blocks": "[" }), "invalid_blocks_format"),
        (json!({ "channel": ACCESS, "text": "x", "blocks": {} }), "invalid_blocks_format"),
        (json!({ "channel": ACCESS, "text": "x", "blocks": [{ "type": "no" }] }), "invalid_blocks"),
        (
            json!({ "channel": ACCESS, "text": "x",
                "blocks": vec![json!({ "type": "section", "text": plain(&"x".repeat(2900)) }); 4] }),
            "msg_blocks_too_long",
        ),
        (json!({ "channel": ACCESS, "text": "x", "metadata": "{" }), "invalid_metadata_format"),
        (json!({ "channel": ACCESS, "text": "x", "metadata": { "event_type": "x" } }), "invalid_metadata_schema"),
        (
            json!({ "channel": ACCESS, "text": "x",
                "metadata": { "event_type": "x", "event_payload": { "x": "x".repeat(9000) } } }),
            "metadata_too_large",
        ),
        (json!({ "channel": ACCESS, "text": "x", "thread_ts": "abc" }), "invalid_thread_ts"),
        (json!({ "channel": ACCESS, "text": "x", "thread_ts": "1.000001" }), "thread_not_found"),
        (json!({ "channel": "C9999", "text": "x" }), "channel_not_found"),
        (json!({ "channel": CAROL, "text": "x" }), "channel_not_found"),
        (json!({ "channel": "D0003", "text": "x" }), "channel_not_found"),
        (json!({ "channel": RANDOM, "text": "x" }), "not_in_channel"),
        (json!({ "text": "x" }), "invalid_arguments"),
        (json!({ "channel": ACCESS, "text": "x", "colour": "red" }), "invalid_arguments"),
        (json!({ "channel": ACCESS, "text": ["x"] }), "invalid_arguments"),
    ] {
        assert_eq!(w.error("chat.postMessage", args.clone()).await, error, "{args}");
    }
    assert!(w.playground.transcript(ACCESS).is_empty());
    let stranger = json!({ "channel": ACCESS, "user": CAROL, "text": "x" });
    assert_eq!(w.error("chat.postEphemeral", stranger).await, "user_not_in_channel");
    let long = json!({ "channel": ACCESS, "ts": w.post(ACCESS, "x").await, "text": "x".repeat(4001) });
    assert_eq!(w.error("chat.update", long).await, "msg_too_long");
}

#[tokio::test]
async fn history_pages_newest_first_with_metadata() {
    let w = workspace().await;
    let metadata = json!({ "event_type": "outbox", "event_payload": { "id": "42" } });
    let mut stamps = Vec::new();
    for i in 0..5 {
        let args = json!({ "channel": ACCESS, "text": format!("n{i}"), "metadata": metadata });
        stamps.push(w.ok("chat.postMessage", args).await["ts"].as_str().unwrap().to_owned());
    }
    w.ok("chat.postMessage", json!({ "channel": ACCESS, "text": "reply", "thread_ts": stamps[0] })).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let args = json!({ "channel": ACCESS, "limit": 2, "cursor": cursor, "include_all_metadata": true });
        let page = w.ok("conversations.history", args).await;
        for message in page["messages"].as_array().unwrap() {
            assert_eq!(message["metadata"], metadata);
            seen.push(message["text"].as_str().unwrap().to_owned());
        }
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(page["has_more"], json!(!cursor.is_empty()));
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["n4", "n3", "n2", "n1", "n0"]);
    let between = json!({ "channel": ACCESS, "oldest": stamps[1], "latest": stamps[3] });
    let texts = |body: Value| {
        body["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let page = w.ok("conversations.history", between.clone()).await;
    assert!(page["messages"][0].get("metadata").is_none(), "only when asked for");
    assert_eq!(texts(page), ["n2"]);
    let mut inclusive = between;
    inclusive["inclusive"] = json!(true);
    assert_eq!(texts(w.ok("conversations.history", inclusive).await), ["n3", "n2", "n1"]);
    let parent = w.ok("conversations.history", json!({ "channel": ACCESS, "oldest": "0", "limit": 5 })).await;
    assert_eq!(parent["messages"][4]["reply_count"], 1);
    for (args, error) in [
        (json!({ "channel": ACCESS, "cursor": "x" }), "invalid_cursor"),
        (json!({ "channel": ACCESS, "limit": 1001 }), "invalid_limit"),
        (json!({ "channel": ACCESS, "oldest": "yesterday" }), "invalid_ts_oldest"),
        (json!({ "channel": RANDOM }), "not_in_channel"),
        (json!({ "channel": "C9999" }), "channel_not_found"),
    ] {
        assert_eq!(w.error("conversations.history", args).await, error);
    }
}

#[tokio::test]
async fn replies_page_oldest_first_after_the_parent() {
    let w = workspace().await;
    let parent = w.post(ACCESS, "parent").await;
    let mut last = String::new();
    for i in 0..3 {
        let thread = if i == 0 { &parent } else { &last };
        let args = json!({ "channel": ACCESS, "text": format!("r{i}"), "thread_ts": thread });
        last = w.ok("chat.postMessage", args).await["ts"].as_str().unwrap().to_owned();
    }
    let first = w.ok("conversations.replies", json!({ "channel": ACCESS, "ts": parent, "limit": 2 })).await;
    let texts: Vec<_> = first["messages"].as_array().unwrap().iter().map(|m| m["text"].clone()).collect();
    assert_eq!(texts, ["parent", "r0", "r1"]);
    let cursor = &first["response_metadata"]["next_cursor"];
    let args = json!({ "channel": ACCESS, "ts": parent, "limit": 2, "cursor": cursor });
    let second = w.ok("conversations.replies", args).await;
    assert_eq!((&second["messages"][1]["text"], &second["has_more"]), (&json!("r2"), &json!(false)));
    let none = json!({ "channel": ACCESS, "ts": "1.000001" });
    assert_eq!(w.error("conversations.replies", none).await, "thread_not_found");
}

#[tokio::test]
async fn direct_messages_reach_the_bot_escaped() {
    let w = workspace().await;
    let said = w.playground.say(ALICE, "dm", "is 1 < 2 & who is @bob?", None).await.unwrap();
    assert_eq!(said.text, "is 1 &lt; 2 &amp; who is <@U0002>?");
    let got = &w.bot.wait_for(1).await[0];
    assert_eq!(got.path, "/slack/events");
    assert!(got.header("x-slack-signature").starts_with("v0="));
    assert_eq!(got.header("x-slack-retry-num"), "");
    let event = got.json();
    assert_eq!((&event["type"], &event["team_id"]), (&json!("event_callback"), &json!("T0001")));
    assert!(event["event_id"].as_str().unwrap().starts_with("Ev"));
    let inner = &event["event"];
    assert_eq!((&inner["type"], &inner["channel_type"]), (&json!("message"), &json!("im")));
    assert_eq!((&inner["user"], &inner["text"], &inner["ts"]), (&json!(ALICE), &json!(said.text), &json!(said.ts)));
}

#[tokio::test]
async fn mentions_reach_the_bot_where_it_is() {
    let w = workspace().await;
    w.playground.say(ALICE, RANDOM, "@jit are you there?", None).await.unwrap();
    w.playground.say(ALICE, ACCESS, "nothing for it", None).await.unwrap();
    w.playground.say(ALICE, ACCESS, "hey @jit, help", None).await.unwrap();
    let got = w.bot.wait_for(1).await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].json()["event"]["type"], "app_mention");
    assert_eq!(got[0].json()["event"]["text"], "hey <@U0BOT>, help");
}

#[tokio::test]
async fn events_are_sent_again_until_taken() {
    let w = workspace().await;
    w.playground.set_event_retries(&[Duration::ZERO; 3]);
    w.bot.reply(Reply::status(500));
    w.bot.reply(Reply::status(503));
    w.playground.say(ALICE, "dm", "hello", None).await.unwrap();
    let got = w.bot.wait_for(3).await;
    let nums: Vec<_> = got.iter().map(|r| r.header("x-slack-retry-num")).collect();
    assert_eq!(nums, ["", "1", "2"]);
    assert_eq!(got[1].header("x-slack-retry-reason"), "http_error");
    assert_eq!(got[0].json()["event_id"], got[2].json()["event_id"], "the same event");
    // The bot can say that it wants no more of it; the next event comes alone.
    w.bot.reply(Reply::status(500).with("X-Slack-No-Retry", "1"));
    w.playground.say(ALICE, "dm", "again", None).await.unwrap();
    w.bot.wait_for(4).await;
    w.playground.say(ALICE, "dm", "and again", None).await.unwrap();
    let got = w.bot.wait_for(5).await;
    assert_eq!(got[4].json()["event"]["text"], "and again");
}

#[tokio::test]
async fn the_event_address_is_verified() {
    let w = workspace().await;
    let failure = w.playground.verify_events().await.unwrap_err();
    assert!(matches!(failure, Failure::BadAnswer { .. }), "an empty answer repeats no challenge: {failure}");
    let asked = w.bot.last().json();
    assert_eq!(asked["type"], "url_verification");
    assert!(asked["challenge"].is_string());
}

#[tokio::test]
async fn unread_marks_are_each_persons_own() {
    let w = workspace().await;
    let ts = w.post(ACCESS, "hello <@U0002>").await;
    assert_eq!(w.playground.unread(ALICE, ACCESS), (1, false));
    assert_eq!(w.playground.unread(BOB, ACCESS), (1, true));
    w.playground.mark_read(BOB, ACCESS, &ts).unwrap();
    assert_eq!((w.playground.unread(ALICE, ACCESS).0, w.playground.unread(BOB, ACCESS).0), (1, 0));
    w.playground.say(ALICE, ACCESS, "hi", None).await.unwrap();
    assert_eq!(w.playground.unread(ALICE, ACCESS).0, 0, "who writes has read");
    assert!(w.playground.mark_read(BOB, ACCESS, "soon").is_err());
}

#[tokio::test]
async fn waiting_sees_what_happens_meanwhile() {
    let w = workspace().await;
    let waiting = w.playground.clone();
    let found =
        tokio::spawn(
            async move { waiting.wait_for_message(ACCESS, |m| m.text == "now", Duration::from_secs(5)).await },
        );
    w.post(ACCESS, "not yet").await;
    let ts = w.post(ACCESS, "now").await;
    assert_eq!(found.await.unwrap().unwrap().ts, ts);
    let never = w.playground.wait_for(|p| p.open_view(ALICE), Duration::from_millis(20)).await;
    assert!(matches!(never, Err(Failure::TimedOut)));
}
