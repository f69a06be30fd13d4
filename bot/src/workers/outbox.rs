//! The outbox: notices are delivered in order per conversation, at the pace the platform allows, for as long as it takes. One worker a
//! platform.
//!
//! A slow or broken conversation holds up no other, and chat as a whole holds up nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use jit_chat::card::Verb;
use jit_chat::cards::{self, Context};
use jit_chat::deliver::{Chat, ChatError, Delivery, Handle, Rate};
use jit_core::access::Platform;
use jit_core::directory::Directory;
use jit_core::effect::Recipient;
use jit_core::id::PersonId;
use jit_core::reconcile::backoff;
use jit_store::Leased;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::failpoint::failpoint;
use crate::snapshot::Snapshot;
use crate::verbs::who_may_press;

/// How long one delivery has its conversation to itself: more than the longest that a platform takes over it, waits included.
const LEASE: Duration = Duration::from_secs(30);
/// Conversations of one platform at once.
const AT_ONCE: u32 = 32;
/// Between two looks into the queue, at least: under load each takes many heads, instead of one for every notice that comes or goes. What
/// comes while nothing is under way is looked for at once.
const BREATH: Duration = Duration::from_millis(20);

/// Starts a worker for each platform: one that is slow or down takes nothing from the others.
pub(super) fn start(app: &App, stop: &CancellationToken, workers: &mut JoinSet<()>) {
    for chat in app.chats() {
        workers.spawn(run(app.clone(), chat, stop.clone()));
    }
}

/// Runs until stopped; what is on its way is finished first.
async fn run(app: App, chat: Arc<dyn Chat>, stop: CancellationToken) {
    let (store, platform) = (app.dispatch.store.clone(), chat.platform());
    let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut under_way = JoinSet::new();
    let mut looks = tokio::time::interval(BREATH);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        while under_way.try_join_next().is_some() {}
        let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
        let leased = match free {
            0 => Vec::new(),
            free => store.lease_tells(platform, free, (&app.instance, LEASE)).await.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "the outbox could not be read; trying again");
                Vec::new()
            }),
        };
        for leased in leased {
            let (app, chat, slots) = (app.clone(), Arc::clone(&chat), Arc::clone(&slots));
            under_way.spawn(async move {
                let _slot = slots.acquire_owned().await;
                if let Err(error) = deliver(&app, &*chat, &leased).await {
                    tracing::error!(notice = leased.id, error = format!("{error:#}"), "a notice could not be settled");
                }
            });
        }
        if !super::rest(store.wakeups().outbox(platform), &stop).await {
            break;
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// Waits until the platform takes another one, but never so long that the lease could end on the way.
async fn pace(app: &App, chat: &dyn Chat, leased: &Leased) {
    let (store, name, pace) = (&app.dispatch.store, chat.platform().as_str(), chat.pace());
    if leased.posted.is_none() {
        let key = format!("{name}:{}", leased.tell.to.key());
        let Rate { per_second, burst } = pace.conversation;
        if let Some(wait) = store.budget(&key, per_second, burst).await {
            tokio::time::sleep(wait.min(LEASE / 6)).await;
        }
    }
    // Many conversations share this one, so whoever has waited asks again.
    let Some(Rate { per_second, burst }) = pace.all else { return };
    let until = Instant::now() + LEASE / 6;
    while let Some(wait) = store.budget(&format!("{name}:"), per_second, burst).await {
        if Instant::now() + wait > until {
            return;
        }
        tokio::time::sleep(wait).await;
    }
}

/// Where somebody is to be found who is not on this platform any more, or of whom nothing was known when it was queued.
fn elsewhere(directory: &Directory, leased: &Leased) -> Option<Platform> {
    let Recipient::Person(id) = &leased.tell.to else { return None };
    let person = directory.person(id).filter(|_| leased.posted.is_none())?;
    let is_on = |platform: &&Platform| person.identity(**platform).is_some();
    if is_on(&&leased.platform) { None } else { directory.platforms().iter().find(is_on).copied() }
}

/// Who on the platform may press a button of what goes to many. In Slack all see the same, and a press is refused.
fn acting(snapshot: &Snapshot, leased: &Leased, context: &Context<'_>) -> Vec<PersonId> {
    let Some(notice) = leased.tell.notice().filter(|_| leased.platform == Platform::Teams) else { return Vec::new() };
    if matches!(leased.tell.to, Recipient::Person(_)) {
        return Vec::new();
    }
    let verbs: Vec<Verb> = cards::card(notice, context).verbs().collect();
    who_may_press(snapshot, &notice.access, &verbs, leased.platform)
}

/// Delivers one, and writes down what came of it.
async fn deliver(app: &App, chat: &dyn Chat, leased: &Leased) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    if let Some(platform) = elsewhere(&app.dispatch.in_force.get().directory, leased) {
        return Ok(store.reroute(leased.id, platform).await?);
    }
    pace(app, chat, leased).await;
    let in_force = app.dispatch.in_force.get();
    let context = Context { directory: &in_force.directory, now: store.now() };
    let (posted, thread) = (leased.posted.as_ref().map(handle), leased.under.as_ref().map(handle));
    let outbox_id = leased.id.to_string();
    let acting = acting(&in_force, leased, &context);
    let delivery = Delivery {
        tell: &leased.tell,
        posted: posted.as_ref(),
        thread: thread.as_ref(),
        acting: &acting,
        queued_at: leased.created_at,
        outbox_id: &outbox_id,
        may_be_posted: leased.attempts > 1,
    };
    failpoint!("outbox-before-send");
    let outcome = chat.deliver(&delivery, &context).await;
    failpoint!("outbox-after-send");
    match outcome {
        Ok(Handle { conversation, message }) => {
            let handle = jit_store::Handle { platform: leased.platform, conversation, ts: message };
            store.delivered(leased, &handle).await?;
        }
        Err(error @ (ChatError::Permanent { .. } | ChatError::NotInstalled { .. })) => {
            let (to, platform) = (leased.tell.to.key(), leased.platform.as_str());
            let code = match error {
                ChatError::Permanent { code } => code,
                error => error.to_string(),
            };
            tracing::warn!(notice = leased.id, platform, to, code, "a notice can never be delivered; parked");
            store.park(leased.id, &code).await?;
        }
        Err(error) => {
            let wait = match &error {
                ChatError::RateLimited { after } | ChatError::Retry { after: Some(after), .. } => {
                    TimeDelta::from_std(*after).unwrap_or_else(|_| backoff(leased.attempts, false))
                }
                _ => backoff(leased.attempts, false),
            };
            let (to, platform) = (leased.tell.to.key(), leased.platform.as_str());
            tracing::warn!(notice = leased.id, platform, to, error = %error, "a notice waits for chat");
            store.retry(leased.id, store.now() + wait, &error.to_string()).await?;
        }
    }
    Ok(())
}

fn handle(handle: &jit_store::Handle) -> Handle {
    Handle { conversation: handle.conversation.clone(), message: handle.ts.clone() }
}
