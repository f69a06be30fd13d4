//! More time: a linked access, judged again, bounded as a chain, no second slot, and never longer than what it extends allows.

use super::world::{World, minutes};
use crate::access::{EndCause, Outcome, Proof, State};
use crate::command::{Ask, Command};
use crate::effect::Slot;
use crate::id::AccessId;
use crate::span::Span;

/// An hour of alice's, and how it asks for another hour after half of it.
fn asked() -> (World, AccessId, AccessId) {
    let mut world = World::new();
    let parent = world.active();
    world.tick("30m");
    let child = world.extend("alice", parent, "1h");
    (world, parent, child)
}

fn extended() -> (World, AccessId, AccessId) {
    let (mut world, parent, child) = asked();
    world.approve("dana", child);
    world.verified(child);
    (world, parent, child)
}

fn outcome(world: &World, id: AccessId) -> Outcome {
    match &world.access(id).state {
        State::Closed(closed) => closed.outcome.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_asked_for_and_decided_like_any_request() {
    let mut world = World::new();
    let parent = world.active();
    world.tick("30m");
    assert_eq!(
        world.extend_line("alice", parent, "1h"),
        "requested step-opened > alice:request bob:approval-0 dana:approval-0"
    );
    let (mut world, parent, child) = asked();
    assert_eq!(world.approve("alice", child), "refused own-request");
    assert!(world.approve("dana", child).starts_with("approved elevation-started > reconcile"));
    assert_eq!(
        world.verified(child),
        "elevated > alice:granted alice:request alice:request bob:approval-0 dana:approval-0 #announce:grant"
    );
    let extends = world.access(child).request.extends.clone().unwrap();
    assert_eq!((extends.parent, extends.root), (parent, parent));
    assert_eq!((minutes(extends.chain_since), minutes(extends.from)), (0, 60));
    assert_eq!(world.access(child).until().map(minutes), Some(120), "it begins where the other ends");
}

#[test]
fn it_goes_on_in_the_thread_and_under_the_announcement_of_the_first() {
    let (mut world, parent, child) = extended();
    let grandchild = world.extend("alice", child, "30m");
    world.approve("bob", grandchild);
    world.told.clear();
    world.verified(grandchild);
    let root = |name: &str| Slot::new(parent, name);
    let story = world.told.iter().filter(|tell| !tell.slot.name.starts_with("approval"));
    let places: Vec<_> = story.map(|tell| (tell.slot.clone(), tell.under.clone())).collect();
    assert_eq!(
        places,
        [
            (Slot::new(grandchild, "granted-5"), Some(root("request"))),
            (Slot::new(grandchild, "request"), Some(root("request"))),
            (root("request"), None),
            (root("grant"), None),
        ]
    );
    assert_eq!(world.access(grandchild).until().map(minutes), Some(150));
}

/// What the card of the chain's first access says: of which access, and until when it goes on.
fn first_card(world: &World, root: AccessId) -> (AccessId, &'static str, Option<i64>) {
    let slot = Slot::new(root, "request");
    let told = world.told.iter().rfind(|tell| tell.slot == slot).and_then(|tell| tell.notice()).unwrap();
    let until = told.extended.as_ref().map(|extended| extended.until).or(told.access.until());
    (told.access.id, told.access.state_name(), until.map(minutes))
}

#[test]
fn the_first_card_shows_how_long_the_whole_lasts() {
    let (mut world, parent, child) = extended();
    assert_eq!(first_card(&world, parent), (parent, "active", Some(120)), "while the first part runs");
    world.tick("30m");
    assert_eq!(first_card(&world, parent), (parent, "revoking", Some(120)));
    world.settled(parent, Proof::RemainsUnder { short: world.access(child).short.clone() });
    assert_eq!(first_card(&world, parent), (parent, "closed", Some(120)));
    let grandchild = world.extend("alice", child, "30m");
    assert_eq!(first_card(&world, parent), (parent, "closed", Some(120)), "asking for more moves nothing");
    world.approve("bob", grandchild);
    world.verified(grandchild);
    assert_eq!(first_card(&world, parent), (child, "active", Some(150)));
    world.tick("1h");
    world.settled(child, Proof::RemainsUnder { short: world.access(grandchild).short.clone() });
    world.done("alice", grandchild);
    world.gone(grandchild);
    assert_eq!(first_card(&world, parent), (grandchild, "closed", None));

    // What ends early ends whole, and says why it did.
    let (mut world, parent, child) = extended();
    world.done("alice", parent);
    world.gone(parent);
    world.gone(child);
    assert_eq!(first_card(&world, parent), (parent, "closed", None));

    // Ended early, the extension leaves the first part as it was.
    let (mut world, parent, child) = extended();
    world.done("alice", child);
    assert_eq!(first_card(&world, parent), (parent, "active", Some(60)));
}

#[test]
fn running_out_is_not_worth_a_word_when_it_goes_on() {
    let (mut world, parent, child) = extended();
    assert_eq!(
        world.tick("30m"),
        ["warn: warning-spared", "end: revocation-started > reconcile alice:request bob:approval-0 dana:approval-0"],
        "a warning that was never told is not edited either"
    );
    let proof = Proof::RemainsUnder { short: world.access(child).short.clone() };
    assert_eq!(world.settled(parent, proof), "closed > alice:request bob:approval-0 dana:approval-0");
    assert_eq!(world.state(child), "active");
    assert_eq!(world.tick("45m"), ["warn: warned > alice:warning #announce:ends-soon"]);
    assert_eq!(
        world.tick("15m"),
        [
            "end: revocation-started > reconcile alice:request alice:request bob:approval-0 dana:approval-0 alice:warning #announce:ends-soon"
        ]
    );
    assert_eq!(
        world.gone(child),
        "closed > alice:request alice:request bob:approval-0 dana:approval-0 alice:ended #announce:grant #announce:ended"
    );
}

#[test]
fn an_early_end_is_told_even_before_the_extension_has_heard_of_it() {
    let (mut world, parent, child) = extended();
    world.send(parent, Command::Done { by: "alice".into() }).unwrap();
    assert_eq!(world.state(child), "active");
    let proof = Proof::RemainsUnder { short: world.access(child).short.clone() };
    let told = "alice:request bob:approval-0 dana:approval-0 alice:ended #announce:grant #announce:ended";
    assert_eq!(world.settled(parent, proof), format!("closed > {told}"));
    assert_eq!(world.state(child), "revoking");
}

#[test]
fn a_warning_that_was_told_before_the_extension_loses_its_buttons() {
    let mut world = World::new();
    let parent = world.active();
    world.tick("50m");
    let child = world.extend("alice", parent, "1h");
    world.approve("bob", child);
    world.verified(child);
    assert_eq!(
        world.tick("10m"),
        [
            "end: revocation-started > reconcile alice:request bob:approval-0 dana:approval-0 alice:warning #announce:ends-soon"
        ]
    );
}

#[test]
fn undecided_it_lapses_with_what_it_extends() {
    let (mut world, parent, child) = asked();
    let told = "alice:ended alice:request bob:approval-0 dana:approval-0 eve:approval-0";
    assert!(world.tick("30m").contains(&format!("lapse: closed > {told}")));
    assert_eq!(outcome(&world, child), Outcome::Lapsed);
    assert_eq!(world.state(parent), "revoking");
    let error = world.send(child, Command::Approve { by: "bob".into(), at_most: None }).unwrap_err();
    assert!(error.what.ends_with("has lapsed: the access it extends has ended."), "{}", error.what);
}

#[test]
fn a_click_after_the_end_but_before_the_timer_is_too_late() {
    let (mut world, _, child) = asked();
    world.now += Span::minutes(30).delta();
    assert_eq!(world.approve("bob", child), "refused policy-changed");
    assert!(world.deny("bob", child).starts_with("closed"));
}

#[test]
fn an_early_end_takes_its_extensions_along() {
    type Act = fn(&mut World, AccessId) -> String;
    let ends: [Act; 3] = [|w, id| w.done("alice", id), |w, id| w.revoke("sam", id), |w, id| w.cancel("alice", id)];
    for end in ends {
        let (mut world, parent, child) = asked();
        end(&mut world, parent);
        assert_eq!(outcome(&world, child), Outcome::Lapsed);

        let (mut world, parent, child) = asked();
        world.approve("bob", child);
        end(&mut world, parent);
        assert_eq!(world.state(child), "revoking");

        let (mut world, parent, child) = extended();
        let grandchild = world.extend("alice", child, "30m");
        end(&mut world, parent);
        assert_eq!((world.state(child), outcome(&world, grandchild)), ("revoking", Outcome::Lapsed));
        world.gone(child);
        let proof = Proof::Gone { sessions_ended: 0 };
        assert_eq!(outcome(&world, child), Outcome::Ended { cause: EndCause::ParentEnded, proof });
    }
}

#[test]
fn the_chain_is_bounded_by_the_maximum_from_its_first_activation() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "3h");
    world.approve("bob", id);
    world.verified(id);
    world.tick("1h");
    assert_eq!(world.extend_line("alice", id, "1h1m"), "refused duration");
    let child = world.extend("alice", id, "30m");
    world.approve("bob", child);
    world.verified(child);
    assert_eq!(world.extend_line("alice", child, "31m"), "refused duration");
    let last = world.extend("alice", child, "30m");
    world.approve("bob", last);
    world.verified(last);
    assert_eq!(world.access(last).until().map(minutes), Some(240));
    assert_eq!(world.extend_line("alice", last, "5m"), "refused duration");
}

