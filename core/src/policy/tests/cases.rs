//! Table tests of a policy: what is read, what is refused while reading, and when an outcome is the expected one.

use proptest::prelude::*;
use rstest::rstest;

use super::world::{POLICY, WORKDAY, people, policy, source};
use crate::directory::Directory;
use crate::facts::InUse;
use crate::policy::cases::{Case, Kind, words};
use crate::policy::{Policy, Problem, Question, SourceFile, parse, parse_cases};
use crate::span::Span;

fn read(text: &str) -> Result<Vec<Case>, String> {
    let file = SourceFile { name: "tests/a.toml".to_owned(), text: text.to_owned() };
    let lines = |problems: Vec<crate::policy::Problem>| problems.iter().map(|problem| format!("{problem}\n")).collect();
    parse_cases(&[file], &policy(), &people()).map_err(lines)
}

/// What comes of the case, and whether that was expected.
fn judged(case: &Case) -> (bool, String) {
    judged_by(case, &policy(), &people())
}

fn judged_by(case: &Case, policy: &Policy, directory: &Directory) -> (bool, String) {
    let now = case.at.unwrap_or_else(|| WORKDAY.parse().unwrap());
    let (directory, ask) = (case.people(directory, now), case.ask());
    let question = Question {
        role: policy.role(&ask.role).unwrap(),
        requester: directory.person(&ask.requester).unwrap(),
        beneficiary: directory.person(&ask.beneficiary).unwrap(),
        duration: ask.duration,
        chain: None,
        ticket: ask.ticket.as_deref(),
        known: case.known(),
        justification: ask.justification.text(),
        channel: ask.origin.channel.as_ref(),
        now,
        start: ask.starts_at,
        in_use: InUse::default(),
        together: &[],
        agreed: false,
        by_rotation: true,
    };
    let outcome = policy.judge(&question, &directory, &case.open());
    (case.expected.holds(&outcome), words(&outcome))
}

/// Asserts that the sample policy passes these cases: those of the guide.
pub fn all_hold(text: &str) {
    let cases = read(text).unwrap();
    assert!(!cases.is_empty());
    for case in &cases {
        let (held, said) = judged(case);
        assert!(held, "{}: expected {}; came out {said}", case.name, case.expected);
    }
}

#[test]
fn everything_that_a_case_can_say_is_read() {
    let cases = read(
        r##"
[[case]]
name = "an engineer in an incident"
person = "alice"
beneficiary = "eve"
role = "orders-db-writer"
duration = "30m"
at = "2026-11-20T10:00:00+01:00"
channel = "#inc-42"
ticket = "OPS-12"
justification = "orders are stuck since noon"
holds = ["payments-create"]
pending = "host-login"
expect = "refused"
rule = "role orders-db-writer"
code = "not-permitted"
says = "nothing is approved"

[[case]]
person = "alice"
role = "orders-db-reader"
at = 2026-11-20T10:00:00Z
expect = "approval"
approvers = [["bob"], ["sam", "sue"]]
"##,
    )
    .unwrap();
    let [full, short] = cases.as_slice() else { panic!("{cases:?}") };
    assert_eq!((full.place.file.as_str(), full.place.line, full.place.column), ("tests/a.toml", 2, 1));
    assert_eq!(full.at.unwrap().to_rfc3339(), "2026-11-20T09:00:00+00:00");
    assert_eq!((full.duration, full.channel.as_ref().unwrap().name.as_str()), (Span::minutes(30), "inc-42"));
    let open: Vec<_> = full.open().into_iter().map(|open| (open.role.to_string(), open.state)).collect();
    let both = [("payments-create", "active"), ("host-login", "pending")];
    assert_eq!(open, both.map(|(role, state)| (role.to_owned(), state.to_owned())));
    let says = "refused by the rule `role orders-db-writer` as `not-permitted`, saying “nothing is approved”";
    assert_eq!(full.expected.to_string(), says);

    assert_eq!((short.name.as_str(), short.beneficiary.as_str()), ("alice asks for orders-db-reader", "alice"));
    assert_eq!((short.duration, short.expected.kind), (Span::hours(1), Kind::Approval));
    assert_eq!(short.expected.to_string(), "approval, asking bob, then sam or sue");
    assert!(read("").unwrap().is_empty());
}

