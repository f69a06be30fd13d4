//! Conversations of Teams: known by id and by person, the newest counts, and what is known already is not written again.

use chrono::TimeDelta;
use jit_store::Conversation;
use rstest::rstest;

use crate::world::{Backend, World};

fn personal(id: &str, person: &str) -> Conversation {
    Conversation {
        id: id.to_owned(),
        service_url: "https://smba.trafficmanager.net/emea".to_owned(),
        tenant: "tenant".to_owned(),
        kind: "personal".to_owned(),
        person: Some(person.to_owned()),
        bot: "28:app".to_owned(),
    }
}

#[rstest]
#[tokio::test]
async fn learnt_once_replaced_and_forgotten(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let store = &world.store;
    assert_eq!(store.newest_conversation().await.unwrap(), None);
    let alice = personal("a:1", "aad-1");
    assert!(store.learn_conversation(&alice).await.unwrap());
    world.clock.advance(TimeDelta::seconds(1));
    let channel = Conversation { kind: "channel".to_owned(), person: None, ..personal("19:a@thread.tacv2", "") };
    assert!(store.learn_conversation(&channel).await.unwrap());
    assert!(!store.learn_conversation(&alice).await.unwrap(), "every message says it again");
    assert_eq!(store.newest_conversation().await.unwrap(), Some(channel.clone()), "nothing was written");
    assert_eq!(store.conversation("19:a@thread.tacv2").await.unwrap(), Some(channel));
    assert_eq!(store.conversation_with("aad-1").await.unwrap(), Some(alice.clone()));

    let moved = Conversation { service_url: "https://smba.trafficmanager.net/amer".to_owned(), ..alice };
    assert!(store.learn_conversation(&moved).await.unwrap());
    assert_eq!(store.conversation("a:1").await.unwrap(), Some(moved));
    let again = personal("a:2", "aad-1");
    assert!(store.learn_conversation(&again).await.unwrap());
    assert_eq!(store.conversation_with("aad-1").await.unwrap(), Some(again), "one for each person");
    assert_eq!(store.conversation("a:1").await.unwrap(), None);

    store.forget_conversation("a:2").await.unwrap();
    assert_eq!(store.conversation_with("aad-1").await.unwrap(), None);
    assert!(store.learn_conversation(&personal("a:2", "aad-1")).await.unwrap(), "installed again");
}

#[rstest]
#[tokio::test]
async fn somebody_is_greeted_once_for_each_time_that_the_app_comes(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let store = &world.store;
    assert!(!store.greet("a:1").await.unwrap(), "nothing can be said where the app is not");
    store.learn_conversation(&personal("a:1", "aad-1")).await.unwrap();
    assert!(store.greet("a:1").await.unwrap());
    assert!(!store.greet("a:1").await.unwrap(), "Teams tells of it twice, and perhaps again");
    let moved =
        Conversation { service_url: "https://smba.trafficmanager.net/amer".to_owned(), ..personal("a:1", "aad-1") };
    store.learn_conversation(&moved).await.unwrap();
    assert!(!store.greet("a:1").await.unwrap(), "it is the same installation");
    store.not_greeted("a:1").await.unwrap();
    assert!(store.greet("a:1").await.unwrap(), "what did not get there is tried again");
    store.forget_conversation("a:1").await.unwrap();
    store.learn_conversation(&personal("a:1", "aad-1")).await.unwrap();
    assert!(store.greet("a:1").await.unwrap(), "installed again");
}
