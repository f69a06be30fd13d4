//! Tickets: looked up before anybody is asked, refused where they are not as the rule demands or cannot be known, and the access ends when
//! they are closed. A source that is down, slow or answers nonsense gives nothing and ends nothing; an emergency waits for none.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use jit_bot::config::Config;
use jit_bot::tickets::Tickets;
use jit_core::directory::parse_people;
use jit_core::ticket::{Finding, TicketId};
use jit_tests::servers::{ATicket, Mood, TicketProvider};
use jit_tests::site::{Configuration, person};
use jit_tests::world::{Backend, World};
use rstest::rstest;

const RULE: &str = "name = \"medium risk, one approval\"\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// The rule of `orders-write` goes by tickets in every way.
async fn world(backend: Backend) -> World {
    let world = World::start(backend).await;
    let terms = "ticket = \"required\"\nticket_open = true\nticket_assigned = true\nend_with_ticket = true\n";
    world.edit("policy/rules.toml", RULE, &format!("{RULE}{terms}")).await;
    world
}

async fn asks(world: &World, ticket: &str) -> String {
    let line = format!("/jit request orders-write for 30m ticket {ticket} because orders hang since the release");
    world.says("alice", "#access", &line).await
}

/// Time goes on until something is no longer held.
async fn is_taken(world: &World) {
    let end = std::time::Instant::now() + PATIENCE;
    while world.holds("orders-db", "alice", "app_write") {
        assert!(std::time::Instant::now() < end, "it is still held:\n{}", world.conversation("alice"));
        world.passes(TimeDelta::seconds(10)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Time goes on, and the provider is asked again so often.
async fn asked_again(world: &World, times: usize) {
    let end = std::time::Instant::now() + PATIENCE;
    let goal = world.tickets.asked().len() + times;
    while world.tickets.asked().len() < goal {
        assert!(std::time::Instant::now() < end, "the provider is not asked again");
        world.passes(TimeDelta::seconds(10)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[rstest]
#[case(Backend::Embedded, "OPS-12")]
#[case(Backend::Scaled, "OPS-12")]
#[case(Backend::Sockets, "INC0010001")]
#[case(Backend::Embedded, "INC0010001")]
#[tokio::test(flavor = "multi_thread")]
async fn an_open_ticket_of_one_s_own_lets_it_go_its_way_until_it_is_closed(
    #[case] backend: Backend,
    #[case] ticket: &str,
) {
    let world = world(backend).await;
    world
        .tickets
        .set(ATicket { title: "Orders are stuck <!channel>".to_owned(), ..ATicket::open(ticket, "alice@acme.test") });
    let answer = asks(&world, ticket).await;
    assert!(answer.contains(&format!("Checking ticket {ticket}")) && !answer.contains("Bob"), "{answer}");
    let card = world.sees("bob", "Orders are stuck").await.readable();
    for part in ["In Progress", "assigned to Somebody"] {
        assert!(card.contains(part), "{part}: {card}");
    }
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.presses("bob", "Approve").await;
    world.sees("alice", "live: Orders database, write").await;
    world.sees("alice", &format!("It is taken back when {ticket} is closed")).await;
    world.idle().await;
    assert!(world.holds("orders-db", "alice", "app_write"));

    // What is said of it again and again ends nothing while it is open.
    asked_again(&world, 2).await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    world.tickets.close(ticket);
    is_taken(&world).await;
    world.sees("alice", &format!("The ticket {ticket} is closed")).await;
    world.channel_sees("#access", &format!("The ticket {ticket} is closed")).await;
    let refused = asks(&world, ticket).await;
    assert!(refused.contains("Checking ticket"), "{refused}");
    world.sees("alice", &format!("The ticket {ticket} is closed (“")).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_the_rule_demands_is_refused_and_nobody_is_asked() {
    let world = world(Backend::Embedded).await;
    world.tickets.set(ATicket { closed: true, ..ATicket::open("OPS-1", "alice@acme.test") });
    world.tickets.set(ATicket::open("OPS-2", "carl@contractor.test"));
    world.tickets.set(ATicket { assignee: None, ..ATicket::open("OPS-3", "") });
    world.tickets.set(ATicket { assignee: Some(("u-unknown".to_owned(), None)), ..ATicket::open("OPS-4", "") });
    for (ticket, says) in [
        ("OPS-1", "The ticket OPS-1 is closed (“Done”)"),
        ("OPS-2", "The ticket OPS-2 is assigned to Carl Cole"),
        ("OPS-3", "The ticket OPS-3 is assigned to nobody"),
        ("OPS-4", "The ticket OPS-4 is assigned to “Somebody (u-unknown)”, who is nobody known here"),
        ("OPS-5", "jira has no ticket OPS-5"),
        ("INC5", "servicenow has no ticket INC5"),
    ] {
        let answer = asks(&world, ticket).await;
        assert!(answer.contains("Checking ticket"), "{answer}");
        world.sees("alice", says).await;
        world.idle().await;
    }
    // Whose id nobody knows is refused at once, and gets into no address.
    let asked = world.tickets.asked().len();
    for hostile in ["HR-1", "OPS-1/../../myself", "OPS-1?expand=x", "INC1^ORnumber=INC2", "\"OPS-1 OPS-2\"", "..%2f"] {
        let answer = asks(&world, hostile).await;
        assert!(answer.contains("is the id of no ticket that can be looked up"), "{hostile}: {answer}");
    }
    let none = world.says("alice", "#access", "/jit request orders-write for 30m because orders hang since noon").await;
    assert!(none.contains("no ticket is named") || none.contains("No ticket is named"), "{none}");
    assert_eq!(world.tickets.asked().len(), asked, "{:?}", world.tickets.asked());

    // By the configuration somebody whose address is not shown is known.
    world.tickets.set(ATicket { assignee: Some(("u-hidden".to_owned(), None)), ..ATicket::open("OPS-6", "") });
    asks(&world, "OPS-6").await;
    world.button("bob", "Approve").await;
    world.presses("alice", "Cancel request").await;
    assert!(!world.saw("bob", "OPS-1") && !world.saw("bob", "OPS-5"), "nobody is asked about what is refused");
    world.end().await;
}

#[rstest]
#[case(Mood::Hangs, "did not answer within 5 s")]
#[case(Mood::Refuses(500, None), "did not answer within 5 s")]
#[case(Mood::Refuses(429, Some(60)), "answers 429: it is asked too often")]
#[case(Mood::Refuses(401, None), "answers 401")]
#[case(Mood::Says("<html>We'll be back soon</html>".to_owned()), "answers with something else than was asked for")]
#[tokio::test(flavor = "multi_thread")]
async fn a_source_in_trouble_gives_nothing_and_ends_nothing(#[case] mood: Mood, #[case] says: &str) {
    let world = world(Backend::Embedded).await;
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    asks(&world, "OPS-12").await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live: Orders database, write").await;
    world.idle().await;
    world.tickets.close("OPS-12");
    world.tickets.behaves(mood);
    asked_again(&world, 1).await;
    world.passes(TimeDelta::seconds(20)).await;
    assert!(world.holds("orders-db", "alice", "app_write"), "it ends nothing");
    world.presses("alice", "I'm done").await;
    world.idle().await;

    let asked = world.tickets.asked().len();
    let answer = asks(&world, "OPS-12").await;
    assert!(answer.contains("Checking ticket OPS-12"), "{answer}");
    let end = std::time::Instant::now() + PATIENCE;
    while world.tickets.asked().len() == asked {
        assert!(std::time::Instant::now() < end, "the provider is not asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.passes(TimeDelta::seconds(5)).await;
    world.sees("alice", says).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_gone_ends_nothing_and_several_accesses_are_one_question() {
    let world = world(Backend::Embedded).await;
    world.tickets.set(ATicket { assignee: Some(("u-hidden".to_owned(), None)), ..ATicket::open("OPS-12", "") });
    asks(&world, "OPS-12").await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live: Orders database, write").await;
    world.idle().await;
    // An extension for the same ticket, and the two are one question.
    let more = world.says("alice", "#access", "/jit mine").await;
    let id = more.split_whitespace().find(|word| word.starts_with("A-")).expect("its id").to_owned();
    let answer = world.says("alice", "#access", &format!("/jit extend {id} for 30m because it takes longer")).await;
    assert!(answer.contains("Checking ticket OPS-12"), "{answer}");
    world.presses("bob", "Approve").await;
    world.idle().await;
    let before = world.tickets.asked().len();
    world.passes(TimeDelta::seconds(10)).await;
    asked_again(&world, 1).await;
    let looked = world.tickets.asked().len() - before;
    assert!(looked <= 3, "{looked} questions in two or three rounds for two accesses");
    world.tickets.forget("OPS-12");
    asked_again(&world, 1).await;
    assert!(world.holds("orders-db", "alice", "app_write"), "what is gone is not said to be closed");
    world.passes(TimeDelta::hours(2)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "it ends by itself");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_later_start_looks_again_and_what_is_closed_by_then_does_not_begin(#[case] backend: Backend) {
    let world = world(backend).await;
    // Without the end with the ticket, only its start asks.
    world.edit("policy/rules.toml", "end_with_ticket = true\n", "").await;
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    let later = "/jit request orders-write for 30m ticket OPS-12 at 12:00 because the release needs a data repair";
    world.says("alice", "#access", later).await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "Scheduled: Orders database, write").await;
    world.idle().await;
    world.tickets.close("OPS-12");
    world.passes(TimeDelta::hours(3)).await;
    world.sees("alice", "could not start when its time came").await;
    world.sees("alice", "The ticket OPS-12 is closed").await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    let later = "/jit request orders-write for 30m ticket OPS-12 at 13:00 because the release needs a data repair";
    world.says("alice", "#access", later).await;
    world.presses("bob", "Approve").await;
    world.sees("bob", "Approved, scheduled").await;
    world.idle().await;
    world.passes(TimeDelta::hours(1)).await;
    let end = std::time::Instant::now() + PATIENCE;
    while !world.holds("orders-db", "alice", "app_write") {
        assert!(std::time::Instant::now() < end, "it does not begin:\n{}", world.conversation("alice"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.idle().await;
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"));
    world.end().await;
}

/// Whatever is down when somebody has to act at three in the morning keeps them from nothing, and the reviewers are told what was not known.
#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_waits_for_no_ticket_no_rotation_and_no_redis() {
    let mut world = world(Backend::Scaled).await;
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    world.tickets.behaves(Mood::Hangs);
    world.oncall.behaves(Mood::Hangs);
    world.passes(TimeDelta::minutes(11)).await;
    world.on_call("pagerduty/PORDERS", None).await;
    world.loses_redis();
    let waits = asks(&world, "OPS-12").await;
    assert!(waits.contains("Checking ticket OPS-12"), "{waits}");
    let asked = world.tickets.asked().len();
    world
        .says("alice", "#access", "/jit emergency orders-write for 30m because checkout is down, the locks must go")
        .await;
    world
        .submits(
            "alice",
            &[("role", "orders-write"), ("duration", "30m"), ("reason", "checkout is down, the locks must go")],
        )
        .await;
    let end = std::time::Instant::now() + PATIENCE;
    while !world.holds("orders-db", "alice", "app_write") {
        assert!(std::time::Instant::now() < end, "it is not given:\n{}", world.conversation("alice"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let card = world.channel_sees("#security", "Not known when it was taken").await.readable();
    for part in ["whether there is an open ticket", "who is on call by pagerduty/PORDERS"] {
        assert!(card.contains(part), "{part}: {card}");
    }
    assert!(!world.saw("bob", "locks must go"), "nobody is asked");
    let for_it = world.tickets.asked().split_off(asked);
    assert!(for_it.len() <= 2, "only what waits for its ticket is looked up, and it is for ever under way: {for_it:?}");
    world.passes(TimeDelta::seconds(5)).await;
    world.sees("alice", "did not answer within 5 s").await;
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "alice", "app_write"), "it ends as ever");
    let bypass = world.channel_sees("#security", "Emergency bypass: Alice Ames took").await;
    world.press_on("sam", "C0002", &bypass.ts, "Justified…").await;
    world.submits("sam", &[("reason", "statements match the incident")]).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_s_ticket_ends_it_when_it_is_closed_there() {
    let world = world(Backend::Embedded).await;
    asks(&world, "DB-7").await;
    world.sees("bob", "Orders index is broken").await;
    world.presses("bob", "Approve").await;
    world.sees("alice", "live: Orders database, write").await;
    world.idle().await;
    let path = world.file("tickets.toml");
    let sound = std::fs::read_to_string(&path).expect("the file is there");
    // Whoever looks after the service hears of a broken one, which ends nothing.
    std::fs::write(&path, sound.replace("alice", "alcie")).expect("it can be written");
    world.channel_sees("#security", "no person `alcie`").await;
    assert!(world.holds("orders-db", "alice", "app_write"));
    std::fs::write(&path, sound.replace("\"open\"", "\"closed\"")).expect("it can be written");
    is_taken(&world).await;
    world.sees("alice", "The ticket DB-7 is closed in file").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_s_preview_looks_nothing_up_and_why_names_what_it_takes() {
    let world = world(Backend::Embedded).await;
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    let why = world.says("alice", "#access", "/jit why orders-write").await;
    assert!(
        why.contains(
            "with a ticket that is open and is assigned to whoever asks or gets it, and only until that is closed"
        ),
        "{why}"
    );
    world.says("alice", "#access", "/jit request orders-write for 30m ticket OPS-12").await;
    let view = world.chat.wait_for(|chat| chat.open_view("U0001"), PATIENCE).await.expect("the form opens");
    let text = serde_json::Value::from(view.blocks().to_vec()).to_string();
    assert!(text.contains("The ticket will be checked first: ") && text.contains("OPS-12 in jira"), "{text}");
    assert_eq!(world.tickets.asked(), Vec::<String>::new());
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_looks_again(#[case] backend: Backend) {
    let mut world = world(backend).await;
    world.tickets.set(ATicket::open("OPS-12", "alice@acme.test"));
    world.tickets.behaves(Mood::Hangs);
    asks(&world, "OPS-12").await;
    world.sees("alice", "Checking ticket OPS-12").await;
    world.stop().await;
    world.tickets.behaves(Mood::Well);
    world.start_again().await;
    world.button("bob", "Approve").await;
    world.presses("alice", "Cancel request").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_provider_answers_is_understood_or_refused_in_four_seconds() {
    jit_bot::install_crypto();
    let provider = TicketProvider::start().await;
    let text = Configuration { more: provider.configuration(), ..Configuration::default() }.text();
    let config = Config::parse(&text, "jit.toml", Path::new(""), &|_| None).expect("sound");
    let tickets = Tickets::of(&config).expect("sources");
    let people = person("alice", "U0001", "") + &person("bob", "U0002", "");
    let directory = parse_people("people.toml", &people, None).expect("sound");
    let id = |source: &str, id: &str| TicketId { source: source.to_owned(), id: id.to_owned() };
    let both = [id("jira", "OPS-12"), id("servicenow", "INC0010001")];
    for ticket in &both {
        assert_eq!(tickets.look(ticket, &directory).await, Ok(Finding::Missing));
        let long = "x".repeat(4000) + "\n<b>";
        provider.set(ATicket { title: long, ..ATicket::open(&ticket.id, "ALICE@acme.test") });
        let found = tickets.look(ticket, &directory).await.expect("it is there");
        let found = found.ticket().expect("a ticket");
        let assignee = found.assignee.as_ref().expect("somebody's");
        assert_eq!((found.open, found.title.chars().count()), (true, 120));
        assert_eq!(
            (assignee.person.as_ref().map(|id| id.as_str()), found.status.as_str()),
            (Some("alice"), "In Progress")
        );
        provider.close(&ticket.id);
        let closed = tickets.look(ticket, &directory).await.expect("it is there");
        assert!(!closed.ticket().expect("a ticket").open);
        assert!(tickets.check(&ticket.source).await.is_ok());
    }
    let other_issue =
        "{\"key\":\"OPS-13\",\"fields\":{\"status\":{\"name\":\"x\",\"statusCategory\":{\"key\":\"new\"}}}}";
    let other_record = "{\"result\":[{\"number\":{\"value\":\"INC2\"},\"state\":{\"value\":\"1\"}}]}";
    for (mood, outcome, words, wait) in [
        (Mood::Refuses(500, None), "failed", "answers 500", None),
        (Mood::Refuses(302, None), "failed", "answers 302", None),
        (Mood::Refuses(401, None), "refused", "the token is not valid", None),
        (Mood::Refuses(403, None), "refused", "the token is not valid", None),
        (Mood::Refuses(429, Some(30)), "rate-limited", "asked too often", Some(30)),
        (Mood::Says("<html>".to_owned()), "nonsense", "something else than was asked for", None),
        (Mood::Says("{}".to_owned()), "nonsense", "something else than was asked for", None),
        (Mood::Says("[".repeat(2_000_000)), "nonsense", "more than 1048576 bytes", None),
        (Mood::Hangs, "unreachable", "does not answer within 4 s", None),
    ] {
        provider.behaves(mood.clone());
        for ticket in &both {
            let error = tickets.look(ticket, &directory).await.expect_err("it is ill");
            assert_eq!((error.outcome, error.wait), (outcome, wait.map(Duration::from_secs)), "{mood:?}");
            assert!(error.what.contains(words) && !error.what.contains("hunter2"), "{error}");
        }
    }
    for (ticket, answer) in both.iter().zip([other_issue, other_record]) {
        provider.behaves(Mood::Says(answer.to_owned()));
        let error = tickets.look(ticket, &directory).await.expect_err("it is another ticket");
        assert_eq!(
            (error.outcome, error.what.as_str()),
            ("nonsense", "answers with another ticket than the one asked for")
        );
    }
    provider.behaves(Mood::Says("{\"result\":[]}".to_owned()));
    assert_eq!(tickets.look(&both[1], &directory).await, Ok(Finding::Missing));
    let error = tickets.look(&id("trello", "OPS-12"), &directory).await.expect_err("there is no such source");
    assert_eq!(error.outcome, "refused");
}
