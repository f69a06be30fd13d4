//! Looking at a request, asking back, answering: who may, who hears of it, and that it bounds nobody.

use super::world::{World, text};
use crate::access::State;
use crate::command::Command;
use crate::decide::{LONGEST_WORDS, MOST_QUESTIONS};
use crate::id::{AccessId, PersonId};

fn lookers(world: &World, id: AccessId) -> Vec<PersonId> {
    let State::Pending(pending) = &world.access(id).state else { return vec![] };
    pending.claims.iter().map(|claim| claim.by.clone()).collect()
}

#[test]
fn whoever_looks_is_shown_to_everybody_until_they_decide_or_for_a_while() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    assert_eq!(world.claim("bob", id), "claimed > alice:request bob:approval-0 dana:approval-0");
    assert_eq!(world.claim("bob", id), "nothing", "once is enough");
    world.tick("5m");
    world.claim("dana", id);
    assert_eq!(lookers(&world, id), ["bob".into(), "dana".into()]);
    assert_eq!(world.tick("10m").len(), 2, "a reminder, and bob's time is over");
    assert_eq!(lookers(&world, id), ["dana".into()]);
    world.approve("bob", id);
    assert_eq!(world.state(id), "elevating", "who is looking keeps nobody from deciding");
}

#[test]
fn an_approver_who_agreed_is_not_looking_any_more() {
    let mut world = World::new();
    world.rule("single").steps[0].count = 2;
    let id = world.request("alice", "orders-write", "1h");
    world.claim("bob", id);
    world.claim("dana", id);
    world.approve("bob", id);
    assert_eq!(lookers(&world, id), ["dana".into()]);
}

#[test]
fn only_those_who_may_decide_look_and_ask() {
    for who in ["alice", "sam", "mallory", "nobody"] {
        let mut world = World::new();
        let id = world.request("alice", "orders-write", "1h");
        let code = if who == "alice" { "own-request" } else { "not-approver" };
        let code = if matches!(who, "mallory" | "nobody") { "disabled" } else { code };
        assert_eq!(world.claim(who, id), format!("refused {code}"), "{who}");
        assert_eq!(world.question(who, id), format!("refused {code}"), "{who}");
    }
    let mut world = World::new();
    let id = world.active();
    assert_eq!(world.claim("dana", id), "refused already-decided");
    assert_eq!(world.question("dana", id), "refused already-decided");
}

#[test]
fn a_question_goes_to_the_requester_and_its_answer_to_the_approvers() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    let question = "questioned > alice:question-0 bob:question-asked dana:question-asked";
    assert_eq!(world.question("bob", id), question);
    assert_eq!(world.reply("bob", id), "refused not-permitted", "only the one who asked for it, or gets it");
    assert_eq!(
        world.reply("alice", id),
        "replied > bob:approval-0 dana:approval-0 alice:question-0 bob:replied dana:replied"
    );
    assert_eq!(world.reply("alice", id), "refused wrong-state", "nothing waits for an answer");
    let asked = &world.access(id).questions[0];
    assert_eq!(asked.reply.as_ref().map(|reply| reply.by.as_str()), Some("alice"));
}

#[test]
fn an_answer_is_to_the_questions_that_were_seen() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    world.question("bob", id);
    world.question("dana", id);
    let answer = Command::Reply { by: "alice".into(), text: text("the orders one"), seen: Some(1) };
    assert!(world.line(id, answer).contains(" alice:question-0 bob:replied"));
    let open: Vec<bool> = world.access(id).questions.iter().map(|question| question.reply.is_none()).collect();
    assert_eq!(open, [false, true]);
}

#[test]
fn what_nobody_answered_is_told_to_be_over_when_it_is_decided() {
    for (decide, state) in [
        ((|w, id| w.approve("bob", id)) as fn(&mut World, AccessId) -> String, "elevating"),
        (|w, id| w.deny("bob", id), "closed"),
        (|w, id| w.cancel("alice", id), "closed"),
    ] {
        let mut world = World::new();
        let id = world.request("alice", "orders-write", "1h");
        world.question("bob", id);
        let line = decide(&mut world, id);
        assert!(line.contains("alice:question-0"), "{line}");
        assert_eq!(world.state(id), state);
        assert_eq!(world.reply("alice", id), "refused wrong-state");
    }
}

#[test]
fn words_and_questions_are_bounded() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "1h");
    for words in [String::new(), "  \n ".to_owned(), "x".repeat(LONGEST_WORDS + 1)] {
        let question = Command::Question { by: "bob".into(), text: text(&words) };
        assert_eq!(world.line(id, question), "refused justification");
    }
    for _ in 0..MOST_QUESTIONS {
        world.question("bob", id);
    }
    assert_eq!(world.question("dana", id), "refused limit");
    let long = Command::Reply { by: "alice".into(), text: text(&"x".repeat(LONGEST_WORDS + 1)), seen: None };
    assert_eq!(world.line(id, long), "refused justification");
    world.reply("alice", id);
    assert!(world.access(id).questions.iter().all(|question| question.reply.is_some()), "one answer for all of them");
}
