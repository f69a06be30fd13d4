//! A later start: agreed now, judged again when it comes, and nothing given before.

use rstest::rstest;

use super::world::{World, minutes};
use crate::access::{Outcome, State};
use crate::command::{Ask, Command};
use crate::freeze::Scope;
use crate::id::AccessId;
use crate::policy::{Conflict, Place, Risk};
use crate::span::Span;
use crate::timer::{TimerKind, timers};

fn outcome(world: &World, id: AccessId) -> (String, String) {
    match &world.access(id).state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::NotStarted { refusal } => (refusal.code.as_str().to_owned(), refusal.what.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_waits_for_its_start_and_its_time_counts_from_when_it_is_verified() {
    let mut world = World::new();
    let id = world.request_in("alice", "orders-write", ("1h", "3h"));
    assert_eq!(
        world.approve("bob", id),
        "approved scheduled > alice:approved alice:request bob:approval-0 dana:approval-0"
    );
    assert_eq!((world.state(id), world.access(id).holds()), ("scheduled", None));
    assert_eq!(world.tick("3h"), ["start: elevation-started > reconcile alice:request bob:approval-0 dana:approval-0"]);
    world.now += Span::minutes(1).delta();
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(241), "an hour from then, not from its start");
}

#[test]
fn what_policy_agrees_to_by_itself_waits_as_well() {
    let mut world = World::new();
    let ask = world.ask_in("alice", "logs-read", ("15m", "1h"));
    let id = ask.id;
    assert_eq!(world.line(id, Command::Request(Box::new(ask))), "requested scheduled > alice:request");
    assert_eq!(world.tick("1h"), ["start: elevation-started > reconcile alice:request"]);
}

#[test]
fn an_approval_that_comes_after_the_start_gives_at_once_and_none_comes_after_the_end() {
    let mut world = World::new();
    let id = world.request_in("alice", "orders-write", ("1h", "30m"));
    world.now += Span::minutes(40).delta();
    assert!(world.approve("bob", id).starts_with("approved elevation-started"));
    let mut world = World::new();
    let id = world.request_in("alice", "orders-write", ("1h", "30m"));
    let due: Vec<_> = timers(world.access(id)).into_iter().map(|timer| (timer.kind, minutes(timer.due_at))).collect();
    let mut late = world.clone();
    late.now += Span::minutes(90).delta();
    assert_eq!(late.approve("bob", id), "refused policy-changed", "though its timer has not fired yet");
    assert!(due.contains(&(TimerKind::TimeOut, 90)), "not the eight hours of the rule: {due:?}");
    assert_eq!(world.tick("2h").last().unwrap().split(' ').nth(1), Some("closed"));
}

#[test]
fn times_that_are_over_or_too_far_off_are_refused() {
    let mut world = World::new();
    for (minutes, code) in [(0, "start"), (-1, "start"), (91 * 24 * 60, "start"), (90 * 24 * 60, "requested")] {
        let starts_at = Some(world.now + chrono::TimeDelta::minutes(minutes));
        let ask = Ask { starts_at, ..world.ask("alice", "orders-write", "1h") };
        let line = world.line(ask.id, Command::Request(Box::new(ask)));
        assert!(line.trim_start_matches("refused ").starts_with(code), "{minutes}: {line}");
    }
}

/// Everything that can have changed by then ends it, with a reason that the requester is told.
#[rstest]
#[case::policy(|w: &mut World| w.role("orders-write").risk = Risk::High, "")]
#[case::rule(|w: &mut World| w.rule("single").who.clear(), "Policy does not allow it now")]
#[case::duration(|w: &mut World| w.rule("single").max_duration = Some(Span::minutes(30)), "Policy does not allow it now")]
#[case::role_gone(|w: &mut World| w.parts.roles.clear(), "no longer in the policy")]
#[case::target(|w: &mut World| w.role("orders-write").target = Default::default(), "now gives something else")]
#[case::person(|w: &mut World| w.person("alice").active = false, "is disabled")]
#[case::approver(|w: &mut World| w.person("bob").active = false, "can no longer decide")]
#[case::freeze(|w: &mut World| w.freeze(Scope::Role("orders-write".into())), "New access is frozen")]
#[case::limit(|w: &mut World| w.parts.limits.max_simultaneous = 0, "Policy does not allow it now")]
#[case::approvals(|w: &mut World| { let step = w.rule("single").steps[0].clone(); w.rule("single").steps.push(step); }, "Policy now asks for 2 approvals")]
fn it_is_judged_again_when_its_start_comes(#[case] change: fn(&mut World), #[case] why: &str) {
    let mut world = World::new();
    let id = world.scheduled("3h");
    change(&mut world);
    // As soon as the shell looks through what waits, and not only when somebody would need it.
    let mut early = world.clone();
    let line = early.recheck(id);
    match why {
        "" => assert_eq!(line, "nothing"),
        "is disabled" => assert!(line.starts_with("closed")),
        why => {
            assert_eq!(line, "closed > alice:ended alice:request bob:approval-0 dana:approval-0");
            assert!(outcome(&early, id).1.contains(why));
        }
    }
    if why.is_empty() {
        // Risk alone changes nothing while the same people would be asked.
        assert!(world.tick("3h")[0].starts_with("start: elevation-started"));
        return;
    }
    let lines = world.tick("3h");
    assert_eq!(lines, ["start: closed > alice:ended alice:request bob:approval-0 dana:approval-0"]);
    let (_, what) = outcome(&world, id);
    assert!(what.contains(why), "{what}");
}

#[test]
fn it_stands_in_the_way_of_conflicting_roles_and_takes_its_place_in_its_own_time() {
    let mut world = World::new();
    let roles = vec!["orders-write".to_owned(), "logs-read".to_owned()];
    world.parts.conflicts.push(Conflict { name: "apart".to_owned(), roles, place: Place::default() });
    let id = world.scheduled("3h");
    assert_eq!(world.request_line("alice", "logs-read", "15m"), "refused conflict");
    assert_eq!(world.request_line("alice", "orders-write", "15m"), "refused duplicate");
    world.parts.conflicts.clear();
    world.parts.limits.max_simultaneous = 1;
    assert!(world.request_line("alice", "logs-read", "15m").starts_with("requested"), "over before it begins");
    let ask = world.ask_in("alice", "host-login", ("1h", "2h"));
    assert!(world.line(ask.id, Command::Request(Box::new(ask))).starts_with("requested"), "over when it begins");
    let ask = world.ask_in("alice", "orders-admin", ("2h", "2h30m"));
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), "refused limit");
    assert_eq!(world.cancel("alice", id), "closed > alice:ended alice:request bob:approval-0 dana:approval-0");
}

