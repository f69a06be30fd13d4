//! Held: the warning, the end, and ending early.

use rstest::rstest;

use super::world::{World, minutes, text};
use crate::access::{EndCause, Revoker, State};
use crate::command::Command;
use crate::id::AccessId;
use crate::span::Span;
use crate::timer::TimerKind;

fn active() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.active();
    (world, id)
}

fn cause(world: &World, id: AccessId) -> EndCause {
    match &world.access(id).state {
        State::Revoking(revoking) => revoking.cause.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_life_warns_ends_and_is_verified_gone() {
    let (mut world, id) = active();
    assert_eq!(world.tick("44m"), [""; 0]);
    assert_eq!(world.tick("1m"), ["warn: warned > alice:warning #announce:ends-soon"]);
    assert_eq!(
        world.tick("15m"),
        [
            "end: revocation-started > reconcile alice:request bob:approval-0 dana:approval-0 alice:warning #announce:ends-soon"
        ]
    );
    assert_eq!(cause(&world, id), EndCause::Expired);
    assert_eq!(world.access(id).holds(), None);
    assert_eq!(
        world.gone(id),
        "closed > alice:request bob:approval-0 dana:approval-0 alice:ended #announce:grant #announce:ended"
    );
    assert_eq!(world.next_timer(), None);
}

#[rstest]
#[case("1h", 45)]
#[case("4h", 225)]
#[case("30m", 22)] // a quarter of the time, since fifteen minutes would be half of it
#[case("5m", 3)]
fn the_warning_comes_in_good_time(#[case] duration: &str, #[case] expected: i64) {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", duration);
    world.approve("bob", id);
    world.verified(id);
    let (due_at, kind, _) = world.next_timer().unwrap();
    assert_eq!((kind, minutes(due_at)), (TimerKind::Warn, expected));
}

#[rstest]
#[case("done alice", "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0")]
#[case("cancel alice", "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0")]
#[case("revoke alice", "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0")]
#[case("revoke dana", "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0")]
#[case("revoke sam", "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0")]
#[case("done bob", "refused not-permitted")]
#[case("cancel dana", "refused not-permitted")]
#[case("revoke bob", "refused not-permitted")]
#[case("revoke eve", "refused not-permitted")]
#[case("revoke mallory", "refused not-permitted")]
#[case("approve dana", "refused already-decided")]
#[case("approve alice", "refused already-decided")]
#[case("deny sam", "refused not-approver")]
fn people(#[case] command: &str, #[case] expected: &str) {
    let (mut world, id) = active();
    let line = match command.split_once(' ').unwrap() {
        ("done", who) => world.done(who, id),
        ("cancel", who) => world.cancel(who, id),
        ("approve", who) => world.approve(who, id),
        ("deny", who) => world.deny(who, id),
        (_, who) => world.revoke(who, id),
    };
    assert_eq!(line, expected);
}

#[test]
fn the_cause_says_who_ended_it_and_why() {
    let end = |act: fn(&mut World, AccessId) -> String| {
        let (mut world, id) = active();
        act(&mut world, id);
        cause(&world, id)
    };
    let reason = text("seen misuse");
    assert_eq!(end(|w, id| w.done("alice", id)), EndCause::Done { by: "alice".into() });
    assert_eq!(end(|w, id| w.cancel("alice", id)), EndCause::Done { by: "alice".into() });
    assert_eq!(
        end(|w, id| w.revoke("sam", id)),
        EndCause::Revoked { by: Revoker::Person("sam".into()), reason: reason.clone() }
    );
    let operator = || Revoker::Operator("root".to_owned());
    assert_eq!(
        end(|w, id| {
            let by = Revoker::Operator("root".to_owned());
            w.line(id, Command::Revoke { by, reason: text("seen misuse") })
        }),
        EndCause::Revoked { by: operator(), reason }
    );
}

#[test]
fn a_revocation_needs_a_reason_and_someone_active() {
    let (mut world, id) = active();
    let by = |who: &str| Revoker::Person(who.into());
    assert_eq!(world.line(id, Command::Revoke { by: by("sam"), reason: text(" ") }), "refused justification");
    let operator = Revoker::Operator("root".to_owned());
    assert_eq!(world.line(id, Command::Revoke { by: operator, reason: text("") }), "refused justification");
    world.person("dana").active = false;
    assert_eq!(world.revoke("dana", id), "refused not-permitted", "a disabled owner");
    world.person("alice").active = false;
    assert_eq!(world.revoke("alice", id), "refused not-permitted", "a disabled holder");
}

#[test]
fn yesterdays_and_todays_owner_can_revoke() {
    let (mut world, id) = active();
    world.role("orders-write").owner = crate::policy::Subject::Person("ann".into());
    let mut other = world.clone();
    assert!(world.revoke("ann", id).starts_with("revocation-started"));
    assert!(other.revoke("dana", id).starts_with("revocation-started"));
}

#[test]
fn whoever_asked_and_whoever_has_it_can_end_it() {
    for who in ["bob", "alice"] {
        let mut world = World::new();
        let ask = world.ask("bob", "orders-write", "1h");
        let ask = crate::command::Ask { beneficiary: "alice".into(), ..ask };
        let id = ask.id;
        world.send(id, Command::Request(Box::new(ask))).unwrap();
        world.approve("dana", id);
        world.verified(id);
        assert_eq!(world.done("ann", id), "refused not-permitted");
        assert_eq!(
            world.done(who, id),
            "revocation-started > reconcile end-children bob:request alice:request dana:approval-0"
        );
        assert_eq!(cause(&world, id), EndCause::Done { by: who.into() });
    }
}

#[test]
fn a_warning_that_was_told_loses_its_buttons_however_it_ends() {
    let (mut world, id) = active();
    world.tick("45m");
    assert_eq!(
        world.done("alice", id),
        "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0 alice:warning #announce:ends-soon"
    );
}

#[test]
fn late_and_doubled_answers_change_nothing() {
    let (mut world, id) = active();
    let before = world.access(id).clone();
    assert_eq!(world.verified(id), "nothing");
    assert_eq!(world.trouble(id, "late", true), "nothing");
    assert_eq!(world.gone(id), "nothing");
    assert_eq!(world.not_taken(id, "late"), "nothing");
    world.now += Span::minutes(44).delta();
    for kind in TimerKind::ALL {
        assert_eq!(world.fire(id, kind), "nothing", "{kind:?}");
    }
    assert_eq!(*world.access(id), before);
}

#[test]
fn after_an_outage_it_ends_at_once() {
    let (mut world, id) = active();
    world.now += Span::hours(9).delta();
    assert_eq!(
        world.fire(id, TimerKind::End),
        "revocation-started > reconcile alice:request bob:approval-0 dana:approval-0"
    );
    assert_eq!(world.fire(id, TimerKind::Warn), "nothing");
}

#[test]
fn a_verification_older_than_the_end_ends_at_once() {
    let mut world = World::new();
    let id = world.elevating();
    world.now += Span::hours(3).delta();
    world.verified(id);
    assert_eq!(world.tick("0s"), ["end: revocation-started > reconcile alice:request bob:approval-0 dana:approval-0"]);
}

#[test]
fn what_leavers_hold_or_wait_for_ends_at_once() {
    type Make = fn(&mut World) -> AccessId;
    let cards = "alice:request bob:approval-0 dana:approval-0";
    let table: [(Make, String); 3] = [
        (|w| w.request("alice", "orders-write", "1h"), format!("closed > alice:ended {cards}")),
        (World::elevating, format!("revocation-started > reconcile end-children {cards}")),
        (World::active, format!("revocation-started > reconcile end-children {cards}")),
    ];
    for (make, expected) in table {
        let mut world = World::new();
        let id = make(&mut world);
        assert_eq!(world.line(id, Command::Recheck), "nothing", "nobody has left");
        let mut removed = world.clone();
        world.person("alice").active = false;
        assert_eq!(world.line(id, Command::Recheck), expected);
        assert_eq!(world.line(id, Command::Recheck), "nothing", "once");
        removed.people.retain(|name, _| *name != "alice");
        assert_eq!(removed.line(id, Command::Recheck), expected);
    }
}

#[test]
fn what_somebody_asked_for_on_behalf_of_another_ends_when_either_leaves() {
    for leaver in ["bob", "alice"] {
        let mut world = World::new();
        let ask = crate::command::Ask { beneficiary: "alice".into(), ..world.ask("bob", "orders-write", "1h") };
        let id = ask.id;
        world.send(id, Command::Request(Box::new(ask))).unwrap();
        world.approve("dana", id);
        world.verified(id);
        world.person("eve").active = false;
        assert_eq!(world.line(id, Command::Recheck), "nothing", "somebody else");
        world.person(leaver).active = false;
        assert!(world.line(id, Command::Recheck).starts_with("revocation-started"));
        assert_eq!(cause(&world, id), EndCause::Leaver { person: leaver.into() });
    }
}
