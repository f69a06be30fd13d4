//! What the parser refuses, and how it says so.

use super::world::{POLICY, policy, source};
use crate::policy::{Level, Risk, SourceFile, Subject, TicketNeed, parse};
use crate::span::Span;

/// Every problem, one a line.
fn problems(text: &str) -> String {
    let problems = parse(&source(text)).err().unwrap_or_default();
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn the_guides_policy_reads() {
    let policy = policy();
    let role = policy.role(&"orders-db-admin".into()).unwrap();
    assert_eq!((role.level, role.risk, role.max_duration), (Level::Admin, Risk::High, Span::hours(4)));
    assert_eq!(role.target.text("role"), Some("app_admin"));
    assert_eq!((role.place.file.as_str(), role.place.line), ("policy.toml", 2));
    let rule = &policy.rules[0];
    assert_eq!((rule.ticket, rule.steps.len(), rule.steps[1].count), (TicketNeed::Required, 2, 1));
    assert_eq!(rule.hours.as_ref().unwrap().to_string(), "Mon-Fri 08:00-20:00 (Europe/Berlin)");
    assert_eq!(policy.security, [Subject::Group("security".to_owned())]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = policy();
    let reader = policy.role(&"orders-db-reader".into()).unwrap();
    assert_eq!((reader.title.as_str(), reader.max_duration), ("orders-db-reader", Span::hours(24)));
    let single = policy.rules.iter().find(|rule| rule.name == "single").unwrap();
    assert_eq!((single.remind_after, single.escalate_after), (Span::minutes(15), Span::minutes(30)));
    assert_eq!((single.timeout, single.warn_before), (Span::hours(8), Span::minutes(15)));
    assert_eq!((single.ticket, single.escalate_to.len()), (TicketNeed::None, 1));
    let empty = parse(&[]).unwrap();
    assert_eq!(empty.limits, crate::policy::Limits::default());
}

#[test]
fn the_hash_is_over_names_and_bytes_in_order_of_name() {
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    let hash = |files: &[SourceFile]| parse(files).unwrap().hash.clone();
    let (a, b) = (file("a.toml", "# a"), file("b.toml", "# b"));
    assert_eq!(hash(&[a.clone(), b.clone()]), hash(&[b.clone(), a.clone()]));
    assert_ne!(hash(std::slice::from_ref(&a)), hash(&[a.clone(), b]));
    assert_ne!(hash(&[file("a.toml", "# b")]), hash(&[a]));
    assert_ne!(hash(&[file("a.toml\n", "#")]), hash(&[file("a.toml", "\n#")]));
}

#[test]
fn rules_stand_in_order_of_file_and_position() {
    let rule = |name: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nmatch = {{ risk = \"low\" }}\nwho = \"a\"\nsteps = [ {{ any = \"b\" }} ]\n"
        )
    };
    let file = |name: &str, text: String| SourceFile { name: name.to_owned(), text };
    let files = [file("b.toml", rule("three")), file("a.toml", rule("one") + &rule("two"))];
    let policy = parse(&files).unwrap();
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "three"]);
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let text = r#"
[[role]]
name = "orders db"
connector = "orders-db"
level = "amin"
enviroment = "production"
risk = "hihg"
owner = "manager"
max_duraton = "4h"
target = { at = 2026-01-01, share = 0.5 }

[[rule]]
name = ""
match = { risk = "extreme", envronment = "x" }
who = ["manager", "grup:x", 7]
steps = [ { any = [], count = 0 }, { anny = ["a"] } ]
max_duration = 4
timeout = "0s"
ticket = "yes"
hours = { days = "Mon-Fryday", from = "8:00", to = "25:00", zone = "Europe/Berln" }

[[rule]]
name = "nothing"
match = {}
who = ["group:a"]

[[rules]]

[limits]
max_simultaneous = 0
min_duration = "soon"
max_duration = { production = 4, staging = "1x" }

[[conflict]]
name = "alone"
roles = "payments-create"

[[emergency]]
match = { environment = "production" }
who = ["group:sre"]
review = { within = "24h" }
"#;
    insta::assert_snapshot!(problems(text), @r#"
    policy.toml:2:1: [[role]] needs `environment`
    policy.toml:3:8: `name`: `orders db` has other characters than letters, digits and . _ - / (1 to 64)
    policy.toml:5:9: `level` in [[role]] is one of read-only, write, admin, not `amin`; did you mean `admin`?
    policy.toml:6:1: unknown key `enviroment` in [[role]]; did you mean `environment`?
    policy.toml:7:8: `risk` in [[role]] is one of low, medium, high, not `hihg`; did you mean `high`?
    policy.toml:8:9: `manager` cannot stand here; an owner is a person or a `group:`
    policy.toml:9:1: unknown key `max_duraton` in [[role]]; did you mean `max_duration`?
    policy.toml:10:12: `target.at` is a text, a whole number, true or false, or lists and tables of them
    policy.toml:10:29: `target.share` is a text, a whole number, true or false, or lists and tables of them
    policy.toml:13:8: `name` is one line of 1 to 120 characters
    policy.toml:14:18: `risk` in `match` of [[rule]] is one of low, medium, high, not `extreme`
    policy.toml:14:29: unknown key `envronment` in `match` of [[rule]]; did you mean `environment`?
    policy.toml:15:8: `manager` cannot stand here; `who` is people, `group:` or `oncall:`
    policy.toml:15:19: `grup:` names no kind of people; use group: or oncall:, or a person's id
    policy.toml:15:29: `who` in [[rule]] is a list of texts, not integer
    policy.toml:16:19: `any` in `steps` of [[rule]] names nothing
    policy.toml:16:31: `count` in `steps` of [[rule]] is from 1 to 20, not 0
    policy.toml:16:36: `steps` of [[rule]] needs `any`
    policy.toml:16:38: unknown key `anny` in `steps` of [[rule]]; did you mean `any`?
    policy.toml:17:16: `max_duration` in [[rule]] is a duration in quotes, not a number; write for example `"4h"` or `"4m"`
    policy.toml:18:11: `timeout` in [[rule]] is longer than nothing
    policy.toml:19:10: `ticket` in [[rule]] is one of none, optional, required, not `yes`
    policy.toml:20:18: `Mon-Fryday` names no days; write for example `Mon-Fri` or `Sat,Sun`
    policy.toml:20:39: `from`: `8:00` is not a time like 08:00
    policy.toml:20:52: `to`: `25:00` is not a time like 08:00
    policy.toml:20:68: `Europe/Berln` is no time zone; did you mean `Europe/Berlin`?
    policy.toml:22:1: [[rule]] needs `steps` or `auto_approve`; add for example `steps = [ { any = ["manager"] } ]`
    policy.toml:24:9: `match` names nothing; `roles = ["*"]` means every role
    policy.toml:27:3: unknown key `rules` in the file; did you mean `rule`?
    policy.toml:30:20: `max_simultaneous` in [limits] is from 1 to 1000, not 0
    policy.toml:31:16: `min_duration` in [limits]: `soon` is not a duration; write it like 90s, 15m, 2h, 1h30m or 1d
    policy.toml:32:18: `production` is a duration in quotes, longer than nothing; write for example `"4h"`
    policy.toml:32:34: `staging`: `1x` is not a duration; write it like 90s, 15m, 2h, 1h30m or 1d
    policy.toml:34:1: a conflict is between at least two roles
    policy.toml:38:1: [[emergency]] needs `max_duration`
    policy.toml:41:10: `review` of [[emergency]] needs `by`
    "#);
}

#[test]
fn doubles_name_the_first() {
    let role = "[[role]]\nname = \"a\"\nconnector = \"c\"\nlevel = \"write\"\nenvironment = \"e\"\nrisk = \"low\"\nowner = \"o\"\n";
    let files: Vec<_> =
        ["x.toml", "y.toml"].map(|name| SourceFile { name: name.to_owned(), text: format!("{role}[limits]\n") }).into();
    let problems: Vec<String> = parse(&files).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "y.toml:1:1: the role `a` stands already at x.toml:1",
            "y.toml:8:1: the table `limits` stands already at x.toml:8"
        ]
    );
}

