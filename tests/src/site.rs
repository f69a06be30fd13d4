//! What a deployment under test stands on: `jit.toml`, `people.toml`, the policy, and the chat workspace of the people. The journeys, the
//! command line's tests, the crash suite and the benches build theirs here, so that a key of the configuration is written once. Must not
//! start the service, and knows no connector.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use jit_playground::{BotIdentity, Channel, Member, Playground};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::servers::Folder;

/// With which Slack's requests are signed.
pub const SIGNING_SECRET: &str = "signing-hunter2";
/// The bot's token at Slack.
pub const BOT_TOKEN: &str = "xoxb-hunter2";
/// The app's own token at Slack, for Socket Mode.
pub const APP_TOKEN: &str = "xapp-1-hunter2";
/// The workspace.
pub const TEAM: &str = "T0001";

/// What `jit.toml` says; the policy is the folder `policy`, the people are `people.toml`.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where the service listens on the loopback; 0 for any port.
    pub port: u16,
    /// `database.url`.
    pub database: String,
    /// `redis.url`, if there is one.
    pub redis: Option<String>,
    /// `slack.api_url`; none for a service without chat.
    pub slack_api: Option<String>,
    /// Over Socket Mode.
    pub sockets: bool,
    /// `[teams]`, as it stands in the file; none for a service without.
    pub teams: Option<String>,
    /// Names or ids of the channels `announce` and `security`; in Teams those of the same names.
    pub channels: [&'static str; 2],
    /// More tables, such as `[connectors…]`, as they stand in the file.
    pub more: String,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            port: 0,
            database: "sqlite://jit.db".to_owned(),
            redis: None,
            slack_api: None,
            sockets: false,
            teams: None,
            channels: ["#access", "#security"],
            more: String::new(),
        }
    }
}

impl Configuration {
    /// `jit.toml`.
    pub fn text(&self) -> String {
        let Self { port, database, redis, slack_api, sockets, teams, channels, more } = self;
        let [announce, security] = channels.map(|name| self.place(name));
        let fallback =
            teams.as_ref().map(|_| format!("fallback = \"{}\"\n", teams_channel("#help"))).unwrap_or_default();
        let teams = teams.as_deref().unwrap_or_default();
        let redis = redis.as_ref().map(|url| format!("[redis]\nurl = \"{url}\"\n")).unwrap_or_default();
        let app_token = if *sockets { format!("app_token = \"{APP_TOKEN}\"\n") } else { String::new() };
        let slack = slack_api.as_ref().map(|url| {
            format!(
                "[slack]\nsigning_secret = \"{SIGNING_SECRET}\"\nbot_token = \"{BOT_TOKEN}\"\nteam_id = \"{TEAM}\"\napi_url = \"{url}\"\n{app_token}"
            )
        });
        format!(
            r#"[server]
listen = "127.0.0.1:{port}"
[database]
url = "{database}"
{slack}{teams}[channels]
announce = {announce}
security = {security}
{fallback}[policy]
path = "policy"
[directory]
file = "people.toml"
{redis}{more}"#,
            slack = slack.unwrap_or_default(),
        )
    }

    /// A channel on every platform that is there.
    fn place(&self, name: &str) -> String {
        let there = teams_channel(name);
        match (&self.slack_api, &self.teams) {
            (Some(_), Some(_)) => format!("{{ slack = \"{name}\", teams = \"{there}\" }}"),
            (None, Some(_)) => format!("\"{there}\""),
            (_, None) => format!("\"{name}\""),
        }
    }

    /// Writes everything the service reads into a folder; `jit.toml`'s path.
    pub fn write(&self, folder: &Folder, people: &str, policy: &str) -> PathBuf {
        let config = folder.join("jit.toml");
        fs::create_dir_all(folder.join("policy")).expect("a folder of ours");
        for (file, text) in [
            (folder.join("people.toml"), people),
            (folder.join("policy/all.toml"), policy),
            (config.clone(), &self.text()),
        ] {
            fs::write(file, text).expect("a folder of ours");
        }
        config
    }
}

