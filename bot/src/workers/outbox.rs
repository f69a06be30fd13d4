//! The outbox: notices are delivered in order per conversation, at the pace the platform allows, for as long as it takes.
//!
//! A slow or broken conversation holds up no other, and chat as a whole holds up nothing else.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use jit_chat::cards::Context;
use jit_chat::deliver::{Chat, ChatError, Delivery, Handle};
use jit_core::access::Platform;
use jit_core::reconcile::backoff;
use jit_store::Leased;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;

/// How long one delivery has its conversation to itself: more than the longest call to Slack.
const LEASE: Duration = Duration::from_secs(30);
/// Conversations at once.
const AT_ONCE: u32 = 32;
/// New messages to one conversation. Source: Slack, "Rate limits", chat.postMessage: about one a second, short bursts allowed.
const PER_SECOND: f64 = 1.0;
const BURST: u32 = 8;
/// The platform's name in the store and in metrics.
const PLATFORM: &str = "slack";

/// Runs until stopped; what is on its way is finished first.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let Some(slack) = app.slack.clone() else {
        stop.cancelled().await;
        return;
    };
    let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
        let leased = match free {
            0 => Vec::new(),
            free => app.dispatch.store.lease_tells(free, &app.instance, LEASE).await.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "the outbox could not be read; trying again");
                Vec::new()
            }),
        };
        for leased in leased {
            let (app, slack, slots) = (app.clone(), Arc::clone(&slack), Arc::clone(&slots));
            under_way.spawn(async move {
                let _slot = slots.acquire_owned().await;
                if let Err(error) = deliver(&app, &slack.chat, &leased).await {
                    tracing::error!(notice = leased.id, error = format!("{error:#}"), "a notice could not be settled");
                }
            });
        }
        if !super::rest(&app.dispatch.store.wakeups().outbox, &stop).await {
            break;
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// Delivers one, and writes down what came of it.
async fn deliver(app: &App, chat: &dyn Chat, leased: &Leased) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    if leased.posted.is_none() {
        let key = format!("{PLATFORM}:{}", leased.tell.to.key());
        if let Some(wait) = store.budget(&key, PER_SECOND, BURST).await {
            tokio::time::sleep(wait.min(LEASE / 3)).await;
        }
    }
    let in_force = app.dispatch.in_force.get();
    let context = Context { directory: &in_force.directory, now: store.now() };
    let (posted, thread) = (leased.posted.as_ref().map(handle), leased.under.as_ref().map(handle));
    let outbox_id = leased.id.to_string();
    let delivery = Delivery {
        tell: &leased.tell,
        posted: posted.as_ref(),
        thread: thread.as_ref(),
        queued_at: leased.created_at,
        outbox_id: &outbox_id,
        may_be_posted: leased.attempts > 1,
    };
    failpoint!("outbox-before-send");
    let outcome = chat.deliver(&delivery, &context).await;
    failpoint!("outbox-after-send");
    match outcome {
        Ok(Handle { conversation, message }) => {
            let handle = jit_store::Handle { platform: Platform::Slack, conversation, ts: message };
            store.delivered(leased, &handle).await?;
        }
        Err(ChatError::Permanent { code }) => {
            tracing::warn!(
                notice = leased.id,
                to = leased.tell.to.key(),
                code,
                "a notice can never be delivered; parked"
            );
            store.park(leased.id, &code).await?;
        }
        Err(error) => {
            let wait = match &error {
                ChatError::RateLimited { after } | ChatError::Retry { after: Some(after), .. } => {
                    TimeDelta::from_std(*after).unwrap_or_else(|_| backoff(leased.attempts, false))
                }
                _ => backoff(leased.attempts, false),
            };
            tracing::warn!(notice = leased.id, to = leased.tell.to.key(), error = %error, "a notice waits for chat");
            store.retry(leased.id, store.now() + wait, &error.to_string()).await?;
        }
    }
    Ok(())
}

fn handle(handle: &jit_store::Handle) -> Handle {
    Handle { conversation: handle.conversation.clone(), message: handle.ts.clone() }
}
