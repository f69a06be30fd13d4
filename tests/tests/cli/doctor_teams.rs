//! `jit doctor` of Microsoft Teams, beside Slack: tells each thing that is wrong there, and how to mend it.

use std::sync::Arc;

use jit_store::{Clock, Conversation, Store};
use jit_tests::servers::{APP_ID, Member, Scope, TENANT, Teams};
use serde_json::Value;

use crate::program::jit;
use crate::site::{Plan, Site};

const BOB: &str = "8c0e4a7e-0000-4000-8000-000000000002";

/// A site over Slack and Teams with its database made; bob is in both.
async fn site() -> (Site, Teams) {
    jit_bot::install_crypto();
    let bob = Member { who: "bob".to_owned(), name: "bob".to_owned(), object_id: BOB.to_owned() };
    let teams = Teams::start(vec![bob], Arc::new(chrono::Utc::now)).await;
    for channel in ["#access", "#security", "#help"] {
        teams.open(channel, Scope::Channel);
    }
    // Where the machine is busy its keys take longer to make than the doctor waits for them.
    reqwest::get(teams.service_url().replace("connector/", "keys")).await.unwrap();
    let site = Site::of(Plan { teams: Some(teams.configuration()), ..Plan::default() }).await;
    site.edit("people.toml", "slack = \"U0002\"", &format!("slack = \"U0002\"\nteams = \"{BOB}\""));
    jit(&["migrate", "--config", &site.config()]).await.is(0, &[]);
    (site, teams)
}

/// The app was installed in the team of the channels while the service ran.
async fn installed(site: &Site, teams: &Teams) {
    let url = format!("sqlite://{}", site.path("jit.db"));
    let store = Store::open(&url, None, Clock::Record).await.unwrap();
    let team = Conversation {
        id: "19:access@thread.tacv2".to_owned(),
        service_url: teams.service_url().trim_end_matches('/').to_owned(),
        tenant: TENANT.to_owned(),
        kind: "channel".to_owned(),
        person: None,
        bot: format!("28:{APP_ID}"),
    };
    store.learn_conversation(&team).await.unwrap();
}

async fn findings(site: &Site, code: i32) -> Vec<Value> {
    let said = jit(&["doctor", "--config", &site.config(), "--output", "json"]).await;
    assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"), "a secret is shown: {said:?}");
    said.is(code, &[]).json().as_array().unwrap().clone()
}

/// Exactly this is wrong, and is said with these words.
async fn finds(site: &Site, what: &str, words: &[&str]) {
    let findings = findings(site, 1).await;
    let wrong: Vec<&Value> = findings.iter().filter(|finding| finding["fine"] == false).collect();
    let [only] = wrong.as_slice() else { panic!("{wrong:#?}") };
    assert_eq!(only["what"], what, "{only}");
    for words in words {
        assert!(only["says"].as_str().unwrap().contains(words), "no {words:?} in {only}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_beside_slack_it_says_so() {
    let (site, teams) = site().await;
    installed(&site, &teams).await;
    let findings = findings(&site, 0).await;
    let names: Vec<&str> = findings.iter().map(|finding| finding["what"].as_str().unwrap()).collect();
    for what in [
        "slack token",
        "channels.announce #access",
        "people",
        "teams keys",
        "teams token",
        "clock against Microsoft",
        "teams conversations",
        "channels.announce 19:access@thread.tacv2",
        "channels.security 19:security@thread.tacv2",
        "channels.fallback 19:help@thread.tacv2",
        "people in Teams",
    ] {
        assert!(names.contains(&what), "{what} is not looked at: {names:?}");
    }
}

/// Nobody has to mend an id of somebody whose contract is over.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_gone_need_not_be_reached() {
    let (site, teams) = site().await;
    installed(&site, &teams).await;
    let person = |more: &str| {
        let teams = "teams = \"8c0e4a7e-0000-4000-8000-000000000099\"";
        format!("\n[[person]]\nid = \"zoe\"\nname = \"Zoe Zeller\"\nkind = \"contractor\"\n{teams}\n{more}")
    };
    let people = std::fs::read_to_string(site.path("people.toml")).unwrap();
    std::fs::write(site.path("people.toml"), people.clone() + &person("")).unwrap();
    finds(&site, "people in Teams", &["without the app: zoe"]).await;
    for gone in ["until = 2020-01-01\nzone = \"Europe/Berlin\"", "active = false"] {
        std::fs::write(site.path("people.toml"), people.clone() + &person(gone)).unwrap();
        findings(&site, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_teams_one_after_another() {
    let (site, teams) = site().await;
    finds(&site, "teams conversations", &["none is known yet", "jit serve", "install the app"]).await;
    installed(&site, &teams).await;
    teams.set_installed("bob", false);
    finds(&site, "people in Teams", &["without the app: bob", "setup policy", "channels.fallback"]).await;
    teams.set_installed("bob", true);
    teams.set_installed("#security", false);
    let security = "channels.security 19:security@thread.tacv2";
    finds(&site, security, &["not installed", "Install the app in the channel's team"]).await;
    teams.set_installed("#security", true);
    site.edit("jit.toml", "19:help@", "19:nowhere@");
    finds(&site, "channels.fallback 19:nowhere@thread.tacv2", &["ConversationNotFound", "Get link to channel"]).await;
    site.edit("jit.toml", "19:nowhere@", "19:help@");
    teams.keys_are(503, "down");
    finds(&site, "teams keys", &["503", "teams.openid_metadata_url"]).await;
    teams.behave();
    site.edit("jit.toml", "app_secret = \"teams-hunter2\"", "app_secret = \"another-hunter2\"");
    finds(&site, "teams token", &["invalid_client", "teams.app_id", "Certificates & secrets"]).await;
}
