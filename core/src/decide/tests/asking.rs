//! Asking: who may, who is asked, and what is refused before anything is made.

use super::world::{World, text};
use crate::access::State;
use crate::command::Command;
use crate::id::PersonId;
use crate::span::Span;

#[test]
fn whom_a_request_asks_depends_on_the_role_and_on_who_asks() {
    for (who, role, duration, expected) in [
        ("alice", "logs-read", "15m", "requested elevation-started > reconcile alice:request"),
        ("alice", "logs-read", "16m", "requested step-opened > alice:request bob:approval-0"),
        ("alice", "orders-write", "1h", "requested step-opened > alice:request bob:approval-0 dana:approval-0"),
        ("alice", "orders-admin", "1h", "requested step-opened > alice:request bob:approval-0"),
        (
            "alice",
            "vault-admin",
            "1h",
            "requested step-opened > alice:request bob:approval-0 sam:approval-0 sue:approval-0",
        ),
        ("alice", "host-login", "1h", "requested step-opened > alice:request sam:approval-0 sue:approval-0"),
        ("bob", "orders-write", "1h", "requested step-opened > bob:request dana:approval-0 eve:approval-0"),
        ("dana", "orders-write", "1h", "requested step-opened > dana:request eve:approval-0"),
        ("eve", "orders-write", "1h", "requested step-opened > eve:request dana:approval-0"),
        ("sue", "host-login", "1h", "requested step-opened > sue:request sam:approval-0"),
        ("eve", "orders-admin", "1h", "refused no-approver"),
        ("dana", "vault-admin", "1h", "refused no-approver"),
        ("carl", "orders-write", "1h", "refused not-permitted"),
        ("sam", "orders-write", "1h", "refused not-permitted"),
        ("mallory", "orders-write", "1h", "refused disabled"),
        ("nobody", "orders-write", "1h", "refused unknown-person"),
        ("alice", "orders-wirte", "1h", "refused not-found"),
        ("alice", "orders-write", "4m", "refused duration"),
        ("alice", "orders-write", "5h", "refused duration"),
        ("alice", "orders-write", "0s", "refused duration"),
    ] {
        assert_eq!(World::new().request_line(who, role, duration), expected, "{who} {role} {duration}");
    }
}

#[test]
fn a_typo_of_a_role_hears_the_nearest_name() {
    let mut world = World::new();
    let ask = world.ask("alice", "orders-wirte", "1h");
    let refusal = world.send(ask.id, Command::Request(Box::new(ask))).unwrap_err();
    assert_eq!(refusal.to_string(), "There is no role `orders-wirte`. Did you mean `orders-write`?");
}

#[test]
fn the_same_role_is_asked_for_once_at_a_time() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    for (command, state) in
        [(None, "pending"), (Some("approve"), "elevating"), (Some("verified"), "active"), (Some("done"), "revoking")]
    {
        match command {
            Some("approve") => _ = world.approve("bob", id),
            Some("verified") => _ = world.verified(id),
            Some("done") => _ = world.done("alice", id),
            _ => {}
        }
        assert_eq!(world.state(id), state);
        assert_eq!(world.request_line("alice", "orders-write", "2h"), "refused duplicate", "{state}");
    }
    world.gone(id);
    assert!(world.request_line("alice", "orders-write", "1h").starts_with("requested"));
    assert!(world.request_line("ann", "orders-write", "1h").starts_with("requested"), "others are others");
}

#[test]
fn only_so_many_may_be_open() {
    let mut world = World::new();
    world.parts.limits.max_simultaneous = 2;
    let first = world.request("alice", "orders-write", "1h");
    world.request("alice", "host-login", "1h");
    assert_eq!(world.request_line("alice", "logs-read", "15m"), "refused limit");
    world.cancel("alice", first);
    assert_eq!(
        world.request_line("alice", "logs-read", "15m"),
        "requested elevation-started > reconcile alice:request"
    );
}

#[test]
fn only_so_many_may_hold_a_role_and_all_roles_together() {
    let mut world = World::new();
    world.role("orders-write").max_simultaneous = Some(1);
    let waiting = world.request("ann", "orders-write", "1h");
    let held = world.active();
    assert_eq!(world.request_line("dana", "orders-write", "1h"), "refused limit");
    assert_eq!(world.approve("bob", waiting), "refused policy-changed", "waiting took no place, so there is none now");
    let more = world.extend("alice", held, "30m");
    world.approve("bob", more);
    world.verified(more);
    assert_eq!(world.state(more), "active", "an extension takes no second place");
    world.done("alice", held);
    world.gone(held);
    assert_eq!(world.approve("bob", waiting), "refused policy-changed", "its extension is being taken back");
    world.gone(more);
    assert!(world.approve("bob", waiting).starts_with("approved elevation-started"));

    world.parts.limits.max_simultaneous_total = Some(1);
    assert_eq!(world.request_line("alice", "logs-read", "15m"), "refused limit");
    world.parts.limits.max_simultaneous_total = Some(2);
    assert!(world.request_line("alice", "logs-read", "15m").starts_with("requested elevation-started"));
    let ask = world.ask("alice", "orders-admin", "30m");
    let bypass = crate::command::Ask { emergency: true, ..ask };
    assert!(world.line(bypass.id, Command::Request(Box::new(bypass))).starts_with("requested review-opened"));
}

