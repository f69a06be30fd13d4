//! Waiting for people: votes, denials, cancelling, reminding, escalating, timing out.

use rstest::rstest;

use super::world::{World, text};
use crate::access::{Outcome, Revoker, State};
use crate::command::Command;
use crate::id::AccessId;
use crate::policy::{EscalateTo, Subject};
use crate::span::Span;
use crate::timer::TimerKind;

fn single() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    (world, id)
}

fn dual() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    (world, id)
}

/// Each command of each kind of person on a request of alice's that bob or dana may agree to.
#[rstest]
#[case::manager(
    "approve bob",
    "approved elevation-started > reconcile alice:approved alice:request bob:approval-0 dana:approval-0"
)]
#[case::owner(
    "approve dana",
    "approved elevation-started > reconcile alice:approved alice:request bob:approval-0 dana:approval-0"
)]
#[case::own("approve alice", "refused own-request")]
#[case::stranger("approve sam", "refused not-approver")]
#[case::disabled("approve mallory", "refused disabled")]
#[case::unknown("approve nobody", "refused disabled")]
#[case::deny("deny dana", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::deny_own("deny alice", "refused own-request")]
#[case::deny_stranger("deny sam", "refused not-approver")]
#[case::cancel("cancel alice", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::cancel_stranger("cancel bob", "refused not-permitted")]
#[case::done("done alice", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::done_stranger("done bob", "refused not-permitted")]
#[case::revoke_security("revoke sam", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::revoke_owner("revoke dana", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::revoke_holder("revoke alice", "closed > alice:ended alice:request bob:approval-0 dana:approval-0")]
#[case::revoke_stranger("revoke bob", "refused not-permitted")]
#[case::revoke_disabled("revoke mallory", "refused not-permitted")]
fn people(#[case] command: &str, #[case] expected: &str) {
    let (mut world, id) = single();
    let line = match command.split_once(' ').unwrap() {
        ("approve", who) => world.approve(who, id),
        ("deny", who) => world.deny(who, id),
        ("cancel", who) => world.cancel(who, id),
        ("done", who) => world.done(who, id),
        (_, who) => world.revoke(who, id),
    };
    assert_eq!(line, expected);
}

#[test]
fn how_it_was_closed_is_kept() {
    let close = |act: fn(&mut World, AccessId) -> String| {
        let (mut world, id) = single();
        act(&mut world, id);
        let State::Closed(closed) = &world.access(id).state else { panic!() };
        closed.outcome.clone()
    };
    let revoked = |by| Outcome::Withdrawn { by, reason: text("seen misuse") };
    assert_eq!(
        close(|w, id| w.deny("bob", id)),
        Outcome::Denied { by: "bob".into(), instead_of: None, reason: text("not on a Monday") }
    );
    assert_eq!(close(|w, id| w.cancel("alice", id)), Outcome::Cancelled { by: "alice".into() });
    assert_eq!(close(|w, id| w.done("alice", id)), Outcome::Cancelled { by: "alice".into() });
    assert_eq!(close(|w, id| w.revoke("sam", id)), revoked(Revoker::Person("sam".into())));
    let by = Revoker::Operator("root".to_owned());
    let reason = text("seen misuse");
    assert_eq!(
        close(|w, id| {
            let by = Revoker::Operator("root".to_owned());
            w.line(id, Command::Revoke { by, reason: text("seen misuse") })
        }),
        Outcome::Withdrawn { by, reason }
    );
    assert_eq!(close(|w, _| w.tick("8h").concat()), Outcome::TimedOut);
}

#[test]
fn no_without_a_reason_is_refused() {
    let (mut world, id) = single();
    assert_eq!(world.line(id, Command::Deny { by: "bob".into(), reason: text("  ") }), "refused justification");
    let by = Revoker::Person("sam".into());
    assert_eq!(world.line(id, Command::Revoke { by, reason: text("") }), "refused justification");
}

