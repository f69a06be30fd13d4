//! One deployment to crash: a configuration folder, the chat workspace in this process, and `jit serve` in its own. Whoever acts or waits
//! here finds the service dead, starts it again, and does again what was not acknowledged, as people and supervisors do.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit_core::access::Access;
use jit_core::apply::apply;
use jit_playground::{BotIdentity, Channel, Member, Playground, StoredMessage};
use jit_store::{Clock, Store};
use jit_tests::servers::{Folder, Service, free_port};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::PATIENCE;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What one deployment is made of.
pub struct Plan {
    /// `[database]`, `[redis]`.
    pub database: String,
    pub redis: Option<String>,
    /// `[connectors…]`, as it stands in the file.
    pub connectors: String,
    pub people: String,
    pub policy: String,
    /// Slack ids and names.
    pub members: Vec<(String, String)>,
}

/// See the module.
pub struct Site {
    pub chat: Playground,
    pub folder: Folder,
    pub service: Mutex<Service>,
    database: String,
    /// The signals that ended the service by itself, in order.
    pub deaths: Mutex<Vec<Option<i32>>>,
    chat_server: JoinHandle<()>,
}

impl Site {
    /// Starts chat and service, the service with these variables.
    pub async fn start(folder: Folder, plan: Plan, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let port = free_port();
        let chat = Playground::new(workspace(&plan, port));
        chat.set_base_url(base.clone());
        let router = chat.router();
        let chat_server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fs::create_dir_all(folder.join("policy")).unwrap();
        fs::write(folder.join("people.toml"), &plan.people).unwrap();
        fs::write(folder.join("policy/all.toml"), &plan.policy).unwrap();
        let config = folder.join("jit.toml");
        fs::write(&config, configuration(&plan, port, &base)).unwrap();
        let service = tokio::task::block_in_place(|| Service::start_with(&config, port, environment));
        Self {
            chat,
            folder,
            service: Mutex::new(service),
            database: plan.database,
            deaths: Mutex::default(),
            chat_server,
        }
    }

    /// The service's own database, for looking.
    pub async fn store(&self) -> Store {
        Store::open(&self.database, None, Clock::Record).await.unwrap()
    }

    /// Starts the service again if it has ended by itself.
    pub fn revive(&self) {
        tokio::task::block_in_place(|| {
            let mut service = self.service.lock().unwrap();
            if service.is_running() {
                return;
            }
            self.deaths.lock().unwrap().push(service.wait().signal());
            service.start_again(&[]);
        });
    }

    /// Types a command in the direct message, again until it is acknowledged; what was answered.
    pub async fn says(&self, user: &str, text: &str) -> String {
        let begun = Instant::now();
        loop {
            match self.chat.command(user, "dm", text).await {
                Ok(answer) => return answer.message.map(|message| message.readable()).unwrap_or_default(),
                Err(failure) => assert!(begun.elapsed() < PATIENCE, "{user} {text}: {failure}"),
            }
            tokio::time::sleep(LOOK).await;
            self.revive();
        }
    }

    /// Waits for a condition, keeping the service alive.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}\n{}", self.service.lock().unwrap().log());
            tokio::time::sleep(LOOK).await;
            self.revive();
        }
    }

    /// Waits until nothing is left to do: no access open, no timer, no notice, no entitlement.
    pub async fn rest(&self, store: &Store) {
        self.until("everything comes to rest", async || {
            let counts = store.counts().await.unwrap();
            let open: u64 = counts.accesses.values().sum();
            (open + counts.timers + counts.outbox_pending + counts.entitlements_due == 0).then_some(())
        })
        .await;
        let parked = store.parked(9).await.unwrap();
        assert!(parked.is_empty(), "parked: {:?}", parked.iter().map(|p| &p.error).collect::<Vec<_>>());
    }

    /// Every message of the bot in a person's direct message or in a channel.
    pub fn bot_messages(&self, user: &str, place: &str) -> Vec<StoredMessage> {
        let Some(id) = self.chat.conversation(user, place) else { return Vec::new() };
        self.chat.transcript(&id).into_iter().filter(|message| message.is_bot).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.chat_server.abort();
    }
}

/// The fold of an access's events is its row.
pub async fn fold_equals_row(store: &Store, access: &Access) {
    let history = store.history(access.id).await.unwrap();
    let fold = history.iter().fold(None, |state, event| apply(state, &event.record));
    assert_eq!(fold.as_ref(), Some(access), "the fold of the events is the row");
}

fn workspace(plan: &Plan, port: u16) -> jit_playground::Config {
    let everybody: Vec<String> = plan.members.iter().map(|(id, _)| id.clone()).collect();
    let channel = |id: &str, name: &str| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: String::new(),
        members: everybody.clone(),
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
        team_id: "T0001".to_owned(),
        team_name: "Acme".to_owned(),
        bot: BotIdentity {
            user_id: "U0BOT".to_owned(),
            bot_id: "B0001".to_owned(),
            app_id: "A0001".to_owned(),
            name: "jit".to_owned(),
            scopes: jit_chat::slack::manifest::SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
        },
        bot_token: "xoxb-playground".to_owned(),
        signing_secret: "playground-signing-secret".to_owned(),
        bot_url: Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
        command: "/jit".to_owned(),
        people: plan.members.iter().map(member).collect(),
        channels: vec![channel("C0001", "access"), channel("C0002", "security")],
        hints: Vec::new(),
        complete: Arc::new(|_, _| Vec::new()),
        clock: Arc::new(chrono::Utc::now),
    }
}

fn configuration(plan: &Plan, port: u16, chat: &Url) -> String {
    let redis = plan.redis.as_ref().map(|url| format!("[redis]\nurl = \"{url}\"\n")).unwrap_or_default();
    format!(
        r##"[server]
listen = "127.0.0.1:{port}"
[database]
url = "{database}"
{redis}
[slack]
signing_secret = "playground-signing-secret"
bot_token = "xoxb-playground"
team_id = "T0001"
api_url = "{chat}playground/api"
[channels]
announce = "#access"
security = "#security"
[policy]
path = "policy"
[directory]
file = "people.toml"
{connectors}
"##,
        database = plan.database,
        connectors = plan.connectors,
    )
}

/// One person of `people.toml`.
pub fn person(id: &str, slack: &str, more: &str) -> String {
    format!("[[person]]\nid = \"{id}\"\nname = \"{id}\"\nemail = \"{id}@acme.test\"\nslack = \"{slack}\"\n{more}\n\n")
}

/// One role of the policy; `target` is a TOML table's inside.
pub fn role(name: &str, connector: &str, target: &str, risk: &str) -> String {
    format!(
        "[[role]]\nname = \"{name}\"\ntitle = \"{name}\"\nconnector = \"{connector}\"\ntarget = {{ {target} }}\nlevel = \"write\"\n\
         environment = \"staging\"\nrisk = \"{risk}\"\nowner = \"bob\"\nmax_duration = \"4h\"\n\n"
    )
}

/// Low risk at once, medium risk by the manager; lives may be as short as a second.
pub const RULES: &str = r#"
[[rule]]
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
who = ["bob"]
"#;

/// A path as a TOML text.
pub fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.display().to_string()).to_string()
}
