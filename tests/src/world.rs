//! The world of the journeys: the production wiring over a real database, a playground for Slack, connectors whose truth can be read,
//! and a clock that stands still until it is moved. Steps are in the words a user would use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jit_bot::app::App;
use jit_bot::config::Config;
use jit_bot::service::{self, Doors};
use jit_connectors::contract::Connector;
use jit_connectors::fake::FakeTarget;
use jit_connectors::registry::Registry;
use jit_core::entitlement::{Capabilities, Entitlement, Target};
use jit_core::id::{ConnectorName, PersonId};
use jit_playground::{Playground, StoredMessage, Submission};
use jit_store::{Clock, VirtualClock};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::servers::{Folder, Member, OncallProvider, Postgres, Redis, Scope, Teams, TicketProvider};
use crate::site::{APP_TOKEN, BOT_TOKEN, ChatDoor, Configuration, SIGNING_SECRET};

/// How long a condition is waited for in real time before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Slack ids of the people by their names.
const PEOPLE: [(&str, &str); 6] =
    [("alice", "U0001"), ("bob", "U0002"), ("sam", "U0003"), ("olive", "U0004"), ("carl", "U0005"), ("erin", "U0006")];

/// The channels in Teams, beside the group chat `orders`.
const TEAMS_CHANNELS: [&str; 4] = ["#access", "#security", "#help", "#inc-42"];

/// Where the truth is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite and in-process timers.
    Embedded,
    /// PostgreSQL and Redis.
    Scaled,
    /// As embedded, and what people do comes over Socket Mode.
    Sockets,
}

/// Where somebody is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// In Slack alone.
    Slack,
    /// In Teams alone.
    Teams,
    /// In both.
    Both,
}

/// Everything one journey needs.
pub struct World {
    /// The service's parts.
    pub app: App,
    /// The chat workspace.
    pub chat: Playground,
    /// The clock.
    pub clock: VirtualClock,
    /// The target without an expiry of its own, and the one with.
    pub targets: BTreeMap<&'static str, FakeTarget>,
    /// PagerDuty and Opsgenie.
    pub oncall: OncallProvider,
    /// Microsoft Teams, where it is there.
    teams: Option<Teams>,
    /// Jira and ServiceNow.
    pub tickets: TicketProvider,
    base: Url,
    config: Config,
    folder: Folder,
    running: Option<(CancellationToken, JoinHandle<anyhow::Result<()>>)>,
    _chat_server: JoinSet<()>,
    redis: Option<Redis>,
}

impl World {
    /// Starts everything on a Monday at nine.
    pub async fn start(backend: Backend) -> Self {
        Self::begin(backend, |_| On::Slack).await
    }

    /// The same with Teams in Slack's place.
    pub async fn in_teams(backend: Backend) -> Self {
        Self::begin(backend, |_| On::Teams).await
    }

    /// The same with Teams beside Slack; who is not named is in Slack.
    pub async fn in_both(backend: Backend, people: &[(&str, On)]) -> Self {
        Self::begin(backend, |who| people.iter().find(|(name, _)| *name == who).map_or(On::Slack, |(_, on)| *on)).await
    }

