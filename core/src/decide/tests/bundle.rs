//! Several roles in one request: asked, agreed to and refused together; given, ended and failed each by itself.

use rstest::rstest;

use super::world::{World, found, line, ops_12, text};
use crate::access::{Access, Outcome, Revoker, State};
use crate::command::{Ask, Command};
use crate::decide::{Decision, MOST_ROLES};
use crate::effect::Effect;
use crate::id::AccessId;
use crate::notice::NoticeKind;
use crate::policy::{Conflict, Place, Subject};
use crate::refusal::{Code, Refusal};
use crate::span::Span;
use crate::ticket::Finding;
use crate::timer::{TimerKind, timers};

fn ask(world: &mut World, who: &str, roles: &[&str], duration: &str) -> Result<Decision, Refusal> {
    let ask = world.ask_all(who, roles, duration);
    world.send(ask.id, Command::Request(Box::new(ask)))
}

fn states(world: &World, ids: &[AccessId]) -> Vec<&'static str> {
    ids.iter().map(|id| world.state(*id)).collect()
}

/// Who is to agree, step by step, as policy names them.
fn steps(access: &Access) -> Vec<String> {
    let named = |subject: &Subject| subject.to_string();
    let steps = access.route.steps.iter();
    steps.map(|step| format!("{}×{}", step.count, step.any.iter().map(named).collect::<Vec<_>>().join("|"))).collect()
}

#[rstest]
#[case::all_by_policy(&["logs-read", "orders-write"], "15m", &["1×manager|dana"])]
#[case::whoever_may_for_both(&["orders-write", "logs-read"], "1h", &["1×manager"])]
#[case::strictest_first(&["logs-read", "orders-admin"], "1h", &["1×manager", "1×group:security|manager"])]
#[case::what_is_not_covered(
    &["host-login", "logs-read"], "1h", &["1×group:security", "1×manager"]
)]
#[case::covered(&["host-login", "orders-admin"], "1h", &["1×manager", "1×group:security"])]
#[case::more_of_the_same(
    &["orders-admin", "vault-admin"], "1h", &["2×group:security|manager", "1×dana", "1×manager"]
)]
fn the_route_of_all_holds_what_each_needs(#[case] roles: &[&str], #[case] duration: &str, #[case] expected: &[&str]) {
    let mut world = World::new();
    let ids = world.request_all("alice", roles, duration);
    for id in &ids {
        assert_eq!(steps(world.access(*id)), expected);
        assert_eq!(world.access(*id).route.rule, rule_of(&world.access(*id).request.role.to_string()));
    }
}

fn rule_of(role: &str) -> &'static str {
    match role {
        "logs-read" => "low",
        "orders-write" => "single",
        "orders-admin" => "dual",
        "vault-admin" => "vault",
        _ => "hosts",
    }
}

#[test]
fn one_card_is_told_of_all_and_the_strictest_leads() {
    let mut world = World::new();
    let ask = world.ask_all("alice", &["logs-read", "orders-write"], "1h");
    let decision = world.send(ask.id, Command::Request(Box::new(ask))).unwrap();
    let told = "requested step-opened > alice:request bob:approval-0 | requested step-opened";
    assert_eq!(line(&Ok(decision.clone())), told);
    assert_eq!(decision.after.request.role.to_string(), "orders-write");
    for effect in &decision.effects {
        let Effect::Tell(tell) = effect else { continue };
        let others: Vec<_> = tell.notice().unwrap().bundle.iter().map(|access| access.request.role.as_str()).collect();
        assert_eq!(others, ["logs-read"]);
    }
}

#[test]
fn what_policy_gives_at_once_is_given_at_once_when_all_of_it_is() {
    let mut world = World::new();
    world.role("orders-write").risk = crate::policy::Risk::Low;
    world.on_call("alice");
    let ids = world.request_all("alice", &["logs-read", "orders-write"], "15m");
    assert_eq!(states(&world, &ids), ["elevating", "elevating"]);
    // Where one of them waits, all do.
    let mut world = World::new();
    let ids = world.request_all("alice", &["logs-read", "orders-write"], "15m");
    assert_eq!(states(&world, &ids), ["pending", "pending"]);
}

