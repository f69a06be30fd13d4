//! Screening: what a rule demands of a ticket is looked up before anybody is asked, and what is not known in time counts as untrue.

use rstest::rstest;

use super::world::{World, found, ops_12};
use crate::access::{EndCause, Outcome, State, Unknown};
use crate::command::{Ask, Command};
use crate::freeze::Scope;
use crate::id::AccessId;
use crate::policy::TicketNeed;
use crate::span::Span;
use crate::ticket::{Assignee, Finding, Terms, Ticket};
use crate::timer::TimerKind;

fn refused(world: &World, id: AccessId) -> String {
    match &world.access(id).state {
        State::Closed(closed) => match &closed.outcome {
            Outcome::Refused { refusal } | Outcome::NotStarted { refusal } => refusal.what.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn ask_with(world: &mut World, ticket: Option<&str>) -> String {
    let ask = Ask { ticket: ticket.map(str::to_owned), ..world.ask("alice", "orders-write", "1h") };
    world.line(ask.id, Command::Request(Box::new(ask)))
}

#[test]
fn nobody_is_asked_before_the_ticket_is_known_and_then_everything_goes_its_way() {
    let mut world = World::new();
    world.ticketed("single");
    assert_eq!(ask_with(&mut world, Some("OPS-12")), "requested screening-started > screen alice:request");
    let id = *world.accesses.keys().next().unwrap();
    assert_eq!((world.state(id), world.access(id).asked.len()), ("screening", 0));
    assert_eq!(world.approve("bob", id), "refused wrong-state");
    let told = "ticket-looked step-opened > alice:request bob:approval-0 dana:approval-0";
    assert_eq!(world.looked(id, found(true, "alice")), told);
    assert_eq!(world.looked(id, found(true, "alice")), "nothing", "once");
    assert!(world.approve("bob", id).starts_with("approved elevation-started"));
}

#[test]
fn what_policy_agrees_to_by_itself_waits_for_its_ticket_too() {
    let mut world = World::new();
    world.ticketed("low");
    let ask = Ask { ticket: Some("OPS-12".to_owned()), ..world.ask("alice", "logs-read", "15m") };
    let id = ask.id;
    assert_eq!(world.line(id, Command::Request(Box::new(ask))), "requested screening-started > screen alice:request");
    let given = "ticket-looked elevation-started > reconcile alice:request";
    assert_eq!(world.looked(id, found(true, "alice")), given);
}

#[rstest]
#[case(found(false, "alice"), "The ticket `OPS-12` is closed (“Done”).")]
#[case(found(true, "bob"), "The ticket `OPS-12` is assigned to Bob.")]
#[case(found(false, "bob"), "The ticket `OPS-12` is closed (“Done”); the ticket `OPS-12` is assigned to Bob.")]
#[case(Finding::Missing, "`jira` has no ticket `OPS-12`.")]
#[case(Finding::Unknown { why: "answers 401".to_owned() }, "The ticket `OPS-12` could not be looked up: `jira` answers 401.")]
fn what_is_not_as_demanded_is_refused_and_told(#[case] finding: Finding, #[case] expected: &str) {
    let mut world = World::new();
    let id = world.screening();
    assert_eq!(world.looked(id, finding.clone()), "ticket-looked closed > alice:ended alice:request");
    assert_eq!(refused(&world, id), expected);
    let mut world = World::new();
    let id = world.screening_at_start();
    let told = "ticket-looked closed > alice:ended alice:request bob:approval-0 dana:approval-0";
    assert_eq!(world.looked(id, finding), told);
    assert_eq!(refused(&world, id), expected, "and again when its start has come");
}

#[test]
fn nobody_s_ticket_is_not_theirs_whatever_it_is_called() {
    let mut world = World::new();
    let id = world.screening();
    let of = |assignee| Ticket { title: String::new(), status: "Open".to_owned(), open: true, assignee };
    let mut other = world.clone();
    other.looked(id, Finding::Ticket(of(None)));
    assert_eq!(refused(&other, id), "The ticket `OPS-12` is assigned to nobody.");
    world.looked(id, Finding::Ticket(of(Some(Assignee { name: "alice".to_owned(), person: None }))));
    assert_eq!(refused(&world, id), "The ticket `OPS-12` is assigned to “alice”, who is nobody known here.");
}

#[test]
fn what_is_not_known_by_the_deadline_counts_as_untrue_and_a_late_answer_changes_nothing() {
    let mut world = World::new();
    let id = world.screening();
    assert_eq!(world.fire(id, TimerKind::ScreeningDeadline), "nothing", "not yet");
    world.now += Span::seconds(5).delta();
    assert_eq!(world.looked(id, found(true, "alice")), "nothing", "the timer decides from here on");
    let line = world.fire(id, TimerKind::ScreeningDeadline);
    assert_eq!(line, "ticket-looked closed > alice:ended alice:request");
    assert_eq!(refused(&world, id), "The ticket `OPS-12` could not be looked up: `jira` did not answer within 5 s.");
    assert_eq!(world.looked(id, found(true, "alice")), "nothing");
    assert_eq!(world.next_timer(), None);
}

#[test]
fn a_start_that_has_come_looks_again_and_keeps_the_votes() {
    let mut world = World::new();
    let id = world.screening_at_start();
    assert_eq!((world.state(id), world.access(id).votes.len()), ("screening", 1));
    assert_eq!(world.access(id).holds(), None);
    assert_eq!(world.approve("dana", id), "refused already-decided");
    let given = "ticket-looked elevation-started > reconcile alice:request bob:approval-0 dana:approval-0";
    assert_eq!(world.looked(id, found(true, "alice")), given);
}

/// What is gone from today's policy still holds of what was asked under it; what is new in it was never looked up.
#[test]
fn the_stricter_of_then_and_now_wins() {
    let mut world = World::new();
    let id = world.screening_at_start();
    world.rule("single").ticket_terms = Terms::default();
    world.looked(id, found(false, "alice"));
    assert_eq!(refused(&world, id), "The ticket `OPS-12` is closed (“Done”).");

    let mut world = World::new();
    let ask = Ask { ticket: Some("OPS-12".to_owned()), ..world.ask("alice", "orders-write", "1h") };
    let id = ask.id;
    assert!(world.line(id, Command::Request(Box::new(ask))).starts_with("requested step-opened"));
    world.ticketed("single");
    assert_eq!(world.approve("bob", id), "refused policy-changed");
}

#[test]
fn without_a_ticket_an_optional_one_holds_up_nobody_and_a_required_one_is_refused_at_once() {
    let mut world = World::new();
    world.ticketed("single");
    assert!(ask_with(&mut world, None).starts_with("requested step-opened"));
    let mut world = World::new();
    world.ticketed("single");
    world.rule("single").ticket = TicketNeed::Required;
    assert_eq!(ask_with(&mut world, Some("  ")), "refused ticket");
    for nobody_s in ["HR-1", "OPS-1/../x", "OPS-1?jql=", "OPS 12"] {
        assert_eq!(ask_with(&mut world, Some(nobody_s)), "refused ticket", "{nobody_s}");
    }
    assert!(world.accesses.is_empty(), "nothing that is nobody's is looked up");
}

type Change = fn(&mut World, AccessId) -> String;

const OVER: &str = "closed > alice:ended alice:request";
const REFUSED: &str = "ticket-looked closed > alice:ended alice:request";

/// What happens while the ticket is being looked up, and what comes of it.
const MEANWHILE: &[(&str, Change, &str)] = &[
    ("cancel", |w, id| w.cancel("alice", id), OVER),
    ("revoke", |w, id| w.revoke("dana", id), OVER),
    ("nothing has changed", |w, id| w.recheck(id), "nothing"),
    ("asked twice", |w, _| ask_with(w, Some("OPS-12")), "refused duplicate"),
    (
        "leaver",
        |w, id| {
            w.person("alice").active = false;
            w.recheck(id)
        },
        OVER,
    ),
    (
        "frozen",
        |w, id| {
            w.freeze(Scope::Everything);
            w.looked(id, found(true, "alice"))
        },
        REFUSED,
    ),
    (
        "role gone",
        |w, id| {
            w.parts.roles.clear();
            w.looked(id, found(true, "alice"))
        },
        REFUSED,
    ),
    (
        "more people are asked",
        |w, id| {
            w.rule("single").steps[0].count = 2;
            w.looked(id, found(true, "alice"))
        },
        REFUSED,
    ),
];

#[test]
fn whatever_happens_meanwhile_counts() {
    for (name, change, expected) in MEANWHILE {
        let mut world = World::new();
        let id = world.screening();
        assert_eq!(change(&mut world, id), *expected, "{name}");
    }
}

#[test]
fn an_extension_is_looked_up_as_well() {
    let mut world = World::new();
    let parent = world.screening();
    world.looked(parent, found(true, "alice"));
    world.approve("bob", parent);
    world.verified(parent);
    let ask = Ask { ticket: Some("OPS-12".to_owned()), ..world.ask_more("alice", parent, "30m") };
    let id = ask.id;
    let line = world.line(id, Command::Request(Box::new(ask)));
    assert_eq!(line, "requested screening-started > screen alice:request");
    let mut ended = world.clone();
    ended.done("alice", parent);
    assert_eq!(ended.state(id), "closed", "what it extends has ended");
    assert!(world.looked(id, found(true, "alice")).starts_with("ticket-looked step-opened"));
}

#[test]
fn what_ends_with_its_ticket_ends_when_that_is_closed_and_nothing_else_does() {
    let mut world = World::new();
    let id = world.screening();
    assert_eq!(world.ticket_closed(id), "nothing", "it is being looked up");
    world.looked(id, found(true, "alice"));
    let mut waiting = world.clone();
    assert_eq!(waiting.ticket_closed(id), "closed > alice:ended alice:request bob:approval-0 dana:approval-0");
    world.approve("bob", id);
    world.verified(id);
    let other = Command::TicketClosed { ticket: crate::ticket::TicketId { source: "now".to_owned(), ..ops_12() } };
    assert_eq!(world.line(id, other), "nothing", "another source has another ticket of that name");
    let ended = "revocation-started > reconcile end-children alice:request bob:approval-0 dana:approval-0";
    assert_eq!(world.ticket_closed(id), ended);
    let State::Revoking(revoking) = &world.access(id).state else { panic!("{:?}", world.access(id).state) };
    assert_eq!(revoking.cause, EndCause::TicketClosed { ticket: ops_12() });
    let mut world = World::new();
    let id = world.screening();
    world.looked(id, found(true, "alice"));
    world.rule("single").ticket_terms.ends = false;
    assert!(world.ticket_closed(id).starts_with("closed"), "it was asked under a rule that says so");
}

/// It proceeds whatever cannot be known, and says what that was.
#[test]
fn an_emergency_waits_for_no_ticket_and_records_what_was_unknown() {
    let mut world = World::new();
    world.ticketed("single");
    let ask = Ask { emergency: true, ..world.ask("alice", "orders-write", "30m") };
    let id = ask.id;
    let line = world.line(id, Command::Request(Box::new(ask)));
    assert_eq!(line, "requested review-opened elevation-started > reconcile alice:request #security:review");
    let unknown = &world.access(id).review.as_ref().unwrap().unknown;
    let orders = || "file/orders".to_owned();
    let expected = [Unknown::Ticket, Unknown::Rotation { name: orders() }, Unknown::Incidents { service: orders() }];
    assert_eq!(*unknown, expected);
    let mut known = World::new();
    known.on_call("ann");
    let ask = Ask { emergency: true, ..known.ask("alice", "orders-write", "30m") };
    let id = ask.id;
    known.line(id, Command::Request(Box::new(ask)));
    assert_eq!(known.access(id).review.as_ref().unwrap().unknown, []);
}