    async fn begin(backend: Backend, on: impl Fn(&str) -> On) -> Self {
        jit_bot::install_crypto();
        let clock = VirtualClock::new("2026-11-23T09:00:00Z".parse().expect("a constant instant"));
        let folder = Folder::new("journey");
        copy_world(&folder);
        let with = |wanted: &dyn Fn(On) -> bool| PEOPLE.iter().any(|(who, _)| wanted(on(who)));
        let (in_slack, in_teams) = (with(&|on| on != On::Teams), with(&|on| on != On::Slack));
        let teams = if in_teams { Some(tenant(&folder, &clock, on).await) } else { None };
        let (database, redis) = match backend {
            Backend::Embedded | Backend::Sockets => (format!("sqlite://{}", folder.join("jit.db").display()), None),
            Backend::Scaled => (Postgres::shared().fresh_database().await, Some(Redis::start())),
        };
        let door = ChatDoor::open().await;
        let redis_url = redis.as_ref().map(Redis::url);
        let oncall = OncallProvider::start().await;
        let tickets = TicketProvider::start().await;
        let files = "[oncall.file]\npath = \"rotations.toml\"\n[tickets.file]\npattern = \"DB-*\"\npath = \"tickets.toml\"\nrefresh = \"10s\"\n";
        let text = Configuration {
            database,
            redis: redis_url,
            slack_api: in_slack.then(|| door.api()),
            sockets: backend == Backend::Sockets,
            teams: teams.as_ref().map(Teams::configuration),
            more: oncall.configuration() + &tickets.configuration() + files,
            ..Configuration::default()
        };
        let config = Config::parse(&text.text(), "the world's configuration", folder.path(), &|_| None).expect("sound");
        let targets = targets(&clock);
        let app = build(&config, &clock, &targets).await;
        let chat_clock = clock.clone();
        let base = door.url.clone();
        let chat = Playground::new(jit_playground::Config {
            bot_token: BOT_TOKEN.to_owned(),
            signing_secret: SIGNING_SECRET.to_owned(),
            ..jit_bot::demo::workspace(&app, &base, Arc::new(move || chat_clock.now()))
        });
        if backend == Backend::Sockets {
            chat.enable_socket_mode(APP_TOKEN);
        }
        let chat_server = door.serve(&chat, chat.router());
        let mut world = Self {
            app,
            chat,
            clock,
            targets,
            oncall,
            teams,
            tickets,
            base,
            config,
            folder,
            running: None,
            _chat_server: chat_server,
            redis,
        };
        world.run().await;
        world
    }

    /// The app comes to everybody who is in Teams, and into every channel, as an administrator's policy brings it.
    pub async fn with_app(self) -> Self {
        let teams = self.teams();
        let people = std::fs::read_to_string(self.file("people.toml")).expect("the file is there");
        let there = |who: &str| {
            people.split("[[person]]").any(|it| it.contains(&format!("\"{who}\"\nname")) && it.contains("\nteams = "))
        };
        let members: Vec<&str> = PEOPLE.iter().map(|(who, _)| *who).filter(|who| there(who)).collect();
        for who in &members {
            teams.installs(who, who).await;
        }
        for place in TEAMS_CHANNELS.iter().chain(&["orders"]) {
            teams.installs(members[0], place).await;
        }
        self
    }

    /// Microsoft Teams.
    pub fn teams(&self) -> &Teams {
        self.teams.as_ref().expect("this world has Teams")
    }

    /// Starts the service's doors and workers.
    async fn run(&mut self) {
        let outer = TcpListener::bind("127.0.0.1:0").await.expect("a free port for the service");
        let url = Url::parse(&format!("http://{}/", outer.local_addr().expect("an address"))).expect("a URL");
        self.chat.set_bot_url(url.clone());
        self.teams.iter().for_each(|teams| teams.set_bot(&url));
        self.base = url;
        let stop = CancellationToken::new();
        let doors = Doors { outer, inner: None, beside: None };
        let task = tokio::spawn(service::run(self.app.clone(), doors, stop.clone()));
        self.running = Some((stop, task));
        if self.config.slack.as_ref().is_some_and(|slack| slack.app_token.is_some()) {
            self.connected().await;
        }
    }

    /// Waits until the service listens at Slack's socket.
    pub async fn connected(&self) {
        let open = self.chat.wait_for(|chat| (chat.open_sockets() > 0).then_some(()), PATIENCE).await;
        open.expect("the service opens a socket");
    }

