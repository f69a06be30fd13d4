//! Home tabs: drawn for whoever opened theirs, once for any number of changes, by one worker at a time.

use std::time::Duration;

use chrono::TimeDelta;
use jit_core::id::PersonId;
use rstest::rstest;

use crate::world::{Backend, LEASE, World};

async fn leased(world: &World) -> Vec<String> {
    let homes = world.store.lease_homes(9, LEASE).await.unwrap();
    homes.into_iter().map(|home| home.person.to_string()).collect()
}

#[rstest]
#[tokio::test]
async fn a_home_is_due_until_it_was_drawn_as_it_is(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let alice = PersonId::new("alice");
    assert_eq!(world.store.next_home().await.unwrap(), None);
    world.store.open_home(&alice).await.unwrap();
    world.store.open_home(&alice).await.unwrap();
    let first = world.store.lease_homes(9, LEASE).await.unwrap().pop().unwrap();
    assert_eq!(leased(&world).await, Vec::<String>::new(), "one worker at a time");
    world.store.open_home(&alice).await.unwrap();
    world.store.home_drawn(&first).await.unwrap();
    let second = world.store.lease_homes(9, LEASE).await.unwrap().pop().unwrap();
    world.store.home_drawn(&second).await.unwrap();
    assert_eq!(world.store.next_home().await.unwrap(), None, "what changed meanwhile was drawn too");
}

#[rstest]
#[tokio::test]
async fn what_was_not_drawn_comes_back(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let alice = PersonId::new("alice");
    world.store.open_home(&alice).await.unwrap();
    assert_eq!(leased(&world).await, ["alice"]);
    world.clock.advance(TimeDelta::from_std(LEASE + Duration::from_secs(1)).unwrap());
    let again = world.store.lease_homes(9, LEASE).await.unwrap().pop().unwrap();
    assert_eq!(again.attempts, 2, "its worker is gone");
    world.store.retry_home(&again, world.store.now() + TimeDelta::seconds(5)).await.unwrap();
    assert_eq!(leased(&world).await, Vec::<String>::new());
    world.clock.advance(TimeDelta::seconds(5));
    assert_eq!(leased(&world).await, ["alice"]);
    world.store.forget_home(&alice).await.unwrap();
    assert_eq!(world.store.next_home().await.unwrap(), None);
}
