//! People's texts: put back on load, erased without breaking an event's hash.

use jit_core::access::Platform;
use jit_core::access::{EndCause, Revoker};
use jit_core::effect::{Effect, Recipient};
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::PolicyHash;
use jit_core::personal::Personal;
use jit_store::CommitError;
use rstest::rstest;
use sha2::{Digest, Sha256};

use crate::world::{Backend, LEASE, World, tell};

#[rstest]
#[tokio::test]
async fn texts_come_back_everywhere_and_erasing_them_leaves_every_hash(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let access = world.elevating("alice").await;
    let reason = Personal::new("the ticket is closed", [3; 16]);
    let cause = EndCause::Revoked { by: Revoker::Person("sam".into()), reason };
    let to = Recipient::Security;
    let told = tell(&access, &to, "card", "one");
    let access = world.on(&access, vec![Event::RevocationStarted { cause }], &[told, Effect::Reconcile]).await;

    let loaded = world.store.access(access.id).await.unwrap().unwrap();
    assert_eq!(loaded.request.justification.text(), "alice mends the orders");
    assert!(format!("{:?}", loaded.state).contains("the ticket is closed"));
    let leased = world.store.lease_tells(Platform::Slack, 9, ("w", LEASE)).await.unwrap();
    assert_eq!(leased[0].tell.notice().unwrap().access.request.justification.text(), "alice mends the orders");
    let leased = world.store.lease_entitlements(9, "w", LEASE).await.unwrap();
    assert_eq!(leased[0].accesses[0].request.justification.text(), "alice mends the orders");
    let before = world.store.history(access.id).await.unwrap();
    assert!(format!("{before:?}").contains("alice mends the orders"));
    assert!(before.iter().all(|event| !String::from_utf8_lossy(&event.bytes).contains("mends")));

    assert_eq!(world.store.erase_texts(access.id).await.unwrap(), 2);
    assert_eq!(world.store.erase_texts(access.id).await.unwrap(), 0);
    let erased = world.store.access(access.id).await.unwrap().unwrap();
    assert_eq!(erased.request.justification.text(), "(erased)");
    assert_eq!(erased, access, "digests are what is compared");
    let after = world.store.history(access.id).await.unwrap();
    assert!(!format!("{after:?}").contains("mends"));
    for (event, was) in after.iter().zip(&before) {
        assert_eq!((&event.bytes, &event.sha256), (&was.bytes, &was.sha256));
        assert_eq!(event.sha256, Sha256::digest(&event.bytes).to_vec());
        assert_eq!(jit_core::canonical::canonical(&event.record).unwrap().bytes, event.bytes);
    }
}

#[rstest]
#[tokio::test]
async fn refusals_are_recorded_once_with_the_persons_words(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let record = EventRecord {
        access: None,
        version: 0,
        at: world.store.now(),
        actor: Actor::Unknown { id: "U9".into(), via: jit_core::access::Platform::Slack },
        policy: PolicyHash::new("p1"),
        event: Event::Refused {
            code: "unknown-person".into(),
            verb: "request".into(),
            subject: "orders-db-admin".into(),
            rule: None,
            words: Some(Personal::new("let me in", [4; 16])),
            attempt: None,
        },
    };
    world.store.record(record.clone(), Some("t1")).await.unwrap();
    let twice = world.store.record(record.clone(), Some("t1")).await;
    assert!(matches!(twice, Err(CommitError::Duplicate { answer: None })), "{twice:?}");
    let events = world.store.events_from(0, 9).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].record, record);
    assert!(format!("{:?}", events[0].record).contains("let me in"));
    let (at, latest) = world.store.latest("refused").await.unwrap().unwrap();
    assert_eq!((at, latest), (record.at, record));
    assert_eq!(world.store.latest("policy-loaded").await.unwrap(), None);
}
