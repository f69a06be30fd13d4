//! The app manifest: what `jit manifest slack --url URL` prints, generated from the verb table so that Slack's hints are never behind.

use jit_core::grammar::{VERBS, Verb};
use serde_json::{Value, json};
use url::Url;

/// The scopes that the bot's token needs, and what for; `jit doctor` compares the token's with these.
pub const SCOPES: &[(&str, &str)] = &[
    ("app_mentions:read", "to be asked with @jit in a channel"),
    ("channels:history", "to see, after a crash, whether a notice was posted"),
    ("channels:read", "to find the channels named in the configuration"),
    ("chat:write", "to post and edit notices"),
    ("chat:write.public", "to tell a public channel of an incident before anybody has invited jit there"),
    ("commands", "for /jit"),
    ("groups:history", "the same as channels:history, in private channels"),
    ("groups:read", "the same as channels:read, for private channels"),
    ("im:history", "to be asked in a direct message"),
    ("im:write", "to open direct messages with approvers and requesters"),
    ("users:read", "to check that the people of the directory exist and are not disabled"),
];

/// The events that are listened to.
pub const EVENTS: &[&str] = &["app_home_opened", "app_mention", "message.im"];

/// Longest description. Source: Slack, "App manifest reference".
const DESCRIPTION: usize = 140;
/// Longest long description; at least 174 characters.
const LONG_DESCRIPTION: usize = 4_000;
/// Longest usage hint of a command that Slack's settings take.
const USAGE_HINT: usize = 1_000;

/// The manifest of a deployment that opens a socket to Slack: Slack needs no address of it.
pub fn socket_manifest() -> Value {
    let mut manifest = written(&|_| Value::Null);
    manifest["settings"]["socket_mode_enabled"] = json!(true);
    for (table, key) in [
        ("/features/slash_commands/0", "url"),
        ("/settings/event_subscriptions", "request_url"),
        ("/settings/interactivity", "request_url"),
        ("/settings/interactivity", "message_menu_options_url"),
    ] {
        manifest.pointer_mut(table).and_then(Value::as_object_mut).map(|table| table.remove(key));
    }
    manifest
}

/// The manifest of a deployment at this address.
pub fn manifest(url: &Url) -> Value {
    written(&|path| json!(format!("{}/slack/{path}", url.as_str().trim_end_matches('/'))))
}

fn written(at: &dyn Fn(&str) -> Value) -> Value {
    json!({
        "_metadata": { "major_version": 1, "minor_version": 1 },
        "display_information": {
            "name": "jit",
            "description": cut("Privileged access when you need it, taken back by itself", DESCRIPTION),
            "long_description": cut(&long_description(VERBS.iter()), LONG_DESCRIPTION),
            "background_color": "#1b3a4b",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": true,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": "jit", "always_online": true },
            "slash_commands": [{
                "command": "/jit",
                "url": at("commands"),
                "description": "Ask for access, decide, give it back",
                "usage_hint": cut(&usage_hint(VERBS.iter()), USAGE_HINT),
                "should_escape": true,
            }],
        },
        "oauth_config": { "scopes": { "bot": SCOPES.iter().map(|(scope, _)| scope).collect::<Vec<_>>() } },
        "settings": {
            "event_subscriptions": { "request_url": at("events"), "bot_events": EVENTS },
            "interactivity": {
                "is_enabled": true,
                "request_url": at("interactions"),
                "message_menu_options_url": at("interactions"),
            },
            "org_deploy_enabled": false,
            "socket_mode_enabled": false,
            "token_rotation_enabled": false,
        },
    })
}

fn usage_hint<'a>(verbs: impl Iterator<Item = &'a Verb>) -> String {
    verbs.map(|verb| verb.name).collect::<Vec<_>>().join(" | ")
}

fn long_description<'a>(verbs: impl Iterator<Item = &'a Verb>) -> String {
    let intro = "jit gives people privileged access only when they need it, only as much as the task needs, and takes it back by \
        itself. Ask with /jit request; the right people get buttons; the access is set up, announced, and ended in time.";
    verbs.fold(intro.to_owned(), |text, verb| format!("{text}\n\n/jit {}\n{}", verb.usage, verb.summary))
}

fn cut(text: &str, max: usize) -> String {
    super::text::cut(text, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        manifest(&Url::parse("https://jit.example.com").unwrap())
    }

    #[test]
    fn it_is_the_file_that_people_read() {
        let file = include_str!("../../../../manifests/slack/manifest.json");
        let file: Value = serde_json::from_str(file).unwrap();
        assert_eq!(file, sample(), "print it anew: jit manifest slack --url https://jit.example.com");
    }

    #[test]
    fn it_keeps_slacks_limits() {
        let manifest = sample();
        let length =
            |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        assert!((1..=35).contains(&length("/display_information/name")));
        assert!((1..=140).contains(&length("/display_information/description")));
        assert!((174..=4_000).contains(&length("/display_information/long_description")));
        assert!((1..=80).contains(&length("/features/bot_user/display_name")));
        assert!((1..=32).contains(&length("/features/slash_commands/0/command")));
        assert!((1..=2_000).contains(&length("/features/slash_commands/0/description")));
        assert!((1..=1_000).contains(&length("/features/slash_commands/0/usage_hint")));
    }

    #[test]
    fn every_verb_is_in_it_and_no_other() {
        let manifest = sample();
        let hint = manifest["features"]["slash_commands"][0]["usage_hint"].as_str().unwrap();
        let named: Vec<&str> = hint.split(" | ").collect();
        let all: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        assert_eq!(named, all);
    }

    #[test]
    fn with_a_socket_it_has_no_address_and_else_says_the_same() {
        let socket = socket_manifest();
        assert!(!socket.to_string().contains("_url\"") && !socket.to_string().contains("https://"), "{socket}");
        assert_eq!(socket["settings"]["socket_mode_enabled"], true);
        for same in ["/oauth_config", "/display_information", "/settings/event_subscriptions/bot_events"] {
            assert_eq!(socket.pointer(same), sample().pointer(same), "{same}");
        }
        assert_eq!(
            socket["features"]["slash_commands"][0]["usage_hint"],
            sample()["features"]["slash_commands"][0]["usage_hint"]
        );
    }

    #[test]
    fn a_path_before_ours_is_kept() {
        let manifest = manifest(&Url::parse("https://example.com/chatops/").unwrap());
        let url = manifest.pointer("/features/slash_commands/0/url").unwrap();
        assert_eq!(url, "https://example.com/chatops/slack/commands");
    }
}
