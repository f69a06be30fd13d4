//! Rehearsals: an emergency drill and a role that is only tried out go their whole way, say so everywhere, and no target hears of them.

use chrono::TimeDelta;
use jit_connectors::fake::{Call, Fault};
use jit_playground::Submission;
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

const SECURITY: &str = "C0002";

/// Starts a drill, or takes the real thing, by the form.
async fn takes(world: &World, who: &str, flag: &str, reason: &str) {
    world.says(who, "#access", &format!("/jit emergency {flag} orders-admin for 30m because {reason}")).await;
    let patience = std::time::Duration::from_secs(5);
    let view = world.chat.wait_for(|chat| chat.open_view(slack(who)), patience).await.expect("the form opens");
    let text = serde_json::Value::from(view.blocks().to_vec()).to_string();
    assert_eq!(text.contains("This is a drill: you get no access"), flag == "--drill", "{text}");
    assert_eq!(text.contains("You get access at once"), flag != "--drill", "{text}");
    let sent = world.submits(who, &[("role", "orders-admin"), ("duration", "30m"), ("reason", reason)]).await;
    assert_eq!(sent, Submission::Closed);
    world.idle().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_drill_goes_all_the_way_but_to_the_target(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let target = &world.targets["orders-db"];
    for call in [Call::Grant, Call::Revoke, Call::EndSessions, Call::Inspect] {
        target.fail_always(call, Fault::Permanent("nobody may call this".to_owned()));
    }
    takes(&world, "alice", "--drill", "we practise the loss of the approvers").await;
    world.sees("alice", "Drill: You would hold Orders database, administrator").await;
    let announced = world.channel_sees("#access", "Drill: Alice Ames would hold").await;
    assert!(announced.readable().contains("Drill: nothing is changed in orders-db"), "{}", announced.readable());
    let card = world.channel_sees("#security", "Drill: Emergency bypass: Alice Ames took").await;
    assert!(world.says("alice", "#access", "/jit mine").await.contains("drill: nothing is given"));
    assert!(world.says("sam", "#access", "/jit pending").await.contains("drill: nothing is given"));
    assert!(world.says("sam", "#access", "/jit who orders-admin").await.contains("drill: nothing is given"));

    world.passes(TimeDelta::hours(25)).await;
    world.channel_sees("#security", "Drill: Review overdue").await;
    world.sees("alice", "Ended, nothing was changed").await;
    assert_eq!(target.calls().len(), 0, "the target was called for a drill");

    target.heal();
    takes(&world, "alice", "", "checkout is down, the order locks must be cleared").await;
    assert!(world.holds("orders-db", "alice", "app_admin"), "the overdue drill keeps nobody from it");
    world.press_on("sam", SECURITY, &card.ts, "Justified…").await;
    world.submits("sam", &[("reason", "all cards came within a minute")]).await;
    world.sees("alice", "Drill: Reviewed as justified").await;
    let real = world.channel_sees("#security", "order locks must be cleared").await;
    assert!(!real.readable().contains("Drill"), "{}", real.readable());
    world.press_on("sam", SECURITY, &real.ts, "Misuse…").await;
    world.submits("sam", &[("reason", "the locks were fine")]).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_tried_out_before_it_is_given(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.edit("policy/roles.toml", "name = \"orders-write\"", "name = \"orders-write\"\npilot = true").await;
    let why = world.says("alice", "#access", "/jit why orders-write").await;
    assert!(why.contains("only tried out"), "{why}");
    let ask = "/jit request orders-write for 1h because the export is broken since noon";
    world.says("alice", "#access", ask).await;
    let asked = world.sees("bob", "Pilot: Alice Ames asks for").await;
    assert!(asked.readable().contains("Pilot: nothing is changed in orders-db"), "{}", asked.readable());
    world.presses("bob", "Approve").await;
    world.sees("alice", "Pilot: You would hold Orders database, write").await;
    world.channel_sees("#access", "Pilot: Alice Ames would hold").await;

    // From here on it is given; what was asked before stays what it was, and keeps nothing back.
    world.edit("policy/roles.toml", "pilot = true", "pilot = false").await;
    world.idle().await;
    assert_eq!(world.targets["orders-db"].calls().len(), 0, "the target was called for a pilot");
    world.says("alice", "#access", &ask.replace("noon", "midnight")).await;
    let asked = world.sees("bob", "since midnight").await;
    assert!(!asked.readable().contains("Pilot"), "{}", asked.readable());
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "Pilot: Ended, nothing was changed").await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}