    /// Stops the service in order, as an upgrade does.
    pub async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            task.await.expect("the service does not panic").expect("the service ends in order");
        }
    }

    /// Starts it again over the same database and targets, with files and configuration read anew.
    pub async fn start_again(&mut self) {
        self.stop().await;
        self.app = build(&self.config, &self.clock, &self.targets).await;
        self.run().await;
    }

    /// Redis is gone from now on.
    pub fn loses_redis(&mut self) {
        self.redis.as_mut().expect("a world with Redis").stop();
    }

    /// The service's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A file of the world, such as `people.toml`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Changes a file of the world, and puts it in force.
    pub async fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.file(name);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{name} has no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("the file can be written");
        self.app.reload().await.expect("the changed world is sound");
    }

    // --- what people do

    /// Types a command in a channel, and gets what was answered at once.
    pub async fn says(&self, who: &str, channel: &str, text: &str) -> String {
        let user = slack(who);
        let answer = self.chat.command(user, channel, text).await.unwrap_or_else(|failure| panic!("{text}: {failure}"));
        answer.message.map(|message| message.readable()).unwrap_or_default()
    }

    /// Types a command again and again until the answer holds a text: for what a worker brings about within a second.
    pub async fn says_until(&self, who: &str, channel: &str, text: &str, wanted: &str) -> String {
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.says(who, channel, text).await;
            if answer.contains(wanted) || std::time::Instant::now() > end {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses a button on the newest message that has one of that label, in one's direct messages.
    pub async fn presses(&self, who: &str, label: &str) {
        let (channel, ts) = self.button(who, label).await;
        self.press_on(who, &channel, &ts, label).await;
    }

    /// Where the newest such button is.
    pub async fn button(&self, who: &str, label: &str) -> (String, String) {
        let user = slack(who);
        let found = self.chat.wait_for(
            |chat| {
                let channel = chat.dm(user)?;
                let has = |message: &StoredMessage| buttons(message).iter().any(|button| button == label);
                let message = chat.transcript(&channel).into_iter().rev().find(has)?;
                Some((channel, message.ts))
            },
            PATIENCE,
        );
        found.await.unwrap_or_else(|_| panic!("{who} has no button {label}:\n{}", self.conversation(who)))
    }

    /// Presses a button of a message.
    pub async fn press_on(&self, who: &str, channel: &str, ts: &str, label: &str) {
        self.chat.click(slack(who), channel, ts, label).await.unwrap_or_else(|failure| panic!("{label}: {failure}"));
    }

    /// Fills in and submits the form in front of a person, once it is there.
    pub async fn submits(&self, who: &str, values: &[(&str, &str)]) -> Submission {
        let user = slack(who);
        let view = self.chat.wait_for(|chat| chat.open_view(user), PATIENCE).await;
        let view = view.unwrap_or_else(|_| panic!("{who} has no form"));
        self.chat.submit(user, &view.id, values).await.unwrap_or_else(|failure| panic!("{values:?}: {failure}"))
    }

    // --- what people see

    /// Waits until a person's direct messages hold a text.
    pub async fn sees(&self, who: &str, text: &str) -> StoredMessage {
        let user = slack(who);
        let found = self.chat.wait_for(
            |chat| {
                let messages = chat.dm(user).map(|dm| chat.transcript(&dm)).unwrap_or_default();
                messages.into_iter().rev().find(|message| says(message, text))
            },
            PATIENCE,
        );
        found.await.unwrap_or_else(|_| panic!("{who} does not see {text:?}:\n{}", self.conversation(who)))
    }

    /// Waits until a channel holds a text.
    pub async fn channel_sees(&self, channel: &str, text: &str) -> StoredMessage {
        let id = self.chat.conversation(slack("alice"), channel).expect("the channel exists");
        let wanted = |message: &StoredMessage| says(message, text);
        let found = self.chat.wait_for_message(&id, wanted, PATIENCE).await;
        found.unwrap_or_else(|_| panic!("{channel} does not see {text:?}:\n{}", self.transcript(&id)))
    }

    /// Opens one's home tab.
    pub async fn opens_home(&self, who: &str) {
        self.chat.open_home(slack(who)).await.expect("they are of the workspace");
    }

    /// Waits until a person's home tab says a text.
    pub async fn home_says(&self, who: &str, text: &str) -> String {
        let user = slack(who);
        let found = self.chat.wait_for(
            |chat| Some(chat.home(user)?.readable()).filter(|home| home.to_lowercase().contains(&text.to_lowercase())),
            PATIENCE,
        );
        found.await.unwrap_or_else(|_| panic!("{who}'s home does not say {text:?}:\n{}", self.home(who)))
    }

    /// Waits until the dialog in front of a person says a text, and closes it.
    pub async fn form_says(&self, who: &str, text: &str) -> String {
        let user = slack(who);
        let found = self.chat.wait_for(
            |chat| {
                let view = chat.open_view(user)?;
                let said = view.readable();
                said.to_lowercase().contains(&text.to_lowercase()).then_some((view.id, said))
            },
            PATIENCE,
        );
        let (id, said) = found.await.unwrap_or_else(|_| {
            panic!("{who}'s dialog does not say {text:?}: {:?}", self.chat.open_view(user).map(|view| view.readable()))
        });
        self.chat.close_view(user, &id).await.expect("it closes");
        said
    }

    /// What a person's home tab says now.
    pub fn home(&self, who: &str) -> String {
        self.chat.home(slack(who)).map(|home| home.readable()).unwrap_or_default()
    }

    /// Presses a button of one's home tab: by its label, or by its action where several have one label.
    pub async fn presses_at_home(&self, who: &str, label: &str) {
        let home = self.chat.home(slack(who)).expect("a home tab");
        let done = self.chat.act_in_view(slack(who), &home.id, label, None).await;
        done.unwrap_or_else(|failure| panic!("{label}: {failure}\n{}", self.home(who)));
    }

    /// What only this person was shown in a channel, newest last.
    pub fn whispers(&self, who: &str, channel: &str) -> Vec<String> {
        let id = self.chat.conversation(slack(who), channel).expect("the channel exists");
        self.chat.ephemerals(slack(who), &id).iter().map(StoredMessage::readable).collect()
    }

    /// Waits until a person was whispered a text.
    pub async fn is_told(&self, who: &str, channel: &str, text: &str) {
        let user = slack(who);
        let id = self.chat.conversation(user, channel).expect("the channel exists");
        let found =
            self.chat.wait_for(|chat| chat.ephemerals(user, &id).iter().any(|m| says(m, text)).then_some(()), PATIENCE);
        found.await.unwrap_or_else(|_| panic!("{who} was not told {text:?}: {:?}", self.whispers(who, channel)));
    }

    /// A person's direct messages with the bot, as text: threads indented, buttons in brackets.
    pub fn conversation(&self, who: &str) -> String {
        self.chat.dm(slack(who)).map(|dm| self.transcript(&dm)).unwrap_or_default()
    }

    /// Whether a person's direct messages hold a text now.
    pub fn saw(&self, who: &str, text: &str) -> bool {
        let dm = self.chat.dm(slack(who)).map(|dm| self.chat.transcript(&dm)).unwrap_or_default();
        dm.iter().any(|message| says(message, text))
    }

    /// A channel's messages as text; short ids are replaced by `A-1`, `A-2` … in order, so that it can be compared.
    pub fn transcript(&self, id: &str) -> String {
        let messages = self.chat.transcript(id);
        let line = |message: &StoredMessage| {
            let indent =
                if message.thread_ts.as_ref().is_some_and(|thread| *thread != message.ts) { "    ↳ " } else { "" };
            let edited = if message.edited.is_some() { " (edited)" } else { "" };
            let buttons: String = buttons(message).iter().map(|button| format!(" [{button}]")).collect();
            format!("{indent}{}{edited}{buttons}\n", message.text)
        };
        messages.iter().map(line).collect()
    }

    /// A person's or a channel's conversation with the random ids replaced by their order of appearance, to be compared.
    pub fn readable(&self, place: &str) -> String {
        let text = match self.chat.conversation(slack("alice"), place) {
            Some(id) if place.starts_with('#') => self.transcript(&id),
            _ => self.conversation(place),
        };
        let mut names: Vec<&str> = Vec::new();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            if jit_core::id::ShortId::parse(word).is_some_and(|id| id.as_str() == word) && !names.contains(&word) {
                names.push(word);
            }
        }
        names.iter().enumerate().fold(text.clone(), |text, (n, name)| text.replace(name, &format!("A-{}", n + 1)))
    }

    // --- time

    /// Lets time pass, a step at a time, and lets the service finish what each step brings.
    pub async fn passes(&self, time: TimeDelta) {
        let end = self.clock.now() + time;
        self.idle().await;
        loop {
            let next = self.next().await.filter(|next| *next < end);
            let step = next.unwrap_or(end);
            if step > self.clock.now() {
                self.clock.set(step);
            }
            self.idle().await;
            if next.is_none() && self.clock.now() >= end {
                return;
            }
        }
    }

    /// When something is due next.
    async fn next(&self) -> Option<DateTime<Utc>> {
        let store = &self.app.dispatch.store;
        let timer = store.next_due().await.expect("timers can be read");
        let entitlement = store.next_entitlement().await.expect("entitlements can be read");
        let tell = store.next_tell().await.expect("the outbox can be read");
        let home = store.next_home().await.expect("homes can be read");
        [timer, entitlement, tell, home].into_iter().flatten().min()
    }

    /// Waits until nothing is left to do at this instant: no timer or entitlement due, no notice unsent.
    pub async fn idle(&self) {
        let end = std::time::Instant::now() + PATIENCE;
        let mut quiet = 0;
        while quiet < 2 {
            // In one look: what is due when it is counted as being worked on, and the other way round, would be missed.
            let busy = self.app.dispatch.store.unfinished().await.expect("it can be read") > 0;
            quiet = if busy { 0 } else { quiet + 1 };
            assert!(std::time::Instant::now() < end, "the service does not come to rest at {}", self.clock.now());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    // --- the truth

    /// Waits until these people are known to be on call by a rotation; none: until it is not known who is.
    pub async fn on_call(&self, rotation: &str, expected: Option<&[&str]>) {
        let expected = expected.map(|people| people.iter().map(|id| PersonId::new(*id)).collect());
        let now = |app: &App| app.dispatch.in_force.get().directory.rotation(rotation).cloned();
        let mut changes = self.app.dispatch.in_force.changes();
        let found = tokio::time::timeout(PATIENCE, async {
            while now(&self.app) != expected {
                changes.changed().await.expect("the service holds it");
            }
        });
        let found = found.await;
        found.unwrap_or_else(|_| panic!("on {rotation} are {:?}, not {expected:?}", now(&self.app)));
    }

    /// All that the service has written down: every row of every table, and every file.
    pub async fn all_that_is_kept(&self) -> String {
        let mut all = String::new();
        for file in std::fs::read_dir(self.folder.path()).expect("readable") {
            let path = file.expect("readable").path();
            if path.is_file() {
                all.push_str(&String::from_utf8_lossy(&std::fs::read(path).expect("readable")));
            }
        }
        let url = self.config.database.url.expose_secret();
        if url.starts_with("postgres") {
            let client = Postgres::connect_to(url).await;
            let row = client.query_one("SELECT database_to_xml(true, false, '')::text", &[]).await.expect("readable");
            all.push_str(row.get(0));
        }
        all
    }

    /// Whether an account really holds a role at a target.
    pub fn holds(&self, connector: &'static str, account: &str, role: &str) -> bool {
        self.targets[connector].works(&entitlement(connector, account, role))
    }

    /// Ends the journey: nothing may be left over.
    pub async fn end(mut self) {
        self.idle().await;
        let store = self.app.dispatch.store.clone();
        let open = store.all_open().await.expect("accesses can be read");
        assert!(
            open.is_empty(),
            "left open: {:?}",
            open.iter().map(|a| (&a.short, a.state_name())).collect::<Vec<_>>()
        );
        assert_eq!(store.next_due().await.expect("timers can be read"), None, "a timer is left over");
        // Only what chat refused is due later: it must be taken when that time comes. What is due now and was not sent is left over.
        let refused =
            store.next_tell().await.expect("the outbox can be read").filter(|again| *again > self.clock.now());
        if let Some(again) = refused {
            eprintln!("chat refused a notice; it is tried again at {again}");
            self.passes(again - self.clock.now()).await;
        }
        assert_eq!(store.counts().await.expect("counts").outbox_pending, 0, "a notice is left over");
        let parked = store.parked(10).await.expect("parked can be read");
        assert!(parked.is_empty(), "parked: {:?}", parked.iter().map(|p| &p.error).collect::<Vec<_>>());
        self.stop().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            task.abort();
        }
    }
}

/// The Slack id of a person.
pub fn slack(who: &str) -> &'static str {
    PEOPLE.iter().find(|(name, _)| *name == who).unwrap_or_else(|| panic!("nobody is called {who}")).1
}