#[test]
fn automatic_approval_counts_the_chain() {
    let mut world = World::new();
    let id = world.request("alice", "logs-read", "10m");
    world.verified(id);
    let mut other = world.clone();
    assert_eq!(world.extend_line("alice", id, "5m"), "requested elevation-started > reconcile alice:request");
    assert_eq!(other.extend_line("alice", id, "6m"), "requested step-opened > alice:request bob:approval-0");
}

#[test]
fn it_is_no_second_slot_until_it_stands_alone() {
    let mut world = World::new();
    world.parts.limits.max_simultaneous = 1;
    let parent = world.active();
    world.tick("30m");
    let child = world.extend("alice", parent, "1h");
    world.approve("bob", child);
    world.verified(child);
    world.tick("30m");
    world.settled(parent, Proof::RemainsUnder { short: world.access(child).short.clone() });
    assert_eq!(world.request_line("alice", "logs-read", "10m"), "refused limit", "the extension has the slot now");
}

#[test]
fn one_at_a_time_and_only_ones_own() {
    let (mut world, parent, child) = asked();
    assert_eq!(world.extend_line("alice", parent, "30m"), "refused duplicate");
    assert_eq!(world.extend_line("bob", parent, "30m"), "refused not-permitted");
    assert_eq!(world.extend_line("alice", child, "30m"), "refused wrong-state", "not live yet");
    world.approve("bob", child);
    world.verified(child);
    assert_eq!(world.extend_line("alice", parent, "30m"), "refused duplicate");
    world.done("alice", child);
    world.settled(child, Proof::RemainsUnder { short: world.access(parent).short.clone() });
    assert!(world.extend_line("alice", parent, "30m").starts_with("requested"), "that one is over");
}

