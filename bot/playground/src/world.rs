//! The state of the workspace: people, conversations, views, tickets, listeners, and the few ways
//! to change it. Everything here runs under one lock, never awaits, and tells the browsers at once.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    config::{Config, Member},
    conversation::{Conversation, Kind},
    faults::Faults,
    ids::Timestamps,
    message::{SLACKBOT, StoredMessage},
    tickets::{Hooks, Triggers},
    views::{View, Views},
};

/// Web API calls remembered for tests.
const KEEP_CALLS: usize = 10_000;
/// Events a browser may lag behind before it is dropped (it reconnects and reloads).
const LISTENER_BUFFER: usize = 512;
/// Streams one person may have open.
const LISTENERS: usize = 32;

/// A call of the Web API, as the tests see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    /// When, by the workspace's clock.
    pub at: DateTime<Utc>,
    /// Method name.
    pub method: String,
    /// Its arguments, without the token.
    pub params: Value,
    /// HTTP status of the answer; 0 when the connection was dropped.
    pub status: u16,
    /// Slack's error name, if it failed.
    pub error: Option<String>,
}

/// The whole state.
pub(crate) struct World {
    pub config: Config,
    pub conversations: Vec<Conversation>,
    index: HashMap<String, usize>,
    pub stamps: Timestamps,
    pub triggers: Triggers,
    pub hooks: Hooks,
    pub views: Views,
    pub faults: Faults,
    /// One post per this time and channel, when set.
    pub rate_limit: Option<Duration>,
    pub calls: VecDeque<ApiCall>,
    listeners: HashMap<String, Vec<mpsc::Sender<Value>>>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let people = config.people.clone();
        let channels = config.channels.iter().map(|c| {
            let kind = Kind::Channel { name: c.name.clone(), topic: c.topic.clone() };
            Conversation::new(c.id.clone(), kind, c.members.iter().cloned().collect(), c.bot_member)
        });
        let ims = people.iter().map(|p| {
            let kind = Kind::Im { user: p.id.clone() };
            Conversation::new(im_id(&p.id), kind, [p.id.clone()].into(), true)
        });
        let conversations: Vec<_> = channels.chain(ims).collect();
        let index = conversations.iter().enumerate().map(|(i, c)| (c.id.clone(), i)).collect();
        Self {
            config,
            conversations,
            index,
            stamps: Timestamps::default(),
            triggers: Triggers::default(),
            hooks: Hooks::default(),
            views: Views::default(),
            faults: Faults::default(),
            rate_limit: None,
            calls: VecDeque::new(),
            listeners: HashMap::new(),
        }
    }

    /// Forgets everything that happened; people, channels and open streams stay.
    pub(crate) fn reset(&mut self) {
        for user in self.listeners.keys().cloned().collect::<Vec<_>>() {
            let closed = self.views.clear(&user);
            self.show_closed(&user, &closed);
        }
        let members: HashMap<_, _> = self.config.channels.iter().map(|c| (c.id.clone(), c.bot_member)).collect();
        for conversation in &mut self.conversations {
            conversation.clear();
            conversation.bot_member = members.get(&conversation.id).copied().unwrap_or(true);
        }
        self.triggers = Triggers::default();
        self.hooks = Hooks::default();
        self.views = Views::default();
        self.faults = Faults::default();
        self.rate_limit = None;
        self.calls.clear();
        // Browsers come back and load everything anew.
        self.listeners.clear();
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.config.clock)()
    }

    /// Unix time with a fraction, for browsers.
    pub(crate) fn seconds(&self) -> f64 {
        self.now().timestamp_micros() as f64 / 1e6
    }

    pub(crate) fn person(&self, id: &str) -> Option<&Member> {
        self.config.people.iter().find(|p| p.id == id)
    }

    /// A person who can act: known and not deactivated.
    pub(crate) fn active(&self, id: &str) -> Option<&Member> {
        self.person(id).filter(|p| !p.deleted)
    }

    pub(crate) fn display_name(&self, user: &str) -> String {
        if user == self.config.bot.user_id {
            return self.config.bot.name.clone();
        }
        if user == SLACKBOT {
            return "Slackbot".to_owned();
        }
        self.person(user).map_or_else(|| user.to_owned(), |p| p.real_name.clone())
    }

    pub(crate) fn conversation(&self, id: &str) -> Option<&Conversation> {
        self.index.get(id).map(|i| &self.conversations[*i])
    }

    pub(crate) fn conversation_mut(&mut self, id: &str) -> Option<&mut Conversation> {
        self.index.get(id).map(|i| &mut self.conversations[*i])
    }

    /// A conversation the person is in.
    pub(crate) fn conversation_of(&self, user: &str, id: &str) -> Option<&Conversation> {
        self.conversation(id).filter(|c| c.members.contains(user))
    }

    pub(crate) fn im_of(&self, user: &str) -> Option<&Conversation> {
        self.conversation(&im_id(user))
    }

    /// A channel by name, with or without `#`.
    pub(crate) fn channel_by_name(&self, name: &str) -> Option<&Conversation> {
        let name = name.strip_prefix('#').unwrap_or(name);
        self.conversations.iter().find(|c| matches!(&c.kind, Kind::Channel { name: n, .. } if n == name))
    }

    pub(crate) fn next_ts(&mut self) -> String {
        let now = self.now();
        self.stamps.next(now)
    }

    pub(crate) fn remember(&mut self, call: ApiCall) {
        if self.calls.len() == KEEP_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    // --- messages

    /// Stores a message (ephemeral or not) and shows it to those who may see it.
    pub(crate) fn post(&mut self, channel: &str, message: StoredMessage) {
        let kind = if message.ephemeral_to.is_some() { "ephemeral" } else { "message" };
        let author = message.user.clone();
        let ordinary = message.ephemeral_to.is_none();
        let ts = message.ts.clone();
        let Some(conversation) = self.conversation_mut(channel) else { return };
        conversation.push(message.clone());
        if ordinary {
            conversation.mark_read(&author, &ts);
        }
        self.show(channel, kind, &message);
        if ordinary {
            if let Some(parent) = &message.thread_ts
                && let Some(parent) = self.conversation(channel).and_then(|c| c.message(parent)).cloned()
            {
                self.show(channel, "changed", &parent);
            }
            self.tell_unread(channel, &author);
        }
    }

    /// Shows a message that changed.
    pub(crate) fn show(&mut self, channel: &str, kind: &str, message: &StoredMessage) {
        let Some(conversation) = self.conversation(channel) else { return };
        let name = self.display_name(&message.user);
        let shown = message.for_browser(&name, conversation.replies(&message.ts));
        let event = json!({ "type": kind, "channel": channel, "message": shown });
        let viewers = match &message.ephemeral_to {
            Some(user) => vec![user.clone()],
            None => conversation.members.iter().cloned().collect(),
        };
        for user in viewers {
            self.tell(&user, event.clone());
        }
    }

    pub(crate) fn delete(&mut self, channel: &str, ts: &str) -> bool {
        let Some(conversation) = self.conversation_mut(channel) else { return false };
        if !conversation.remove(ts) {
            return false;
        }
        let members: Vec<_> = conversation.members.iter().cloned().collect();
        for user in members {
            self.tell(&user, json!({ "type": "deleted", "channel": channel, "ts": ts }));
        }
        self.tell_unread(channel, "");
        true
    }

    pub(crate) fn delete_ephemeral(&mut self, channel: &str, ts: &str, user: &str) -> bool {
        let gone = self.conversation_mut(channel).is_some_and(|c| c.remove_ephemeral(ts));
        if gone {
            self.tell(user, json!({ "type": "ephemeral_gone", "channel": channel, "ts": ts }));
        }
        gone
    }

    /// Slackbot speaks to one person, as it does when an app fails.
    pub(crate) fn slackbot(&mut self, user: &str, channel: &str, text: &str) -> StoredMessage {
        let ts = self.next_ts();
        let mut message = StoredMessage::new(ts, SLACKBOT, text);
        message.ephemeral_to = Some(user.to_owned());
        self.post(channel, message.clone());
        message
    }

    fn tell_unread(&mut self, channel: &str, author: &str) {
        let Some(conversation) = self.conversation(channel) else { return };
        let counts: Vec<_> = conversation
            .members
            .iter()
            // Nobody looks: nothing to count.
            .filter(|user| *user != author && self.listeners.contains_key(*user))
            .map(|user| (user.clone(), conversation.unread(user)))
            .collect();
        for (user, (unread, mention)) in counts {
            self.tell(&user, json!({ "type": "unread", "channel": channel, "unread": unread, "mention": mention }));
        }
    }

    pub(crate) fn mark_read(&mut self, user: &str, channel: &str, ts: &str) {
        let Some(conversation) = self.conversation_mut(channel) else { return };
        conversation.mark_read(user, ts);
        let (unread, mention) = conversation.unread(user);
        self.tell(user, json!({ "type": "unread", "channel": channel, "unread": unread, "mention": mention }));
    }

    // --- views

    /// Shows a modal, or the home tab, to its person.
    pub(crate) fn show_view(&mut self, view: &View) {
        let kind = if view.content["type"] == "home" { "home" } else { "view" };
        self.tell(&view.user, json!({ "type": kind, "view": view.for_browser() }));
    }

    /// Tells that views are closed, and shows what is now on top.
    pub(crate) fn show_closed(&mut self, user: &str, closed: &[View]) {
        for view in closed {
            self.tell(user, json!({ "type": "view_closed", "view_id": view.id }));
        }
        if !closed.is_empty()
            && let Some(top) = self.views.top(user).cloned()
        {
            self.show_view(&top);
        }
    }

    pub(crate) fn toast(&mut self, user: &str, level: &str, text: &str) {
        self.tell(user, json!({ "type": "toast", "level": level, "text": text }));
    }

    // --- browsers

    /// A new stream of events for a person; starts with `hello`, the home tab and the open modal.
    pub(crate) fn listen(&mut self, user: &str) -> mpsc::Receiver<Value> {
        let (sender, receiver) = mpsc::channel(LISTENER_BUFFER);
        let list = self.listeners.entry(user.to_owned()).or_default();
        list.retain(|l| !l.is_closed());
        if list.len() >= LISTENERS {
            list.remove(0);
        }
        let mut first = vec![json!({ "type": "hello", "now": self.seconds() })];
        first.extend(self.views.home(user).map(|v| json!({ "type": "home", "view": v.for_browser() })));
        first.extend(self.views.top(user).map(|v| json!({ "type": "view", "view": v.for_browser() })));
        for event in first {
            // The buffer is empty and larger than three.
            let _ = sender.try_send(event);
        }
        self.listeners.entry(user.to_owned()).or_default().push(sender);
        receiver
    }

    /// Sends an event to every stream of a person; a stream that lags too far is dropped.
    pub(crate) fn tell(&mut self, user: &str, event: Value) {
        if let Some(list) = self.listeners.get_mut(user) {
            list.retain(|listener| listener.try_send(event.clone()).is_ok());
        }
    }
}

