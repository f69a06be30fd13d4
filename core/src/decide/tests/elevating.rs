//! Connectors at work: verified, troubled, refused for good, too late, and people who change their minds.

use super::world::{World, text};
use crate::access::{EndCause, Outcome, Proof, Revoker, State};
use crate::command::Command;
use crate::entitlement::Handover;
use crate::id::AccessId;
use crate::span::Span;
use crate::timer::TimerKind;

fn elevating() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.elevating();
    (world, id)
}

fn cause(world: &World, id: AccessId) -> EndCause {
    match &world.access(id).state {
        State::Revoking(revoking) => revoking.cause.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clock_starts_when_it_is_verified() {
    let (mut world, id) = elevating();
    world.now += Span::seconds(40).delta();
    assert_eq!(
        world.verified(id),
        "elevated > alice:granted alice:request bob:approval-0 dana:approval-0 #announce:grant"
    );
    let State::Active(active) = &world.access(id).state else { panic!() };
    assert_eq!(active.since, world.now);
    assert_eq!(active.until, world.now + Span::hours(1).delta());
    assert_eq!(world.access(id).activated_at, Some(world.now));
}

#[test]
fn the_end_is_never_later_than_the_targets_own() {
    let (mut world, id) = elevating();
    let agreed = world.now;
    world.now += Span::seconds(100).delta();
    world.verified(id);
    assert_eq!(world.access(id).until(), Some(agreed + Span::seconds(3660).delta()), "what the target was told");

    let (mut world, id) = elevating();
    let native_until = Some(world.now + Span::minutes(50).delta());
    let handover = Some(Handover { how: "psql".to_owned(), text: None, reveals: false });
    world.line(id, Command::Elevated { verified_at: world.now, native_until, handover: handover.clone() });
    let State::Active(active) = &world.access(id).state else { panic!() };
    assert_eq!((Some(active.until), active.native_until), (native_until, native_until), "what the target says");
    assert_eq!(active.handover, handover);
}

#[test]
fn trouble_is_shown_when_it_is_new() {
    let (mut world, id) = elevating();
    assert_eq!(
        world.trouble(id, "no route", false),
        "elevation-troubled > alice:request bob:approval-0 dana:approval-0"
    );
    assert_eq!(world.trouble(id, "no route", false), "nothing");
    assert_eq!(
        world.trouble(id, "too many connections", false),
        "elevation-troubled > alice:request bob:approval-0 dana:approval-0"
    );
    let in_vain = "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0 #security:elevation-failed";
    assert_eq!(world.tick("2m"), [format!("elevation-deadline: {in_vain}")]);
    assert_eq!(cause(&world, id), EndCause::ElevationTimedOut { error: Some("too many connections".to_owned()) });
    assert_eq!(
        world.gone(id),
        "closed > alice:request bob:approval-0 dana:approval-0 alice:ended",
        "never given, never announced"
    );
}

#[test]
fn what_fails_for_good_is_taken_back_all_the_same() {
    let (mut world, id) = elevating();
    assert_eq!(
        world.trouble(id, "no such role", true),
        "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0 #security:elevation-failed"
    );
    assert_eq!(cause(&world, id), EndCause::ElevationFailed { error: "no such role".to_owned() });
    assert_eq!(world.verified(id), "nothing", "a late answer");
    assert_eq!(world.state(id), "revoking");
    assert_eq!(world.gone(id), "closed > alice:request bob:approval-0 dana:approval-0 alice:ended");
    let State::Closed(closed) = &world.access(id).state else { panic!() };
    let expected = EndCause::ElevationFailed { error: "no such role".to_owned() };
    assert_eq!(closed.outcome, Outcome::Ended { cause: expected, proof: Proof::Gone { sessions_ended: 0 } });
}

#[test]
fn each_way_out_goes_through_revoking() {
    type Act = fn(&mut World, AccessId) -> String;
    let by_alice = || EndCause::Cancelled { by: "alice".into() };
    let revoked = |by: &str| EndCause::Revoked { by: Revoker::Person(by.into()), reason: text("seen misuse") };
    let table: [(Act, EndCause); 6] = [
        (|w, id| w.cancel("alice", id), by_alice()),
        (|w, id| w.done("alice", id), by_alice()),
        (|w, id| w.revoke("alice", id), revoked("alice")),
        (|w, id| w.revoke("dana", id), revoked("dana")),
        (|w, id| w.revoke("sue", id), revoked("sue")),
        (|w, id| w.line(id, Command::ParentEnded), EndCause::ParentEnded),
    ];
    for (act, expected) in table {
        let (mut world, id) = elevating();
        assert_eq!(
            act(&mut world, id),
            "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0"
        );
        assert_eq!(cause(&world, id), expected);
        assert_eq!(world.access(id).holds(), None);
        assert_eq!(world.gone(id), "closed > alice:request bob:approval-0 dana:approval-0 alice:ended");
    }
}

#[test]
fn others_may_not_end_it_and_nobody_decides_again() {
    let (mut world, id) = elevating();
    for (line, expected) in [
        (world.cancel("bob", id), "refused not-permitted"),
        (world.done("bob", id), "refused not-permitted"),
        (world.revoke("bob", id), "refused not-permitted"),
        (world.revoke("mallory", id), "refused not-permitted"),
        (world.approve("dana", id), "refused already-decided"),
        (world.deny("dana", id), "refused already-decided"),
        (world.approve("sam", id), "refused not-approver"),
        (world.extend_line("alice", id, "30m"), "refused wrong-state"),
        (world.gone(id), "nothing"),
        (world.not_taken(id, "no"), "nothing"),
    ] {
        assert_eq!(line, expected);
    }
    world.now += Span::seconds(119).delta();
    for kind in TimerKind::ALL {
        assert_eq!(world.fire(id, kind), "nothing", "{kind:?}");
    }
    assert_eq!(world.state(id), "elevating");
    assert!(world.access(id).holds().is_some());
}

/// At the target two of one entitlement are one thing, which says the longer one's end.
#[test]
fn what_keeps_it_keeps_it_no_longer_than_its_own_end_whatever_the_target_said() {
    let (mut world, id) = elevating();
    let end = world.now + Span::hours(1).delta();
    let others = Some(world.now + Span::hours(4).delta());
    world.line(id, Command::Elevated { verified_at: world.now, native_until: others, handover: None });
    let access = world.access(id);
    assert_eq!((access.until(), access.holds()), (Some(end), Some(end + Span::minutes(1).delta())));
}
