//! The past as it was, read by a session that cannot write.

use chrono::TimeDelta;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::{AccessId, PolicyHash};
use jit_store::{Clock, Store, Stretch, reading};
use rstest::rstest;

use crate::world::{Backend, World, noon};

#[rstest]
#[tokio::test]
async fn what_was_open_before_an_event_is_found_whatever_became_of_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let over = world.active("alice", TimeDelta::hours(1)).await;
    world.closed(&over).await;
    let closed_later = world.active("bob", TimeDelta::hours(1)).await;
    let still_open = world.requested("carl").await;
    world.clock.advance(TimeDelta::hours(2));
    assert_eq!(world.store.stretch(world.clock.now()).await.unwrap(), None);
    let begun_later = world.requested("dana").await;
    world.closed(&closed_later).await;

    let store = Store::open(&reading(&world.url), None, Clock::Virtual(world.clock.clone())).await.unwrap();
    let events = store.events_from(0, 1000).await.unwrap();
    let Stretch { first, last } = store.stretch(noon() + TimeDelta::hours(1)).await.unwrap().unwrap();
    let at = |position: i64| events.iter().find(|event| event.position == position).unwrap().record.clone();
    assert_eq!((at(first).access, at(first).version), (Some(begun_later.id), 1));
    assert_eq!(last, events.last().unwrap().position);

    let before = store.open_before(first).await.unwrap();
    let ids = |accesses: &[AccessId]| accesses.iter().copied().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&before), ids(&[closed_later.id, still_open.id]));
    let histories = store.histories_before(&before, first).await.unwrap();
    assert!(
        histories.iter().all(|event| event.position < first && ids(&before).contains(&event.record.access.unwrap()))
    );
    assert_eq!(histories.len() as u64, closed_later.version + still_open.version);
    // Before everything nothing was open; after everything what is open now.
    assert_eq!(store.open_before(events[0].position).await.unwrap(), []);
    assert_eq!(ids(&store.open_before(last + 1).await.unwrap()), ids(&[still_open.id, begun_later.id]));

    let unknown = AccessId(uuid::Uuid::nil());
    let found = store.accesses_of(&[over.id, begun_later.id, unknown]).await.unwrap();
    assert_eq!(ids(&found.iter().map(|access| access.id).collect::<Vec<_>>()), ids(&[over.id, begun_later.id]));
    assert_eq!(store.accesses_of(&[]).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn who_only_reads_cannot_write(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let store = Store::open(&reading(&world.url), None, Clock::Virtual(world.clock.clone())).await.unwrap();
    let record = EventRecord {
        access: None,
        version: 0,
        at: world.store.now(),
        actor: Actor::Timer,
        policy: PolicyHash::new("p1"),
        event: Event::PolicyLoaded { before: None },
    };
    let refused = anyhow::Error::from(store.record(record.clone(), None).await.unwrap_err());
    let says = format!("{refused:#}");
    assert!(says.contains("readonly database") || says.contains("read-only transaction"), "{says}");
    world.store.record(record, None).await.unwrap();
    assert_eq!(store.events_from(0, 9).await.unwrap().len(), 1);
}
