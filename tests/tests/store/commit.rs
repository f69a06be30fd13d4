//! Races between commits: exactly one wins, and what is stored is whole.

use chrono::TimeDelta;
use futures::future::join_all;
use jit_core::access::{Access, Outcome};
use jit_core::directory::Directory;
use jit_core::effect::{Effect, Recipient};
use jit_core::event::Event;
use jit_core::id::PersonId;
use jit_core::ticket::{Finding, TicketId};
use jit_store::{Change, Commit, CommitError, Store};
use rstest::rstest;

use crate::world::{Backend, World, fold, next, opened, request, save, start, tell};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_commits_on_one_version_one_wins(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let replica = world.replica().await;
    let before = world.requested("alice").await;
    let attempts = (0..16).map(|n| {
        let (store, before) = (if n % 2 == 0 { world.store.clone() } else { replica.clone() }, before.clone());
        tokio::spawn(async move {
            let (after, records) = next(&before, vec![start(store.now()), Event::Reminded], store.now());
            save(&store, Some(&before), &after, &records, &[Effect::Reconcile]).await
        })
    });
    let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(|joined| joined.unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|o| matches!(o, Ok(_) | Err(CommitError::Conflict))), "{outcomes:?}");
    assert_eq!(world.store.history(before.id).await.unwrap().len(), 4);
    assert_eq!(world.store.access(before.id).await.unwrap().unwrap().version, 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_requests_that_saw_the_same_person_cannot_both_be_made(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let alice = PersonId::new("alice");
    for round in 0..5 {
        let (open, version) = world.store.open_of(&alice).await.unwrap();
        assert_eq!(open.len(), round);
        let attempts = (0..4).map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move {
                let (access, records) = request("alice", store.now());
                commit(&store, &access, &records, Some(version)).await
            })
        });
        let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(|joined| joined.unwrap()).collect();
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|o| matches!(o, Ok(_) | Err(CommitError::Conflict))), "{outcomes:?}");
    }
}

async fn commit(
    store: &Store,
    access: &Access,
    records: &[jit_core::event::EventRecord],
    person_version: Option<u64>,
) -> Result<(), CommitError> {
    let commit = Commit {
        changes: &[Change { before: None, after: access, records, effects: &[] }],
        directory: &Directory::default(),
        person_version,
        shared_versions: &[],
        dedupe: None,
        answer: None,
    };
    store.commit(commit).await.map(drop)
}

