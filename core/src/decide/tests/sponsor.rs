//! On behalf of another: who may sponsor whom, that neither of the two ever decides, that both hear of it, and the ends of contracts.

use chrono::{DateTime, Utc};

use super::world::World;
use crate::access::{Proof, State};
use crate::command::{Ask, Command};
use crate::directory::Kind;
use crate::id::AccessId;
use crate::refusal::Refusal;
use crate::timer::TimerKind;

fn sponsored(world: &mut World, (sponsor, who): (&str, &str), role: &str) -> Result<AccessId, Refusal> {
    let ask = Ask { beneficiary: who.into(), ..world.ask(sponsor, role, "1h") };
    let id = ask.id;
    world.send(id, Command::Request(Box::new(ask))).map(|_| id)
}

fn refused(world: &mut World, (sponsor, who): (&str, &str), role: &str) -> (String, String) {
    let refusal = sponsored(world, (sponsor, who), role).unwrap_err();
    (refusal.code.as_str().to_owned(), refusal.to_string())
}

#[test]
fn only_sponsors_of_the_rule_ask_for_others_and_a_refusal_names_it_and_who_could_change_it() {
    let mut world = World::new();
    let (code, said) = refused(&mut world, ("alice", "bob"), "vault-admin");
    assert_eq!(code, "not-permitted");
    assert!(said.contains("The rule `vault` lets nobody ask for `vault-admin` on behalf of another."), "{said}");
    let (_, said) = refused(&mut world, ("sam", "carl"), "host-login");
    assert!(
        said.contains("The rule `hosts` lets `group:engineering` ask") && said.contains("not among them"),
        "{said}"
    );
    let refusal = sponsored(&mut world, ("sam", "carl"), "host-login").unwrap_err();
    assert_eq!((refusal.rule.as_deref(), refusal.ask.as_deref()), (Some("hosts"), Some("Dana")));
    let (_, said) = refused(&mut world, ("alice", "carl"), "orders-write");
    assert!(said.contains("and `carl` is not among them"), "{said}");

    // In the right group, and not an employee.
    world.person("ann").kind = Kind::Vendor;
    let (code, said) = refused(&mut world, ("ann", "carl"), "host-login");
    assert_eq!(code, "not-permitted");
    assert!(
        said.contains("Only employees ask on behalf of others, and you are in the directory as a vendor"),
        "{said}"
    );
    // A contractor asks for themselves as before; saying so gains nothing.
    let own = sponsored(&mut world, ("carl", "carl"), "host-login").unwrap();
    assert!(world.access(own).request.is_own());
    assert_eq!(refused(&mut world, ("carl", "alice"), "host-login").0, "not-permitted");
}

#[test]
fn whoever_sponsors_never_decides_nor_does_the_beneficiary_nor_their_delegate_nor_an_escalation() {
    let mut world = World::new();
    // Everybody who could be turned into an approver of it: the owner, a member of the step's group, a delegate, the manager's manager.
    world.person("alice").groups.insert("security".to_owned());
    world.person("carl").groups.insert("security".to_owned());
    world.role("host-login").owner = crate::policy::Subject::Person("alice".into());
    world.away("sam", Some("alice"));
    world.away("sue", Some("carl"));
    world.rule("hosts").steps[0].any.push(crate::policy::Subject::Owner);
    world.rule("hosts").steps[0].any.push(crate::policy::Subject::Person("bob".into()));
    let id = sponsored(&mut world, ("alice", "carl"), "host-login").unwrap();
    let asked: Vec<_> = world.access(id).asked.iter().map(|asked| asked.person.to_string()).collect();
    assert_eq!(asked, ["bob"]);
    world.person("bob").manager = Some("alice".into());
    assert!(world.fire(id, TimerKind::Escalate).contains("nothing"), "not due yet");
    world.tick("31m");
    for party in ["alice", "carl"] {
        assert!(!world.access(id).asked.iter().any(|asked| asked.person == party.into()), "{party}");
        assert_eq!(world.approve(party, id), "refused own-request");
        assert_eq!(world.deny(party, id), "refused own-request");
        assert_eq!(world.claim(party, id), "refused own-request");
        assert_eq!(world.question(party, id), "refused own-request");
    }
    assert_eq!(world.approve("sam", id), "refused not-approver");
    assert!(world.approve("bob", id).contains("elevation-started"));
}

#[test]
fn a_contractor_whose_manager_sponsors_them_is_refused_in_clear_words() {
    let mut world = World::new();
    let (code, said) = refused(&mut world, ("alice", "carl"), "orders-admin");
    assert_eq!(code, "no-approver");
    assert!(said.contains("Alice, the manager of Carl, is the one who asks"), "{said}");
    assert!(said.contains("Let somebody else ask for them"), "{said}");
    // Anybody else who may sponsor: his manager is asked, not theirs.
    let id = sponsored(&mut world, ("ann", "carl"), "orders-admin").unwrap();
    let asked: Vec<_> = world.access(id).asked.iter().map(|asked| asked.person.to_string()).collect();
    assert_eq!(asked, ["alice"]);
}

#[test]
fn nothing_is_approved_automatically_for_another() {
    let mut world = World::new();
    let ask = Ask { beneficiary: "alice".into(), ..world.ask("ann", "logs-read", "5m") };
    let line = world.line(ask.id, Command::Request(Box::new(ask)));
    assert_eq!(line, "requested step-opened > ann:request alice:request bob:approval-0");
    world.on_call("alice");
    let id = sponsored(&mut world, ("ann", "alice"), "orders-write").unwrap();
    assert_eq!(world.state(id), "pending", "who is on call must ask themselves");
}

