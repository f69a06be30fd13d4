//! What approvers are advised of: which signals a request gives, and what is known of the person. That nothing else depends on it
//! is a law, checked on every step of every history.

use chrono::TimeDelta;

use super::world::{World, text};
use crate::access::Access;
use crate::advice::Signal;
use crate::command::{Ask, Command};
use crate::id::AccessId;
use crate::policy::TicketNeed;
use crate::span::Span;

fn used(world: &mut World, role: &str) -> AccessId {
    let id = world.request("alice", role, "30m");
    world.approve("bob", id);
    world.verified(id);
    world.done("alice", id);
    world.gone(id);
    id
}

fn signals(access: &Access) -> Vec<Signal> {
    access.advice.as_ref().unwrap().signals.clone()
}

#[test]
fn the_first_time_stands_out_and_the_second_does_not() {
    let mut world = World::new();
    let first = used(&mut world, "orders-write");
    assert_eq!(signals(world.access(first)), [Signal::FirstTime]);
    let held_at = world.access(first).activated_at;
    world.tick("1d");
    let second = world.request("alice", "orders-write", "30m");
    let advice = world.access(second).advice.clone().unwrap();
    assert_eq!((advice.uses, advice.last_use, advice.score()), (1, held_at, 0));
    world.cancel("alice", second);
    world.tick("100d");
    let third = world.request("alice", "orders-write", "30m");
    let advice = world.access(third).advice.clone().unwrap();
    assert_eq!((advice.uses, advice.last_use), (0, held_at), "long ago is not lately, and not never");
}

#[test]
fn long_requests_and_missing_tickets_stand_out() {
    let mut world = World::new();
    used(&mut world, "orders-write");
    let longest = {
        let policy = crate::policy::Policy::new(world.parts.clone());
        policy.longest(policy.role(&"orders-write".into()).unwrap())
    };
    world.parts.rules.iter_mut().for_each(|rule| rule.ticket = TicketNeed::Optional);
    let asked = |world: &mut World, ticket: Option<&str>, duration: Span| {
        let ask = world.ask("alice", "orders-write", &duration.to_string());
        let ask = Ask { ticket: ticket.map(str::to_owned), ..ask };
        let id = ask.id;
        world.send(id, Command::Request(Box::new(ask))).unwrap();
        let signals = signals(world.access(id));
        world.cancel("alice", id);
        signals
    };
    assert_eq!(asked(&mut world, Some("OPS-1"), Span::hours(1)), []);
    assert_eq!(asked(&mut world, None, Span::hours(1)), [Signal::NoTicket]);
    assert_eq!(asked(&mut world, None, longest), [Signal::Long { longest }, Signal::NoTicket]);
}

#[test]
fn an_hour_is_odd_against_the_persons_own_habit_only() {
    let mut world = World::new();
    for _ in 0..8 {
        used(&mut world, "orders-write");
        world.tick("1d");
    }
    world.now += TimeDelta::hours(3);
    let usual = world.request("alice", "orders-write", "30m");
    assert_eq!(signals(world.access(usual)), []);
    world.cancel("alice", usual);
    world.now += TimeDelta::hours(8);
    let odd = world.request("alice", "orders-write", "30m");
    assert_eq!(signals(world.access(odd)), [Signal::OddHour], "at 20:00, eleven hours from 09:00, eight from 12:00");
    let ann = world.request("ann", "orders-write", "30m");
    assert!(!signals(world.access(ann)).contains(&Signal::OddHour), "nobody knows when Ann usually asks");
}

#[test]
fn misuse_is_remembered_for_a_while() {
    let mut world = World::new();
    let ask = Ask { emergency: true, ..world.ask("alice", "orders-admin", "30m") };
    let id = ask.id;
    world.send(id, Command::Request(Box::new(ask))).unwrap();
    world.verified(id);
    let at = world.now;
    world.line(id, Command::Review { by: "sam".into(), misuse: true, note: text("no incident was open") });
    world.gone(id);
    let next = world.request("alice", "orders-write", "30m");
    assert_eq!(signals(world.access(next)), [Signal::Misuse { at }, Signal::FirstTime]);
    world.cancel("alice", next);
    world.tick("91d");
    let later = world.request("alice", "orders-write", "30m");
    assert_eq!(signals(world.access(later)), [Signal::FirstTime]);
}

#[test]
fn what_they_hold_is_as_of_when_the_step_was_opened() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "30m");
    assert_eq!(world.access(id).advice.as_ref().unwrap().holds, []);
    let other = world.active();
    let until = world.access(other).until();
    world.approve("bob", id);
    let holds = world.access(id).advice.clone().unwrap().holds;
    assert_eq!(
        holds.iter().map(|held| (&held.short, held.until)).collect::<Vec<_>>(),
        [(&world.access(other).short, until)]
    );
    let child = world.extend("alice", other, "30m");
    assert_eq!(world.access(child).advice.as_ref().unwrap().holds, [], "not what it extends");
}