#[rstest]
#[tokio::test]
async fn a_change_that_did_not_look_at_the_person_still_invalidates_who_did(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let pending = world.requested("alice").await;
    let (_, version) = world.store.open_of(&"alice".into()).await.unwrap();
    world.on(&pending, vec![start(world.store.now())], &[]).await;
    let (access, records) = request("alice", world.store.now());
    let outcome = commit(&world.store, &access, &records, Some(version)).await;
    assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}");
    let (_, version) = world.store.open_of(&"alice".into()).await.unwrap();
    commit(&world.store, &access, &records, Some(version)).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_answered_the_same_and_does_nothing_twice(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    assert_eq!(world.store.seen("slack:trigger:1").await.unwrap(), None);
    let attempts = (0..8).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move {
            let (access, records) = request("alice", store.now());
            let answer = serde_json::json!({ "text": access.short.as_str() });
            let effects = [tell(&access, &Recipient::Announce, "grant", "one")];
            let commit = Commit {
                changes: &[Change { before: None, after: &access, records: &records, effects: &effects }],
                directory: &Directory::default(),
                person_version: None,
                shared_versions: &[],
                dedupe: Some("slack:trigger:1"),
                answer: Some(&answer),
            };
            (store.commit(commit).await, answer)
        })
    });
    let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(|joined| joined.unwrap()).collect();
    let first: Vec<_> = outcomes.iter().filter(|(outcome, _)| outcome.is_ok()).map(|(_, answer)| answer).collect();
    let [first] = first[..] else { panic!("{outcomes:?}") };
    for (outcome, _) in outcomes.iter().filter(|(outcome, _)| outcome.is_err()) {
        let Err(CommitError::Duplicate { answer: Some(answer) }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(answer, first);
    }
    assert_eq!(world.store.seen("slack:trigger:1").await.unwrap(), Some(Some(first.clone())));
    assert_eq!(world.store.all_open().await.unwrap().len(), 1);
    assert_eq!(world.store.counts().await.unwrap().outbox_pending, 1);

    assert!(world.store.remember("view:2", None).await.unwrap());
    assert!(!world.store.remember("view:2", None).await.unwrap());
    world.clock.advance(TimeDelta::hours(25));
    assert_eq!(world.store.prune_replays().await.unwrap(), 2);
    assert_eq!(world.store.seen("slack:trigger:1").await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_taken_short_id_is_told_from_a_conflict(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let first = world.requested("alice").await;
    let (mut second, records) = request("bob", world.store.now());
    second.short = first.short.clone();
    let outcome = save(&world.store, None, &second, &records, &[]).await;
    assert!(matches!(outcome, Err(CommitError::ShortIdTaken)), "{outcome:?}");
    let outcome = save(&world.store, None, &first, &[], &[]).await;
    assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}");
    assert_eq!(world.store.by_short(&first.short).await.unwrap(), Some(first));
    assert_eq!(world.store.history(second.id).await.unwrap(), vec![]);
}

#[rstest]
#[tokio::test]
async fn the_fold_of_the_events_is_the_row(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    for round in 0..20_u32 {
        let mut access = world.requested("alice").await;
        for step in 0..(round % 6) {
            let event = match (step + round) % 4 {
                0 => vec![Event::Reminded, opened()],
                1 => vec![start(world.store.now())],
                2 => vec![Event::Escalated { added: vec!["carol".into()] }],
                _ => vec![Event::ElevationTroubled { error: "the target is slow".into() }],
            };
            world.clock.advance(TimeDelta::milliseconds(1500));
            access = world.on(&access, event, &[]).await;
        }
        if round % 3 == 0 {
            access = world.on(&access, vec![Event::Closed { outcome: Outcome::TimedOut }], &[]).await;
        }
        let history = world.store.history(access.id).await.unwrap();
        let records: Vec<_> = history.into_iter().map(|event| event.record).collect();
        assert_eq!(world.store.access(access.id).await.unwrap(), Some(fold(None, &records)));
        assert_eq!(fold(None, &records), access);
    }
}

#[rstest]
#[tokio::test]
async fn accesses_are_found_by_what_the_shell_asks_for(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let pending = world.requested("alice").await;
    world.clock.advance(TimeDelta::seconds(1));
    let active = world.active("alice", TimeDelta::hours(1)).await;
    world.clock.advance(TimeDelta::seconds(1));
    let closed = world.active("alice", TimeDelta::hours(1)).await;
    let closed = world.closed(&closed).await;
    let other = world.requested("bob").await;
    let store = &world.store;
    let alice = PersonId::new("alice");
    assert_eq!(store.by_person(&alice, true, 9).await.unwrap(), [active.clone(), pending.clone()]);
    assert_eq!(store.by_person(&alice, false, 2).await.unwrap(), [closed.clone(), active.clone()]);
    assert_eq!(store.holders_of(&"orders-db-admin".into()).await.unwrap(), std::slice::from_ref(&active));
    assert_eq!(store.pending().await.unwrap(), [pending.clone(), other.clone()]);
    assert_eq!(store.all_open().await.unwrap(), [pending.clone(), active.clone(), other.clone()]);
    let (open, _) = store.open_of(&alice).await.unwrap();
    assert_eq!(open, [(&pending).into(), (&active).into()]);
    let page = store.page(None, 3).await.unwrap();
    assert_eq!(page, [other, closed, active]);
    assert_eq!(store.page(page.last(), 3).await.unwrap(), [pending]);
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.accesses, [("active".to_owned(), 1), ("pending".to_owned(), 2)].into());
}