#[test]
fn steps_come_one_after_another() {
    let (mut world, id) = dual();
    assert_eq!(world.approve("sam", id), "refused not-approver", "not their step yet");
    assert_eq!(
        world.approve("bob", id),
        "approved step-opened > alice:approved alice:request bob:approval-0 sam:approval-1 sue:approval-1"
    );
    assert_eq!(world.approve("bob", id), "refused already-voted", "as manager bob is of the second step too");
    assert_eq!(world.approve("dana", id), "refused not-approver");
    assert_eq!(
        world.approve("sue", id),
        "approved elevation-started > reconcile alice:approved alice:request bob:approval-0 sam:approval-1 sue:approval-1"
    );
    assert_eq!(world.state(id), "elevating");
}

#[test]
fn a_later_step_can_still_say_no() {
    let (mut world, id) = dual();
    world.approve("bob", id);
    assert_eq!(
        world.deny("sam", id),
        "closed > alice:ended alice:request bob:approval-0 sam:approval-1 sue:approval-1"
    );
}

#[test]
fn a_step_that_needs_two_needs_two_different_people() {
    let mut world = World::new();
    let id = world.request("alice", "vault-admin", "1h");
    let told = "alice:approved alice:request bob:approval-0 sam:approval-0 sue:approval-0";
    assert_eq!(world.approve("sam", id), format!("approved > {told}"));
    assert_eq!(world.approve("sam", id), "refused already-voted");
    assert_eq!(world.approve("bob", id), {
        "approved step-opened > alice:approved alice:request bob:approval-0 dana:approval-1 sam:approval-0 sue:approval-0"
    });
    assert_eq!(world.approve("sue", id), "refused not-approver", "the first step is over");
    assert!(world.approve("dana", id).starts_with("approved elevation-started > reconcile"));
}

#[test]
fn votes_of_an_earlier_step_do_not_count_for_a_later_one() {
    let mut world = World::new();
    world.rule("dual").steps[1].count = 2;
    let id = world.request("alice", "orders-admin", "1h");
    world.approve("bob", id);
    assert!(world.approve("sam", id).starts_with("approved > "), "bob's was for the first step");
    assert!(world.approve("sue", id).starts_with("approved elevation-started"));
}

#[test]
fn whoever_alone_can_complete_a_later_step_keeps_their_vote_for_it() {
    let mut world = World::new();
    world.rule("dual").steps[0].any.push(Subject::Person("sam".into()));
    world.rule("dual").steps[1].any = vec![Subject::Person("sam".into())];
    let id = world.request("alice", "orders-admin", "1h");
    let mut without_bob = world.clone();
    let refusal = world.send(id, Command::Approve { by: "sam".into(), at_most: None }).unwrap_err();
    assert!(refusal.what.starts_with("Without you nobody is left for step 2 of "), "{refusal}");
    assert!(world.approve("bob", id).starts_with("approved step-opened"));
    assert!(world.approve("sam", id).starts_with("approved elevation-started"));

    without_bob.person("bob").active = false;
    assert!(without_bob.approve("sam", id).starts_with("refused policy-changed"), "the route cannot be walked at all");
}

#[test]
fn the_least_of_all_votes_counts() {
    let (mut world, id) = dual();
    world.approve_for("bob", id, "45m");
    assert_eq!(world.access(id).duration(), Span::minutes(45));
    world.approve_for("sam", id, "50m");
    let State::Elevating(elevating) = &world.access(id).state else { panic!() };
    assert_eq!(elevating.duration, Span::minutes(45));
    assert_eq!(elevating.native_until, world.now + Span::minutes(46).delta());
    let at_most: Vec<_> = world.access(id).votes.iter().map(|vote| vote.at_most).collect();
    assert_eq!(at_most, [Some(Span::minutes(45)), None], "longer than the least is no cut");
}

