//! Who is asked when somebody cannot be: disabled, not in chat, away; who stands in, and who is asked above them.

use super::world::World;
use crate::access::{Skipped, State, Unasked};
use crate::command::Command;
use crate::id::AccessId;
use crate::policy::{EscalateTo, Subject};

fn asked(world: &World, id: AccessId) -> String {
    let access = world.access(id);
    let State::Pending(pending) = &access.state else { return "nobody".to_owned() };
    let one = |asked: &crate::access::Asked| match &asked.instead_of {
        Some(away) => format!("{} for {away}", asked.person),
        None => asked.person.to_string(),
    };
    access.waiting_in(pending.step).map(one).collect::<Vec<_>>().join(", ")
}

fn skipped(world: &World, id: AccessId) -> String {
    let why = |skipped: &Skipped| match &skipped.why {
        Unasked::Disabled => "disabled".to_owned(),
        Unasked::NotInChat => "not in chat".to_owned(),
        Unasked::NotNamed => "not named".to_owned(),
        Unasked::Away { delegate: Some(delegate), .. } => format!("away, {delegate}"),
        Unasked::Away { delegate: None, .. } => "away".to_owned(),
    };
    let all = world.access(id).skipped.iter().map(|skipped| format!("{}: {}", skipped.person, why(skipped)));
    all.collect::<Vec<_>>().join("; ")
}

#[test]
fn who_cannot_be_asked_is_skipped_and_the_record_says_why() {
    let mut world = World::new();
    world.person("bob").slack = None;
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("dana", "bob: not in chat"));
    assert_eq!(world.approve("bob", id), "refused not-approver", "nothing that comes from bob can be his");

    let mut world = World::new();
    world.person("bob").active = false;
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("dana", "bob: disabled"));

    // Mallory is of security and disabled: no more one of the group.
    let mut world = World::new();
    let id = world.request("alice", "host-login", "1h");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("sam, sue", ""));
}

#[test]
fn a_route_with_too_few_left_is_refused_and_says_who_and_which_rule() {
    let mut world = World::new();
    world.person("bob").slack = None;
    let ask = world.ask("alice", "orders-admin", "1h");
    let refusal = world.send(ask.id, Command::Request(Box::new(ask))).unwrap_err();
    assert_eq!(refusal.code.as_str(), "no-approver");
    assert_eq!(refusal.rule.as_deref(), Some("dual"));
    assert_eq!(refusal.ask.as_deref(), Some("Dana"));
    assert!(refusal.what.contains("there is nobody (Bob has no chat account in the directory)"), "{refusal}");

    let mut world = World::new();
    world.person("sam").slack = None;
    let line = world.request_line("alice", "vault-admin", "1h");
    assert!(line.starts_with("requested step-opened"), "bob and sue are left: {line}");
    world.person("sue").slack = None;
    assert_eq!(world.request_line("ann", "vault-admin", "1h"), "refused no-approver", "two of bob alone");
}

#[test]
fn a_delegate_is_asked_instead_and_recorded_as_such() {
    let mut world = World::new();
    world.away("bob", Some("ann"));
    let id = world.request("alice", "orders-admin", "1h");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("ann for bob", "bob: away, ann"));
    let refusal = world.send(id, Command::Approve { by: "bob".into(), at_most: None }).unwrap_err();
    assert_eq!(refusal.what, "You are away until 23 Nov 19:00 UTC, and decide on nothing until then.");
    assert!(world.approve("ann", id).starts_with("approved step-opened"));
    let vote = &world.access(id).votes[0];
    assert_eq!((vote.by.as_str(), vote.instead_of.as_ref().unwrap().as_str()), ("ann", "bob"));
    assert!(
        !asked(&world, id).contains("bob") && !asked(&world, id).contains("ann"),
        "his say is used, in step two as well"
    );

    // He is back: her vote stands, and is his as well.
    world.absences.clear();
    assert_eq!(world.approve("bob", id), "refused already-voted");
    assert!(world.approve("sam", id).starts_with("approved elevation-started"));
}

#[test]
fn nobody_who_must_not_decide_stands_in() {
    // The requester; somebody disabled; not in chat; away as well; or asked already.
    for delegate in ["alice", "mallory", "carl", "eve", "dana"] {
        let mut world = World::new();
        world.person("carl").slack = None;
        world.away("eve", Some("sam"));
        world.away("bob", Some(delegate));
        let id = world.request("alice", "orders-write", "1h");
        assert_eq!(asked(&world, id), "dana", "{delegate}");
        assert_eq!(skipped(&world, id), "bob: away", "{delegate}");
        assert_eq!(
            world.approve(delegate, id) == "refused not-approver",
            delegate != "dana" && delegate != "alice" && delegate != "mallory"
        );
    }
    let mut world = World::new();
    world.rule("single").steps[0].delegation = false;
    world.away("bob", Some("ann"));
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("dana", "bob: away"));
    assert_eq!(world.approve("ann", id), "refused not-approver");
}

#[test]
fn one_delegate_of_two_counts_once() {
    let mut world = World::new();
    world.away("sam", Some("ann"));
    world.away("sue", Some("ann"));
    let id = world.request("alice", "vault-admin", "1h");
    assert_eq!(asked(&world, id), "ann for sam, bob", "two of security and bob are asked for");
    world.approve("ann", id);
    assert_eq!(world.approve("ann", id), "refused already-voted");
    assert_eq!(world.state(id), "pending");
    assert!(world.approve("bob", id).starts_with("approved step-opened"));
}

