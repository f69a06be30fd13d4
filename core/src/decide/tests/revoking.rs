//! Being taken back, and over: proofs, failures, alerts, and everything that comes too late.

use super::world::{World, text};
use crate::access::{Outcome, Proof, Revoker, State};
use crate::command::Command;
use crate::id::AccessId;
use crate::span::Span;
use crate::timer::TimerKind;

const TOLD: &str = "alice:request bob:approval-0 dana:approval-0 alice:ended #announce:grant #announce:ended";

fn revoking() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.revoking();
    (world, id)
}

#[test]
fn the_proof_is_kept_and_only_standing_access_is_securitys_business() {
    for (proof, expected) in [
        (Proof::Gone { sessions_ended: 2 }, format!("closed > {TOLD}")),
        (Proof::RemainsUnder { short: crate::id::ShortId::from_random([1; 6]) }, format!("closed > {TOLD}")),
        (Proof::RemainsStanding, format!("closed > {TOLD} #security:standing-remains")),
    ] {
        let (mut world, id) = revoking();
        assert_eq!(world.settled(id, proof.clone()), expected);
        let State::Closed(closed) = &world.access(id).state else { panic!() };
        assert!(matches!(&closed.outcome, Outcome::Ended { proof: kept, .. } if *kept == proof));
    }
}

#[test]
fn a_failing_revocation_alerts_at_once_hourly_and_when_it_is_over() {
    let (mut world, id) = revoking();
    assert_eq!(
        world.not_taken(id, "no route"),
        "revocation-failed > #security:revocation-failing alice:revocation-failing alice:request bob:approval-0 dana:approval-0 #announce:grant"
    );
    let since = world.now;
    assert_eq!(world.not_taken(id, "no route"), "nothing", "the same again");
    world.now += Span::minutes(10).delta();
    assert_eq!(world.not_taken(id, "access denied"), "revocation-failed > #security:revocation-failing");
    assert_eq!(world.tick("49m"), [""; 0]);
    let hourly = "alert: revocation-alerted > #security:revocation-still-failing";
    assert_eq!(world.tick("1m"), [hourly]);
    assert_eq!(world.tick("2h"), [hourly, hourly]);
    let State::Revoking(revoking) = &world.access(id).state else { panic!() };
    let failing = revoking.failing.as_ref().unwrap();
    assert_eq!((failing.since, failing.error.as_str()), (since, "access denied"));
    assert_eq!(world.gone(id), format!("closed > {TOLD} #security:revocation-failing #security:revocation-recovered"));
    assert_eq!(world.next_timer(), None, "and silence");
}

#[test]
fn what_was_never_given_fails_without_an_announcement() {
    let mut world = World::new();
    let id = world.elevating();
    world.cancel("alice", id);
    assert_eq!(
        world.not_taken(id, "no route"),
        "revocation-failed > #security:revocation-failing alice:revocation-failing alice:request bob:approval-0 dana:approval-0"
    );
    assert_eq!(
        world.gone(id),
        "closed > alice:request bob:approval-0 dana:approval-0 alice:ended #security:revocation-failing #security:revocation-recovered"
    );
}

/// Everything that anybody may try while it is taken back, or when it is over.
fn all_too_late(world: &mut World, id: AccessId) {
    let before = world.access(id).clone();
    for (line, expected) in [
        (world.approve("dana", id), "refused already-decided"),
        (world.deny("bob", id), "refused already-decided"),
        (world.approve("sam", id), "refused not-approver"),
        (world.cancel("alice", id), "refused wrong-state"),
        (world.done("alice", id), "refused wrong-state"),
        (world.done("bob", id), "refused not-permitted"),
        (world.cancel("carl", id), "refused not-permitted"),
        (world.revoke("sam", id), "refused wrong-state"),
        (world.revoke("alice", id), "refused wrong-state"),
        (world.revoke("carl", id), "refused not-permitted"),
        (world.extend_line("alice", id, "30m"), "refused wrong-state"),
        (world.verified(id), "nothing"),
        (world.trouble(id, "late", true), "nothing"),
        (world.trouble(id, "late", false), "nothing"),
        (world.line(id, Command::ParentEnded), "nothing"),
    ] {
        assert_eq!(line, expected);
    }
    let by = Revoker::Operator("root".to_owned());
    assert_eq!(world.line(id, Command::Revoke { by, reason: text("again") }), "refused wrong-state");
    world.now += Span::hours(48).delta();
    for kind in TimerKind::ALL {
        assert_eq!(world.fire(id, kind), "nothing", "{kind:?}");
    }
    assert_eq!(*world.access(id), before);
}

#[test]
fn nothing_stops_a_revocation() {
    let (mut world, id) = revoking();
    all_too_late(&mut world, id);
    assert_eq!(world.access(id).holds(), None);
}

#[test]
fn over_is_over() {
    let (mut world, id) = revoking();
    world.gone(id);
    all_too_late(&mut world, id);
    assert_eq!(world.gone(id), "nothing");
    assert_eq!(world.settled(id, Proof::RemainsStanding), "nothing");
    assert_eq!(world.not_taken(id, "late"), "nothing");
}

#[test]
fn words_tell_how_it_stands() {
    let (mut world, id) = revoking();
    let words = |world: &mut World| {
        let error = world.send(id, Command::Done { by: "alice".into() }).unwrap_err();
        error.what.split_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(words(&mut world), "is being taken back already.");
    world.not_taken(id, "no route");
    assert_eq!(words(&mut world), "is being taken back; the target resists, and it is tried without end.");
    world.gone(id);
    assert_eq!(words(&mut world), "is over already.");
}

#[test]
fn whoever_is_disabled_is_still_told_of_their_end() {
    let mut world = World::new();
    let id = world.active();
    world.person("alice").active = false;
    world.parts.roles.clear();
    assert_eq!(
        world.tick("1h").last().unwrap(),
        "end: revocation-started > reconcile alice:request bob:approval-0 dana:approval-0 alice:warning #announce:ends-soon"
    );
    assert_eq!(world.gone(id), format!("closed > {TOLD}"));
}
