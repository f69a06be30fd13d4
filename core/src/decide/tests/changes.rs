//! The route is pinned, people and policy are judged anew at every vote: the stricter wins.

use super::world::World;
use crate::id::{AccessId, PolicyHash};
use crate::policy::{Risk, Step, Subject};
use crate::span::Span;

type Change = fn(&mut World);

fn group(name: &str) -> Vec<Subject> {
    vec![Subject::Group(name.to_owned())]
}

/// What bob hears who agrees to a request of alice's after a change.
const BEFORE_THE_VOTE: &[(&str, Change, &str)] = &[
    ("nothing", |_| {}, "approved"),
    ("role gone", |w| _ = w.parts.roles.remove(&"orders-write".into()), "policy-changed"),
    ("rule gone", |w| w.parts.rules.clear(), "policy-changed"),
    ("no longer permitted", |w| w.rule("single").who = group("directors"), "policy-changed"),
    ("left the group", |w| w.person("alice").groups.clear(), "policy-changed"),
    ("requester disabled", |w| w.person("alice").active = false, "policy-changed"),
    ("requester left", |w| _ = w.people.remove("alice"), "not-approver"),
    ("shorter role", |w| w.role("orders-write").max_duration = Span::minutes(59), "policy-changed"),
    ("shorter rule", |w| w.rule("single").max_duration = Some(Span::minutes(59)), "policy-changed"),
    ("ticket", |w| w.rule("single").ticket = crate::policy::TicketNeed::Required, "policy-changed"),
    ("limit", |w| w.parts.limits.max_simultaneous = 0, "policy-changed"),
    (
        "more steps",
        |w| w.rule("single").steps.push(Step { any: group("security"), count: 1, delegation: true }),
        "policy-changed",
    ),
    ("more people", |w| w.rule("single").steps[0].count = 2, "policy-changed"),
    ("other people, as many", |w| w.rule("single").steps[0].any = group("security"), "policy-changed"),
    ("risk alone", |w| w.role("orders-write").risk = Risk::High, "approved"),
    ("account changed", |w| _ = w.person("alice").accounts.insert("db".into(), "al".into()), "policy-changed"),
    ("account gone", |w| w.person("alice").accounts.clear(), "policy-changed"),
    ("target changed", |w| _ = w.role("orders-write").target.0.insert("role".into(), "x".into()), "policy-changed"),
    ("target grown", |w| _ = w.role("orders-write").target.0.insert("more".into(), "x".into()), "policy-changed"),
    ("target shrunk", |w| w.role("orders-write").target.0.clear(), "policy-changed"),
    ("connector changed", |w| w.role("orders-write").connector = "hosts".into(), "policy-changed"),
    ("approver disabled", |w| w.person("bob").active = false, "disabled"),
    ("approver left", |w| _ = w.people.remove("bob"), "disabled"),
    ("other manager", |w| w.person("alice").manager = Some("eve".into()), "not-approver"),
    ("no manager", |w| w.person("alice").manager = None, "not-approver"),
    ("owner is pinned by role", |w| w.role("orders-write").owner = Subject::Person("ann".into()), "approved"),
];

#[test]
fn between_asking_and_agreeing() {
    for (name, change, expected) in BEFORE_THE_VOTE {
        let mut world = World::new();
        let id = world.request("alice", "orders-write", "1h");
        change(&mut world);
        let line = world.approve("bob", id);
        let (first, second) = line.split_once(' ').unwrap();
        assert_eq!(if first == "refused" { second } else { first }, *expected, "{name}");
        if *expected == "policy-changed" {
            assert!(world.deny("bob", id).starts_with("closed"), "{name}: saying no is always possible");
        }
    }
}

#[test]
fn new_people_of_a_step_may_decide() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.person("alice").manager = Some("eve".into());
    assert!(world.approve("eve", id).starts_with("approved elevation-started"));

    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.role("orders-write").owner = Subject::Person("ann".into());
    assert_eq!(world.approve("dana", id), "refused not-approver", "she owns it no longer");
    assert!(world.approve("ann", id).starts_with("approved elevation-started"));
}

#[test]
fn a_refusal_of_todays_policy_names_todays_rule() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.rule("single").max_duration = Some(Span::minutes(30));
    world.rule("single").name = "stricter".to_owned();
    let command = crate::command::Command::Approve { by: "bob".into(), at_most: None };
    let refusal = world.send(id, command).unwrap_err();
    assert_eq!(refusal.rule.as_deref(), Some("stricter"));
    assert!(refusal.what.starts_with("Policy does not allow it now: "), "{}", refusal.what);
}

