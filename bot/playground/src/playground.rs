//! The handle everyone holds: the demo mounts its router, tests act through it and look at what
//! came of it. Locks the world briefly; never holds the lock while waiting.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;
use url::Url;

use crate::{
    config::Config,
    failure::Failure,
    faults::Misbehaviour,
    message::StoredMessage,
    outbound::{Answer, Delivery, Outbound},
    pager::Pager,
    socket::Sockets,
    views::View,
    world::{ApiCall, World},
};

/// A chat workspace in memory. Cloning it gives another handle to the same one.
#[derive(Clone)]
pub struct Playground {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    bot_url: RwLock<Url>,
    /// Where the playground itself is reached, for response addresses.
    base_url: RwLock<Option<Url>>,
    world: Mutex<World>,
    /// Counts changes, so that waiting needs no polling.
    changes: watch::Sender<u64>,
    outbound: Outbound,
    sockets: Sockets,
    event_retries: RwLock<Vec<Duration>>,
    pager: Option<Pager>,
}

impl std::fmt::Debug for Playground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playground").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

/// When Slack sends an event again that was not taken. Source: Slack, "The Events API".
const EVENT_RETRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

impl Playground {
    /// A fresh workspace. Nothing is sent until someone acts.
    pub fn new(config: Config) -> Self {
        Self::made_of(config, None)
    }

    /// One with a provider of on-call rotations, which is served below `/playground/pager/` and driven from the page.
    pub fn with_pager(config: Config, pager: Pager) -> Self {
        Self::made_of(config, Some(pager))
    }

    fn made_of(config: Config, pager: Option<Pager>) -> Self {
        Self {
            inner: Arc::new(Inner {
                bot_url: RwLock::new(config.bot_url.clone()),
                base_url: RwLock::new(None),
                world: Mutex::new(World::new(config.clone())),
                changes: watch::Sender::new(0),
                outbound: Outbound::new(&config.signing_secret),
                sockets: Sockets::default(),
                event_retries: RwLock::new(EVENT_RETRIES.to_vec()),
                pager,
                config,
            }),
        }
    }

    /// The provider of on-call rotations, where there is one.
    pub(crate) fn pager(&self) -> Option<&Pager> {
        self.inner.pager.as_ref()
    }

    /// Everything the playground serves: `/playground/…` and a redirect from `/`.
    pub fn router(&self) -> axum::Router {
        crate::router::router(self.clone())
    }

    /// Tells where the bot listens, once its port is known.
    pub fn set_bot_url(&self, url: Url) {
        *self.inner.bot_url.write().unwrap_or_else(PoisonError::into_inner) = url;
    }

    /// Tells where the router is served (scheme, host and port), so that `response_url`s lead to
    /// it. Without it the `Host` of the first request tells.
    pub fn set_base_url(&self, url: Url) {
        *self.inner.base_url.write().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }

