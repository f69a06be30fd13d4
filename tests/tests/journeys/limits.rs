//! Limits that all people share: the last place of a role goes to one of two who are approved in the same instant.

use jit_tests::world::{Backend, World, slack};
use rstest::rstest;

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_at_once_never_both_get_the_last_place(#[case] backend: Backend) {
    let world = World::start(backend).await;
    world.edit("policy/roles.toml", "risk = \"medium\"\n", "risk = \"medium\"\nmax_simultaneous = 1\n").await;
    for who in ["alice", "olive"] {
        world.says(who, "#access", "/jit request orders-write for 1h because the export is broken since noon").await;
    }
    world.idle().await;
    let bob = slack("bob");
    let dm = world.chat.dm(bob).expect("he was asked");
    let cards: Vec<String> = world.chat.transcript(&dm).into_iter().map(|message| message.ts).collect();
    assert_eq!(cards.len(), 2, "{}", world.conversation("bob"));
    tokio::join!(world.press_on("bob", &dm, &cards[0], "Approve"), world.press_on("bob", &dm, &cards[1], "Approve"));
    world.is_told("bob", "dm", "at most 1 may hold orders-write at a time, and 1 do").await;
    world.idle().await;
    let held: Vec<_> =
        ["alice", "olive"].into_iter().filter(|who| world.holds("orders-db", who, "app_write")).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    let why = world.says("bob", "#access", "/jit why orders-write").await;
    assert!(why.contains("held by at most 1 at a time") && why.contains("and 1 do"), "{why}");
    let other = if held == ["alice"] { "olive" } else { "alice" };
    world.presses(held[0], "I'm done").await;
    world.idle().await;
    world.presses("bob", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", other, "app_write"), "the place is free again");
    world.presses(other, "I'm done").await;
    world.end().await;
}
