//! What is said in Teams: posted once where it belongs, edited in place, through every kind of trouble at Microsoft; and what is said
//! on two platforms. Whoever acts does it at the dispatch here, as every door does.

use std::time::Duration;

use chrono::TimeDelta;
use jit_bot::conversations::Conversations;
use jit_bot::dispatch::ActError;
use jit_bot::verbs::personal;
use jit_chat::teams::reference::{Kind, Reference, References, ServiceUrl};
use jit_core::access::{Origin, Platform};
use jit_core::command::{Ask, Command};
use jit_core::event::Actor;
use jit_core::id::{AccessId, PersonId, ShortId};
use jit_core::refusal::Code;
use jit_core::span::Span;
use jit_playground::Fault::ServerError;
use jit_playground::Misbehaviour;
use jit_tests::servers::{APP_ID, Fault, Message, TENANT, Teams};
use jit_tests::site::teams_channel;
use jit_tests::world::{Backend, On, World};
use rstest::rstest;
use uuid::Uuid;

/// The app was installed in the team of the channels: from then on the service's address is known.
async fn installed(world: &World) {
    let team = Reference {
        service_url: ServiceUrl::parse(&world.teams().service_url()).expect("an address"),
        conversation: teams_channel("#access"),
        tenant: TENANT.to_owned(),
        kind: Kind::Channel,
        person: None,
        bot: format!("28:{APP_ID}"),
    };
    Conversations(world.app.dispatch.store.clone()).learn(&team).await.expect("a database");
}

fn actor(who: &str, via: Platform) -> Actor {
    Actor::Person { id: PersonId::new(who), via }
}

/// Asks for a role for half an hour.
async fn asks(world: &World, who: &str, role: &str, on: Platform) -> AccessId {
    let ask = Ask {
        id: AccessId(Uuid::now_v7()),
        short: ShortId::from_random(rand::random()),
        requester: PersonId::new(who),
        beneficiary: PersonId::new(who),
        role: role.into(),
        more: Vec::new(),
        duration: Span::minutes(30),
        justification: personal("orders are stuck since noon"),
        ticket: None,
        starts_at: None,
        origin: Origin { platform: on, channel: None },
        extends: None,
        emergency: false,
        drill: false,
    };
    let id = ask.id;
    world.app.dispatch.request(ask, &actor(who, on), None).await.expect("policy allows it");
    id
}

async fn approves(world: &World, who: &str, access: AccessId, via: Platform) -> Result<(), ActError> {
    let command = Command::Approve { by: PersonId::new(who), at_most: None };
    world.app.dispatch.act(access, command, &actor(who, via), None).await.map(drop)
}

/// The messages of the bot in a place that say something.
fn saying(teams: &Teams, place: &str, words: &str) -> Vec<Message> {
    let says = |message: &Message| message.from.is_none() && message.readable().to_lowercase().contains(words);
    teams.messages(place).into_iter().filter(says).collect()
}

