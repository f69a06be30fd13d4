//! The outbox: order per recipient, one in flight, collapse of unsent ones.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use jit_core::access::{Access, Platform};
use jit_core::effect::{Effect, Recipient, Slot};
use jit_core::event::Event;
use jit_store::{Handle, Leased};
use rstest::rstest;

use crate::world::{Backend, LEASE, World, beside, tell, word};

fn handle(ts: &str) -> Handle {
    Handle { platform: Platform::Slack, conversation: "D1".into(), ts: ts.into() }
}

async fn told(world: &World, access: &Access, effects: &[Effect]) -> Access {
    world.on(access, vec![Event::Reminded], effects).await
}

async fn lease(world: &World) -> Vec<Leased> {
    lease_on(world, Platform::Slack).await
}

async fn lease_on(world: &World, platform: Platform) -> Vec<Leased> {
    world.store.lease_tells(platform, 100, ("worker", LEASE)).await.unwrap()
}

fn words(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|l| word(&l.tell)).collect()
}

#[rstest]
#[tokio::test]
async fn each_recipient_gets_one_at_a_time_in_order(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let (alice, bob) = (Recipient::Person("alice".into()), Recipient::Person("bob".into()));
    let effects = ["a", "b", "c"].map(|slot| tell(&access, &alice, slot, slot));
    let access = told(&world, &access, &effects).await;
    told(&world, &access, &[tell(&access, &bob, "a", "bob")]).await;

    let first = lease(&world).await;
    assert_eq!(words(&first), ["a", "bob"]);
    assert_eq!(words(&lease(&world).await), [""; 0], "one in flight per recipient");
    world.store.delivered(&first[0], &handle("1")).await.unwrap();
    let second = lease(&world).await;
    assert_eq!(words(&second), ["b"]);
    let soon = world.store.now() + TimeDelta::seconds(5);
    world.store.retry(second[0].id, soon, "429").await.unwrap();
    assert_eq!(words(&lease(&world).await), [""; 0], "the head waits, and the rest behind it");
    assert_eq!(world.store.next_tell().await.unwrap(), Some(soon));
    world.clock.set(soon);
    let again = lease(&world).await;
    assert_eq!((words(&again), again[0].attempts), (vec!["b"], 2));
    world.store.park(again[0].id, "channel_not_found").await.unwrap();
    assert_eq!(words(&lease(&world).await), ["c"]);
    let parked = world.store.parked(9).await.unwrap();
    assert_eq!((parked[0].error.as_str(), parked[0].tell.as_ref().map(word)), ("channel_not_found", Some("b")));
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.outbox_pending, counts.outbox_parked), (2, 1));
}

#[rstest]
#[tokio::test]
async fn what_was_told_last_is_known_before_it_is_sent_and_after(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let (to, slot) = (Recipient::Person("alice".into()), Slot::new(access.id, "card"));
    let latest =
        async || world.store.latest_tell(&to.key(), &slot).await.unwrap().as_ref().map(|tell| word(tell).to_owned());
    assert_eq!(latest().await, None);
    let access =
        told(&world, &access, &[tell(&access, &to, "card", "old"), tell(&access, &to, "thread", "story")]).await;
    assert_eq!(latest().await.as_deref(), Some("old"));
    let first = lease(&world).await;
    world.store.delivered(&first[0], &handle("1")).await.unwrap();
    assert_eq!(latest().await.as_deref(), Some("old"));
    told(&world, &access, &[tell(&access, &to, "card", "new"), tell(&access, &Recipient::Announce, "card", "other")])
        .await;
    assert_eq!(latest().await.as_deref(), Some("new"), "not what another one was told");
}