#[test]
fn syntax_errors_name_their_place() {
    assert_eq!(problems("[[role]\nname = 1"), "policy.toml:1:8: unclosed array table, expected `]`\n");
    assert!(problems("a = \"\n").starts_with("policy.toml:1:"));
    assert!(problems("role = 5").contains("`role` in the file is a list of tables, not a number"));
    assert!(problems("[role]\nname = \"a\"").contains("write `[[role]]`"));
}

#[test]
fn tables_may_be_inline_dotted_or_headed() {
    let text = POLICY.replace("match = { risk = \"medium\" }", "match.risk = [\"medium\"]");
    assert_eq!(parse(&source(&text)).unwrap().rules[3].matches, policy().rules[3].matches);
    let headed =
        "[[rule]]\nname = \"r\"\nwho = \"a\"\n[rule.match]\nrisk = \"low\"\n[[rule.steps]]\nany = \"manager\"\n";
    assert_eq!(parse(&source(headed)).unwrap().rules[0].steps[0].any, [Subject::Manager]);
}

/// The guide shows no example that would be refused.
#[test]
fn the_guides_examples_read() {
    let guide = include_str!("../../../../docs/policy.md");
    let blocks: Vec<&str> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let (cases, blocks): (Vec<&str>, Vec<&str>) = blocks.into_iter().partition(|block| block.starts_with("[[case]]"));
    assert_eq!((cases.len(), blocks.len()), (1, 10));
    super::cases::all_hold(cases[0]);
    for block in blocks {
        if block.starts_with("[[person]]") {
            crate::directory::parse_people("guide", block, None).unwrap();
        } else {
            parse(&source(block)).unwrap();
        }
    }
}
