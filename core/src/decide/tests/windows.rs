//! Windows over the life of an access: judged at every step, cut at the end, never extended past it.

use chrono::TimeDelta;

use super::world::{World, minutes};
use crate::policy::{AtWindowEnd, Blackout, Hours, Period, RoleMatch};
use crate::span::Span;

/// From Monday 09:00 UTC on, `orders-write` may be held until 10:30.
fn morning() -> World {
    let mut world = World::new();
    world.rule("single").hours = Some(hours("08:00", "10:30"));
    world
}

fn hours(from: &str, to: &str) -> Hours {
    let at = |text| chrono::NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    Hours { days: vec![chrono::Weekday::Mon], from: at(from), to: at(to), zone: chrono_tz::UTC }
}

#[test]
fn it_is_taken_back_when_its_window_ends() {
    let mut world = morning();
    let id = world.request("alice", "orders-write", "4h");
    assert_eq!(world.access(id).closing.as_ref().map(|closing| minutes(closing.at)), Some(90), "said when it is asked");
    world.tick("20m");
    world.approve("bob", id);
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(90));
    assert_eq!(world.tick("55m"), ["warn: warned > alice:warning #announce:ends-soon"]);
    let ended = world.tick("15m");
    assert_eq!(ended.len(), 1);
    assert!(ended[0].starts_with("end: revocation-started > reconcile"), "{ended:?}");
}

#[test]
fn what_is_verified_late_is_cut_at_the_same_moment() {
    let mut world = morning();
    world.tick("30m");
    let id = world.elevating();
    let told = world.access(id).holds().map(minutes);
    assert_eq!(told, Some(91), "the target is told the same end, and its minute");
    world.now += TimeDelta::minutes(1);
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(90), "not a minute longer for being set up slowly");
}

#[test]
fn an_approval_after_the_window_is_refused() {
    let mut world = morning();
    let id = world.request("alice", "orders-write", "1h");
    world.now += Span::minutes(86).delta();
    assert_eq!(world.approve("bob", id), "refused policy-changed", "four minutes are less than the least");
    world.now += Span::minutes(10).delta();
    assert_eq!(world.approve("bob", id), "refused policy-changed");
    assert_eq!(world.request_line("ann", "orders-write", "1h"), "refused hours");
}

/// The rule for people on call knows no hours, and gives only for as long as the incident: what was asked under another is not given by it.
#[test]
fn who_comes_on_call_meanwhile_keeps_to_the_window_of_the_rule_that_was_asked() {
    let mut world = morning();
    let id = world.request("alice", "orders-write", "1h");
    world.on_call("alice");
    world.now += Span::minutes(96).delta();
    assert_eq!(world.approve("bob", id), "refused policy-changed");
    let again = world.request_line("alice", "orders-write", "1h");
    assert!(again.starts_with("refused duplicate"), "{again}");
    world.cancel("alice", id);
    assert_eq!(
        world.request_line("alice", "orders-write", "1h"),
        "requested elevation-started > reconcile alice:request"
    );
}

#[test]
fn an_extension_cannot_pass_the_end_of_the_window() {
    let mut world = morning();
    let parent = world.active();
    world.tick("10m");
    let child = world.extend("alice", parent, "2h");
    world.approve("bob", child);
    world.verified(child);
    assert_eq!(world.access(child).until().map(minutes), Some(90), "from 60, cut at 90");
    assert_eq!(world.extend_line("alice", child, "30m"), "refused hours", "nothing is left to add");
}

#[test]
fn a_rule_that_keeps_lets_it_run_on_but_not_be_extended_from_there() {
    let mut world = morning();
    world.rule("single").at_window_end = AtWindowEnd::Keep;
    let parent = world.active();
    assert_eq!(world.access(parent).until().map(minutes), Some(60));
    world.tick("50m");
    let child = world.extend("alice", parent, "1h");
    world.approve("bob", child);
    world.verified(child);
    assert_eq!(world.access(child).until().map(minutes), Some(120), "past 10:30");
    assert_eq!(world.extend_line("alice", child, "30m"), "refused hours", "it would begin after the window");
}

#[test]
fn a_blackout_that_is_loaded_meanwhile_counts_at_the_approval() {
    let mut world = World::new();
    let id = world.request("alice", "orders-write", "4h");
    assert_eq!(world.access(id).closing, None);
    let during =
        Period { from: world.now + TimeDelta::hours(2), to: world.now + TimeDelta::hours(3), zone: chrono_tz::UTC };
    let matches = RoleMatch { roles: Some(vec!["orders-*".to_owned()]), ..RoleMatch::default() };
    world.parts.blackouts.push(Blackout { name: "move".to_owned(), matches, during, place: Default::default() });
    world.approve("bob", id);
    world.verified(id);
    assert_eq!(world.access(id).until().map(minutes), Some(120));
    world.now += TimeDelta::minutes(130);
    assert_eq!(world.request_line("ann", "orders-write", "1h"), "refused blackout");
}