/// The direct message of the bot with a person: the person's id with another letter.
pub(crate) fn im_id(user: &str) -> String {
    format!("D{}", user.get(1..).unwrap_or(user))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::BotIdentity;

    fn world() -> World {
        World::new(Config {
            team_id: "T1".into(),
            team_name: "Team".into(),
            bot: BotIdentity {
                user_id: "UBOT".into(),
                bot_id: "B1".into(),
                app_id: "A1".into(),
                name: "jit".into(),
                scopes: Vec::new(),
            },
            bot_token: "t".into(),
            signing_secret: "s".into(),
            bot_url: "http://127.0.0.1:1".parse().unwrap(),
            command: "/jit".into(),
            people: vec![Member {
                id: "U1".into(),
                name: "ann".into(),
                real_name: "Ann".into(),
                email: "ann@acme.test".into(),
                title: String::new(),
                tz: "UTC".into(),
                is_guest: false,
                deleted: false,
            }],
            channels: Vec::new(),
            hints: Vec::new(),
            complete: Arc::new(|_, _| Vec::new()),
            clock: Arc::new(|| DateTime::UNIX_EPOCH),
        })
    }

    #[test]
    fn a_browser_that_cannot_keep_up_is_dropped() {
        let mut world = world();
        let mut slow = world.listen("U1");
        for _ in 0..=LISTENER_BUFFER {
            world.toast("U1", "info", "x");
        }
        assert!(world.listeners["U1"].is_empty());
        let mut got = 0;
        while slow.try_recv().is_ok() {
            got += 1;
        }
        assert_eq!(got, LISTENER_BUFFER);
        assert!(slow.is_closed());
    }

    #[test]
    fn streams_calls_and_conversations_are_bounded() {
        let mut world = world();
        let streams: Vec<_> = (0..LISTENERS + 3).map(|_| world.listen("U1")).collect();
        assert_eq!(world.listeners["U1"].len(), LISTENERS);
        assert_eq!(streams.iter().filter(|s| s.is_closed()).count(), 3, "the oldest go");
        let call = ApiCall {
            at: DateTime::UNIX_EPOCH,
            method: "api.test".into(),
            params: Value::Null,
            status: 200,
            error: None,
        };
        for _ in 0..KEEP_CALLS + 3 {
            world.remember(call.clone());
        }
        assert_eq!(world.calls.len(), KEEP_CALLS);
    }
}
