//! Microsoft on the loopback, and a tenant of it: stands between `jit` and the clients of people.
//!
//! Towards `jit` it is what Microsoft is: it publishes the keys that it signs activities with, gives bearers for the bot's secret, and
//! takes no call of the connector without one. Towards people it is a Teams client in memory, in the words of the journeys; Microsoft's own
//! client ([`AgentsPlayground`]) can be put in a person's hands instead, and then everything of theirs goes through that one. All traffic
//! is kept.
//!
//! Shapes as documented: Bot Framework, "Bot Connector REST API" and "Authentication"; Teams, "Universal Actions", "Dialogs", "Action
//! commands", and as the Agents Playground sends and takes them.

mod agents_playground;
mod book;
mod card;
mod connector;
mod door;
mod faults;
mod people;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

pub use agents_playground::AgentsPlayground;
pub use book::{Conversation, Dialog, Member, Message, Scope};
pub use card::{CONTENT_TYPE as CARD, Field};
pub use faults::Fault;
pub use people::Submitted;
pub use tokens::{Asked, Key, Token};

use crate::site::teams_channel;
use book::Book;
use faults::{Faults, Misbehaviour};
use tokens::Tokens;

/// The app's id.
pub const APP_ID: &str = "22222222-2222-4222-8222-222222222222";
/// Its secret.
pub const APP_SECRET: &str = "teams-hunter2";
/// The tenant.
pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
/// The team that the channels are of.
pub const TEAM: &str = "19:team@thread.tacv2";
/// How long a condition is waited for in real time before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time, as the world has it.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// One exchange between `jit` and Microsoft.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whether `jit` was called; else it called.
    pub to_bot: bool,
    /// `POST`, `PUT` …
    pub method: String,
    /// Of the call.
    pub path: String,
    /// What was sent.
    pub body: Value,
    /// What came back.
    pub status: u16,
}

/// See the module. Cloned cheaply.
#[derive(Clone)]
pub struct Teams {
    inner: Arc<Inner>,
}

struct Inner {
    url: Url,
    now: Now,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    http: reqwest::Client,
    _server: Mutex<JoinSet<()>>,
}

struct State {
    bot: Option<Url>,
    tokens: Tokens,
    book: Book,
    faults: Faults,
    /// Each activity goes out this often.
    copies: usize,
    traffic: Vec<Exchange>,
    /// Microsoft's own clients, by person.
    clients: BTreeMap<String, Arc<AgentsPlayground>>,
}

impl Teams {
    /// Starts it, with these people, all of whom have the app installed, and no channel.
    pub async fn start(members: Vec<Member>, now: Now) -> Self {
        tokens::make_keys().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port for Microsoft");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("it is bound"))).expect("a URL");
        let state = State {
            bot: None,
            tokens: Tokens::new(),
            book: Book::of(members),
            faults: Faults::default(),
            copies: 1,
            traffic: Vec::new(),
            clients: BTreeMap::new(),
        };
        let inner = Inner {
            url,
            now,
            state: Mutex::new(state),
            changes: watch::channel(0).0,
            http: reqwest::Client::builder().build().expect("an HTTP client"),
            _server: Mutex::default(),
        };
        let teams = Self { inner: Arc::new(inner) };
        // The server holds no more than a weak hold of what holds it.
        let state = Arc::downgrade(&teams.inner);
        let router = Router::new()
            .route("/openid", get(connector::metadata))
            .route("/keys", get(connector::keys))
            .route("/login/{tenant}/oauth2/v2.0/token", post(connector::token))
            .route("/connector/{*path}", any(connector::call))
            .route("/client/{who}/messages", any(door::from_client))
            .with_state(state);
        let server = async move { axum::serve(listener, router).await.expect("Microsoft serves") };
        teams.inner._server.lock().unwrap_or_else(PoisonError::into_inner).spawn(server);
        teams
    }

    /// Adds a channel of the team, or a group chat, with everybody in it and the app installed. Its id.
    pub fn open(&self, name: &str, scope: Scope) -> String {
        let id = if scope == Scope::Channel { teams_channel(name) } else { format!("19:{name}@thread.v2") };
        self.change(|state| {
            let members = state.book.members.iter().map(|it| it.who.clone()).collect();
            let conversation = Conversation { id: id.clone(), name: name.to_owned(), scope, members, installed: true };
            state.book.conversations.push(conversation);
        });
        id
    }

    /// Where `jit` listens.
    pub fn set_bot(&self, base: &Url) {
        let url = base.join("api/messages").expect("a path");
        self.change(|state| state.bot = Some(url));
    }

    /// `[teams]` of `jit.toml`.
    pub fn configuration(&self) -> String {
        let url = &self.inner.url;
        format!(
            "[teams]\napp_id = \"{APP_ID}\"\ntenant_id = \"{TENANT}\"\napp_secret = \"{APP_SECRET}\"\n\
             openid_metadata_url = \"{url}openid\"\nlogin_url = \"{url}login\"\n"
        )
    }

    /// Where the bot gets its bearers.
    pub fn login_url(&self) -> String {
        format!("{}login/{TENANT}/oauth2/v2.0/token", self.inner.url)
    }

    /// `serviceUrl` of every activity.
    pub fn service_url(&self) -> String {
        format!("{}connector/", self.inner.url)
    }

    // --- what goes wrong

    /// Something goes wrong with the bot's calls to a path that holds `at`, so many times or until [`Teams::behave`].
    pub fn misbehave(&self, at: &str, fault: Fault, times: Option<usize>) {
        let at = at.to_owned();
        self.change(|state| state.faults.0.push(Misbehaviour { at, fault, times }));
    }

    /// All is well again.
    pub fn behave(&self) {
        self.change(|state| {
            state.faults.0.clear();
            state.tokens.ill = None;
            state.copies = 1;
        });
    }

    /// From now on each activity is sent so many times at once, as Teams does when an answer takes too long.
    pub fn resend(&self, copies: usize) {
        self.change(|state| state.copies = copies);
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn rotate(&self) {
        self.change(|state| state.tokens.rotate());
    }

    /// The metadata and the keys are answered with this status and text.
    pub fn keys_are(&self, status: u16, text: &str) {
        self.change(|state| state.tokens.ill = Some((status, text.to_owned())));
    }

    /// The keys may speak for these channels.
    pub fn endorse(&self, channels: &[&str]) {
        self.change(|state| state.tokens.endorsements = channels.iter().map(|it| (*it).to_owned()).collect());
    }

    /// Takes back every bearer that the bot was given.
    pub fn revoke_bearers(&self) {
        self.change(|state| state.tokens.revoke_bearers());
    }

    // --- what can be seen from outside

    /// How often the bot asked for what.
    pub fn asked(&self) -> Asked {
        self.lock().tokens.asked
    }

    /// Everything that went between `jit` and Microsoft, oldest first.
    pub fn traffic(&self) -> Vec<Exchange> {
        self.lock().traffic.clone()
    }

    /// Waits until something is found.
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = look(self) {
                    return found;
                }
                // The sender lives in `self`, so this cannot fail while we look.
                let _ = changes.changed().await;
            }
        };
        tokio::time::timeout(PATIENCE, search).await.ok()
    }

    // --- for the other modules

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.inner.changes.send_modify(|count| *count += 1);
        changed
    }

    fn now(&self) -> DateTime<Utc> {
        (self.inner.now)()
    }
}