#[test]
fn approving_for_less_has_its_least() {
    let (mut world, id) = single();
    assert_eq!(world.approve_for("bob", id, "4m"), "refused duration");
    world.parts.limits.min_duration = Span::seconds(0);
    assert_eq!(world.approve_for("bob", id, "0s"), "refused duration");
    assert!(world.approve_for("bob", id, "1s").starts_with("approved"));
    let (mut world, id) = single();
    world.approve_for("bob", id, "3h");
    assert_eq!(world.access(id).duration(), Span::hours(1), "nobody gives more than was asked");
}

#[test]
fn the_loser_of_a_race_hears_who_decided() {
    let (mut world, id) = single();
    world.approve("bob", id);
    let words = |world: &mut World, command| world.send(id, command).unwrap_err().to_string();
    let approve = |by: &str| Command::Approve { by: by.into(), at_most: None };
    let short = world.access(id).short.clone();
    assert_eq!(
        words(&mut world, approve("dana")),
        format!("{short} was approved already by Bob. Nothing is left to do.")
    );
    assert_eq!(
        words(&mut world, approve("bob")),
        format!("{short} was approved already by you. Nothing is left to do.")
    );
    let (mut world, id) = single();
    world.deny("dana", id);
    let error = world.send(id, approve("bob")).unwrap_err();
    assert_eq!(error.what, format!("{} was denied already by Dana.", world.access(id).short));
    let error = world.send(id, approve("sam")).unwrap_err();
    assert_eq!(error.code.as_str(), "not-approver", "others learn nothing");
}