#[test]
fn votes_are_given_once_and_the_last_one_gives_all() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-admin", "host-login", "logs-read"], "1h");
    assert_eq!(
        world.approve("bob", ids[0]),
        "approved step-opened > alice:approved alice:request bob:approval-0 sam:approval-1 sue:approval-1 \
         | approved step-opened | approved step-opened"
    );
    assert_eq!(world.approve("bob", ids[0]), "refused already-voted");
    assert_eq!(states(&world, &ids), ["pending"; 3]);
    // By the id of any of them.
    assert_eq!(
        world.approve("sam", ids[2]),
        "approved elevation-started > reconcile alice:approved alice:request bob:approval-0 sam:approval-1 sue:approval-1 \
         | approved elevation-started > reconcile | approved elevation-started > reconcile"
    );
    assert_eq!(states(&world, &ids), ["elevating"; 3]);
    assert_eq!(world.approve("sue", ids[1]), "refused already-decided");
}

#[test]
fn a_shorter_time_is_shorter_for_all() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "2h");
    world.approve_for("bob", ids[0], "30m");
    for id in ids {
        let State::Elevating(elevating) = &world.access(id).state else { panic!("not agreed") };
        assert_eq!(elevating.duration, Span::minutes(30));
    }
}

#[test]
fn no_is_no_to_all_and_is_told_once() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    let told = "closed > alice:ended alice:request bob:approval-0 | closed";
    assert_eq!(world.deny("bob", ids[1]), told);
    for id in &ids {
        let State::Closed(closed) = &world.access(*id).state else { panic!("open") };
        assert!(matches!(&closed.outcome, Outcome::Denied { by, .. } if by.as_str() == "bob"));
    }
    let ended = world.told.iter().filter_map(|tell| tell.notice()).find(|notice| notice.kind == NoticeKind::Ended);
    assert_eq!(ended.unwrap().bundle.len(), 1, "it is told of both");
    assert_eq!(world.approve("bob", ids[0]), "refused already-decided");
}

#[test]
fn one_clock_runs_for_all() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    assert_eq!(timers(world.access(ids[1])), [], "the lead's stand for it");
    // Both must let further people be asked, and at the later of their times.
    let lines = world.tick("8h");
    assert_eq!(lines[0], "remind: reminded > bob:reminder | reminded");
    assert!(lines.iter().any(|line| line.starts_with("escalate: escalated > alice:escalated")), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("time-out: closed > alice:ended"), "{lines:?}");
    assert_eq!(states(&world, &ids), ["closed", "closed"]);
}

#[test]
fn questions_and_claims_are_of_all() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["logs-read", "orders-write"], "1h");
    assert!(world.question("bob", ids[0]).ends_with("| questioned"));
    assert!(world.reply("alice", ids[0]).ends_with("| replied"));
    assert!(world.claim("bob", ids[1]).ends_with("| claimed"));
    assert_eq!(world.claim("bob", ids[0]), "nothing");
}

#[test]
fn cancelled_while_it_waits_is_cancelled_whole() {
    for which in [0, 1] {
        let mut world = World::new();
        let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
        assert!(world.cancel("alice", ids[which]).ends_with("| closed"));
        assert_eq!(states(&world, &ids), ["closed", "closed"]);
        assert_eq!(world.cancel("alice", ids[which]), "refused wrong-state");
    }
}

#[test]
fn the_owner_of_any_of_the_roles_can_withdraw_all() {
    let mut world = World::new();
    world.role("logs-read").owner = Subject::Person("ann".into());
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    assert_eq!(world.revoke("carl", ids[0]), "refused not-permitted");
    assert!(world.revoke("ann", ids[0]).ends_with("| closed"));
}

#[test]
fn once_given_each_goes_its_own_way() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    world.approve("bob", ids[0]);
    let granted = "elevated > alice:granted alice:request bob:approval-0 #announce:grant";
    assert_eq!(world.verified(ids[0]), granted);
    // The target of the other one fails: the first is not touched, and the card says both.
    let before = world.access(ids[0]).clone();
    assert!(world.trouble(ids[1], "no such role", true).starts_with("revocation-started > reconcile end-children"));
    assert_eq!(*world.access(ids[0]), before);
    let card = world.told.iter().rev().filter_map(|tell| tell.notice());
    let card = card.clone().find(|notice| notice.kind == NoticeKind::Request).unwrap();
    assert_eq!((card.access.id, card.access.state_name()), (ids[0], "active"));
    assert_eq!((card.bundle[0].id, card.bundle[0].state_name()), (ids[1], "revoking"));
    world.gone(ids[1]);
    assert_eq!(states(&world, &ids), ["active", "closed"]);
    // More time for the one that is live stands in the thread of them all.
    let more = world.extend("alice", ids[0], "30m");
    assert_eq!(world.access(more).thread(), ids[0]);
    assert!(world.access(more).request.bundle.is_none());
}