/// The entitlement of a role of the world.
pub fn entitlement(connector: &str, account: &str, role: &str) -> Entitlement {
    let target = Target(BTreeMap::from([("role".to_owned(), role.into())]));
    Entitlement { connector: connector.into(), account: account.into(), target, instance: None }
}

/// Whether a person who reads the message finds the words, in any case.
fn says(message: &StoredMessage, words: &str) -> bool {
    message.readable().to_lowercase().contains(&words.to_lowercase())
}

/// The labels of a message's buttons.
fn buttons(message: &StoredMessage) -> Vec<String> {
    let elements = message
        .blocks
        .iter()
        .filter(|block| block["type"] == "actions")
        .flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default());
    elements.filter_map(|element| element["text"]["text"].as_str().map(str::to_owned)).collect()
}

fn targets(clock: &VirtualClock) -> BTreeMap<&'static str, FakeTarget> {
    let time = clock.clone();
    let now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> = Arc::new(move || time.now());
    let leased = Capabilities { native_expiry: true, ..FakeTarget::CAPABILITIES };
    let vendors = Capabilities { composes: false, standing_possible: false, makes_accounts: true, ..leased };
    BTreeMap::from([
        ("vendors", FakeTarget::new(vendors, Arc::clone(&now))),
        ("orders-db", FakeTarget::new(FakeTarget::CAPABILITIES, Arc::clone(&now))),
        ("leased", FakeTarget::new(leased, now)),
    ])
}

