//! What a tenant holds in memory: people, conversations, messages with their edits, dialogs in front of people.

use std::collections::BTreeMap;

use serde_json::Value;

use super::card;

/// Somebody of the tenant.
#[derive(Clone, Debug)]
pub struct Member {
    /// As the journeys call them.
    pub who: String,
    /// What others read.
    pub name: String,
    /// The Entra object id.
    pub object_id: String,
}

impl Member {
    /// The id that Teams gives them towards this bot.
    pub fn id(&self) -> String {
        format!("29:{}", self.who)
    }

    /// Their personal conversation with the bot.
    pub fn conversation(&self) -> String {
        format!("a:{}", self.who)
    }

    pub(super) fn is(&self, id: &str) -> bool {
        id == self.id() || id == self.object_id
    }
}

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One person and the bot.
    Personal,
    /// A group chat.
    Group,
    /// A channel of a team.
    Channel,
}

impl Scope {
    /// `conversationType`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Group => "groupChat",
            Self::Channel => "channel",
        }
    }
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub scope: Scope,
    /// Who is in it, by the journeys' names.
    pub members: Vec<String>,
    /// Whether the app is installed there. Elsewhere the bot may not speak.
    pub installed: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The conversation, without a thread.
    pub conversation: String,
    /// In a channel: the message that its thread begins with, itself for the first.
    pub root: Option<String>,
    /// Who wrote it; nobody is the bot.
    pub from: Option<String>,
    /// The activity, as it was sent or edited last.
    pub activity: Value,
    /// How often it was edited.
    pub edits: usize,
}

impl Message {
    /// The card in it.
    pub fn card(&self) -> Option<&Value> {
        let cards = self.activity["attachments"].as_array()?.iter();
        cards.filter(|it| it["contentType"] == card::CONTENT_TYPE).map(|it| &it["content"]).next()
    }

    /// Its conversation, and in a channel its thread, as Teams addresses them.
    pub fn address(&self) -> String {
        address(&self.conversation, self.root.as_deref())
    }

    /// All that a person reads: its text and its card's.
    pub fn readable(&self) -> String {
        let text = self.activity["text"].as_str().unwrap_or_default();
        self.card().map_or_else(|| text.to_owned(), |card| format!("{text}\n{}", card::readable(card)))
    }

    /// The labels of its buttons, as everybody sees them.
    pub fn buttons(&self) -> Vec<String> {
        self.card().map(card::buttons).unwrap_or_default().iter().map(card::label).collect()
    }
}

/// A dialog in front of a person.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// What it says at its top.
    pub title: String,
    /// Its card.
    pub card: Value,
    /// The command of the message extension that opened it; none for a button of a card.
    pub command: Option<String>,
    /// The conversation it was opened in, with the thread.
    pub conversation: String,
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) members: Vec<Member>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) messages: Vec<Message>,
    /// By person.
    pub(super) dialogs: BTreeMap<String, Dialog>,
    /// What only one person was shown: the answer to a button.
    pub(super) whispers: Vec<(String, String)>,
    /// What somebody sees in place of a message: by person and message.
    pub(super) views: BTreeMap<(String, String), Value>,
    ids: u64,
}

impl Book {
    /// These people, each with a conversation with the bot and the app installed.
    pub(super) fn of(members: Vec<Member>) -> Self {
        let personal = members.iter().map(|member| Conversation {
            id: member.conversation(),
            name: member.who.clone(),
            scope: Scope::Personal,
            members: vec![member.who.clone()],
            installed: true,
        });
        Self { conversations: personal.collect(), members, ..Self::default() }
    }

    /// An id as Teams makes them: milliseconds.
    pub(super) fn fresh_id(&mut self) -> String {
        self.ids += 1;
        (1_795_821_700_000 + self.ids).to_string()
    }

    pub(super) fn member(&self, who: &str) -> &Member {
        self.members.iter().find(|it| it.who == who).unwrap_or_else(|| panic!("nobody is called {who} in Teams"))
    }

    /// By the person, the name or the id; with or without a thread.
    pub(super) fn conversation(&self, place: &str) -> Option<&Conversation> {
        let (place, _) = split(place);
        self.conversations.iter().find(|it| it.id == place || it.name == place)
    }

    pub(super) fn conversation_mut(&mut self, place: &str) -> Option<&mut Conversation> {
        let id = self.conversation(place)?.id.clone();
        self.conversations.iter_mut().find(|it| it.id == id)
    }

    /// What a conversation holds, oldest first.
    pub(super) fn transcript<'a>(&'a self, place: &str) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        let id = self.conversation(place).map(|it| it.id.clone());
        self.messages.iter().filter(move |it| Some(&it.conversation) == id.as_ref())
    }

    pub(super) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|it| it.id == id)
    }

    /// Puts a message where it belongs.
    pub(super) fn add(&mut self, id: String, address: &str, from: Option<String>, activity: Value) -> String {
        let (_, thread) = split(address);
        let conversation = self.conversation(address).expect("it was looked for");
        let root = (conversation.scope == Scope::Channel).then(|| thread.unwrap_or(&id).to_owned());
        let conversation = conversation.id.clone();
        self.messages.push(Message { id: id.clone(), conversation, root, from, activity, edits: 0 });
        id
    }

    /// What a person sees in a message's place.
    pub(super) fn seen(&self, who: &str, message: &Message) -> Option<Value> {
        let own = self.views.get(&(who.to_owned(), message.id.clone())).cloned();
        own.or_else(|| message.card().cloned())
    }
}

/// `conversation;messageid=thread`, as Teams addresses threads of channels.
pub(super) fn address(conversation: &str, thread: Option<&str>) -> String {
    thread.map_or_else(|| conversation.to_owned(), |thread| format!("{conversation};messageid={thread}"))
}

/// Conversation and thread of an address.
pub(super) fn split(address: &str) -> (&str, Option<&str>) {
    address.split_once(";messageid=").map_or((address, None), |(conversation, thread)| (conversation, Some(thread)))
}
