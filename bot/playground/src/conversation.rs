//! A channel or a direct message: its members, its messages, what each person has read.
//! Part of the world; reached only under its lock. Keeps a bounded number of messages.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::{ids::micros, message::StoredMessage};

/// Messages kept per conversation; the oldest go first.
const KEEP: usize = 5_000;
/// Unread messages counted at most: beyond, the number says nothing more.
const COUNT: usize = 1_000;
/// Ephemeral messages kept per conversation.
const KEEP_EPHEMERAL: usize = 500;

/// What kind of conversation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Channel {
        name: String,
        topic: String,
    },
    /// The bot's direct message with this person.
    Im {
        user: String,
    },
}

/// One conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub id: String,
    pub kind: Kind,
    /// People in it, the bot not counted.
    pub members: BTreeSet<String>,
    pub bot_member: bool,
    pub messages: VecDeque<StoredMessage>,
    pub ephemerals: VecDeque<StoredMessage>,
    /// Last message each person has read.
    read: HashMap<String, String>,
    /// When the next post is allowed, while the rate limit is on.
    next_post: Option<Instant>,
}

impl Conversation {
    pub(crate) fn new(id: String, kind: Kind, members: BTreeSet<String>, bot_member: bool) -> Self {
        Self {
            id,
            kind,
            members,
            bot_member,
            messages: VecDeque::new(),
            ephemerals: VecDeque::new(),
            read: HashMap::new(),
            next_post: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.ephemerals.clear();
        self.read.clear();
        self.next_post = None;
    }

    pub(crate) fn is_im(&self) -> bool {
        matches!(self.kind, Kind::Im { .. })
    }

    /// Name as Slack gives it in payloads.
    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            Kind::Channel { name, .. } => name,
            Kind::Im { .. } => "directmessage",
        }
    }

    pub(crate) fn push(&mut self, message: StoredMessage) {
        let (list, keep) = if message.ephemeral_to.is_some() {
            (&mut self.ephemerals, KEEP_EPHEMERAL)
        } else {
            (&mut self.messages, KEEP)
        };
        if list.len() == keep {
            list.pop_front();
        }
        list.push_back(message);
    }

    pub(crate) fn message(&self, ts: &str) -> Option<&StoredMessage> {
        self.messages.iter().rev().find(|m| m.ts == ts)
    }

    pub(crate) fn message_mut(&mut self, ts: &str) -> Option<&mut StoredMessage> {
        self.messages.iter_mut().rev().find(|m| m.ts == ts)
    }

    pub(crate) fn ephemeral(&self, ts: &str, user: &str) -> Option<&StoredMessage> {
        self.ephemerals.iter().rev().find(|m| m.ts == ts && m.ephemeral_to.as_deref() == Some(user))
    }

    pub(crate) fn ephemeral_mut(&mut self, ts: &str) -> Option<&mut StoredMessage> {
        self.ephemerals.iter_mut().rev().find(|m| m.ts == ts)
    }

    pub(crate) fn remove(&mut self, ts: &str) -> bool {
        let before = self.messages.len();
        self.messages.retain(|m| m.ts != ts);
        before != self.messages.len()
    }

    pub(crate) fn remove_ephemeral(&mut self, ts: &str) -> bool {
        let before = self.ephemerals.len();
        self.ephemerals.retain(|m| m.ts != ts);
        before != self.ephemerals.len()
    }

    pub(crate) fn replies(&self, ts: &str) -> usize {
        self.messages.iter().filter(|m| m.thread_ts.as_deref() == Some(ts)).count()
    }

    /// The number of replies of every thread.
    pub(crate) fn reply_counts(&self) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for thread in self.messages.iter().filter_map(|m| m.thread_ts.as_deref()) {
            *counts.entry(thread).or_insert(0) += 1;
        }
        counts
    }

    pub(crate) fn mark_read(&mut self, user: &str, ts: &str) {
        let newer = self.read.get(user).is_none_or(|old| micros(old) < micros(ts));
        if newer && micros(ts).is_some() {
            self.read.insert(user.to_owned(), ts.to_owned());
        }
    }

    /// How many messages of others a person has not read, and whether one names them.
    pub(crate) fn unread(&self, user: &str) -> (usize, bool) {
        let read = self.read.get(user).and_then(|ts| micros(ts)).unwrap_or(0);
        let mention = format!("<@{user}>");
        let fresh = self.messages.iter().rev().take_while(|m| micros(&m.ts).unwrap_or(0) > read);
        fresh
            .filter(|m| m.user != user)
            .take(COUNT)
            .fold((0, false), |(n, named), m| (n + 1, named || self.is_im() || m.readable().contains(&mention)))
    }

    /// Takes a slot of about one message per `interval`, with room for a short burst; else says how
    /// long to wait.
    pub(crate) fn take_slot(&mut self, interval: Duration, now: Instant) -> Result<(), Duration> {
        let next = self.next_post.unwrap_or(now).max(now);
        let ahead = next - now;
        // Slack tolerates short bursts; three is what the playground takes for short.
        if ahead > interval * 2 {
            return Err(ahead - interval * 2);
        }
        self.next_post = Some(next + interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> Conversation {
        let kind = Kind::Channel { name: "access".into(), topic: String::new() };
        Conversation::new("C1".into(), kind, BTreeSet::new(), true)
    }

    #[test]
    fn keeps_a_bounded_number_of_messages() {
        let mut c = channel();
        for i in 0..KEEP + 5 {
            c.push(StoredMessage::new(format!("1.{i:06}"), "U1", "x"));
        }
        assert_eq!(c.messages.len(), KEEP);
        assert!(c.message("1.000004").is_none());
        assert!(c.message("1.000005").is_some());
    }

    #[test]
    fn unread_counts_others_and_sees_mentions() {
        let mut c = channel();
        c.push(StoredMessage::new("1.000001".into(), "U1", "mine"));
        c.push(StoredMessage::new("1.000002".into(), "U2", "theirs"));
        c.push(StoredMessage::new("1.000003".into(), "U2", "hello <@U1>"));
        assert_eq!(c.unread("U1"), (2, true));
        c.mark_read("U1", "1.000003");
        assert_eq!(c.unread("U1"), (0, false));
        c.mark_read("U1", "1.000001");
        assert_eq!(c.unread("U1"), (0, false), "marks never go back");
    }

    #[test]
    fn about_one_post_a_second() {
        let mut c = channel();
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let burst = (0..10).take_while(|_| c.take_slot(second, now).is_ok()).count();
        assert_eq!(burst, 3);
        assert!(c.take_slot(second, now + second).is_ok());
        assert!(c.take_slot(second, now + second).is_err());
    }
}
