//! Microsoft's own client for bots, the Microsoft 365 Agents Playground, in one person's hands: started on a free port, given its people
//! and places, driven by its HTTP hooks, and watched over the socket that tells its page what to show.
//!
//! It always speaks as one person, so each person has one. It knows members by their Teams ids, one channel beside "General", and threads by
//! their address; it does not know dialogs that a card's button opens, nor views of one's own. It signs nothing: what it sends goes to
//! [`super::door`].

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;

use super::book::{Member, Scope, split};
use super::{APP_ID, PATIENCE, TENANT, Teams, card};
use crate::servers::Folder;
use crate::servers::process::{Launch, Server, on_free_port, program, run};

/// Where its programs are: installed by `tests/modules` when they are not there yet.
static MODULES: LazyLock<PathBuf> = LazyLock::new(|| {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let said = run(Command::new(tests.join("modules")).arg(tests.join("teams")));
    PathBuf::from(said.trim())
});

/// See the module.
#[derive(Debug)]
pub struct AgentsPlayground {
    /// Whose it is.
    who: Member,
    port: u16,
    /// Its ids of messages, by ours.
    ids: Mutex<BTreeMap<String, String>>,
    shown: watch::Sender<Vec<Value>>,
    http: reqwest::Client,
    _reader: JoinSet<()>,
    _server: Server,
    _folder: Folder,
}

impl Teams {
    /// Puts Microsoft's own client in a person's hands. `channels` are General and the one that it knows beside.
    pub async fn real_client(&self, who: &str, [general, channel]: [&str; 2]) -> Arc<AgentsPlayground> {
        let folder = Folder::new("agents-playground");
        let config = folder.join("client.yml");
        std::fs::write(&config, self.client_configuration(who, [general, channel]).to_string())
            .expect("a folder of ours");
        let endpoint = format!("{}client/{who}/messages", self.inner.url);
        let service_url = self.service_url();
        let (port, server) = on_free_port(|port| start(port, &folder, &config, (&endpoint, &service_url)));
        let (shown, mut reader) = (watch::channel(Vec::new()).0, JoinSet::new());
        let stream = format!("ws://127.0.0.1:{port}/_ws_conversation/v1/conversations/stream");
        let (socket, _) = connect_async(stream).await.expect("it tells its page what to show");
        let tell = shown.clone();
        reader.spawn(socket.for_each(move |frame| {
            let told = frame.ok().and_then(|frame| serde_json::from_str(frame.to_text().ok()?).ok());
            told.into_iter().for_each(|told: Value| tell.send_modify(|shown| show(shown, told)));
            std::future::ready(())
        }));
        let client = AgentsPlayground {
            who: self.lock().book.member(who).clone(),
            port,
            ids: Mutex::default(),
            shown,
            http: self.inner.http.clone(),
            _reader: reader,
            _server: server,
            _folder: folder,
        };
        let client = Arc::new(client);
        self.change(|state| state.clients.insert(who.to_owned(), Arc::clone(&client)));
        client
    }

    /// The client's people and places; JSON is YAML.
    fn client_configuration(&self, who: &str, [general, channel]: [&str; 2]) -> Value {
        let state = self.lock();
        let user = |member: &Member| {
            json!({
                "id": member.id(), "name": member.name, "userPrincipleName": format!("{}@acme.test", member.who),
                "aadObjectId": member.object_id, "givenName": member.who, "surname": member.who, "email": format!("{}@acme.test", member.who),
            })
        };
        let (own, others): (Vec<&Member>, _) = state.book.members.iter().partition(|member| member.who == who);
        let id = |place: &str| state.book.conversation(place).map(|it| it.id.clone()).expect("it was opened");
        let group = state.book.conversations.iter().find(|it| it.scope == Scope::Group);
        let (group, name) = group.map_or(("19:group@thread.v2", "Group"), |it| (&it.id, &it.name));
        json!({
            "version": "0.1.1", "tenantId": TENANT, "bot": { "id": format!("28:{APP_ID}"), "name": "jit" },
            "currentUser": user(own[0]), "users": others.into_iter().map(user).collect::<Vec<_>>(),
            "personalChat": { "id": own[0].conversation() }, "groupChat": { "id": group, "name": name },
            "team": {
                "id": id(general), "name": "Acme", "aadGroupId": "33333333-3333-4333-8333-333333333333",
                "channels": [{ "id": id(channel), "name": channel.trim_start_matches('#') }],
            },
        })
    }
}

