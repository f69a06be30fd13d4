//! One deployment on disk: configuration, policy, people, targets in files, and the chat workspace in this process.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{TimeDelta, Utc};
use jit_connectors::fake::FakeTarget;
use jit_playground::{BotIdentity, Channel, Member, Playground};
use jit_tests::servers::{Folder, Service, free_port};
use jit_tests::world::entitlement;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::PATIENCE;

pub const SIGNING_SECRET: &str = "signing-hunter2";
pub const BOT_TOKEN: &str = "xoxb-hunter2";

/// What may be other than usual.
pub struct Plan {
    /// `database.url`; a file of the folder otherwise.
    pub database: Option<String>,
    pub redis: Option<String>,
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
    chat_server: JoinHandle<()>,
}

impl Site {
    /// The usual one.
    pub async fn new() -> Self {
        Self::of(Plan::default()).await
    }

    pub async fn of(plan: Plan) -> Self {
        let folder = Folder::new("cli");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let port = free_port();
        let chat = Playground::new(workspace(&plan, port));
        chat.set_base_url(base.clone());
        let skew = plan.skew;
        let router = chat.router().layer(axum::middleware::map_response(
            move |mut response: axum::response::Response| async move {
                let date = (Utc::now() + skew).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                response.headers_mut().insert("date", HeaderValue::try_from(date).unwrap());
                response
            },
        ));
        let chat_server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fs::create_dir_all(folder.join("policy")).unwrap();
        let site = Self { chat, folder, port, chat_server };
        site.write("people.toml", &people(&plan));
        site.write("policy/all.toml", &policy(&plan));
        site.write("jit.toml", &configuration(&plan, port, &base));
        site
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

impl Drop for Site {
    fn drop(&mut self) {
        self.chat_server.abort();
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
    let mut people: Vec<(String, String)> =
        [("U0001", "alice"), ("U0002", "bob"), ("U0003", "sam")].map(|(id, name)| (id.into(), name.into())).into();
    people.extend((0..plan.crowd).map(|n| (format!("U1{n:03}"), format!("p{n}"))));
    let everybody: Vec<String> = people.iter().map(|(id, _)| id.clone()).collect();
    let channel = |id: &str, name: &str, bot_member: bool| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: String::new(),
        members: everybody.clone(),
        bot_member,
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
    let scopes = jit_chat::slack::manifest::SCOPES.iter().map(|(scope, _)| *scope);
    jit_playground::Config {
        team_id: "T0001".to_owned(),
        team_name: "Acme".to_owned(),
        bot: BotIdentity {
            user_id: "U0BOT".to_owned(),
            bot_id: "B0001".to_owned(),
            app_id: "A0001".to_owned(),
            name: "jit".to_owned(),
            scopes: scopes.filter(|scope| Some(*scope) != plan.lacks).map(str::to_owned).collect(),
        },
        bot_token: plan.token.to_owned(),
        signing_secret: SIGNING_SECRET.to_owned(),
        bot_url: Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
        command: "/jit".to_owned(),
        people: people.iter().map(member).collect(),
        channels: vec![channel("C0001", "access", true), channel("C0002", "security", plan.in_security)],
        hints: Vec::new(),
        complete: Arc::new(|_, _| Vec::new()),
        clock: Arc::new(Utc::now),
    }
}

fn configuration(plan: &Plan, port: u16, chat: &Url) -> String {
    let redis = plan.redis.as_ref().map(|url| format!("[redis]\nurl = \"{url}\"\n")).unwrap_or_default();
    let fake = |name: &&str| format!("[connectors.{name}]\nkind = \"fake\"\nstate_file = \"{name}.json\"\n");
    let fakes: String = plan.fakes.iter().map(fake).collect();
    format!(
        r##"[server]
listen = "127.0.0.1:{port}"
[database]
url = "{database}"
[slack]
signing_secret = "{SIGNING_SECRET}"
bot_token = "{BOT_TOKEN}"
team_id = "T0001"
api_url = "{chat}playground/api"
[channels]
announce = "#access"
security = "#security"
[policy]
path = "policy"
[directory]
file = "people.toml"
{redis}
{fakes}
{more}
"##,
        database = plan.database.as_deref().unwrap_or("sqlite://jit.db"),
        more = plan.more,
    )
}

/// A role of a connector; `target` is a TOML table's inside.
pub fn role(name: &str, connector: &str, target: &str, risk: &str) -> String {
    format!(
        "[[role]]\nname = \"{name}\"\ntitle = \"{name}\"\nconnector = \"{connector}\"\ntarget = {{ {target} }}\nlevel = \"write\"\n\
         environment = \"staging\"\nrisk = \"{risk}\"\nowner = \"bob\"\nmax_duration = \"4h\"\n\n"
    )
}

fn policy(plan: &Plan) -> String {
    let fake = |name: &&str| {
        role(&format!("{name}-low"), name, "role = \"low\"", "low")
            + &role(&format!("{name}-medium"), name, "role = \"medium\"", "medium")
    };
    let roles: String = plan.fakes.iter().map(fake).collect();
    let rules = r#"[[rule]]
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
    format!("{rules}\n{roles}{}", plan.roles)
}

fn people(plan: &Plan) -> String {
    let person = |id: &str, slack: &str, more: &str| {
        format!(
            "[[person]]\nid = \"{id}\"\nname = \"{id}\"\nemail = \"{id}@acme.test\"\nslack = \"{slack}\"\n{more}\n\n"
        )
    };
    let engineer = |id: &str, slack: &str| {
        let accounts: Vec<String> = plan.fakes.iter().map(|name| format!("{name} = \"{id}\"")).collect();
        let accounts = accounts.join(", ");
        person(id, slack, &format!("manager = \"bob\"\ngroups = [\"engineering\"]\naccounts = {{ {accounts} }}"))
    };
    let crowd: String = (0..plan.crowd).map(|n| engineer(&format!("p{n}"), &format!("U1{n:03}"))).collect();
    let (bob, sam) = (person("bob", "U0002", ""), person("sam", "U0003", "groups = [\"security\"]"));
    format!("{}{bob}{sam}{crowd}{}", engineer("alice", "U0001"), plan.people)
}
