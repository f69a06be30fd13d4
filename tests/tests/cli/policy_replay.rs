//! `jit policy replay`: the past judged again, under a policy that is not in force.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use jit_bot::app::App;
use jit_bot::config::Config;
use jit_bot::verbs::{Reply, Speaker};
use jit_core::access::{Access, Origin, Platform, Proof};
use jit_core::answer::Answer;
use jit_core::command::Command;
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::grammar;
use jit_core::id::PersonId;
use jit_core::incident::Incident;
use jit_core::ticket::{Assignee, Finding, Ticket};
use jit_store::{Clock, VirtualClock};
use jit_tests::servers::Postgres;
use jit_tests::site::{person, role};
use rstest::rstest;
use serde_json::Value;

use crate::program::{Said, jit};
use crate::site::{Plan, Site};

/// A deployment whose past is made at whatever times it took place, by the words that people used.
struct Past {
    site: Site,
    app: App,
    clock: VirtualClock,
    now: DateTime<Utc>,
}

impl Past {
    async fn of(plan: Plan) -> Self {
        jit_bot::install_crypto();
        let site = Site::of(plan).await;
        let now = Utc::now();
        let clock = VirtualClock::new(now);
        let config = Config::load(site.config().as_ref()).unwrap();
        let app = App::build(&config, Clock::Virtual(clock.clone())).await.unwrap();
        Self { site, app, clock, now }
    }

    /// Somebody says something, days ago.
    async fn says(&self, days: i64, who: &str, words: &str) -> Answer {
        self.clock.set(self.now - TimeDelta::days(days));
        let person = self.app.dispatch.in_force.get().directory.person(&PersonId::new(who)).unwrap().clone();
        let origin = Origin { platform: Platform::Slack, channel: None };
        let (verbs, speaker) = (self.app.verbs(), Speaker { person, origin, dedupe: None });
        match verbs.line(&speaker, grammar::parse(words).unwrap()).await {
            Reply::Answer(answer) => answer,
            other => panic!("{words}: {other:?}"),
        }
    }

    /// Somebody asks, and it goes its way.
    async fn asked(&self, days: i64, who: &str, words: &str) -> Access {
        let words = format!("request {words} because the queue has to be drained");
        match self.says(days, who, &words).await {
            Answer::Asked { access, .. } => *access,
            other => panic!("{words}: {other:?}"),
        }
    }

    /// Somebody asks, and is refused.
    async fn refused(&self, days: i64, who: &str, words: &str) {
        let answer = self.says(days, who, words).await;
        assert!(matches!(answer, Answer::Refused { .. }), "{words}: {answer:?}");
    }

    async fn acts(&self, access: &Access, command: Command) {
        self.app.dispatch.act(access.id, command, &Actor::Connector, None).await.unwrap();
    }

    /// A copy of the policy in another folder, changed.
    fn next(&self, changes: &[(&str, &str)]) -> String {
        let text = fs::read_to_string(self.site.path("policy/all.toml")).unwrap();
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "no {from:?} in {text}");
            text.replacen(from, to, 1)
        };
        fs::create_dir_all(self.site.path("next")).unwrap();
        self.site.write("next/all.toml", &changes.iter().fold(text, change));
        self.site.path("next")
    }

    async fn replay(&self, more: &[&str]) -> Said {
        let config = self.site.config();
        jit(&[&["policy", "replay", "--config", &config], more].concat()).await
    }

    /// What would change under a policy, and how many would, would not, cannot be told.
    async fn judged(&self, policy: &str) -> (Vec<Value>, [u64; 3]) {
        let found = self.replay(&["--policy", policy, "--output", "json"]).await.is(0, &[]).json();
        let counts = ["changed", "unchanged", "cannot_be_told"].map(|key| found[key].as_u64().unwrap());
        assert_eq!(found["asked"], counts.iter().sum::<u64>(), "{found}");
        (found["requests"].as_array().unwrap().clone(), counts)
    }
}

