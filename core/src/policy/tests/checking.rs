//! What is proven before a policy is loaded.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{POLICY, connectors, people, policy, source};
use crate::directory::Directory;
use crate::policy::{advice, check, parse};

fn found(text: &str) -> (Vec<String>, Vec<String>) {
    found_with(text, &people())
}

fn found_with(text: &str, people: &Directory) -> (Vec<String>, Vec<String>) {
    let policy = parse(&source(text)).unwrap();
    let text = |problems: Vec<crate::policy::Problem>| problems.iter().map(ToString::to_string).collect();
    (text(check(&policy, people, &connectors())), text(advice(&policy, people, &connectors())))
}

/// The errors of the sample policy with one text replaced.
fn errors(old: &str, new: &str) -> Vec<String> {
    assert!(POLICY.contains(old), "{old}");
    found(&POLICY.replacen(old, new, 1)).0
}

fn warnings(old: &str, new: &str) -> Vec<String> {
    assert!(POLICY.contains(old), "{old}");
    found(&POLICY.replacen(old, new, 1)).1
}

#[test]
fn the_sample_is_sound() {
    assert_eq!(check(&policy(), &people(), &connectors()), []);
}

#[test]
fn errors_keep_a_policy_out() {
    for (old, new, expected) in [
        ("connector = \"orders-db\"", "connector = \"order-db\"", "did you mean `orders-db`?"),
        ("owner = \"dana\"", "owner = \"dnaa\"", "there is no person `dnaa`; did you mean `dana`?"),
        ("owner = \"group:managers\"", "owner = \"group:manager\"", "did you mean `group:managers`?"),
        ("any = [\"group:security\"]", "any = [\"group:secruity\"]", "there is no group `secruity`"),
        (
            "roles = [\"host-login\"]",
            "roles = [\"host-logn\"]",
            "there is no role `host-logn`; did you mean `host-login`?",
        ),
        ("count = 1", "count = 3", "step 2 asks for 3 of `group:security`, and there are 2"),
        ("auto_approve = { up_to = \"15m\" }", "auto_approve = { up_to = \"1h\" }", "less than 1h, not 1h"),
        ("auto_approve = { up_to = \"15m\" }", "auto_approve = { up_to = \"4m\" }", "nothing is ever approved"),
        ("risk = [\"low\", \"medium\"]", "risk = [\"low\", \"high\"]", "would approve high risk automatically"),
        (", risk = [\"low\", \"medium\"]", "", "it matches `orders-db-admin`"),
        (", { any = [\"group:security\"], count = 1 }", "", "high risk needs two people"),
        ("production = \"4h\"", "production = \"9h\"", "`production` may be held for at most 8h"),
        ("max_duration = \"8h\"", "max_duration = \"9h\"", "9h is more than the 8h of `production`"),
        ("max_duration = \"8h\"", "max_duration = \"4m\"", "shorter than `min_duration`"),
        (
            "max_simultaneous = 3",
            "max_simultaneous = 3\nmax_simultaneous_total = 2",
            "3 is more than the 2 of `max_simultaneous_total`",
        ),
        (
            "auto_approve = { up_to = \"15m\" }",
            "auto_approve = { up_to = \"15m\" }\nmax_duration = \"10m\"",
            "15m is more than the `max_duration` of this rule, 10m",
        ),
        ("timeout = \"8h\"", "timeout = \"30m\"", "`escalate_after`: 30m is not before the `timeout` of 30m"),
        (
            "any = [\"manager\", \"owner\"]",
            "any = [\"eve\"]",
            "nobody could approve step 1 of `single` when `eve` asks",
        ),
        ("any = [\"group:security\"]", "any = [\"manager\", \"bob\"]", "nobody could approve step 2"),
    ] {
        let errors = errors(old, new);
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}: {errors:#?}");
    }
}

#[test]
fn limits_of_roles_and_of_all_do_not_contradict() {
    let text = POLICY.replacen("max_duration = \"8h\"", "max_duration = \"8h\"\nmax_simultaneous = 7", 1);
    assert_eq!(found(&text).0, Vec::<String>::new());
    let text = text.replacen("min_duration =", "max_simultaneous_total = 6\nmin_duration =", 1);
    let errors = found(&text).0;
    assert!(errors.iter().any(|error| error.contains(":23:20: 7 is more than the 6 of")), "{errors:#?}");
}

