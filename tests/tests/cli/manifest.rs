//! `jit manifest`: Slack is sent to the address that was named, nothing is printed for one that Slack would not call, and Teams' package
//! holds what is printed. That Slack and Teams take it is checked by `tests/manifest`, with their own libraries.

use serde_json::Value;

use crate::program::jit;
use crate::site::Site;

#[tokio::test]
async fn the_manifest_sends_slack_to_the_address() {
    let said = jit(&["manifest", "slack", "--url", "https://jit.example.com/"]).await;
    let manifest = said.is(0, &[]).json();
    for (pointer, path) in [
        ("/features/slash_commands/0/url", "commands"),
        ("/settings/event_subscriptions/request_url", "events"),
        ("/settings/interactivity/request_url", "interactions"),
    ] {
        let url = manifest.pointer(pointer).and_then(Value::as_str);
        assert_eq!(url, Some(format!("https://jit.example.com/slack/{path}").as_str()));
    }
    assert_eq!(manifest.pointer("/settings/interactivity/is_enabled"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn addresses_that_slack_does_not_call_are_refused() {
    for url in
        ["http://jit.example.com", "https://user:hunter2@jit.example.com", "https://jit.example.com?a=b", "ftp://x"]
    {
        let said = jit(&["manifest", "slack", "--url", url]).await;
        said.is(2, &["--url: Slack calls https addresses"]);
        assert!(said.out.is_empty() && !said.err.contains("hunter2"), "{said:?}");
    }
    jit(&["manifest", "slack", "--url", "jit.example.com"]).await.is(2, &["--url"]);
}

#[tokio::test]
async fn without_an_address_the_configuration_s_own_is_used() {
    jit(&["manifest", "slack"]).await.is(2, &["without --url", "jit.toml"]);
    let site = Site::new().await;
    let config = site.config();
    let args = ["manifest", "slack", "--config", &config];
    jit(&args).await.is(2, &["--url", "`public_url` under [server]"]);
    site.edit("jit.toml", "[server]", "[server]\npublic_url = \"https://chat.example.com\"");
    let manifest = jit(&args).await.is(0, &[]).json();
    let url = manifest.pointer("/settings/event_subscriptions/request_url").and_then(Value::as_str);
    assert_eq!(url, Some("https://chat.example.com/slack/events"));
    site.edit("jit.toml", "https://chat", "http://chat");
    jit(&args).await.is(2, &["public_url: Slack calls https addresses"]);
}

#[tokio::test]
async fn for_socket_mode_it_has_no_address() {
    let said = jit(&["manifest", "slack", "--socket-mode"]).await;
    let manifest = said.is(0, &[]).json();
    assert_eq!(manifest.pointer("/settings/socket_mode_enabled"), Some(&Value::Bool(true)));
    assert!(!said.out.contains("https://") && manifest.pointer("/settings/interactivity/request_url").is_none());
    jit(&["manifest", "slack", "--socket-mode", "--url", "https://jit.example.com"]).await.is(2, &["--socket-mode"]);
}

const APP: &str = "11111111-2222-4333-8444-555555555555";

#[tokio::test]
async fn the_manifest_for_teams_names_the_app_and_the_package_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("jit-teams.zip");
    let args = ["manifest", "teams", "--url", "https://jit.example.com", "--app-id", APP];
    let said = jit(&args).await;
    let manifest = said.is(0, &[]).json();
    assert_eq!(manifest.pointer("/bots/0/botId").and_then(Value::as_str), Some(APP));
    assert_eq!(manifest.pointer("/validDomains/0").and_then(Value::as_str), Some("jit.example.com"));
    jit(&[&args[..], &["--out", out.to_str().unwrap()]].concat()).await.is(0, &["jit-teams.zip is the app package"]);
    let package = std::fs::read(&out).unwrap();
    assert!(package.starts_with(b"PK"));
    assert!(package.windows(said.out.len()).any(|bytes| bytes == said.out.as_bytes()), "as it is printed");
    jit(&[&args[..], &["--out", "/no/such/folder/x.zip"]].concat()).await.is(2, &["--out /no/such/folder/x.zip"]);
}

#[tokio::test]
async fn without_an_app_the_configuration_s_own_is_used() {
    let site = Site::new().await;
    let config = site.config();
    let args = ["manifest", "teams", "--url", "https://jit.example.com", "--config", &config];
    jit(&args).await.is(2, &["--app-id", "`app_id` under [teams]"]);
    let teams = format!("[teams]\napp_id = \"{APP}\"\ntenant_id = \"{APP}\"\napp_secret = \"x\"\n\n[channels]");
    site.edit("jit.toml", "[channels]", &teams);
    for (channel, name) in [("announce", "#access"), ("security", "#security")] {
        let both = format!("{channel} = {{ slack = \"{name}\", teams = \"19:{channel}@thread.tacv2\" }}");
        site.edit("jit.toml", &format!("{channel} = \"{name}\""), &both);
    }
    let manifest = jit(&args).await.is(0, &[]).json();
    assert_eq!(manifest["id"], APP);
    jit(&["manifest", "teams", "--url", "http://jit.example.com", "--app-id", APP])
        .await
        .is(2, &["--url: Teams takes"]);
    jit(&["manifest", "teams", "--url", "https://jit.example.com", "--app-id", "x"]).await.is(2, &["--app-id"]);
}