#[test]
fn the_last_place_of_a_role_is_kept_for_it_in_its_own_time() {
    let mut world = World::new();
    world.role("orders-write").max_simultaneous = Some(1);
    world.scheduled("3h");
    assert!(world.request_line("ann", "orders-write", "2h").starts_with("requested"));
    assert_eq!(world.request_line("dana", "orders-write", "4h"), "refused limit", "it would last into that time");
}

#[test]
fn a_start_that_was_missed_is_late_or_never() {
    let mut world = World::new();
    let id = world.scheduled("3h");
    world.now += Span::minutes(230).delta();
    assert!(world.fire(id, TimerKind::Start).starts_with("elevation-started"), "ten minutes before its end");
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(290), "as long as was agreed");
    let mut world = World::new();
    let id = world.scheduled("3h");
    world.now += Span::minutes(240).delta();
    assert!(world.fire(id, TimerKind::Start).starts_with("closed > alice:ended"));
    assert_eq!(outcome(&world, id), ("start".to_owned(), "Its time was over before it could begin.".to_owned()));
}

#[test]
fn windows_count_for_the_time_of_the_start() {
    let mut world = World::new();
    let at = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let days = vec![chrono::Weekday::Mon];
    world.rule("single").hours = Some(crate::policy::Hours { days, from: at(12), to: at(13), zone: chrono_tz::UTC });
    assert_eq!(world.request_line("alice", "orders-write", "1h"), "refused hours");
    let id = world.request_in("alice", "orders-write", ("2h", "3h"));
    world.approve("bob", id);
    assert_eq!(world.access(id).closing.as_ref().map(|closing| minutes(closing.at)), Some(240));
    world.tick("3h");
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(240), "cut at 13:00");
    let ask = world.ask_in("ann", "orders-write", ("1h", "2h"));
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), "refused hours");
}

#[test]
fn what_is_only_so_for_the_moment_is_left_to_its_start() {
    let mut world = World::new();
    let id = world.scheduled("3h");
    let other = world.request("ann", "orders-write", "4h");
    world.approve("bob", other);
    world.verified(other);
    // Whoever agreed is away now, and with them everybody else who could; more is held than may be.
    for away in ["bob", "dana", "eve"] {
        world.away(away, None);
    }
    world.role("orders-write").max_simultaneous = Some(1);
    assert_eq!(world.recheck(id), "nothing");
    world.role("orders-write").max_simultaneous = None;
    let lines = world.tick("3h");
    assert!(
        lines.iter().any(|line| line.starts_with("start: elevation-started")),
        "nobody is left to be asked: {lines:?}"
    );
}