#[test]
fn people_on_call_may_have_more_automatically() {
    let text = POLICY.replace(
        "who = [\"alice\", \"group:managers\"]\nauto_approve = { up_to = \"30m\" }",
        "who = [\"oncall:pagerduty/P1\"]\nauto_approve = { up_to = \"1h\" }",
    );
    let (errors, warnings) = found_on_call(&text);
    assert_eq!(errors, Vec::<String>::new());
    assert!(!warnings.iter().any(|warning| warning.contains("host-login")), "somebody is on call: {warnings:#?}");
}

/// With these sources of rotations; those of `file` are known by name.
fn found_on_call(text: &str) -> (Vec<String>, Vec<String>) {
    let mut people = people();
    people.set_oncall_sources(BTreeMap::from([
        ("pagerduty".to_owned(), None),
        ("file".to_owned(), Some(BTreeSet::from(["orders".to_owned()]))),
    ]));
    found_with(text, &people)
}

#[test]
fn rotations_have_a_source() {
    let with = |who: &str| {
        let text = POLICY.replace("who = [\"alice\", \"group:managers\"]", &format!("who = [\"{who}\"]"));
        assert_ne!(text, POLICY);
        found_on_call(&text).0
    };
    for (who, expected) in [
        ("oncall:pagerdty/P1", "there is no source of rotations `pagerdty`; did you mean `oncall:pagerduty/P1`?"),
        ("oncall:sirens/P1", "there is no source of rotations `sirens`; add [oncall.sirens] to jit.toml"),
        ("oncall:file/ordres", "`file` has no rotation `ordres`; did you mean `orders`?"),
        ("oncall:pagerduty", "`oncall:pagerduty` names no schedule; write it like `oncall:pagerduty/PSCHEDULE`"),
    ] {
        let errors = with(who);
        assert!(errors.iter().any(|error| error.ends_with(expected)), "{expected}: {errors:#?}");
    }
    assert_eq!(with("oncall:file/orders"), Vec::<String>::new());
}

#[test]
fn what_is_demanded_of_tickets_needs_a_source_and_a_ticket() {
    let with = |lines: &str| {
        format!(
            "{POLICY}\n[[rule]]\nname = \"tickets\"\nmatch = {{ risk = \"medium\" }}\nwho = [\"alice\"]\nsteps = [{{ any = [\"manager\"] }}]\n{lines}\n"
        )
    };
    let unread =
        |lines: &str| parse(&source(&with(lines))).unwrap_err().iter().map(ToString::to_string).collect::<String>();
    for (lines, expected) in [
        ("ticket_open = true", "`ticket_open` contradicts `ticket = \"none\"`; add `ticket = \"required\"`"),
        ("ticket = \"none\"\nticket_assigned = true", "`ticket_assigned` contradicts `ticket = \"none\"`"),
        ("end_with_ticket = true", "`end_with_ticket` contradicts `ticket = \"none\"`"),
        ("ticket = \"required\"\nend_with_ticket = true", "`end_with_ticket` needs `ticket_open`"),
        ("ticket = \"required\"\nticket_open = \"yes\"", "`ticket_open` in [[rule]] is true or false"),
    ] {
        let problems = unread(lines);
        assert!(problems.contains(expected), "{lines}: {problems}");
    }
    let fine = with("ticket = \"optional\"\nticket_open = true\nticket_assigned = true\nend_with_ticket = true");
    let needs =
        "`ticket_open` needs a source of tickets, and there is none; add for example [tickets.jira] to jit.toml";
    let errors = found(&fine).0;
    assert!(errors.len() == 1 && errors[0].contains(needs), "{errors:#?}");
    let mut people = people();
    people.set_ticket_sources([("jira".to_owned(), vec!["OPS-*".to_owned()])].into());
    assert_eq!(found_with(&fine, &people).0, Vec::<String>::new());
}

