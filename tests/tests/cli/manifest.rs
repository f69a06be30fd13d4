//! `jit manifest slack`: the shape that Slack takes, and nothing for an address that Slack would not call.
//!
//! The shape is that of `Manifest` in @slack/web-api, `types/request/manifest.ts`: keys that it does not know are refused by Slack.

use serde_json::Value;

use crate::program::jit;
use crate::site::Site;

/// Each object of the manifest by its pointer, with the keys that Slack knows there; `*` stands for an index.
const KNOWN: &[(&str, &[&str])] = &[
    ("", &["_metadata", "display_information", "features", "settings", "oauth_config", "functions", "workflows"]),
    ("/_metadata", &["major_version", "minor_version"]),
    ("/display_information", &["name", "description", "background_color", "long_description"]),
    ("/features", &["app_home", "bot_user", "shortcuts", "slash_commands", "unfurl_domains", "workflow_steps"]),
    ("/features/app_home", &["home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"]),
    ("/features/bot_user", &["display_name", "always_online"]),
    ("/features/slash_commands/*", &["command", "description", "should_escape", "url", "usage_hint"]),
    ("/oauth_config", &["scopes", "redirect_urls", "token_management_enabled"]),
    ("/oauth_config/scopes", &["bot", "bot_optional", "user", "user_optional"]),
    (
        "/settings",
        &[
            "allowed_ip_address_ranges",
            "event_subscriptions",
            "incoming_webhooks",
            "interactivity",
            "org_deploy_enabled",
            "socket_mode_enabled",
            "hermes_app_type",
            "token_rotation_enabled",
            "siws_links",
            "function_runtime",
        ],
    ),
    ("/settings/event_subscriptions", &["request_url", "bot_events", "user_events", "metadata_subscriptions"]),
    ("/settings/interactivity", &["is_enabled", "message_menu_options_url", "request_url"]),
];

fn check(value: &Value, at: &str) {
    match value {
        Value::Object(object) => {
            let known = KNOWN.iter().find(|(pointer, _)| *pointer == at);
            let (_, known) = known.unwrap_or_else(|| panic!("Slack knows no object at {at:?}"));
            for (key, value) in object {
                assert!(known.contains(&key.as_str()), "Slack knows no {key} at {at:?}");
                check(value, &format!("{at}/{key}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(item, &format!("{at}/*"))),
        Value::Null => panic!("Slack takes no null at {at:?}"),
        _ => {}
    }
}

#[tokio::test]
async fn the_manifest_has_slack_s_shape() {
    let said = jit(&["manifest", "slack", "--url", "https://jit.example.com/"]).await;
    let manifest = said.is(0, &[]).json();
    check(&manifest, "");
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
