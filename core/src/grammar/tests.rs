//! The language as people type it.

use proptest::prelude::*;

use super::*;

fn id() -> ShortId {
    ShortId::parse("A-7K3F9Q").unwrap()
}

fn request(text: &str) -> RequestLine {
    match parse(text) {
        Ok(Line::Request(line)) => line,
        other => panic!("{text}: {other:?}"),
    }
}

/// Role, duration, ticket, because.
fn short(text: &str) -> (Option<String>, Option<String>, Option<String>, Option<String>) {
    let line = request(text);
    (line.role, line.duration.map(|span| span.to_string()), line.ticket, line.because)
}

#[test]
fn clauses_come_in_any_order() {
    let some = |text: &str| Some(text.to_owned());
    let whole = (some("db"), some("2h"), some("OPS-12"), some("the index is broken"));
    for text in [
        "request db for 2h ticket OPS-12 because the index is broken",
        "request db because the index is broken for 2h ticket OPS-12",
        "request db because the index is broken ticket OPS-12 for 2h",
        "REQUEST db FOR 2H Ticket OPS-12 BECAUSE the index is broken",
        "/jit request for 2h db ticket OPS-12 because the index is broken",
        "jit request ticket OPS-12, for 2h, db because \"the index is broken\"",
        "request db because “the index is broken” for 2h ticket OPS-12",
        "request db for 2 hours because 'the index is broken' ticket OPS-12",
        "  request   db\tfor 120min\nticket OPS-12 because the index is broken  ",
    ] {
        assert_eq!(short(text), whole, "{text}");
    }
}

#[test]
fn several_roles_are_separated_by_commas_or_and() {
    let whole: Vec<String> = ["db", "web", "logs"].map(str::to_owned).into();
    for text in [
        "request db, web, logs for 1h because it is broken",
        "request db, web and logs for 1h because it is broken",
        "request db, web, and logs for 1h because it is broken",
        "request db,web,logs because it is broken for 1h",
        "request db and web and logs because it is broken for 1h",
        "request db AND web & logs, for 1h because it is broken",
        "request for 1h db , web,logs because it is broken",
        "request db, \"web\", logs for 1h because it is broken",
        "request db,, web,logs, because it is broken for 1h",
    ] {
        let line = request(text);
        let roles: Vec<String> = line.role.clone().into_iter().chain(line.more.clone()).collect();
        assert_eq!((&roles, line.because.as_deref()), (&whole, Some("it is broken")), "{text}");
        assert_eq!(line.duration, Some(Span::hours(1)), "{text}");
        assert_eq!(parse(&line.to_string()), Ok(Line::Request(line)));
    }
    // A comma after the only role begins no list, and quoted text is one name.
    assert_eq!(request("request db, for 1h").more, Vec::<String>::new());
    assert_eq!(request("request \"db, web\"").role.as_deref(), Some("db, web"));
    assert_eq!(request("request db because a, b and c").more, Vec::<String>::new());
}

#[test]
fn what_is_no_list_of_roles_is_refused() {
    for (text, what, next) in [
        ("request db web for 1h", "`web`", "`because`"),
        ("request db, becuse it is broken", "`becuse`", "Did you mean `because`?"),
        ("request db, for 1h web", "`web`", "`because`"),
        ("emergency db and web for 1h", "`and`", "emergency"),
        ("emergency db, web for 1h", "`web`", "emergency"),
    ] {
        let refusal = parse(text).unwrap_err();
        assert!(refusal.what.contains(what) && refusal.next.contains(next), "{text}: {refusal}");
    }
    let many: Vec<String> = (0..1_000).map(|number| format!("r{number}")).collect();
    assert_eq!(parse(&format!("request {}", many[..10].join(", "))).map(|_| ()), Ok(()));
    let refusal = parse(&format!("request {}", many[..11].join(", "))).unwrap_err();
    assert_eq!(refusal.what, "11 roles are asked for; at most 10 go in one request.");
    let refusal = parse(&format!("request {}", many[..750].join(","))).unwrap_err();
    assert_eq!(refusal.what, "750 roles are asked for; at most 10 go in one request.");
}