/// What the page would show: a message that is told again replaces what it was.
fn show(shown: &mut Vec<Value>, mut told: Value) {
    let message = told["message"].take();
    if message.is_null() {
        return;
    }
    match shown.iter_mut().find(|it| it["messageId"] == message["messageId"]) {
        Some(before) => *before = message,
        None => shown.push(message),
    }
}

fn start(port: u16, folder: &Folder, config: &Path, (endpoint, service_url): (&str, &str)) -> Result<Server, String> {
    let cli = MODULES.join("node_modules/@microsoft/m365agentsplayground/cli.js").display().to_string();
    let node = program("node", "nodejs", &[]).display().to_string();
    let (home, port_text) = (folder.path().display().to_string(), port.to_string());
    // It keeps logs where it is started.
    let args = [
        "-C",
        &home,
        &node,
        &cli,
        "start",
        "-e",
        endpoint,
        "-c",
        "msteams",
        "-p",
        &port_text,
        "--dt",
        "--su",
        service_url,
    ];
    let environment = [
        ("M365_AGENTS_PLAYGROUND_CONFIG_PATH", config.display().to_string()),
        ("TEAMSAPPTESTER_BROWSER", "none".to_owned()),
        ("HOME", home.clone()),
    ];
    let launch = Launch {
        program: &program("env", "coreutils", &[]),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        user: None,
        log: folder.join("log"),
        end_signal: "KILL",
    };
    Server::start(launch, move || answers(port))
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /_debug/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

impl AgentsPlayground {
    /// Where node finds its modules, and those that drive its page.
    pub fn modules() -> &'static Path {
        &MODULES
    }

    /// The browser for its page.
    pub fn browser() -> PathBuf {
        let named = std::env::var_os("JIT_CHROMIUM").map(PathBuf::from);
        named.unwrap_or_else(|| program("chromium", "chromium", &[]))
    }

    /// Its page.
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    // --- what its person does

    /// Types a message, with a mention outside of the personal conversation.
    pub async fn types(&self, conversation: &str, text: &str) {
        let mut body = json!({ "from": { "id": self.who.id() }, "text": text, "textFormat": "plain" });
        if conversation != self.who.conversation() {
            body["text"] = Value::from(format!("<at>jit</at> {text}"));
            body["mentions"] = json!([{ "mentioned": { "id": format!("28:{APP_ID}") }, "text": "<at>jit</at>" }]);
        }
        let path = format!("_conversation/v1/conversations/{conversation}/messages");
        let answer = self.hook(&path, &body).await;
        // A thread that begins here is known by its own id.
        if let Some(id) = answer["messageId"].as_str().filter(|_| answer["postConversationId"].is_string()) {
            self.keep(id, id);
        }
    }

    /// Adds the app to a conversation.
    pub async fn installs(&self, conversation: &str) {
        self.hook(&format!("_debug/conversation/{conversation}/installation"), &json!({})).await;
    }

    /// Presses a button of the newest message that has one of that label; what the bot answered.
    pub async fn presses(&self, conversation: &str, label: &str) -> Value {
        let has = |message: &Value| buttons(message).into_iter().find(|button| card::label(button) == label);
        let found = self.wait_for(|shown| shown.iter().rev().find_map(|it| Some((it.clone(), has(it)?)))).await;
        let (message, button) = found.unwrap_or_else(|| panic!("no button {label}: {}", self.readable()));
        let button = card::confirmed(&button);
        assert_eq!(button["type"], "Action.Execute", "the client cannot open dialogs of cards");
        let value = json!({ "action": button, "trigger": "manual" });
        let body = json!({
            "name": "adaptiveCard/action", "from": { "id": self.who.id() }, "conversation": { "id": conversation },
            "replyToId": message["messageId"], "value": value,
        });
        self.hook("_conversation/v1/invoke", &body).await
    }

    /// Opens or sends the form of a command of the message extension; what the bot answered.
    pub async fn extension(&self, conversation: &str, name: &str, value: Value) -> Value {
        let body = json!({ "name": name, "from": { "id": self.who.id() }, "conversation": { "id": conversation }, "value": value });
        self.hook("_conversation/v1/invoke", &body).await
    }

    async fn hook(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(&self.http, "POST", path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    // --- what its page shows

    /// Waits until a message says a text.
    pub async fn sees(&self, text: &str) -> String {
        let says = |message: &Value| words(message).to_lowercase().contains(&text.to_lowercase());
        let found = self.wait_for(|shown| shown.iter().rev().find(|it| says(it)).map(words)).await;
        found.unwrap_or_else(|| panic!("{} does not see {text:?}:\n{}", self.who.who, self.readable()))
    }

    /// All that it shows, oldest first.
    pub fn readable(&self) -> String {
        self.shown.borrow().iter().map(words).collect::<Vec<_>>().join("\n---\n")
    }

    async fn wait_for<T>(&self, mut look: impl FnMut(&[Value]) -> Option<T>) -> Option<T> {
        let mut changes = self.shown.subscribe();
        let mut found = None;
        let search = changes.wait_for(|shown| {
            found = look(shown);
            found.is_some()
        });
        let _ = tokio::time::timeout(PATIENCE, search).await;
        found
    }

    // --- what the connector passes on

    /// A new message of the bot; status and answer. In a thread that this client does not know nothing is shown: `None`.
    pub(super) async fn post(&self, to: &str, body: &Value) -> Option<(u16, Value)> {
        let to = self.address(to)?;
        Some(self.call(&self.http, "POST", &format!("_connector/v3/conversations/{to}/activities"), body).await)
    }

    /// Another content for one.
    pub(super) async fn edit(&self, (to, id): (&str, &str), body: &Value) -> Option<(u16, Value)> {
        let (to, id) = (self.address(to)?, self.theirs(id)?);
        Some(self.call(&self.http, "PUT", &format!("_connector/v3/conversations/{to}/activities/{id}"), body).await)
    }

    /// Any call; status and answer.
    pub(super) async fn call(&self, http: &reqwest::Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let url = format!("{}{path}", self.page());
        let answer = http.request(method, url).json(body).send().await.expect("the client answers");
        let status = answer.status().as_u16();
        let text = answer.bytes().await.expect("its answer is whole");
        (status, serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Remembers under which id it knows a message of ours.
    pub(super) fn keep(&self, ours: &str, theirs: &str) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(ours.to_owned(), theirs.to_owned());
    }

    /// Our id for one of its.
    pub(super) fn ours(&self, theirs: &str) -> String {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ids.iter().find(|(_, it)| *it == theirs);
        found.map_or_else(|| theirs.to_owned(), |(ours, _)| ours.clone())
    }

    fn theirs(&self, ours: &str) -> Option<String> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(ours).cloned()
    }

    fn address(&self, to: &str) -> Option<String> {
        match split(to) {
            (conversation, None) => Some(conversation.to_owned()),
            (conversation, Some(thread)) => Some(super::book::address(conversation, Some(&self.theirs(thread)?))),
        }
    }
}

fn cards(message: &Value) -> impl Iterator<Item = &Value> {
    let attached = message["attachments"].as_array().into_iter().flatten();
    attached.filter(|it| it["contentType"] == card::CONTENT_TYPE).map(|it| &it["content"])
}

fn buttons(message: &Value) -> Vec<Value> {
    cards(message).flat_map(card::buttons).collect()
}

fn words(message: &Value) -> String {
    let text = message["text"].as_str().unwrap_or_default().to_owned();
    cards(message).fold(text, |text, card| format!("{text}\n{}", card::readable(card)))
}