#[test]
fn too_late_names_every_way_it_was_decided() {
    let late = |act: fn(&mut World, AccessId)| {
        let (mut world, id) = dual();
        act(&mut world, id);
        let error = world.send(id, Command::Deny { by: "bob".into(), reason: text("no") }).unwrap_err();
        assert_eq!(error.code.as_str(), "already-decided");
        error.what.split_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(late(|w, id| _ = w.cancel("alice", id)), "was cancelled by Alice.");
    assert_eq!(late(|w, id| _ = w.revoke("sam", id)), "was withdrawn by Sam.");
    assert_eq!(late(|w, _| _ = w.tick("8h")), "has timed out: nobody decided in time.");
    fn agreed(world: &mut World, id: AccessId) {
        world.approve("bob", id);
        world.approve("sue", id);
    }
    assert_eq!(late(agreed), "was approved already by you and Sue.");
    assert_eq!(
        late(|w, id| {
            agreed(w, id);
            w.cancel("alice", id);
            w.gone(id);
        }),
        "was cancelled by Alice."
    );
    assert_eq!(
        late(|w, id| {
            agreed(w, id);
            w.verified(id);
            w.done("alice", id);
            w.gone(id);
        }),
        "was approved by you and Sue and is over."
    );
    let mut world = World::new();
    let id = world.request("alice", "logs-read", "15m");
    let error = world.send(id, Command::Approve { by: "alice".into(), at_most: None }).unwrap_err();
    assert_eq!(error.what, format!("{} was approved by policy.", world.access(id).short));
}

#[test]
fn silence_reminds_once_then_escalates_then_times_out() {
    let (mut world, id) = single();
    assert_eq!(world.tick("14m"), [""; 0]);
    assert_eq!(world.tick("1m"), ["remind: reminded > bob:reminder dana:reminder"]);
    assert_eq!(world.tick("14m"), [""; 0]);
    assert_eq!(
        world.tick("1m"),
        ["escalate: escalated > alice:escalated alice:request bob:approval-0 dana:approval-0 eve:approval-0"]
    );
    assert_eq!(world.tick("7h29m"), ["escalate: escalated"], "eve is at the top");
    assert_eq!(
        world.tick("1m"),
        ["time-out: closed > alice:ended alice:request bob:approval-0 dana:approval-0 eve:approval-0"]
    );
    assert_eq!(world.state(id), "closed");
    assert_eq!(world.next_timer(), None);
}

#[test]
fn each_step_has_its_own_time() {
    let (mut world, id) = dual();
    world.tick("7h");
    world.approve("bob", id);
    assert_eq!(world.tick("15m"), ["remind: reminded > sam:reminder sue:reminder"]);
    assert_eq!(
        world.tick("15m"),
        ["escalate: escalated > alice:escalated alice:request bob:approval-0 eve:approval-0 eve:approval-1 \
          sam:approval-1 sue:approval-1"],
        "eve was added to the first step as well"
    );
    assert_eq!(world.state(id), "pending");
    assert!(world.tick("7h30m").last().unwrap().starts_with("time-out"));
}

#[test]
fn whoever_agreed_is_not_reminded() {
    let mut world = World::new();
    let id = world.request("alice", "vault-admin", "1h");
    world.approve("sam", id);
    assert_eq!(world.tick("15m"), ["remind: reminded > bob:reminder sue:reminder"]);
}

#[test]
fn the_escalated_may_decide_and_only_they() {
    let (mut world, id) = single();
    assert_eq!(world.approve("eve", id), "refused not-approver");
    world.tick("30m");
    assert!(world.approve("eve", id).starts_with("approved elevation-started"));
    assert_eq!(world.access(id).votes[0].by.as_str(), "eve");
}

#[test]
fn an_escalation_never_reaches_the_requester() {
    let mut world = World::new();
    // Sam and sue are asked; the manager of sue is sam, of sam eve, who asks.
    let id = world.request("eve", "host-login", "1h");
    world.tick("15m");
    assert_eq!(world.tick("15m"), ["escalate: escalated"], "nobody is left above them");
    assert_eq!(world.approve("eve", id), "refused own-request");
    world.rule("hosts").escalate_to = vec![EscalateTo::Subject(Subject::Person("eve".into()))];
    let mut world2 = world.clone();
    world2.cancel("eve", id);
    let id = world2.request("eve", "host-login", "1h");
    assert_eq!(world2.tick("30m").last().unwrap(), "escalate: escalated");
    assert_eq!(world2.approve("eve", id), "refused own-request");
}

#[test]
fn an_escalation_skips_the_disabled_and_whoever_voted() {
    let (mut world, id) = single();
    world.person("eve").active = false;
    assert_eq!(world.tick("30m").last().unwrap(), "escalate: escalated");
    world.person("eve").active = true;
    assert_eq!(world.approve("eve", id), "refused not-approver");

    let mut world = World::new();
    world.rule("vault").escalate_to = vec![EscalateTo::Subject(Subject::Person("sam".into()))];
    let id = world.request("alice", "vault-admin", "1h");
    world.approve("sam", id);
    world.approve("bob", id);
    assert_eq!(world.tick("30m").last().unwrap(), "escalate: escalated", "sam counts once already");
    assert_eq!(world.approve("sam", id), "refused already-voted");
}

#[test]
fn without_an_escalation_there_is_no_such_timer() {
    let mut world = World::new();
    world.rule("single").escalate_to.clear();
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!(world.tick("7h").len(), 1, "the reminder");
    assert_eq!(world.fire(id, TimerKind::Escalate), "nothing");
}

#[test]
fn timers_that_are_early_or_not_of_this_state_change_nothing() {
    let (mut world, id) = single();
    for kind in TimerKind::ALL {
        assert_eq!(world.fire(id, kind), "nothing", "{kind:?}");
    }
    world.tick("16m");
    assert_eq!(world.fire(id, TimerKind::Remind), "nothing", "once");
    world.now += Span::hours(24).delta();
    for kind in [TimerKind::Lapse, TimerKind::ElevationDeadline, TimerKind::Warn, TimerKind::End, TimerKind::Alert] {
        assert_eq!(world.fire(id, kind), "nothing", "{kind:?}");
    }
    assert!(world.fire(id, TimerKind::TimeOut).starts_with("closed"));
}

#[test]
fn connectors_have_nothing_to_say_yet() {
    let (mut world, id) = single();
    assert_eq!(world.verified(id), "nothing");
    assert_eq!(world.trouble(id, "no", true), "nothing");
    assert_eq!(world.gone(id), "nothing");
    assert_eq!(world.not_taken(id, "no"), "nothing");
    assert_eq!(world.state(id), "pending");
}
