//! Bad input at Teams' door: tokens of every wrong kind, another tenant, strangers, forged buttons, sizes, nonsense. Nothing comes of it.

use std::collections::BTreeMap;

use jit_tests::servers::{Key, Token};
use jit_tests::world::{Backend, World};
use rstest::rstest;
use serde_json::{Value, json};

const READ: &str = "request orders-read for 15m because checking the order totals";
const WRITE: &str = "request orders-write for 1h because the export is broken since noon";

fn bearer(token: &Token) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {}", token.text()))]
}

async fn nothing_came_of_it(world: &World) {
    let counts = world.app.dispatch.store.counts().await.expect("counts");
    assert!(counts.accesses.is_empty(), "nothing came of any of these: {counts:?}");
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn the_door_is_shut_to_whoever_is_not_microsoft(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let good = teams.message("alice", "alice", READ);
    let now = world.clock.now().timestamp();
    let right = teams.token();
    let wrong: BTreeMap<&str, Token> = BTreeMap::from([
        ("not signed", right.clone().header("alg", json!("none"))),
        ("the public key as a secret", right.clone().header("alg", json!("HS256"))),
        ("another padding", right.clone().header("alg", json!("PS256"))),
        ("signed by somebody else", right.clone().signed_by(Key::FORGED)),
        ("an unknown key", right.clone().header("kid", json!("elsewhere"))),
        ("no key named", right.clone().header("kid", Value::Null)),
        ("another issuer", right.clone().claim("iss", json!("https://sts.windows.net/evil/"))),
        ("no issuer", right.clone().claim("iss", Value::Null)),
        ("another audience", right.clone().claim("aud", json!("another-app"))),
        ("a list of audiences", right.clone().claim("aud", json!([jit_tests::servers::APP_ID]))),
        ("no audience", right.clone().claim("aud", Value::Null)),
        ("over", right.clone().claim("exp", json!(now - 301))),
        ("without an end", right.clone().claim("exp", Value::Null)),
        ("not begun", right.clone().claim("nbf", json!(now + 301))),
        ("another service", right.clone().claim("serviceurl", json!("https://smba.trafficmanager.net/emea/"))),
        ("no service", right.clone().claim("serviceurl", Value::Null)),
    ]);
    for (why, token) in wrong {
        assert_eq!(teams.send_with(&good, &bearer(&token)).await.0, 401, "{why}");
    }
    let mut moved = good.clone();
    moved["serviceUrl"] = json!("http://127.0.0.1:9/connector/");
    assert_eq!(teams.send_with(&moved, &bearer(&right)).await.0, 401, "the token speaks for another address");
    let mut web = good.clone();
    web["channelId"] = json!("webchat");
    assert_eq!(teams.send_with(&web, &bearer(&right)).await.0, 401, "the key may not speak for that channel");
    for headers in [
        vec![],
        vec![("authorization", "Basic YWxpY2U6".to_owned())],
        vec![("authorization", "Bearer ".to_owned())],
        vec![("authorization", format!("Bearer {}", "x".repeat(100_000)))],
        // As Microsoft's own test client says who it is, without a token.
        vec![("x-ms-agents-playground", "true".to_owned())],
    ] {
        let (status, _) = teams.send_with(&good, &headers).await;
        assert!(status == 401 || status == 431, "{headers:?}: {status}");
    }
    nothing_came_of_it(&world).await;
    for alg in ["RS384", "RS512"] {
        let token = right.clone().header("alg", json!(alg));
        let asked = teams.message("alice", "alice", "mine");
        assert_eq!(teams.send_with(&asked, &bearer(&token)).await.0 / 100, 2, "{alg} is one of Microsoft's");
    }
    let early = right.clone().claim("nbf", json!(now + 290)).claim("exp", json!(now - 290));
    assert_eq!(teams.send_with(&good, &bearer(&early)).await.0 / 100, 2, "clocks may differ by five minutes");
    teams.sees("alice", "live:").await;
    teams.presses("alice", "I'm done").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn other_tenants_strangers_and_nonsense(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    let token = bearer(&teams.token());
    let good = teams.message("alice", "alice", READ);
    let of = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    for (why, activity) in [
        ("a channel of another tenant", of(&|it| it["channelData"]["tenant"]["id"] = json!("another"))),
        ("a conversation of another tenant", of(&|it| it["conversation"]["tenantId"] = json!("another"))),
        ("a guest", of(&|it| it["from"]["tenantId"] = json!("another"))),
        ("nobody's", of(&|it| it["from"]["aadObjectId"] = Value::Null)),
    ] {
        assert_eq!(teams.send_with(&activity, &token).await.0, 403, "{why}");
    }
    let bytes = |body: &[u8]| body.to_vec();
    assert_eq!(teams.send_bytes(bytes(b"{"), &token).await.0, 400);
    assert_eq!(teams.send_bytes(vec![b'x'; 1_048_577], &token).await.0, 413);
    assert_eq!(teams.send_bytes(vec![b'['; 100_000], &token).await.0, 400, "however deep");
    for name in ["signin/verifyState", "fileConsent/invoke", "config/fetch", ""] {
        let mut invoke = teams.activity("alice", "alice");
        invoke["type"] = json!("invoke");
        invoke["name"] = json!(name);
        let (status, _) = teams.send_with(&invoke, &token).await;
        assert!(status < 500, "{name}: {status}");
    }
    nothing_came_of_it(&world).await;

    // Whoever is not in the directory is told their own id, and that is all.
    world.edit("people.toml", "teams = \"8c0e4a7e-0000-4000-8000-000000000004\"\n", "").await;
    let told = teams.says("carl", "carl", "mine").await;
    assert!(told.contains("not in the directory") && told.contains("8c0e4a7e-0000-4000-8000-000000000004"), "{told}");
    // A display name proves nothing.
    let mut pretends = teams.message("carl", "carl", READ);
    pretends["from"]["name"] = json!("Alice Ames");
    teams.send_with(&pretends, &token).await;
    nothing_came_of_it(&world).await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_button_is_judged_like_every_other(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.types("alice", "alice", WRITE).await;
    let card = teams.sees("bob", "export is broken").await;
    let access = world.app.dispatch.store.all_open().await.expect("open")[0].id.to_string();
    for who in ["alice", "carl", "olive"] {
        // Her own request she may take back, by either word.
        let own = if who == "alice" { "" } else { "done" };
        for verb in ["approve", "claim", own, "cancel-all", "approve-shorter"] {
            let action = json!({ "type": "Action.Execute", "verb": verb, "data": { "access": access } });
            let (status, answer) = teams.execute(who, &card, action, "manual").await;
            assert!(status < 500, "{who} {verb}: {answer}");
        }
        let mut deny = teams.activity(who, who);
        let form = json!({ "form": "deny", "meta": { "access": access }, "reason": "I do not like it at all" });
        deny["type"] = json!("invoke");
        deny["name"] = json!("task/submit");
        deny["value"] = json!({ "data": form });
        teams.send(&deny).await;
    }
    world.idle().await;
    let open = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(open.state_name(), "pending", "none of it counted");
    assert!(open.votes.is_empty());
    for told in teams.whispers("carl") {
        assert!(!told.contains("Alice Ames"), "who asks for what is nothing for others: {told}");
    }
    teams.presses("alice", "Cancel request").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn keys_change_and_may_be_out_of_reach(#[case] backend: Backend) {
    let world = World::in_teams(backend).await.with_app().await;
    let teams = world.teams();
    teams.says("alice", "alice", "mine").await;
    let asked = teams.asked().keys;
    for _ in 0..5 {
        let unknown = bearer(&teams.token().header("kid", json!("made-up")));
        assert_eq!(teams.send_with(&teams.message("alice", "alice", "mine"), &unknown).await.0, 401);
    }
    assert!(teams.asked().keys <= asked + 1, "whoever makes up keys makes nobody fetch");
    // A new key is fetched when it is first seen, an hour after the last time at the latest.
    teams.rotate();
    world.passes(chrono::TimeDelta::minutes(61)).await;
    let answer = teams.says("alice", "alice", "help").await;
    assert!(answer.contains("request"), "{answer}");
    // While Microsoft's keys are out of reach the known ones go on; an unknown one lets nobody in.
    teams.keys_are(503, "down");
    world.passes(chrono::TimeDelta::hours(13)).await;
    teams.says("alice", "alice", "mine").await;
    teams.rotate();
    world.passes(chrono::TimeDelta::hours(2)).await;
    let (status, _) = teams.send(&teams.message("alice", "alice", "mine")).await;
    assert_eq!(status, 401);
    teams.keys_are(200, "<html>");
    world.passes(chrono::TimeDelta::hours(2)).await;
    assert_eq!(teams.send(&teams.message("alice", "alice", "mine")).await.0, 401);
    teams.behave();
    world.passes(chrono::TimeDelta::hours(2)).await;
    teams.says("alice", "alice", "mine").await;
    teams.endorse(&["webchat"]);
    world.passes(chrono::TimeDelta::hours(25)).await;
    assert_eq!(teams.send(&teams.message("alice", "alice", "mine")).await.0, 401, "a key that is not for Teams");
    world.end().await;
}
