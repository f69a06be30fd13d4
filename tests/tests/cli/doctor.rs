//! `jit doctor`: tells each thing that is wrong, how to mend it, and nothing that is not.

use chrono::TimeDelta;
use jit_tests::servers::{
    Mood, OnCall, OncallProvider, PgBouncer, Postgres, Redis, TICKET_TOKEN, TicketProvider, free_port,
};
use jit_tests::site::role;
use serde_json::Value;

use crate::program::{Said, jit};
use crate::site::{Plan, Site};

/// A site with its database made.
async fn site(plan: Plan) -> Site {
    let site = Site::of(plan).await;
    jit(&["migrate", "--config", &site.config()]).await.is(0, &[]);
    site
}

async fn doctor(site: &Site) -> Said {
    jit(&["doctor", "--config", &site.config(), "--output", "json"]).await
}

/// Exactly this is wrong, and is said with these words; the exit code is 1, and the text says the same.
async fn finds(site: &Site, what: &str, words: &[&str]) {
    let said = doctor(site).await;
    let findings = said.is(1, &["checks found something wrong"]).json();
    let wrong: Vec<&Value> = findings.as_array().unwrap().iter().filter(|finding| finding["fine"] == false).collect();
    let [only] = wrong.as_slice() else { panic!("{wrong:#?}") };
    assert_eq!(only["what"], what, "{only}");
    let text = jit(&["doctor", "--config", &site.config()]).await;
    text.is(1, &[]);
    let line = text.out.lines().find(|line| line.starts_with("WRONG")).unwrap_or_else(|| panic!("{text:?}"));
    for words in words {
        assert!(only["says"].as_str().unwrap().contains(words), "no {words:?} in {only}");
        assert!(line.contains(words), "no {words:?} in {line}");
    }
    assert!(!said.out.contains("hunter2") && !text.out.contains("hunter2"), "a secret is shown: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_it_says_so() {
    let redis = Redis::start();
    let database = Postgres::shared().fresh_database().await;
    let site = site(Plan { database: Some(database), redis: Some(redis.url()), ..Plan::default() }).await;
    let findings = doctor(&site).await.is(0, &[]).json();
    let names: Vec<&str> =
        findings.as_array().unwrap().iter().map(|finding| finding["what"].as_str().unwrap()).collect();
    for what in [
        "configuration",
        "policy and people",
        "database",
        "durable commits",
        "clock against the database",
        "redis",
        "connector orders",
        "connector other",
        "slack token",
        "slack scopes",
        "clock against Slack",
        "channels.announce #access",
        "channels.security #security",
        "people",
        "people in Slack",
    ] {
        assert!(names.contains(&what), "{what} is not looked at: {names:?}");
    }
    assert!(findings.as_array().unwrap().iter().all(|finding| finding["fine"] == true), "{findings:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_not_made_by_looking() {
    let site = Site::new().await;
    finds(&site, "database", &["jit.db", "jit migrate"]).await;
    assert!(!site.folder.join("jit.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token() {
    let site = site(Plan { token: "xoxb-another", ..Plan::default() }).await;
    finds(&site, "slack token", &["invalid_auth", "slack.bot_token"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_token_that_opens_no_socket() {
    let site = site(Plan::default()).await;
    site.edit("jit.toml", "bot_token", "app_token = \"xapp-1-hunter2\"\nbot_token");
    finds(&site, "slack app token", &["refused", "connections:write", "slack.app_token"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_workspace() {
    let site = site(Plan::default()).await;
    site.edit("jit.toml", "T0001", "T0002");
    finds(&site, "slack token", &["T0001, not T0002", "slack.team_id"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope() {
    let site = site(Plan { lacks: Some("im:write"), ..Plan::default() }).await;
    finds(&site, "slack scopes", &["im:write", "jit manifest slack", "install it again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_the_bot_is_not_in_or_that_is_not_there() {
    let site = site(Plan { in_security: false, ..Plan::default() }).await;
    finds(&site, "channels.security #security", &["not in it", "/invite @jit"]).await;
    site.edit("jit.toml", "security = \"#security\"", "security = \"#nowhere\"");
    finds(&site, "channels.security #nowhere", &["channels.security", "invite the bot"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_without_a_slack_id_or_with_a_wrong_one() {
    let dora = "[[person]]\nid = \"dora\"\nname = \"Dora\"\nemail = \"dora@acme.test\"\n\n";
    let site = site(Plan { people: dora.to_owned(), ..Plan::default() }).await;
    finds(&site, "people", &["dora", "slack = \"U…\"", "people.toml"]).await;
    site.edit("people.toml", "email = \"dora@acme.test\"", "email = \"dora@acme.test\"\nslack = \"U0999\"");
    finds(&site, "people in Slack", &["dora (U0999: user_not_found)", "people.toml"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_slack_s() {
    let site = site(Plan { skew: TimeDelta::seconds(90), ..Plan::default() }).await;
    finds(&site, "clock against Slack", &["ms apart", "chrony"]).await;
}

/// The server's clock is made crooked for one database: a function of the same name comes first in its search path.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_the_database_s() {
    let database = Postgres::shared().fresh_database().await;
    let site = site(Plan { database: Some(database.clone()), ..Plan::default() }).await;
    let client = Postgres::connect_to(&database).await;
    let name = database.rsplit('/').next().unwrap();
    let crooked = format!(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$;
         ALTER DATABASE {name} SET search_path = public, pg_catalog"
    );
    client.batch_execute(&crooked).await.unwrap();
    finds(&site, "clock against the database", &["ms apart", "chrony"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_would_not_outlive_a_power_cut() {
    let mut server = Postgres::start();
    let site = site(Plan { database: Some(server.url()), ..Plan::default() }).await;
    server.connect().await.batch_execute("ALTER SYSTEM SET full_page_writes = off").await.unwrap();
    tokio::task::block_in_place(|| server.restart());
    finds(&site, "durable commits", &["off: full_page_writes"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_database() {
    let database = format!("postgres://jit:hunter2@127.0.0.1:{}/jit", free_port());
    let site = Site::of(Plan { database: Some(database), ..Plan::default() }).await;
    finds(&site, "database", &["database.url"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_shares_sessions() {
    let server = Postgres::shared();
    let database = server.fresh_database().await;
    let settings = "pool_mode = transaction\nignore_startup_parameters = options,extra_float_digits";
    let pooler = PgBouncer::start(server, settings);
    let database = pooler.url_as("postgres", database.rsplit('/').next().unwrap());
    let site = Site::of(Plan { database: Some(database), ..Plan::default() }).await;
    finds(&site, "database", &["a pooler is between us and PostgreSQL", "database.url", "session mode"]).await;
    jit(&["serve", "--config", &site.config()]).await.is(2, &["a pooler is between us and PostgreSQL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_redis() {
    let redis = format!("redis://:hunter2@127.0.0.1:{}", free_port());
    let site = site(Plan { redis: Some(redis), ..Plan::default() }).await;
    finds(&site, "redis", &["redis.url"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_connector() {
    let port = free_port();
    let site = site(Plan {
        more: format!("[connectors.db]\nkind = \"postgres\"\nurl = \"postgres://bot:hunter2@127.0.0.1:{port}/db\"\n"),
        ..Plan::default()
    })
    .await;
    finds(&site, "connector db", &["onnect", "[connectors.db]"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_cannot_be_made_does_not_hide_the_rest() {
    let site = site(Plan {
        more: "[connectors.late]\nkind = \"fake\"\nstate_file = \"no/such/folder\"\n".into(),
        ..Plan::default()
    })
    .await;
    finds(&site, "connector late", &["jit.toml:", "no/such"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_problems() {
    let site = site(Plan { roles: role("lost", "nowhere", "role = \"x\"", "medium"), ..Plan::default() }).await;
    finds(&site, "policy and people", &["nowhere", "jit policy check"]).await;
}

const ON_CALL: &str = r#"[[rule]]
name = "on call in an incident channel"
match = { risk = "medium" }
who = ["oncall:pagerduty/PORDERS"]
auto_approve = { up_to = "1h", in_channels = ["inc-*"] }

"#;

#[tokio::test(flavor = "multi_thread")]
async fn rotations_that_cannot_be_looked_up_and_strangers_on_call() {
    let provider = OncallProvider::start().await;
    let site = site(Plan { more: provider.configuration(), roles: ON_CALL.into(), ..Plan::default() }).await;
    let what = "on call pagerduty/PORDERS";
    let fine = |said: &Value| {
        let finding = said.as_array().unwrap().iter().find(|finding| finding["what"] == what).cloned();
        finding.unwrap_or_else(|| panic!("it is not looked at: {said:#}"))["says"].as_str().unwrap().to_owned()
    };
    assert_eq!(fine(&doctor(&site).await.is(0, &[]).json()), "nobody is on call now");
    provider.set("PORDERS", vec![OnCall::always("PU1", "alice@acme.test")]);
    assert_eq!(fine(&doctor(&site).await.is(0, &[]).json()), "alice");
    provider.set("PORDERS", vec![OnCall::always("PU7", "olive@elsewhere.test")]);
    finds(&site, what, &["PU7 (olive@elsewhere.test)", "people.toml", "oncall_ids"]).await;
    site.edit("jit.toml", "[oncall.pagerduty]", "[oncall.pagerduty]\noncall_ids = { PU7 = \"alice\" }");
    assert_eq!(fine(&doctor(&site).await.is(0, &[]).json()), "alice");
    provider.behaves(Mood::Refuses(500, None));
    finds(&site, what, &["pagerduty answers 500", "[oncall.pagerduty]", "nobody counts as on call"]).await;
    site.edit("jit.toml", "token = \"oncall-hunter2\"", "token = \"another-hunter2\"");
    finds(&site, what, &["answers 401", "the token is not valid"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_on_call_that_names_nobody() {
    let provider = OncallProvider::start().await;
    let site = site(Plan { more: provider.configuration(), roles: ON_CALL.into(), ..Plan::default() }).await;
    site.edit("jit.toml", "[oncall.pagerduty]", "[oncall.pagerduty]\noncall_ids = { PU7 = \"alcie\" }");
    finds(&site, "on call pagerduty", &["`PU7` is `alcie`", "people.toml"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_of_tickets_that_do_not_answer_or_take_no_key() {
    let provider = TicketProvider::start().await;
    let file = "[tickets.file]\npattern = \"DB-*\"\npath = \"tickets.toml\"\n";
    let site = site(Plan { more: provider.configuration() + file, ..Plan::default() }).await;
    site.write("tickets.toml", "[[ticket]]\nid = \"DB-7\"\nstatus = \"open\"\nassignee = \"alice\"\n");
    site.edit("jit.toml", "u-hidden = \"alice\"", "u-hidden = \"alcie\"");
    finds(&site, "tickets jira", &["`u-hidden` is `alcie`", "people.toml"]).await;
    site.edit("jit.toml", "u-hidden = \"alcie\"", "u-hidden = \"alice\"");
    let findings = doctor(&site).await.is(0, &[]).json();
    let says = |source: &str| {
        let what = format!("tickets {source}");
        let found = findings.as_array().unwrap().iter().find(|finding| finding["what"] == what.as_str());
        found.unwrap_or_else(|| panic!("{what}: {findings:#}"))["says"].as_str().unwrap().to_owned()
    };
    assert_eq!(says("jira"), "answers; asked as Somebody (u-jit)");
    assert_eq!(says("servicenow"), "answers; the table incident can be read");
    assert!(says("file").ends_with("tickets.toml has 1 ticket"), "{}", says("file"));
    // The first key in the file is Jira's.
    site.edit("jit.toml", &format!("token = \"{TICKET_TOKEN}\""), "token = \"another-hunter2\"");
    finds(&site, "tickets jira", &["jira answers 401", "the token is not valid", "[tickets.jira]"]).await;
}