#[test]
fn nobody_decides_alone_for_another() {
    let mut world = World::new();
    let ask = world.ask("bob", "logs-read", "15m");
    let ask = crate::command::Ask { beneficiary: PersonId::new("alice"), ..ask };
    // Bob, who asks, is alice's manager and the only one of the step.
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), "refused no-approver");
    let ask = crate::command::Ask { beneficiary: PersonId::new("alice"), ..world.ask("bob", "orders-write", "1h") };
    let id = ask.id;
    assert_eq!(world.line(id, Command::Request(Box::new(ask))), "requested step-opened > bob:request dana:approval-0");
    assert_eq!(world.approve("bob", id), "refused own-request");
    assert_eq!(world.approve("alice", id), "refused own-request");
}

#[test]
fn what_shall_be_held_is_written_down_when_asked() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!(world.access(id).request.entitlement.key().0, r#"db/alice/{"role":"orders-write"}"#);
    let id = world.request("alice", "host-login", "1h");
    let (entitlement, keys) = (&world.access(id).request.entitlement, &world.people["alice"].ssh_keys);
    assert_eq!(entitlement.instance, Some(id));
    assert_eq!(entitlement.target.0["public_keys"], serde_json::json!(keys));

    world.person("ann").ssh_keys.clear();
    assert_eq!(world.request_line("ann", "host-login", "1h"), "refused no-account");
    world.person("ann").accounts.clear();
    assert_eq!(world.request_line("ann", "orders-write", "1h"), "refused no-account");
}

#[test]
fn a_preview_judges_as_the_request_will() {
    let mut world = World::new();
    for (role, expected) in [("orders-write", Some(1)), ("logs-read", Some(0)), ("nonsense", None)] {
        let ask = world.ask("alice", role, "10m");
        let policy = crate::policy::Policy::new(world.parts.clone());
        let directory = crate::directory::Directory::new(world.people.values().cloned());
        let facts = crate::facts::Facts {
            actor: &crate::event::Actor::Timer,
            policy: &policy,
            directory: &directory,
            connectors: &world.connectors,
            open: &[],
            freezes: &[],
            unreviewed: &[],
            past: None,
            in_use: crate::facts::InUse::default(),
            ticket: crate::ticket::Known::NotYet,
            parent: None,
            bundle: &[],
            of_roles: &[],
            together: &[],
        };
        let preview = crate::decide::preview(&ask, &facts, world.now);
        assert_eq!(preview.ok().map(|judgement| judgement.route.quorum()), expected, "{role}");
    }
}

#[test]
fn a_command_needs_an_access() {
    let mut world = World::new();
    let id = world.ask("alice", "orders-write", "1h").id;
    assert_eq!(world.approve("bob", id), "refused not-found");
    assert_eq!(world.verified(id), "refused not-found");
}

#[test]
fn automatic_approval_writes_down_the_intent_first() {
    let mut world = World::new();
    let id = world.request("alice", "logs-read", "15m");
    let State::Elevating(elevating) = &world.access(id).state else { panic!() };
    assert_eq!(elevating.duration, Span::minutes(15));
    assert_eq!(elevating.native_until, world.now + Span::minutes(16).delta());
    assert_eq!(elevating.deadline, world.now + Span::minutes(2).delta());
    assert_eq!(world.access(id).request.justification, text("the orders index is broken"));
}

#[test]
fn what_is_frozen_is_neither_given_nor_agreed_to_and_ends_as_ever() {
    use crate::freeze::Scope;
    let table = [
        (Scope::Everything, true),
        (Scope::Role("orders-write".into()), true),
        (Scope::Role("logs-read".into()), false),
        (Scope::Person("alice".into()), true),
        (Scope::Person("bob".into()), false),
    ];
    for (scope, stops) in table {
        let frozen = |line: String| line == "refused frozen";
        let mut world = World::new();
        let pending = world.request("alice", "orders-write", "1h");
        world.freeze(scope.clone());
        assert_eq!(frozen(world.approve("dana", pending)), stops, "{scope:?}: an approval");
        let mut world = World::new();
        let live = world.active();
        world.freeze(scope.clone());
        assert_eq!(frozen(world.extend_line("alice", live, "30m")), stops, "{scope:?}: more time");
        assert!(world.done("alice", live).starts_with("revocation-started"), "{scope:?}");
        assert!(world.gone(live).starts_with("closed"), "{scope:?}");
    }
    let mut world = World::new();
    world.freeze(Scope::Person("alice".into()));
    world.freeze(Scope::Everything);
    let ask = world.ask("alice", "logs-read", "10m");
    let refusal = world.send(ask.id, crate::command::Command::Request(Box::new(ask))).unwrap_err();
    assert_eq!(
        refusal.what,
        "New access is frozen for everything, by Sam since 23 Nov 09:00 UTC: “credentials leaked”"
    );
}