async fn build(config: &Config, clock: &VirtualClock, targets: &BTreeMap<&'static str, FakeTarget>) -> App {
    let connector = |(name, target): (&&'static str, &FakeTarget)| {
        (ConnectorName::new(*name), Arc::new(target.connector()) as Arc<dyn Connector>)
    };
    let registry = Registry::of(targets.iter().map(connector));
    App::with_registry(config, Clock::Virtual(clock.clone()), registry).await.expect("the service starts")
}

/// A tenant with those who are in Teams, whom the directory then knows by their object ids as well, or by those alone.
async fn tenant(folder: &Folder, clock: &VirtualClock, on: impl Fn(&str) -> On) -> Teams {
    let file = folder.join("people.toml");
    let mut people = std::fs::read_to_string(&file).expect("it was copied");
    let mut members = Vec::new();
    for (at, (who, slack)) in PEOPLE.iter().enumerate() {
        let object_id = format!("8c0e4a7e-0000-4000-8000-{at:012}");
        let known = format!("slack = \"{slack}\"\n");
        assert!(people.contains(&known), "{who} is in the directory");
        let both = format!("{known}teams = \"{object_id}\"\n");
        match on(who) {
            On::Slack => {}
            On::Teams => people = people.replace(&known, &format!("teams = \"{object_id}\"\n")),
            On::Both => people = people.replace(&known, &both),
        }
        let name = people.split(&format!("id = \"{who}\"\nname = \"")).nth(1).and_then(|it| it.split('"').next());
        let name = name.expect("everybody has a name").to_owned();
        members.push(Member { who: (*who).to_owned(), name, object_id });
    }
    std::fs::write(file, people).expect("a folder of ours");
    let clock = clock.clone();
    let teams = Teams::start(members, Arc::new(move || clock.now())).await;
    for channel in TEAMS_CHANNELS {
        teams.open(channel, Scope::Channel);
    }
    teams.open("orders", Scope::Group);
    teams
}

fn copy_world(folder: &Folder) {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("world");
    std::fs::create_dir_all(folder.join("policy")).expect("a folder");
    for name in ["people.toml", "rotations.toml", "tickets.toml", "policy/roles.toml", "policy/rules.toml"] {
        std::fs::copy(source.join(name), folder.join(name)).expect("the world's files are there");
    }
}
