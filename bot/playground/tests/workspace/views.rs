//! Modals and the home tab: opening, stacking, state, submission, closing.

use std::{collections::BTreeMap, time::Duration};

use jit_playground::{Failure, Submission};
use serde_json::{Value, json};

use crate::{bot::Reply, setup::*};

fn form() -> Value {
    json!({ "type": "modal", "callback_id": "request", "title": plain("Request"), "submit": plain("Ask"),
        "private_metadata": "from C0001", "notify_on_close": true, "blocks": [
        { "type": "input", "block_id": "role", "label": plain("Role"), "dispatch_action": true,
          "element": { "type": "static_select", "action_id": "role", "options": [
            { "text": plain("Reader"), "value": "reader" }, { "text": plain("Writer"), "value": "writer" } ] } },
        { "type": "input", "block_id": "why", "label": plain("Why"),
          "element": { "type": "plain_text_input", "action_id": "why", "min_length": 5 } },
        { "type": "input", "block_id": "ticket", "label": plain("Ticket"), "optional": true,
          "element": { "type": "external_select", "action_id": "ticket" } },
    ] })
}

/// Opens the form for Alice by a command; gives its id.
async fn opened(w: &Workspace) -> String {
    let trigger = w.playground.command(ALICE, ACCESS, "request").await.unwrap().trigger_id;
    let answer = w.ok("views.open", json!({ "trigger_id": trigger, "view": form() })).await;
    let id = answer["view"]["id"].as_str().unwrap().to_owned();
    assert_eq!(w.playground.open_view(ALICE).unwrap().id, id);
    assert_eq!(answer["view"]["root_view_id"], json!(id));
    assert_eq!(answer["view"]["previous_view_id"], Value::Null);
    id
}

#[tokio::test]
async fn a_trigger_opens_one_view() {
    let w = workspace().await;
    let trigger = w.playground.command(ALICE, ACCESS, "request").await.unwrap().trigger_id;
    let wrong = json!({ "trigger_id": trigger, "view": { "type": "modal", "title": plain("x"), "blocks": "none" } });
    let refused = w.api("views.open", wrong).await;
    assert_eq!(refused["error"], "invalid_arguments");
    assert_eq!(refused["response_metadata"]["messages"], json!(["[ERROR] must be an array [json-pointer:/blocks]"]));
    w.ok("views.open", json!({ "trigger_id": trigger, "view": form().to_string() })).await;
    let again = json!({ "trigger_id": trigger, "view": form() });
    assert_eq!(w.error("views.open", again).await, "exchanged_trigger_id");
    let unknown = json!({ "trigger_id": "1.2.3", "view": form() });
    assert_eq!(w.error("views.open", unknown).await, "invalid_trigger_id");
    assert_eq!(w.error("views.open", json!({ "view": form() })).await, "invalid_arguments");
}

#[tokio::test]
async fn a_trigger_dies_after_three_seconds() {
    let w = workspace().await;
    let trigger = w.playground.command(ALICE, ACCESS, "request").await.unwrap().trigger_id;
    // The one wait that is itself the thing under test.
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert_eq!(w.error("views.open", json!({ "trigger_id": trigger, "view": form() })).await, "expired_trigger_id");
}

#[tokio::test]
async fn a_submission_carries_state_and_closes() {
    let w = workspace().await;
    let id = opened(&w).await;
    let sent = w.bot.received().len();
    let values = [("Role", "Writer"), ("why", "incident 42")];
    assert_eq!(w.playground.submit(ALICE, &id, &values).await.unwrap(), Submission::Closed);
    let payload = w.bot.last().json();
    assert_eq!(w.bot.received().len(), sent + 1);
    assert_eq!(payload["type"], "view_submission");
    let view = &payload["view"];
    assert_eq!((&view["id"], &view["callback_id"]), (&json!(id), &json!("request")));
    assert_eq!(view["private_metadata"], "from C0001");
    let values = &view["state"]["values"];
    assert_eq!(values["role"]["role"]["selected_option"]["value"], "writer");
    assert_eq!(values["why"]["why"], json!({ "type": "plain_text_input", "value": "incident 42" }));
    assert_eq!(values["ticket"]["ticket"], json!({ "type": "external_select", "selected_option": null }));
    assert!(w.playground.open_view(ALICE).is_none());
    let failure = w.playground.submit(ALICE, &id, &[]).await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "{failure}");
}

