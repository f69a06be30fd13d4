//! What is wrong before anything starts: exit code 2, stderr with file, line and what to do.

use jit_tests::servers::free_port;

use crate::program::{command, jit};
use crate::site::{Plan, Site};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_2_and_help_is_0() {
    for arguments in [&[][..], &["nonsense"], &["serve", "--nonsense"], &["policy"], &["doctor", "--output", "yaml"]] {
        let said = jit(arguments).await;
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert!(said.err.contains("--help") || said.err.contains("Usage"), "{said:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["revoke-all", "--help"], &["help", "policy", "check"]] {
        assert_eq!(jit(arguments).await.code, Some(0), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_have_file_line_and_the_nearest_name() {
    let site = Site::new().await;
    let config = site.config();
    site.edit("jit.toml", "listen", "lisen");
    let words = format!("{config}:2: unknown key `lisen`; did you mean `listen`?");
    for verb in [&["serve"][..], &["migrate"], &["doctor"], &["revoke-all", "--yes"], &["policy", "check"]] {
        let arguments: Vec<&str> = verb.iter().copied().chain(["--config", &config]).collect();
        let said = jit(&arguments).await;
        said.is(2, &[&words]);
        assert!(said.out.is_empty(), "{said:?}");
    }
    let said = command().arg("doctor").env("JIT_CONFIG", &config).output().await.unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains(&words), "{said:?}");

    site.edit("jit.toml", "lisen", "listen");
    site.edit("jit.toml", "state_file = \"other.json\"", "state_fil = \"other.json\"");
    let said = jit(&["serve", "--config", &config]).await;
    said.is(2, &[&config, "unknown key `state_fil`; did you mean `state_file`?"]);
    let text = std::fs::read_to_string(&config).unwrap();
    let line = 1 + text[..text.find("state_fil =").unwrap()].matches('\n').count();
    said.is(2, &[&format!("{config}:{line}:")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_its_line() {
    let site = Site::new().await;
    let config = site.config();
    jit(&["serve", "--config", &site.path("nowhere.toml")]).await.is(2, &["nowhere.toml", "--config"]);
    site.edit("jit.toml", "\"xoxb-hunter2\"", "{ env = \"JIT_TESTS_NOT_SET\" }");
    jit(&["serve", "--config", &config]).await.is(2, &[&format!("{config}:7:"), "JIT_TESTS_NOT_SET", "set it"]);
    site.edit("jit.toml", "{ env = \"JIT_TESTS_NOT_SET\" }", "{ file = \"token\" }");
    jit(&["serve", "--config", &config]).await.is(2, &[&format!("{config}:7:"), "token cannot be read"]);
    site.write("token", "");
    jit(&["serve", "--config", &config]).await.is(2, &[&format!("{config}:7:"), "slack.bot_token is empty"]);
    site.write("token", "xoxb-hunter2\n");
    site.edit("jit.toml", "url = \"sqlite://jit.db\"", "");
    jit(&["serve", "--config", &config]).await.is(2, &[&config, "`url`", "missing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_chat_does_not_start() {
    let site = Site::new().await;
    let text = std::fs::read_to_string(site.config()).unwrap();
    let (before, rest) = text.split_once("[slack]").unwrap();
    let (_, after) = rest.split_once("[channels]").unwrap();
    site.write("jit.toml", &format!("{before}[channels]{after}"));
    jit(&["serve", "--config", &site.config()]).await.is(2, &[&site.config(), "[slack]", "docs/slack.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_database_is_said_without_its_password() {
    let database = format!("postgres://jit:hunter2@127.0.0.1:{}/jit", free_port());
    let site = Site::of(Plan { database: Some(database), ..Plan::default() }).await;
    let config = site.config();
    let runs = [&["serve"][..], &["migrate"], &["revoke-all", "--yes"]].map(|verb| {
        let arguments: Vec<&str> = verb.iter().copied().chain(["--config", config.as_str()]).collect();
        async move { jit(&arguments).await }
    });
    for said in futures::future::join_all(runs).await {
        said.is(2, &["database.url", "PostgreSQL"]);
        assert!(!said.err.contains("hunter2") && !said.out.contains("hunter2"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_said() {
    let site = Site::new().await;
    let _taken = std::net::TcpListener::bind(("127.0.0.1", site.port)).unwrap();
    let said = jit(&["serve", "--config", &site.config()]).await;
    said.is(2, &[&format!("cannot listen on 127.0.0.1:{}", site.port), "[server]"]);
}

/// What was given through a connector can only be taken back through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_access_whose_connector_is_gone_keeps_the_service_from_starting() {
    let site = Site::new().await;
    let mut service = site.serve();
    site.elevates("orders").await;
    tokio::task::block_in_place(|| service.stop());
    let without = Site::of(Plan { fakes: vec!["other"], ..Plan::default() }).await;
    for name in ["people.toml", "policy/all.toml"] {
        std::fs::copy(without.path(name), site.path(name)).unwrap();
    }
    site.edit("jit.toml", "[connectors.orders]\nkind = \"fake\"\nstate_file = \"orders.json\"\n", "");
    jit(&["policy", "check", "--config", &site.config()]).await.is(0, &[]);
    jit(&["serve", "--config", &site.config()]).await.is(2, &["configuration lacks: orders", "[connectors]"]);
    assert!(site.holds("orders", "alice"), "nothing was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_the_database_beside_the_configuration_and_can_be_repeated() {
    let site = Site::new().await;
    for _ in 0..2 {
        jit(&["migrate", "--config", &site.config()]).await.is(0, &[]);
        assert!(site.folder.join("jit.db").is_file(), "a relative file counts from the configuration's folder");
    }
}