/// One line wrong in a good case: where, what, and the nearest name.
#[rstest]
#[case("persn = \"alice\"", "tests/a.toml:5:1: unknown key `persn` in [[case]]; did you mean `person`?")]
#[case("beneficiary = \"alcie\"", "tests/a.toml:5:15: there is no person `alcie`; did you mean `alice`?")]
#[case("rule = \"singel\"", "tests/a.toml:5:8: there is no rule `singel`; did you mean `single`?")]
#[case("rule = \"role nothing\"", "tests/a.toml:5:8: there is no rule `role nothing`")]
#[case(
    "holds = [\"host-login\", \"payments-creat\"]",
    "5:24: there is no role `payments-creat`; did you mean `payments-create`?"
)]
#[case("pending = 3", "tests/a.toml:5:11: `pending` in [[case]] is a list of texts, not a number")]
#[case("code = \"hour\"", "tests/a.toml:5:8: there is no code `hour` of a refusal; did you mean `hours`?")]
#[case("approvers = [\"bob\"]", "5:13: `approvers` in [[case]] is a list of lists of texts; write for example")]
#[case("approvers = []", "5:13: `approvers` in [[case]] is a list of lists of texts")]
#[case("approvers = [[\"bob\"], []]", "5:13: `approvers` in [[case]] is a list of lists of texts")]
#[case("approvers = [[\"bob\"], [\"samm\"]]", "tests/a.toml:5:24: there is no person `samm`; did you mean `sam`?")]
#[case("at = \"2026-11-20 at ten\"", "tests/a.toml:5:6: `at` in [[case]] is no time with a zone: `2026-11-20 at ten`")]
#[case("at = 2026-11-20T10:00:00", "tests/a.toml:5:6: `at` in [[case]] is no time with a zone")]
#[case("at = 12", "tests/a.toml:5:6: `at` in [[case]] is a time, not a number")]
#[case("duration = \"long\"", "tests/a.toml:5:12: `duration` in [[case]]: `long` is not a duration")]
#[case("says = \"x\"", "tests/a.toml:1:1: `says` is of `expect = \"refused\"`")]
fn what_is_wrong_has_its_place_and_the_nearest_name(#[case] line: &str, #[case] expected: &str) {
    let text = format!("[[case]]\nperson = \"alice\"\nrole = \"host-login\"\nexpect = \"auto\"\n{line}\n");
    let problems = read(&text).unwrap_err();
    assert!(problems.contains(expected), "{problems}");
}

#[test]
fn what_must_be_given_is_asked_for_and_other_tables_are_unknown() {
    let problems = read("[[case]]\nexpect = \"granted\"\n[[cases]]\n").unwrap_err();
    for expected in [
        "1:1: [[case]] needs `person`",
        "1:1: [[case]] needs `role`",
        "2:10: `expect` in [[case]] is one of auto, approval, refused, not `granted`",
        "3:3: unknown key `cases` in the file; did you mean `case`?",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}

#[test]
fn a_ticket_is_as_the_case_says_and_unknown_where_it_says_nothing() {
    let text = POLICY.replacen(
        "name = \"single\"",
        "name = \"single\"\nticket = \"required\"\nticket_open = true\nticket_assigned = true",
        1,
    );
    let policy = parse(&source(&text)).unwrap();
    let mut people = people();
    people.set_ticket_sources([("jira".to_owned(), vec!["OPS-*".to_owned()])].into());
    let case = |lines: &str| {
        let text = format!(
            "[[case]]\nperson = \"alice\"\nrole = \"orders-db-writer\"\nduration = \"3h\"\nexpect = \"approval\"\n{lines}\n"
        );
        parse_cases(&[SourceFile { name: "a.toml".to_owned(), text }], &policy, &people)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<String>())
    };
    let judged = |lines: &str| judged_by(&case(lines).unwrap()[0], &policy, &people).1;
    let open = "ticket = \"OPS-12\"\nticket_is = \"open\"\nticket_assignee = \"alice\"";
    assert!(judged(open).starts_with("approval by the rule `single`"), "{}", judged(open));
    for (lines, says) in [
        ("ticket = \"OPS-12\"", "the ticket `OPS-12` was never looked up"),
        ("ticket = \"OPS-12\"\nticket_is = \"missing\"", "`jira` has no ticket `OPS-12`"),
        ("ticket = \"OPS-12\"\nticket_is = \"closed\"\nticket_assignee = \"alice\"", "the ticket `OPS-12` is closed"),
        ("ticket = \"OPS-12\"\nticket_is = \"open\"\nticket_assignee = \"bob\"", "is assigned to Bob"),
        (
            "ticket = \"HR-1\"\nticket_is = \"open\"",
            "`HR-1` is the id of no ticket that can be looked up; tickets are written like `OPS-*`",
        ),
    ] {
        let said = judged(lines);
        assert!(said.to_lowercase().contains(&says.split(';').next().unwrap().to_lowercase()), "{says}: {said}");
    }
    for lines in [
        "ticket_is = \"open\"",
        "ticket = \"OPS-12\"\nticket_assignee = \"alice\"",
        "ticket = \"OPS-12\"\nticket_is = \"missing\"\nticket_assignee = \"alice\"",
    ] {
        let problem = case(lines).unwrap_err();
        assert!(problem.contains("`ticket_is` says how a `ticket` stands"), "{lines}: {problem}");
    }
}