#[test]
fn words_tell_what_changed() {
    let words = |change: Change| {
        let mut world = World::new();
        let id = world.request("alice", "orders-write", "1h");
        change(&mut world);
        let command = crate::command::Command::Approve { by: "dana".into(), at_most: None };
        world.send(id, command).unwrap_err().what
    };
    assert_eq!(words(|w| w.person("alice").active = false), "Alice is disabled or has left.");
    assert_eq!(words(|w| _ = w.people.remove("alice")), "alice is disabled or has left.");
    assert_eq!(words(|w| w.parts.roles.clear()), "The role `orders-write` is no longer in the policy.");
    assert_eq!(words(|w| w.rule("single").steps[0].count = 2), "Policy now asks for 2 approvals.");
}

#[test]
fn the_policy_of_the_moment_is_recorded_beside_the_one_it_was_asked_under() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    let (then, now) = (world.parts.hash.clone(), PolicyHash::new("another"));
    world.parts.hash = now.clone();
    world.approve("bob", id);
    assert_eq!((&world.access(id).policy, &world.records.last().unwrap().policy), (&then, &now));
}

fn second_step() -> (World, AccessId) {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.approve("bob", id);
    (world, id)
}

/// What sam hears who agrees as the second, after a change.
const BEFORE_THE_LAST_VOTE: &[(&str, Change, &str)] = &[
    ("left security", |w| w.person("sam").groups.clear(), "refused not-approver"),
    ("first voter disabled", |w| w.person("bob").active = false, "refused policy-changed"),
    ("first voter left", |w| _ = w.people.remove("bob"), "refused policy-changed"),
    ("first voter is manager no longer", |w| w.person("alice").manager = Some("eve".into()), "refused policy-changed"),
];

#[test]
fn before_the_last_vote() {
    for (name, change, expected) in BEFORE_THE_LAST_VOTE {
        let (mut world, id) = second_step();
        change(&mut world);
        assert_eq!(world.approve("sam", id), *expected, "{name}");
        assert_eq!(world.state(id), "pending", "{name}");
    }
}

#[test]
fn whoever_was_added_by_escalation_must_still_be_one_to_add() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.tick("30m");
    let mut other = world.clone();
    world.person("bob").manager = None;
    world.person("dana").manager = None;
    assert_eq!(world.approve("eve", id), "refused not-approver", "she is nobody's manager now");
    other.person("bob").manager = None;
    assert!(other.approve("eve", id).starts_with("approved elevation-started"), "she is dana's manager still");
}

#[test]
fn hours_count_at_the_vote_as_well() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.rule("single").hours = Some(crate::policy::Hours {
        days: vec![chrono::Weekday::Sun],
        from: chrono::NaiveTime::MIN,
        to: chrono::NaiveTime::MIN,
        zone: chrono_tz::UTC,
    });
    assert_eq!(world.approve("bob", id), "refused policy-changed");
}

#[test]
fn registered_keys_are_those_of_today() {
    let mut world = World::new();
    let id = world.request("alice", "host-login", "1h");
    let mut other = world.clone();
    world.person("alice").ssh_keys = vec!["ssh-ed25519 BBBB alice".to_owned()];
    assert_eq!(world.approve("sam", id), "refused policy-changed", "the key was replaced");
    other.connectors.clear();
    assert_eq!(other.approve("sam", id), "refused policy-changed", "the connector is not configured any more");
}

#[test]
fn fewer_but_other_people_must_agree_as_well() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.rule("dual").steps = vec![Step { any: vec![Subject::Person("eve".into())], count: 1, delegation: true }];
    assert!(world.approve("bob", id).starts_with("approved"), "eve may still be among those who come");
    assert_eq!(world.approve("sam", id), "refused policy-changed");
    assert_eq!(world.state(id), "pending");
}

#[test]
fn as_many_must_be_of_each_of_todays_steps() {
    let mut world = World::new();
    let id = world.request("alice", "vault-admin", "1h");
    let manager = Step { any: vec![Subject::Manager], count: 1, delegation: true };
    let owner = Step { any: vec![Subject::Owner], count: 1, delegation: true };
    world.rule("vault").steps = vec![manager, Step { any: group("security"), count: 1, delegation: true }, owner];
    let mut other = world.clone();
    assert!(world.approve("sam", id).starts_with("approved"));
    assert_eq!(world.approve("sue", id), "refused policy-changed", "no manager would be among the three");
    assert!(other.approve("bob", id).starts_with("approved"));
    assert!(other.approve("sue", id).starts_with("approved"));
    assert!(other.approve("dana", id).starts_with("approved elevation-started"));
}

#[test]
fn a_step_that_policy_dropped_is_walked_all_the_same() {
    let mut world = World::new();
    let id = world.request("alice", "orders-admin", "1h");
    world.rule("dual").steps.pop();
    assert!(world.approve("bob", id).starts_with("approved step-opened"), "the stricter wins");
    assert!(world.approve("sam", id).starts_with("approved elevation-started"));
}