#[test]
fn nothing_else_passes_as_an_extension() {
    let mut world = World::new();
    let parent = world.active();
    let honest = world.ask_more("alice", parent, "1h");
    let send = |world: &mut World, ask: Ask| world.line(ask.id, Command::Request(Box::new(ask)));
    assert_eq!(send(&mut world, Ask { role: "logs-read".into(), ..honest.clone() }), "refused policy-changed");
    assert_eq!(send(&mut world, Ask { beneficiary: "ann".into(), ..honest.clone() }), "refused policy-changed");
    let mut alike = world.clone();
    alike.role("logs-read").target = alike.role("orders-write").target.clone();
    let other_role = Ask { role: "logs-read".into(), ..honest.clone() };
    assert_eq!(send(&mut alike, other_role), "refused policy-changed", "another role that gives the same");
    let missing = world.ask("alice", "-", "1h").id;
    assert_eq!(send(&mut world, Ask { extends: Some(missing), ..honest.clone() }), "refused not-found");
    world.role("orders-write").target.0.insert("role".to_owned(), "superuser".into());
    assert_eq!(send(&mut world, honest), "refused policy-changed", "the role gives something else now");
}

#[test]
fn after_its_end_nothing_is_extended_even_before_the_timer() {
    let mut world = World::new();
    let parent = world.active();
    world.now += Span::hours(1).delta();
    assert_eq!(world.extend_line("alice", parent, "30m"), "refused wrong-state");
}

#[test]
fn certificates_are_issued_anew() {
    let mut world = World::new();
    let parent = world.request("alice", "host-login", "1h");
    world.approve("sam", parent);
    world.verified(parent);
    let child = world.extend("alice", parent, "30m");
    assert_eq!(world.access(child).request.entitlement.instance, Some(child));
    world.approve("sue", child);
    let State::Elevating(elevating) = &world.access(child).state else { panic!() };
    assert_eq!(minutes(elevating.native_until), 91);
}

#[test]
fn what_extends_an_access_that_is_over_is_not_agreed_to() {
    let mut world = World::new();
    let parent = world.active();
    let child = world.extend("alice", parent, "30m");
    world.send(parent, Command::Done { by: "alice".into() }).unwrap();
    assert_eq!(world.approve("bob", child), "refused policy-changed", "before it has heard of it");
}