#[test]
fn done_is_one_and_cancelling_the_lead_is_all_that_is_left() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["logs-read", "orders-write", "host-login"], "1h");
    for who in ["bob", "sam"] {
        world.approve(who, ids[0]);
    }
    ids.iter().for_each(|id| _ = world.verified(*id));
    world.done("alice", ids[0]);
    assert_eq!(states(&world, &ids), ["revoking", "active", "active"]);
    let lead = world.access(ids[0]).lead();
    assert_eq!(lead, ids[1]);
    assert_eq!(world.cancel("carl", lead), "refused not-permitted");
    world.cancel("alice", lead);
    assert_eq!(states(&world, &ids), ["revoking", "revoking", "revoking"]);
    assert_eq!(world.cancel("alice", lead), "refused wrong-state");
    // A member that does not lead is itself only.
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    world.approve("bob", ids[0]);
    world.cancel("alice", ids[1]);
    assert_eq!(states(&world, &ids), ["elevating", "revoking"]);
}

#[test]
fn what_is_asked_for_later_begins_each_as_policy_lets_it() {
    let mut world = World::new();
    let starts_at = Some(world.now + Span::hours(3).delta());
    let ask = world.ask_all("alice", &["orders-write", "logs-read"], "1h");
    let ids: Vec<AccessId> = ask.members().iter().map(|member| member.id).collect();
    world.send(ask.id, Command::Request(Box::new(Ask { starts_at, ..ask }))).unwrap();
    world.approve("bob", ids[0]);
    assert_eq!(states(&world, &ids), ["scheduled", "scheduled"]);
    world.rule("low").who.clear();
    let lines = world.tick("3h");
    assert_eq!(lines.len(), 2);
    assert_eq!(states(&world, &ids), ["elevating", "closed"]);
    let mut left = world.told.iter().filter_map(|tell| tell.notice());
    assert!(left.any(|notice| notice.kind == NoticeKind::Ended && notice.access.id == ids[1]), "it is told by itself");
}

#[test]
fn all_or_nothing_and_every_role_says_why() {
    let mut world = World::new();
    world.rule("vault").who.clear();
    world.rule("hosts").ticket = crate::policy::TicketNeed::Required;
    let refusal = ask(&mut world, "alice", &["orders-write", "vault-admin", "host-login"], "1h").unwrap_err();
    assert_eq!(refusal.code, Code::NotPermitted);
    for part in ["Nothing was asked", "`vault-admin`: ", "(vault)", "`host-login`: ", "No ticket is named.", "(hosts)"]
    {
        assert!(refusal.what.contains(part), "{part}: {}", refusal.what);
    }
    assert!(!refusal.what.contains("`orders-write`:"), "{}", refusal.what);
    assert_eq!(refusal.rule.as_deref(), Some("vault, hosts"));
    assert!(world.accesses.is_empty());
    // One code where all are refused for one reason, told once where it is the same.
    let refusal = ask(&mut world, "mallory", &["orders-write", "logs-read"], "1h").unwrap_err();
    assert_eq!((refusal.code, refusal.what.matches("disabled").count()), (Code::Disabled, 1), "{}", refusal.what);
}

#[test]
fn roles_that_conflict_are_not_asked_for_together() {
    let mut world = World::new();
    let roles = vec!["orders-admin".to_owned(), "logs-*".to_owned()];
    world.parts.conflicts.push(Conflict { name: "four eyes".to_owned(), roles, place: Place::default() });
    let refusal = ask(&mut world, "alice", &["orders-admin", "logs-read", "host-login"], "1h").unwrap_err();
    assert_eq!(refusal.code, Code::Conflict);
    assert!(refusal.what.contains("`four eyes` forbids both") && !refusal.what.contains("`host-login`:"));
    // One that comes to conflict while it waits is not given.
    world.parts.conflicts.clear();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    let roles = vec!["orders-write".to_owned(), "logs-read".to_owned()];
    world.parts.conflicts.push(Conflict { name: "four eyes".to_owned(), roles, place: Place::default() });
    assert_eq!(world.approve("bob", ids[0]), "refused policy-changed");
}

#[rstest]
#[case::of_one_person(|world: &mut World| world.parts.limits.max_simultaneous = 2, &["orders-write", "logs-read", "host-login"])]
#[case::of_all(|world: &mut World| world.parts.limits.max_simultaneous_total = Some(1), &["orders-write", "logs-read"])]
#[case::of_a_role(|world: &mut World| world.role("logs-read").max_simultaneous = Some(0), &["orders-write", "logs-read"])]
fn limits_count_every_one(#[case] change: fn(&mut World), #[case] roles: &[&str]) {
    let mut world = World::new();
    change(&mut world);
    assert_eq!(ask(&mut world, "alice", roles, "1h").unwrap_err().code, Code::Limit);
    let mut world = World::new();
    let ids = world.request_all("alice", roles, "1h");
    change(&mut world);
    assert_eq!(world.approve("bob", ids[0]), "refused policy-changed");
}

