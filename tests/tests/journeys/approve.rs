//! Approving: one, two in order, for less time, denied; never one's own; the loser of a race hears who decided.

use chrono::TimeDelta;
use jit_playground::Submission;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const WRITE: &str = "/jit request orders-write for 1h because the export is broken since noon";
const ADMIN: &str = "/jit request orders-admin for 1h because the schema must be repaired now";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_two_steps(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#inc-42", ADMIN).await;
    world.sees("bob", "schema must be repaired").await;
    assert!(!world.saw("sam", "schema"), "security is asked in the second step");
    world.presses("bob", "Approve").await;
    world.sees("sam", "Orders database, administrator").await;
    assert!(!world.holds("orders-db", "alice", "app_admin"), "one of two is not enough");
    world.presses("sam", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"));
    let bobs = world.sees("bob", "Sam Sato").await;
    assert!(bobs.edited.is_some(), "the first approver's card says how it went on");
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!world.holds("orders-db", "alice", "app_admin"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn two_clicks_at_once_have_one_outcome(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    let (bob_channel, bob_ts) = world.button("bob", "Approve").await;
    let (erin_channel, erin_ts) = world.button("erin", "Approve").await;
    tokio::join!(
        world.press_on("bob", &bob_channel, &bob_ts, "Approve"),
        world.press_on("erin", &erin_channel, &erin_ts, "Approve"),
    );
    world.idle().await;
    let access = world.app.dispatch.store.all_open().await.expect("open").remove(0);
    assert_eq!(access.votes.len(), 1, "one vote was needed, one was counted");
    let (winner, loser) =
        if access.votes[0].by.as_str() == "bob" { ("Bob Baker", "erin") } else { ("Erin Engel", "bob") };
    world.is_told(loser, "dm", winner).await;
    world.presses("alice", "I'm done").await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn approved_for_less_time(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.presses("bob", "Approve for less time…").await;
    let mistyped = world.submits("bob", &[("duration", "15m"), ("other-duration", "10h")]).await;
    assert!(matches!(&mistyped, Submission::Errors(errors) if errors.contains_key("other-duration")), "{mistyped:?}");
    world.submits("bob", &[("duration", "15m"), ("other-duration", "")]).await;
    world.sees("alice", "live:").await;
    world.passes(TimeDelta::minutes(16)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "what was approved counts, not what was asked");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn denied_with_a_reason_and_every_copy_says_so(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", WRITE).await;
    world.sees("erin", "export is broken").await;
    world.presses("bob", "Deny…").await;
    world.submits("bob", &[("reason", "please use the read replica")]).await;
    world.sees("alice", "please use the read replica").await;
    world.sees("erin", "enied").await;
    assert!(!world.conversation("erin").contains("[Approve]"), "{}", world.conversation("erin"));
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_on_their_own_and_the_disabled_decide_nothing(#[case] backend: Backend) {
    let world = World::start(backend).await;
    // Bob asks for what bob owns the approval of: erin, his manager, is asked and he is not.
    world.says("bob", "#access", WRITE).await;
    world.sees("erin", "export is broken").await;
    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    let answer = world.says("bob", "#access", &format!("/jit approve {short}")).await;
    assert!(answer.contains("own request"), "{answer}");
    assert!(!world.conversation("bob").contains("[Approve]"));
    // Erin is disabled between the card and the click; olive takes over what she owned, so that the policy stays sound.
    let (channel, ts) = world.button("erin", "Approve").await;
    let people = std::fs::read_to_string(world.file("people.toml")).expect("people");
    let people = people
        .replace("manager = \"erin\"", "manager = \"olive\"")
        .replace("manager = \"bob\"\ngroups = [\"engineering\", \"sre\"]", "groups = [\"sre\"]");
    std::fs::write(world.file("people.toml"), people).expect("written");
    let roles = std::fs::read_to_string(world.file("policy/roles.toml"))
        .expect("roles")
        .replace("owner = \"erin\"", "owner = \"olive\"");
    std::fs::write(world.file("policy/roles.toml"), roles).expect("written");
    world.edit("people.toml", "groups = [\"managers\", \"owners\"]", "groups = [\"managers\"]\nactive = false").await;
    world.press_on("erin", &channel, &ts, "Approve").await;
    world.is_told("erin", "dm", "disabled").await;
    assert!(!world.holds("orders-db", "bob", "app_write"));
    world.presses("bob", "Cancel request").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn silence_reminds_escalates_and_times_out(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", ADMIN).await;
    world.sees("bob", "schema must be repaired").await;
    world.passes(TimeDelta::minutes(16)).await;
    world.sees("bob", "still waits for you").await;
    assert!(!world.saw("erin", "Orders database"));
    world.passes(TimeDelta::minutes(15)).await;
    world.sees("erin", "Orders database, administrator").await;
    world.sees("alice", "Erin Engel").await;
    world.passes(TimeDelta::hours(8)).await;
    world.sees("alice", "imed out").await;
    assert!(!world.conversation("bob").contains("[Approve]"), "{}", world.conversation("bob"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_passed_over_and_a_new_manager_takes_over(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let medium =
        "match = { risk = \"medium\" }\nwho = [\"group:engineering\"]\nsteps = [{ any = [\"manager\", \"owner\"";
    world.edit("policy/rules.toml", medium, &format!("{medium}, \"carl\"")).await;
    world.edit("people.toml", "slack = \"U0005\"\n", "").await;
    world.says("alice", "#access", WRITE).await;
    let card = world.sees("alice", "Waiting for approval: Orders database, write").await;
    let card = card.readable();
    assert!(card.contains("Not asked: Carl Cole (no chat account in the directory)"), "{card}");
    world.presses("alice", "Cancel request").await;

    world.says("alice", "#access", ADMIN).await;
    world.sees("bob", "schema must be repaired").await;
    assert!(!world.saw("erin", "schema must be repaired"));
    world.edit("people.toml", "manager = \"bob\"", "manager = \"erin\"").await;
    world.sees("erin", "schema must be repaired").await;
    let card = world.sees("alice", "Bob Baker (not asked any more)").await.readable();
    assert!(card.contains("Not asked: Bob Baker (not asked any more)"), "{card}");
    world.presses("bob", "Approve").await;
    world.is_told("bob", "dm", "not among those who can decide").await;
    world.presses("erin", "Approve").await;
    world.presses("sam", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"));
    world.presses("alice", "I'm done").await;
    world.idle().await;
    world.end().await;
}
