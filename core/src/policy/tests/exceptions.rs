//! Listed exceptions: read, checked, found; they give and decide nothing.

use super::world::{POLICY, connectors, people, source};
use crate::entitlement::Entitlement;
use crate::policy::{Policy, advice, check, parse};

const LISTED: &str = r#"
[[exception]]
role = "orders-db-admin"
person = "alice"
owner = "group:managers"
until = 2027-03-31
reason = "Runs the nightly export until it has a role of its own"

[[exception]]
role = "orders-db-admin"
account = "svc_reports"
owner = "dana"
until = "2026-11-01"
reason = "Reports of the old kind"
"#;

fn with(text: &str) -> Policy {
    parse(&source(&format!("{POLICY}{text}"))).unwrap()
}

fn held(policy: &Policy, role: &str, account: &str, at: &str) -> Option<String> {
    let role = policy.role(&role.into()).unwrap();
    let (connector, target) = (role.connector.clone(), role.target.clone());
    let entitlement = Entitlement { connector, account: account.into(), target, instance: None };
    policy.exception_for(&entitlement, &people(), at.parse().unwrap()).map(|exception| exception.holder.to_string())
}

#[test]
fn what_is_listed_is_known_until_the_end_of_its_last_day() {
    let policy = with(LISTED);
    let alice = Some("alice".to_owned());
    assert_eq!(held(&policy, "orders-db-admin", "alice", "2027-03-31T23:59:59Z"), alice);
    assert_eq!(held(&policy, "orders-db-admin", "alice", "2027-04-01T00:00:00Z"), None, "over");
    assert_eq!(held(&policy, "orders-db-writer", "alice", "2026-10-01T00:00:00Z"), None, "something else");
    assert_eq!(held(&policy, "orders-db-admin", "eve", "2026-10-01T00:00:00Z"), None, "somebody else");
    let account = Some("the account svc_reports".to_owned());
    assert_eq!(held(&policy, "orders-db-admin", "svc_reports", "2026-11-01T12:00:00Z"), account);
    assert_eq!(policy.exceptions[0].exception.last_day(), "31 Mar 2027");
    let role = policy.role(&"orders-db-admin".into()).unwrap();
    assert_eq!(policy.exceptions_of(role).count(), 2, "what is over is still told");
    assert_eq!(policy.exceptions[0].exception.owners(&people()), ["bob".into(), "dana".into()]);
}

#[test]
fn what_is_over_is_a_warning_and_keeps_nothing_out() {
    let policy = with(LISTED);
    assert_eq!(check(&policy, &people(), &connectors()), []);
    let over: Vec<String> =
        policy.expired("2026-11-23T09:00:00Z".parse().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(over.len(), 1, "{over:?}");
    assert!(
        over[0].contains("the exception of the account svc_reports from `orders-db-admin` is over since 1 Nov 2026")
    );
}

#[test]
fn odd_ones_are_told() {
    for (old, new, problem) in [
        ("person = \"alice\"\n", "", "an exception is of one `person` or of one `account`"),
        ("person = \"alice\"", "person = \"alice\"\naccount = \"alice\"", "an exception is of one `person`"),
        ("until = 2027-03-31\n", "", "needs `until`"),
        ("2027-03-31", "\"soon\"", "`until`"),
        ("owner = \"group:managers\"", "owner = \"oncall:x/y\"", "an owner is a person or a `group:`"),
        ("reason = \"Runs", "reasn = \"Runs", "unknown key `reasn`"),
    ] {
        assert!(LISTED.contains(old), "{old}");
        let problems = parse(&source(&format!("{POLICY}{}", LISTED.replacen(old, new, 1)))).unwrap_err();
        assert!(problems.iter().any(|found| found.to_string().contains(problem)), "{new}: {problems:?}");
    }
    for (old, new, error, warning) in [
        ("role = \"orders-db-admin\"", "role = \"orders-db-amdin\"", "did you mean `orders-db-admin`?", ""),
        ("owner = \"dana\"\nuntil = \"", "owner = \"dnaa\"\nuntil = \"", "there is no person `dnaa`", ""),
        ("person = \"alice\"", "person = \"alcie\"", "", "there is no person `alcie`; the exception is about nobody"),
        ("person = \"alice\"", "person = \"otto\"", "", "the account of `otto` is disabled"),
        ("person = \"alice\"", "person = \"sam\"", "", "`sam` has no account in `orders-db`"),
        ("person = \"alice\"", "account = \"svc_reports\"", "", "the same exception stands already"),
    ] {
        assert!(LISTED.contains(old), "{old}");
        let policy = with(&LISTED.replacen(old, new, 1));
        let lines = |problems: Vec<crate::policy::Problem>| {
            problems.iter().map(|found| format!("{found}\n")).collect::<String>()
        };
        let (errors, warnings) =
            (lines(check(&policy, &people(), &connectors())), lines(advice(&policy, &people(), &connectors())));
        assert!(errors.contains(error) && errors.is_empty() == error.is_empty(), "{new}: {errors}");
        assert!(warnings.contains(warning), "{new}: {warnings}");
    }
}