#[test]
fn what_waits_counts_for_the_next_request_each_by_itself() {
    let mut world = World::new();
    world.request_all("alice", &["orders-write", "logs-read"], "1h");
    world.request("alice", "host-login", "1h");
    assert_eq!(world.request_line("alice", "orders-admin", "1h"), "refused limit");
    assert_eq!(world.request_line("alice", "logs-read", "1h"), "refused duplicate");
}

#[test]
fn each_is_judged_again_at_every_vote() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-admin", "logs-read"], "1h");
    world.approve("bob", ids[0]);
    world.rule("low").who.clear();
    let refused = world.send(ids[0], Command::Approve { by: "sam".into(), at_most: None }).unwrap_err();
    assert_eq!(refused.code, Code::PolicyChanged);
    assert!(refused.what.contains("`logs-read`") && !refused.what.contains("`orders-admin`:"), "{}", refused.what);
    assert_eq!(states(&world, &ids), ["pending", "pending"]);
    // One that comes to need somebody else's agreement is not given by those of the others.
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-admin", "logs-read"], "1h");
    world.approve("bob", ids[0]);
    world.rule("low").steps[0].any = vec![Subject::Person("ann".into())];
    assert_eq!(world.approve("sam", ids[0]), "refused policy-changed");
}

#[test]
fn whoever_was_asked_further_for_one_counts_only_where_all_would_ask_them() {
    let mut world = World::new();
    world.rule("low").escalate_to.clear();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    assert_eq!(world.access(ids[0]).route.escalate_to, []);
    assert!(timers(world.access(ids[0])).iter().all(|timer| timer.kind != TimerKind::Escalate));
}

#[test]
fn too_few_people_for_all_of_them_are_found_out_when_asked() {
    let mut world = World::new();
    // Bob for the one, and for the other bob or nobody.
    world.rule("hosts").steps[0].any = vec![Subject::Person("bob".into())];
    world.rule("single").steps[0].any = vec![Subject::Person("bob".into()), Subject::Person("mallory".into())];
    assert!(ask(&mut world, "alice", &["host-login", "orders-write"], "1h").is_ok(), "the same vote counts for both");
    world.rule("hosts").steps[0].any = vec![Subject::Person("bob".into()), Subject::Person("mallory".into())];
    world.rule("single").steps[0].any = vec![Subject::Manager];
    let refusal = ask(&mut world, "ann", &["host-login", "orders-write"], "1h").unwrap_err();
    assert_eq!(refusal.code, Code::NoApprover, "{refusal}");
}

#[test]
fn rehearsals_and_real_ones_do_not_mix() {
    let mut world = World::new();
    world.role("logs-read").pilot = true;
    let refusal = ask(&mut world, "alice", &["orders-write", "logs-read"], "1h").unwrap_err();
    assert!(refusal.what.contains("`logs-read` is only tried out"), "{refusal}");
    world.role("orders-write").pilot = true;
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    assert!(world.approve("bob", ids[0]).contains("| approved rehearsed > alice:granted #announce:grant"));
    assert_eq!(states(&world, &ids), ["active", "active"]);
}

#[test]
fn too_many_are_refused_in_a_sentence() {
    let mut world = World::new();
    let names: Vec<String> = (0..1_000).map(|number| format!("role-{number}")).collect();
    let roles: Vec<&str> = names.iter().map(String::as_str).collect();
    let refusal = ask(&mut world, "alice", &roles, "1h").unwrap_err();
    assert_eq!(refusal.what, format!("1000 roles are asked for; at most {MOST_ROLES} go in one request."));
    let refusal = ask(&mut world, "alice", &["logs-read", "logs-read"], "1h").unwrap_err();
    assert_eq!(refusal.what, "`logs-read` is named twice.");
    let twice = world.ask_all("alice", &["logs-read", "orders-write"], "1h");
    let emergency = Command::Request(Box::new(Ask { emergency: true, ..twice.clone() }));
    assert_eq!(world.decide(twice.id, &emergency).unwrap_err().code, Code::NotUnderstood);
}

#[test]
fn somebody_who_leaves_takes_all_of_it_along() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    world.person("alice").active = false;
    assert!(world.recheck(ids[1]).ends_with("| closed"));
    assert_eq!(states(&world, &ids), ["closed", "closed"]);
}

