//! `conversations.history` and `conversations.replies`: what was said.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    Args, Call, Outcome, Refused,
    page::{cursor, limit, read_cursor},
    refuse,
};
use crate::{conversation::Conversation, ids::micros, message::StoredMessage};

/// The span of time asked for, in microseconds.
struct Span {
    oldest: i64,
    latest: i64,
    inclusive: bool,
}

impl Span {
    fn read(args: &Args) -> Result<Self, Refused> {
        let bound = |name: &str, error: &str, default: i64| match args.text(name)?.filter(|t| !t.is_empty()) {
            Some(ts) => micros(&ts).ok_or_else(|| refuse(error)),
            None => Ok(default),
        };
        Ok(Self {
            oldest: bound("oldest", "invalid_ts_oldest", 0)?,
            latest: bound("latest", "invalid_ts_latest", i64::MAX)?,
            inclusive: args.flag("inclusive")?,
        })
    }

    fn holds(&self, message: &StoredMessage) -> bool {
        let at = micros(&message.ts).unwrap_or(0);
        if self.inclusive { (self.oldest..=self.latest).contains(&at) } else { self.oldest < at && at < self.latest }
    }
}

impl Call<'_> {
    fn readable_conversation(&self) -> Result<&Conversation, Refused> {
        let conversation = self.known_conversation()?;
        let scope = if conversation.is_im() { "im:history" } else { "channels:history" };
        super::need_scope(&self.world.config.bot.scopes, scope)?;
        if conversation.bot_member { Ok(conversation) } else { Err(refuse("not_in_channel")) }
    }

    fn show(&self, replies: &HashMap<&str, usize>, message: &StoredMessage, metadata: bool) -> Value {
        let config = &self.world.config;
        let count = replies.get(message.ts.as_str()).copied().unwrap_or(0);
        message.for_api(&config.bot, &config.team_id, count, metadata)
    }
}

/// Newest first, without replies.
pub(super) fn history(call: &mut Call<'_>) -> Outcome {
    let conversation = call.readable_conversation()?;
    let span = Span::read(call.args)?;
    let metadata = call.args.flag("include_all_metadata")?;
    let limit = limit(call.args)?;
    let before = match read_cursor(call.args, "next_ts")? {
        Some(ts) => micros(&ts).ok_or_else(|| refuse("invalid_cursor"))?,
        None => i64::MAX,
    };
    let found: Vec<_> = conversation
        .messages
        .iter()
        .rev()
        .filter(|m| m.thread_ts.is_none() && span.holds(m) && micros(&m.ts).unwrap_or(0) < before)
        .take(limit.saturating_add(1))
        .collect();
    let more = found.len() > limit;
    let page = &found[..found.len().min(limit)];
    let next = match (more, page.last()) {
        (true, Some(last)) => cursor("next_ts", &last.ts),
        _ => String::new(),
    };
    let replies = conversation.reply_counts();
    let messages: Vec<_> = page.iter().map(|m| call.show(&replies, m, metadata)).collect();
    Ok(json!({
        "messages": messages, "has_more": more, "pin_count": 0,
        "response_metadata": { "next_cursor": next },
    }))
}

/// Oldest first; the parent comes first on every page.
pub(super) fn replies(call: &mut Call<'_>) -> Outcome {
    let conversation = call.readable_conversation()?;
    let ts = call.args.required("ts")?;
    let span = Span::read(call.args)?;
    let metadata = call.args.flag("include_all_metadata")?;
    let limit = limit(call.args)?;
    let asked = conversation.message(&ts).ok_or_else(|| refuse("thread_not_found"))?;
    let root = asked.thread_ts.clone().unwrap_or(ts);
    let after = match read_cursor(call.args, "next_ts")? {
        Some(ts) => micros(&ts).ok_or_else(|| refuse("invalid_cursor"))?,
        None => 0,
    };
    let parent = conversation.message(&root);
    let mut found: Vec<_> = conversation
        .messages
        .iter()
        .filter(|m| m.in_thread(&root) && m.ts != root && span.holds(m) && micros(&m.ts).unwrap_or(0) > after)
        .take(limit.saturating_add(1))
        .collect();
    let more = found.len() > limit;
    found.truncate(limit);
    let next = match (more, found.last()) {
        (true, Some(last)) => cursor("next_ts", &last.ts),
        _ => String::new(),
    };
    let replies = conversation.reply_counts();
    let messages: Vec<_> = parent.into_iter().chain(found).map(|m| call.show(&replies, m, metadata)).collect();
    Ok(json!({ "messages": messages, "has_more": more, "response_metadata": { "next_cursor": next } }))
}
