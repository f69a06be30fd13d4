//! Rehearsals: drills and pilot roles go the same way as everything else, and no target is touched.

use super::world::{World, text};
use crate::access::{Access, EndCause, Outcome, Proof, Rehearsal, State};
use crate::command::{Ask, Command};
use crate::id::AccessId;
use crate::span::Span;
use crate::timer::{TimerKind, timers};

fn bypass(world: &mut World, who: &str, role: &str, drill: bool) -> Ask {
    Ask { emergency: true, drill, ..world.ask(who, role, "30m") }
}

fn taken(world: &mut World, who: &str, role: &str, drill: bool) -> (AccessId, String) {
    let ask = bypass(world, who, role, drill);
    (ask.id, world.line(ask.id, Command::Request(Box::new(ask))))
}

fn review(world: &mut World, who: &str, id: AccessId, misuse: bool) -> String {
    world.line(id, Command::Review { by: who.into(), misuse, note: text("looked at every statement") })
}

fn untouched(access: &Access, cause: &EndCause) {
    let State::Closed(closed) = &access.state else { panic!("{access:?}") };
    assert_eq!(closed.outcome, Outcome::Ended { cause: cause.clone(), proof: Proof::Untouched });
}

#[test]
fn a_drill_is_everything_but_the_elevation() {
    let mut world = World::new();
    let (id, line) = taken(&mut world, "alice", "orders-admin", true);
    assert_eq!(
        line,
        "requested review-opened rehearsed > alice:request #security:review alice:granted #announce:grant"
    );
    let access = world.access(id);
    assert_eq!(
        (access.request.rehearsal, access.until()),
        (Some(Rehearsal::Drill), Some(world.now + Span::minutes(30).delta()))
    );
    assert_eq!(
        world.tick("30m").last().unwrap(),
        "end: closed > alice:request #security:review alice:warning #announce:ends-soon alice:ended #announce:grant #announce:ended"
    );
    untouched(world.access(id), &EndCause::Expired);
    assert_eq!(review(&mut world, "alice", id, false), "refused not-approver", "as ever, never one's own");
    assert_eq!(review(&mut world, "sam", id, false), "reviewed > alice:request #security:review alice:reviewed");
    assert_eq!(world.next_timer(), None, "nothing is left to do");
}

#[test]
fn who_may_not_bypass_may_not_drill_it_either() {
    let mut world = World::new();
    for (who, role) in [("eve", "orders-admin"), ("alice", "vault-admin")] {
        assert_eq!(taken(&mut world, who, role, true).1, "refused not-permitted");
    }
}

#[test]
fn a_drill_that_was_misuse_ends_at_once() {
    let mut world = World::new();
    let (id, _) = taken(&mut world, "alice", "orders-admin", true);
    assert_eq!(
        review(&mut world, "sue", id, true),
        "reviewed closed > end-children alice:request #security:review alice:ended #announce:grant #announce:ended \
         alice:reviewed"
    );
}

#[test]
fn neither_a_live_drill_nor_its_overdue_review_keeps_back_the_next_real_bypass() {
    let mut world = World::new();
    let (drill, _) = taken(&mut world, "alice", "orders-admin", true);
    let (real, line) = taken(&mut world.clone(), "alice", "orders-admin", false);
    assert!(line.starts_with("requested review-opened elevation-started"), "{real} beside the drill {drill}: {line}");
    world.tick("25h");
    assert!(world.access(drill).review.as_ref().is_some_and(|review| review.overdue));
    assert_eq!(taken(&mut world, "alice", "orders-admin", true).1, "refused review-overdue", "another drill is");
    let (real, line) = taken(&mut world, "alice", "orders-admin", false);
    assert!(line.starts_with("requested review-opened elevation-started"), "{line}");
    world.verified(real);
    world.tick("25h");
    world.gone(real);
    assert_eq!(taken(&mut world, "alice", "orders-write", false).1, "refused review-overdue", "a real one counts");
    assert_eq!(taken(&mut world, "alice", "orders-write", true).1, "refused review-overdue", "for drills as well");
}

