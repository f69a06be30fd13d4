//! One deployment on disk: configuration, policy, people, targets in files, and the chat workspace in this process.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{TimeDelta, Utc};
use jit_connectors::fake::FakeTarget;
use jit_playground::Playground;
use jit_tests::servers::{Folder, Service, free_port};
use jit_tests::site::{self, BOT_TOKEN, ChatDoor, Configuration, RULES, person, role};
use jit_tests::world::entitlement;
use tokio::task::JoinSet;

use crate::PATIENCE;

/// What may be other than usual.
pub struct Plan {
    /// `database.url`; a file of the folder otherwise.
    pub database: Option<String>,
    pub redis: Option<String>,
    /// `[teams]`, where it is beside Slack.
    pub teams: Option<String>,
    /// Names of fake connectors.
    pub fakes: Vec<&'static str>,
    /// More tables of the configuration.
    pub more: String,
    /// More tables of the policy and of people.
    pub roles: String,
    pub people: String,
    /// A scope that the token lacks.
    pub lacks: Option<&'static str>,
    /// Whether the bot is in #security.
    pub in_security: bool,
    /// The workspace's token.
    pub token: &'static str,
    /// How far Slack's clock is ahead.
    pub skew: TimeDelta,
    /// People of the workspace: `p0` … with `U1000` …, engineers all, beside alice, bob and sam.
    pub crowd: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            database: None,
            redis: None,
            teams: None,
            fakes: vec!["orders", "other"],
            more: String::new(),
            roles: String::new(),
            people: String::new(),
            lacks: None,
            in_security: true,
            token: BOT_TOKEN,
            skew: TimeDelta::zero(),
            crowd: 0,
        }
    }
}

/// See the module.
pub struct Site {
    pub chat: Playground,
    pub folder: Folder,
    pub port: u16,
    _chat_server: JoinSet<()>,
}

impl Site {
    /// The usual one.
    pub async fn new() -> Self {
        Self::of(Plan::default()).await
    }

    pub async fn of(plan: Plan) -> Self {
        let folder = Folder::new("cli");
        let (door, port) = (ChatDoor::open().await, free_port());
        configuration(&plan, port, door.api()).write(&folder, &people(&plan), &policy(&plan));
        let chat = Playground::new(workspace(&plan, port));
        let skew = plan.skew;
        let router = chat.router().layer(axum::middleware::map_response(
            move |mut response: axum::response::Response| async move {
                let date = (Utc::now() + skew).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                response.headers_mut().insert("date", HeaderValue::try_from(date).unwrap());
                response
            },
        ));
        let chat_server = door.serve(&chat, router);
        Self { chat, folder, port, _chat_server: chat_server }
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// Changes a file.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.join(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}:\n{text}");
        self.write(name, &text.replacen(from, to, 1));
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// `--config …`'s value.
    pub fn config(&self) -> String {
        self.path("jit.toml")
    }

    /// Starts the service and waits until it is ready.
    pub fn serve(&self) -> Service {
        let config: PathBuf = self.folder.join("jit.toml");
        tokio::task::block_in_place(|| Service::start(&config, self.port))
    }

    /// What a fake connector's target holds.
    pub fn target(&self, connector: &str) -> FakeTarget {
        let file = self.folder.join(format!("{connector}.json"));
        FakeTarget::persisted(FakeTarget::CAPABILITIES, Arc::new(Utc::now), file)
    }

    /// Whether an account really has the role `low` at a fake target.
    pub fn holds(&self, connector: &str, account: &str) -> bool {
        self.target(connector).works(&entitlement(connector, account, "low"))
    }

    /// Types a command in the direct message.
    pub async fn says(&self, user: &str, text: &str) -> String {
        let answer = self.chat.command(user, "dm", text).await.unwrap_or_else(|failure| panic!("{text}: {failure}"));
        answer.message.map(|message| message.readable()).unwrap_or_default()
    }

    /// Asks for the role that is given at once, and waits until it is held.
    pub async fn elevates(&self, connector: &str) {
        self.says("U0001", &format!("request {connector}-low for 30m because the queue has to be drained")).await;
        until(&format!("{connector}-low is held"), async || self.holds(connector, "alice").then_some(())).await;
        // Held is known to the service when it has told so.
        let granted = |chat: &Playground| {
            let dm = chat.dm("U0001")?;
            let says =
                |message: &jit_playground::StoredMessage| message.readable().contains(&format!("{connector}-low"));
            let all = chat.transcript(&dm);
            all.iter().any(|m| says(m) && m.readable().to_lowercase().contains("live:")).then_some(())
        };
        let found = self.chat.wait_for(granted, PATIENCE).await;
        found.unwrap_or_else(|_| panic!("{connector}-low is not active:\n{}", self.conversation("U0001")));
    }

    /// All that a person was told, as text.
    pub fn conversation(&self, user: &str) -> String {
        let dm = self.chat.dm(user).map(|dm| self.chat.transcript(&dm)).unwrap_or_default();
        dm.iter().map(|message| message.readable() + "\n--\n").collect()
    }
}

/// Waits for a condition.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn workspace(plan: &Plan, port: u16) -> jit_playground::Config {
    let mut members: Vec<(String, String)> =
        [("U0001", "alice"), ("U0002", "bob"), ("U0003", "sam")].map(|(id, name)| (id.into(), name.into())).into();
    members.extend((0..plan.crowd).map(|n| (format!("U1{n:03}"), format!("p{n}"))));
    let mut workspace = site::workspace(port, &members);
    workspace.bot_token = plan.token.to_owned();
    workspace.bot.scopes.retain(|scope| Some(scope.as_str()) != plan.lacks);
    let security = workspace.channels.iter_mut().find(|channel| channel.name == "security");
    security.expect("the workspace has it").bot_member = plan.in_security;
    workspace
}

fn configuration(plan: &Plan, port: u16, slack_api: String) -> Configuration {
    let fake = |name: &&str| format!("[connectors.{name}]\nkind = \"fake\"\nstate_file = \"{name}.json\"\n");
    let fakes: String = plan.fakes.iter().map(fake).collect();
    let usual = Configuration::default();
    Configuration {
        port,
        database: plan.database.clone().unwrap_or_else(|| usual.database.clone()),
        redis: plan.redis.clone(),
        slack_api: Some(slack_api),
        teams: plan.teams.clone(),
        more: fakes + &plan.more,
        ..usual
    }
}

fn policy(plan: &Plan) -> String {
    let fake = |name: &&str| {
        role(&format!("{name}-low"), name, "role = \"low\"", "low")
            + &role(&format!("{name}-medium"), name, "role = \"medium\"", "medium")
    };
    let roles: String = plan.fakes.iter().map(fake).collect();
    format!("{RULES}{roles}{}", plan.roles)
}

fn people(plan: &Plan) -> String {
    let engineer = |id: &str, slack: &str| {
        let accounts: Vec<String> = plan.fakes.iter().map(|name| format!("{name} = \"{id}\"")).collect();
        let accounts = accounts.join(", ");
        person(id, slack, &format!("manager = \"bob\"\ngroups = [\"engineering\"]\naccounts = {{ {accounts} }}"))
    };
    let crowd: String = (0..plan.crowd).map(|n| engineer(&format!("p{n}"), &format!("U1{n:03}"))).collect();
    let (bob, sam) = (person("bob", "U0002", ""), person("sam", "U0003", "groups = [\"security\"]"));
    format!("{}{bob}{sam}{crowd}{}", engineer("alice", "U0001"), plan.people)
}