#[tokio::test]
async fn the_client_checks_before_it_sends() {
    let w = workspace().await;
    let id = opened(&w).await;
    let sent = w.bot.received().len();
    let Submission::Errors(errors) = w.playground.submit(ALICE, &id, &[("why", "no")]).await.unwrap() else { panic!() };
    let expected = [("role", "Please complete this required field."), ("why", "Please enter at least 5 characters.")];
    assert_eq!(errors, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect::<BTreeMap<_, _>>());
    assert_eq!(w.bot.received().len(), sent, "nothing was sent");
    for wrong in [
        json!({ "role": { "role": { "type": "static_select", "selected_option": { "value": "root" } } } }),
        json!({ "why": { "why": { "type": "datepicker", "selected_date": "2026-01-01" } } }),
        json!({ "why": 7 }),
        json!("text"),
    ] {
        let failure = w.playground.submit_state(ALICE, &id, &wrong).await.unwrap_err();
        assert!(matches!(failure, Failure::NotPossible(_)), "{wrong}: {failure}");
    }
    let gone = json!({ "nowhere": { "x": { "type": "plain_text_input", "value": "x" } } });
    let errors = w.playground.submit_state(ALICE, &id, &gone).await.unwrap();
    assert!(matches!(errors, Submission::Errors(_)), "passed over: {errors:?}");
    let failure = w.playground.submit(ALICE, &id, &[("nowhere", "x")]).await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "{failure}");
    let failure = w.playground.submit(BOB, &id, &[]).await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "another's view: {failure}");
}

#[tokio::test]
async fn answers_to_a_submission() {
    let w = workspace().await;
    let id = opened(&w).await;
    let good = [("role", "reader"), ("why", "because I must")];
    w.bot.reply(Reply::json(&json!({ "response_action": "errors", "errors": { "why": "Say more" } })));
    let Submission::Errors(errors) = w.playground.submit(ALICE, &id, &good).await.unwrap() else { panic!() };
    assert_eq!(errors["why"], "Say more");
    for wrong in [
        json!({ "response_action": "errors", "errors": { "nowhere": "x" } }),
        json!({ "response_action": "errors", "errors": {} }),
        json!({ "response_action": "explode" }),
        json!({ "response_action": "update", "view": { "type": "modal" } }),
        json!({ "surprise": 1 }),
    ] {
        w.bot.reply(Reply::json(&wrong));
        let failure = w.playground.submit(ALICE, &id, &good).await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{wrong}: {failure}");
        assert!(w.playground.open_view(ALICE).is_some());
    }
    let mut second = form();
    second["title"] = plain("Again");
    w.bot.reply(Reply::json(&json!({ "response_action": "update", "view": second })));
    assert_eq!(w.playground.submit(ALICE, &id, &good).await.unwrap(), Submission::Updated);
    let view = w.playground.open_view(ALICE).unwrap();
    assert_eq!((view.id.as_str(), view.text("title")), (id.as_str(), "Again"));
    assert_eq!(view.state["why"]["why"]["value"], "because I must", "entries survive an update");
    w.bot.reply(Reply::json(&json!({ "response_action": "push", "view": form() })));
    assert_eq!(w.playground.submit(ALICE, &id, &good).await.unwrap(), Submission::Pushed);
    let top = w.playground.open_view(ALICE).unwrap();
    assert_eq!((top.previous_id.as_deref(), top.root_id.as_str()), (Some(id.as_str()), id.as_str()));
    assert_eq!(w.playground.submit(ALICE, &top.id, &good).await.unwrap(), Submission::Closed);
    assert_eq!(w.playground.open_view(ALICE).unwrap().id, id, "the one below shows again");
    w.bot.reply(Reply::json(&json!({ "response_action": "clear" })));
    assert_eq!(w.playground.submit(ALICE, &id, &good).await.unwrap(), Submission::Closed);
    assert!(w.playground.open_view(ALICE).is_none());
}

#[tokio::test]
async fn a_field_may_report_each_change() {
    let w = workspace().await;
    let id = opened(&w).await;
    w.playground.act_in_view(ALICE, &id, "role", Some("reader")).await.unwrap();
    let payload = w.bot.last().json();
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["container"], json!({ "type": "view", "view_id": id }));
    assert_eq!(payload["view"]["state"]["values"]["role"]["role"]["selected_option"]["value"], "reader");
    assert!(payload.get("response_url").is_none());
    let failure = w.playground.act_in_view(ALICE, &id, "why", Some("typing")).await.unwrap_err();
    assert!(matches!(failure, Failure::NotPossible(_)), "only with dispatch_action: {failure}");
    // From within a modal, views can be pushed, three in all.
    let push = json!({ "trigger_id": payload["trigger_id"], "view": form() });
    w.ok("views.push", push).await;
    let top = w.playground.open_view(ALICE).unwrap().id;
    w.playground.act_in_view(ALICE, &top, "role", Some("reader")).await.unwrap();
    w.ok("views.push", json!({ "trigger_id": w.bot.last().json()["trigger_id"], "view": form() })).await;
    let top = w.playground.open_view(ALICE).unwrap().id;
    w.playground.act_in_view(ALICE, &top, "role", Some("reader")).await.unwrap();
    let fourth = json!({ "trigger_id": w.bot.last().json()["trigger_id"], "view": form() });
    assert_eq!(w.error("views.push", fourth).await, "push_limit_reached");
}