#[test]
fn incidents_have_a_source_and_what_needs_one_demands_one() {
    let with = |auto: &str| {
        let text = POLICY.replace(
            "who = [\"alice\", \"group:managers\"]\nauto_approve = { up_to = \"30m\" }",
            &format!("who = [\"oncall:pagerduty/P1\"]\nauto_approve = {{ up_to = \"1h\", {auto} }}"),
        );
        assert_ne!(text, POLICY);
        match parse(&source(&text)) {
            Ok(_) => found_on_call(&text).0,
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    };
    for (auto, expected) in [
        (
            "require_incident = \"pagerdty/S1\"",
            "there is no source of incidents `pagerdty`; did you mean `pagerduty/S1`?",
        ),
        (
            "require_incident = \"sirens/S1\"",
            "there is no source of incidents `sirens`; add [oncall.sirens] to jit.toml",
        ),
        ("require_incident = \"pagerduty\"", "`pagerduty` names no service; write it like `pagerduty/PSERVICE`"),
        ("end_with_incident = true", "`end_with_incident` needs `require_incident`; add for example"),
        ("in_channels = [\"inc-*\", \"incident:own\"]", "`incident:own` needs `require_incident`; add for example"),
    ] {
        let errors = with(auto);
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}: {errors:#?}");
    }
    for auto in [
        "require_incident = [\"file/orders\", \"pagerduty/S1\"], end_with_incident = true",
        "require_incident = \"pagerduty/S1\", in_channels = \"incident:own\"",
    ] {
        assert_eq!(with(auto), Vec::<String>::new());
    }
}

#[test]
fn a_rotation_alone_approves_nothing_for_certain() {
    let text = POLICY.replacen("any = [\"manager\", \"owner\"]", "any = [\"oncall:pagerduty/P1\"]", 1);
    let (errors, _) = found_on_call(&text);
    assert!(errors.iter().any(|error| error.contains("a rotation may be nobody: name people")), "{errors:#?}");
    let text = text.replacen("\"oncall:pagerduty/P1\"", "\"oncall:pagerduty/P1\", \"manager\", \"owner\"", 1);
    assert_eq!(found_on_call(&text).0, Vec::<String>::new());
}

#[test]
fn warnings_are_worth_a_look() {
    let shadow = "[[conflict]]";
    let rule = "[[rule]]\nname = \"late\"\nmatch = { roles = [\"payments-*\"] }\nwho = [\"eve\"]\nsteps = [ { any = [\"manager\"] } ]\n\n[[conflict]]";
    for (old, new, expected) in [
        (shadow, rule, "the rule `late` never decides: `single` stands before it"),
        ("roles = [\"orders-*\"]", "roles = [\"order_*\"]", "no role's name fits `order_*`"),
        (
            "match = { risk = \"high\", environment = \"production\" }",
            "match = { risk = \"high\", environment = \"prodution\" }",
            "did you mean `production`?",
        ),
        (
            "{ production = \"4h\" }",
            "{ production = \"4h\", stagng = \"1h\" }",
            "no role has the environment `stagng`; did you mean `staging`?",
        ),
        ("owner = \"dana\"", "owner = \"otto\"", "the account of `otto` is disabled"),
        ("max_duration = \"8h\"", "max_duration = \"6h\"", "6h is more than the 4h of `production`, which holds"),
    ] {
        let warnings = warnings(old, new);
        assert!(warnings.iter().any(|warning| warning.contains(expected)), "{expected}: {warnings:#?}");
    }
}

#[test]
fn problems_point_at_the_value() {
    let errors = errors("any = [\"group:security\"]", "any = [\"group:secruity\"]");
    assert!(errors[1].starts_with("policy.toml:61:43: there is no group"), "{errors:#?}");
}

#[test]
fn a_role_one_has_no_account_for_proves_nothing_for_the_next() {
    let unreachable = "[[role]]\nname = \"aaa\"\nconnector = \"hosts\"\nlevel = \"write\"\nenvironment = \"staging\"\nrisk = \"medium\"\nowner = \"dana\"\n";
    let text = POLICY.replacen("any = [\"manager\", \"owner\"]", "any = [\"eve\"]", 1) + unreachable;
    let (errors, _) = found(&text);
    assert!(
        errors.iter().any(|error| error.contains("nobody could approve step 1 of `single` when `eve` asks")),
        "{errors:#?}"
    );
}