#[test]
fn where_all_are_away_those_above_them_are_asked_at_once() {
    let mut world = World::new();
    world.away("bob", None);
    assert_eq!(
        world.request_line("alice", "orders-admin", "1h"),
        "requested step-opened escalated > alice:request eve:approval-0 alice:escalated"
    );
    let id = *world.accesses.keys().next().unwrap();
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("eve", "bob: away"));
    assert!(world.approve("eve", id).starts_with("approved step-opened"));

    let mut world = World::new();
    world.away("bob", None);
    world.away("eve", Some("carl"));
    assert_eq!(world.request_line("alice", "orders-admin", "1h"), "refused no-approver", "nobody is above eve");
    let mut world = World::new();
    world.rule("dual").escalate_to.clear();
    world.away("bob", None);
    assert_eq!(world.request_line("alice", "orders-admin", "1h"), "refused no-approver", "policy escalates to nobody");
}

#[test]
fn whoever_goes_away_while_it_waits_is_replaced() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!(world.recheck(id), "nothing");
    world.away("bob", Some("ann"));
    assert_eq!(
        world.recheck(id),
        "asked-again > alice:request ann:approval-0 bob:approval-0 dana:approval-0 ann:stands-in"
    );
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("dana, ann for bob", "bob: away, ann"));
    assert_eq!(world.recheck(id), "nothing", "once");

    world.absences.clear();
    assert_eq!(world.recheck(id), "asked-again > alice:request ann:approval-0 bob:approval-0 dana:approval-0");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("bob, dana", "ann: not named"));
    assert_eq!(world.approve("ann", id), "refused not-approver");
    assert!(world.approve("bob", id).starts_with("approved elevation-started"));
}

#[test]
fn whoever_becomes_unreachable_while_it_waits_is_escalated_past_at_once() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.person("bob").active = false;
    assert_eq!(
        world.recheck(id),
        "asked-again escalated > alice:request bob:approval-0 eve:approval-0 alice:escalated"
    );
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("eve", "bob: disabled"));
    assert_eq!(world.recheck(id), "nothing");
    world.person("eve").slack = None;
    assert_eq!(world.recheck(id), "asked-again escalated > alice:request bob:approval-0 eve:approval-0");
    assert_eq!(asked(&world, id), "", "nobody is left; it times out");
    assert_eq!(world.recheck(id), "nothing");
}

#[test]
fn another_manager_is_asked_in_place_of_the_old_one() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.person("alice").manager = Some("sam".into());
    assert_eq!(world.recheck(id), "asked-again > alice:request bob:approval-0 sam:approval-0");
    assert_eq!((asked(&world, id).as_str(), skipped(&world, id).as_str()), ("sam", "bob: not named"));
}

#[test]
fn each_level_is_asked_in_turn_up_to_the_top_and_never_the_requester() {
    let mut world = World::new();
    world.person("eve").manager = Some("sam".into());
    world.person("sam").manager = Some("sue".into());
    world.person("sue").manager = None;
    let id = world.request("alice", "orders-write", "1h");
    let lines: Vec<_> = world.tick("3h").into_iter().filter(|line| line.starts_with("escalate")).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, level) in lines.iter().zip(["eve", "sam", "sue"]) {
        assert!(line.contains(&format!("{level}:approval-0")), "{line}");
    }
    assert_eq!(lines[3], "escalate: escalated", "the top");
    assert_eq!(world.tick("4h"), [""; 0], "nobody is left above: no timer any more");
    assert!(world.approve("sue", id).starts_with("approved elevation-started"));

    // Sam asks; what is above bob leads over sam to sue.
    let mut world = World::new();
    world.rule("single").who.push(Subject::Person("sam".into()));
    world.person("sam").manager = Some("bob".into());
    world.person("eve").manager = Some("sam".into());
    let id = world.request("sam", "orders-write", "1h");
    world.tick("7h");
    assert_eq!(asked(&world, id), "bob, dana, eve");
    assert_eq!(world.approve("sam", id), "refused own-request");
}

#[test]
fn an_escalation_climbs_past_whoever_is_away() {
    let mut world = World::new();
    world.person("eve").manager = Some("sam".into());
    world.away("eve", Some("ann"));
    let id = world.request("alice", "orders-write", "1h");
    world.tick("30m");
    assert_eq!(asked(&world, id), "bob, dana, sam");
    world.rule("single").escalate_to = vec![EscalateTo::Subject(Subject::Person("eve".into()))];
    let id = world.request("ann", "orders-write", "1h");
    assert_eq!(world.tick("30m").last().unwrap(), "escalate: escalated");
    assert_eq!(world.approve("eve", id), "refused not-approver");
}

/// Bob's manager stood in for him, did not any more when he came back, and is still whom his absence brings to the request as the next level.
#[test]
fn a_delegate_who_was_withdrawn_is_asked_again_as_the_next_level() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.away("bob", Some("eve"));
    world.recheck(id);
    assert_eq!(asked(&world, id), "eve for bob");
    world.absences.clear();
    world.recheck(id);
    assert_eq!(asked(&world, id), "bob");
    world.away("bob", None);
    world.recheck(id);
    assert_eq!(asked(&world, id), "eve", "never nobody");
    assert!(world.approve("eve", id).starts_with("approved"), "and she can decide");
}