/// The id in Teams of a channel that is called so in Slack.
pub fn teams_channel(name: &str) -> String {
    format!("19:{}@thread.tacv2", name.trim_start_matches('#'))
}

/// One person of `people.toml`; `more` are further lines.
pub fn person(id: &str, slack: &str, more: &str) -> String {
    format!("[[person]]\nid = \"{id}\"\nname = \"{id}\"\nemail = \"{id}@acme.test\"\nslack = \"{slack}\"\n{more}\n\n")
}

/// One role of the policy, bob's; `target` is a TOML table's inside.
pub fn role(name: &str, connector: &str, target: &str, risk: &str) -> String {
    format!(
        "[[role]]\nname = \"{name}\"\ntitle = \"{name}\"\nconnector = \"{connector}\"\ntarget = {{ {target} }}\nlevel = \"write\"\n\
         environment = \"staging\"\nrisk = \"{risk}\"\nowner = \"bob\"\nmax_duration = \"4h\"\n\n"
    )
}

/// Low risk at once, medium risk by the manager; lives may be as short as a second.
pub const RULES: &str = r#"[[rule]]
name = "low risk, at once"
match = { risk = "low" }
who = ["group:engineering"]
auto_approve = { up_to = "30m" }

[[rule]]
name = "medium risk, one approval"
match = { risk = "medium" }
who = ["group:engineering"]
steps = [{ any = ["manager"] }]

[limits]
max_simultaneous = 3
min_duration = "1s"
min_justification = 12

[security]
who = ["group:security"]

"#;

/// A path as a TOML text.
pub fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.display().to_string()).to_string()
}

/// Where a chat workspace is about to be served: its address is known before what is served there.
#[derive(Debug)]
pub struct ChatDoor {
    listener: TcpListener,
    /// Its address.
    pub url: Url,
}

impl ChatDoor {
    /// A free port of the loopback.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the chat");
        let address = listener.local_addr().expect("it is bound");
        Self { listener, url: Url::parse(&format!("http://{address}/")).expect("a URL") }
    }

    /// `slack.api_url`.
    pub fn api(&self) -> String {
        format!("{}playground/api", self.url)
    }

    /// Serves a workspace, by its own router or one around it, until what is returned is dropped.
    pub fn serve(self, chat: &Playground, router: Router) -> JoinSet<()> {
        chat.set_base_url(self.url);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(self.listener, router).await.expect("the chat serves") });
        server
    }
}

/// A workspace of these members (Slack id and name), all of them and the bot in `#access` and `#security`.
pub fn workspace(port: u16, members: &[(String, String)]) -> jit_playground::Config {
    let channel = |id: &str, name: &str| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: String::new(),
        members: members.iter().map(|(id, _)| id.clone()).collect(),
        bot_member: true,
    };
    let member = |(id, name): &(String, String)| Member {
        id: id.clone(),
        name: name.clone(),
        real_name: name.clone(),
        email: format!("{name}@acme.test"),
        title: String::new(),
        tz: "Europe/Berlin".to_owned(),
        is_guest: false,
        deleted: false,
    };
    jit_playground::Config {
        team_id: TEAM.to_owned(),
        team_name: "Acme".to_owned(),
        bot: BotIdentity {
            user_id: "U0BOT".to_owned(),
            bot_id: "B0001".to_owned(),
            app_id: "A0001".to_owned(),
            name: "jit".to_owned(),
            scopes: jit_chat::slack::manifest::SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
        },
        bot_token: BOT_TOKEN.to_owned(),
        signing_secret: SIGNING_SECRET.to_owned(),
        bot_url: Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL"),
        command: "/jit".to_owned(),
        people: members.iter().map(member).collect(),
        channels: vec![channel("C0001", "access"), channel("C0002", "security")],
        hints: Vec::new(),
        complete: Arc::new(|_, _| Vec::new()),
        clock: Arc::new(chrono::Utc::now),
    }
}