#[test]
fn a_drill_is_not_extended() {
    let mut world = World::new();
    let (id, _) = taken(&mut world, "alice", "orders-write", true);
    assert_eq!(world.extend_line("alice", id, "30m"), "refused wrong-state");
}

#[test]
fn a_pilot_role_is_judged_asked_and_ended_as_ever() {
    let mut world = World::new();
    world.role("orders-write").pilot = true;
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!(world.state(id), "pending");
    assert_eq!(world.approve("sam", id), "refused not-approver");
    assert_eq!(
        world.approve("bob", id),
        "approved rehearsed > alice:approved alice:request bob:approval-0 dana:approval-0 alice:granted #announce:grant"
    );
    assert_eq!(world.request_line("alice", "orders-write", "1h"), "refused duplicate", "judged as if it were given");
    for line in [world.verified(id), world.trouble(id, "no route", true), world.gone(id), world.not_taken(id, "no")] {
        assert_eq!(line, "nothing", "no connector has anything to say");
    }
    assert_eq!(
        world.done("alice", id),
        "closed > end-children alice:request bob:approval-0 dana:approval-0 alice:ended #announce:grant #announce:ended"
    );
    untouched(world.access(id), &EndCause::Done { by: "alice".into() });
}

#[test]
fn a_pilot_is_extended_as_a_pilot_and_the_end_is_told_once() {
    let mut world = World::new();
    world.role("orders-write").pilot = true;
    let first = world.elevating();
    world.now += Span::minutes(30).delta();
    let more = world.extend("alice", first, "30m");
    world.approve("bob", more);
    let until = world.access(first).until().unwrap() + Span::minutes(30).delta();
    assert_eq!(world.access(more).until(), Some(until));
    let lines = world.tick("1h");
    assert!(lines.iter().any(|line| line.starts_with("end: closed > alice:request")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("alice:ended")).count(), 1, "{lines:?}");
    assert_eq!(world.next_timer(), None);
}

#[test]
fn what_was_asked_as_a_pilot_stays_one_and_keeps_nothing_real_back() {
    let mut world = World::new();
    world.role("orders-write").pilot = true;
    let live = world.elevating();
    let waiting = world.request("ann", "orders-write", "1h");
    world.role("orders-write").pilot = false;
    assert!(world.approve("dana", waiting).starts_with("approved rehearsed"), "as it was asked");
    assert_eq!(world.extend_line("alice", live, "30m"), "refused policy-changed", "which would be real");
    let real = world.request("alice", "orders-write", "1h");
    assert!(world.approve("bob", real).starts_with("approved elevation-started"));
    assert_eq!(timers(world.access(live)).iter().filter(|timer| timer.kind == TimerKind::End).count(), 1);
    world.tick("1h");
    untouched(world.access(live), &EndCause::Expired);
}

#[test]
fn what_was_asked_before_the_role_became_a_pilot_is_not_given() {
    let mut world = World::new();
    let waiting = world.request("alice", "orders-write", "1h");
    let held = world.request("ann", "orders-write", "1h");
    world.approve("dana", held);
    world.verified(held);
    world.role("orders-write").pilot = true;
    assert_eq!(world.approve("bob", waiting), "refused policy-changed");
    assert_eq!(world.extend_line("ann", held, "30m"), "refused policy-changed");
    assert!(world.done("ann", held).starts_with("revocation-started > reconcile"), "what is held is taken back");
}

#[test]
fn a_bypass_of_a_pilot_role_gives_nothing_either() {
    let mut world = World::new();
    world.role("orders-admin").pilot = true;
    let (id, line) = taken(&mut world, "alice", "orders-admin", false);
    assert!(line.starts_with("requested review-opened rehearsed"), "{line}");
    assert_eq!(world.access(id).request.rehearsal, Some(Rehearsal::Pilot));
    let (id, _) = taken(&mut world, "ann", "orders-admin", true);
    assert_eq!(world.access(id).request.rehearsal, Some(Rehearsal::Drill), "a drill is a drill everywhere");
}
