//! Several roles in one request: asked in a line and in the form, agreed to and refused together, given and ended each by itself.

use std::time::Duration;

use chrono::TimeDelta;
use jit_connectors::fake::{Call, Fault};
use jit_core::access::Access;
use jit_core::id::PersonId;
use jit_playground::Submission;
use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

/// Bob, alice's manager, may agree to both.
const TWO: &str = "/jit request orders-write, leased-read for 1h because the nightly export must be repaired";
/// Bob, then somebody of security.
const THREE: &str =
    "/jit request leased-read, orders-admin and orders-fix for 1h because the schema must be repaired now";

async fn open(world: &World) -> Vec<Access> {
    world.app.dispatch.store.all_open().await.expect("open")
}

fn of<'a>(accesses: &'a [Access], role: &str) -> &'a Access {
    accesses.iter().find(|access| access.request.role.as_str() == role).expect("it was asked for")
}

/// How many messages of a person's conversation say something.
fn messages(world: &World, who: &str, text: &str) -> usize {
    let conversation = world.chat.dm(slack(who)).map(|dm| world.chat.transcript(&dm)).unwrap_or_default();
    conversation.iter().filter(|message| message.readable().contains(text)).count()
}

/// Everything of alice's, newest first.
async fn all(world: &World) -> Vec<Access> {
    world.app.dispatch.store.by_person(&PersonId::from("alice"), false, 20).await.expect("hers")
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn one_card_one_decision_and_all_is_given(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let asked = world.says("alice", "#access", THREE).await;
    assert!(asked.contains("Orders database, administrator and 2 more roles"), "{asked}");
    let card = world.sees("bob", "schema must be repaired").await;
    let text = world.conversation("bob");
    for title in ["A system that expires access by itself", "Orders database, administrator", "Orders database, repair"]
    {
        assert!(text.contains(title), "{title}: {text}");
    }
    assert_eq!(messages(&world, "bob", "[Approve]"), 1, "one card: {text}");
    assert!(!world.saw("sam", "schema"), "security is asked in the second step");
    world.press_on("bob", &world.chat.dm(slack("bob")).expect("a conversation"), &card.ts, "Approve").await;
    world.sees("sam", "schema must be repaired").await;
    for (connector, role) in [("orders-db", "app_admin"), ("orders-db", "app_write"), ("leased", "reader")] {
        assert!(!world.holds(connector, "alice", role), "one of two is not enough");
    }
    // By the id of one that does not lead.
    let short = of(&open(&world).await, "orders-fix").short.clone();
    let approved = world.says("sam", "#access", &format!("/jit approve {short}")).await;
    assert!(approved.contains("You approved Orders database, administrator and 2 more roles"), "{approved}");
    world.idle().await;
    for (connector, role) in [("orders-db", "app_admin"), ("orders-db", "app_write"), ("leased", "reader")] {
        assert!(world.holds(connector, "alice", role), "{role}");
    }
    world.sees("alice", "Live: 3 roles").await;
    world.sees("bob", "Approved:").await;
    assert_eq!(messages(&world, "alice", "Live: 3 roles"), 1, "one card: {}", world.conversation("alice"));
    // One is given back, and the others go on; then the rest with one button.
    let short = of(&open(&world).await, "orders-admin").short.clone();
    world.says("alice", "#access", &format!("/jit done {short}")).await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_admin") && world.holds("leased", "alice", "reader"));
    world.sees("alice", "Live: 2 of 3 roles").await;
    world.presses("alice", "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write") && !world.holds("leased", "alice", "reader"));
    world.sees("alice", "Over: 3 roles").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn several_are_chosen_in_the_form(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", "/jit request orders-write, leased-read for 1h").await;
    let form = world.form_says("alice", "decided together").await;
    assert!(form.contains("Bob Baker"), "the preview says who will be asked: {form}");
    world.says("alice", "#access", "/jit request").await;
    let values = |roles| [("role", roles), ("duration", "1h"), ("reason", "the nightly export must be repaired")];
    assert_eq!(world.submits("alice", &values("orders-write,leased-read")).await, Submission::Closed);
    world.presses("bob", "Deny…").await;
    world.submits("bob", &[("reason", "not both at once, please")]).await;
    world.sees("alice", "not both at once").await;
    world.sees("bob", "Denied: Orders database, write and A system").await;
    assert!(open(&world).await.is_empty());
    world.idle().await;
    let told = messages(&world, "alice", "denied it");
    assert_eq!(told, 2, "on the card and in its thread, once each: {}", world.conversation("alice"));
    world.presses("alice", "Ask again…").await;
    let again = world.form_says("alice", "A system that expires access by itself").await;
    assert!(again.contains("Orders database, write"), "both are filled in: {again}");
    // More than there may be, and something that policy refuses: told at the field, and nothing is asked.
    world.says("alice", "#access", "/jit request").await;
    let wrong = world.submits("alice", &values("orders-write,orders-read,orders-fix,leased-read")).await;
    let Submission::Errors(errors) = &wrong else { panic!("{wrong:?}") };
    assert!(errors["role"].contains("At most 3 may be open at a time"), "{errors:?}");
    assert!(open(&world).await.is_empty());
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_and_one_that_conflicts_leave_nothing_asked(#[case] backend: Backend) {
    let world = World::start(backend).await;
    let says = |line: &'static str| world.says("alice", "#access", line);
    let refused =
        says("/jit request orders-write, leased-read for 3h because the nightly export must be repaired").await;
    assert!(refused.contains("Nothing was asked") && refused.contains("leased-read"), "{refused}");
    assert!(refused.contains("low risk, for longer"), "the rule is named: {refused}");
    let typo =
        says("/jit request orders-write and leased-raed for 1h because the nightly export must be repaired").await;
    assert!(typo.contains("leased-read"), "{typo}");
    let many = format!(
        "/jit request {} for 1h because of a test",
        (0..300).map(|n| format!("r{n}")).collect::<Vec<_>>().join(", ")
    );
    let many = world.says("alice", "#access", &many).await;
    assert!(many.contains("300 roles are asked for; at most 10 go in one request."), "{many}");
    let rules = std::fs::read_to_string(world.file("policy/rules.toml")).expect("rules");
    let conflict = "[[conflict]]\nname = \"four eyes\"\nroles = [\"orders-write\", \"leased-*\"]\n\n[limits]";
    assert!(rules.contains("[limits]"));
    world.edit("policy/rules.toml", "[limits]", conflict).await;
    let refused = world.says("alice", "#access", TWO).await;
    assert!(refused.contains("four eyes") && refused.contains("forbids both"), "{refused}");
    world
        .edit(
            "policy/roles.toml",
            "owner = \"bob\"\nmax_duration = \"2h\"",
            "owner = \"bob\"\nmax_duration = \"2h\"\npilot = true",
        )
        .await;
    let refused = world.says("alice", "#access", TWO).await;
    assert!(refused.contains("is only tried out"), "{refused}");
    assert!(open(&world).await.is_empty());
    assert!(world.conversation("bob").is_empty(), "{}", world.conversation("bob"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_touches_no_other(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.targets["leased"].fail_always(Call::Grant, Fault::Permanent("the target says no".into()));
    world.says("alice", "#access", TWO).await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write") && !world.holds("leased", "alice", "reader"));
    world.sees("alice", "Live: 1 of 2 roles").await;
    world.sees("alice", "ould not be set up").await;
    world.channel_sees("#security", "A system that expires access by itself").await;
    world.passes(TimeDelta::minutes(61)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.sees("alice", "Over: 2 roles").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_later_start_is_judged_role_by_role(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("alice", "#access", &TWO.replace("for 1h", "for 1h at 12:00")).await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled: 2 roles").await;
    let card = world.conversation("alice");
    assert!(card.contains("[Cancel all]") && !card.contains("[I'm done]"), "nothing has begun: {card}");
    world.says("sam", "#access", "/jit freeze leased-read because credentials leaked").await;
    world.passes(TimeDelta::minutes(181)).await;
    assert!(world.holds("orders-db", "alice", "app_write") && !world.holds("leased", "alice", "reader"));
    world.sees("alice", "Not started: A system that expires access by itself").await;
    world.sees("alice", "Live: 1 of 2 roles").await;
    world.presses("alice", "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn of_an_approval_and_a_cancellation_at_once_one_counts_for_all(#[case] backend: Backend) {
    let world = World::start(backend).await;
    for _ in 0..4 {
        world.says("alice", "#access", TWO).await;
        let (bobs, approve) = world.button("bob", "Approve").await;
        let (hers, cancel) = world.button("alice", "Cancel request").await;
        tokio::join!(
            world.press_on("bob", &bobs, &approve, "Approve"),
            world.press_on("alice", &hers, &cancel, "Cancel request"),
        );
        world.idle().await;
        let both: Vec<Access> = all(&world).await.into_iter().take(2).collect();
        let votes: Vec<usize> = both.iter().map(|access| access.votes.len()).collect();
        assert_eq!(votes[0], votes[1], "counted for both or for none");
        let given = both.iter().filter(|access| access.activated_at.is_some()).count();
        assert!(given == 0 || votes[0] == 1, "nothing is given without the vote");
        let over = |access: &Access| !access.is_open();
        if !both.iter().all(over) {
            // Approved first: the cancellation found it being given, or was too late for its card.
            let lead = both.iter().find(|access| !access.follows()).expect("a lead").short.clone();
            world.says("alice", "#access", &format!("/jit cancel {lead}")).await;
            world.idle().await;
        }
        assert!(all(&world).await.iter().all(over));
        assert!(!world.holds("orders-db", "alice", "app_write") && !world.holds("leased", "alice", "reader"));
    }
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn targets_that_answer_at_once_leave_a_card_that_is_true(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world
        .says("alice", "#access", "/jit request orders-read and leased-read for 15m because checking order totals")
        .await;
    world.idle().await;
    world.sees("alice", "Live: 2 roles").await;
    assert!(world.holds("orders-db", "alice", "app_read") && world.holds("leased", "alice", "reader"));
    let again = world
        .says("alice", "#access", "/jit request leased-read, orders-read for 15m because checking order totals")
        .await;
    assert!(again.contains("Asked already"), "the same roles in another order are the same request: {again}");
    let shown = world.says("alice", "#access", &format!("/jit show {}", all(&world).await[0].short)).await;
    assert!(shown.contains("Asked for together"), "{shown}");
    world.passes(TimeDelta::minutes(16)).await;
    world.sees("alice", "Over: 2 roles").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn two_that_agree_at_once_count_once_and_a_stop_between_changes_nothing(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    // Bob and erin both may agree, since erin owns both.
    let two = TWO.replace("leased-read", "orders-fix");
    world.says("alice", "#access", &two).await;
    let (bobs, approve) = world.button("bob", "Approve").await;
    let (erins, also) = world.button("erin", "Approve").await;
    world.stop().await;
    world.start_again().await;
    tokio::join!(world.press_on("bob", &bobs, &approve, "Approve"), world.press_on("erin", &erins, &also, "Approve"),);
    world.idle().await;
    for access in open(&world).await {
        assert_eq!((access.votes.len(), access.state_name()), (1, "active"));
    }
    tokio::time::timeout(Duration::from_secs(20), world.presses("alice", "I'm done")).await.expect("one button");
    world.idle().await;
    assert!(open(&world).await.is_empty());
    world.end().await;
}
