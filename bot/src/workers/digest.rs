//! The digest of what policy gave because somebody was on call: security is told once a day, at the time that policy says, where there was any.
//!
//! Each one begins where the last one ended, which the database remembers: neither restarts nor other replicas tell it again, and what was
//! given while nothing ran that could tell is in the next one.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use jit_core::bulletin::Bulletin;
use jit_core::effect::{Content, Recipient, Slot, Tell};
use jit_core::event::{Actor, Event, EventRecord};
use jit_core::id::AccessId;
use jit_core::policy::Given;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;

/// How what was told is named in the database; when it was due follows.
const KEY: &str = "digest/";
/// How many accesses are read at once: reading a busy day takes turns with whoever types.
const AT_ONCE: usize = 50;
/// How many a card shows.
const SHOWN: usize = 20;

/// Runs until stopped.
pub(super) async fn run(app: App, stop: CancellationToken) {
    // What this process knows to have been told, so that the database is not asked each second.
    let mut told = None;
    loop {
        if let Err(error) = sweep(&app, &mut told).await {
            tracing::error!(
                error = format!("{error:#}"),
                "security could not be told of the day on call; trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(super::SWEEP) => {}
        }
    }
}

async fn sweep(app: &App, told: &mut Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let (snapshot, store) = (app.dispatch.in_force.get(), &app.dispatch.store);
    let Some(digest) = snapshot.policy.digest else { return Ok(()) };
    let Some(until) = digest.due(store.now()).filter(|due| told.is_none_or(|told| told < *due)) else { return Ok(()) };
    let last = store.last_reminder(KEY).await?;
    let last = last.and_then(|key| key.strip_prefix(KEY)?.parse::<DateTime<Utc>>().ok());
    let Some(from) = last.or_else(|| digest.due(until - TimeDelta::seconds(1))) else { return Ok(()) };
    if from < until {
        let key = format!("{KEY}{}", until.to_rfc3339_opts(SecondsFormat::Secs, true));
        let mut given = given(app, from, until).await?;
        if given.is_empty() {
            store.nothing_to_remind(&key).await?;
        } else {
            let event = Event::OncallDigested { from, until, given: given.len() };
            let policy = snapshot.policy.hash.clone();
            let record = EventRecord { access: None, version: 0, at: store.now(), actor: Actor::Timer, policy, event };
            let more = given.len().saturating_sub(SHOWN);
            given.truncate(SHOWN);
            let bulletin = Bulletin::OncallDigest { from, until, zone: digest.zone, given, more };
            store.remind(&key, record, (&[tell(bulletin)], &snapshot.directory)).await?;
        }
    }
    *told = Some(until);
    Ok(())
}

/// What policy gave to people on call within a time, the oldest first.
async fn given(app: &App, from: DateTime<Utc>, until: DateTime<Utc>) -> anyhow::Result<Vec<Given>> {
    let store = &app.dispatch.store;
    let mut given = Vec::new();
    for some in store.activated(from, until).await?.chunks(AT_ONCE) {
        given.extend(store.readable(some).await?.iter().filter_map(Given::of));
    }
    given.sort_by(|a, b| (a.since, &a.access).cmp(&(b.since, &b.access)));
    Ok(given)
}

fn tell(bulletin: Bulletin) -> Tell {
    let slot = Slot::new(AccessId(Uuid::now_v7()), bulletin.name());
    Tell { to: Recipient::Security, slot, under: None, content: Content::Bulletin(Box::new(bulletin)) }
}
