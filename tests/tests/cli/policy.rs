//! `jit policy check` and `explain`.

use jit_tests::site::person;

use crate::program::jit;
use crate::site::{Plan, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_policy_is_said_to_be_sound() {
    let site = Site::new().await;
    let said = jit(&["policy", "check", "--config", &site.config()]).await;
    said.is(0, &[]);
    assert!(said.out.contains("sound: 4 roles, 2 rules, 3 people"), "{said:?}");
    let found = jit(&["policy", "check", "--config", &site.config(), "--output", "json"]).await.is(0, &[]).json();
    assert_eq!((&found["sound"], &found["roles"]), (&true.into(), &4.into()));
    assert_eq!(found["hash"].as_str().map(str::len), Some(64), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_have_file_line_and_the_nearest_name() {
    let site = Site::new().await;
    site.edit("policy/all.toml", "auto_approve", "auto_aprove");
    let place = format!("{}:5:", site.path("policy/all.toml"));
    let words = [place.as_str(), "auto_aprove", "did you mean `auto_approve`?"];
    jit(&["policy", "check", "--config", &site.config()]).await.is(2, &words);
    jit(&["serve", "--config", &site.config()]).await.is(2, &words);
    let said = jit(&["policy", "check", "--config", &site.config(), "--output", "json"]).await;
    let found = said.is(2, &words).json();
    assert_eq!(found["sound"], false);
    let problems = found["problems"].as_array().unwrap();
    let problem = problems.iter().find(|problem| problem["line"] == 5).unwrap_or_else(|| panic!("{found}"));
    assert_eq!(problem["file"], site.path("policy/all.toml"));
    assert_eq!(problem["hint"], "did you mean `auto_approve`?");

    site.edit("policy/all.toml", "auto_aprove", "auto_approve");
    site.edit("people.toml", "manager", "managr");
    let place = format!("{}:6:", site.path("people.toml"));
    jit(&["policy", "check", "--config", &site.config()]).await.is(2, &[&place, "did you mean `manager`?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_reads_well_and_proves_wrong_is_a_failed_check() {
    let site = Site::new().await;
    // Nobody is left who could agree to medium risk.
    site.edit("people.toml", "manager = \"bob\"\n", "");
    let said = jit(&["policy", "check", "--config", &site.config()]).await;
    said.is(1, &[&site.path("policy/all.toml")]);
    jit(&["serve", "--config", &site.config()]).await.is(2, &[&site.path("policy/all.toml")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_have_a_source_and_a_file_s_are_known_by_name() {
    let more = "[oncall.file]\npath = \"rotations.toml\"\n".to_owned();
    let rule = "[[rule]]\nname = \"on call\"\nmatch = { risk = \"medium\" }\nwho = [\"oncall:file/orders\"]\nauto_approve = { up_to = \"1h\" }\n\n";
    let site = Site::of(Plan { more, roles: rule.to_owned(), ..Plan::default() }).await;
    let (config, rotations) = (site.config(), site.path("rotations.toml"));
    let check = async || jit(&["policy", "check", "--config", &config]).await;
    check().await.is(2, &[&rotations, "cannot be read"]);
    site.write("rotations.toml", "[[rotation]]\nname = \"orders\"\npeople = [\"alice\"]\n");
    check().await.is(0, &[]);
    site.edit("rotations.toml", "alice", "alcie");
    check().await.is(2, &[&format!("{rotations}:2:"), "no person `alcie`", "did you mean `alice`?"]);
    site.edit("rotations.toml", "alcie", "alice");
    site.edit("policy/all.toml", "oncall:file/orders", "oncall:file/ordres");
    check().await.is(1, &[&site.path("policy/all.toml"), "no rotation `ordres`", "did you mean `orders`?"]);
    site.edit("policy/all.toml", "oncall:file/ordres", "oncall:fiel/orders");
    check().await.is(1, &["no source of rotations `fiel`", "did you mean `oncall:file/orders`?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_who_gets_what_and_corrects_names() {
    let site = Site::new().await;
    let config = site.config();
    let explain = |person: &'static str, role: &'static str| {
        let config = config.clone();
        async move {
            jit(&["policy", "explain", "--config", &config, "--person", person, "--role", role, "--output", "json"])
                .await
        }
    };
    let found = explain("alice", "orders-medium").await.is(0, &[]).json();
    assert_eq!(found["allowed"], true, "{found}");
    assert!(found["lines"].to_string().contains("bob"), "{found}");
    let found = explain("sam", "orders-medium").await.is(0, &[]).json();
    assert_eq!(found["allowed"], false, "{found}");
    explain("alcie", "orders-medium").await.is(2, &["--person", "did you mean `alice`?"]);
    explain("alice", "orders-medum").await.is(2, &["orders-medum", "`orders-medium`"]);
}

const BY_TICKET: &str = r#"[[rule]]
name = "by ticket"
match = { roles = ["orders-medium"] }
who = ["erin"]
steps = [{ any = ["group:security"] }]
ticket = "required"
ticket_open = true
ticket_assigned = true
end_with_ticket = true

"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_tickets_decide_needs_a_source_and_explain_asks_it() {
    let erin = person("erin", "U0009", "manager = \"bob\"\naccounts = { orders = \"erin\" }");
    let site = Site::of(Plan { roles: BY_TICKET.to_owned(), people: erin, ..Plan::default() }).await;
    let config = site.config();
    let check = async || jit(&["policy", "check", "--config", &config]).await;
    let (rules, tickets) = (site.path("policy/all.toml"), site.path("tickets.toml"));
    check().await.is(1, &[&rules, "`ticket_open` needs a source of tickets", "[tickets.jira]"]);
    let text = std::fs::read_to_string(&config).unwrap();
    site.write("jit.toml", &format!("{text}\n[tickets.file]\npattern = \"OPS-*\"\npath = \"tickets.toml\"\n"));
    check().await.is(2, &[&tickets, "cannot be read"]);
    site.write("tickets.toml", "[[ticket]]\nid = \"OPS-12\"\nstatus = \"open\"\nassignee = \"ern\"\n");
    check().await.is(2, &[&format!("{tickets}:1:"), "no person `ern`", "did you mean `erin`?"]);
    site.edit("tickets.toml", "\"ern\"", "\"erin\"");
    check().await.is(0, &[]);
    site.edit("policy/all.toml", "ticket = \"required\"", "ticket = \"none\"");
    check().await.is(2, &[&rules, "`ticket_open` contradicts `ticket = \"none\"`"]);
    site.edit("policy/all.toml", "ticket = \"none\"", "ticket = \"required\"");

    let explain = async |ticket: &str| {
        let args = ["policy", "explain", "--config", &config, "--person", "erin", "--role", "orders-medium"];
        let found = jit(&[args.as_slice(), &["--ticket", ticket, "--output", "json"]].concat()).await.is(0, &[]).json();
        (found["allowed"].as_bool().unwrap(), found["lines"].to_string())
    };
    let (allowed, lines) = explain("OPS-12").await;
    assert!(
        allowed && lines.contains("With a ticket that is open") | lines.contains("with a ticket that is open"),
        "{lines}"
    );
    for (ticket, says) in
        [("OPS-13", "`file` has no ticket `OPS-13`"), ("HR-1", "`HR-1` is the id of no ticket that can be looked up")]
    {
        let (allowed, lines) = explain(ticket).await;
        assert!(!allowed && lines.contains(says), "{lines}");
    }
    site.edit("tickets.toml", "\"open\"", "\"closed\"");
    let (allowed, lines) = explain("OPS-12").await;
    assert!(
        !allowed && lines.contains("the ticket `OPS-12` is closed") | lines.contains("The ticket `OPS-12` is closed"),
        "{lines}"
    );
}
