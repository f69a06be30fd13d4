//! Who is who in Teams: learnt where somebody was seen, the newest counts, and goes with the place.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use jit_store::Member;
use rstest::rstest;

use crate::world::{Backend, World};

fn seen(place: &str, person: &str, id: &str) -> Member {
    let [place, person, id, tenant] = [place, person, id, "tenant"].map(str::to_owned);
    Member { place, tenant, person, id }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[rstest]
#[tokio::test]
async fn learnt_looked_up_both_ways_and_forgotten(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let store = &world.store;
    let all = ["aad-1", "aad-2", "aad-3"].map(str::to_owned);
    assert!(store.members("tenant", &all).await.unwrap().is_empty());
    assert!(store.members("tenant", &[]).await.unwrap().is_empty());
    assert!(store.learn_member(&seen("a:1", "aad-1", "29:One")).await.unwrap());
    assert!(!store.learn_member(&seen("a:1", "aad-1", "29:One")).await.unwrap(), "every message says it again");
    store.learn_member(&seen("team", "aad-1", "29:One")).await.unwrap();
    store.learn_member(&seen("team", "aad-2", "29:one")).await.unwrap();
    let known = store.members("tenant", &all).await.unwrap();
    assert_eq!(known, pairs(&[("aad-1", "29:One"), ("aad-2", "29:one")]), "letter for letter");
    assert!(store.members("another", &all).await.unwrap().is_empty(), "each tenant has its own");
    let ids = ["29:One", "29:one", "29:ONE"].map(str::to_owned);
    let people = store.people_of_members("tenant", &ids).await.unwrap();
    assert_eq!(people, pairs(&[("29:One", "aad-1"), ("29:one", "aad-2")]));
    assert!(store.people_of_members("another", &ids).await.unwrap().is_empty());

    // The app was registered anew: the newest counts.
    world.clock.advance(TimeDelta::seconds(1));
    assert!(store.learn_member(&seen("a:1", "aad-1", "29:new")).await.unwrap());
    assert_eq!(store.members("tenant", &all[..1]).await.unwrap(), pairs(&[("aad-1", "29:new")]));

    // The team is left; of who was seen elsewhere too as much is known as was seen there.
    store.forget_members("team").await.unwrap();
    assert_eq!(store.members("tenant", &all).await.unwrap(), pairs(&[("aad-1", "29:new")]));
    store.forget_members("a:1").await.unwrap();
    assert!(store.members("tenant", &all).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn an_id_of_two_people_is_nobodys(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let store = &world.store;
    store.learn_member(&seen("a:1", "aad-1", "29:x")).await.unwrap();
    store.learn_member(&seen("a:2", "aad-2", "29:x")).await.unwrap();
    assert!(store.people_of_members("tenant", &["29:x".to_owned()]).await.unwrap().is_empty());
    store.forget_members("a:2").await.unwrap();
    assert_eq!(store.people_of_members("tenant", &["29:x".to_owned()]).await.unwrap(), pairs(&[("29:x", "aad-1")]));
}