#[test]
fn an_operator_takes_back_one_that_is_live_and_all_that_wait() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    let revoke = |by: &str| Command::Revoke { by: Revoker::Operator(by.to_owned()), reason: text("an incident") };
    assert!(world.line(ids[1], revoke("root")).ends_with("| closed"));
    assert_eq!(states(&world, &ids), ["closed", "closed"]);
}

#[test]
fn one_that_is_live_is_taken_back_even_when_the_others_cannot_be_read() {
    let mut world = World::new();
    let ids = world.request_all("alice", &["orders-write", "logs-read"], "1h");
    world.approve("bob", ids[0]);
    let (policy, directory) = (crate::policy::Policy::new(world.parts.clone()), crate::directory::Directory::default());
    let actor = crate::event::Actor::Operator { name: "root".to_owned() };
    let facts = crate::facts::Facts {
        actor: &actor,
        policy: &policy,
        directory: &directory,
        connectors: &world.connectors,
        open: &[],
        freezes: &[],
        unreviewed: &[],
        past: None,
        ticket: crate::ticket::Known::NotYet,
        in_use: crate::facts::InUse::default(),
        parent: None,
        bundle: &[],
        of_roles: &[],
        together: &[],
    };
    let revoke = Command::Revoke { by: Revoker::Operator("root".to_owned()), reason: text("an incident") };
    for id in ids {
        let decision = crate::decide::decide(Some(world.access(id)), &revoke, &facts, world.now).unwrap();
        assert_eq!(decision.after.state_name(), "revoking");
    }
}

/// All that is asked for together, while the ticket that one of them demands is looked up.
fn screening_together(world: &mut World) -> Vec<AccessId> {
    world.ticketed("single");
    let ask = world.ask_all("alice", &["logs-read", "orders-write"], "1h");
    let ask = Ask { ticket: Some("OPS-12".to_owned()), ..ask };
    let ids = ask.members().iter().map(|member| member.id).collect();
    let told = "requested screening-started > screen alice:request | requested screening-started";
    assert_eq!(world.line(ask.id, Command::Request(Box::new(ask))), told);
    ids
}

fn looked(world: &mut World, id: AccessId, finding: Finding) -> Result<Decision, Refusal> {
    world.send(id, Command::TicketLooked { ticket: ops_12(), finding })
}

#[test]
fn a_ticket_that_one_of_them_demands_is_looked_up_once_for_all() {
    let mut world = World::new();
    let ids = screening_together(&mut world);
    assert_eq!(states(&world, &ids), ["screening", "screening"]);
    let with_timers = ids.iter().filter(|id| !timers(world.access(**id)).is_empty()).count();
    assert_eq!(with_timers, 1, "the lead's stand for both");
    let mut other = world.clone();
    looked(&mut world, ids[0], found(true, "alice")).unwrap();
    assert_eq!(states(&world, &ids), ["pending", "pending"]);
    world.approve("bob", ids[0]);
    assert_eq!(states(&world, &ids), ["elevating", "elevating"]);
    // Which of them is told of the answer does not matter.
    looked(&mut other, ids[1], found(true, "alice")).unwrap();
    assert_eq!(states(&other, &ids), ["pending", "pending"]);
}

#[test]
fn what_its_ticket_refuses_of_one_refuses_all() {
    let mut world = World::new();
    let ids = screening_together(&mut world);
    let mut silent = world.clone();
    looked(&mut world, ids[0], found(false, "alice")).unwrap();
    for id in &ids {
        let State::Closed(closed) = &world.access(*id).state else { panic!("still open") };
        let Outcome::Refused { refusal } = &closed.outcome else { panic!("{:?}", closed.outcome) };
        assert_eq!(refusal.code, Code::Ticket);
        assert!(refusal.what.contains("`orders-write`") && refusal.what.contains("`OPS-12` is closed"), "{refusal:?}");
    }
    silent.tick("5s");
    assert_eq!(states(&silent, &ids), ["closed", "closed"], "what is not known in time counts as untrue");
}

#[test]
fn a_ticket_that_is_closed_while_they_wait_ends_all_and_later_only_what_ends_with_it() {
    let mut world = World::new();
    let ids = screening_together(&mut world);
    looked(&mut world, ids[0], found(true, "alice")).unwrap();
    let mut waiting = world.clone();
    let closed = Command::TicketClosed { ticket: ops_12() };
    waiting.send(ids[0], closed.clone()).unwrap();
    assert_eq!(states(&waiting, &ids), ["closed", "closed"]);
    world.approve("bob", ids[0]);
    for id in &ids {
        world.send(*id, closed.clone()).unwrap();
    }
    assert_eq!(states(&world, &ids), ["elevating", "revoking"], "each goes its own way once it is agreed to");
}