    /// Learns from a request where the router is served.
    pub(crate) fn learn_base_url(&self, headers: &axum::http::HeaderMap) {
        if self.inner.base_url.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return;
        }
        let host = headers.get(axum::http::header::HOST).and_then(|h| h.to_str().ok());
        if let Some(url) = host.and_then(|h| Url::parse(&format!("http://{h}/")).ok()) {
            self.set_base_url(url);
        }
    }

    /// The waits before an untaken event is sent again; tests make them short.
    pub fn set_event_retries(&self, waits: &[Duration]) {
        *self.inner.event_retries.write().unwrap_or_else(PoisonError::into_inner) = waits.to_vec();
    }

    /// Switches Socket Mode on, with this app-level token (`xapp-…`): from now on nothing is sent to the bot's address.
    pub fn enable_socket_mode(&self, app_token: &str) {
        self.inner.sockets.enable(app_token);
    }

    /// How many sockets of the bot are open and were not told to go.
    pub fn open_sockets(&self) -> usize {
        self.inner.sockets.count()
    }

    /// Tells every socket that it will be closed: `warning`, `refresh_requested`, or `link_disabled`, which switches Socket Mode off.
    pub fn disconnect_sockets(&self, reason: &str) {
        self.inner.sockets.disconnect(reason);
    }

    /// Cuts every socket without a word.
    pub fn cut_sockets(&self) {
        self.inner.sockets.cut();
    }

    /// Switches Slack's limit of about one post per `interval` and channel on or off.
    pub fn set_rate_limit(&self, interval: Option<Duration>) {
        self.change(|world| world.rate_limit = interval);
    }

    /// Makes the Web API misbehave.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.change(|world| world.faults.add(misbehaviour));
    }

    /// Ends every misbehaviour.
    pub fn behave(&self) {
        self.change(|world| world.faults.clear());
    }

    /// Forgets messages, views, calls and misbehaviour; people and channels stay.
    pub fn reset(&self) {
        self.change(World::reset);
    }

    // --- looking

    /// The calls the bot made, oldest first.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.read(|world| world.calls.iter().cloned().collect())
    }

    /// Messages of a conversation, oldest first; empty if there is none such.
    pub fn transcript(&self, conversation: &str) -> Vec<StoredMessage> {
        self.read(|world| world.conversation(conversation).map(|c| c.messages.iter().cloned().collect()))
            .unwrap_or_default()
    }

    /// What only this person was shown in a conversation, oldest first.
    pub fn ephemerals(&self, user: &str, conversation: &str) -> Vec<StoredMessage> {
        let theirs = |m: &&StoredMessage| m.ephemeral_to.as_deref() == Some(user);
        self.read(|world| {
            world.conversation(conversation).map(|c| c.ephemerals.iter().filter(theirs).cloned().collect())
        })
        .unwrap_or_default()
    }

    /// The id of a conversation a person is in, by id, name, `#name`, or `dm` for the bot's.
    pub fn conversation(&self, user: &str, name_or_id: &str) -> Option<String> {
        self.read(|world| {
            let found = match name_or_id {
                "dm" => world.im_of(user),
                other => world.conversation(other).or_else(|| world.channel_by_name(other)),
            };
            found.filter(|c| c.members.contains(user)).map(|c| c.id.clone())
        })
    }

    /// The bot's direct message with a person.
    pub fn dm(&self, user: &str) -> Option<String> {
        self.conversation(user, "dm")
    }

    /// Number of unread messages of a person in a conversation, and whether one is for them.
    pub fn unread(&self, user: &str, conversation: &str) -> (usize, bool) {
        self.read(|world| world.conversation_of(user, conversation).map(|c| c.unread(user))).unwrap_or_default()
    }

    /// The modal a person has before them.
    pub fn open_view(&self, user: &str) -> Option<View> {
        self.read(|world| world.views.top(user).cloned())
    }

    /// The home tab of a person.
    pub fn home(&self, user: &str) -> Option<View> {
        self.read(|world| world.views.home(user).cloned())
    }

    /// Waits until `look` finds something, looking again after every change.
    ///
    /// # Errors
    /// `Failure::TimedOut` after `timeout`.
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&Self) -> Option<T>, timeout: Duration) -> Result<T, Failure> {
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
        tokio::time::timeout(timeout, search).await.map_err(|_| Failure::TimedOut)
    }

    /// Waits for a message in a conversation that `wanted` accepts; the newest such.
    ///
    /// # Errors
    /// `Failure::TimedOut` after `timeout`.
    pub async fn wait_for_message(
        &self,
        conversation: &str,
        wanted: impl Fn(&StoredMessage) -> bool,
        timeout: Duration,
    ) -> Result<StoredMessage, Failure> {
        self.wait_for(|p| p.transcript(conversation).into_iter().rev().find(|m| wanted(m)), timeout).await
    }

    // --- for the other modules

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Scheme, host and port of the playground, without a slash at the end.
    pub(crate) fn base_url(&self) -> String {
        let url = self.inner.base_url.read().unwrap_or_else(PoisonError::into_inner).clone();
        url.map_or_else(|| "http://127.0.0.1".to_owned(), |url| url.as_str().trim_end_matches('/').to_owned())
    }

    pub(crate) fn event_retries(&self) -> Vec<Duration> {
        self.inner.event_retries.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A panic under the lock is a bug, but the workspace stays usable for the other people.
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world, then wakes whoever waits.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let done = act(&mut self.lock());
        self.inner.changes.send_modify(|n| *n += 1);
        done
    }

    /// Sends something to the bot, signed at the workspace's time.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<Answer, Failure> {
        if self.inner.sockets.is_on() {
            return self.inner.sockets.send(delivery).await;
        }
        let bot = self.inner.bot_url.read().unwrap_or_else(PoisonError::into_inner).clone();
        let timestamp = (self.inner.config.clock)().timestamp();
        self.inner.outbound.send(&bot, delivery, timestamp).await
    }

    pub(crate) fn sockets(&self) -> &Sockets {
        &self.inner.sockets
    }

    /// Sends an interaction payload.
    pub(crate) async fn interact(&self, payload: &Value) -> Result<Answer, Failure> {
        let body = payload.to_string();
        let fields = [("payload", body.as_str())];
        self.deliver(&Delivery::form(crate::outbound::Endpoint::Interactions, &fields)).await
    }
}
