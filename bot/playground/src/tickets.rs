//! Things handed to the bot that run out: trigger ids and response addresses.
//! Part of the world; reached only under its lock. Bounded, oldest forgotten first.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids;

/// How long a trigger id can be used. Source: Slack, "Modals".
pub(crate) const TRIGGER_LIFE: Duration = Duration::from_secs(3);
/// How long a `response_url` can be used. Source: Slack, "Handling user interaction".
const HOOK_LIFE: TimeDelta = TimeDelta::minutes(30);
/// How often a `response_url` can be used. Source: the same.
const HOOK_USES: u8 = 5;
const KEEP: usize = 5_000;

#[derive(Debug)]
struct Trigger {
    id: String,
    user: String,
    /// Issued by an act within a modal, so that a view can be pushed on it.
    in_modal: bool,
    issued: Instant,
    used: bool,
}

/// The trigger ids of the last acts.
#[derive(Debug, Default)]
pub(crate) struct Triggers(VecDeque<Trigger>);

impl Triggers {
    pub(crate) fn issue(&mut self, user: &str, in_modal: bool, issued: Instant) -> String {
        let id = ids::trigger();
        let user = user.to_owned();
        push(&mut self.0, Trigger { id: id.clone(), user, in_modal, issued, used: false });
        id
    }

    /// Uses a trigger id up; gives the person who acted and whether it was within a modal. Errors
    /// are Slack's. Source: docs, "views.open".
    pub(crate) fn redeem(&mut self, id: &str, now: Instant) -> Result<(String, bool), &'static str> {
        let trigger = self.0.iter_mut().rev().find(|t| t.id == id).ok_or("invalid_trigger_id")?;
        if trigger.used {
            return Err("exchanged_trigger_id");
        }
        if now.saturating_duration_since(trigger.issued) > TRIGGER_LIFE {
            return Err("expired_trigger_id");
        }
        trigger.used = true;
        Ok((trigger.user.clone(), trigger.in_modal))
    }
}

/// What a response address may still do.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    token: String,
    pub user: String,
    pub channel: String,
    /// The message acted on, if there is one.
    pub message_ts: Option<String>,
    pub ephemeral: bool,
    issued: DateTime<Utc>,
    uses_left: u8,
}

/// The response addresses given out.
#[derive(Debug, Default)]
pub(crate) struct Hooks(VecDeque<Hook>);

impl Hooks {
    /// A new one; returns its token.
    pub(crate) fn issue(
        &mut self,
        user: &str,
        channel: &str,
        message: Option<(&str, bool)>,
        now: DateTime<Utc>,
    ) -> String {
        let token = ids::token();
        let hook = Hook {
            token: token.clone(),
            user: user.to_owned(),
            channel: channel.to_owned(),
            message_ts: message.map(|(ts, _)| ts.to_owned()),
            ephemeral: message.is_some_and(|(_, ephemeral)| ephemeral),
            issued: now,
            uses_left: HOOK_USES,
        };
        push(&mut self.0, hook);
        token
    }

    /// Uses an address once. Errors are Slack's.
    pub(crate) fn redeem(&mut self, token: &str, now: DateTime<Utc>) -> Result<Hook, &'static str> {
        let hook = self.0.iter_mut().rev().find(|h| h.token == token).ok_or("invalid_url")?;
        if now - hook.issued > HOOK_LIFE {
            return Err("expired_url");
        }
        hook.uses_left = hook.uses_left.checked_sub(1).ok_or("used_url")?;
        Ok(hook.clone())
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == KEEP {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_works_once_and_three_seconds() {
        let mut triggers = Triggers::default();
        let now = Instant::now();
        let id = triggers.issue("U1", false, now);
        assert_eq!(triggers.redeem(&id, now), Ok(("U1".to_owned(), false)));
        assert_eq!(triggers.redeem(&id, now), Err("exchanged_trigger_id"));
        let late = triggers.issue("U1", true, now);
        let after = now + TRIGGER_LIFE + Duration::from_millis(1);
        assert_eq!(triggers.redeem(&late, after), Err("expired_trigger_id"));
        assert_eq!(triggers.redeem("1.2.3", now), Err("invalid_trigger_id"));
    }

    #[test]
    fn a_response_address_works_five_times_in_thirty_minutes() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut hooks = Hooks::default();
        let token = hooks.issue("U1", "C1", None, now);
        for _ in 0..HOOK_USES {
            assert_eq!(hooks.redeem(&token, now).unwrap().channel, "C1");
        }
        assert_eq!(hooks.redeem(&token, now).unwrap_err(), "used_url");
        let late = hooks.issue("U1", "C1", Some(("1.000001", true)), now);
        let after = now + HOOK_LIFE + TimeDelta::seconds(1);
        assert_eq!(hooks.redeem(&late, after).unwrap_err(), "expired_url");
        assert_eq!(hooks.redeem("nonsense", now).unwrap_err(), "invalid_url");
    }
}
