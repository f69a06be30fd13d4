//! Turns and shifts, to the second, over both changes of the clocks; and what no file may say.

use super::*;

const WEEKLY: &str = r#"
[[rotation]]
name = "orders"
zone = "Europe/Berlin"
people = ["alice", "bob", "olive"]
handover = "0 9 * * MON"
since = 2026-03-16T09:00:00

[[shift]]
rotation = "orders"
from = 2026-03-18T12:00:00+01:00
to = 2026-03-18T18:00:00+01:00
person = "erin"
"#;

fn on_call(text: &str, rotation: &str, at: &str) -> Vec<String> {
    let now = at.parse().unwrap();
    let turns = Rotations::parse(text).unwrap().turns(rotation, now).unwrap().unwrap();
    let person = |turn: Turn| match turn.who {
        Who::Person(id) => id.to_string(),
        Who::User { .. } => unreachable!("a file names people"),
    };
    turns.into_iter().filter(|turn| turn.holds(now)).map(person).collect()
}

#[test]
fn people_take_turns_at_the_handover_s_local_time_and_shifts_stand_in() {
    for (at, who) in [
        ("2026-03-16T08:59:59+01:00", None),
        ("2026-03-16T09:00:00+01:00", Some("alice")),
        ("2026-03-18T11:59:59+01:00", Some("alice")),
        ("2026-03-18T12:00:00+01:00", Some("erin")),
        ("2026-03-18T18:00:00+01:00", Some("alice")),
        ("2026-03-23T08:59:59+01:00", Some("alice")),
        ("2026-03-23T09:00:00+01:00", Some("bob")),
        // The clocks go forward on the 29th: nine is nine.
        ("2026-03-30T08:59:59+02:00", Some("bob")),
        ("2026-03-30T09:00:00+02:00", Some("olive")),
        ("2026-04-06T09:00:00+02:00", Some("alice")),
        // And back on 25 October, after 31 handovers more.
        ("2026-10-26T08:59:59+01:00", Some("bob")),
        ("2026-10-26T09:00:00+01:00", Some("olive")),
    ] {
        assert_eq!(on_call(WEEKLY, "orders", at), who.into_iter().collect::<Vec<_>>(), "{at}");
    }
}

#[test]
fn a_handover_in_the_hour_that_the_clocks_skip_or_repeat_comes_once() {
    let nightly = |since: &str| {
        format!(
            "[[rotation]]\nname = \"n\"\nzone = \"Europe/Berlin\"\npeople = [\"a\", \"b\", \"c\"]\nhandover = \"30 2 * * *\"\nsince = {since}\n"
        )
    };
    let spring = nightly("2026-03-28T02:30:00");
    assert_eq!(on_call(&spring, "n", "2026-03-28T12:00:00Z"), ["a"]);
    assert_eq!(on_call(&spring, "n", "2026-03-29T12:00:00Z"), ["b"]);
    assert_eq!(on_call(&spring, "n", "2026-03-30T12:00:00Z"), ["c"]);
    let autumn = nightly("2026-10-24T02:30:00");
    assert_eq!(on_call(&autumn, "n", "2026-10-25T12:00:00Z"), ["b"]);
    assert_eq!(on_call(&autumn, "n", "2026-10-26T12:00:00Z"), ["c"]);
}

#[test]
fn one_person_is_always_on_call_and_shifts_may_stand_alone() {
    let text = "[[rotation]]\nname = \"one\"\npeople = [\"alice\"]\n[[shift]]\nrotation = \"weekend\"\nfrom = 2026-11-21T00:00:00Z\nto = 2026-11-23T00:00:00Z\nperson = \"bob\"\n";
    assert_eq!(on_call(text, "one", "2026-11-23T09:00:00Z"), ["alice"]);
    assert_eq!(on_call(text, "weekend", "2026-11-22T09:00:00Z"), ["bob"]);
    assert_eq!(on_call(text, "weekend", "2026-11-23T00:00:00Z"), Vec::<String>::new());
    assert!(Rotations::parse(text).unwrap().turns("other", Utc::now()).is_none());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let rotation = |more: &str| format!("\n[[rotation]]\nname = \"r\"\npeople = [\"a\", \"b\"]\n{more}");
    for (text, line, what) in [
        (rotation(""), 3, "`r` needs `people`, `handover` and `since`, or one person alone"),
        (rotation("handover = \"0 9 * *\"\nsince = 2026-01-01\n"), 3, "`0 9 * *` is no handover"),
        (rotation("handover = \"0 25 * * *\"\nsince = 2026-01-01\n"), 3, "`0 25 * * *` is no handover"),
        (rotation("handover = \"0 9 * * *\"\nsince = 09:00:00\n"), 3, "`09:00:00` is no instant"),
        (rotation("zone = \"Mars\"\nhandover = \"0 9 * * *\"\nsince = 2026-01-01\n"), 3, "`Mars` is no time zone"),
        (rotation("handovr = \"0 9 * * *\"\n"), 5, "unknown field `handovr`"),
        (
            "[[shift]]\nrotation = \"r\"\nfrom = 2026-01-02T00:00:00Z\nto = 2026-01-01T00:00:00Z\nperson = \"a\"\n"
                .into(),
            2,
            "after its `from`",
        ),
        (
            "[[shift]]\nrotation = \"r\"\nfrom = 2026-01-02T00:00:00\nto = 2026-01-03T00:00:00\nperson = \"a\"\n"
                .into(),
            2,
            "is no instant",
        ),
        (
            "[[rotation]]\nname = \"r\"\npeople = [\"a\"]\n[[rotation]]\nname = \"r\"\npeople = [\"a\"]\n".into(),
            5,
            "two rotations `r`",
        ),
    ] {
        let wrong = Rotations::parse(&text).unwrap_err();
        assert!(wrong.line == line && wrong.what.contains(what), "{what} in {line}: {wrong:?}");
    }
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    for (handover, what) in [("0 9 30 2 *", "never comes"), ("* * * * *", "give it a later `since`")] {
        let text = rotation(&format!("handover = \"{handover}\"\nsince = 2026-01-01\n"));
        let wrong = Rotations::parse(&text).unwrap().turns("r", now).unwrap().unwrap_err();
        assert!(wrong.what.contains(what), "{wrong:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(\\[\\[rotation\\]\\]|\\[\\[shift\\]\\]|name|people|since|=|\"|\\[|\\]|2026-01-01|\n| |[a-z]){0,40}") {
        let _ = Rotations::parse(&text);
    }
}