/// How often an activity was posted to a conversation, in vain or not.
fn posts(teams: &Teams, conversation: &str) -> usize {
    let of = format!("v3/conversations/{conversation}/activities");
    teams.traffic().iter().filter(|it| !it.to_bot && it.method == "POST" && it.path == of).count()
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn a_life_told_in_teams_alone(#[case] backend: Backend) {
    let world = World::in_teams(backend).await;
    installed(&world).await;
    let teams = world.teams();
    let access = asks(&world, "alice", "orders-write", Platform::Teams).await;
    teams.sees("alice", "orders database, write").await;
    let card = teams.sees("bob", "alice ames").await;
    assert!(!card.buttons().is_empty(), "{}", card.readable());
    approves(&world, "bob", access, Platform::Teams).await.unwrap();
    teams.channel_sees("#access", "alice ames").await;
    world.idle().await;
    let card = teams.messages("bob").into_iter().find(|message| message.id == card.id).unwrap();
    assert!(card.edits > 0 && !card.buttons().contains(&"Approve".to_owned()), "{}", card.readable());
    world.passes(TimeDelta::minutes(31)).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    let announced = teams.messages("#access");
    let [grant, rest @ ..] = announced.as_slice() else { panic!("nothing was announced") };
    assert!(grant.edits > 0 && !rest.is_empty(), "{}", teams.transcript("#access"));
    assert!(rest.iter().all(|line| line.root == Some(grant.id.clone())), "the story is in the grant's thread");
    let refused = teams.traffic().iter().filter(|it| it.status == 401).count();
    assert!(teams.asked().bearers <= 1 + refused, "a bearer serves until it is refused");
    let known = world.app.dispatch.store.conversation_with("8c0e4a7e-0000-4000-8000-000000000000").await.unwrap();
    assert_eq!(known.map(|known| known.id), Some("a:alice".to_owned()), "made once, and kept");
    world.end().await;
}

#[rstest]
#[case(Fault::Status(429, Some(2)))]
#[case(Fault::Status(412, None))]
#[case(Fault::Status(502, None))]
#[case(Fault::Status(504, None))]
#[case(Fault::Status(500, Some(1)))]
#[case(Fault::Dropped { applied: false })]
#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_costs_no_notice_and_brings_no_second_one(#[case] fault: Fault) {
    let world = World::in_teams(Backend::Embedded).await;
    installed(&world).await;
    let teams = world.teams();
    teams.misbehave("POST v3/conversations/a:alice/activities", fault, Some(2));
    asks(&world, "alice", "orders-write", Platform::Teams).await;
    world.passes(TimeDelta::minutes(1)).await;
    let told = saying(teams, "alice", "orders database, write");
    assert_eq!(told.len(), 1, "{}", teams.transcript("alice"));
    assert_eq!(posts(teams, "a:alice"), 3, "twice in vain");
    assert_eq!(world.app.dispatch.store.counts().await.unwrap().outbox_pending, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_may_cost_a_second_message_of_which_the_last_is_kept_true() {
    let world = World::in_teams(Backend::Embedded).await;
    installed(&world).await;
    let teams = world.teams();
    teams.misbehave("POST v3/conversations/a:bob/activities", Fault::Dropped { applied: true }, Some(1));
    let access = asks(&world, "alice", "orders-write", Platform::Teams).await;
    world.passes(TimeDelta::seconds(30)).await;
    let copies = saying(teams, "bob", "alice ames");
    assert_eq!(copies.len(), 2, "{}", teams.transcript("bob"));
    approves(&world, "erin", access, Platform::Teams).await.unwrap();
    world.idle().await;
    let copies = saying(teams, "bob", "alice ames");
    assert!(copies[1].edits > 0 && !copies[1].buttons().contains(&"Approve".to_owned()), "{}", copies[1].readable());
    let again = approves(&world, "bob", access, Platform::Teams).await;
    assert!(matches!(again, Err(ActError::Refused(_))), "the first one's buttons give nothing: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_that_is_refused_is_replaced_once() {
    let world = World::in_teams(Backend::Embedded).await;
    installed(&world).await;
    let teams = world.teams();
    asks(&world, "alice", "orders-write", Platform::Teams).await;
    teams.sees("alice", "orders database, write").await;
    world.idle().await;
    assert_eq!(teams.asked().bearers, 1, "several at once wait for the same one");
    teams.revoke_bearers();
    asks(&world, "olive", "orders-write", Platform::Teams).await;
    teams.sees("olive", "orders database, write").await;
    world.idle().await;
    assert_eq!(teams.asked().bearers, 2);
    assert!(!teams.transcript("olive").contains("hunter2"));
    let parked = world.app.dispatch.store.parked(9).await.unwrap();
    assert!(parked.is_empty(), "{parked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_notices_wait_and_no_secret_is_told() {
    let world = World::in_teams(Backend::Embedded).await;
    installed(&world).await;
    let teams = world.teams();
    teams.misbehave("/token", Fault::Status(503, None), None);
    asks(&world, "alice", "orders-write", Platform::Teams).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(teams.messages("alice").is_empty() && world.app.dispatch.store.parked(9).await.unwrap().is_empty());
    teams.behave();
    // A failure is believed for a moment.
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.passes(TimeDelta::minutes(6)).await;
    assert_eq!(saying(teams, "alice", "orders database, write").len(), 1, "{}", teams.transcript("alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_not_installed_the_app_is_told_in_the_fallback_channel_once() {
    let world = World::in_teams(Backend::Embedded).await;
    installed(&world).await;
    let teams = world.teams();
    teams.set_installed("bob", false);
    let access = asks(&world, "alice", "orders-write", Platform::Teams).await;
    let told = teams.channel_sees("#help", "waits for your decision").await;
    let card = told.card().unwrap();
    assert!(told.readable().contains("<at>Bob Baker</at>"), "{}", told.readable());
    let entities = card["msteams"]["entities"].as_array().unwrap();
    let bob = "8c0e4a7e-0000-4000-8000-000000000001";
    assert!(entities.iter().any(|entity| entity["mentioned"]["id"] == bob), "{entities:?}");
    // Others read it too: who asks, for what and why is none of their business.
    for private in ["Alice", "Orders", "orders-write", "stuck"] {
        assert!(!told.activity.to_string().contains(private), "{private}: {}", told.activity);
    }
    assert_eq!(told.buttons(), ["Show"]);
    teams.press_on("carl", &told.id, "Show").await;
    let shown = teams.form("carl").await.readable();
    assert!(shown.contains("that you may see") && !shown.contains("Alice") && !shown.contains("stuck"), "{shown}");
    teams.press_on("bob", &told.id, "Show").await;
    let shown = teams.form("bob").await.readable();
    assert!(shown.contains("Alice Ames") && shown.contains("orders are stuck"), "{shown}");
    teams.submits_by("bob", Some("Approve"), &[]).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    assert!(matches!(approves(&world, "erin", access, Platform::Teams).await, Err(ActError::Refused(_))), "decided");
    let told = teams.messages("#help");
    assert_eq!(told.len(), 1, "once: {}", teams.transcript("#help"));
    let now = told[0].readable();
    assert!(told[0].edits > 0 && now.contains("<at>Bob Baker</at>") && now.contains("no decision any more"), "{now}");
    teams.set_installed("bob", true);
    asks(&world, "olive", "orders-write", Platform::Teams).await;
    teams.sees("bob", "olive okoye").await;
    assert_eq!(teams.messages("#help").len(), 1, "what is new is told in person");
    // Uninstalled without our hearing of it: what is known of the conversation is of no use any more.
    teams.set_installed("bob", false);
    world.passes(TimeDelta::minutes(16)).await;
    assert_eq!(teams.messages("#help").len(), 2, "the reminder: {}", teams.transcript("#help"));
    assert!(world.app.dispatch.store.parked(9).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_app_is_installed_anywhere_notices_wait() {
    let world = World::in_teams(Backend::Embedded).await;
    asks(&world, "alice", "orders-write", Platform::Teams).await;
    world.passes(TimeDelta::minutes(2)).await;
    assert!(world.app.dispatch.store.counts().await.unwrap().outbox_pending > 0);
    installed(&world).await;
    world.passes(TimeDelta::minutes(6)).await;
    assert_eq!(saying(world.teams(), "alice", "orders database, write").len(), 1);
    assert_eq!(world.app.dispatch.store.counts().await.unwrap().outbox_pending, 0);
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_on_one_platform_and_channels_on_both(#[case] backend: Backend) {
    let world = World::in_both(backend, &[("alice", On::Both), ("bob", On::Teams), ("erin", On::Both)]).await;
    installed(&world).await;
    let teams = world.teams();
    let access = asks(&world, "alice", "orders-write", Platform::Teams).await;
    teams.sees("alice", "orders database, write").await;
    teams.sees("bob", "alice ames").await;
    world.sees("erin", "Alice Ames").await;
    // In Slack, by somebody who is in both: the same person.
    approves(&world, "erin", access, Platform::Slack).await.unwrap();
    teams.channel_sees("#access", "alice ames").await;
    world.channel_sees("#access", "Alice Ames").await;
    world.passes(TimeDelta::minutes(31)).await;
    assert_eq!(world.conversation("alice"), "", "where she asked, and nowhere else");
    assert!(teams.messages("erin").is_empty(), "{}", teams.transcript("erin"));
    let card = saying(teams, "bob", "alice ames");
    assert!(card.len() == 1 && card[0].edits > 0, "the card in Teams tells what was decided in Slack");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_follows_whoever_is_found_elsewhere_by_then() {
    let world = World::in_both(Backend::Embedded, &[("alice", On::Teams)]).await;
    installed(&world).await;
    world.chat.misbehave(Misbehaviour { method: "chat.*".to_owned(), fault: ServerError, times: None });
    asks(&world, "alice", "orders-write", Platform::Teams).await;
    world.teams().sees("alice", "orders database, write").await;
    let in_teams = "teams = \"8c0e4a7e-0000-4000-8000-000000000001\"";
    world.edit("people.toml", "slack = \"U0002\"", in_teams).await;
    world.passes(TimeDelta::minutes(6)).await;
    assert_eq!(saying(world.teams(), "bob", "alice ames").len(), 1, "{}", world.teams().transcript("bob"));
    world.chat.behave();
    world.passes(TimeDelta::minutes(6)).await;
    assert_eq!(world.conversation("bob"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_on_one_platform_what_they_asked_for_on_the_other() {
    let world = World::in_both(Backend::Embedded, &[("bob", On::Both)]).await;
    installed(&world).await;
    let access = asks(&world, "bob", "orders-write", Platform::Slack).await;
    let directory = world.app.dispatch.in_force.get();
    let in_teams = directory.directory.by_teams("8C0E4A7E-0000-4000-8000-000000000001").unwrap();
    let own = approves(&world, in_teams.id.as_str(), access, Platform::Teams).await;
    let Err(ActError::Refused(refusal)) = own else { panic!("{own:?}") };
    assert_eq!(refusal.code, Code::OwnRequest, "{refusal}");
    world.idle().await;
    assert!(!world.holds("orders-db", "bob", "app_write"));
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_being_down_holds_back_neither_slack_nor_an_end() {
    let world = World::in_both(Backend::Embedded, &[("bob", On::Teams)]).await;
    installed(&world).await;
    let teams = world.teams();
    let access = asks(&world, "alice", "orders-write", Platform::Slack).await;
    teams.sees("bob", "alice ames").await;
    approves(&world, "bob", access, Platform::Teams).await.unwrap();
    world.sees("alice", "live:").await;
    world.idle().await;
    teams.misbehave("v3/", Fault::Status(503, None), None);
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "the end waits for nobody");
    world.sees("alice", "Ended, verified gone").await;
    world.channel_sees("#access", "Ended, verified gone").await;
    assert!(!teams.saw("#access", "verified gone"));
    teams.behave();
    world.passes(TimeDelta::minutes(11)).await;
    assert!(teams.saw("#access", "verified gone"), "{}", teams.transcript("#access"));
    let grants = saying(teams, "#access", "orders database, write");
    assert!(!grants.is_empty(), "{}", teams.transcript("#access"));
    world.end().await;
}