#[test]
fn only_those_are_on_call_whom_the_case_says() {
    let rule = "\n[[rule]]\nname = \"on call\"\nmatch = { risk = \"low\" }\nwho = [\"oncall:pagerduty/P1\"]\n\
                auto_approve = { up_to = \"2h\" }\n";
    let policy = parse(&source(&(POLICY.to_owned() + rule))).unwrap();
    let mut directory = people();
    directory.set_oncall([("pagerduty/P1".to_owned(), ["alice".into()].into())].into());
    let case = |more: &str| {
        let text = format!(
            "[[case]]\nperson = \"alice\"\nrole = \"host-login\"\nduration = \"2h\"\nexpect = \"auto\"\nrule = \"on call\"\n{more}"
        );
        let file = SourceFile { name: "a.toml".to_owned(), text };
        let problem = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ");
        parse_cases(&[file], &policy, &directory).map(|mut cases| cases.remove(0)).map_err(problem)
    };
    for (oncall, holds) in [
        ("oncall = { \"pagerduty/P1\" = [\"bob\", \"alice\"] }", true),
        ("oncall = { \"pagerduty/P1\" = [\"bob\"] }", false),
        ("oncall = { \"pagerduty/P1\" = [] }", false),
        ("", false),
    ] {
        assert_eq!(judged_by(&case(oncall).unwrap(), &policy, &directory).0, holds, "{oncall}");
    }
    for (oncall, says) in [
        (
            "oncall = { \"pagerduty/P2\" = [] }",
            "a.toml:7:12: there is no rule with the rotation `pagerduty/P2`; did you mean `pagerduty/P1`?",
        ),
        ("oncall = { \"pagerduty/P1\" = [\"alcie\"] }", "there is no person `alcie`; did you mean `alice`?"),
        (
            "oncall = { \"pagerduty/P1\" = \"alice\" }",
            "`pagerduty/P1` in `oncall` of [[case]] is a list of people; write for example",
        ),
        ("oncall = \"alice\"", "`oncall` in [[case]] is a table `{ … }`, not a text"),
    ] {
        let problem = case(oncall).unwrap_err();
        assert!(problem.contains(says), "{problem}");
    }
}

#[test]
fn only_those_incidents_are_open_that_the_case_says() {
    let rule = "\n[[rule]]\nname = \"on call\"\nmatch = { risk = \"low\" }\nwho = [\"oncall:pagerduty/P1\"]\n\
                auto_approve = { up_to = \"2h\", in_channels = [\"C00042\", \"incident:own\"], require_incident = \"pagerduty/S1\" }\n";
    let policy = parse(&source(&(POLICY.to_owned() + rule))).unwrap();
    let directory = people();
    let case = |more: &str| {
        let text = format!(
            "[[case]]\nperson = \"alice\"\nrole = \"host-login\"\nduration = \"2h\"\nexpect = \"auto\"\nrule = \"on call\"\n\
             oncall = {{ \"pagerduty/P1\" = [\"alice\"] }}\n{more}"
        );
        let file = SourceFile { name: "a.toml".to_owned(), text };
        let problem = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ");
        parse_cases(&[file], &policy, &directory).map(|mut cases| cases.remove(0)).map_err(problem)
    };
    let open =
        |list: &str, channel: &str| format!("channel = \"{channel}\"\nincidents = {{ \"pagerduty/S1\" = {list} }}");
    for (more, holds) in [
        (open("[{ id = \"42\", channel = \"#inc-42\" }]", "#inc-42"), true),
        (open("[\"7\", { channel = \"inc-42\", id = \"42\" }]", "inc-42"), true),
        (open("[{ id = \"42\", channel = \"inc-42\" }]", "inc-43"), false),
        (open("[\"42\"]", "inc-42"), false),
        (open("[\"42\"]", "C00042"), true),
        (open("[]", "C00042"), false),
        ("channel = \"C00042\"".to_owned(), false),
    ] {
        assert_eq!(judged_by(&case(&more).unwrap(), &policy, &directory).0, holds, "{more}");
    }
    for (incidents, says) in [
        (
            "incidents = { \"pagerduty/S2\" = [] }",
            "there is no rule with incidents of the service `pagerduty/S2`; did you mean `pagerduty/S1`?",
        ),
        (
            "incidents = { \"pagerduty/S1\" = [{ nr = 1 }] }",
            "`pagerduty/S1` in `incidents` of [[case]] is a list of open incidents; write",
        ),
        ("incidents = { \"pagerduty/S1\" = \"42\" }", "is a list of open incidents; write for example"),
    ] {
        let problem = case(incidents).unwrap_err();
        assert!(problem.contains(says), "{problem}");
    }
}