#[tokio::test]
async fn updates_mind_the_hash() {
    let w = workspace().await;
    let id = opened(&w).await;
    let hash = w.playground.open_view(ALICE).unwrap().hash;
    w.playground.act_in_view(ALICE, &id, "role", Some("writer")).await.unwrap();
    let updated = w.ok("views.update", json!({ "view_id": id, "hash": hash, "view": form() })).await;
    assert_eq!(updated["view"]["state"]["values"]["role"]["role"]["selected_option"]["value"], "writer");
    assert_ne!(updated["view"]["hash"], json!(hash));
    let stale = json!({ "view_id": id, "hash": hash, "view": form() });
    assert_eq!(w.error("views.update", stale).await, "hash_conflict");
    assert_eq!(w.error("views.update", json!({ "view_id": "V9", "view": form() })).await, "not_found");
    let mut named = form();
    named["external_id"] = json!("mine");
    w.ok("views.update", json!({ "view_id": id, "view": named })).await;
    w.ok("views.update", json!({ "external_id": "mine", "view": form() })).await;
    let huge = json!({ "view_id": id, "view": { "type": "modal", "title": plain("x"),
        "blocks": (0..99).map(|_| json!({ "type": "section", "text": plain(&"x".repeat(3000)) })).collect::<Value>() } });
    assert_eq!(w.error("views.update", huge).await, "view_too_large");
}

#[tokio::test]
async fn external_selects_ask_the_bot() {
    let w = workspace().await;
    let id = opened(&w).await;
    w.bot.reply(Reply::json(&json!({ "options": [{ "text": plain("OPS-1"), "value": "OPS-1" }] })));
    let options = w.playground.suggestions(ALICE, &id, "ticket", "OP").await.unwrap();
    assert_eq!(options[0]["value"], "OPS-1");
    let payload = w.bot.last().json();
    assert_eq!((&payload["type"], &payload["value"]), (&json!("block_suggestion"), &json!("OP")));
    assert_eq!((&payload["block_id"], &payload["action_id"]), (&json!("ticket"), &json!("ticket")));
    w.bot.reply(Reply::json(&json!({ "options": [{ "text": "bare", "value": "OPS-1" }] })));
    let failure = w.playground.suggestions(ALICE, &id, "ticket", "OP").await.unwrap_err();
    assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure}");
}

#[tokio::test]
async fn closing_is_told_when_asked_for() {
    let w = workspace().await;
    let id = opened(&w).await;
    w.playground.close_view(ALICE, &id).await.unwrap();
    let payload = w.bot.last().json();
    assert_eq!((&payload["type"], &payload["is_cleared"]), (&json!("view_closed"), &json!(false)));
    assert_eq!(payload["view"]["id"], json!(id));
    assert!(w.playground.open_view(ALICE).is_none());
}

#[tokio::test]
async fn the_home_tab_is_published() {
    let w = workspace().await;
    w.playground.open_home(ALICE).await.unwrap();
    let event = w.bot.wait_for(1).await[0].json();
    assert_eq!((&event["event"]["type"], &event["event"]["tab"]), (&json!("app_home_opened"), &json!("home")));
    let home = json!({ "type": "home", "blocks": buttons() });
    w.ok("views.publish", json!({ "user_id": ALICE, "view": home })).await;
    let view = w.playground.home(ALICE).unwrap();
    w.playground.act_in_view(ALICE, &view.id, "approve", None).await.unwrap();
    assert_eq!(w.bot.last().json()["view"]["type"], "home");
    let stale = json!({ "user_id": ALICE, "view": home, "hash": "old" });
    assert_eq!(w.error("views.publish", stale).await, "hash_conflict");
    assert_eq!(w.error("views.publish", json!({ "user_id": "U9", "view": home })).await, "invalid_arguments");
}
