//! On call because of an incident: given at once, seen in the incident's channel, over when the incident is resolved.

use super::world::World;
use crate::access::{Channel, EndCause, State};
use crate::command::{Ask, Command};
use crate::id::AccessId;

/// Alice is on call and asks in the incident's channel.
fn given(world: &mut World) -> AccessId {
    world.on_call("alice");
    let ask = world.ask("alice", "orders-write", "30m");
    let channel = Some(Channel { id: "C42".to_owned(), name: "inc-42".to_owned() });
    let ask = Ask { origin: crate::access::Origin { channel, ..ask.origin.clone() }, ..ask };
    let id = ask.id;
    let line = world.line(id, Command::Request(Box::new(ask)));
    assert_eq!(line, "requested elevation-started > reconcile alice:request");
    id
}

#[test]
fn the_incident_s_channel_sees_it_and_its_resolution_ends_it() {
    let mut world = World::new();
    let id = given(&mut world);
    assert_eq!(world.verified(id), "elevated > alice:granted alice:request #announce:grant #inc-42:grant");
    assert_eq!(world.resolved(id), "revocation-started > reconcile end-children alice:request");
    let State::Revoking(revoking) = &world.access(id).state else { panic!("{:?}", world.access(id).state) };
    assert_eq!(revoking.cause, EndCause::IncidentResolved { title: "#42 Orders are slow".to_owned() });
    assert_eq!(world.resolved(id), "nothing", "once");
    let told = "alice:request alice:ended #announce:grant #inc-42:grant #announce:ended #inc-42:ended";
    assert_eq!(world.gone(id), format!("closed > {told}"));
}

#[test]
fn without_an_open_incident_or_off_call_people_are_asked() {
    let asked = "requested step-opened > alice:request bob:approval-0 dana:approval-0";
    for change in [
        (|w| w.incidents.clear()) as fn(&mut World),
        |w| w.incidents.values_mut().for_each(Vec::clear),
        |w| w.rotations.clear(),
        |w| w.on_call("ann"),
    ] {
        let mut world = World::new();
        world.on_call("alice");
        change(&mut world);
        assert_eq!(world.request_line("alice", "orders-write", "30m"), asked);
    }
}

#[test]
fn what_was_not_given_for_the_incident_goes_on_and_an_extension_is_told_in_its_channel() {
    let mut world = World::new();
    let plain = world.active();
    assert_eq!(world.resolved(plain), "nothing");
    let mut world = World::new();
    let id = given(&mut world);
    world.verified(id);
    world.incidents.clear();
    let more = world.extend("alice", id, "30m");
    world.approve("bob", more);
    let told = world.verified(more);
    assert!(told.contains("#announce:grant #inc-42:grant"), "{told}");
    assert_eq!(world.resolved(more), "nothing", "people agreed to it");
}

#[test]
fn a_rule_may_let_it_run_on() {
    let mut world = World::new();
    world.rule("on call").auto_approve.as_mut().unwrap().end_with_incident = false;
    let id = given(&mut world);
    world.verified(id);
    assert_eq!(world.resolved(id), "nothing");
}
