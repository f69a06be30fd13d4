//! Home tabs: drawn anew for whoever has opened theirs, when something of theirs has changed.
//!
//! Chat being slow or away holds up nobody's access and no notice; what could not be drawn is drawn later, as it is then.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use jit_chat::cards::{Context, answers};
use jit_chat::deliver::ChatError;
use jit_chat::slack::view;
use jit_core::access::Access;
use jit_core::reconcile::backoff;
use jit_store::DueHome;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Slack};
use crate::verbs::home_of;

/// How long one drawing has its home to itself: more than the longest call to Slack.
const LEASE: Duration = Duration::from_secs(30);
/// Homes at once.
const AT_ONCE: u32 = 8;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let Some(slack) = app.slack.clone() else {
        stop.cancelled().await;
        return;
    };
    loop {
        if let Err(error) = sweep(&app, &slack).await {
            tracing::error!(error = format!("{error:#}"), "home tabs could not be drawn; trying again");
        }
        if !super::rest(&app.dispatch.store.wakeups().homes, &stop).await {
            return;
        }
    }
}

async fn sweep(app: &App, slack: &Slack) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    let homes = store.lease_homes(AT_ONCE, LEASE).await?;
    if homes.is_empty() {
        return Ok(());
    }
    // What waits is read once for all of them.
    let (pending, reviews) = (store.pending().await?, store.to_review().await?);
    let drawn = homes.iter().map(|home| draw(app, slack, home, (&pending, &reviews)));
    for (home, outcome) in homes.iter().zip(join_all(drawn).await) {
        if let Err(error) = outcome {
            tracing::error!(person = %home.person, error = format!("{error:#}"), "a home tab could not be drawn");
        }
    }
    Ok(())
}

/// Draws one as it is now, and writes down what came of it.
async fn draw(app: &App, slack: &Slack, due: &DueHome, waits: (&[Access], &[Access])) -> anyhow::Result<()> {
    let store = &app.dispatch.store;
    let snapshot = app.dispatch.in_force.get();
    let person = snapshot.directory.active(&due.person);
    let Some((person, user)) = person.and_then(|person| Some((person, person.slack.as_deref()?))) else {
        return Ok(store.forget_home(&due.person).await?);
    };
    let home = home_of(store, &snapshot, person, waits).await?;
    let context = Context { directory: &snapshot.directory, now: store.now() };
    let view = view::home(&answers::card(&home, &context), &context);
    match slack.chat.api().publish_view(user, &view).await {
        Ok(()) => store.home_drawn(due).await?,
        Err(ChatError::Permanent { code }) => {
            tracing::warn!(person = %person.id, code, "Slack shows no home tab; drawn again when it is opened");
            store.forget_home(&person.id).await?;
        }
        Err(error) => {
            let wait = match &error {
                ChatError::RateLimited { after } | ChatError::Retry { after: Some(after), .. } => {
                    TimeDelta::from_std(*after).unwrap_or_else(|_| backoff(due.attempts, false))
                }
                _ => backoff(due.attempts, false),
            };
            tracing::warn!(person = %person.id, error = %error, "a home tab waits for chat");
            store.retry_home(due, store.now() + wait).await?;
        }
    }
    Ok(())
}