/// What a case says of itself, whether it holds, and what comes out.
#[rstest]
#[case::at_once(
    "role = \"orders-db-reader\"\nduration = \"10m\"\nexpect = \"auto\"\nrule = \"low risk, at once\"",
    true,
    "auto by the rule `low risk, at once`"
)]
#[case::too_long(
    "role = \"orders-db-reader\"\nexpect = \"auto\"",
    false,
    "refused by the rule `low risk, at once` as `duration`: The rule"
)]
#[case::channel(
    "role = \"orders-db-writer\"\nduration = \"30m\"\nchannel = \"#inc-7\"\nexpect = \"auto\"",
    true,
    "low risk, in incidents"
)]
#[case::one(
    "role = \"orders-db-writer\"\nexpect = \"approval\"\napprovers = [[\"dana\", \"bob\"]]",
    true,
    "asking 1 of bob or dana"
)]
#[case::not_all(
    "role = \"orders-db-writer\"\nexpect = \"approval\"\napprovers = [[\"bob\"]]",
    false,
    "asking 1 of bob or dana"
)]
#[case::steps(
    "role = \"orders-db-admin\"\nticket = \"OPS-1\"\nexpect = \"approval\"\napprovers = [[\"bob\"], [\"sam\", \"sue\"]]",
    true,
    "asking 1 of bob, then 1 of sam or sue"
)]
#[case::other_rule(
    "role = \"orders-db-writer\"\nexpect = \"approval\"\nrule = \"hosts\"",
    false,
    "approval by the rule `single`"
)]
#[case::night(
    "role = \"orders-db-admin\"\nticket = \"OPS-1\"\nat = 2026-11-20T23:00:00Z\nexpect = \"refused\"\ncode = \"hours\"\nsays = \"ONLY mon-fri\"",
    true,
    "refused by the rule `production, high risk` as `hours`: It may be held only"
)]
#[case::other_code(
    "role = \"orders-db-admin\"\nexpect = \"refused\"\ncode = \"hours\"",
    false,
    "as `ticket`: No ticket is named."
)]
#[case::other_words("role = \"orders-db-admin\"\nexpect = \"refused\"\nsays = \"never\"", false, "as `ticket`")]
#[case::conflict(
    "role = \"payments-release\"\nholds = \"payments-create\"\nexpect = \"refused\"\ncode = \"conflict\"",
    true,
    "`payments-create` is held"
)]
#[case::pending(
    "role = \"payments-release\"\npending = \"payments-create\"\nexpect = \"refused\"\ncode = \"conflict\"",
    true,
    "`payments-create` is asked for"
)]
#[case::limit(
    "role = \"host-login\"\nduration = \"10m\"\nholds = [\"payments-create\", \"orders-db-writer\", \"orders-db-reader\"]\nexpect = \"refused\"\ncode = \"limit\"",
    true,
    "at most 3"
)]
#[case::asdf(
    "role = \"orders-db-writer\"\njustification = \"asdf\"\nexpect = \"refused\"\ncode = \"justification\"",
    true,
    "justification"
)]
fn a_case_holds_when_everything_that_it_says_is_so(#[case] lines: &str, #[case] holds: bool, #[case] says: &str) {
    let cases = read(&format!("[[case]]\nperson = \"alice\"\n{lines}\n")).unwrap();
    let (held, said) = judged(&cases[0]);
    assert_eq!(held, holds, "{said}");
    assert!(said.to_lowercase().contains(&says.to_lowercase()), "{said}");
}

proptest! {
    /// Whatever stands in a file, it is read or refused, and what is read is judged.
    #[test]
    fn no_file_panics(bits in prop::collection::vec(prop::sample::select(BITS), 0..24), text in any::<String>()) {
        let _ = read(&text);
        for case in read(&bits.concat()).unwrap_or_default() {
            judged(&case);
        }
    }
}

/// What cases are made of, and what breaks them.
const BITS: &[&str] = &[
    "[[case]]\nperson = \"alice\"\nrole = \"host-login\"\nexpect = \"auto\"\n",
    "[[case]]\nperson = \"otto\"\nrole = \"orders-db-admin\"\nexpect = \"refused\"\n",
    "holds = [\"payments-create\", \"payments-create\"]\n",
    "pending = []\n",
    "at = 9999-12-31T23:59:59-23:59\n",
    "at = \"-0001-01-01T00:00:00Z\"\n",
    "duration = \"366d\"\n",
    "justification = \"\"\n",
    "channel = \"#\"\n",
    "approvers = [[[\"bob\"]]]\n",
    "says = \"İ\"\n",
    "code = \"`\"\n",
    "[case]\n",
    "\"\"\"",
    "=",
    "\u{0}",
];
