//! The stand-in and Microsoft's own client are the same to a bot: the same story over both, told by a bot of a few lines.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use jit_tests::servers::{APP_ID, APP_SECRET, CARD, Member, Scope, TENANT, Teams};

/// A bot that answers a message with a card, and a press with another card and an edit.
struct Bot {
    http: reqwest::Client,
    bearer: String,
    posted: Mutex<Vec<(String, String)>>,
}

fn card(text: &str) -> Value {
    let press = json!({ "type": "Action.Execute", "title": "Press", "verb": "press", "data": { "id": "A-1" } });
    json!({ "type": "AdaptiveCard", "version": "1.4", "body": [{ "type": "TextBlock", "text": text }], "actions": [press] })
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "attachments": [{ "contentType": CARD, "content": card(text) }] })
}

async fn hear(State(bot): State<Arc<Bot>>, headers: HeaderMap, Json(activity): Json<Value>) -> Response {
    if !headers.get("authorization").is_some_and(|it| it.to_str().is_ok_and(|it| it.matches('.').count() == 2)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let base = activity["serviceUrl"].as_str().expect("it says where");
    let conversation = activity["conversation"]["id"].as_str().expect("it is somewhere");
    let place = format!("{base}v3/conversations/{conversation}/activities");
    if activity["name"] == "adaptiveCard/action" {
        let id = activity["replyToId"].as_str().expect("of a message");
        assert_eq!(activity["value"]["action"]["data"]["id"], "A-1");
        let edited = bot.http.put(format!("{place}/{id}")).bearer_auth(&bot.bearer).json(&message("edited"));
        assert_eq!(edited.send().await.expect("Microsoft answers").status(), 200);
        let answer = json!({ "statusCode": 200, "type": CARD, "value": card("answered") });
        return Json(answer).into_response();
    }
    if activity["type"] == "message" {
        let text = activity["text"].as_str().expect("words");
        let posted = bot.http.post(&place).bearer_auth(&bot.bearer).json(&message(&format!("heard {text}")));
        let posted = posted.send().await.expect("Microsoft answers");
        assert_eq!(posted.status(), 201);
        let posted: Value = posted.json().await.expect("JSON");
        let id = posted["id"].as_str().expect("an id").to_owned();
        bot.posted.lock().expect("no panic").push((conversation.to_owned(), id));
    }
    StatusCode::OK.into_response()
}

async fn start() -> (Teams, Arc<Bot>, JoinSet<()>) {
    jit_bot::install_crypto();
    let people = ["alice", "bob", "sam", "olive", "carl", "erin"].into_iter().enumerate();
    let member = |(at, who): (usize, &str)| Member {
        who: who.to_owned(),
        name: who.to_owned(),
        object_id: format!("00000000-0000-4000-8000-00000000000{at}"),
    };
    let teams = Teams::start(people.map(member).collect(), Arc::new(chrono::Utc::now)).await;
    teams.open("#access", Scope::Channel);
    teams.open("#security", Scope::Channel);
    let http = reqwest::Client::new();
    let asked = [
        ("grant_type", "client_credentials"),
        ("client_id", APP_ID),
        ("client_secret", APP_SECRET),
        ("scope", "https://api.botframework.com/.default"),
    ];
    let form = serde_urlencoded::to_string(asked).expect("a form");
    let request = http.post(teams.login_url()).header("content-type", "application/x-www-form-urlencoded").body(form);
    let given: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let bearer = given["access_token"].as_str().expect("a bearer").to_owned();
    let bot = Arc::new(Bot { http, bearer, posted: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("bound"))).expect("a URL");
    let router = Router::new().route("/api/messages", post(hear)).with_state(Arc::clone(&bot));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.expect("the bot serves") });
    teams.set_bot(&url);
    (teams, bot, server)
}

#[rstest]
#[case("a:alice")]
#[case("19:access@thread.tacv2")]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_story_over_both(#[case] place: &str) {
    let (teams, _bot, _server) = start().await;
    // In memory.
    let said = teams.says("alice", place, "hello").await;
    assert!(said.contains("heard") && said.contains("hello") && said.contains("[Press]"), "{said}");
    teams.presses_in("alice", place, "Press").await;
    let edited = teams.channel_sees(place, "edited").await;
    assert_eq!(edited.edits, 1);
    // Through Microsoft's own client.
    let client = teams.real_client("alice", ["#security", "#access"]).await;
    client.types(place, "good morning").await;
    let seen = client.sees("heard").await;
    assert!(seen.contains("good morning"), "{seen}");
    let address = teams.messages(place).last().expect("there is one").address();
    let answer = client.presses(&address, "Press").await;
    assert_eq!(answer["value"]["body"][0]["text"], "answered");
    client.sees("edited").await;
    assert!(teams.transcript(place).contains("good morning"), "what its person types is known too");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_may_speak_first_where_the_app_is_and_with_a_bearer_alone() {
    let (teams, bot, _server) = start().await;
    let begin = |who: &str, bearer: &str| {
        let body = json!({
            "isGroup": false, "bot": { "id": format!("28:{APP_ID}") }, "members": [{ "id": who }], "tenantId": TENANT,
            "channelData": { "tenant": { "id": TENANT } },
        });
        let url = format!("{}v3/conversations", teams.service_url());
        let request = bot.http.post(url).bearer_auth(bearer).json(&body);
        async move {
            let answer = request.send().await.expect("Microsoft answers");
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
        }
    };
    let alice = "00000000-0000-4000-8000-000000000000";
    assert_eq!(begin(alice, "another").await.0, 401);
    assert_eq!(begin(alice, &bot.bearer).await, (201, json!({ "id": "a:alice" })));
    let client = teams.real_client("alice", ["#security", "#access"]).await;
    assert_eq!(begin(alice, &bot.bearer).await, (201, json!({ "id": "a:alice" })), "the client says the same");
    drop(client);
    teams.set_installed("bob", false);
    assert_eq!(begin("29:bob", &bot.bearer).await.0, 403);
    teams.revoke_bearers();
    assert_eq!(begin(alice, &bot.bearer).await.0, 401);
}