fn plan(database: Option<String>) -> Plan {
    let carl = person("carl", "U0009", "manager = \"bob\"\naccounts = { orders = \"carl\" }");
    let vault = "[[rule]]\nname = \"high risk\"\nmatch = { risk = \"high\" }\nwho = [\"group:engineering\"]\n\
                 steps = [{ any = [\"manager\"] }, { any = [\"group:security\"] }]\n\n";
    Plan {
        database,
        crowd: 2,
        people: carl,
        roles: vault.to_owned()
            + &role("vault", "orders", "role = \"vault\"", "high")
            + &role("old-tool", "orders", "role = \"old\"", "low"),
        ..Plan::default()
    }
}

const MEDIUM: &str = "who = [\"group:engineering\"]\nsteps = [{ any = [\"manager\"] }]";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_would_change_is_listed_with_what_it_was_and_why(#[values(false, true)] postgres: bool) {
    let database = if postgres { Some(Postgres::shared().fresh_database().await) } else { None };
    let past = Past::of(plan(database)).await;
    past.asked(40, "alice", "other-medium for 1h").await;
    past.asked(10, "alice", "orders-low for 10m").await;
    let medium = past.asked(9, "p0", "orders-medium for 1h").await;
    past.says(9, "bob", &format!("approve {}", medium.short)).await;
    past.refused(8, "carl", "request orders-medium for 1h because the queue has to be drained").await;
    past.asked(7, "p1", "old-tool for 10m").await;
    past.asked(6, "p1", "orders-medium for 2h").await;
    past.asked(5, "alice", "orders-medium for 1h").await;
    past.refused(4, "p0", "request other-medium for 1h because \"asdf asdf asdf\"").await;
    past.asked(3, "p0", "vault for 1h").await;

    // Under the policy in force everything goes as it went.
    let unchanged = past.replay(&["--fail-on-change"]).await;
    assert!(
        unchanged.is(0, &[]).out.contains("8 asked since") && unchanged.out.contains(": 0 would change, 8 would not")
    );

    let people = fs::read_to_string(past.site.path("people.toml")).unwrap();
    let p1 = people.find("[[person]]\nid = \"p1\"").unwrap();
    let end = people[p1 + 1..].find("[[person]]").map_or(people.len(), |at| p1 + 1 + at);
    past.site.write("people.toml", &format!("{}{}", &people[..p1], &people[end..]));
    let old_tool = role("old-tool", "orders", "role = \"old\"", "low");
    let twice = "[[conflict]]\nname = \"one medium\"\nroles = [\"orders-medium\", \"other-medium\"]\n";
    let steps =
        "who = [\"group:engineering\", \"carl\"]\nsteps = [{ any = [\"manager\"] }, { any = [\"group:security\"] }]";
    let next = past.next(&[("up_to = \"30m\"", "up_to = \"5m\""), (MEDIUM, steps), (&old_tool, twice)]);

    let (found, counts) = past.judged(&next).await;
    assert_eq!(counts, [4, 2, 2], "{found:#?}");
    let line = |n: usize| {
        let Value::Object(one) = &found[n] else { panic!("{found:#?}") };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (was, now) = (&one["was"], one.get("now").unwrap_or(&Value::Null));
        [&one["requester"], &one["role"], &was["outcome"], &was["then"], &now["outcome"], &now["code"]].map(text)
    };
    assert_eq!(line(0), ["alice", "orders-low", "auto", "", "refused", "duration"]);
    assert_eq!(line(1), ["p0", "orders-medium", "approval", "approved by bob", "approval", ""]);
    assert_eq!(found[1]["now"]["approvers"], serde_json::json!([["bob"], ["sam"]]));
    assert_eq!(line(2), ["carl", "orders-medium", "refused", "", "approval", ""]);
    assert_eq!(line(3), ["p1", "old-tool", "auto", "", "", ""]);
    assert_eq!(found[3]["cannot_be_told"], "the policy has no role `old-tool`");
    assert_eq!(found[4]["cannot_be_told"], "`p1` is not in the directory any more");
    assert_eq!(line(5), ["alice", "orders-medium", "approval", "still undecided", "refused", "conflict"]);

    let said = past.replay(&["--policy", &next, "--fail-on-change"]).await;
    said.is(1, &["4 outcomes would change"]);
    for words in [
        "alice for orders-low, 10m (A-".to_owned(),
        "): was auto by the rule `low risk, at once`; now refused by the rule `low risk, at once` as `duration`"
            .to_owned(),
        format!(
            "p0 for orders-medium, 1h ({}): was approval by the rule `medium risk, one approval`, asking 1 of manager, approved \
             by bob; now approval by the rule `medium risk, one approval`, asking 1 of bob, then 1 of sam\n",
            medium.short
        ),
        "carl for orders-medium, 1h: was refused by the rule `medium risk, one approval` as `not-permitted`; now"
            .to_owned(),
        "`other-medium` is asked for as".to_owned(),
        "cannot be told: the policy has no role `old-tool`".to_owned(),
        ": 4 would change, 2 would not, 2 cannot be told\n".to_owned(),
    ] {
        assert!(said.out.contains(&words), "no {words:?} in {}", said.out);
    }
    assert!(!said.out.contains("drained"), "nobody's words: {}", said.out);
    // Only as far back as is asked for.
    let (found, counts) = {
        let found = past.replay(&["--policy", &next, "--since", "4d12h", "--output", "json"]).await.is(0, &[]).json();
        (found["requests"].clone(), found["asked"].as_u64())
    };
    assert_eq!((found.as_array().map(Vec::len), counts), (Some(0), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_open_and_live_then_counts_and_what_is_now_does_not() {
    let past = Past::of(plan(None)).await;
    let (one, two) =
        (past.asked(20, "p0", "orders-medium for 1h").await, past.asked(19, "p0", "other-medium for 1h").await);
    for access in [one, two] {
        past.says(18, "p0", &format!("cancel {}", access.short)).await;
    }
    past.asked(17, "p0", "orders-medium for 1h").await;

    let live = past.asked(10, "alice", "orders-low for 10m").await;
    let elevated = Command::Elevated { verified_at: past.clock.now(), native_until: None, handover: None };
    past.acts(&live, elevated).await;
    let more = "because the queue is longer than we thought";
    past.refused(10, "alice", &format!("extend {} for 25m {more}", live.short)).await;
    let Answer::Asked { access: child, .. } =
        past.says(10, "alice", &format!("extend {} for 15m {more}", live.short)).await
    else {
        panic!("an extension that policy allows");
    };
    past.clock.set(past.now - TimeDelta::days(9));
    for access in [*child, live] {
        let _ = past.says(9, "alice", &format!("done {}", access.short)).await;
        past.acts(&access, Command::Settled { proof: Proof::Gone { sessions_ended: 0 } }).await;
    }
    assert_eq!(past.judged(&past.site.path("policy")).await.1, [0, 6, 0]);

    // The second of the three was asked for while the first was open; the third when nothing was.
    let next = past.next(&[("max_simultaneous = 3", "max_simultaneous = 1")]);
    let (found, counts) = past.judged(&next).await;
    assert_eq!(
        (counts, &found[0]["role"], &found[0]["now"]["code"]),
        ([1, 5, 0], &"other-medium".into(), &"limit".into())
    );

    // Ten minutes and fifteen more are twenty-five in all; twenty-five more are thirty-five.
    let (found, counts) = past.judged(&past.next(&[("up_to = \"30m\"", "up_to = \"20m\"")])).await;
    assert_eq!((counts, &found[0]["extension"]), ([1, 5, 0], &true.into()), "{found:#?}");
    assert!(found[0]["now"]["what"].as_str().unwrap().contains("only up to 20m in all"), "{found:#?}");
    let (found, counts) = past.judged(&past.next(&[("up_to = \"30m\"", "up_to = \"40m\"")])).await;
    assert_eq!(
        (counts, &found[0]["was"]["code"], &found[0]["now"]["outcome"]),
        ([1, 5, 0], &"duration".into(), &"auto".into())
    );
}

/// A rotation approves, and an incident does; the past is judged with those who were on call then, not with whoever is now.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_on_call_then_is_on_call_when_it_is_judged_again() {
    let on_call = |name: &str, more: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nmatch = {{ risk = \"medium\" }}\nwho = [\"oncall:pd/P1\"]\n\
             auto_approve = {{ up_to = \"1h\"{more} }}\n\n"
        )
    };
    let plan = plan(None);
    let more = "[oncall.pd]\nkind = \"pagerduty\"\ntoken = \"t\"\n".to_owned();
    let rules = on_call("on call", "") + &on_call("in an incident", ", require_incident = \"pd/S1\"");
    let past = Past::of(Plan { more, roles: rules + &plan.roles, ..plan }).await;
    let in_force = &past.app.dispatch.in_force;
    let now = |on: Option<&[&str]>, open: bool| {
        let people = |ids: &[&str]| ids.iter().map(|id| PersonId::new(*id)).collect();
        let incident = Incident { id: "I1".to_owned(), title: "#1".to_owned(), channel: None };
        let rotations = on.map(|ids| ("pd/P1".to_owned(), people(ids))).into_iter().collect();
        in_force.set_oncall(&rotations, &[("pd/S1".to_owned(), vec![incident; usize::from(open)])].into());
    };
    now(Some(&["p0"]), true);
    let auto = past.asked(10, "p0", "orders-medium for 1h").await;
    assert!(auto.route.is_auto());
    past.asked(9, "p1", "orders-medium for 1h").await;
    now(Some(&["p1"]), false);
    past.asked(8, "p1", "other-medium for 1h").await;
    now(None, false);
    past.asked(7, "alice", "orders-medium for 1h").await;
    past.refused(6, "carl", "request orders-medium for 1h because the queue has to be drained").await;
    // Today somebody else is.
    now(Some(&["alice", "carl"]), false);
    assert_eq!(past.judged(&past.site.path("policy")).await.1, [0, 5, 0], "as it went then");

    // Whoever is on call has to be in an incident: one was open when p0 asked, none when p1 did.
    let (found, counts) = past.judged(&past.next(&[(&on_call("on call", ""), "")])).await;
    assert_eq!(counts, [1, 4, 0], "{found:#?}");
    let outcomes =
        |one: &Value| [&one["requester"], &one["was"]["outcome"], &one["now"]["outcome"]].map(Value::to_string);
    assert_eq!(outcomes(&found[0]), ["\"p1\"", "\"auto\"", "\"approval\""]);

    // Carl was not on call when he was refused, and nobody knows who was on another rotation.
    let (found, counts) = past.judged(&past.next(&[("oncall:pd/P1", "oncall:pd/P2")])).await;
    assert_eq!((found.len(), counts), (1, [0, 4, 1]), "{found:#?}");
    assert_eq!(found[0]["cannot_be_told"], "the policy asks who was on call, which is not in the record");
    let everybody = past.next(&[("who = [\"oncall:pd/P1\"]", "who = [\"group:engineering\"]"), ("1h\"", "59m\"")]);
    assert_eq!(past.judged(&everybody).await.1[2], 0, "what was asked then can be told");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_are_read_and_nothing_is_written() {
    const MANY: usize = 240;
    let past = Past::of(plan(None)).await;
    for n in 0..MANY {
        let who = ["p0", "p1", "alice"][n % 3];
        let access = past.asked(10, who, "orders-medium for 1h").await;
        past.says(10, who, &format!("cancel {}", access.short)).await;
    }
    let bytes = || ["jit.db", "jit.db-wal"].map(|name| fs::read(past.site.path(name)).unwrap());
    let before = bytes();
    let next = past.next(&[(MEDIUM, "who = [\"group:engineering\"]\nsteps = [{ any = [\"bob\"] }]")]);
    let (found, counts) = past.judged(&next).await;
    assert_eq!((found.len(), counts), (MANY, [MANY as u64, 0, 0]));
    assert!(found.iter().all(|one| one["was"]["then"] == "withdrawn before it was decided"));
    assert!(bytes() == before, "the database is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_any_more_is_said_and_not_guessed() {
    let past = Past::of(plan(None)).await;
    let access = past.asked(10, "alice", "orders-medium for 1h").await;
    past.refused(9, "alice", "request other-medium for 1h because \"asdf asdf asdf\"").await;
    let store = &past.app.dispatch.store;
    let refused = store.latest("refused").await.unwrap().unwrap().1;
    // As versions recorded it that did not keep what was asked for.
    let Event::Refused { code, verb, subject, rule, .. } = refused.event.clone() else { panic!("{refused:?}") };
    let event = Event::Refused { code, verb, subject, rule, words: None, attempt: None };
    store.record(EventRecord { event, ..refused.clone() }, None).await.unwrap();
    // As it is while new access is frozen.
    let Event::Refused { verb, subject, words, attempt, .. } = refused.event.clone() else { panic!("{refused:?}") };
    let event = Event::Refused { code: "frozen".to_owned(), verb, subject, rule: None, words, attempt };
    store.record(EventRecord { event, ..refused }, None).await.unwrap();
    let (found, counts) = past.judged(&past.site.path("policy")).await;
    let why: Vec<&str> = found.iter().map(|one| one["cannot_be_told"].as_str().unwrap()).collect();
    assert_eq!(counts, [0, 2, 2]);
    assert_eq!(
        why,
        ["what was asked for is not in the record of that time", "new access was frozen then, which no policy says"]
    );

    // Words that were erased passed then, so they pass.
    assert!(store.erase_texts(access.id).await.unwrap() > 0);
    assert_eq!(past.judged(&past.site.path("policy")).await.1, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_databases_folders_and_durations_are_said() {
    let site = Site::new().await;
    let config = site.config();
    let replay = async |more: &[&str]| jit(&[&["policy", "replay", "--config", &config], more].concat()).await;
    replay(&[]).await.is(2, &["there is no database", "jit.db", "--config"]);
    assert!(!fs::exists(site.path("jit.db")).unwrap(), "none was made");
    jit(&["migrate", "--config", &config]).await.is(0, &[]);
    assert!(replay(&[]).await.is(0, &[]).out.starts_with("0 asked since "));
    replay(&["--since", "soon"]).await.is(2, &["--since", "`soon` is not a duration"]);
    replay(&["--policy", &site.path("nowhere")]).await.is(2, &["nowhere"]);
    fs::create_dir_all(site.path("next")).unwrap();
    site.write("next/all.toml", "[[rule]]\nnam = \"x\"\n");
    replay(&["--policy", &site.path("next")]).await.is(2, &["next/all.toml:2:1", "did you mean `name`?"]);

    fs::write(site.path("other.db"), "").unwrap();
    site.edit("jit.toml", "jit.db", "other.db");
    replay(&[]).await.is(2, &["other.db", "jit migrate"]);
    assert_eq!(fs::read(site.path("other.db")).unwrap(), b"", "it was not touched");
}

/// What the source said then is in the record, and counts; what it was never asked cannot be told.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_as_it_was_found_then() {
    const TERMS: &str = "ticket = \"optional\"\nticket_open = true\n";
    let more = "[tickets.file]\npattern = \"OPS-*\"\npath = \"tickets.toml\"\n".to_owned();
    let plan = Plan { more: more.clone(), ..plan(None) };
    let site_files = |site: &Site| site.write("tickets.toml", "");
    jit_bot::install_crypto();
    let site = Site::of(plan).await;
    site_files(&site);
    site.edit("policy/all.toml", MEDIUM, &format!("{MEDIUM}\n{TERMS}"));
    let now = Utc::now();
    let clock = VirtualClock::new(now);
    let config = Config::load(site.config().as_ref()).unwrap();
    let app = App::build(&config, Clock::Virtual(clock.clone())).await.unwrap();
    let past = Past { site, app, clock, now };
    let found = |open| {
        let assignee = Some(Assignee { name: "Bob".to_owned(), person: Some("bob".into()) });
        Finding::Ticket(Ticket { title: "Orders".to_owned(), status: "x".to_owned(), open, assignee })
    };
    let asked = async |days, who: &'static str, finding: Option<Finding>| {
        let access = past.asked(days, who, "orders-medium for 1h ticket OPS-12").await;
        if let (Some(finding), Some(demand)) = (finding, &access.route.ticket) {
            past.acts(&access, Command::TicketLooked { ticket: demand.ticket.clone(), finding }).await;
        }
        past.app.dispatch.store.access(access.id).await.unwrap().unwrap()
    };
    let went = asked(9, "p0", Some(found(true))).await;
    assert_eq!(went.state_name(), "pending");
    assert_eq!(asked(8, "p1", Some(found(false))).await.state_name(), "closed");
    let unchanged = past.replay(&["--fail-on-change"]).await;
    assert!(unchanged.is(0, &[]).out.contains(": 0 would change, 2 would not"), "{unchanged:?}");
    // Somebody else's ticket, says the next policy of what went its way; and of the refused one that anything will do.
    let assigned = past.next(&[("ticket_open = true", "ticket_assigned = true")]);
    let (requests, counts) = past.judged(&assigned).await;
    assert_eq!(counts, [1, 1, 0], "{requests:#?}");
    assert_eq!((requests[0]["requester"].as_str(), requests[0]["now"]["code"].as_str()), (Some("p0"), Some("ticket")));
    let none = past.next(&[(TERMS, "")]);
    let (requests, counts) = past.judged(&none).await;
    assert_eq!(counts, [1, 1, 0], "{requests:#?}");
    assert_eq!(
        (requests[0]["was"]["outcome"].as_str(), requests[0]["now"]["outcome"].as_str()),
        (Some("refused"), Some("approval"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_together_is_judged_together() {
    let past = Past::of(plan(None)).await;
    past.asked(9, "alice", "orders-medium and vault for 1h").await;
    past.asked(8, "p0", "orders-low, other-low for 10m").await;
    let four = "request orders-medium, other-medium, orders-low, vault for 10m because the queue has to be drained";
    past.refused(7, "p1", four).await;
    assert_eq!(past.judged(&past.site.path("policy")).await.1, [0, 3, 0]);

    let old_tool = role("old-tool", "orders", "role = \"old\"", "low");
    let lows = "[[conflict]]\nname = \"one low\"\nroles = [\"orders-low\", \"other-low\"]\n";
    let next = past.next(&[(&old_tool, lows), ("max_simultaneous = 3", "max_simultaneous = 4")]);
    let (found, counts) = past.judged(&next).await;
    assert_eq!(counts, [2, 1, 0], "{found:#?}");
    assert_eq!((&found[0]["role"], &found[0]["now"]["code"]), (&"orders-low, other-low".into(), &"conflict".into()));
    let (role, now) = (&found[1]["role"], &found[1]["now"]["outcome"]);
    assert_eq!((role, now), (&"orders-medium, other-medium, orders-low, vault".into(), &"approval".into()));
    let said = past.replay(&["--policy", &next]).await;
    assert!(said.is(0, &[]).out.contains("p0 for orders-low, other-low, 10m (A-"), "{}", said.out);
}