#[rstest]
#[tokio::test]
async fn unsent_ones_of_a_slot_collapse_to_the_newest_at_the_first_ones_place(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let to = Recipient::Announce;
    let access =
        told(&world, &access, &[tell(&access, &to, "card", "old"), tell(&access, &to, "thread", "story")]).await;
    let access = told(&world, &access, &[tell(&access, &to, "card", "newer")]).await;
    told(&world, &access, &[tell(&access, &to, "card", "newest"), tell(&access, &to, "card", "very newest")]).await;
    let first = lease(&world).await;
    assert_eq!(words(&first), ["very newest"]);
    assert_eq!(first[0].posted, None);
    world.store.delivered(&first[0], &handle("1")).await.unwrap();
    let second = lease(&world).await;
    assert_eq!(words(&second), ["story"]);
    world.store.delivered(&second[0], &handle("2")).await.unwrap();
    assert_eq!(world.store.next_tell().await.unwrap(), None);
    assert_eq!(world.store.counts().await.unwrap().outbox_pending, 0);
}

#[rstest]
#[tokio::test]
async fn what_is_in_flight_is_followed_by_an_edit_or_gives_way_when_it_fails(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let to = Recipient::Security;
    let access =
        told(&world, &access, &[tell(&access, &to, "card", "one"), tell(&access, &to, "other", "between")]).await;
    let flying = lease(&world).await;
    let access = told(&world, &access, &[tell(&access, &to, "card", "two")]).await;
    assert_eq!(words(&lease(&world).await), [""; 0]);
    let now = world.store.now();
    world.store.retry(flying[0].id, now, "timed out").await.unwrap();
    let flying = lease(&world).await;
    assert_eq!((words(&flying), flying[0].attempts), (vec!["two"], 2), "at the first one's place");
    told(&world, &access, &[tell(&access, &to, "card", "three")]).await;
    world.store.delivered(&flying[0], &handle("7")).await.unwrap();
    for (expected, posted) in [("between", None), ("three", Some(handle("7")))] {
        let leased = lease(&world).await;
        assert_eq!((words(&leased), &leased[0].posted), (vec![expected], &posted));
        world.store.delivered(&leased[0], &handle(expected)).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn a_lease_ends_and_a_late_delivery_still_counts(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    told(&world, &access, &[tell(&access, &Recipient::Announce, "card", "one")]).await;
    let dead = lease(&world).await;
    world.clock.advance(TimeDelta::seconds(31));
    let replica = world.replica().await;
    let again = replica.lease_tells(Platform::Slack, 9, ("other", LEASE)).await.unwrap();
    assert_eq!((words(&again), again[0].attempts), (vec!["one"], 2));
    world.store.delivered(&dead[0], &handle("1")).await.unwrap();
    replica.retry(again[0].id, world.store.now(), "nothing to see").await.unwrap();
    assert_eq!(world.store.next_tell().await.unwrap(), None, "delivered stays delivered");
}

#[rstest]
#[tokio::test]
async fn messages_are_known_by_slot(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let to = Recipient::Person("alice".into());
    let Effect::Tell(mut under) = tell(&access, &to, "thread", "under") else { unreachable!() };
    under.under = Some(Slot::new(access.id, "card"));
    let access = told(&world, &access, &[tell(&access, &to, "card", "card"), Effect::Tell(under)]).await;
    let card = lease(&world).await;
    world.store.delivered(&card[0], &handle("1")).await.unwrap();
    let thread = lease(&world).await;
    assert_eq!((&thread[0].posted, &thread[0].under), (&None, &Some(handle("1"))));
    world.store.delivered(&thread[0], &handle("2")).await.unwrap();
    let slot = Slot::new(access.id, "card");
    assert_eq!(world.store.message(Platform::Slack, &to, &slot).await.unwrap(), Some(handle("1")));
    assert_eq!(world.store.message(Platform::Slack, &Recipient::Announce, &slot).await.unwrap(), None);
    world.store.put_message(&to, &slot, &handle("3")).await.unwrap();
    let messages = world.store.messages_of(access.id).await.unwrap();
    let found: Vec<_> = messages.iter().map(|m| (m.slot.name.as_str(), m.handle.ts.as_str())).collect();
    assert_eq!(found, [("card", "3"), ("thread", "2")]);
}

#[rstest]
#[tokio::test]
async fn a_row_keeps_its_id_through_changes_of_content_and_a_late_delivery_loses_none(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let to = Recipient::Announce;
    let access = told(&world, &access, &[tell(&access, &to, "card", "one")]).await;
    let slow = lease(&world).await;
    let access = told(&world, &access, &[tell(&access, &to, "card", "two")]).await;
    world.clock.advance(TimeDelta::seconds(31));
    let access = told(&world, &access, &[tell(&access, &to, "card", "three")]).await;
    world.store.delivered(&slow[0], &handle("1")).await.unwrap();
    let edit = lease(&world).await;
    assert_eq!((words(&edit), edit[0].id, edit[0].attempts), (vec!["three"], slow[0].id, 2));
    assert_eq!(edit[0].posted, Some(handle("1")));
    told(&world, &access, &[tell(&access, &to, "card", "four")]).await;
    world.store.retry(edit[0].id, world.store.now(), "429").await.unwrap();
    let edit = lease(&world).await;
    assert_eq!((words(&edit), edit[0].id, edit[0].attempts), (vec!["four"], slow[0].id, 3));
    world.store.delivered(&edit[0], &handle("1")).await.unwrap();
    assert_eq!(world.store.next_tell().await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_notice_that_cannot_be_read_is_parked_and_keeps_no_other_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.requested("alice").await;
    let (alice, bob) = (Recipient::Person("alice".into()), Recipient::Person("bob".into()));
    let effects =
        [tell(&access, &alice, "a", "lost"), tell(&access, &alice, "b", "b"), tell(&access, &bob, "a", "bob")];
    told(&world, &access, &effects).await;
    beside(&world, "UPDATE outbox SET body = '{\"of\":\"a later version\"}' WHERE body LIKE '%lost%'").await;
    assert_eq!(words(&lease(&world).await), ["bob"]);
    assert_eq!(words(&lease(&world).await), ["b"], "the next one of the same recipient");
    let parked = world.store.parked(9).await.unwrap();
    assert!(parked.len() == 1 && parked[0].tell.is_none(), "{parked:?}");
    assert!(parked[0].error.starts_with("unreadable: "), "{}", parked[0].error);
}

fn on(platform: Platform, ts: &str) -> Handle {
    Handle { platform, ..handle(ts) }
}

#[rstest]
#[tokio::test]
async fn a_platform_that_is_down_holds_back_no_other(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::on_both_platforms(backend).await;
    let access = world.requested("alice").await;
    let to = Recipient::Announce;
    let access = told(&world, &access, &[tell(&access, &to, "card", "one"), tell(&access, &to, "other", "two")]).await;
    let teams = lease_on(&world, Platform::Teams).await;
    assert_eq!(words(&teams), ["one"]);
    world.store.retry(teams[0].id, world.store.now() + TimeDelta::hours(1), "down").await.unwrap();
    for word in ["one", "two"] {
        let slack = lease(&world).await;
        assert_eq!((words(&slack), slack[0].platform), (vec![word], Platform::Slack));
        world.store.delivered(&slack[0], &on(Platform::Slack, word)).await.unwrap();
    }
    let access = told(&world, &access, &[tell(&access, &to, "card", "three")]).await;
    let slack = lease(&world).await;
    assert_eq!((words(&slack), &slack[0].posted), (vec!["three"], &Some(on(Platform::Slack, "one"))), "an edit there");
    world.store.delivered(&slack[0], &on(Platform::Slack, "one")).await.unwrap();
    assert_eq!(words(&lease_on(&world, Platform::Teams).await), [""; 0]);
    world.clock.advance(TimeDelta::hours(1));
    let teams = lease_on(&world, Platform::Teams).await;
    assert_eq!(
        (words(&teams), &teams[0].posted),
        (vec!["three"], &None),
        "and the first message here, as it is by now"
    );
    world.store.delivered(&teams[0], &on(Platform::Teams, "t")).await.unwrap();
    let slot = Slot::new(access.id, "card");
    for (platform, ts) in [(Platform::Slack, "one"), (Platform::Teams, "t")] {
        let message = world.store.message(platform, &to, &slot).await.unwrap();
        assert_eq!(message, Some(on(platform, ts)), "each platform has its own message");
    }
}

#[rstest]
#[tokio::test]
async fn a_person_is_told_on_one_platform_and_again_where_that_is(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let mut world = World::on_both_platforms(backend).await;
    let access = world.requested("alice").await;
    let bob = Recipient::Person("bob".into());
    let access = told(&world, &access, &[tell(&access, &bob, "card", "asked")]).await;
    world.bob_prefers(Platform::Teams);
    let access = told(&world, &access, &[tell(&access, &bob, "card", "asked again")]).await;
    assert_eq!(words(&lease_on(&world, Platform::Teams).await), [""; 0], "what waits for Slack stays there");
    let card = lease(&world).await;
    assert_eq!(words(&card), ["asked again"]);
    world.store.delivered(&card[0], &on(Platform::Slack, "1")).await.unwrap();
    let Effect::Tell(mut reminder) = tell(&access, &bob, "reminder", "reminder") else { unreachable!() };
    reminder.under = Some(Slot::new(access.id, "card"));
    let effects = [tell(&access, &bob, "card", "decided"), Effect::Tell(reminder), tell(&access, &bob, "next", "next")];
    told(&world, &access, &effects).await;
    let teams = lease_on(&world, Platform::Teams).await;
    assert_eq!(words(&teams), ["next"], "what is new goes where he would rather be told");
    for word in ["decided", "reminder"] {
        let slack = lease(&world).await;
        assert_eq!(words(&slack), [word], "the card is edited where it is, and what stands under it stands there");
        world.store.delivered(&slack[0], &on(Platform::Slack, word)).await.unwrap();
    }
}

/// How long something takes: the middle of some tries, since others use the machine as well.
async fn typical(mut doing: impl AsyncFnMut()) -> Duration {
    let mut took = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        doing().await;
        took.push(begun.elapsed());
    }
    took.sort();
    took[took.len() / 2]
}

#[rstest]
#[tokio::test]
async fn a_long_queue_costs_no_more_than_a_short_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    /// With work in proportion to the queue, each takes twice as long and more.
    const ALLOWED: Duration = Duration::from_millis(100);
    let world = World::new(backend).await;
    let mut access = world.requested("alice").await;
    access = told(&world, &access, &[tell(&access, &Recipient::Announce, "grant", "first")]).await;
    if let Backend::Postgres = backend {
        // As autovacuum may at a moment when nothing waits; what it notes of the indexes of queued rows is believed for long.
        let first = lease(&world).await;
        world.store.delivered(&first[0], &handle("1")).await.unwrap();
        beside(&world, "VACUUM ANALYZE outbox").await;
        access = told(&world, &access, &[tell(&access, &Recipient::Announce, "grant", "first")]).await;
    }
    let long = "INSERT INTO outbox (platform, recipient, access, slot, body, state, created_us, due_us)
                WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60000)
                SELECT platform, recipient, access, 'more-' || n, body, state, created_us, due_us FROM outbox, n
                WHERE slot = 'grant' AND state = 'queued' AND platform = 'slack'";
    beside(&world, long).await;
    let leasing = typical(async || {
        let leased = lease(&world).await;
        assert_eq!(words(&leased), ["first"]);
        world.store.retry(leased[0].id, world.store.now(), "not now").await.unwrap();
    })
    .await;
    let committing = typical(async || {
        let bob = Recipient::Person("bob".into());
        let effects = [(&Recipient::Announce, "other"), (&Recipient::Announce, "another"), (&bob, "card")];
        let effects = effects.map(|(to, slot)| tell(&access, to, slot, "again"));
        access = told(&world, &access, &effects).await;
    })
    .await;
    assert!(leasing < ALLOWED && committing < ALLOWED, "leasing {leasing:?}, committing {committing:?}");
}