#[test]
fn both_parties_hear_of_everything_and_both_can_end_it_but_only_the_sponsor_extends() {
    let mut world = World::new();
    let id = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
    assert_eq!(
        world.question("sam", id),
        "questioned > ann:question-0 carl:question-0 sam:question-asked sue:question-asked"
    );
    assert!(world.reply("carl", id).starts_with("replied > "));
    let line = world.approve("sam", id);
    assert!(line.contains("ann:approved carl:approved ann:request carl:request"), "{line}");
    let line = world.verified(id);
    assert_eq!(
        line,
        "elevated > ann:granted carl:granted ann:request carl:request sam:approval-0 sue:approval-0 #announce:grant"
    );
    assert_eq!(world.extend_line("carl", id, "15m"), "refused not-permitted");
    let more = world.extend("ann", id, "15m");
    assert_eq!(world.access(more).request.beneficiary, "carl".into());
    for party in ["ann", "carl"] {
        assert_eq!(world.approve(party, more), "refused own-request");
    }
    assert!(world.cancel("carl", more).contains("ann:ended carl:ended"));
    assert!(world.tick("46m").iter().any(|line| line.contains("ann:warning carl:warning")));
    assert!(world.done("carl", id).contains("revocation-started"));
    assert!(world.gone(id).contains("ann:ended carl:ended"));
}

#[test]
fn a_beneficiary_who_is_not_in_chat_hears_nothing_for_the_whole_of_it() {
    let mut world = World::new();
    world.person("carl").slack = None;
    let id = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
    // Invited meanwhile: a story that begins in the middle helps nobody.
    world.person("carl").slack = Some("U0004".to_owned());
    world.approve("sam", id);
    world.verified(id);
    let more = world.extend("ann", id, "15m");
    world.approve("sue", more);
    world.verified(more);
    world.tick("3h");
    world.settled(id, Proof::RemainsUnder { short: world.access(more).short.clone() });
    world.gone(more);
    assert!(world.told.iter().all(|tell| tell.to.key() != "person:carl"), "carl was told");
}

#[test]
fn a_beneficiary_who_is_not_in_chat_any_more_is_not_written_to() {
    let mut world = World::new();
    let id = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
    world.person("carl").slack = None;
    world.told.clear();
    world.approve("sam", id);
    world.verified(id);
    world.done("ann", id);
    world.gone(id);
    assert!(world.told.iter().any(|tell| tell.to.key() == "person:ann"));
    assert!(world.told.iter().all(|tell| tell.to.key() != "person:carl"), "it would be parked");
}

#[test]
fn it_ends_when_either_leaves() {
    for leaver in ["ann", "carl"] {
        let mut world = World::new();
        let held = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
        world.approve("sam", held);
        world.verified(held);
        let waits = sponsored(&mut world, ("ann", "carl"), "orders-admin").unwrap();
        assert_eq!(world.recheck(held), "nothing");
        world.person(leaver).active = false;
        assert!(world.recheck(held).starts_with("revocation-started > reconcile"), "{leaver}");
        assert!(world.recheck(waits).starts_with("closed > "), "{leaver}");
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn nothing_lasts_beyond_a_contract_and_what_is_left_then_ends() {
    let mut world = World::new();
    world.person("carl").until = Some(at("2026-11-23T09:40:00Z"));
    let id = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
    let closing = world.access(id).closing.clone().unwrap();
    assert_eq!(
        (closing.at, closing.window.to_string().as_str()),
        (at("2026-11-23T09:40:00Z"), "the contract of Carl ends")
    );
    world.approve("sam", id);
    let State::Elevating(elevating) = &world.access(id).state else { panic!("not elevating") };
    assert_eq!(elevating.native_until, at("2026-11-23T09:41:00Z"));
    world.verified(id);
    assert_eq!(world.access(id).until(), Some(at("2026-11-23T09:40:00Z")));
    assert_eq!(world.extend_line("ann", id, "15m"), "refused contract");

    // The last minutes are not worth it, and afterwards they count as disabled.
    world.now = at("2026-11-23T09:38:00Z");
    assert_eq!(refused(&mut world, ("ann", "carl"), "orders-admin").0, "contract");
    world.now = at("2026-11-23T09:40:00Z");
    let (code, said) = refused(&mut world, ("ann", "carl"), "orders-admin");
    assert!(code == "contract" && said.contains("The contract of Carl is over"), "{said}");
    assert!(world.recheck(id).starts_with("revocation-started"));
}

#[test]
fn a_bypass_ends_with_the_contract_too_and_so_does_what_a_sponsor_leaves_behind() {
    let mut world = World::new();
    world.person("alice").until = Some(at("2026-11-23T09:20:00Z"));
    let ask = Ask { emergency: true, ..world.ask("alice", "orders-write", "30m") };
    let id = ask.id;
    world.send(id, Command::Request(Box::new(ask))).unwrap();
    world.verified(id);
    assert_eq!(world.access(id).until(), Some(at("2026-11-23T09:20:00Z")));

    world.person("ann").until = Some(at("2026-11-23T09:30:00Z"));
    let id = sponsored(&mut world, ("ann", "carl"), "host-login").unwrap();
    assert_eq!(world.access(id).closing.as_ref().map(|closing| closing.at), Some(at("2026-11-23T09:30:00Z")));
}
