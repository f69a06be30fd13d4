//! What makes an identity worth something, as tables.

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhwKaeZx3wZJl8c0mvU4Ej1n3JQDGJkdiDTk0ASpcqB";

fn read(text: &str) -> Result<Directory, Vec<Problem>> {
    let connectors = ["orders-db", "hosts"].map(ConnectorName::from).into();
    parse_people("people.toml", text, Some(&connectors))
}

fn problems(text: &str) -> Vec<String> {
    read(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// One person with more keys.
fn person(id: &str, more: &str) -> String {
    format!("[[person]]\nid = \"{id}\"\nname = \"Z\"\n{more}\n")
}

#[test]
fn a_whole_person_reads() {
    let directory = read(&format!(
        r#"
[[person]]
id = "alice"
name = "Alice Ames"
email = "alice@acme.test"
slack = "U0001"
teams = "8c0e4a7e-0000-4000-8000-000000000001"
manager = "bob"
groups = ["engineering"]
zone = "Europe/Berlin"
active = true
accounts = {{ orders-db = "alice", hosts = "alice" }}
ssh_keys = ["{KEY} alice"]

[[person]]
id = "bob"
name = "Bob"
active = false
"#
    ))
    .unwrap();
    let alice = directory.by_slack("U0001").unwrap();
    assert_eq!((alice.name.as_str(), alice.accounts.len(), alice.ssh_keys.len()), ("Alice Ames", 2, 1));
    assert_eq!((alice.zone, directory.person(&"bob".into()).unwrap().zone), (Tz::Europe__Berlin, Tz::UTC));
    assert_eq!(alice.manager.as_ref(), Some(&PersonId::new("bob")));
    assert!(directory.active(&"bob".into()).is_none() && directory.person(&"bob".into()).is_some());
    assert!(directory.by_teams("8C0E4A7E-0000-4000-8000-000000000001").is_some(), "an id is no text");
    assert_eq!(read("").unwrap().people().count(), 0);
}

#[test]
fn one_person_s_problems_name_the_value() {
    for (more, expected) in [
        ("chat = \"irc\"", "people.toml:4:8: `chat` is \"slack\" or \"teams\""),
        ("chat = \"teams\"", "people.toml:4:8: `chat` is `teams`, and there is no key `teams` with their id there"),
        ("slak = \"U0001\"", "people.toml:4:1: unknown key `slak` in [[person]]; did you mean `slack`?"),
        (
            "slack = \"alice\"",
            "people.toml:4:9: `slack` is a Slack user id such as `U0001`; names and handles decide nothing",
        ),
        ("zone = \"Europe/Berln\"", "people.toml:4:8: `Europe/Berln` is no time zone; did you mean `Europe/Berlin`?"),
        ("email = \"acme.test\"", "people.toml:4:9: `email` is an address, not `acme.test`"),
        ("active = \"yes\"", "people.toml:4:10: `active` in [[person]] is true or false, not a text"),
        ("groups = [\"a b\"]", "people.toml:4:11: the group `a b` has other characters"),
        (
            "accounts = { order-db = \"a\" }",
            "people.toml:4:14: there is no connector `order-db`; did you mean `orders-db`?",
        ),
        ("accounts = { hosts = 7 }", "people.toml:4:14: the account in `hosts` is one line of text"),
        ("ssh_keys = [\"ssh-ed25519 oops\"]", "people.toml:4:13: the SSH key's material is not a whole"),
        ("manager = \"allice\"", "people.toml:4:11: there is no person `allice`"),
        ("name = \"again\"", "people.toml:4:1: duplicate key"),
        ("[[persons]]", "unknown key `persons` in the file; did you mean `person`?"),
    ] {
        let found = problems(&person("zoe", more));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected}: {found:#?}");
    }
    assert_eq!(
        problems("[[person]]\n"),
        ["people.toml:1:1: [[person]] needs `id`", "people.toml:1:1: [[person]] needs `name`"]
    );
}

#[test]
fn ids_cannot_pass_for_others() {
    for id in ["Alice", "al ice", "аlice", "alice\\n", "", "manager", "owner", "group:x"] {
        assert_eq!(problems(&person(id, "")).len(), 1, "{id}");
    }
    let found = problems(&(person("bo1", "") + &person("bol", "")));
    assert!(found[0].contains("the id `bol`, which looks like another, is bo1's already"), "{found:#?}");
}

#[test]
fn identities_are_one_persons_alone() {
    for (first, second, expected) in [
        ("slack = \"U0001\"", "slack = \"U0001\"", "slack `U0001` is zoe's already"),
        ("teams = \"AbC\"", "teams = \"aBc\"", "is zoe's already"),
        ("email = \"z@acme.test\"", "email = \"Z@ACME.test\"", "email `Z@ACME.test` is zoe's already"),
        (
            "accounts = { hosts = \"root\" }",
            "accounts = { hosts = \"root\" }",
            "the account `root` in `hosts` is zoe's already",
        ),
    ] {
        let found = problems(&(person("zoe", first) + &person("yan", second)));
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:#?}");
        assert!(found[0].starts_with("people.toml:8:"), "{found:#?}");
    }
    let key = |comment: &str| format!("ssh_keys = [\"{KEY} {comment}\"]");
    let found = problems(&(person("zoe", &key("one")) + &person("yan", &key("two"))));
    assert!(found.len() == 1 && found[0].contains("this SSH key is zoe's already"), "{found:#?}");
    let found = problems(&(person("zoe", "") + &person("zoe", "")));
    assert!(found.iter().any(|problem| problem.contains("id `zoe` is zoe's already")), "{found:#?}");
    // The same account name in two systems is fine.
    let two = person("zoe", "accounts = { hosts = \"z\" }") + &person("yan", "accounts = { orders-db = \"z\" }");
    assert_eq!(problems(&two), Vec::<String>::new());
}

#[test]
fn managers_do_not_go_round() {
    let manager = |id: &str| format!("manager = \"{id}\"");
    let one = person("zoe", &manager("zoe"));
    assert!(problems(&one)[0].contains("managers go round in a circle: zoe and again zoe"));
    let three = person("a", &manager("b"))
        + &person("b", &manager("c"))
        + &person("c", &manager("a"))
        + &person("d", &manager("a"));
    let found = problems(&three);
    assert_eq!(found, ["people.toml:4:11: managers go round in a circle: a, b, c and again a"]);
    // A way that leads into a circle begins before it, and there is another one.
    let two = person("way", &manager("d"))
        + &person("c", &manager("d"))
        + &person("d", &manager("c"))
        + &person("e", &manager("f"))
        + &person("f", &manager("e"));
    let found = problems(&two);
    let told: Vec<_> = found.iter().filter_map(|problem| problem.split_once("circle: ")).map(|(_, names)| names).collect();
    assert_eq!(told, ["c, d and again c", "e, f and again e"], "{found:#?}");
}