#[test]
fn because_takes_text_that_only_looks_like_a_clause() {
    for (text, duration, ticket, because) in [
        ("request db because the index for orders is broken", None, None, "the index for orders is broken"),
        ("request db because of a ticket from Eve", None, None, "of a ticket from Eve"),
        ("request db for 1h because it was down for 2h", Some("1h"), None, "it was down for 2h"),
        ("request db because it was down for 2h yesterday", None, None, "it was down for 2h yesterday"),
        ("request db because looking at the plan for now", None, None, "looking at the plan for now"),
        ("request db because on behalf of nobody for 1h", Some("1h"), None, "on behalf of nobody"),
        ("request db because \"it was down for 2h\"", None, None, "it was down for 2h"),
        ("request db because „it was down for 2h“ for 30m", Some("30m"), None, "it was down for 2h"),
        (
            "request db because the \"orders\" index is broken for 1h",
            Some("1h"),
            None,
            "the \"orders\" index is broken",
        ),
        ("request db because it's broken and won't start", None, None, "it's broken and won't start"),
        ("request db ticket OPS-1 because see ticket OPS-2", None, Some("OPS-1"), "see ticket OPS-2"),
        ("request db because because", None, None, "because"),
    ] {
        let line = request(text);
        let found = (
            line.duration.map(|span| span.to_string()),
            line.ticket.as_deref().map(str::to_owned),
            line.because.unwrap(),
        );
        let expected = (duration.map(str::to_owned), ticket.map(str::to_owned), because.to_owned());
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(short("request db because"), (Some("db".to_owned()), None, None, None));
}

#[test]
fn every_verb_reads() {
    let some = |text: &str| Some(text.to_owned());
    for (text, line) in [
        ("", Line::Help { verb: None }),
        ("  /jit  ", Line::Help { verb: None }),
        ("?", Line::Help { verb: None }),
        ("help Request", Line::Help { verb: some("request") }),
        ("I need the orders database, please", Line::Unclear),
        ("frobnicate", Line::Unclear),
        ("home", Line::Home),
        ("mine", Line::Mine),
        ("PENDING", Line::Pending),
        ("show a-7k3f9q", Line::Show { id: id() }),
        ("cancel 7K3F9Q", Line::Cancel { id: id() }),
        ("done A-7K3F9Q.", Line::Done { id: id() }),
        ("approve A-7K3F9Q", Line::Approve { id: id(), at_most: None }),
        ("approve A-7K3F9Q for 30 minutes", Line::Approve { id: id(), at_most: Some(Span::minutes(30)) }),
        (
            "deny A-7K3F9Q because asked for 2h, 1h will do",
            Line::Deny { id: id(), because: some("asked for 2h, 1h will do") },
        ),
        ("deny A-7K3F9Q because too long for 2h", Line::Deny { id: id(), because: some("too long for 2h") }),
        ("deny A-7K3F9Q", Line::Deny { id: id(), because: None }),
        ("revoke A-7K3F9Q because stolen", Line::Revoke { id: id(), because: some("stolen") }),
        ("extend A-7K3F9Q for 1h30m", Line::Extend { id: id(), duration: Some(Span::minutes(90)), because: None }),
        (
            "extend A-7K3F9Q because not finished for 30m",
            Line::Extend { id: id(), duration: Some(Span::minutes(30)), because: some("not finished") },
        ),
        ("claim A-7K3F9Q", Line::Claim { id: id() }),
        ("ask A-7K3F9Q", Line::Ask { id: id(), text: None }),
        (
            "ask A-7K3F9Q why for 2h, because of what?",
            Line::Ask { id: id(), text: some("why for 2h, because of what?") },
        ),
        ("reply a-7k3f9q: only one table", Line::Reply { id: id(), text: some("only one table") }),
        ("roles", Line::Roles { text: None }),
        ("roles orders for admins", Line::Roles { text: some("orders for admins") }),
        ("who db", Line::Who { role: "db".to_owned() }),
        ("why db", Line::Why { role: "db".to_owned(), more: vec![] }),
        ("why db and web, logs", Line::Why { role: "db".to_owned(), more: vec!["web".to_owned(), "logs".to_owned()] }),
        (
            "emergency db for 30m because checkout is down",
            Line::Emergency {
                drill: false,
                line: RequestLine {
                    role: some("db"),
                    duration: Some(Span::minutes(30)),
                    because: some("checkout is down"),
                    ..RequestLine::default()
                },
            },
        ),
    ] {
        assert_eq!(parse(text), Ok(line), "{text}");
    }
}

#[test]
fn a_drill_is_one_wherever_it_is_said() {
    let said = |text: &str| match parse(text) {
        Ok(Line::Emergency { drill, line }) => (drill, line.role, line.because),
        other => panic!("{text}: {other:?}"),
    };
    let (role, why) = (Some("db".to_owned()), Some("we practise".to_owned()));
    for text in [
        "emergency --drill db for 30m because we practise",
        "emergency db --drill for 30m because we practise",
        "emergency db for 30m because we practise --drill",
        "emergency for 30m because we practise --drill",
        "emergency —drill db for 30m because we practise",
        "/jit emergency --Drill, db for 30m because we practise",
    ] {
        let (drill, said_role, because) = said(text);
        assert!(
            drill && because == why && (said_role == role || said_role.is_none()),
            "{text}: {said_role:?} {because:?}"
        );
    }
    assert!(!said("emergency db for 30m because \"the --drill option hangs\"").0, "quoted text is text");
    for text in ["emergency db for 30m because the --drill option hangs", "request db --drill for 1h because of tests"]
    {
        assert_eq!(parse(text).unwrap_err().code.as_str(), "not-understood", "{text}");
    }
    assert_eq!(parse("emergency --drill db --drill").unwrap_err().code.as_str(), "not-understood");
}

#[test]
fn later_starts_and_other_people_read_too() {
    let line = request("request db on behalf of @carol at tomorrow 14:00 for 1h because of the audit of vendors");
    assert_eq!((line.on_behalf_of.as_deref(), line.at.as_deref()), (Some("carol"), Some("tomorrow 14:00")));
    assert_eq!(line.role.as_deref(), Some("db"));
}

#[test]
fn refusals_say_what_to_write() {
    for (text, what, next) in [
        ("requst db", "`requst`", "Did you mean `request`?"),
        ("request db fro 2h", "`fro` was not understood", "Did you mean `for`?"),
        ("request db becuase broken", "`becuase`", "Did you mean `because`?"),
        ("request db 2h", "`2h` was not understood", "Write `for 2h`"),
        ("request orders db for 2h", "`db` was not understood", "because"),
        ("request db for soon", "`soon` is not a duration", "90s, 15m"),
        ("request db for @U0002", "not for whom", "Leave the person out"),
        ("request db for 2", "`2` is not a duration", "`for 2h`"),
        ("request db for", "Nothing follows `for`", "for 1h"),
        ("request db for because broken", "Nothing follows `for`", "for 1h"),
        ("request db ticket", "Nothing follows `ticket`", "OPS-12"),
        ("request db for 1h for 2h", "`for` stands there twice", "quotes"),
        ("request db because it was down for 2h for 1h", "`for` stands there twice", "quotes"),
        ("request db because \"never closed", "never closed", "Close it"),
        ("show", "needs the id", "`/jit show A-7K3F9Q`"),
        ("show 7K3F9", "`7K3F9` is not the id", "A-7K3F9Q"),
        ("show A-7K3F9Q please", "`please` was not understood", "show A-7K3F9Q"),
        ("cancel A-7K3F9Q because done", "`cancel` takes no `because`", "cancel A-7K3F9Q"),
        ("mine all", "`all` was not understood", "mine"),
        ("who", "`who` needs a role", "who orders-db-admin"),
        ("deny A-7K3F9Q too long", "`too` was not understood", "`because`"),
    ] {
        let refusal = parse(text).unwrap_err();
        assert_eq!(refusal.code, Code::NotUnderstood, "{text}");
        assert!(refusal.what.contains(what), "{text}: {refusal}");
        assert!(refusal.next.contains(next), "{text}: {refusal}");
    }
    let long = format!("request db because {}", "word ".repeat(1_000));
    assert!(parse(&long).unwrap_err().what.contains("at most 4000"));
}

#[test]
fn a_duration_by_itself_reads_as_in_a_line() {
    assert_eq!(span("90 minutes"), Ok(Span::minutes(90)));
    assert_eq!(span(" 1h 30m "), Ok(Span::minutes(90)));
    assert!(["", "soon", "3 parsecs", "2h please"].iter().all(|text| span(text).is_err()));
}

#[test]
fn refusals_carry_no_markup_and_no_novels() {
    let refusal = parse(&format!("request db `{}`", "x".repeat(3_000))).unwrap_err();
    assert!(refusal.what.len() < 120 && !refusal.what.contains("``"), "{refusal}");
}

#[test]
fn the_verb_table_keeps_its_word() {
    for verb in VERBS {
        let line = parse(verb.example).unwrap_or_else(|refusal| panic!("{}: {refusal}", verb.example));
        assert!(verb.usage.starts_with(verb.name) && verb.example.starts_with(verb.name), "{}", verb.name);
        assert_eq!(parse(&format!("/JIT {}", verb.example)), Ok(line));
        assert_eq!(help(Some(verb.name)).unwrap()[0].name, verb.name);
        // Source: Slack, "usage_hint" of a command and lines of help on a card.
        assert!(verb.usage.len() <= 80 && verb.summary.len() <= 100, "{}", verb.name);
    }
    let names: std::collections::BTreeSet<_> = VERBS.iter().map(|verb| verb.name).collect();
    assert_eq!(names.len(), VERBS.len());
    assert_eq!(help(None).unwrap().len(), VERBS.len());
    assert!(help(Some("requets")).unwrap_err().next.contains("`request`"));
}

#[test]
fn completion_follows_the_words() {
    let roles = ["orders-db-admin", "orders-db-reader", "payments"];
    let labels = |text: &str| complete(text, &roles).into_iter().map(|done| done.label).collect::<Vec<_>>().join(" ");
    for (text, expected) in [
        ("re", "request reveal reply revoke"),
        ("/jit app", "approve"),
        ("request ord", "orders-db-admin orders-db-reader"),
        ("request admin", "orders-db-admin"),
        ("request ", "orders-db-admin orders-db-reader payments for at on behalf of ticket because"),
        ("request payments ", "for at on behalf of ticket because"),
        ("request payments f", "for"),
        ("request payments for ", "15m 30m 1h 2h 4h 8h"),
        ("request payments for 1", "15m 1h"),
        ("request for 1h ", "orders-db-admin orders-db-reader payments at on behalf of ticket because"),
        ("request payments for 1h t", "ticket"),
        ("request payments because it is for ", ""),
        ("extend ", ""),
        ("extend A-7K3F9Q ", "for because"),
        ("approve A-7K3F9Q for 3", "30m"),
        ("deny A-7K3F9Q ", "because"),
        ("who pay", "payments"),
        ("roles ord", "orders-db-admin orders-db-reader"),
        ("help em", "emergency"),
        ("help ext", "extend"),
        ("nonsense x", ""),
    ] {
        assert_eq!(labels(text), expected, "{text}");
    }
    assert_eq!(complete("", &roles).len(), 12);
    let first = &complete("request ord", &roles)[0];
    assert_eq!(first.insert, "orders-db-admin ");
}

/// Words that make a grammar stumble.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("for"),
        Just("because"),
        Just("ticket"),
        Just("at"),
        Just("on behalf of"),
        Just("2h"),
        Just("30m"),
        Just("OPS-12"),
        Just("14:00"),
        Just("@carol"),
        Just("db"),
        Just("A-7K3F9Q"),
        Just("\""),
        Just("“quoted"),
        Just("text”"),
        Just("'"),
        Just("for,"),
        Just("hours"),
        Just("2"),
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
        let _ = complete(&text, &["db", "for"]);
    }

    #[test]
    fn no_line_panics(verb in 0..VERBS.len(), rest in words(), noise in "\\PC{0,5}") {
        let line = format!("{} {rest}{noise}", VERBS[verb].name);
        let _ = parse(&line);
        let _ = complete(&line, &["db", "orders"]);
    }

    /// Nothing that was typed is lost or said twice: the text of `because` is a piece of the line.
    #[test]
    fn because_is_a_piece_of_the_line(rest in words()) {
        let line = format!("request {rest}");
        if let Ok(Line::Request(RequestLine { because: Some(because), .. })) = parse(&line) {
            prop_assert!(line.contains(&because));
        }
    }

    #[test]
    fn rendered_lines_read_back(
        roles in prop::collection::vec("[a-z][a-z0-9-]{1,12}|for|ticket|because|at|and|a, b", 0..10),
        minutes in prop::option::of(1u64..10_000),
        at in prop::option::of("[0-9]{2}:[0-9]{2}|tomorrow 09:00|for 2h"),
        person in prop::option::of("[a-z]{1,8}"),
        ticket in prop::option::of("[A-Z]{2,4}-[0-9]{1,4}|for|12"),
        because in prop::option::of("[a-z]{1,8}( (for|at|ticket|because|2h|OPS-1|\"x\"|it's|“y”|[a-zé]{1,6})){0,8}"),
    ) {
        let mut roles = roles.into_iter();
        let (role, more) = (roles.next(), roles.collect());
        let line = RequestLine { role, more, duration: minutes.map(Span::minutes), at, on_behalf_of: person, ticket, because };
        prop_assert_eq!(parse(&line.to_string()), Ok(Line::Request(line.clone())), "{}", line);
    }
}