#[rstest]
#[tokio::test]
async fn extensions_are_ended_with_their_parent_even_after_a_crash(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let parent = world.active("alice", TimeDelta::hours(1)).await;
    assert_eq!(world.store.ending_parents(9).await.unwrap(), []);
    let parent = world.on(&parent, vec![Event::Warned], &[Effect::EndChildren]).await;
    let replica = world.replica().await;
    assert_eq!(replica.ending_parents(9).await.unwrap(), [parent.id]);
    let parent = world.on(&parent, vec![Event::Warned], &[]).await;
    assert_eq!(replica.ending_parents(9).await.unwrap(), [parent.id], "another commit does not lose it");
    replica.children_ended(parent.id).await.unwrap();
    assert_eq!(world.store.ending_parents(9).await.unwrap(), []);
}

async fn all(store: &Store, changes: &[Change<'_>], person_version: Option<u64>) -> Result<usize, CommitError> {
    let directory = &Directory::default();
    let commit = Commit { changes, directory, person_version, shared_versions: &[], dedupe: None, answer: None };
    store.commit(commit).await.map(|committed| committed.tells)
}

/// What is decided about several accesses of one person is stored whole, or not at all.
#[rstest]
#[tokio::test]
async fn several_changes_are_one(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let world = World::new(backend).await;
    let now = world.store.now();
    let ((one, first), (two, second)) = (request("alice", now), request("alice", now));
    let told = [tell(&one, &Recipient::Announce, "grant", "both")];
    let new = [
        Change { before: None, after: &one, records: &first, effects: &told },
        Change { before: None, after: &two, records: &second, effects: &[] },
    ];
    assert_eq!(all(&world.store, &new, Some(0)).await.unwrap(), 1);
    let (open, version) = world.store.open_of(&"alice".into()).await.unwrap();
    assert_eq!((open.len(), version), (2, 1), "one decision raises the person's version once");

    // The second of them has changed meanwhile: nothing of either is stored.
    let changed = world.on(&two, vec![start(now)], &[]).await;
    let ((one_after, one_records), (stale, stale_records)) =
        (next(&one, vec![start(now)], now), next(&two, vec![start(now)], now));
    let raced = [
        Change { before: Some(&one), after: &one_after, records: &one_records, effects: &told },
        Change { before: Some(&two), after: &stale, records: &stale_records, effects: &[] },
    ];
    let lost = all(&world.store, &raced, None).await;
    assert!(matches!(lost, Err(CommitError::Conflict)), "{lost:?}");
    assert_eq!(world.store.access(one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(world.store.access(two.id).await.unwrap(), Some(changed));
    assert_eq!(world.store.history(one.id).await.unwrap().len(), first.len());
    // A short id that is taken is taken for all of them.
    let ((three, third), (mut four, fourth)) = (request("alice", now), request("alice", now));
    four.short = one.short.clone();
    let taken = [
        Change { before: None, after: &three, records: &third, effects: &[] },
        Change { before: None, after: &four, records: &fourth, effects: &[] },
    ];
    assert!(matches!(all(&world.store, &taken, None).await, Err(CommitError::ShortIdTaken)));
    assert_eq!(world.store.access(three.id).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn what_waits_for_its_ticket_is_found_by_every_replica_until_it_goes_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let world = World::new(backend).await;
    let replica = world.replica().await;
    let access = world.requested("alice").await;
    world.requested("bob").await;
    let ticket = TicketId { source: "jira".to_owned(), id: "OPS-12".to_owned() };
    let deadline = world.store.now() + TimeDelta::seconds(5);
    let started = Event::ScreeningStarted { ticket: ticket.clone(), deadline, at_start: false };
    let screening = world.on(&access, vec![started], &[Effect::Screen]).await;
    assert_eq!(replica.screening().await.unwrap(), std::slice::from_ref(&screening));
    assert_eq!(replica.next_due().await.unwrap(), Some(deadline), "its deadline is a timer");
    let depends = replica.dependents().await.unwrap();
    assert!(depends.iter().any(|dependent| dependent.id == screening.id), "a leaver is found while it waits");
    let refusal = jit_core::refusal::Refusal::new(jit_core::refusal::Code::Ticket, "No.", "Ask again.");
    let looked = Event::TicketLooked { ticket, finding: Finding::Missing };
    let closed = world.on(&screening, vec![looked, Event::Closed { outcome: Outcome::Refused { refusal } }], &[]).await;
    assert_eq!(replica.screening().await.unwrap(), []);
    assert_eq!(replica.access(closed.id).await.unwrap(), Some(closed));
}
