//! `jit revoke-all`: the red button. Truth is read at the targets.

use jit_connectors::fake::{Call, Fault};
use jit_tests::servers::{Postgres, Version};
use jit_tests::site::role;

use crate::program::{jit, told};
use crate::site::{Plan, Site, until};

/// Both roles are held, and the service is down.
async fn down() -> Site {
    let site = Site::new().await;
    let mut service = site.serve();
    site.elevates("orders").await;
    site.elevates("other").await;
    tokio::task::block_in_place(|| service.stop());
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_and_no_is_no() {
    let site = down().await;
    for answer in ["no\n", "", "y\n"] {
        let said = told(&["revoke-all", "--config", &site.config(), "--output", "json"], answer).await;
        said.is(1, &["orders-low", "other-low", "Revoke these 2?", "nothing was revoked"]);
        assert!(said.out.is_empty(), "stdout is for what came of it: {said:?}");
    }
    assert!(site.holds("orders", "alice") && site.holds("other", "alice"));
    let said = told(&["revoke-all", "--config", &site.config()], "yes\n").await;
    said.is(0, &[]);
    assert_eq!(said.out.matches("verified gone").count(), 2, "{said:?}");
    assert!(!site.holds("orders", "alice") && !site.holds("other", "alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_and_the_service_tells_of_it_later() {
    let site = down().await;
    let config = site.config();
    let said = jit(&["revoke-all", "--config", &config, "--role", "orders-low", "--yes", "--output", "json"]).await;
    let found = said.is(0, &[]).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    let one = &found[0];
    assert_eq!(
        (&one["role"], &one["beneficiary"], &one["over"]),
        (&"orders-low".into(), &"alice".into(), &true.into())
    );
    assert_eq!(one["outcome"], "verified gone");
    assert!(!said.out.contains("drained"), "nobody's words: {found}");
    assert!(!site.holds("orders", "alice") && site.holds("other", "alice"));

    let none = jit(&["revoke-all", "--config", &config, "--person", "bob", "--yes", "--output", "json"]).await;
    assert_eq!(none.is(0, &[]).json(), serde_json::json!([]));
    assert!(site.holds("other", "alice"));
    jit(&["revoke-all", "--config", &config, "--person", "alice", "--yes"]).await.is(0, &[]);
    assert!(!site.holds("other", "alice"));
    let _service = site.serve();
    until("alice is told of both", async || {
        (site.conversation("U0001").matches("erified gone").count() >= 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_name_or_the_wrong_folder_is_not_taken_for_nothing_to_do() {
    let site = down().await;
    let config = site.config();
    let wrong = ["revoke-all", "--config", &config, "--yes", "--person", "alcie"];
    jit(&wrong).await.is(2, &["--person: there is no `alcie`; did you mean `alice`?"]);
    let wrong = ["revoke-all", "--config", &config, "--yes", "--role", "orders-lwo"];
    jit(&wrong).await.is(2, &["--role", "did you mean `orders-low`?"]);
    let elsewhere = Site::new().await;
    jit(&["revoke-all", "--config", &elsewhere.config(), "--yes"]).await.is(2, &["there is no database", "--config"]);
    assert!(!elsewhere.folder.join("jit.db").exists());
    assert!(site.holds("orders", "alice"));
}

/// Whatever keeps the service from starting must not keep access from being taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_policy_and_broken_people_do_not_stop_it() {
    let site = down().await;
    site.write("policy/all.toml", "nonsense");
    site.write("people.toml", "[[person]]\nname = 1\n");
    let said = jit(&["revoke-all", "--config", &site.config(), "--yes"]).await;
    said.is(0, &["warning: ", "people.toml:", "from the database alone"]);
    assert!(!site.holds("orders", "alice") && !site.holds("other", "alice"));
}

/// What was agreed to but not given yet when the service ended is not given on the way to its end.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_about_to_be_given_is_not() {
    let site = Site::new().await;
    site.target("orders").fail_always(Call::Grant, Fault::Throttled(std::time::Duration::ZERO));
    let mut service = site.serve();
    site.says("U0001", "request orders-low for 30m because the queue has to be drained").await;
    let tried = || site.target("orders").calls().iter().filter(|call| call.call == Call::Grant).count();
    until("it was tried", async || (tried() > 0).then_some(())).await;
    tokio::task::block_in_place(|| service.kill());
    site.target("orders").heal();
    let before = tried();
    jit(&["revoke-all", "--config", &site.config(), "--yes"]).await.is(0, &[]);
    assert_eq!(tried(), before, "it was given first");
    assert!(!site.holds("orders", "alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_the_running_service() {
    let site = Site::new().await;
    let mut service = site.serve();
    site.elevates("orders").await;
    jit(&["revoke-all", "--config", &site.config(), "--yes"]).await.is(0, &[]);
    assert!(!site.holds("orders", "alice") && service.is_running());
    until("alice is told", async || site.conversation("U0001").contains("erified gone").then_some(())).await;
    let calls = site.target("orders").calls();
    assert_eq!(calls.iter().filter(|call| call.call == Call::Revoke).count(), 1, "revoked once: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_resists_is_said_and_nothing_is_called_gone() {
    let site = down().await;
    site.target("orders").fail_always(Call::Revoke, Fault::Down);
    let config = site.config();
    let said = jit(&["revoke-all", "--config", &config, "--yes", "--wait", "3s", "--output", "json"]).await;
    let found = said.is(1, &["1 of 2 are not verified gone yet", "run this again"]).json();
    let of = |role: &str| found.as_array().unwrap().iter().find(|one| one["role"] == role).unwrap().clone();
    assert_eq!((&of("orders-low")["over"], &of("other-low")["over"]), (&false.into(), &true.into()), "{found}");
    assert!(of("orders-low")["outcome"].as_str().unwrap().starts_with("revocation failing"), "{found}");
    assert!(site.holds("orders", "alice") && !site.holds("other", "alice"));
    site.target("orders").heal();
    jit(&["revoke-all", "--config", &config, "--yes"]).await.is(0, &[]);
    assert!(!site.holds("orders", "alice"));
}

/// The real thing: state in PostgreSQL, membership in PostgreSQL, read from its own tables.
#[tokio::test(flavor = "multi_thread")]
async fn membership_in_a_real_postgresql_is_taken() {
    let server = Postgres::shared();
    let admin = server.connect().await;
    admin.batch_execute("CREATE ROLE cli_writer; CREATE ROLE cli_alice LOGIN").await.unwrap();
    let plan = Plan {
        database: Some(server.fresh_database().await),
        fakes: Vec::new(),
        more: format!("[connectors.db]\nkind = \"postgres\"\nurl = \"{}\"\n", server.url()),
        roles: role("db-low", "db", "role = \"cli_writer\"", "low"),
        ..Plan::default()
    };
    let site = Site::of(plan).await;
    site.edit("people.toml", "accounts = {  }", "accounts = { db = \"cli_alice\" }");
    let members = async || {
        let select =
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = 'cli_alice'";
        admin.query_one(select, &[]).await.unwrap().get::<_, i64>(0)
    };
    let mut service = site.serve();
    site.says("U0001", "request db-low for 30m because the queue has to be drained").await;
    until("alice is a member", async || (members().await == 1).then_some(())).await;
    // In the middle of everything, as a machine that fails.
    tokio::task::block_in_place(|| service.kill());
    jit(&["revoke-all", "--config", &site.config(), "--yes"]).await.is(0, &[]);
    assert_eq!(members().await, 0);
}

/// From PostgreSQL 16 on others' grants of the same role stand beside ours: ours goes, theirs is told until they have taken it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dba_gave_meanwhile_is_told_and_not_taken() {
    let server = Postgres::shared_of(Version::Newer);
    let admin = server.connect().await;
    let setup = "CREATE ROLE cli_reader; CREATE ROLE cli_bea LOGIN; CREATE ROLE cli_bot LOGIN;
        GRANT cli_reader TO cli_bot WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; GRANT pg_signal_backend TO cli_bot";
    admin.batch_execute(setup).await.unwrap();
    let (url, database) = (server.url_as("cli_bot", "postgres"), server.fresh_database().await);
    let plan = Plan {
        database: Some(database.clone()),
        fakes: Vec::new(),
        more: format!("[connectors.db]\nkind = \"postgres\"\nurl = \"{url}\"\n"),
        roles: role("db-low", "db", "role = \"cli_reader\"", "low"),
        ..Plan::default()
    };
    let site = Site::of(plan).await;
    site.edit("people.toml", "accounts = {  }", "accounts = { db = \"cli_bea\" }");
    let grantors = async || {
        let select = "SELECT coalesce(string_agg(grantor::regrole::text, ' ' ORDER BY 1), '') FROM pg_auth_members
                      WHERE member = 'cli_bea'::regrole";
        admin.query_one(select, &[]).await.unwrap().get::<_, String>(0)
    };
    let mut service = site.serve();
    site.says("U0001", "request db-low for 30m because the queue has to be drained").await;
    until("alice is a member", async || (grantors().await == "cli_bot").then_some(())).await;
    admin.batch_execute("GRANT cli_reader TO cli_bea").await.unwrap();
    tokio::task::block_in_place(|| service.stop());

    let said = jit(&["revoke-all", "--config", &site.config(), "--yes", "--wait", "2s"]).await;
    said.is(1, &[]);
    for words in ["revocation failing", "REVOKE \"cli_reader\" FROM \"cli_bea\" GRANTED BY \"postgres\""] {
        assert!(said.out.contains(words), "no {words:?} in {said:?}");
    }
    assert_eq!(grantors().await, "postgres");
    admin.batch_execute("REVOKE cli_reader FROM cli_bea").await.unwrap();
    // The next look would be in a minute.
    Postgres::connect_to(&database).await.batch_execute("UPDATE entitlements SET due_us = 0").await.unwrap();
    let said = jit(&["revoke-all", "--config", &site.config(), "--yes"]).await;
    said.is(0, &[]);
    assert!(said.out.contains("verified gone"), "{said:?}");
}

/// One row that cannot be read must not keep the others from being taken back, nor the service from starting.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_and_the_rest_is_revoked() {
    let site = down().await;
    let database = sea_orm::Database::connect(format!("sqlite://{}", site.path("jit.db"))).await.unwrap();
    let spoil = "UPDATE accesses SET body = '{\"of\":\"a later version\"}' WHERE role = 'other-low'";
    sea_orm::ConnectionTrait::execute_unprepared(&database, spoil).await.unwrap();
    database.close().await.unwrap();
    let said = jit(&["revoke-all", "--config", &site.config(), "--yes", "--wait", "5s"]).await;
    said.is(1, &["cannot be read from the database", "1 open accesses cannot be read and were left alone"]);
    assert!(!site.holds("orders", "alice") && site.holds("other", "alice"));
    let mut service = site.serve();
    assert!(service.is_running(), "the service goes on without it");
    assert!(site.says("U0001", "/jit mine").await.contains("orders-low"));
}
