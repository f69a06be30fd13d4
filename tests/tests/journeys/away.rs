//! Out of office: whoever is away is not asked, their delegate is, or those above them; what waits is passed on; `/jit back`.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const ADMIN: &str = "/jit request orders-admin for 1h because the schema must be repaired now";

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_delegate_decides_for_whoever_is_away(#[case] backend: Backend) {
    let mut world = World::start(backend).await;
    world.says("alice", "#access", ADMIN).await;
    world.sees("bob", "schema must be repaired").await;
    assert!(!world.saw("olive", "schema must be repaired"));

    let away = world.says("bob", "#access", "/jit away until tomorrow 09:00 delegate @olive").await;
    assert!(away.contains("You are away") && away.contains("Olive Okoye decides instead"), "{away}");
    world.sees("olive", "schema must be repaired").await;
    world.sees("olive", "You are asked in place of Bob Baker").await;
    let card = world.sees("alice", "Olive Okoye decides instead").await.readable();
    assert!(card.contains("(for Bob Baker)") && card.contains("away until"), "{card}");
    let pending = world.says("olive", "#access", "/jit pending").await;
    assert!(pending.contains("1 request waits for you") && pending.contains("Bob Baker (away until"), "{pending}");
    world.presses("bob", "Approve").await;
    world.is_told("bob", "dm", "You are away until").await;

    // It is stored: another process knows of it.
    world.start_again().await;
    assert!(world.says("bob", "#access", "/jit away").await.contains("You are away"));
    world.presses("olive", "Approve").await;
    world.sees("alice", "Olive Okoye, for Bob Baker, approved").await;
    world.says("bob", "#access", "/jit back").await;
    let again = world.says("bob", "#access", "/jit back").await;
    assert!(again.contains("You are not away"), "{again}");
    world.presses("sam", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_admin"), "her vote for him stands after he is back");
    let short = world.app.dispatch.store.all_open().await.expect("open")[0].short.clone();
    let story = world.says("alice", "#access", &format!("/jit show {short}")).await;
    assert!(story.contains("Olive Okoye approved for Bob Baker"), "{story}");
    world.presses("alice", "I'm done").await;
    world.idle().await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn who_denies_for_another_is_recorded_so(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("bob", "#access", "/jit away until tomorrow 09:00 delegate @olive").await;
    world.says("alice", "#access", ADMIN).await;
    world.presses("olive", "Deny…").await;
    world.submits("olive", &[("reason", "not without a plan")]).await;
    world.sees("alice", "Olive Okoye (for Bob Baker) denied it").await;
    let short = world.app.dispatch.store.by_person(&"alice".into(), false, 1).await.expect("hers")[0].short.clone();
    let story = world.says("alice", "#access", &format!("/jit show {short}")).await;
    assert!(story.contains("Olive Okoye (for Bob Baker) denied it"), "{story}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn without_a_delegate_those_above_are_asked_at_once_and_it_ends_by_itself(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.says("bob", "#access", "/jit away until 18:00").await;
    world.says("alice", "#access", ADMIN).await;
    world.sees("erin", "schema must be repaired").await;
    world.sees("alice", "Others are asked").await;
    assert!(!world.saw("bob", "schema must be repaired"));
    world.passes(TimeDelta::hours(7)).await;
    assert!(!world.saw("bob", "schema must be repaired"));
    world.says("erin", "#access", "/jit pending").await;
    // 18:00 UTC is over: he is asked without being told to come back.
    world.passes(TimeDelta::hours(1) - TimeDelta::minutes(5)).await;
    world.presses("alice", "Cancel request").await;
    world.passes(TimeDelta::minutes(70)).await;
    let here = world.says_until("bob", "#access", "/jit away", "You are here").await;
    assert!(here.contains("You are here"), "{here}");
    world.says("alice", "#access", ADMIN).await;
    world.sees("bob", "schema must be repaired").await;
    world.presses("alice", "Cancel request").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_clearly(#[case] backend: Backend) {
    let world = World::start(backend).await;
    for (line, expected) in [
        ("away until 2020-01-01", "is over already"),
        ("away until 2027-12-24", "more than 92 days away"),
        ("away until soon", "is not a time"),
        ("away delegate @olive", "Until when you are away is missing"),
        ("away until tomorrow delegate @bob", "cannot stand in for yourself"),
        ("away until tomorrow delegate @olvie", "Did you mean @olive"),
        ("away until tomorrow delegate @olive because holidays", "takes no because"),
        ("back", "You are not away"),
    ] {
        let said = world.says("bob", "#access", &format!("/jit {line}")).await;
        assert!(said.contains(expected), "{line}: {said}");
    }
    world.says("olive", "#access", "/jit away until 18:00").await;
    let said = world.says("bob", "#access", "/jit away until tomorrow delegate @olive").await;
    assert!(said.contains("Olive Okoye is away as well"), "{said}");
    world.end().await;
}
