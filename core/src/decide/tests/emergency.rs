//! The emergency bypass: at once, for whom policy permits it, and reviewed by somebody else.

use super::world::{World, text};
use crate::access::{EndCause, Revoker, State};
use crate::command::{Ask, Command};
use crate::freeze::Scope;
use crate::id::AccessId;
use crate::policy::{Blackout, Period, Place, RoleMatch};
use crate::span::Span;

fn taken(world: &mut World) -> AccessId {
    let ask = bypass(world, "alice", "orders-admin", "30m");
    let id = ask.id;
    assert_eq!(
        world.line(id, Command::Request(Box::new(ask))),
        "requested review-opened elevation-started > reconcile alice:request #security:review"
    );
    world.verified(id);
    id
}

fn bypass(world: &mut World, who: &str, role: &str, duration: &str) -> Ask {
    Ask { emergency: true, ..world.ask(who, role, duration) }
}

fn review(world: &mut World, who: &str, id: AccessId, misuse: bool) -> String {
    world.line(id, Command::Review { by: who.into(), misuse, note: text("looked at every statement") })
}

#[test]
fn it_is_taken_at_once_and_ends_as_ever() {
    let mut world = World::new();
    let id = taken(&mut world);
    let State::Active(active) = &world.access(id).state else { panic!() };
    assert_eq!(active.until, world.now + Span::minutes(30).delta());
    assert_eq!(
        world.tick("30m").last().unwrap(),
        "end: revocation-started > reconcile alice:request #security:review alice:warning #announce:ends-soon"
    );
    assert_eq!(world.gone(id), "closed > alice:request #security:review alice:ended #announce:grant #announce:ended");
    assert_eq!(review(&mut world, "sam", id, false), "reviewed > alice:request #security:review alice:reviewed");
    assert_eq!(world.next_timer(), None, "nothing is left to do");
}

#[test]
fn what_policy_does_not_permit_is_refused() {
    type Change = fn(&mut World);
    let none: Change = |_| {};
    for (who, role, duration, change, code) in [
        ("alice", "vault-admin", "30m", none, "not-permitted"),
        ("eve", "orders-admin", "30m", none, "not-permitted"),
        ("alice", "orders-admin", "2h", none, "duration"),
        ("alice", "orders-admin", "1m", none, "duration"),
        ("alice", "nonsense", "30m", none, "not-found"),
        ("alice", "orders-admin", "30m", |w| w.person("alice").active = false, "disabled"),
        ("alice", "orders-admin", "30m", |w| w.freeze(Scope::Everything), "frozen"),
        ("alice", "orders-admin", "30m", |w| w.parts.emergencies.clear(), "not-permitted"),
    ] {
        let mut world = World::new();
        change(&mut world);
        let ask = bypass(&mut world, who, role, duration);
        assert_eq!(
            world.line(ask.id, Command::Request(Box::new(ask))),
            format!("refused {code}"),
            "{who} {role} {duration}"
        );
    }
    let mut world = World::new();
    let ask = Ask { beneficiary: "ann".into(), ..bypass(&mut world, "alice", "orders-admin", "30m") };
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), "refused not-permitted", "never for another");
    let mut world = World::new();
    let ask = Ask { justification: text("test"), ..bypass(&mut world, "alice", "orders-admin", "30m") };
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), "refused justification");
}

#[test]
fn neither_a_waiting_request_nor_the_number_of_accesses_nor_a_window_keeps_it_back() {
    let mut world = World::new();
    let (from, to) = (world.now, world.now + chrono::TimeDelta::days(1));
    let during = Period { from, to, zone: chrono_tz::UTC };
    world.parts.limits.max_simultaneous = 1;
    let waiting = world.request("alice", "orders-admin", "1h");
    let matches = RoleMatch::default();
    world.parts.blackouts.push(Blackout { name: "move".to_owned(), matches, during, place: Place::default() });
    assert_eq!(world.request_line("ann", "orders-write", "1h"), "refused blackout");
    let id = taken(&mut world);
    assert_eq!((world.state(waiting), world.state(id)), ("pending", "active"));
    let again = bypass(&mut world, "alice", "orders-admin", "30m");
    assert_eq!(world.line(again.id, Command::Request(Box::new(again))), "refused duplicate", "while it is live");
}

#[test]
fn it_is_reviewed_once_by_somebody_else_who_may() {
    let mut world = World::new();
    let id = taken(&mut world);
    for (who, code) in
        [("alice", "not-approver"), ("carl", "not-approver"), ("eve", "not-approver"), ("mallory", "not-approver")]
    {
        assert_eq!(review(&mut world, who, id, false), format!("refused {code}"), "{who}");
    }
    world.person("sam").manager = Some("alice".into());
    assert_eq!(review(&mut world, "sam", id, false), "refused not-approver", "who reports to the holder");
    let empty = Command::Review { by: "sue".into(), misuse: false, note: text(" ") };
    assert_eq!(world.line(id, empty), "refused justification");
    assert_eq!(review(&mut world, "sue", id, false), "reviewed > alice:request #security:review alice:reviewed");
    assert_eq!(review(&mut world, "bob", id, true), "refused already-decided");
    assert_eq!(world.state(id), "active", "what was justified goes on");
    let normal = world.request("ann", "orders-write", "1h");
    assert_eq!(review(&mut world, "sue", normal, false), "refused wrong-state", "it was no bypass");
}

#[test]
fn misuse_takes_it_back() {
    let mut world = World::new();
    let id = taken(&mut world);
    assert_eq!(
        review(&mut world, "sue", id, true),
        "reviewed revocation-started > reconcile end-children alice:request #security:review alice:reviewed"
    );
    let State::Revoking(revoking) = &world.access(id).state else { panic!() };
    assert_eq!(
        revoking.cause,
        EndCause::Revoked { by: Revoker::Person("sue".into()), reason: text("looked at every statement") }
    );
}

#[test]
fn an_overdue_review_is_told_and_refuses_the_next_bypass() {
    let mut world = World::new();
    let id = taken(&mut world);
    world.tick("30m");
    world.gone(id);
    assert_eq!(world.tick("17h30m"), ["review-due: review-reminded > #security:review-due"]);
    let early = bypass(&mut world, "alice", "orders-write", "30m");
    let mut before = world.clone();
    assert!(before.line(early.id, Command::Request(Box::new(early))).starts_with("requested"), "not overdue yet");
    assert_eq!(
        world.tick("6h"),
        ["review-overdue: review-overdue > #security:review-overdue alice:request #security:review"]
    );
    let late = bypass(&mut world, "alice", "orders-write", "30m");
    assert_eq!(world.line(late.id, Command::Request(Box::new(late))), "refused review-overdue");
    let other = bypass(&mut world, "ann", "orders-write", "30m");
    assert!(world.line(other.id, Command::Request(Box::new(other))).starts_with("requested"), "others may");
    review(&mut world, "sam", id, true);
    let then = bypass(&mut world, "alice", "orders-write", "30m");
    assert!(world.line(then.id, Command::Request(Box::new(then))).starts_with("requested"), "reviewed, however late");
}
