//! When a role may be held: hours of rules, change windows and blackouts, on ordinary days and on those of the change of clocks.

use chrono::{DateTime, Utc};

use super::world::{Asked, POLICY, asked, connectors, people, source};
use crate::policy::{Closing, Policy, check, parse};
use crate::refusal::Code;
use crate::span::Span;

/// What stands beside the sample policy; its `orders-db-admin` has hours of a rule, Mon-Fri 08:00-20:00 in Berlin.
const WINDOWS: &str = r#"
[[blackout]]
name = "year end"
match = { environment = "production" }
from = "2026-12-24"
to = "2027-01-01"
zone = "Europe/Berlin"

[[change_window]]
name = "nightly"
match = { roles = ["orders-db-writer"] }
hours = { days = ["Sat", "Sun"], from = "22:00", to = "04:00", zone = "Europe/Berlin" }

[[change_window]]
name = "the big move"
match = { roles = ["orders-db-writer"] }
from = "2026-12-09T18:00"
to = 2026-12-09T23:30:00
zone = "America/New_York"
"#;

fn with(text: &str) -> Policy {
    parse(&source(&format!("{POLICY}{text}"))).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn asking(role: &'static str, now: &'static str) -> Asked {
    Asked { now, ..asked("alice", role) }
}

/// When it is taken back by its window, or why it is refused.
fn closing(policy: &Policy, ask: &Asked) -> Result<Option<Closing>, (Code, String)> {
    ask.judged_by(policy, &people())
        .map(|judgement| judgement.closing)
        .map_err(|refusal| (refusal.code, refusal.to_string()))
}

#[test]
fn what_is_held_ends_with_its_window() {
    let policy = with(WINDOWS);
    let table: [(&str, &str, &str, &str); 9] = [
        // The hours of the rule, in winter and in summer.
        (
            "orders-db-admin",
            "2026-11-20T17:30:00Z",
            "2026-11-20T19:00:00Z",
            "the hours Mon-Fri 08:00-20:00 (Europe/Berlin) end",
        ),
        (
            "orders-db-admin",
            "2026-07-10T17:30:00Z",
            "2026-07-10T18:00:00Z",
            "the hours Mon-Fri 08:00-20:00 (Europe/Berlin) end",
        ),
        // A window over midnight, in its second half and in its first.
        ("orders-db-writer", "2026-11-22T01:30:00Z", "2026-11-22T03:00:00Z", "the change window `nightly` closes"),
        ("orders-db-writer", "2026-11-21T23:30:00Z", "2026-11-22T03:00:00Z", "the change window `nightly` closes"),
        // The night in which an hour comes twice: 22:00 to 04:00 is seven hours, and ends at 03:00 UTC.
        ("orders-db-writer", "2026-10-25T01:30:00Z", "2026-10-25T03:00:00Z", "the change window `nightly` closes"),
        // The night in which an hour is skipped: it ends at 02:00 UTC.
        ("orders-db-writer", "2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z", "the change window `nightly` closes"),
        // Once, in another zone.
        ("orders-db-writer", "2026-12-10T03:00:00Z", "2026-12-10T04:30:00Z", "the change window `the big move` closes"),
        // A blackout begins, before the hours of the rule end.
        (
            "orders-db-admin",
            "2026-12-23T16:30:00Z",
            "2026-12-23T19:00:00Z",
            "the hours Mon-Fri 08:00-20:00 (Europe/Berlin) end",
        ),
        ("orders-db-reader", "2026-12-23T22:50:00Z", "", ""),
    ];
    for (role, now, expected, window) in table {
        let mut ask = asking(role, now);
        ask.duration = if role == "orders-db-reader" { Span::minutes(15) } else { Span::hours(4) };
        let found = closing(&policy, &ask).unwrap();
        let found = found.map(|closing| (closing.at, closing.window.to_string()));
        let expected = (!expected.is_empty()).then(|| (at(expected), window.to_owned()));
        assert_eq!(found, expected, "{role} {now}");
    }
}

#[test]
fn a_blackout_takes_back_what_is_held_and_refuses_the_rest() {
    let policy = with(&WINDOWS.replace("environment = \"production\"", "roles = [\"payments-create\"]"));
    let ask = asking("payments-create", "2026-12-23T22:30:00Z");
    let found = closing(&policy, &ask).unwrap().unwrap();
    assert_eq!(
        (found.at, found.window.to_string().as_str()),
        (at("2026-12-23T23:00:00Z"), "the blackout `year end` begins")
    );
    assert_eq!(found.moment(at(ask.now)), "Thu 00:00 Europe/Berlin");
    let during = closing(&policy, &asking("payments-create", "2026-12-23T23:00:00Z")).unwrap_err();
    let says = "Nobody may hold it during the blackout `year end`, 24 Dec 2026 00:00 to 2 Jan 2027 00:00 (Europe/Berlin). \
                It opens again Sat 2 Jan 2027 00:00 Europe/Berlin.";
    assert_eq!(during, (Code::Blackout, says.to_owned()), "the last day is included");
    assert!(closing(&policy, &asking("payments-create", "2027-01-01T22:59:59Z")).is_err());
    assert_eq!(closing(&policy, &asking("payments-create", "2027-01-01T23:00:00Z")), Ok(None));
}

#[test]
fn refusals_say_when_it_opens_again_for_all_of_them_together() {
    let policy = with(WINDOWS);
    let refused = |role, now| closing(&policy, &asking(role, now)).unwrap_err();
    let (code, says) = refused("orders-db-admin", "2026-11-20T20:00:00Z");
    assert_eq!(code, Code::Hours);
    assert!(says.contains("It may be held only Mon-Fri 08:00-20:00 (Europe/Berlin)"), "{says}");
    assert!(says.contains("opens again Mon 08:00 Europe/Berlin"), "{says}");
    // Thursday evening: hours are over, and the next morning is in the blackout; its end is a Saturday.
    let (code, says) = refused("orders-db-admin", "2026-12-23T20:00:00Z");
    assert_eq!(code, Code::Hours);
    assert!(says.contains("opens again Mon 4 Jan 2027 08:00 Europe/Berlin"), "{says}");
    let (code, says) = refused("orders-db-writer", "2026-11-23T10:00:00Z");
    assert_eq!(code, Code::ChangeWindow);
    assert!(says.contains("only in the change window `nightly`, Sat, Sun 22:00-04:00 (Europe/Berlin) or the change window `the big move`"), "{says}");
    assert!(says.contains("opens again Sat 22:00 Europe/Berlin"), "{says}");
    let (code, says) = refused("orders-db-writer", "2026-12-26T22:00:00Z");
    assert_eq!(code, Code::Blackout, "{says}");
    assert!(says.contains("opens again Sat 2 Jan 2027 22:00 Europe/Berlin"), "{says}");
}

#[test]
fn what_would_be_over_before_the_least_is_refused() {
    let policy = with(WINDOWS);
    assert!(closing(&policy, &asking("orders-db-admin", "2026-11-20T18:55:00Z")).is_ok());
    let (code, says) = closing(&policy, &asking("orders-db-admin", "2026-11-20T18:55:01Z")).unwrap_err();
    assert_eq!(code, Code::Hours);
    assert!(says.contains("It would be taken back after 4m59s, when the hours"), "{says}");
    assert!(says.contains("opens again Mon 08:00"), "{says}");
}

#[test]
fn a_rule_may_let_it_run_on_and_begins_within_all_the_same() {
    let text = format!("{POLICY}{WINDOWS}").replacen("remind_after", "at_window_end = \"keep\"\nremind_after", 1);
    let policy = parse(&source(&text)).unwrap();
    let late = Asked { duration: Span::hours(4), ..asking("orders-db-admin", "2026-11-20T18:59:59Z") };
    assert_eq!(closing(&policy, &late), Ok(None));
    let (code, says) = closing(&policy, &asking("orders-db-admin", "2026-11-20T19:00:00Z")).unwrap_err();
    assert_eq!(code, Code::Hours);
    assert!(says.contains("It may be begun only Mon-Fri"), "{says}");
}

#[test]
fn an_extension_is_judged_where_it_goes_on() {
    let policy = with(WINDOWS);
    let extension = |start| Asked {
        chain: Some(Span::hours(2)),
        start: Some(start),
        ..asking("orders-db-admin", "2026-11-20T17:00:00Z")
    };
    let found = closing(&policy, &extension("2026-11-20T18:30:00Z")).unwrap().unwrap();
    assert_eq!(found.at, at("2026-11-20T19:00:00Z"), "cut like the first");
    let (code, _) = closing(&policy, &extension("2026-11-20T19:00:00Z")).unwrap_err();
    assert_eq!(code, Code::Hours, "nothing is left to add after the window");
}

#[test]
fn windows_that_follow_each_other_are_one() {
    let around = r#"
[[change_window]]
name = "first"
match = { roles = ["payments-create"] }
hours = { days = "Mon-Sun", from = "00:00", to = "12:00", zone = "UTC" }

[[change_window]]
name = "second"
match = { roles = ["payments-create"] }
hours = { days = "Mon-Fri", from = "11:00", to = "24:00", zone = "UTC" }
"#;
    let policy = with(around);
    let long = |now| Asked { duration: Span::hours(24), ..asking("payments-create", now) };
    assert_eq!(closing(&policy, &long("2026-11-18T10:00:00Z")), Ok(None), "from Wednesday to Thursday");
    let found = closing(&policy, &long("2026-11-20T23:00:00Z")).unwrap().unwrap();
    assert_eq!(found.at, at("2026-11-21T12:00:00Z"));
    assert_eq!(found.window.to_string(), "the change window `first` closes");
}

#[test]
fn explanations_name_every_window() {
    let policy = with(WINDOWS);
    let ask = Asked { duration: Span::hours(4), ..asking("orders-db-admin", "2026-11-20T17:00:00Z") };
    let lines = ask.question(&policy, &people(), |question| policy.explain(question, &people(), &[])).lines;
    insta::assert_snapshot!(lines[3..].join("\n"), @"
    At most 4h at a time, only Mon-Fri 08:00-20:00 (Europe/Berlin), not during the blackout `year end`, 24 Dec 2026 00:00 to 2 Jan 2027 00:00 (Europe/Berlin), with a ticket.
    What is held then is taken back when that ends.
    Asked for now, 4h would be taken back Fri 20:00 Europe/Berlin, when the hours Mon-Fri 08:00-20:00 (Europe/Berlin) end.
    ");
}

#[test]
fn what_contradicts_itself_is_told_with_its_place() {
    let read = |text: &str| -> Vec<String> {
        match parse(&source(text)) {
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
            Ok(policy) => check(&policy, &people(), &connectors()).iter().map(ToString::to_string).collect(),
        }
    };
    assert_eq!(read(&format!("{POLICY}{WINDOWS}")), Vec::<String>::new());
    let first = format!("{POLICY}{WINDOWS}")
        .find("[[blackout]]")
        .map(|at| POLICY[..at.min(POLICY.len())].lines().count() + 2)
        .unwrap();
    for (old, new, line, expected) in [
        ("to = \"2027-01-01\"", "to = \"2026-12-23\"", 4, "`to`, 2026-12-23, is not after `from`, 2026-12-24"),
        (
            "from = \"2026-12-24\"",
            "from = \"24.12.2026\"",
            3,
            "`from`: `24.12.2026` is neither a day like 2026-12-24 nor",
        ),
        ("from = \"2026-12-24\"", "from = 2026-12-24T00:00:00+01:00", 3, "leave the offset out: `zone` says it"),
        ("zone = \"Europe/Berlin\"", "", 0, "[[blackout]] needs `zone`"),
        (
            "name = \"the big move\"",
            "name = \"nightly\"",
            12,
            "the change window `nightly` stands already at policy.toml:",
        ),
        (
            "from = \"2026-12-09T18:00\"",
            "hours = { days = \"Mon\", from = \"08:00\", to = \"09:00\", zone = \"UTC\" }",
            12,
            "either `hours` or `from` and `to`",
        ),
        (
            "hours = { days = [\"Sat\", \"Sun\"], from = \"22:00\", to = \"04:00\", zone = \"Europe/Berlin\" }",
            "",
            7,
            "[[change_window]] needs `hours`, or `from` and `to`",
        ),
        (
            "from = \"2026-12-09T18:00\"\nto = 2026-12-09T23:30:00",
            "from = \"2026-12-26\"\nto = \"2026-12-26\"",
            15,
            "`the big move` never opens: it lies within the blackout `year end`",
        ),
    ] {
        assert!(WINDOWS.contains(old), "{old}");
        let found = read(&format!("{POLICY}{}", WINDOWS.replacen(old, new, 1)));
        let place = format!("policy.toml:{}:", first + line);
        assert!(
            found.iter().any(|told| told.starts_with(&place) && told.contains(expected)),
            "{place} {expected}: {found:#?}"
        );
    }
    for (old, new, expected) in [
        // The rule's hours are on workdays, the only change window at weekends.
        (
            "roles = [\"orders-db-writer\"]",
            "roles = [\"orders-db-admin\"]",
            "nobody could ever hold `orders-db-admin`: its windows never open together",
        ),
        (
            "from = \"2026-12-09T18:00\"\nto = 2026-12-09T23:30:00",
            "from = \"2026-12-26\"\nto = \"2026-12-26\"",
            "it lies within the blackout",
        ),
    ] {
        let only_nightly = WINDOWS.replacen(old, new, 1);
        let found = read(&format!("{POLICY}{only_nightly}"));
        assert!(found.iter().any(|told| told.contains(expected)), "{expected}: {found:#?}");
    }
    let short = POLICY.replacen("from = \"08:00\", to = \"20:00\"", "from = \"08:00\", to = \"08:04\"", 1);
    let found = read(&short);
    assert!(
        found.iter().any(|told| told.starts_with("policy.toml:64:9:")
            && told.contains("shorter than `min_duration`, 5m: this rule allows nothing")),
        "{found:#?}"
    );
}
